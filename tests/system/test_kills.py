"""Whoever is killed while many write: what was acknowledged stands, once, and the feed tells all of it.

TRIBUTARY_SOAK=1 kills each of them twenty times.
"""

import asyncio
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import httpx
import pytest

from tests.system.feed_facts import FeedFacts, read_feed
from tests.system.keyed_load import Load

SEED: Final = 20161001
IS_SOAK: Final = bool(os.environ.get("TRIBUTARY_SOAK"))
DATABASE: Final = "PostgreSQL"
SERVICES: Final = ("programs", "trainings", "funding")
VICTIMS: Final = (DATABASE, *SERVICES, "gateway")
KILLS: Final = VICTIMS * 20 if IS_SOAK else (*VICTIMS, DATABASE)
LIMIT_SECONDS: Final = 3600.0 if IS_SOAK else 300.0
# So many writes are acknowledged between a return and the next kill.
WRITES_BETWEEN: Final = (5, 60)
POLL_SECONDS: Final = 0.02


pytestmark = pytest.mark.soak


@dataclass(frozen=True)
class Battery:
    """What came of it all."""

    load: Load
    repeated: list[str]
    feeds: dict[str, FeedFacts]
    audit: subprocess.CompletedProcess[str]


def find_pid(system: Any, victim: str) -> int | None:
    """The process that is killed: one that the system started."""
    if victim != DATABASE:
        try:
            return int(system.pid_of(victim))
        except StopIteration:
            return None
    found = (
        pid for pid, args in system.pids().items() if "/bin/postgres -D" in args and not args.startswith("/bin/sh")
    )
    return next(found, None)


class Killer:
    """Kills, and waits until the system is back, all within one limit of time."""

    def __init__(self, system: Any, load: Load) -> None:
        self.system = system
        self.load = load
        self.deadline = time.monotonic() + LIMIT_SECONDS
        self.slowest_seconds: dict[str, float] = {}
        self._http = httpx.Client(base_url=system.base_url, trust_env=False, timeout=5)

    def __enter__(self) -> Self:
        """Use it in a block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close its connection after the block."""
        self._http.close()

    def is_ready(self) -> bool:
        """Whether the gateway and every service answer."""
        with suppress(httpx.HTTPError):
            return self._http.get("/readyz").status_code == 200
        return False

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """Return when it holds."""
        while not condition():
            assert not self.load.faults, self.load.faults
            assert time.monotonic() < self.deadline, f"after {LIMIT_SECONDS:.0f} s still waiting until {what}"
            self.load.is_over.wait(POLL_SECONDS)

    def kill(self, victim: str) -> None:
        """Kill it with no warning; return when the system has it back."""
        pid = find_pid(self.system, victim)
        assert pid is not None, f"{victim} does not run"
        began_at = time.monotonic()
        os.kill(pid, signal.SIGKILL)

        def is_back() -> bool:
            return self.is_ready() and find_pid(self.system, victim) not in {None, pid}

        self.wait_until(lambda: not Path(f"/proc/{pid}").exists(), f"{victim} is gone")
        self.wait_until(is_back, f"{victim} is back. {self.system.err[-300:]}")
        elapsed_seconds = time.monotonic() - began_at
        self.slowest_seconds[victim] = max(self.slowest_seconds.get(victim, 0), elapsed_seconds)


@pytest.fixture(scope="module")
def battery(serve: Any, office_folder: Path) -> Battery:
    """A system of its own that is written to and killed, one after the other; then what it holds."""
    chance = random.Random(SEED)
    with serve(office_folder) as system:
        system.wait_until_ready()
        load = Load(system.base_url, system.token("officer", "*"), SEED)
        with Killer(system, load) as killer, load.running():
            for victim in KILLS:
                enough = load.allow(chance.randint(*WRITES_BETWEEN))
                killer.wait_until(lambda enough=enough: len(load.writes) >= enough, f"{enough} writes are acknowledged")
                killer.kill(victim)
            enough = load.allow(WRITES_BETWEEN[1])
            killer.wait_until(lambda: len(load.writes) >= enough, "there are a few writes after the last kill")
        lost = sum(write.is_lost_answer for write in load.writes)
        print(  # noqa: T201 - shown with -s, and where a test fails
            f"{len(KILLS)} kills, {len(load.writes)} writes, {sum(write.attempts > 1 for write in load.writes)} sent "
            f"again, {lost} of them had happened; {dict(load.refusals)}; slowest return "
            f"{ {name: round(seconds, 1) for name, seconds in killer.slowest_seconds.items()} } s"
        )
        repeated = load.repeat()
        feeds = {name: asyncio.run(read_feed(system.superuser_url(name))) for name in (*SERVICES, "gateway")}
        return Battery(load, repeated, feeds, system.run("audit", "verify"))


def test_every_write_is_answered_and_no_answer_is_a_failure_on_our_side(battery: Battery) -> None:
    assert battery.load.faults == []
    assert any(write.attempts > 1 for write in battery.load.writes)  # else nobody noticed the kills


def test_no_acknowledged_write_is_lost_and_none_happens_twice(battery: Battery) -> None:
    for service in SERVICES:
        acknowledged = {write.key for write in battery.load.writes if write.service == service}
        requests = battery.feeds[service].requests
        (actor,) = {actor for actor, request in requests if request in acknowledged}
        assert {key: times for (who, key), times in requests.items() if who == actor} == dict.fromkeys(acknowledged, 1)


def test_key_sent_again_gets_the_first_answer_byte_for_byte(battery: Battery) -> None:
    assert battery.repeated == []


@pytest.mark.parametrize("service", [*SERVICES, "gateway"])
def test_feed_has_no_gap_and_the_tables_are_what_it_says(battery: Battery, service: str) -> None:
    facts = battery.feeds[service]
    assert facts.faults == []
    assert facts.transactions > 0


def test_chains_and_anchors_hold(battery: Battery) -> None:
    assert (battery.audit.returncode, battery.audit.stderr) == (0, "")
    for service in (*SERVICES, "gateway"):
        assert service in battery.audit.stdout
