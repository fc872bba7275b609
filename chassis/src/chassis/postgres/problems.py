"""What goes wrong with a server, as one line for whoever runs it."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ELSEWHERE: Final = "choose another folder with TRIBUTARY_DATA"
ADVICE: Final = {
    errno.EACCES: "give this user access to it",
    errno.EPERM: "give this user access to it",
    errno.EROFS: "it is read-only: mount it writable",
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "the disk quota is used up: free some space",
}


class PostgresError(Exception):
    """One line for whoever runs the server: what is wrong and what to do about it."""


@contextmanager
def one_clear_line(folder: Path) -> Iterator[None]:
    """Say what the system refuses of a folder, and what to do about it."""
    try:
        yield
    except OSError as error:
        advice = ADVICE.get(error.errno or 0, "put that right")
        where = f" ({error.filename})" if error.filename and str(error.filename) != str(folder) else ""
        raise PostgresError(f"{folder} cannot be used: {error.strerror}{where}; {advice}, or {ELSEWHERE}.") from error


def last_reason(output: str) -> str:
    """Pick the line that says why: the last fatal one, else the last one at all."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    reasons = [line for line in lines if re.search(r"\b(FATAL|PANIC|error):", line)]
    line = (reasons or lines or ["it left no message"])[-1]
    return re.sub(r"^.*?\b(FATAL|PANIC|error):\s+", "", line).rstrip(".")
