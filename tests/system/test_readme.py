"""The README's console blocks are run: its commands work and print what it shows. `...` stands for anything."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = [
    (command.rstrip("\n"), output)
    for block in BLOCKS
    for command, output in re.findall(r"^\$ (.*\n)((?:(?!\$ ).*\n?)*)", block, re.MULTILINE)
]


def matches(shown: str, printed: str) -> bool:
    """Whether what was printed begins with what the README shows."""
    pattern = ".*".join(re.escape(part) for part in shown.rstrip("\n").split("..."))
    return re.match(pattern, printed.replace("\r\n", "\n"), re.DOTALL) is not None


def test_readme_shows_the_commands_that_matter() -> None:
    commands = [command for command, _ in COMMANDS]
    assert commands[0] == "make run"
    assert len(commands) >= 4


def test_make_run_prints_what_readme_shows(served: Any) -> None:
    shown = next(output for command, output in COMMANDS if command == "make run")
    printed = served.out.replace(served.base_url, "http://127.0.0.1:8000")
    printed = printed.replace(served.pages_url, "http://127.0.0.1:8080")
    head, _, figures = shown.partition("Mexico\n")
    assert matches(head, printed)
    lines = [line for line in figures.splitlines() if line]
    assert len(lines) == 2
    assert set(lines) <= set(printed.splitlines())


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README's reader has curl; this machine has not")
def test_readme_commands_print_what_it_shows(served: Any) -> None:
    program = str(Path(sys.executable).with_name("tributary"))
    prelude = "set -euo pipefail\n"
    for command, shown in COMMANDS:
        if command.startswith("make "):
            continue
        runnable = command.replace("http://127.0.0.1:8000", served.base_url).replace(".venv/bin/tributary", program)
        if re.match(r"[A-Z]+=", command):
            prelude += f"{runnable}\n"
            continue
        environment = served.environment | {"TRIBUTARY_URL": served.base_url}
        ran = subprocess.run(
            ["bash", "-c", prelude + runnable], env=environment, capture_output=True, text=True, check=True
        )
        printed = ran.stdout.replace(served.pages_url, "http://127.0.0.1:8080")
        assert matches(shown, printed), f"{command} printed\n{ran.stdout[:2000]}"
