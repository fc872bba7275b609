"""A process that dies starts again: at once, then after pauses that grow."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tributary import supervisor
from tributary.supervisor import Backoff, Child, ChildWatch, describe_end, stop_together

# Says its pid and lives until its standard input ends.
LOYAL = "import os, sys; print(os.getpid(), flush=True); sys.stdin.read()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {LOYAL}"


def wait_until(condition: Callable[[], object], timeout_seconds: float = 10) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.01)


@pytest.fixture
def make_child(tmp_path: Path) -> Iterator[Callable[[str], Child]]:
    made: list[Child] = []

    def make(program: str) -> Child:
        made.append(Child("child", [sys.executable, "-c", program], dict(os.environ), tmp_path / "child.log"))
        return made[-1]

    yield make
    stop_together(made)


def pids(child: Child) -> list[int]:
    return [int(line) for line in child.log_file.read_text().split()]


def test_a_child_that_is_killed_starts_again_at_once(
    make_child: Callable[[str], Child], capfd: pytest.CaptureFixture[str]
) -> None:
    child = make_child(LOYAL)
    with ChildWatch() as watch:
        child.start()
        wait_until(lambda: pids(child))
        os.kill(pids(child)[0], signal.SIGKILL)
        began_at = time.monotonic()
        watch.wait(30)  # it is woken up long before
        child.keep_alive()
        assert time.monotonic() - began_at < 10
        wait_until(lambda: len(pids(child)) == 2)
    assert capfd.readouterr().err == f"child was killed (SIGKILL); it starts again now. Its log: {child.log_file}\n"


def test_a_child_that_keeps_dying_has_to_wait_longer_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: now)
    backoff = Backoff()
    pauses = []
    for _death in range(9):
        backoff.note_start()
        pauses.append(backoff.note_death())
        now += pauses[-1]
        assert backoff.may_start
    assert pauses == [0, 0.5, 1, 2, 4, 8, 16, 30, 30]
    backoff.note_start()
    now += 9
    assert backoff.note_death() == 30
    now += 30
    # Killed now and then, it is not what keeps dying: nobody waits for it.
    for _death in range(20):
        backoff.note_start()
        now += 11
        assert backoff.note_death() == 0


def test_a_child_is_not_started_before_its_pause_is_over(make_child: Callable[[str], Child]) -> None:
    child = make_child("print(1)")
    child.start()
    wait_until(lambda: child.keep_alive() or child.backoff.deaths == 2)
    before = child.backoff.deaths
    child.keep_alive()
    assert child.backoff.deaths == before
    assert not child.backoff.may_start


def test_a_child_that_will_not_stop_is_killed(
    make_child: Callable[[str], Child], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervisor, "STOP_LIMIT_SECONDS", 0.2)
    child = make_child(STUBBORN)
    child.start()
    wait_until(lambda: pids(child))
    stop_together([child])
    assert "did not stop within" in capfd.readouterr().err
    with pytest.raises(ProcessLookupError):
        os.kill(pids(child)[0], 0)


def test_the_log_is_private_and_does_not_grow_for_ever(
    make_child: Callable[[str], Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LOG_LIMIT_BYTES", 10)
    child = make_child(LOYAL)
    child.log_file.write_text("x" * 11)
    child.start()
    wait_until(lambda: pids(child))
    assert child.log_file.with_name("child.log.1").read_text() == "x" * 11
    assert child.log_file.stat().st_mode & 0o777 == 0o600


def test_an_end_in_words() -> None:
    assert describe_end(-9) == "was killed (SIGKILL)"
    assert describe_end(3) == "ended with code 3"
