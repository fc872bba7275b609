"""A large roster through the whole system over HTTP, beside COPY and a bulk create of Django REST Framework.

All on one PostgreSQL, in turns. The figures asked before and after must differ by just what was imported, and after the
undo they must be what they were: else the run ends in failure.
"""

import argparse
import asyncio
import csv
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import httpx
from chassis.postgres import find_superuser_url
from tributary.control import make_token
from tributary.folders import DataFolder

START_SECONDS: Final = 300.0
STEP_SECONDS: Final = 3600.0
POLL_SECONDS: Final = 0.1
HEADERS: Final = (
    "given_name", "surname_1", "surname_2", "sex", "birth_date", "nationality", "status", "completed_on", "hours",
)  # fmt: skip
COMPLETED_ON: Final = "2010-03-26"
TRAINING: Final = {
    "title": "A large roster",
    "provider_agency_code": "MX-PENITENTIARY",
    "host_country_code": "MX",
    "beneficiary_country_codes": ["MX"],
    "venue_kind": "host_country",
    "starts_on": "2010-03-01",
    "ends_on": COMPLETED_ON,
}
BARE: Final = """
    CREATE TABLE bare (given_name text, surname_1 text, surname_2 text, sex text, birth_date date, nationality text,
                       status text, completed_on date, hours numeric)
"""
DATABASE: Final = "benchmark_imports"
FIGURES: Final = ("persons", "completions")
STEPS: Final = ("upload and read", "check", "commit", "undo")
Seconds = dict[str, float]


def write_roster(path: Path, rows: int, chance: random.Random) -> None:
    """People like nobody else, so that nobody has to be decided about."""
    letters = "abcdefghijklmnoprstuvz"

    def word(length: int) -> str:
        return "".join(chance.choices(letters, k=length)).capitalize()

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        for _ in range(rows):
            born = f"{chance.randrange(1955, 1990)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
            names = (word(9), word(10), word(8))
            writer.writerow(
                (*names, chance.choice(("female", "male")), born, "Mexico", "completed", COMPLETED_ON, "40")
            )


class Office:
    """An officer of a running system."""

    def __init__(self, base_url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=base_url, headers=headers, trust_env=False, timeout=120)
        self.progress: list[tuple[str, int]] = []

    def ask(self, method: str, path: str, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever httpx takes
        """An answer, which must be good."""
        answer = self._http.request(method, path, **given)
        if not answer.is_success:
            raise SystemExit(f"{method} {path} was answered {answer.status_code}: {answer.text}")
        return dict(answer.json())

    def post(self, path: str, body: Any = None, **headers: str) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Under a key of its own."""
        return self.ask("POST", path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())} | headers)

    def figures(self, course_code: str) -> dict[str, int]:
        """What is counted of a course."""
        found = {}
        for measure in FIGURES:
            answer = self.ask("GET", "/v1/training-counts", params={"measure": measure, "course_code": course_code})
            found[measure] = sum(int(one["value"] or 0) for one in answer["items"])
        return found

    def wait(self, one: dict[str, Any]) -> dict[str, Any]:
        """The import, once its work has ended, which must be well."""
        ends_at = time.monotonic() + STEP_SECONDS
        while one["status"] in {"queued", "running"}:
            if time.monotonic() > ends_at:
                raise SystemExit(f"The {one['task']} takes longer than {STEP_SECONDS:.0f} s.")
            threading.Event().wait(POLL_SECONDS)
            one = self.ask("GET", f"/v1/roster-imports/{one['id']}")
            self.progress.append((one["task"], one["progress"]["done"]))
        if one["status"] != "succeeded":
            raise SystemExit(f"The {one['task']} of the import has {one['status']}: {one['problem']}")
        return one

    def do(self, one: dict[str, Any], verb: str) -> dict[str, Any]:
        """A piece of work, to its end."""
        headers = {"If-Match": f'"{one["version"]}"'}
        return self.wait(self.post(f"/v1/roster-imports/{one['id']}/{verb}", **headers))

    def import_roster(self, path: Path, rows: int) -> Seconds:
        """From the file to the records and back, into a training of a course of its own; how long each step took."""
        code = f"BENCH-{uuid.uuid4().hex[:8].upper()}"
        self.post("/v1/courses", {"code": code, "title": "A large roster", "type": "basic"})
        training = self.post("/v1/trainings", TRAINING | {"course_code": code})
        before = self.figures(code)
        taken: Seconds = {}
        began_at = time.perf_counter()
        made = self.ask(
            "POST",
            "/v1/roster-imports",
            params={"training_id": training["id"], "file_name": "roster.csv"},
            content=path.read_bytes(),
            headers={"Content-Type": "text/csv", "Idempotency-Key": str(uuid.uuid4())},
        )
        one = self.wait(made)
        taken["upload and read"] = time.perf_counter() - began_at
        for verb in ("check", "commit", "undo"):
            began_at = time.perf_counter()
            one = self.do(one, verb)
            if verb == "check":
                one = self.decide(one)
            taken[verb] = time.perf_counter() - began_at
            expected = rows if verb == "commit" else 0
            asked_at = time.perf_counter()
            found = self.figures(code)
            taken[f"figures after the {verb}"] = time.perf_counter() - asked_at
            if any(found[name] - before[name] != expected for name in FIGURES):
                raise SystemExit(f"After the {verb} of {rows} rows the figures went from {before} to {found}.")
        return taken

    def decide(self, one: dict[str, Any]) -> dict[str, Any]:
        """Whoever looks like somebody recorded is somebody new: names were drawn at random."""
        while waiting := one["counts"]["possible_duplicate"]:
            print(f"{waiting} rows look like somebody else, and are decided to be new.", file=sys.stderr)
            query = {"outcome": "possible_duplicate", "limit": 500}
            page = self.ask("GET", f"/v1/roster-imports/{one['id']}/rows", params=query)
            items = [{"kind": "person", "row": row["row"], "person_id": None} for row in page["items"]]
            headers = {"If-Match": f'"{one["version"]}"'}
            one = self.wait(self.post(f"/v1/roster-imports/{one['id']}/corrections", {"items": items}, **headers))
        if one["counts"]["new"] != one["counts"]["rows"]:
            raise SystemExit(f"Not every row is somebody new: {one['counts']}.")
        return one


@contextmanager
def serving(folder: DataFolder) -> Iterator[tuple[str, int]]:
    """The whole system in a data folder; where its API is, and its process."""
    program = str(Path(sys.executable).with_name("tributary"))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TRIBUTARY_")}
    environment = clean | {"TRIBUTARY_DATA": str(folder.path), "TRIBUTARY_PORT": "0", "TRIBUTARY_WEB_PORT": "0"}
    process = subprocess.Popen([program, "serve"], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        said = process.stdout.readline()
        if "runs at" not in said:
            raise SystemExit(f"The system does not start in {folder.path}: stop what runs there, and look above.")
        base_url = said.strip().removeprefix("Tributary runs at ")
        ends_at = time.monotonic() + START_SECONDS
        while time.monotonic() < ends_at:
            try:
                httpx.get(f"{base_url}/readyz", timeout=5, trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                threading.Event().wait(POLL_SECONDS)
        yield base_url, process.pid
    finally:
        process.terminate()
        process.communicate(timeout=60)


def peak_memory_mb(parent: int) -> float:
    """The most memory that the worker of the trainings has had."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (entry / "cmdline").read_bytes().decode()
            status = dict(line.split(":", 1) for line in (entry / "status").read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if "trainings.work:" in arguments and int(status["PPid"]) == parent:
            return int(status["VmHWM"].split()[0]) / 1024
    return 0.0


class Beside:
    """The same rows without any of the rules, in a database beside the system's on its PostgreSQL."""

    def __init__(self, superuser_url: str, python: str) -> None:
        parts = urlsplit(superuser_url)
        self._given: dict[str, Any] = {
            "user": parts.username, "password": unquote(parts.password or ""),
            "host": parse_qs(parts.query).get("host", [parts.hostname])[0],
        }  # fmt: skip
        self._python = python

    async def prepare(self) -> None:
        """Make its database anew."""
        connection = await asyncpg.connect(**self._given, database="postgres")
        await connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {DATABASE}")
        await connection.close()

    async def drop(self) -> None:
        """Leave nothing behind."""
        connection = await asyncpg.connect(**self._given, database="postgres")
        await connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await connection.close()

    async def copy(self, path: Path, rows: int) -> Seconds:
        """COPY of the file as it is."""
        connection = await asyncpg.connect(**self._given, database=DATABASE)
        await connection.execute(BARE)
        began_at = time.perf_counter()
        with path.open("rb") as file:
            await connection.copy_to_table("bare", source=file, format="csv", header=True)
        taken = time.perf_counter() - began_at
        counted = await connection.fetchval("SELECT count(*) FROM bare")
        await connection.execute("DROP TABLE bare")
        await connection.close()
        if counted != rows:
            raise SystemExit(f"COPY wrote {counted} rows of {rows}.")
        return {"COPY into a bare table": taken}

    def bulk_create(self, path: Path, rows: int) -> Seconds:
        """Django REST Framework, in its own venv."""
        program = str(Path(__file__).with_name("imports_drf.py"))
        command = [self._python, program, str(path), DATABASE, self._given["host"], self._given["user"]]
        done = subprocess.run(command, input=self._given["password"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"The bulk create failed: {done.stderr}")
        said = json.loads(done.stdout)
        if said["rows"] != rows:
            raise SystemExit(f"The bulk create wrote {said['rows']} rows of {rows}.")
        return {"serializer": said["validate"], "bulk_create": said["write"]}


def run(wanted: argparse.Namespace, folder: DataFolder, scratch: Path) -> tuple[list[Seconds], float, set[str]]:
    """All rounds; the worker's memory at its peak, and in which pieces of work the progress moved."""
    rounds: list[Seconds] = []
    chance = random.Random(wanted.seed)  # noqa: S311 - names of nobody
    with serving(folder) as (base_url, pid):
        url = find_superuser_url(folder.path)
        assert url is not None  # noqa: S101 - it runs
        office = Office(base_url, make_token(folder, name="Benchmark", role="officer", countries=("MX",)))
        beside = Beside(url, wanted.drf_python)
        asyncio.run(beside.prepare())
        try:
            for number in range(wanted.rounds):
                path = scratch / f"roster-{number}.csv"
                write_roster(path, wanted.rows, chance)
                path.chmod(0o644)
                taken = asyncio.run(beside.copy(path, wanted.rows))
                taken |= beside.bulk_create(path, wanted.rows)
                taken |= office.import_roster(path, wanted.rows)
                rounds.append(taken)
                print(
                    f"round {number + 1}: {json.dumps({name: round(one, 1) for name, one in taken.items()})}",
                    file=sys.stderr,
                )
        finally:
            asyncio.run(beside.drop())
        moved = {task for task, done in office.progress if 0 < done < wanted.rows}
        return rounds, peak_memory_mb(pid), moved


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=2010)
    parser.add_argument("--drf-python", default=sys.executable, help="of the venv of requirements-drf.txt")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tributary-benchmark-") as name:
        scratch = Path(name)
        scratch.chmod(0o755)  # the server may run as another user
        given = os.environ.get("TRIBUTARY_DATA")
        folder = DataFolder(Path(given).expanduser().absolute() if given else scratch / "data")
        rounds, peak, moved = run(wanted, folder, scratch)
    shown = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    copy = shown["COPY into a bare table"]
    drf = shown["serializer"] + shown["bulk_create"]
    imported = sum(shown[name] for name in STEPS[:3])
    state = f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the end, {len(rounds)} rounds"
    print(f"\n{wanted.rows:,} rows, {state}")
    print(f"The worker had {peak:.0f} MB at most. Progress moved during: {', '.join(sorted(moved)) or 'nothing'}.\n")
    print("| | seconds | rows a second |\n|---|---|---|")
    lines = {
        "COPY into a bare table": copy,
        "Django REST Framework, serializer and bulk create": drf,
        "import: upload, check and commit": imported,
        **{name: seconds for name, seconds in shown.items() if name in STEPS or name.startswith("figures")},
    }
    for line, seconds in lines.items():
        print(f"| {line} | {seconds:.2f} | {wanted.rows / seconds:,.0f} |")
    print(f"\nThe import takes {imported / drf:.1f} times the bulk create, {imported / copy:.0f} times the COPY.")


if __name__ == "__main__":
    main()
