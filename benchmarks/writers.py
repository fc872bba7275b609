"""Eight writers over HTTP, one statement of 20,000 rows in the middle, readers who follow; with the feed and without.

What must be right is checked, and ends the run where it is not; how fast it is is printed, with ratios of this run.
"""

import argparse
import asyncio
import http.client
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
from chassis.postgres import Postgres
from chassis.serve import BACKLOG, bind_tcp
from chassis.testing import ACTING, Database, Databases, caller
from chassis.tokens import mint_token
from funding.settings import MIGRATIONS
from joserfc.jwk import OKPKey

READERS: Final = 2
PAGE: Final = 200
POLL_SECONDS: Final = 0.02
TOKEN_SECONDS: Final = 20.0  # a token is good for 60
WITH_FEED: Final = "with the feed"
WITHOUT_FEED: Final = "without it"
MANY: Final = """
    INSERT INTO ledger_entries (fund_line_code, kind, amount, currency, effective_date)
    SELECT 'BENCH', 'obligation', n, 'USD', '2016-03-01' FROM generate_series(1, $1::int) n
"""
CAPTURES: Final = ("feed_insert", "feed_update", "feed_delete")
Context = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Moment:
    """A write that was acknowledged: when it was sent and when it was answered."""

    sent_at: float
    answered_at: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.answered_at - self.sent_at


@dataclass(frozen=True)
class Many:
    """The one transaction of many rows."""

    began_at: float
    statement_seconds: float
    commit_seconds: float
    ended_at: float


@dataclass(frozen=True)
class Run:
    """One run of all writers."""

    name: str
    seconds: float
    moments: list[Moment]
    many: Many

    def report(self) -> dict[str, float]:
        """What is told of it: rates in 1/s, times in ms."""
        taken = sorted(moment.seconds for moment in self.moments)
        beside = [one.seconds for one in self.moments if self._overlaps(one)]
        others = [one.seconds for one in self.moments if not self._overlaps(one)]
        return {
            "writes a second": len(taken) / self.seconds,
            "p50, ms": statistics.median(taken) * 1000,
            "p99, ms": taken[int(len(taken) * 0.99)] * 1000,
            "longest stall of another writer beside the many rows, ms": max(beside, default=0) * 1000,
            "longest at any other time, ms": max(others, default=0) * 1000,
            "the statement of many rows, ms": self.many.statement_seconds * 1000,
            "its commit (with the feed: its seal), ms": self.many.commit_seconds * 1000,
        }

    def _overlaps(self, moment: Moment) -> bool:
        return moment.sent_at < self.many.ended_at and moment.answered_at > self.many.began_at


class Tokens:
    """A token that is never too old, for who calls the service as the gateway does."""

    def __init__(self, private_key: str) -> None:
        self._key = OKPKey.import_key(private_key)
        self._made_at = -TOKEN_SECONDS
        self._token = ""

    @property
    def header(self) -> dict[str, str]:
        """The header that carries it."""
        if time.monotonic() - self._made_at > TOKEN_SECONDS:
            self._made_at = time.monotonic()
            self._token = mint_token(self._key, caller("officer", "*"), str(uuid.uuid4()))
        return {"Authorization": f"Bearer {self._token}"}


def write(port: int, tokens: Tokens, path: str, body: dict[str, Any], connection: http.client.HTTPConnection) -> None:
    """Record something; it must be taken."""
    headers = tokens.header | {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != http.client.CREATED:
        raise SystemExit(f"A write on port {port} was answered {answer.status}: {text!r}")


ENTRY: Final = {
    "fund_line_code": "BENCH",
    "kind": "obligation",
    "amount": {"amount": "1000.00", "currency": "USD"},
    "effective_date": "2016-03-01",
}


def keep_writing(port: int, private_key: str, over: threading.Event, moments: list[Moment]) -> None:
    """One writer: entry after entry on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    tokens = Tokens(private_key)
    while not over.is_set():
        sent_at = time.monotonic()
        write(port, tokens, "/v1/ledger-entries", ENTRY, connection)
        moments.append(Moment(sent_at, time.monotonic()))
    connection.close()


async def write_many(url: str, rows: int) -> Many:
    """All rows in one statement and one transaction, as the role that serves."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    began_at = time.monotonic()
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(ACTING)
    await connection.execute(MANY, rows)
    stated_at = time.monotonic()
    await transaction.commit()
    ended_at = time.monotonic()
    await connection.close()
    return Many(began_at, stated_at - began_at, ended_at - stated_at, ended_at)


def follow(port: int, private_key: str, over: Event, told: "Queue[dict[int, int] | str]") -> None:
    """One reader: what comes after the last number it has seen, until it has seen all; rows by number, or a failure."""
    try:
        told.put(asyncio.run(_follow(port, Tokens(private_key), over)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the run is void and says why
        told.put(repr(error))


async def _follow(port: int, tokens: Tokens, over: Event) -> dict[int, int]:
    seen: dict[int, int] = {}
    position = 0
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as http:
        while True:
            was_over = over.is_set()
            page, head, reached = await _read_changes(http, tokens, position)
            if overlap := page.keys() & seen.keys():
                raise ValueError(f"A reader was told twice of {sorted(overlap)[:5]}")
            seen |= page
            if was_over and reached == head:
                return seen
            if reached == position:
                await asyncio.sleep(POLL_SECONDS)
            position = reached


Page = tuple[dict[int, int], int, int]


async def _read_changes(http: httpx.AsyncClient, tokens: Tokens, after: int) -> Page:
    answer = await http.get("/v1/changes", params={"after": after, "limit": PAGE}, headers=tokens.header)
    page = answer.raise_for_status().json()
    return {one["number"]: len(one["changes"]) for one in page["items"]}, page["head"], page["position"]


@contextmanager
def serving(database: Database, key: OKPKey) -> Iterator[int]:
    """The funding service on a database, as a process of its own; its port."""
    listener = bind_tcp("127.0.0.1", 0)
    listener.listen(BACKLOG)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRIBUTARY_")} | {
        "TRIBUTARY_DATABASE_URL": database.app_url,
        "TRIBUTARY_CURSOR_KEY": "cursor-key-of-a-benchmark-of-32-bytes",
        "TRIBUTARY_TOKEN_PUBLIC_KEY": key.as_pem(private=False).decode(),
        "TRIBUTARY_PROGRAMS_URL": "http://127.0.0.1:9",  # nobody is asked: no agreement is recorded
        "TRIBUTARY_LOG_LEVEL": "ERROR",
        "TRIBUTARY_POOL_SIZE": "12",
        "TRIBUTARY_STATEMENT_TIMEOUT_SECONDS": "30",
    }
    command = [sys.executable, "-P", "-m", "chassis.serve", "funding.app:create_app", "--with-parent", "--fd"]
    with listener:
        port: int = listener.getsockname()[1]
        descriptor = listener.fileno()
        process = subprocess.Popen(
            [*command, str(descriptor)], env=environment, stdin=subprocess.PIPE, pass_fds=[descriptor]
        )
    try:
        httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=60, trust_env=False).raise_for_status()
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=30)


async def execute(url: str, *statements: str) -> None:
    """Run statements on a connection of their own."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def recorded(url: str) -> dict[int, int]:
    """Rows by number, as the feed has them at the end."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    rows = await connection.fetch(
        "SELECT t.number, count(f.tx_key) FROM feed_tx t LEFT JOIN feed f USING (tx_key) GROUP BY t.number"
    )
    await connection.close()
    return dict(rows)


def run(name: str, databases: Databases, wanted: argparse.Namespace) -> Run:
    """Writers and readers for so many seconds, on a fresh database."""
    database = databases.new("funding", MIGRATIONS)
    if name == WITHOUT_FEED:
        disabled = [f"ALTER TABLE ledger_entries DISABLE TRIGGER {one}" for one in CAPTURES]
        asyncio.run(execute(database.superuser_url, *disabled))
    key = OKPKey.generate_key("Ed25519")
    private_key = key.as_pem(private=True).decode()
    with serving(database, key) as port:
        line = {"code": "BENCH", "title": "Benchmark", "country_code": "MX"}
        write(port, Tokens(private_key), "/v1/fund-lines", line, http.client.HTTPConnection("127.0.0.1", port))
        over = threading.Event()
        is_written = Context.Event()
        told: Queue[dict[int, int] | str] = Context.Queue()
        of_reader = (port, private_key, is_written, told)
        readers = [Context.Process(target=follow, args=of_reader) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        moments: list[list[Moment]] = [[] for _ in range(wanted.writers)]
        writers = [threading.Thread(target=keep_writing, args=(port, private_key, over, one)) for one in moments]
        began_at = time.monotonic()
        for writer in writers:
            writer.start()
        over.wait(wanted.seconds / 2)
        many = asyncio.run(write_many(database.app_url, wanted.rows))
        over.wait(max(began_at + wanted.seconds - time.monotonic(), 0))
        over.set()
        for writer in writers:
            writer.join()
        seconds = time.monotonic() - began_at
        is_written.set()
        seen = [told.get(timeout=300) for _ in readers]
        for reader in readers:
            reader.join()
    done = Run(name, seconds, [one for each in moments for one in each], many)
    check(done, asyncio.run(recorded(database.superuser_url)), seen, wanted.rows)
    databases.drop(database)
    return done


def check(done: Run, feed: dict[int, int], seen: Sequence[dict[int, int] | str], rows: int) -> None:
    """End the run where a reader missed something, or saw part of a transaction."""
    expected = [1] * (len(done.moments) + 1) + [rows] if done.name == WITH_FEED else [1]
    if sorted(feed) != list(range(1, len(expected) + 1)) or sorted(feed.values()) != expected:
        raise SystemExit(f"{done.name}: the feed has {len(feed)} transactions, {len(expected)} were acknowledged")
    for one in seen:
        if isinstance(one, str):
            raise SystemExit(f"{done.name}: a reader failed: {one}")
        if one != feed:
            differing = sorted(number for number in one.keys() | feed.keys() if one.get(number) != feed.get(number))
            raise SystemExit(f"{done.name}: a reader saw {len(one)} of {len(feed)}; they differ at {differing[:5]}")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=2, help="runs of each kind, in turns")
    wanted = parser.parse_args()
    reports: dict[str, list[dict[str, float]]] = {WITH_FEED: [], WITHOUT_FEED: []}
    with tempfile.TemporaryDirectory(prefix="tributary-benchmark-") as folder:
        Path(folder).chmod(0o755)  # the server may run as another user
        with Postgres(Path(folder) / "data") as server:
            databases = Databases(server.url("postgres", server.superuser, server.superuser_password))
            for _ in range(wanted.rounds):
                for name, of_name in reports.items():
                    of_name.append(run(name, databases, wanted).report())
    print(f"{wanted.writers} writers, {wanted.seconds:.0f} s, {wanted.rows} rows in one statement, {READERS} readers")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the end, {wanted.rounds} runs of each kind")
    print("Readers missed nothing and saw each transaction whole.\n")
    print(f"| | {WITH_FEED} | {WITHOUT_FEED} | ratio |\n|---|---|---|---|")
    for line in reports[WITH_FEED][0]:
        value, plain = (statistics.median(one[line] for one in reports[name]) for name in (WITH_FEED, WITHOUT_FEED))
        ratio = f"{value / plain:.2f}" if plain else ""
        print(f"| {line} | {value:.1f} | {plain:.1f} | {ratio} |")


if __name__ == "__main__":
    main()
