"""deploy/make-secrets makes every secret that compose names, once, in a folder that others cannot enter."""

import stat
import subprocess
import sys
from pathlib import Path

import yaml
from tributary.processes import CHECKOUT


def make(folder: Path) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, str(CHECKOUT / "deploy" / "make-secrets"), str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout + done.stderr == ""
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_every_secret_of_compose_is_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    first = make(folder)
    assert make(folder) == first
    named = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())["secrets"]
    assert {Path(one["file"]).name for one in named.values()} <= set(first)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert first["postgres-password"] in first["database-superuser-url"]
    assert first["programs_app-password"].strip() in first["programs-database-url"]
