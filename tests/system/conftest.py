"""The whole system, run as users run it and, over TCP, as containers run it. The same tests see both."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from chassis.postgres import Postgres, find_superuser_url
from tributary import Tributary
from tributary.control import find_address, make_link, make_token
from tributary.folders import DataFolder
from tributary.keys import make_keys, read_key, role_password_file
from tributary.load import load_reference_data
from tributary.processes import CHECKOUT, Process, environment_of, read_topology, url_of_role
from tributary.serve import LOCAL_SIGN_IN

START_LIMIT_SECONDS = 300
# What a developer has set must not decide what the tests see.
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("TRIBUTARY_")}


def wait_until(condition: Callable[[], object], timeout_seconds: float = 30, what: str = "it did not happen") -> None:
    """Return once the condition holds; fail when it has not within the time."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} within {timeout_seconds:.0f} s"
        threading.Event().wait(0.02)


def make_base() -> Iterator[Path]:
    """A short folder that another user may pass through: started by root, PostgreSQL runs as one."""
    base = Path(tempfile.mkdtemp(prefix="system-", dir="/tmp"))
    base.chmod(0o711)
    yield base
    shutil.rmtree(base)


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder for the data of one test."""
    yield from make_base()


@pytest.fixture(scope="module")
def base_of_module() -> Iterator[Path]:
    """A folder for the data of all tests of a module."""
    yield from make_base()


class Running:
    """A running system: where it is, tokens for it, and its processes."""

    folder: DataFolder
    base_url: str
    pages_url: str

    def token(self, role: str = "viewer", *countries: str) -> str:
        """A token of somebody with a role and grants for `countries`."""
        name = " ".join(["test", role, *countries])
        return make_token(self.folder, name=name, role=role, countries=countries)

    def client(self, role: str = "viewer", *countries: str) -> Tributary:
        """A client that acts for such a person."""
        return Tributary(self.base_url, self.token(role, *countries))

    def link(self, name: str = "Test reader", role: str = "viewer", *countries: str) -> str:
        """The address that signs somebody in at the pages, once."""
        return make_link(self.folder, self.pages_url, name=name, role=role, countries=countries)

    def is_ready(self) -> bool:
        """Whether the gateway and every service answer."""
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.base_url}/readyz", timeout=5).status_code == 200
        return False

    def is_whole(self) -> bool:
        """Whether a card has every service's part: a process that has just started is slow at first."""
        with self.client() as client:
            return client.get_country("MX")["missing"] == []

    def pid_of(self, name: str) -> int:
        """The process called so in deploy/processes.toml."""
        raise NotImplementedError

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """A block in which a service does not answer: it hangs, or it is gone."""
        raise NotImplementedError


class Served(Running):
    """`tributary serve`, in a process of its own."""

    def __init__(self, path: Path, *command: str, **settings: str) -> None:
        self.folder = DataFolder(path)
        ports = {"TRIBUTARY_PORT": "0", "TRIBUTARY_WEB_PORT": "0"}
        self.environment = CLEAN | {"TRIBUTARY_DATA": str(path)} | ports | settings
        self._logs = Path(tempfile.mkdtemp(prefix="system-out-", dir="/tmp"))
        with (self._logs / "out").open("w") as out, (self._logs / "err").open("w") as err:
            program = str(Path(sys.executable).with_name("tributary"))
            self.process = subprocess.Popen(
                [program, *(command or ("serve",))], env=self.environment, stdout=out, stderr=err
            )

    def __enter__(self) -> Self:
        """Use it in a block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop it after the block, where the test has not."""
        if self.process.poll() is None:
            self.stop(signal.SIGTERM)
        shutil.rmtree(self._logs)

    @property
    def out(self) -> str:
        """What it has printed for its user."""
        return (self._logs / "out").read_text()

    @property
    def err(self) -> str:
        """What it has said beside that."""
        return (self._logs / "err").read_text()

    def wait_until_ready(self) -> Self:
        """Return when it has printed everything."""
        wait_until(
            lambda: self.out.endswith("\n") or self.process.poll() is not None,
            START_LIMIT_SECONDS,
            "serve is not ready",
        )
        assert self.process.poll() is None, self.err
        self.base_url = self.out.splitlines()[0].removeprefix("Tributary runs at ")
        self.pages_url = str(find_address(self.folder, "web"))
        return self

    def stop(self, number: signal.Signals) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Another command of the same user, as from a second terminal."""
        command = [str(Path(sys.executable).with_name("tributary")), *arguments]
        environment = self.environment | settings
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    def pids(self) -> dict[int, str]:
        """Everything that belongs to it but for itself, by pid: what it started, and what those started."""
        found: dict[int, str] = {}
        parents = {self.process.pid}
        while parents:
            rows = [(pid, args) for pid, parent, args in processes() if parent in parents]
            found |= dict(rows)
            parents = {pid for pid, _args in rows}
        # The watcher of our PostgreSQL has left its parent, but names the folder.
        return found | {pid: args for pid, _parent, args in processes() if f"{self.folder.path}/" in args}

    def pid_of(self, name: str) -> int:
        """The process called so in deploy/processes.toml."""
        app = next(one.app for one in TOPOLOGY.processes if one.name == name)
        return next(pid for pid, args in self.pids().items() if f" {app} " in args)

    def superuser_url(self, database: str) -> str:
        """The address of a database of its PostgreSQL for somebody who may see everything."""
        url = find_superuser_url(self.folder.path)
        assert url is not None
        return f"{url.rpartition('/postgres?')[0]}/{database}?{url.rpartition('?')[2]}"

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """A block in which a service hangs; one that is gone would be started again at once."""
        pid = self.pid_of(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)
            wait_until(self.is_ready)
            wait_until(self.is_whole)


def processes() -> list[tuple[int, int, str]]:
    """Pid, parent and arguments of all living processes."""
    shown = subprocess.run(
        ["/bin/ps", "-ww", "-eo", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(maxsplit=3) for line in shown.stdout.splitlines()]
    return [(int(row[0]), int(row[1]), row[3]) for row in rows if len(row) > 3 and not row[2].startswith("Z")]


TOPOLOGY = read_topology(CHECKOUT / "deploy" / "processes.toml")


class OverTcp(Running):
    """The same processes as separate programs that find each other by host and port, as containers do."""

    def __init__(self, path: Path) -> None:
        self.folder = DataFolder(path)
        self._postgres = Postgres(path, durable=False)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._ports = {one.name: find_free_port() for one in TOPOLOGY.processes}
        self.base_url, self.pages_url = (self.address_of(one.name) for one in TOPOLOGY.public)

    def __enter__(self) -> Self:
        """Make the databases, start the processes, load the reference dataset."""
        server = self._postgres.start()
        self.folder.make()
        self._superuser_url = server.url("postgres", server.superuser, server.superuser_password)
        make_keys(self.folder.keys, TOPOLOGY.databases, (one.name for one in TOPOLOGY.processes))
        settings = {
            "TRIBUTARY_DATABASE_SUPERUSER_URL": self._superuser_url,
            "TRIBUTARY_DATABASE_PASSWORDS": str(self.folder.keys),
        }
        subprocess.run([sys.executable, "-m", "tributary.migrate"], env=CLEAN | settings, check=True)
        for one in TOPOLOGY.processes:
            self.start(one)
        wait_until(self.is_ready, START_LIMIT_SECONDS, "the processes are not ready")
        wait_until(self.folder.socket("control").exists)
        with self.client("officer", "*") as officer:
            load_reference_data(officer)
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop everything."""
        for process in reversed(self._running.values()):
            process.terminate()
        for process in self._running.values():
            process.communicate(timeout=30)
        self._postgres.stop()

    def address_of(self, name: str) -> str:
        """Where a process listens."""
        return f"http://127.0.0.1:{self._ports[name]}"

    def start(self, one: Process) -> None:
        """Start one process."""
        where = ["--host", "127.0.0.1", "--port", str(self._ports[one.name])]
        if one.name == "control":
            where = ["--uds", str(self.folder.socket("control"))]  # it never has an address: it asks nobody to sign in
        if one.is_worker:
            where = []
        url = None
        if one.database:
            role = f"{one.database}_app"
            password = read_key(self.folder.keys, role_password_file(role))
            url = url_of_role(self._superuser_url, one.database, role, password)
        addresses = {each: self.address_of(each) for each in self._ports}
        environment = environment_of(
            one, addresses=addresses, keys=self.folder.keys, anchors=self.folder.anchors, database_url=url
        )
        if one.name == "web":
            environment[LOCAL_SIGN_IN] = "true"  # as docker-compose.yml says it of the pages
        command = [sys.executable, "-m", one.runner, one.app, *where, "--with-parent"]
        with (self.folder.logs / f"{one.name}.log").open("ab") as log:
            self._running[one.name] = subprocess.Popen(
                command, env=environment, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
            )

    def pid_of(self, name: str) -> int:
        """The process called so in deploy/processes.toml."""
        return self._running[name].pid

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """A block in which a service is gone."""
        process = self._running.pop(name)
        process.terminate()
        process.communicate(timeout=30)
        try:
            yield
        finally:
            self.start(next(one for one in TOPOLOGY.processes if one.name == name))
            wait_until(self.is_ready)
            wait_until(self.is_whole)


def find_free_port() -> int:
    """A port that nobody uses just now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def serve() -> type[Served]:
    """Starts one for a test alone, in a `with` block."""
    return Served


@pytest.fixture(scope="session")
def loaded() -> Iterator[Callable[[Path], Path]]:
    """Makes a data folder in which the reference dataset is loaded: a copy of one that was served once and stopped."""
    for base in make_base():
        original = base / "data"
        with Served(original) as running:
            running.wait_until_ready()
            assert running.stop(signal.SIGTERM) == 0

        def copy(folder: Path) -> Path:
            subprocess.run(["/bin/cp", "-a", "--reflink=auto", original, folder], check=True)  # noqa: B023 - one base
            return folder

        yield copy


@pytest.fixture(scope="module")
def office_folder(base_of_module: Path, loaded: Callable[[Path], Path]) -> Path:
    """The data folder of a system that the tests of one module have for themselves."""
    return loaded(base_of_module / "data")


@pytest.fixture(scope="session")
def served(loaded: Callable[[Path], Path]) -> Iterator[Served]:
    """The system as users run it: `tributary serve`."""
    for base in make_base():
        with Served(loaded(base / "data")) as running:
            yield running.wait_until_ready()


@pytest.fixture(scope="session")
def over_tcp() -> Iterator[OverTcp]:
    """The system as containers run it."""
    for base in make_base():
        with OverTcp(base / "data") as running:
            yield running


@pytest.fixture(scope="session")
def system(request: pytest.FixtureRequest) -> Any:
    """The whole system with the reference dataset, as users run it.

    A test that is marked `both_ways` runs again over TCP, as containers run it; with TRIBUTARY_SOAK=1 every test does.
    """
    return request.getfixturevalue(request.param)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Say in which ways a test of the whole system runs."""
    if "system" in metafunc.fixturenames:
        in_both = os.environ.get("TRIBUTARY_SOAK") or metafunc.definition.get_closest_marker("both_ways")
        ways = ["served", "over_tcp"] if in_both else ["served"]
        metafunc.parametrize("system", ways, indirect=True, scope="session")
