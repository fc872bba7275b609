"""Jobs in the whole system: what dies is started again, what was stopped goes on, and rights are the gateway's of now."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from chassis.jobs import defer
from chassis.tokens import Caller
from chassis.unit_of_work import open_session
from sqlalchemy.ext.asyncio import create_async_engine
from tributary.processes import CHECKOUT

HERE = Path(__file__).parent
LIMIT_SECONDS = 90


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.1)


class Office:
    """A system whose worker of trainings has a slow task, and what is asked of it."""

    def __init__(self, serve: Any, base: Path) -> None:
        processes = base / "processes.toml"
        written = (CHECKOUT / "deploy" / "processes.toml").read_text()
        slow = written.replace("trainings.work:create_worker", "slow_tasks:create_worker")
        processes.write_text(slow.replace('"../', f'"{CHECKOUT}/'))
        self.settings = {"TRIBUTARY_PROCESSES": str(processes), "PYTHONPATH": str(HERE / "jobs")}
        self.serve, self.data = serve, base / "data"
        self.start()

    def start(self) -> None:
        self.system = self.serve(self.data, **self.settings).wait_until_ready()

    def officer(self) -> Any:
        return self.system.client("officer", "MX")

    def make(self, code: str) -> None:
        with self.officer() as officer:
            officer.post("/v1/courses", {"code": code, "title": "queued", "type": "basic"})

    def read(self, code: str) -> dict[str, Any]:
        with self.system.client() as reader:
            return dict(reader.get("/v1/courses", code=code)["items"][0])

    def submit(self, code: str) -> None:
        """A job, as a route would defer it."""
        with self.officer() as officer:
            me = officer.get("/v1/account")
        who = Caller(str(me["id"]), str(me["name"]), "officer", frozenset({"*"}))

        async def submit() -> None:
            engine = create_async_engine(self.system.superuser_url("trainings"))
            async with open_session(engine, who) as session, session.begin():
                await defer(session, "teach", {"code": code}, who)
            await engine.dispose()

        asyncio.run(submit())

    def until(self, code: str, state: str) -> dict[str, Any]:
        wait_until(lambda: self.read(code)["title"] == state)
        return self.read(code)

    def patch(self, token: str, path: str, version: int, **body: Any) -> None:
        headers = {"Authorization": f"Bearer {token}", "If-Match": f'"{version}"'}
        httpx.patch(f"{self.system.base_url}{path}", json=body, headers=headers, timeout=30).raise_for_status()

    def open_gate(self, country_code: str = "MX") -> None:
        gate = self.read("GATE")
        self.patch(
            self.system.token("officer", country_code), f"/v1/courses/{gate['id']}", gate["version"], title="open"
        )

    def worker(self) -> int:
        return next(pid for pid, args in self.system.pids().items() if "chassis.work slow_tasks" in args)

    def postgres(self) -> int:
        found = self.system.pids().items()
        return next(pid for pid, args in found if "/bin/postgres -D" in args and not args.startswith("/bin/sh"))


@pytest.fixture
def office(serve: Any, base: Path) -> Iterator[Office]:
    made = Office(serve, base)
    made.make("GATE")
    yield made
    made.system.__exit__()


def test_a_job_survives_its_worker_the_database_and_the_whole_system(office: Office) -> None:
    office.make("ONE")
    office.submit("ONE")
    office.until("ONE", "running")

    os.kill(office.worker(), signal.SIGKILL)
    wait_until(lambda: office.read("ONE")["topics"].count("started") == 2)
    assert "trainings-worker was killed (SIGKILL); it starts again now." in office.system.err

    os.kill(office.postgres(), signal.SIGKILL)
    wait_until(lambda: "PostgreSQL ended" in office.system.err and office.system.is_ready())
    office.until("ONE", "running")

    assert office.system.stop(signal.SIGTERM) == 0
    office.start()
    office.open_gate()
    ended = office.until("ONE", "succeeded")
    assert ended["topics"][-1] == "done by test officer MX for MX"  # the grant, and not the ceiling of the job
    assert len([topic for topic in ended["topics"] if topic.startswith("done")]) == 1


def test_a_user_who_is_deactivated_meanwhile_commits_nothing(office: Office) -> None:
    office.make("TWO")
    office.submit("TWO")
    office.until("TWO", "running")
    with office.system.client("admin") as admin:
        user = next(one for one in admin.get("/v1/users", limit=100)["items"] if one["name"] == "test officer MX")
    office.patch(office.system.token("admin"), f"/v1/users/{user['id']}", user["version"], is_active=False)
    office.open_gate("GE")
    assert office.until("TWO", "rights_lost")["topics"] == ["started"]
