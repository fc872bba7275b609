"""The folders and files around a server, each of its user and of nobody else."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from chassis.postgres.problems import ELSEWHERE, PostgresError
from chassis.postgres.users import ServerUser

LOG_LIMIT_BYTES: Final = 10_000_000


def make_folder(path: Path, mode: int) -> None:
    """Make a folder of exactly this mode whatever the umask; one that exists is left alone."""
    if not path.is_dir():
        make_folder(path.parent, 0o755 if mode & 0o011 else mode)
        with suppress(FileExistsError):
            path.mkdir()
            path.chmod(mode)


def make_private_folder(path: Path, user: ServerUser) -> None:
    """Make a 0700 folder of this user; refuse one that someone else put there first."""
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    if path.is_symlink() or not path.is_dir() or found.st_uid not in {user.uid, os.geteuid()}:
        raise PostgresError(f"{path} belongs to someone else (uid {found.st_uid}): remove it, or {ELSEWHERE}.")
    path.chmod(0o700)
    os.chown(path, user.uid, user.gid)


def write_private_file(path: Path, text: str) -> None:
    """Write a new file of ours, to the disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def open_log(path: Path) -> int:
    """Open the log to be written on; a long one is put aside first."""
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def read_pid_file(data_dir: Path) -> tuple[int, str]:
    """Read pid and status ("starting", "ready", "stopping", "" if unknown) in the server's own, maybe partial, file."""
    try:
        lines = (data_dir / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), (lines[7].strip() if len(lines) > 7 else "")  # noqa: PLR2004  the status is on line 8
    except (FileNotFoundError, IndexError, ValueError):
        return 0, ""


def disown_dead_predecessor(lock_file: Path) -> None:
    """Help PostgreSQL past a pid that is a zombie nobody reaps, or that another program got since (as in containers).

    It would refuse for as long as that pid exists. It takes its own parent's pid for stale, and goes on to check
    whether any process still uses the old shared memory. Where there is no /proc, it decides alone.
    """
    with suppress(FileNotFoundError):
        old_pid, _, others = lock_file.read_text().partition("\n")
        if not old_pid:  # its writer was killed before the first word, so it had no shared memory either
            lock_file.unlink()
        elif Path("/proc/self/stat").exists():
            name, _, state = Path(f"/proc/{int(old_pid)}/stat").read_text().partition("(")[2].rpartition(") ")
            if name != "postgres" or state[0] in "ZX":
                lock_file.write_text(f"{os.getpid()}\n{others}")
