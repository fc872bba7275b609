"""The one server of a folder: created on first use, started, stopped."""

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final
from urllib.parse import quote

from chassis.postgres.binaries import find_binaries, major_of
from chassis.postgres.files import (
    disown_dead_predecessor,
    make_folder,
    make_private_folder,
    open_log,
    read_pid_file,
    write_private_file,
)
from chassis.postgres.problems import ELSEWHERE, PostgresError, last_reason, one_clear_line
from chassis.postgres.users import ServerUser
from chassis.postgres.watched import Watched

SUPERUSER: Final = "postgres"
PORT: Final = 5432  # no TCP port: it only names the socket
SOCKET_PATH_LIMIT_BYTES: Final = 103  # sun_path on macOS, the smaller of the two
FALLBACK_SOCKET_PARENT: Final = Path("/tmp")  # noqa: S108  short on every system; our folder in it is 0700 and checked
PREDECESSOR_LIMIT_SECONDS: Final = 15.0
START_LIMIT_SECONDS: Final = 300.0  # replaying the log after a crash may take minutes; interrupting it helps nobody
STOP_LIMIT_SECONDS: Final = 30.0
QUIT_LIMIT_SECONDS: Final = 10.0  # on SIGQUIT the server itself kills what is left after 5 s
PREDECESSOR_STILL_THERE: Final = re.compile(
    r'lock file ".*(postmaster\.pid|\.s\.PGSQL\.\d+\.lock)" already exists|pre-existing shared memory block'
)


@dataclass(frozen=True)
class Server:
    """A running server and what it takes to connect to it. `binaries` holds pg_dump, psql and the like."""

    data_dir: Path
    socket_dir: Path
    log_file: Path
    binaries: Path
    pid: int
    superuser: str
    superuser_password: str = field(repr=False)

    def url(self, database: str, role: str, password: str) -> str:
        """Give the SQLAlchemy URL; without `+asyncpg` it is one for asyncpg. The port shuts out a stray PGPORT."""
        return _url(self.socket_dir, database, role, password)


def default_data_folder() -> Path:
    """Where data lives unless told otherwise: $TRIBUTARY_DATA, the system's folder for root, else the user's own."""
    if given := os.environ.get("TRIBUTARY_DATA"):
        return Path(given)
    if os.geteuid() == 0:
        return Path("/var/lib/tributary")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "tributary"


def find_superuser_url(folder: Path) -> str | None:
    """The superuser's address of the server that runs in a folder, as another process of its user sees it."""
    data_dir = folder / "postgres"
    pid, status = read_pid_file(data_dir)
    if not pid or status != "ready":
        return None
    socket_dir = Path((data_dir / "postmaster.pid").read_text().splitlines()[4])
    password = (folder / "keys" / "postgres-password").read_text().strip()
    return _url(socket_dir, "postgres", SUPERUSER, password)


def _url(socket_dir: Path, database: str, role: str, password: str) -> str:
    role, password, database = (quote(word, safe="") for word in (role, password, database))
    return f"postgresql+asyncpg://{role}:{password}@/{database}?host={quote(str(socket_dir))}&port={PORT}"


class Postgres:
    """The one server of a folder. `start()` blocks; call it from a thread inside an event loop."""

    def __init__(self, folder: Path, *, durable: bool = True, max_connections: int = 100) -> None:
        """`durable=False` trades safety against power loss for speed: tests only."""
        self.folder = folder.expanduser().absolute()
        self.data_dir = self.folder / "postgres"
        self.log_file = self.folder / "logs" / "postgres.log"
        self.durable = durable
        self.max_connections = max_connections
        self._lock: int | None = None
        self._process: Watched | None = None

    def __enter__(self) -> Server:
        """Start."""
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop, whatever happened."""
        self.stop()

    def start(self) -> Server:
        """Start the server, creating it on first use, and return when it accepts connections."""
        if self.poll() is not None:
            self.stop()
        with one_clear_line(self.folder):
            user = ServerUser.choose(self.data_dir)
            make_folder(self.folder, 0o711 if user.is_other else 0o700)
            self._take_lock()
            try:
                return self._start_locked(user)
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """Stop the server: clients are cut off, their open transactions rolled back, nothing committed is lost."""
        if self._process is not None:
            limits_seconds = {
                signal.SIGINT: STOP_LIMIT_SECONDS,
                signal.SIGQUIT: QUIT_LIMIT_SECONDS,
                signal.SIGKILL: None,
            }
            for number, limit_seconds in limits_seconds.items():
                if self._process.end(number, limit_seconds):
                    break
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def poll(self) -> int | None:
        """Exit code of a server that has died, None while it runs (or was never started)."""
        return self._process.poll() if self._process else None

    def _take_lock(self) -> None:
        # The kernel drops the lock however we end. Python opens it close-on-exec, so the server never holds it.
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 20).decode().strip() or "unknown"
            os.close(lock)
            raise PostgresError(
                f"{self.folder} is already in use by another tributary (pid {holder}): stop that one, or {ELSEWHERE}."
            ) from None
        os.truncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        self._lock = lock

    def _start_locked(self, user: ServerUser) -> Server:
        user.check_can_enter(self.folder)
        self._remove_drafts()
        make_folder(self.folder / "keys", 0o700)
        make_folder(self.log_file.parent, 0o700)
        binaries = find_binaries(user)
        is_new = self._check_data_dir(major_of(binaries, user))
        password = self._read_or_make_password(is_new=is_new)
        socket_dir = self._make_socket_dir(user)
        if is_new:
            self._create_data_dir(binaries, user, password)
        settings = {
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": socket_dir,
            "unix_socket_permissions": "0700",
            "max_connections": self.max_connections,
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        pid = self._run_until_ready([str(binaries / "postgres"), "-D", str(self.data_dir), *options], user, socket_dir)
        return Server(self.data_dir, socket_dir, self.log_file, binaries, pid, SUPERUSER, password)

    def _check_data_dir(self, major: str) -> bool:
        """Tell whether the data folder has still to be created; refuse one that is not ours to use, untouched."""
        if not self.data_dir.exists() or not any(self.data_dir.iterdir()):
            return True
        version_file = self.data_dir / "PG_VERSION"
        if not version_file.exists():
            raise PostgresError(
                f"{self.data_dir} holds files that are not a PostgreSQL data folder: nothing was touched. "
                f"Move them away, or {ELSEWHERE}."
            )
        found = version_file.read_text().strip()
        if found != major:
            raise PostgresError(
                f"{self.data_dir} was written by PostgreSQL {found}, this is PostgreSQL {major}: nothing was touched. "
                f"Dump it with pg_dumpall of PostgreSQL {found}, move the folder away, and restore into a new one."
            )
        return False

    def _read_or_make_password(self, *, is_new: bool) -> str:
        path = self.folder / "keys" / "postgres-password"
        if path.exists():
            return path.read_text().strip()
        if not is_new:
            raise PostgresError(
                f"{path} is missing, and {self.data_dir} cannot be opened without it: restore it from a backup."
            )
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        write_private_file(draft, secrets.token_urlsafe(32) + "\n")
        draft.replace(path)
        return path.read_text().strip()

    def _remove_drafts(self) -> None:
        deadline = time.monotonic() + PREDECESSOR_LIMIT_SECONDS
        for draft in self.folder.glob("postgres.new-*"):
            if draft.is_file():
                draft.unlink()
            while draft.exists() and time.monotonic() < deadline:  # a killed creation may still be dying, and writing
                shutil.rmtree(draft, ignore_errors=True)
                time.sleep(0.01)

    def _create_data_dir(self, binaries: Path, user: ServerUser, password: str) -> None:
        # Built beside and renamed when complete, so a half-made folder is never mistaken for data.
        draft = self.folder / f"postgres.new-{os.getpid()}"
        password_file = self.folder / f"postgres.new-{os.getpid()}-password"
        make_private_folder(draft, user)
        write_private_file(password_file, password + "\n")
        os.chown(password_file, user.uid, user.gid)
        options = ["--username", SUPERUSER, "--pwfile", str(password_file), "--encoding=UTF8"]
        options += ["--auth-local=scram-sha-256", "--auth-host=reject"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"]
        options += [] if self.durable else ["--no-sync"]
        self._process = Watched([str(binaries / "initdb"), "-D", str(draft), *options], user, subprocess.PIPE)
        output = self._process.read_output()
        code = self._process.poll()
        self._process = None
        password_file.unlink()
        if code != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise PostgresError(
                f"No database could be created in {self.folder}: {last_reason(output)}. Put that right and retry."
            )
        draft.rename(self.data_dir)
        if self.durable:
            directory = os.open(self.folder, os.O_RDONLY)
            os.fsync(directory)
            os.close(directory)

    def _make_socket_dir(self, user: ServerUser) -> Path:
        socket_dir = self.folder / "run"
        path = str(socket_dir / f".s.PGSQL.{PORT}")
        # Characters that PostgreSQL or a connection URL would split at are as bad as a path that is too long.
        if len(os.fsencode(path)) > SOCKET_PATH_LIMIT_BYTES or not re.fullmatch(r"[\w./+-]+", path, re.ASCII):
            digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
            socket_dir = FALLBACK_SOCKET_PARENT / f"tributary-{user.uid}-{digest}"
        make_private_folder(socket_dir, user)
        return socket_dir

    def _run_until_ready(self, command: list[str], user: ServerUser, socket_dir: Path) -> int:
        began_at = time.monotonic()
        while True:
            disown_dead_predecessor(self.data_dir / "postmaster.pid")
            disown_dead_predecessor(socket_dir / f".s.PGSQL.{PORT}.lock")
            log = open_log(self.log_file)
            log_start_bytes = os.fstat(log).st_size
            try:
                self._process = Watched(command, user, log)
            finally:
                os.close(log)
            while self._process.poll() is None:
                pid, status = read_pid_file(self.data_dir)
                if pid == self._process.pid and status == "ready":
                    return pid
                if time.monotonic() - began_at > START_LIMIT_SECONDS:
                    raise PostgresError(
                        f"PostgreSQL was not ready after {START_LIMIT_SECONDS:.0f} s: see {self.log_file}."
                    )
                time.sleep(0.01)
            output = self.log_file.read_bytes()[log_start_bytes:].decode(errors="replace")
            if not PREDECESSOR_STILL_THERE.search(output):
                raise PostgresError(
                    f"PostgreSQL did not start: {last_reason(output)}. Put that right and retry; see {self.log_file}."
                )
            if time.monotonic() - began_at > PREDECESSOR_LIMIT_SECONDS:
                raise PostgresError(self._describe_predecessor(output))
            time.sleep(0.1)

    def _describe_predecessor(self, output: str) -> str:
        pid, status = read_pid_file(self.data_dir)
        if "shared memory" in output:
            return (
                f"Processes of the last server still use {self.data_dir}: stop them (ps calls them postgres) and retry."
            )
        if status == "stopping":
            return f"The last server (pid {pid}) is still shutting down in {self.data_dir}: retry when it has ended."
        return f"Another live server (pid {pid}) is using {self.data_dir}: stop it, or {ELSEWHERE}."
