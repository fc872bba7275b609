"""Installs by npm what the pages load, and copies it to where it is served from; `--tests`: also what tests need.

Needs nothing but Python and uv: where the machine has no Node that is new enough, one is installed from PyPI.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
MODULES = HERE / "node_modules"
VENDOR = HERE / "src" / "web" / "static" / "vendor"
CHROMIUM = MODULES / ".chromium"
USWDS = MODULES / "@uswds" / "uswds"
OLDEST_NODE = 20  # what USWDS asks for
OLDEST_NODE_FOR_CHROMIUM = 24  # npm leaves the browser out, without a word, for an older one
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main(arguments: list[str]) -> None:
    """Install, then copy."""
    if arguments == ["--copy"]:
        copy()
        return
    for_tests = arguments == ["--tests"]
    needs_browser = for_tests and find_browser() is None
    npm = find_npm(OLDEST_NODE_FOR_CHROMIUM if needs_browser else OLDEST_NODE)
    left_out = [] if for_tests else ["--omit=dev"]
    left_out += [] if needs_browser else ["--omit=optional"]
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *left_out]
    path = f"{Path(npm).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=HERE, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"npm could not install what the pages load:\n{done.stdout}{done.stderr}")
    copy()
    if needs_browser and (MODULES / "@sparticuz" / "chromium").is_dir():
        unpack_browser(npm)


def find_browser() -> str | None:
    """The machine's own Chromium, or the one it names."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


def find_npm(oldest: int) -> str:
    """The machine's npm where its Node is new enough, else one of our own."""
    if npm := shutil.which("npm"):
        shown = subprocess.run(
            [str(Path(npm).with_name("node")), "--version"], capture_output=True, text=True, check=False
        ).stdout
        if (found := re.match(r"v(\d+)\.", shown)) and int(found[1]) >= oldest:
            return npm
    if not (BIN / "npm").exists():
        install = [str(BIN / "uv"), "pip", "install", "--quiet", "--require-hashes", "-r", "requirements-node.lock"]
        subprocess.run(install, cwd=HERE.parent, env=os.environ | {"VIRTUAL_ENV": str(BIN.parent)}, check=True)
    return str(BIN / "npm")


def unpack_browser(npm: str) -> None:
    """Unpack the browser that npm brought, with the libraries that a small machine lacks."""
    CHROMIUM.mkdir()
    # The package takes the folder for temporary files, and adds the libraries where it thinks it runs for Amazon.
    environment = os.environ | {"TMPDIR": str(CHROMIUM), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x"}
    script = "import chromium from '@sparticuz/chromium'; await chromium.executablePath()"
    command = [str(Path(npm).with_name("node")), "--input-type=module", "--eval", script]
    subprocess.run(command, cwd=HERE, env=environment, check=True)


def copy() -> None:
    """Copy the scripts, the style sheet and what it names; all or nothing."""
    draft = VENDOR.with_name("vendor.new")
    shutil.rmtree(draft, ignore_errors=True)
    for source, target in files():
        (draft / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, draft / target)
    shutil.rmtree(VENDOR, ignore_errors=True)
    draft.rename(VENDOR)


def files() -> Iterator[tuple[Path, str]]:
    """Each file that is served, and where it goes."""
    yield MODULES / "htmx.org" / "dist" / "htmx.min.js", "htmx/htmx.min.js"
    sheet = USWDS / "dist" / "css" / "uswds.min.css"
    yield sheet, "uswds/css/uswds.min.css"
    for name in sorted(set(re.findall(r"url\(['\"]?\.\./([^)'\"?#]+)", sheet.read_text(encoding="utf-8")))):
        yield USWDS / "dist" / name, f"uswds/{name}"


if __name__ == "__main__":
    main(sys.argv[1:])
