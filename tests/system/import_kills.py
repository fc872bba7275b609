"""An office whose rosters are imported while its processes are killed, and what its records say of each import."""

import asyncio
import csv
import io
import os
import random
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from tests.system.test_kills import DATABASE, find_pid

WORKER: Final = "trainings-worker"
VICTIMS: Final = ("trainings", "gateway", WORKER, DATABASE)
TASKS: Final = ("read", "check", "commit", "undo")
STAGES: Final = ("received", "read", "checked", "committed", "undone")
ROWS: Final = 300
KNOWN: Final = 3
"""So many rows are of people who have a seat already."""
DOCUMENTS: Final = (ROWS - KNOWN) // 3
LIMIT_SECONDS: Final = 120.0
POLL_SECONDS: Final = 0.05
PAUSE_SECONDS: Final = 0.2
HEADERS: Final = (
    *("given_name", "surname_1", "surname_2", "sex", "birth_date", "nationality", "status", "completed_on", "hours"),
    *("id number", "id type", "id country"),
)
COMPLETED_ON: Final = "2010-03-26"


@dataclass(frozen=True)
class Point:
    """Who is killed during which piece of work: while it is queued or while it runs, and how far into its usual time."""

    task: str
    victim: str
    is_queued: bool
    moment: float

    def __str__(self) -> str:
        """As a line of a report."""
        return f"{self.victim} at {self.moment:.2f} of {'a queued' if self.is_queued else 'a'} {self.task}"


@dataclass(frozen=True)
class Records:
    """Everything that an import writes or takes back, as it stands."""

    people: int
    documents: int
    seats: int
    completed: int
    completions: int
    orphans: int  # people without any seat, of the whole house
    transactions: int  # of the feed, that wrote seats of this training
    figures: tuple[tuple[str, str], ...]  # of people by sex


@dataclass
class Roster:
    """One roster on its way: its training, its file, the import as it is, and what it has to come to."""

    training_id: str
    course_code: str
    content: bytes
    before: Records
    answers: dict[str, tuple[dict[str, Any], httpx.Response]]
    one: dict[str, Any]


class Ledger:
    """What came of the points: how long each work takes undisturbed, who was struck, what was tried again, what is wrong."""

    def __init__(self) -> None:
        self.usual_seconds: dict[tuple[str, bool], float] = {}
        self.struck: list[Point] = []
        self.missed: list[Point] = []
        self.failed: list[str] = []
        self.faults: list[str] = []


class Office:
    """A system, an officer of it, and the kills."""

    def __init__(self, system: Any, seed: int) -> None:
        self.system = system
        self.chance = random.Random(seed)
        self.ledger = Ledger()
        self._token = system.token("officer", "MX")
        headers = {"Authorization": f"Bearer {self._token}"}
        self.http = httpx.Client(base_url=system.base_url, headers=headers, trust_env=False, timeout=30)
        self._number = 0

    def close(self) -> None:
        """Close its connections."""
        self.http.close()

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """What it gives, once it gives something."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while not (found := condition()):
            assert time.monotonic() < deadline, f"after {LIMIT_SECONDS:.0f} s still waiting until {what}"
            threading.Event().wait(POLL_SECONDS)
        return found

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """The answer for good: sent again, as it is, while somebody is away."""

        def send() -> httpx.Response | None:
            with suppress(httpx.HTTPError):
                answer = self.http.request(method, path, **given)
                code = None if answer.is_success else answer.json()["code"]
                if answer.status_code != 503 and code != "request_in_flight":
                    return answer
            threading.Event().wait(PAUSE_SECONDS)
            return None

        answer: httpx.Response = self.until(send, f"{method} {path} is answered")
        assert answer.is_success, answer.text
        return answer

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Record something beside the imports."""
        return dict(self.ask("POST", path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())}).json())

    def request_of(self, roster: Roster, task: str) -> dict[str, Any]:
        """What asks for a piece of work, under a key of its own."""
        key = {"Idempotency-Key": str(uuid.uuid4())}
        if task == "read":
            parameters = {"training_id": roster.training_id, "file_name": "roster.csv"}
            sent = {"params": parameters, "content": roster.content, "headers": key | {"Content-Type": "text/csv"}}
            return {"method": "POST", "path": "/v1/roster-imports"} | sent
        path = f"/v1/roster-imports/{roster.one['id']}/{task}"
        return {"method": "POST", "path": path, "headers": key | {"If-Match": f'"{roster.one["version"]}"'}}

    def ended(self, import_id: str) -> dict[str, Any]:
        """The import, once it says how its work ended."""

        def look() -> dict[str, Any] | None:
            one = self.ask("GET", f"/v1/roster-imports/{import_id}").json()
            return None if one["status"] in {"queued", "running"} else dict(one)

        found: dict[str, Any] = self.until(look, f"the import {import_id} says how it ended")
        return found

    def do(self, roster: Roster, task: str) -> float:
        """A piece of work with nobody killed; how long it takes."""
        began_at = time.monotonic()
        sent = self.request_of(roster, task)
        answer = self.ask(**sent)
        asked_seconds = time.monotonic() - began_at
        self.ledger.usual_seconds.setdefault((task, True), asked_seconds)
        roster.answers[task] = sent, answer
        roster.one = self.ended(answer.json()["id"])
        return time.monotonic() - began_at

    def strike(self, roster: Roster, point: Point) -> None:
        """A piece of work during which somebody is killed; it has ended when this returns, and everybody is back."""
        sent = self.request_of(roster, point.task)
        usual_seconds = self.ledger.usual_seconds[point.task, point.is_queued]
        pid = find_pid(self.system, point.victim)
        assert pid is not None, f"{point.victim} does not run"
        with ThreadPoolExecutor(1) as pool, self.worker_held(is_held=point.is_queued):
            asked = pool.submit(self.ask, **sent)
            threading.Event().wait(point.moment * usual_seconds)
            os.kill(pid, signal.SIGKILL)
            killed_at = time.time()
            answer = asked.result()
        roster.answers[point.task] = sent, answer
        roster.one = self.ended(answer.json()["id"])
        is_struck = self.was_under_way(roster, killed_at)
        (self.ledger.struck if is_struck else self.ledger.missed).append(point)
        self.until(lambda: find_pid(self.system, point.victim) not in {None, pid}, f"{point.victim} is back")
        self.until(lambda: self.system.is_ready() and find_pid(self.system, WORKER), "everybody is back")

    def was_under_way(self, roster: Roster, at: float) -> bool:
        """Whether the newest work of an import ended after a moment."""
        query = "SELECT extract(epoch FROM updated_at) FROM roster_imports WHERE id = :id"
        ((ended_at,),) = self.read(query, id=roster.one["id"])
        return float(ended_at) > at

    @contextmanager
    def worker_held(self, *, is_held: bool) -> Iterator[None]:
        """A block in which what is asked for stays queued."""
        pid = self.system.pid_of(WORKER) if is_held else None
        if pid is not None:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            if pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def read(self, query: str, **given: Any) -> list[Any]:
        """Rows of the database of trainings, whoever may see them."""

        async def read() -> list[Any]:
            engine = create_async_engine(self.system.superuser_url("trainings"))
            try:
                async with engine.connect() as connection:
                    return list((await connection.execute(text(query), given)).all())
            finally:
                await engine.dispose()

        return asyncio.run(read())

    def records(self, training_id: str, course_code: str) -> Records:
        """What stands recorded of a training."""
        ((*counts,),) = self.read(_RECORDS, training_id=uuid.UUID(training_id))
        counted = self.ask(
            "GET", "/v1/training-counts", params={"measure": "persons", "group_by": "sex", "course_code": course_code}
        ).json()
        figures = tuple(sorted((str(one["sex"]), str(one["value"])) for one in counted["items"]))
        return Records(*counts, figures)

    def make_roster(self) -> Roster:
        """A training of a course of its own, with some people in it; and a file of these and of many who are new."""
        self._number += 1
        code = f"KILLS-{self._number}"
        self.post("/v1/courses", {"code": code, "title": "Officers", "type": "basic"})
        training = self.post("/v1/trainings", TRAINING | {"course_code": code})
        rows = [self._make_row(number) for number in range(ROWS)]
        for row in rows[:KNOWN]:
            given_name, surname_1, surname_2, sex, birth_date, *_ = row
            names = {"given_name": given_name, "surname_1": surname_1, "surname_2": surname_2, "sex": sex}
            born = {"birth_date": birth_date, "birth_precision": "day"}
            person = self.post("/v1/people", {"country_code": "MX", "nationality_code": "MX"} | names | born)
            self.post("/v1/enrollments", {"training_id": training["id"], "person_id": person["id"]})
        written = io.StringIO()
        csv.writer(written).writerows([HEADERS, *rows])
        before = self.records(training["id"], code)
        return Roster(training["id"], code, written.getvalue().encode(), before, {}, {})

    def _make_row(self, number: int) -> tuple[str, ...]:
        """Somebody synthetic, like nobody else."""

        def word(length: int) -> str:
            return "".join(self.chance.choice("abcdefghijklmnoprstuvz") for _ in range(length)).capitalize()

        born = f"{self.chance.randrange(1960, 1990)}-{number % 12 + 1:02}-{number % 28 + 1:02}"
        document = (
            (f"K{self._number:04}{number:04}", "passport", "MX") if number % 3 == 0 and number >= KNOWN else ("",) * 3
        )
        names = (word(9), word(10), word(8))
        sex = "female" if number % 2 else "male"
        return (*names, sex, born, "Mexico", "completed", COMPLETED_ON, "40", *document)


_RECORDS: Final = """
    SELECT (SELECT count(*) FROM people p WHERE p.erased_at IS NULL
              AND EXISTS (SELECT FROM enrollments e WHERE e.person_id = p.id AND e.training_id = :training_id)),
           (SELECT count(*) FROM identity_documents d WHERE d.voided_at IS NULL
              AND EXISTS (SELECT FROM enrollments e WHERE e.person_id = d.person_id AND e.training_id = :training_id)),
           (SELECT count(*) FROM enrollments e WHERE e.voided_at IS NULL AND e.training_id = :training_id),
           (SELECT count(*) FROM enrollments e WHERE e.voided_at IS NULL AND e.training_id = :training_id
              AND e.status = 'completed'),
           (SELECT count(*) FROM completions c JOIN enrollments e ON e.id = c.enrollment_id
            WHERE c.voided_at IS NULL AND e.training_id = :training_id),
           (SELECT count(*) FROM people p WHERE NOT EXISTS (SELECT FROM enrollments e WHERE e.person_id = p.id)),
           (SELECT count(DISTINCT f.tx_key) FROM feed f WHERE f.entity = 'enrollments'
              AND coalesce(f.after, f.before) ->> 'training_id' = CAST(:training_id AS text))
"""
TRAINING: Final = {
    "title": "Officers at home",
    "program_code": "MX-CORR",
    "provider_agency_code": "MX-PENITENTIARY",
    "host_country_code": "MX",
    "beneficiary_country_codes": ["MX"],
    "venue_kind": "host_country",
    "starts_on": "2010-03-01",
    "ends_on": COMPLETED_ON,
}


class Gate:
    """Keeps an import's commit and undo waiting in the middle of their transaction, each in a session of the database."""

    def __init__(self, office: Office, import_id: str) -> None:
        self.office = office
        self._import_id = import_id
        self._seen: set[int] = set()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """A block in which nobody gets through."""
        lock = "SELECT pg_advisory_lock(hashtextextended(:name, 0))"
        with self._holding(lock, name=f"roster_import:{self._import_id}"):
            yield

    @contextmanager
    def unfinished(self) -> Iterator[None]:
        """A block in which the job of the import may do its work, and nobody may say that it is over."""
        lock = "SELECT j.id FROM jobs.procrastinate_jobs j JOIN roster_imports i ON i.job_id = j.id WHERE i.id = :id"
        with self._holding(f"{lock} FOR SHARE OF j", id=uuid.UUID(self._import_id)):
            yield

    def wait(self) -> None:
        """Return when somebody else than before waits at it."""

        def look() -> set[int]:
            return {pid for (pid,) in self.office.read(_WAITING)} - self._seen

        self._seen |= self.office.until(look, "somebody waits at the gate")

    @contextmanager
    def _holding(self, lock: str, **given: Any) -> Iterator[None]:
        with asyncio.Runner() as runner:
            engine = create_async_engine(self.office.system.superuser_url("trainings"))
            connection = runner.run(_open(engine))
            try:
                runner.run(connection.execute(text(lock), given))
                yield
            finally:
                runner.run(connection.close())
                runner.run(engine.dispose())


async def _open(engine: AsyncEngine) -> AsyncConnection:
    return await engine.connect()


_WAITING: Final = """
    SELECT pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()
"""
