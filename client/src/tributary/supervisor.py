"""Child processes that are kept alive, and that end when we do. Knows nothing of what they serve."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

LOG_LIMIT_BYTES: Final = 10_000_000
STEADY_SECONDS: Final = 10.0  # who ran for so long and then died starts again at once
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
STOP_LIMIT_SECONDS: Final = 15.0  # more than a process gives the requests it is still answering


def say(words: str) -> None:
    """One line to whoever started us. Standard output is for data."""
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


class Backoff:
    """When something that keeps dying may start again: at once, then after pauses that double."""

    def __init__(self) -> None:
        self.deaths = 0
        self._started_at = 0.0
        self._next_at = 0.0

    def note_start(self) -> None:
        """It was started just now."""
        self._started_at = time.monotonic()

    def note_death(self) -> float:
        """It has died; how many seconds to wait."""
        now = time.monotonic()
        if now - self._started_at > STEADY_SECONDS:
            self.deaths = 0
        pause_seconds = min(FIRST_PAUSE_SECONDS * 2 ** (self.deaths - 1), LONGEST_PAUSE_SECONDS) if self.deaths else 0.0
        self.deaths += 1
        self._next_at = now + pause_seconds
        return pause_seconds

    @property
    def may_start(self) -> bool:
        """Whether the pause is over."""
        return time.monotonic() >= self._next_at


class Child:
    """One process, started again whenever it dies, until it is told to stop."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log_file: Path,
        inherited: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.log_file = log_file
        self.backoff = Backoff()
        self._command = command
        self._environment = environment
        self._inherited = inherited
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it. Its standard input is a pipe that only we can write to: it ends when we end, however we do."""
        log = _open_log(self.log_file)
        try:
            # In a session of its own: Ctrl-C is for us, and we stop the processes in order.
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=self._inherited,
            )
        finally:
            os.close(log)
        self.backoff.note_start()

    def keep_alive(self) -> None:
        """Start it again where it has died and its pause is over."""
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return
            self._forget()
            pause_seconds = self.backoff.note_death()
            when = f"in {pause_seconds:.1f} s" if pause_seconds else "now"
            say(f"{self.name} {describe_end(code)}; it starts again {when}. Its log: {self.log_file}")
        if self.backoff.may_start:
            self.start()

    def ask_to_stop(self) -> None:
        """Ask it to finish what it is doing and end."""
        if self._process is not None:
            self._process.terminate()

    def wait(self, limit_seconds: float) -> None:
        """Wait for its end, and make one after the limit."""
        if self._process is None:
            return
        try:
            self._process.wait(max(limit_seconds, 0))
        except subprocess.TimeoutExpired:
            say(f"{self.name} did not stop within {STOP_LIMIT_SECONDS:.0f} s and is killed.")
            self._process.kill()
            self._process.wait()
        self._forget()

    def _forget(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process = None


def stop_together(children: Iterable[Child]) -> None:
    """Stop some processes at the same time and return when they have ended."""
    stopping = list(children)
    for child in stopping:
        child.ask_to_stop()
    deadline = time.monotonic() + STOP_LIMIT_SECONDS
    for child in stopping:
        child.wait(deadline - time.monotonic())


def describe_end(code: int) -> str:
    """How a process ended, in words."""
    return f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended with code {code}"


class ChildWatch:
    """Waits, and wakes up as soon as a child process has died. While it is open, SIGCHLD is its own."""

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._write_end, False)
        os.set_blocking(self._read_end, False)
        self._before = signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave SIGCHLD as it was."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, self._before)
        os.close(self._read_end)
        os.close(self._write_end)

    def wait(self, limit_seconds: float) -> None:
        """Return when a child has died, at the latest after the limit."""
        if select.select([self._read_end], [], [], limit_seconds)[0]:
            with suppress(BlockingIOError):
                os.read(self._read_end, 1024)


def _open_log(path: Path) -> int:
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
