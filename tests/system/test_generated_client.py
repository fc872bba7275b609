"""A client that is generated from the OpenAPI document: nothing is left out, its types hold, and it works."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
USER: Final = Path(__file__).with_name("client_user.py")
BIN: Final = Path(sys.executable).parent
# The value of a statement is whatever its document says: text, a number, a list. Everything else has a type.
UNTYPED: Final = {("card_statement", "value"), ("statement_create", "value"), ("statement_read", "value")}
INSTRUCTORS: Final = "country~MX~instructors_trained~mx-instructors-by-new-mexico"


def run(
    command: Sequence[str | Path], folder: Path, given: str | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """A program in `folder`, with our environment's programs first on its path."""
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"} | settings
    return subprocess.run(
        command, cwd=folder, env=environment, input=given, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The folder of the generated package, and what its generator said."""
    folder = tmp_path_factory.mktemp("generated")
    document = ROOT / "openapi" / "tributary.json"
    into: list[str | Path] = ["--output-path", folder / "client", "--fail-on-warning"]
    said = run([BIN / "openapi-python-client", "generate", "--path", document, *into], folder)
    return folder / "client", said


@pytest.fixture(scope="module")
def client_folder(generated: tuple[Path, subprocess.CompletedProcess[str]]) -> Path:
    """Where `tributary_client` can be imported from."""
    folder, said = generated
    assert said.returncode == 0, said.stdout + said.stderr
    return folder


def test_generator_leaves_nothing_out(generated: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, said = generated
    assert said.returncode == 0, said.stdout + said.stderr
    # It says where it writes, and would say more where it could not read something.
    assert "".join(said.stdout.split()) == "".join(f"Generating {folder}".split())
    assert said.stderr == ""
    document = json.loads((ROOT / "openapi" / "tributary.json").read_text(encoding="utf-8"))
    operations = {operation["operationId"] for item in document["paths"].values() for operation in item.values()}
    modules = {path.stem for path in (folder / "tributary_client" / "api").glob("*/*.py")} - {"__init__"}
    assert modules == operations


def test_fields_of_models_have_types(client_folder: Path) -> None:
    models = client_folder / "tributary_client" / "models"
    found = {
        (path.stem, name)
        for path in models.glob("*.py")
        for name, kind in re.findall(r"^    (\w+): (.+?)(?: = .+)?$", path.read_text(encoding="utf-8"), re.MULTILINE)
        if re.search(r"\bAny\b", kind) and name != "additional_properties"
    }
    assert found == UNTYPED


def test_generated_code_and_its_user_are_well_typed(client_folder: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--cache-dir", os.devnull]
    done = run([*command, client_folder / "tributary_client", USER], client_folder, MYPYPATH=str(client_folder))
    assert done.returncode == 0, done.stdout + done.stderr


def test_generated_client_reads_the_running_system(client_folder: Path, system: Any) -> None:
    command = [sys.executable, "-W", "error", USER, system.base_url]
    done = run(command, client_folder, given=system.token("viewer"), PYTHONPATH=str(client_folder))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["card"]["country_code"], found["card"]["missing"]) == ("MX", [])
    instructors = found["card"]["figures"][INSTRUCTORS]
    assert (instructors["display"], instructors["qualifier"]) == ("more than 505", "more_than")
    assert (instructors["value"], instructors["as_of"]["earliest"]) == ("505", "2015-10-07")
    codes, totals = found["agencies"]["codes"], found["agencies"]["totals"]
    assert len(codes) > 5
    assert len(set(codes)) == len(codes)
    assert totals == [len(codes)] * -(-len(codes) // 5)
    assert found["problem"] == {"http_status": 404, "status": 404, "code": "not_found"}
