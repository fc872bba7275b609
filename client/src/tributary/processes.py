"""The topology of the system: which processes there are, and what each is told. Reads deploy/processes.toml."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from tributary.keys import PUBLIC_KEY, cursor_key_file

CHECKOUT: Final = Path(__file__).parents[3]
# The secret of a process that anchors its feed; it is told where to, too.
ANCHOR_SECRET: Final = "anchor_private_key"  # noqa: S105 - its name
# What only those who provision, or those who call, need to know: no process of ours inherits it.
WITHHELD: Final = ("TRIBUTARY_DATABASE_SUPERUSER_URL", "TRIBUTARY_TOKEN", "TRIBUTARY_DATABASE_PASSWORDS")


class ProcessesError(Exception):
    """One line: what is wrong with the file of processes."""


@dataclass(frozen=True)
class Process:
    """One app, or one worker, that runs by itself."""

    name: str
    app: str
    pool: int
    is_public: bool
    database: str | None = None
    calls: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    port: int = 0
    port_setting: str = ""
    demo: str | None = None
    is_worker: bool = False

    @property
    def runner(self) -> str:
        """The module that runs it."""
        return "chassis.work" if self.is_worker else "chassis.serve"


@dataclass(frozen=True)
class Topology:
    """All processes in the order in which they start, and the folder of migrations of each database."""

    processes: tuple[Process, ...]
    databases: dict[str, Path]
    reserve: int

    @property
    def public(self) -> tuple[Process, ...]:
        """The processes that people and scripts talk to; the API first, then those that call it."""
        return tuple(one for one in self.processes if one.is_public)

    @property
    def connections_needed(self) -> int:
        """What `max_connections` has to exceed."""
        return sum(one.pool for one in self.processes) + self.reserve


def processes_file() -> Path:
    """$TRIBUTARY_PROCESSES, else deploy/processes.toml of the checkout that this package is installed from."""
    given = os.environ.get("TRIBUTARY_PROCESSES")
    return Path(given) if given else CHECKOUT / "deploy" / "processes.toml"


def read_topology(path: Path) -> Topology:
    """The content of a file of processes."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        processes = tuple(_process_of(one) for one in content["processes"])
        databases = {name: (path.parent / folder).resolve() for name, folder in content.get("databases", {}).items()}
        topology = Topology(processes, databases, int(content.get("reserve", 0)))
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ProcessesError(f"{path} does not describe the processes: {error!r}.") from error
    _check(topology, path)
    return topology


def _process_of(table: Mapping[str, Any]) -> Process:
    if table["listen"] not in {"unix", "public", "nothing"}:
        raise ValueError(f"{table['name']} listens on {table['listen']!r}")
    return Process(
        name=table["name"],
        app=table["app"],
        pool=int(table.get("pool", 0)),
        is_public=table["listen"] == "public",
        is_worker=table["listen"] == "nothing",
        database=table.get("database"),
        calls=tuple(table.get("calls", ())),
        secrets=tuple(table.get("secrets", ())),
        demo=table.get("demo"),
        port=table["port"] if table["listen"] == "public" else 0,
        port_setting=table["port_setting"] if table["listen"] == "public" else "",
    )


def _check(topology: Topology, path: Path) -> None:
    names = [one.name for one in topology.processes]
    problems = [f"two processes are called {name}" for name in {*names} if names.count(name) > 1]
    problems += [
        f"{one.name} calls {n}: there is none" for one in topology.processes for n in one.calls if n not in names
    ]
    workers = {one.name for one in topology.processes if one.is_worker}
    problems += [
        f"{one.name} calls {n}, which listens on nothing"
        for one in topology.processes
        for n in one.calls
        if n in workers
    ]
    problems += [
        f"{one.name} uses the database {one.database}: there is none"
        for one in topology.processes
        if one.database and one.database not in topology.databases
    ]
    settings = [one.port_setting for one in topology.public]
    problems += [f"two processes take their port from {name}" for name in {*settings} if settings.count(name) > 1]
    if not topology.public:
        problems.append("a process must listen in public")
    if problems:
        raise ProcessesError(f"{path}: {'; '.join(problems)}.")


def environment_of(
    process: Process, *, addresses: Mapping[str, str], keys: Path, anchors: Path, database_url: str | None
) -> dict[str, str]:
    """The whole environment of a process: what we inherited, its own settings, its secrets as files."""
    environment = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in WITHHELD}
    files = {"TOKEN_PUBLIC_KEY": PUBLIC_KEY, "CURSOR_KEY": cursor_key_file(process.name)} if process.database else {}
    files |= {secret.upper(): secret.replace("_", "-") for secret in process.secrets}
    for setting, file in files.items():
        environment.pop(f"TRIBUTARY_{setting}", None)  # it would win over the file
        environment[f"TRIBUTARY_{setting}_FILE"] = str(keys / file)
    if ANCHOR_SECRET in process.secrets:
        environment["TRIBUTARY_ANCHORS"] = str(anchors)
    for name in process.calls:
        environment[f"TRIBUTARY_{name.upper()}_URL"] = addresses[name]
    if process.is_public:
        environment["TRIBUTARY_PUBLIC_URL"] = addresses[process.name]
    if process.pool:
        environment["TRIBUTARY_POOL_SIZE"] = str(process.pool)
    if database_url:
        environment["TRIBUTARY_DATABASE_URL"] = database_url
    return environment


def url_of_role(superuser_url: str, database: str, role: str, password: str) -> str:
    """The address of another database of the same server, for another role."""
    parts = urlsplit(superuser_url)
    place = parts.netloc.rpartition("@")[2]
    netloc = f"{quote(role, safe='')}:{quote(password, safe='')}@{place}"
    return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}"))
