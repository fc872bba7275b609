"""What the trainings service takes to count and to list, over HTTP, beside SQL written by hand for the same answer.

Reads a data folder that `make demo` made, the one of TRIBUTARY_DATA or the default. Each answer must be 200 and what
the SQL says: else the run goes on, names what failed, and ends in failure.
"""

import argparse
import asyncio
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
from chassis.postgres import Postgres, find_superuser_url
from chassis.serve import BACKLOG, bind_tcp
from chassis.testing import caller
from chassis.tokens import Caller, mint_token
from counting_sql import AGENCY, COUNTRY, LISTS, TRAINER_AGENCY, Case, List, cases, list_sql, place_sql
from joserfc.jwk import OKPKey
from tributary.folders import DataFolder
from tributary.keys import read_key, role_password_file
from tributary.processes import url_of_role

TOKEN_SECONDS: Final = 20.0  # a token is good for 60
DEEP_PAGES: Final = 10
PAGE: Final = 500
SLOW_MS: Final = 1000
TIMEOUT_SECONDS: Final = 60.0
CALLERS: Final = {
    "everywhere": caller("officer", "*", vetting=["*"]),
    COUNTRY: caller("officer", COUNTRY, vetting=[COUNTRY]),
}


@dataclass(frozen=True)
class Result:
    """What one question took, in ms; `fault` says what was wrong with an answer."""

    name: str
    service: float
    plain: float
    fault: str | None


class Asker:
    """Asks the service and the database, and keeps what they took."""

    def __init__(self, port: int, private_key: OKPKey, database: asyncpg.Connection, repeats: int) -> None:
        self._port = port
        self._private_key = private_key
        self._database = database
        self._repeats = repeats
        self.results: list[Result] = []

    def get(self, path: str, who: Caller) -> tuple[int, Any]:
        """An answer, with a token that is made for it."""
        token = mint_token(self._private_key, who, str(uuid.uuid4()))
        # One of its own: a kept one would be closed while the database is asked.
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_SECONDS)
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
        return answer.status, body

    async def fetch(self, sql: str, *given: object) -> list[tuple[Any, ...]]:
        """The rows of a statement, as text that JSON could hold."""
        return [tuple(_plain(value) for value in row) for row in await self._database.fetch(sql, *given)]

    async def compare(
        self, name: str, path: str, who: Caller, read: Callable[[Any], list[Any]], sql: str, *given: object
    ) -> None:
        """Ask both, in turns, and say what came of it."""
        services, plains, fault = [], [], None
        for _ in range(self._repeats):
            began_at = time.perf_counter()
            status, body = self.get(path, who)
            services.append((time.perf_counter() - began_at) * 1000)
            began_at = time.perf_counter()
            rows = await self.fetch(sql, *given)
            plains.append((time.perf_counter() - began_at) * 1000)
            if status != http.client.OK:
                fault = f"answered {status}: {body.get('code')}"
                break
            if (found := read(body)) != rows:
                fault = f"says {found[:3]}, the SQL {rows[:3]}"
                break
        result = Result(name, statistics.median(services), statistics.median(plains), fault)
        ratio = f"{result.service / result.plain:.1f}"
        print(f"| {name} | {result.service:.0f} | {result.plain:.0f} | {fault or ratio} |", flush=True)
        self.results.append(result)


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, str | int) else str(value)


async def compare_lists(asker: Asker, one: List) -> None:
    """The first page and a deep one, for an officer of all countries and for one of a single country."""
    for who, of_caller in CALLERS.items():
        country = None if who == "everywhere" else who
        if country is not None and one.person is None:
            continue
        name = f"{one.path}{' of ' + who if country else ''}"
        address = f"/v1/{one.path}"
        sql = list_sql(one, country)
        await asker.compare(f"{name}, first page", address, of_caller, _ids, sql.format(where="", limit=50))
        place = address + ("&" if "?" in address else "?") + f"limit={PAGE}"
        last = None
        for _ in range(DEEP_PAGES):
            status, body = asker.get(place, of_caller)
            if status != http.client.OK or body["next"] is None:
                break
            place, last = body["next"], body["items"][-1]["id"]
        if last is None:
            continue
        place = place.replace(f"limit={PAGE}", "limit=50")
        deep = sql.format(where=place_sql(one), limit=50)
        await asker.compare(f"{name}, deep page", place, of_caller, _ids, deep, uuid.UUID(last))


def _ids(body: Any) -> list[Any]:  # noqa: ANN401 - whatever was answered
    return [(one["id"],) for one in body["items"]]


async def measure(asker: Asker, only: str | None) -> None:
    """Everything, in the order of the table."""
    known = await asker.fetch(
        """
        SELECT (SELECT id FROM agency_refs WHERE code = $1),
               (SELECT id FROM trainings WHERE provider_agency_code = $2 AND host_country_code = 'US'
                ORDER BY starts_on, id LIMIT 1),
               (SELECT person_id FROM instructor_assignments a JOIN people p ON p.id = a.person_id
                WHERE p.country_code = $3 ORDER BY a.id LIMIT 1),
               (SELECT count(*) FROM merges WHERE voided_at IS NULL)
        """,
        AGENCY,
        TRAINER_AGENCY,
        COUNTRY,
    )
    agency, training, person, merges = known[0]
    if merges:
        raise SystemExit("People were merged in this folder, which the SQL here does not know of: take a fresh one.")
    counts = await asker.fetch("SELECT count(*) FROM people UNION ALL SELECT count(*) FROM enrollments")
    print(f"{counts[0][0]:,} people, {counts[1][0]:,} enrollments\n")
    print("| | service, ms | SQL, ms | ratio |\n|---|---|---|---|")
    one: Case
    for one in cases(agency, training, person) if only != "lists" else ():
        given = [value for value in (one.given,) if value is not None]
        await asker.compare(one.name, one.path, CALLERS["everywhere"], one.read, one.sql, *given)
    for each in LISTS if only != "counts" else ():
        await compare_lists(asker, each)


@contextmanager
def serving(url: str, people_key: str, key: OKPKey) -> Iterator[int]:
    """The trainings service on a database, as a process of its own with its limits as they are; its port."""
    listener = bind_tcp("127.0.0.1", 0)
    listener.listen(BACKLOG)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRIBUTARY_")} | {
        "TRIBUTARY_DATABASE_URL": url,
        "TRIBUTARY_CURSOR_KEY": "cursor-key-of-a-benchmark-of-32-bytes",
        "TRIBUTARY_TOKEN_PUBLIC_KEY": key.as_pem(private=False).decode(),
        "TRIBUTARY_PEOPLE_KEY": people_key,
        "TRIBUTARY_PROGRAMS_URL": "unix:/nobody-listens.sock",
        "TRIBUTARY_LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-P", "-m", "chassis.serve", "trainings.app:create_app", "--with-parent", "--fd"]
    with listener:
        port: int = listener.getsockname()[1]
        process = _start(command, environment, listener)
    try:
        httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=60, trust_env=False)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _start(command: list[str], environment: dict[str, str], listener: socket.socket) -> "subprocess.Popen[bytes]":
    descriptor = listener.fileno()
    return subprocess.Popen([*command, str(descriptor)], env=environment, stdin=subprocess.PIPE, pass_fds=[descriptor])


def start_server(folder: DataFolder, stack: ExitStack) -> str:
    """The superuser's address of the folder's PostgreSQL, which is started where no system runs in it."""
    if not folder.is_demo:
        raise SystemExit(f"{folder.path} holds no demonstration. Make one: make demo SCALE=1, and stop it when ready.")
    if running := find_superuser_url(folder.path):
        return running
    server = stack.enter_context(Postgres(folder.path))
    return server.url("postgres", server.superuser, server.superuser_password)


async def run(folder: DataFolder, repeats: int, only: str | None) -> list[Result]:
    """Everything against a data folder."""
    with ExitStack() as stack:
        superuser_url = await asyncio.to_thread(start_server, folder, stack)
        password = read_key(folder.keys, role_password_file("trainings_app"))
        app_url = url_of_role(superuser_url, "trainings", "trainings_app", password)
        plain_url = url_of_role(superuser_url, "trainings", "postgres", _superuser_password(folder.path))
        key = OKPKey.generate_key("Ed25519")
        port = stack.enter_context(serving(app_url, read_key(folder.keys, "people-key"), key))
        database = await asyncpg.connect(plain_url.replace("+asyncpg", ""))
        try:
            asker = Asker(port, key, database, repeats)
            await measure(asker, only)
        finally:
            await database.close()
    return asker.results


def _superuser_password(folder: Path) -> str:
    return (folder / "keys" / "postgres-password").read_text(encoding="utf-8").strip()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=["counts", "lists"])
    wanted = parser.parse_args()
    results = asyncio.run(run(DataFolder.chosen_for_demo(), wanted.repeats, wanted.only))
    print(f"\n{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the end, {wanted.repeats} of each")
    slow = sorted((one for one in results if one.service > SLOW_MS), key=lambda one: -one.service)
    print(f"Over a second: {', '.join(one.name for one in slow) or 'none'}.")
    if failed := [one.name for one in results if one.fault]:
        raise SystemExit(f"Wrong or refused: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
