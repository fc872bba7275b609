"""`tributary serve`: PostgreSQL and all processes on this machine, started in order, watched, stopped.

Binds the loopback address and nothing else: there is no option for another.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx
from chassis.postgres import Postgres, PostgresError
from chassis.serve import CannotServeError, bind_tcp

from tributary.card import write_headlines
from tributary.client import Tributary, TributaryError
from tributary.control import PAGES_NAME, find_address, make_link, make_token
from tributary.demo import DEMO_SETTING, MARKER, NOTICE, declare_complete, read_references, record_references
from tributary.folders import DataFolder, FolderError, in_use, lock
from tributary.keys import KeysError, make_keys, read_key, role_password_file
from tributary.load import find_missing, load_reference_data
from tributary.processes import Process, ProcessesError, environment_of, processes_file, read_topology, url_of_role
from tributary.supervisor import Backoff, Child, ChildWatch, say, stop_together

HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8000
DEFAULT_PAGES_PORT: Final = 8080
# Whom a sign-in link signs in unless told otherwise: the least that sees all the pages show, small counts included.
LOCAL_USER: Final = "Local user"
LOCAL_ROLE: Final = "viewer"
LOCAL_COUNTRIES: Final = ("*",)
MAX_CONNECTIONS: Final = 100
READY_LIMIT_SECONDS: Final = 120.0
DEATHS_LIMIT: Final = 3  # a process that dies so often while the system starts will not get any better
PREDECESSOR_LIMIT_SECONDS: Final = 15.0
TICK_SECONDS: Final = 0.5
EXAMPLE_COUNTRY: Final = "MX"
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SUPERUSER_URL: Final = "TRIBUTARY_DATABASE_SUPERUSER_URL"
LOCAL_SIGN_IN: Final = "TRIBUTARY_LOCAL_SIGN_IN"


class ServeError(Exception):
    """One line: why the system did not start and what to do about it."""


EXPECTED: Final = (ServeError, CannotServeError, FolderError, KeysError, PostgresError, ProcessesError, TributaryError)


def serve(demo_scale: float | None = None) -> int:
    """Run the system until SIGINT, SIGTERM or SIGHUP; the exit code. `demo_scale`: as a demonstration of that size."""
    # Each of them raises KeyboardInterrupt wherever we are, and what has been started is stopped on the way out.
    for number in STOP_SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # it is under nohup
            signal.signal(number, signal.default_int_handler)
    try:
        with ExitStack() as stack:
            try:
                System(stack, demo_scale).run()
            finally:
                for number in STOP_SIGNALS:
                    signal.signal(number, signal.SIG_IGN)
    except KeyboardInterrupt:
        say("Stopped.")
    except EXPECTED as error:
        say(f"tributary: {error}")
        return 1
    return 0


class Database:
    """PostgreSQL for the system: our own, kept alive, or another one whose superuser's address was given."""

    def __init__(self, folder: DataFolder, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._postgres: Postgres | None = None
        self._is_down = False
        self._backoff = Backoff()

    def start(self) -> str:
        """Start it where it is ours; the superuser's address."""
        if given := _read_superuser_url():
            self._folder.make()
            self._stack.callback(os.close, lock(self._folder.path))
            return given
        self._postgres = Postgres(self._folder.path, max_connections=MAX_CONNECTIONS)
        self._stack.callback(self._postgres.stop)
        server = self._postgres.start()
        self._backoff.note_start()
        self._folder.make()
        return server.url("postgres", server.superuser, server.superuser_password)

    def keep_alive(self) -> None:
        """Start it again where it has died and its pause is over."""
        if self._postgres is None:
            return
        if (code := self._postgres.poll()) is not None and not self._is_down:
            self._is_down = True
            self._backoff.note_death()
            say(f"PostgreSQL ended with code {code}; it starts again now. Its log: {self._postgres.log_file}")
        if self._is_down and self._backoff.may_start:
            try:
                self._postgres.start()
            except PostgresError as error:
                say(f"{error} The next try is in {self._backoff.note_death():.1f} s.")
            else:
                self._backoff.note_start()
                self._is_down = False


class System:
    """One running system. What it starts, `stack` stops."""

    def __init__(self, stack: ExitStack, demo_scale: float | None = None) -> None:
        self._stack = stack
        self._demo_scale = demo_scale
        self._folder = DataFolder.chosen() if demo_scale is None else DataFolder.chosen_for_demo()
        self._topology = read_topology(processes_file())
        self._database = Database(self._folder, stack)
        self._children: list[Child] = []
        self._started_at = time.monotonic()

    def run(self) -> None:
        """Start everything in order, say so, and keep it alive until interrupted."""
        listeners = {one.name: self._listen(one) for one in self._topology.public}
        addresses = {name: f"http://{HOST}:{one.getsockname()[1]}" for name, one in listeners.items()}
        address = addresses[self._topology.public[0].name]
        say(f"Starting on {address} with the data in {self._folder.path}")
        if self._demo_scale is not None:
            self._folder.check_demo()
        superuser_url = self._database.start()
        if self._demo_scale is not None:
            self._folder.demo_marker.write_text(MARKER, encoding="utf-8")
        make_keys(self._folder.keys, self._topology.databases, (one.name for one in self._topology.processes))
        self._migrate(superuser_url)
        watch = self._stack.enter_context(ChildWatch())
        self._start_processes(superuser_url, addresses, listeners)
        self._wait_until_ready(watch, addresses)
        for name, one in addresses.items():
            self._folder.address(name).write_text(one + "\n", encoding="utf-8")
            self._stack.callback(self._folder.address(name).unlink, missing_ok=True)
        token = make_token(self._folder, name="tributary serve", role="viewer")
        with Tributary(address, token) as client:
            self._load(client, address)
            if self._demo_scale is not None:
                self._generate(watch, superuser_url, address, self._demo_scale)
            self._announce(client, address, token, addresses.get(PAGES_NAME))
        while True:
            watch.wait(TICK_SECONDS)
            self._keep_alive()

    def _listen(self, process: Process) -> socket.socket:
        given = os.environ.get(process.port_setting, str(process.port))
        if not given.isdecimal() or int(given) > 65535:  # noqa: PLR2004 - the largest port there is
            raise ServeError(f"{process.port_setting} is {given!r}: give a number from 0 (any free port) to 65535.")
        while True:
            try:
                # Held by us, not by the process: while that one starts again, callers wait instead of being refused.
                return bind_tcp(HOST, int(given))
            except CannotServeError as error:
                if holder := in_use(self._folder.path):
                    raise FolderError(holder) from error
                # Only a system that was killed leaves its address behind, and its process may still be ending.
                was_ours = (find_address(self._folder, process.name) or "").endswith(f":{given}")
                if not was_ours or time.monotonic() - self._started_at > PREDECESSOR_LIMIT_SECONDS:
                    raise ServeError(
                        f"{error} Choose another port with {process.port_setting}; 0 takes any free one."
                    ) from error
                time.sleep(0.1)

    def _migrate(self, superuser_url: str) -> None:
        # A process of its own: the same one that a deployment runs, and its libraries do not stay in our memory.
        settings = {SUPERUSER_URL: superuser_url, "TRIBUTARY_DATABASE_PASSWORDS": str(self._folder.keys)}
        environment = {name: value for name, value in os.environ.items() if name != f"{SUPERUSER_URL}_FILE"} | settings
        done = subprocess.run(
            [sys.executable, "-P", "-m", "tributary.migrate"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        for line in done.stdout.splitlines():
            say(line)
        if done.returncode:
            raise ServeError((done.stderr.strip().splitlines() or ["The databases could not be made ready."])[-1])

    def _start_processes(
        self, superuser_url: str, public: Mapping[str, str], listeners: Mapping[str, socket.socket]
    ) -> None:
        sockets = self._sockets()
        by_process = {
            one: self._child_of(one, superuser_url, {**sockets, **public}, listeners.get(one.name))
            for one in self._topology.processes
        }
        self._children = list(by_process.values())
        # Stopped in the reverse of this order: first nobody new comes in, then the pages end, the gateway, the others.
        self._stack.callback(stop_together, [child for one, child in by_process.items() if not one.is_public])
        for one in self._topology.public:
            self._stack.callback(stop_together, [by_process[one]])
        for listener in listeners.values():
            self._stack.callback(listener.close)
        for child in self._children:
            child.start()

    def _sockets(self) -> dict[str, str]:
        processes = (one for one in self._topology.processes if not one.is_worker)
        return {one.name: f"unix:{self._folder.socket(one.name)}" for one in processes}

    def _child_of(
        self, process: Process, superuser_url: str, addresses: Mapping[str, str], listener: socket.socket | None
    ) -> Child:
        if process.is_worker:
            where, inherited = [], []
        elif listener is not None:
            where, inherited = ["--fd", str(listener.fileno())], [listener.fileno()]
        else:
            where, inherited = ["--uds", str(self._folder.socket(process.name))], []
        environment = self._environment_of(process, superuser_url, addresses)
        if process.is_public:
            environment.setdefault(LOCAL_SIGN_IN, "true")  # nobody but this machine can reach it
            if self._folder.is_demo:
                environment[DEMO_SETTING] = "true"  # by whatever command it is started
        return Child(
            process.name,
            [sys.executable, "-P", "-m", process.runner, process.app, *where, "--with-parent"],
            environment,
            self._folder.logs / f"{process.name}.log",
            inherited,
        )

    def _environment_of(self, process: Process, superuser_url: str, addresses: Mapping[str, str]) -> dict[str, str]:
        url = None
        if process.database:
            role = f"{process.database}_app"
            password = read_key(self._folder.keys, role_password_file(role))
            url = url_of_role(superuser_url, process.database, role, password)
        return environment_of(
            process, addresses=addresses, keys=self._folder.keys, anchors=self._folder.anchors, database_url=url
        )

    def _generate(self, watch: ChildWatch, superuser_url: str, address: str, scale: float) -> None:
        """Have each process's own module fill its database; what is there already is left alone."""
        token = make_token(self._folder, name="tributary demo", role="officer", countries=["*"], expires_days=1)
        sockets = self._sockets()
        with Tributary(address, token) as officer:
            for one in self._topology.processes:
                if one.demo is not None:
                    settings = self._environment_of(one, superuser_url, sockets)
                    command = [one.demo, "--scale", str(scale)]
                    record_references(officer, self._run_beside(watch, [*command, "--references"], settings))
                    self._run_beside(watch, command, settings, read_references(officer))
                    as_superuser = os.environ | {SUPERUSER_URL: superuser_url}
                    self._run_beside(watch, ["tributary.statistics", str(one.database)], as_superuser)
            declare_complete(officer)

    def _run_beside(
        self, watch: ChildWatch, module: Sequence[str], environment: Mapping[str, str], given: str = ""
    ) -> str:
        """Run a module to its end while the system stays alive, and give what it printed; it ends with us."""
        command = [sys.executable, "-P", "-m", *module]
        with tempfile.TemporaryFile("w+", encoding="utf-8") as file, tempfile.TemporaryFile("w+") as printed:
            file.write(given)
            file.seek(0)
            running = subprocess.Popen(command, env=environment, stdin=file, stdout=printed, start_new_session=True)
            try:
                while (code := running.poll()) is None:
                    watch.wait(TICK_SECONDS)
                    self._keep_alive()
            finally:
                if running.poll() is None:
                    running.terminate()
                    running.wait()
            if code:
                raise ServeError("The demonstration's records could not all be generated; start it again to go on.")
            printed.seek(0)
            return printed.read()

    def _keep_alive(self) -> None:
        self._database.keep_alive()
        for child in self._children:
            child.keep_alive()

    def _wait_until_ready(self, watch: ChildWatch, addresses: Mapping[str, str]) -> None:
        deadline = time.monotonic() + READY_LIMIT_SECONDS
        answer = ""
        waiting = list(addresses.values())
        with httpx.Client(trust_env=False, timeout=2) as http:
            while time.monotonic() < deadline:
                self._keep_alive()
                for child in self._children:
                    if child.backoff.deaths >= DEATHS_LIMIT:
                        raise ServeError(f"{child.name} does not start: {_last_line(child)}. See {child.log_file}.")
                try:
                    response = http.get(f"{waiting[0]}/readyz")
                except httpx.HTTPError as error:
                    answer = type(error).__name__
                else:
                    if response.status_code == HTTPStatus.OK:
                        del waiting[0]
                        if not waiting:
                            return
                        continue
                    answer = response.text[:300]
                watch.wait(0.05)
        raise ServeError(
            f"Not everything was ready after {READY_LIMIT_SECONDS:.0f} s: {answer}. See {self._folder.logs}."
        )

    def _load(self, client: Tributary, address: str) -> None:
        try:
            if not any(find_missing(client)):
                return
            token = make_token(self._folder, name="tributary load", role="officer", countries=["*"], expires_days=0.05)
            with Tributary(address, token) as officer:
                created = load_reference_data(officer)
        except TributaryError as error:
            # The system is of use without; the next start tries again, and goes on where this one stopped.
            say(f"The reference dataset is not loaded, or only in part: {error}")
        else:
            say(f"Loaded the reference dataset: {write_counts(created)}.")

    def _announce(self, client: Tributary, address: str, token: str, pages: str | None) -> None:
        say(f"Ready after {time.monotonic() - self._started_at:.1f} s. Ctrl-C stops it.")
        path = f"/v1/countries/{EXAMPLE_COUNTRY}"
        lines = [f"Tributary runs at {address}", f"Token, valid for 24 hours: {token}"]
        if pages is not None:
            link = make_link(self._folder, pages, name=LOCAL_USER, role=LOCAL_ROLE, countries=LOCAL_COUNTRIES)
            lines.append(f"Pages, signed in once within 15 minutes: {link}")
        if self._folder.is_demo:
            lines.append(NOTICE)
            lines.append(f"Other commands find it so: TRIBUTARY_DATA={self._folder.path} tributary country MX")
        lines.append("")
        lines += [f"curl -s -H 'Authorization: Bearer {token}' {address}{path}", ""]
        try:
            lines += write_headlines(client.get(path))
        except TributaryError as error:
            say(f"No figures to show: {error}")
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()


def write_counts(created: dict[str, int]) -> str:
    """What was created, in words."""
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in created.items()) or "nothing was missing"


def _read_superuser_url() -> str | None:
    if path := os.environ.get(f"{SUPERUSER_URL}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ServeError(f"{SUPERUSER_URL}_FILE cannot be read: {error}.") from error
    return os.environ.get(SUPERUSER_URL)


def _last_line(child: Child) -> str:
    """What the process said last, where that is for people to read."""
    with child.log_file.open("rb") as log:
        log.seek(max(log.seek(0, os.SEEK_END) - 2000, 0))
        lines: Sequence[str] = log.read().decode(errors="replace").strip().splitlines()
    return lines[-1][:300].rstrip(".") if lines and not lines[-1].startswith("{") else "it keeps ending"
