"""Jobs in workers that are processes of their own: killed, stopped, frozen, cut off from the database."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest
from chassis.jobs import CancelState, cancel, defer
from chassis.testing import Database, caller
from chassis.tokens import Caller, mint_token
from chassis.unit_of_work import open_session
from joserfc.jwk import OKPKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

HERE = Path(__file__).parent
LIMIT_SECONDS = 60
KEY = "the-key-of-these-tests-0123456789abcdef"
OFFICER = caller("officer", "MX")


class Gateway:
    """Answers what a submitter may do, as the gateway would."""

    def __init__(self, signing_key: OKPKey) -> None:
        self.signing_key = signing_key
        self.users: dict[str, Caller] = {OFFICER.subject: OFFICER}
        self.asked: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                assert self.headers["authorization"] == f"Bearer {KEY}"
                outer.asked.append(body)
                user = outer.users.get(body["subject"])
                answer = {"token": mint_token(outer.signing_key, user, "-")} if user else {"code": "rights_lost"}
                sent = json.dumps(answer).encode()
                self.send_response(200 if user else 403)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Self:
        """Answer while the block runs."""
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Close."""
        self.server.shutdown()
        self.server.server_close()


class Workers:
    """Starts workers, and ends them with the test."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.all: list[subprocess.Popen[bytes]] = []

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        """One more."""
        with self.log.open("ab") as log:
            one = subprocess.Popen(
                [sys.executable, "-P", "-m", "chassis.work", "job_tasks:create_worker", *options],
                env=os.environ | {"PYTHONPATH": str(HERE)},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        self.all.append(one)
        return one

    def end(self) -> None:
        """Kill those that still run."""
        for one in self.all:
            if one.poll() is None:
                one.kill()
            one.wait()
            if one.stdin is not None:
                one.stdin.close()


@pytest.fixture
def gateway(signing_key: OKPKey) -> Iterator[Gateway]:
    with Gateway(signing_key) as made:
        yield made


@pytest.fixture
def workers(database: Database, environment: pytest.MonkeyPatch, gateway: Gateway, tmp_path: Path) -> Iterator[Workers]:
    environment.setenv("TRIBUTARY_POOL_SIZE", "8")
    environment.setenv("TRIBUTARY_GATEWAY_URL", gateway.url)
    environment.setenv("TRIBUTARY_JOBS_KEY", KEY)
    made = Workers(tmp_path / "worker.log")
    yield made
    made.end()


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    made = create_async_engine(database.app_url)
    yield made
    await made.dispose()


class House:
    """The things of a database, and what is done with them from outside."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @asynccontextmanager
    async def session(self, who: Caller = OFFICER) -> AsyncIterator[AsyncSession]:
        """A transaction, as of a request."""
        async with open_session(self.engine, who) as session, session.begin():
            yield session

    async def run(self, statement: str, **given: Any) -> Any:
        async with self.session() as session:
            return await (await session.connection()).execute(text(statement), given)

    async def make(self, *names: str) -> None:
        for name in names:
            await self.run(
                "INSERT INTO things (name, place, weight, seen_on, note) VALUES (:name, 0, 0, '2016-03-01', 'queued')",
                name=name,
            )

    async def submit(self, name: str, task: str = "finish", who: Caller = OFFICER, **over: Any) -> int:
        await self.make(name)
        async with self.session(who) as session:
            return await defer(session, task, {"name": name} | over, who)

    async def open_gate(self) -> None:
        await self.run("UPDATE things SET ticket = 'open' WHERE name = 'gate'")

    async def read(self, name: str) -> tuple[str, int, int]:
        """Status, starts and effects of a thing."""
        found = (await self.run("SELECT note, place, weight FROM things WHERE name = :name", name=name)).one()
        return found.note, found.place, int(found.weight)

    async def status(self, job_id: int) -> str:
        return str((await self.run("SELECT status FROM jobs.procrastinate_jobs WHERE id = :id", id=job_id)).scalar())

    async def until(self, name: str, note: str) -> tuple[str, int, int]:
        """Wait for a status."""
        return await wait_for(lambda: self.read(name), lambda found: found[0] == note)

    async def until_job(self, job_id: int, status: str) -> None:
        await wait_for(lambda: self.status(job_id), lambda found: found == status)


async def wait_for(read: Callable[[], Any], is_so: Callable[[Any], bool]) -> Any:
    ends_at = time.monotonic() + LIMIT_SECONDS
    while not is_so(found := await read()):
        assert time.monotonic() < ends_at, found
        await asyncio.sleep(0.05)
    return found


@pytest.fixture
async def house(engine: AsyncEngine) -> House:
    made = House(engine)
    await made.make("gate")
    return made


async def test_a_job_runs_as_its_submitter_within_what_they_could_when_they_submitted_it(
    house: House, workers: Workers, gateway: Gateway
) -> None:
    workers.start()
    await house.open_gate()
    job = await house.submit("one")
    assert await house.until("one", "succeeded") == ("succeeded", 1, 1)
    await house.until_job(job, "succeeded")
    limits = {"subject": "test-officer", "role": "officer", "countries": ["MX"], "vetting": []}
    assert gateway.asked == [limits] * 3  # at its start, before its last transaction, and before the commit of that
    assert (await house.run("SELECT ticket FROM things WHERE name = 'one'")).scalar() == "one officer MX"
    actors = await house.run(
        "SELECT DISTINCT actor FROM feed JOIN feed_tx USING (tx_key) WHERE after ->> 'name' = 'one'"
    )
    assert actors.scalars().all() == ["test-officer"]


async def test_a_job_of_a_transaction_that_is_rolled_back_does_not_exist(house: House, workers: Workers) -> None:
    with pytest.raises(ZeroDivisionError):
        async with house.session() as session:
            await defer(session, "finish", {"name": "gate"}, OFFICER)
            raise ZeroDivisionError
    assert (await house.run("SELECT count(*) FROM jobs.procrastinate_jobs")).scalar() == 0


async def test_what_a_killed_worker_left_is_taken_up_by_the_next(house: House, workers: Workers) -> None:
    first = workers.start()
    await house.submit("one")
    await house.until("one", "running")
    first.kill()
    first.wait()
    await house.open_gate()
    workers.start()
    assert await house.until("one", "succeeded") == ("succeeded", 2, 1)


async def test_a_job_whose_workers_keep_dying_fails_and_says_so(house: House, workers: Workers) -> None:
    job = await house.submit("one", "fragile")
    for starts in (1, 2):
        worker = workers.start()
        await wait_for(lambda: house.read("one"), lambda found, starts=starts: found[1] == starts)
        worker.kill()
        worker.wait()
    workers.start()
    assert await house.until("one", "attempts_used_up") == ("attempts_used_up", 2, 0)
    assert await house.status(job) == "failed"


async def test_an_error_is_tried_again_and_then_told_without_its_words(house: House, workers: Workers) -> None:
    workers.start()
    await house.submit("one", "fail")
    await house.submit("two", "fail", code="no_header")
    assert await house.until("one", "attempts_used_up") == ("attempts_used_up", 2, 0)
    assert await house.until("two", "no_header") == ("no_header", 1, 0)
    assert "a secret" not in workers.log.read_text()
    assert "ZeroDivisionError" in workers.log.read_text()


async def test_a_queued_job_is_canceled_at_once(house: House, workers: Workers) -> None:
    job = await house.submit("one")
    async with house.session() as session:
        assert await cancel(session, job) is CancelState.canceled
    async with house.session() as session:
        assert await cancel(session, job) is CancelState.ended
    await house.open_gate()
    await house.submit("two")
    workers.start()
    await house.until("two", "succeeded")
    assert await house.read("one") == ("queued", 0, 0)


async def test_a_running_job_is_told_that_it_is_canceled(house: House, workers: Workers) -> None:
    workers.start()
    job = await house.submit("one")
    await house.until("one", "running")
    async with house.session() as session:
        assert await cancel(session, job) is CancelState.stopping
    assert await house.until("one", "canceled") == ("canceled", 1, 0)
    await house.until_job(job, "aborted")


async def test_a_job_that_was_canceled_under_a_worker_that_died_is_canceled(house: House, workers: Workers) -> None:
    first = workers.start()
    job = await house.submit("one")
    await house.until("one", "running")
    first.send_signal(signal.SIGSTOP)
    async with house.session() as session:
        assert await cancel(session, job) is CancelState.stopping
    first.kill()
    workers.start()
    assert await house.until("one", "canceled") == ("canceled", 1, 0)
    assert await house.status(job) == "aborted"


@pytest.mark.parametrize("when", ["before it runs", "while it runs"])
async def test_rights_that_are_gone_end_a_job(house: House, workers: Workers, gateway: Gateway, when: str) -> None:
    if when == "before it runs":
        await house.submit("one")
        gateway.users.clear()
        workers.start()
    else:
        workers.start()
        await house.submit("one")
        await house.until("one", "running")
        gateway.users.clear()
        await house.open_gate()
    assert (await house.until("one", "rights_lost"))[2] == 0


@pytest.mark.parametrize("countries", [None, ("GE",)])
async def test_rights_are_read_again_when_everything_is_written(
    house: House, workers: Workers, gateway: Gateway, countries: tuple[str, ...] | None
) -> None:
    workers.start()
    await house.make("one starts")
    await house.submit("one", "write_and_wait")
    await house.until("one starts", "running")
    gateway.users = {OFFICER.subject: caller("officer", *countries)} if countries else {}
    await house.open_gate()
    if countries:  # nothing was committed for Mexico: the task began anew, with what may be done now
        assert await house.until("one", "succeeded") == ("succeeded", 0, 1)
        assert (await house.run("SELECT ticket FROM things WHERE name = 'one'")).scalar() == "GE"
    else:
        assert await house.until("one", "rights_lost") == ("rights_lost", 0, 0)


async def test_a_task_that_looks_at_nothing_does_not_keep_its_worker(house: House, workers: Workers) -> None:
    one = workers.start()
    job = await house.submit("one", "ignore")
    await house.until("one", "running")
    one.terminate()
    assert await asyncio.to_thread(one.wait, LIMIT_SECONDS) == 1
    assert await house.status(job) == "doing"  # as of a worker that was killed, and taken up like that


async def test_two_workers_run_each_job_once(house: House, workers: Workers) -> None:
    await house.open_gate()
    names = [f"thing {number}" for number in range(30)]
    workers.start()
    workers.start()
    for name in names:
        await house.submit(name)
    assert [(await house.until(name, "succeeded"))[2] for name in names] == [1] * len(names)


async def test_a_worker_that_is_taken_for_dead_commits_nothing(house: House, workers: Workers) -> None:
    await house.make("one starts")
    first = workers.start()
    await house.submit("one", "write_and_wait")
    await house.until("one starts", "running")
    first.send_signal(signal.SIGSTOP)
    workers.start()
    await house.open_gate()
    await wait_for(lambda: house.read("one starts"), lambda found: found[1] == 2)
    first.send_signal(signal.SIGCONT)
    assert await house.until("one", "succeeded") == ("succeeded", 0, 1)
    await wait_for(
        lambda: asyncio.to_thread(workers.log.read_text), lambda said: "job_lost" in said or "job_failed" in said
    )
    assert (await house.read("one"))[2] == 1


async def test_a_worker_that_is_stopped_hands_its_job_back(house: House, workers: Workers) -> None:
    first = workers.start()
    job = await house.submit("one")
    await house.until("one", "running")
    first.terminate()
    assert first.wait(LIMIT_SECONDS) == 0
    assert await house.status(job) == "todo"
    await house.open_gate()
    workers.start()
    assert await house.until("one", "succeeded") == ("succeeded", 2, 1)


async def test_a_worker_ends_with_its_parent(house: House, workers: Workers) -> None:
    one = workers.start("--with-parent")
    await house.open_gate()
    await house.submit("one")
    await house.until("one", "succeeded")
    assert one.stdin is not None
    one.stdin.close()
    assert one.wait(LIMIT_SECONDS) == 0


async def test_a_worker_outlives_every_connection_it_has(house: House, workers: Workers, database: Database) -> None:
    one = workers.start()
    await house.submit("one")
    await house.until("one", "running")
    superuser = create_async_engine(database.superuser_url, isolation_level="AUTOCOMMIT")
    async with superuser.connect() as connection:
        cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'things_app'"
        assert await connection.scalar(text(f"{cut} AND datname = current_database()")) > 1
    await superuser.dispose()
    await house.engine.dispose()
    await house.open_gate()
    found = await house.until("one", "succeeded")
    assert found[2] == 1
    await house.submit("two")
    await house.until("two", "succeeded")
    assert one.poll() is None


async def test_jobs_with_one_lock_run_one_after_another(house: House, workers: Workers) -> None:
    await house.make("one", "two")
    async with house.session() as session:
        for name in ("one", "two"):
            await defer(session, "finish", {"name": name}, OFFICER, lock="the same")
    workers.start()
    await house.submit("three")  # what runs beside them shows that there is room
    await house.until("one", "running")
    await house.until("three", "running")
    assert await house.read("two") == ("queued", 0, 0)
    await house.open_gate()
    await house.until("two", "succeeded")
