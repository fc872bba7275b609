"""Whoever is killed during an import of a roster: all of its rows are there or none, and the import says which.

TRIBUTARY_SOAK=1 kills at two hundred points.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from chassis.jobs import ATTEMPTS

from tests.system.feed_facts import FeedFacts, read_feed
from tests.system.import_kills import (
    DOCUMENTS,
    KNOWN,
    ROWS,
    STAGES,
    TASKS,
    VICTIMS,
    WORKER,
    Gate,
    Ledger,
    Office,
    Point,
    Records,
    Roster,
)
from tests.system.test_kills import find_pid

SEED: Final = int(os.environ.get("TRIBUTARY_SEED", "20161001"))
IS_SOAK: Final = bool(os.environ.get("TRIBUTARY_SOAK"))
# In each an import is read, checked, committed and undone, with a kill during each. Every fifth is struck while queued.
ROUNDS: Final = range(50) if IS_SOAK else (0, 9)
NEW: Final = ROWS - KNOWN
RESULT: Final = {
    "people_created": NEW,
    "people_changed": 0,
    "seats_created": NEW,
    "seats_changed": KNOWN,
    "completions_created": ROWS,
    "rows_unchanged": 0,
    "rows_excluded": 0,
}
UNDONE: Final = {"people_removed": NEW, "seats_removed": NEW, "completions_voided": ROWS, "kept": []}
OPEN_JOBS: Final = "SELECT id FROM jobs.procrastinate_jobs WHERE status::text IN ('todo', 'doing')"
FINISHING: Final = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%finish_job%'
"""

pytestmark = pytest.mark.soak


@dataclass(frozen=True)
class Battery:
    """What came of it all."""

    ledger: Ledger
    points: list[Point]
    unended: list[Any]
    feed: FeedFacts
    audit: subprocess.CompletedProcess[str]


def make_points(office: Office, number: int) -> list[Point]:
    """Whom to kill in one round, and when: over the rounds each during each work, queued and running."""
    return [
        Point(task, VICTIMS[(number + place) % len(VICTIMS)], number % 5 == 4, office.chance.random())
        for place, task in enumerate(TASKS)
    ]


def expected(roster: Roster, stage: str) -> Records:
    """What has to be recorded when an import is at a stage."""
    base = roster.before
    if stage == "undone":
        return replace(base, transactions=base.transactions + 2)
    if stage != "committed":
        return base
    return Records(
        people=ROWS,
        documents=DOCUMENTS,
        seats=ROWS,
        completed=ROWS,
        completions=ROWS,
        orphans=0,
        transactions=base.transactions + 1,
        figures=(("female", str(ROWS // 2)), ("male", str(ROWS // 2))),
    )


def find_faults(office: Office, roster: Roster, task: str) -> Iterator[str]:
    """What an import says that is not so, once its work has ended."""
    one = roster.one
    before, after = STAGES[TASKS.index(task)], STAGES[TASKS.index(task) + 1]
    if one["task"] != task or (one["stage"], one["status"], one["problem"] is None) not in {
        (after, "succeeded", True),
        (before, "failed", False),
    }:
        yield f"it says {one['task']} {one['stage']} {one['status']} {one['problem']}"
    if (found := office.records(roster.training_id, roster.course_code)) != expected(roster, one["stage"]):
        yield f"it is {one['stage']}, and there are {found}, not {expected(roster, one['stage'])}"
    if one["stage"] == "checked" and (one["counts"]["new"], one["counts"]["changed"]) != (NEW, KNOWN):
        yield f"it counts {one['counts']}"
    if one["stage"] == "read" and task == "read":
        ((papers,),) = office.read("SELECT count(*) FROM roster_import_rows WHERE roster_import_id = :id", id=one["id"])
        if papers != ROWS:
            yield f"it is read, and has {papers} rows"
    for name, stages, values in (("result", {"committed", "undone"}, RESULT), ("undo_result", {"undone"}, UNDONE)):
        said = {key: value for key, value in (one[name] or {}).items() if key in values}
        if said != (values if one["stage"] in stages else {}):
            yield f"it is {one['stage']}, and its {name} is {one[name]}"


def find_repeats(office: Office, roster: Roster, task: str) -> Iterator[str]:
    """What happens again when the same is asked under the same key."""
    sent, first = roster.answers[task]
    again = office.ask(**sent)
    if (again.status_code, again.content) != (first.status_code, first.content):
        yield f"its key was answered {first.text}, then {again.text}"
    if again.headers.get("idempotency-replayed") != "true":
        yield "its key happened again"
    now = office.ended(roster.one["id"])
    if now != roster.one:
        yield f"its key changed it from {roster.one} to {now}"
    if (found := office.records(roster.training_id, roster.course_code)) != expected(roster, now["stage"]):
        yield f"its key made {found}"


def strike(office: Office, roster: Roster, point: Point) -> None:
    """A point, and all that has to hold after it. What has failed is done again."""
    office.strike(roster, point)
    faults = [*find_faults(office, roster, point.task), *find_repeats(office, roster, point.task)]
    if roster.one["status"] == "failed":
        office.ledger.failed.append(f"{point}: {roster.one['problem']}")
        office.do(roster, point.task)
        faults += [*find_faults(office, roster, point.task)]
    if roster.one["status"] != "succeeded":
        faults.append("it cannot be done again")
    office.ledger.faults += [f"{point}: {fault}" for fault in faults]


@pytest.fixture(scope="module")
def office(serve: Any, office_folder: Path) -> Iterator[Office]:
    """A system of its own."""
    with serve(office_folder) as system:
        system.wait_until_ready()
        office = Office(system, SEED)
        yield office
        office.close()


@pytest.fixture(scope="module")
def battery(office: Office) -> Battery:
    """Rosters that go there and back, with somebody killed on every way; then what it all came to."""
    ledger = office.ledger
    calm = office.make_roster()
    for task in TASKS:
        ledger.usual_seconds[task, False] = office.do(calm, task)
        ledger.faults += [f"with nobody killed: {fault}" for fault in find_faults(office, calm, task)]
    points: list[Point] = []
    for number in ROUNDS:
        roster = office.make_roster()
        for point in make_points(office, number):
            points.append(point)
            strike(office, roster, point)
            print(f"{len(points)}: {point}; {len(ledger.faults)} faults", flush=True)  # noqa: T201 - as below
    print(  # noqa: T201 - shown with -s, and where a test fails
        f"seed {SEED}: {len(points)} kills, {len(ledger.struck)} of them while the work was under way, "
        f"{len(ledger.failed)} failed and were done again: {ledger.failed}; usual times {ledger.usual_seconds}"
    )
    office.until(lambda: not office.read(OPEN_JOBS), "no job is open")
    unended = office.read("SELECT id FROM roster_imports WHERE status IN ('queued', 'running')")
    feed = asyncio.run(read_feed(office.system.superuser_url("trainings")))
    return Battery(ledger, points, unended, feed, office.system.run("audit", "verify"))


def test_all_rows_are_there_or_none_and_the_import_says_which(battery: Battery) -> None:
    assert battery.ledger.faults == []
    assert battery.ledger.struck  # else the kills came too late, and this says nothing


def test_nobody_who_is_killed_once_makes_a_work_fail(battery: Battery) -> None:
    assert battery.ledger.failed == []


def test_no_import_and_no_job_stays_open(battery: Battery) -> None:
    assert battery.unended == []


def test_feed_tells_what_the_tables_hold_and_its_chain_holds(battery: Battery) -> None:
    assert battery.feed.faults == []
    assert battery.feed.transactions > 0
    assert (battery.audit.returncode, battery.audit.stderr) == (0, "")


def kill_worker(office: Office) -> None:
    """Kill the worker; return when another runs."""
    pid = office.system.pid_of(WORKER)
    os.kill(pid, signal.SIGKILL)
    office.until(lambda: find_pid(office.system, WORKER) not in {None, pid}, "another worker runs")


@pytest.mark.parametrize("task", TASKS[2:] if IS_SOAK else ["commit"])
def test_work_whose_worker_is_killed_and_that_is_canceled_writes_nothing(office: Office, task: str) -> None:
    roster = office.make_roster()
    for before in TASKS[: TASKS.index(task)]:
        office.do(roster, before)
    gate = Gate(office, roster.one["id"])
    with gate.closed():
        asked = office.ask(**office.request_of(roster, task)).json()
        gate.wait()
        running = office.ask("GET", f"/v1/roster-imports/{asked['id']}").json()
        assert (running["stage"], running["status"]) == (roster.one["stage"], "running")
        kill_worker(office)
        headers = {"If-Match": f'"{running["version"]}"'}
        office.ask("POST", f"/v1/roster-imports/{asked['id']}/cancel", headers=headers)
        canceled = office.ended(asked["id"])
    assert (canceled["stage"], canceled["status"], canceled["problem"]) == (roster.one["stage"], "canceled", None)
    assert office.records(roster.training_id, roster.course_code) == expected(roster, canceled["stage"])
    roster.one = canceled
    office.do(roster, task)
    assert list(find_faults(office, roster, task)) == []
    assert roster.one["status"] == "succeeded"


@pytest.mark.skipif(not IS_SOAK, reason="five workers are waited for")
def test_commit_that_is_killed_each_time_says_that_it_failed_and_can_be_done_again(office: Office) -> None:
    roster = office.make_roster()
    for task in ("read", "check"):
        office.do(roster, task)
    gate = Gate(office, roster.one["id"])
    with gate.closed():
        asked = office.ask(**office.request_of(roster, "commit")).json()
        for _ in range(ATTEMPTS):
            gate.wait()
            kill_worker(office)
        roster.one = office.ended(asked["id"])
    assert (roster.one["status"], roster.one["problem"]["code"]) == ("failed", "attempts_used_up")
    assert list(find_faults(office, roster, "commit")) == []
    office.do(roster, "commit")
    assert list(find_faults(office, roster, "commit")) == []
    assert roster.one["status"] == "succeeded"


@pytest.mark.parametrize("task", ["commit", "undo"])
@pytest.mark.skipif(not IS_SOAK, reason="two more workers are waited for")
def test_work_that_is_killed_right_after_its_commit_does_not_happen_again(office: Office, task: str) -> None:
    roster = office.make_roster()
    for before in TASKS[: TASKS.index(task)]:
        office.do(roster, before)
    gate = Gate(office, roster.one["id"])
    with ExitStack() as open_job:
        with gate.closed():
            sent = office.request_of(roster, task)
            roster.answers[task] = sent, office.ask(**sent)
            gate.wait()
            open_job.enter_context(gate.unfinished())
        roster.one = office.ended(roster.one["id"])
        assert roster.one["status"] == "succeeded"
        # Its connection is ended with it: the server would only notice when it has said that the job is over.
        (finishing,) = office.until(lambda: office.read(FINISHING), "the job is about to be over")
        kill_worker(office)
        office.read("SELECT pg_terminate_backend(:pid)", pid=finishing.pid)
    office.until(lambda: not office.read(OPEN_JOBS), "no job is open")
    ((attempts,),) = office.read("SELECT attempts FROM jobs.procrastinate_jobs ORDER BY id DESC LIMIT 1")
    assert attempts > 1  # else it was not begun again
    assert list(find_repeats(office, roster, task)) == []
    assert list(find_faults(office, roster, task)) == []
