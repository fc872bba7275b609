"""Streams of events of a real process: told when something changes, ended when it has, gone with the server."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from chassis.events import END
from chassis.testing import ACTING, Database, caller
from chassis.tokens import mint_token
from joserfc.jwk import OKPKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

HERE = Path(__file__).parent
LIMIT_SECONDS = 30


@pytest.fixture
def address(database: Database, environment: pytest.MonkeyPatch) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A service of things whose pool has a single connection, with room for two streams."""
    environment.setenv("TRIBUTARY_POOL_SIZE", "1")
    environment.setenv("TRIBUTARY_EVENTS_AT_ONCE", "2")
    with tempfile.TemporaryDirectory(prefix="events-", dir="/tmp") as folder:
        socket = f"{folder}/s"
        command = [sys.executable, "-P", "-m", "chassis.serve", "event_app:create_app", "--uds", socket]
        process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(HERE)}, stderr=subprocess.DEVNULL)
        try:
            yield socket, process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


@pytest.fixture
async def client(address: tuple[str, subprocess.Popen[bytes]], signing_key: OKPKey) -> AsyncIterator[httpx.AsyncClient]:
    token = mint_token(signing_key, caller("officer", "MX"), "-")
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx.AsyncHTTPTransport(uds=address[0])
    async with httpx.AsyncClient(
        transport=transport, base_url="http://s", headers=headers, timeout=LIMIT_SECONDS
    ) as made:
        async with asyncio.timeout(LIMIT_SECONDS):
            while True:
                try:
                    await made.get("/readyz")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
        yield made


async def run(database: Database, *statements: str) -> None:
    engine = create_async_engine(database.app_url)
    async with engine.begin() as connection:
        for statement in (ACTING, *statements):
            await connection.execute(text(statement))
    await engine.dispose()


MAKE = "INSERT INTO things (name, place, weight, seen_on, note) VALUES ('one', 0, 0, '2016-03-01', 'running')"


@asynccontextmanager
async def stream(client: httpx.AsyncClient, **headers: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """The events of the thing, as they come."""
    async with client.stream("GET", "/v1/things/one/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield read(answer)


async def read(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    found: dict[str, Any] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if line == "" and "data" in found:
            yield found
            found = {}
        elif name == "data":
            found[name] = json.loads(value)
        elif name:
            found[name] = value


async def test_a_change_is_told_and_the_last_one_ends_the_stream(database: Database, client: httpx.AsyncClient) -> None:
    await run(database, MAKE)
    async with stream(client) as events:
        first = await anext(events)
        assert first == {"retry": "2000", "event": "progress", "data": {"note": "running", "place": 0}}
        # While it is open the only connection of the process is free for others.
        assert (await client.get("/readyz")).status_code == 200
        await run(database, "UPDATE things SET place = 5")
        assert (await anext(events))["data"] == {"note": "running", "place": 5}
        await run(database, "UPDATE things SET place = 6, note = 'succeeded'")
        last = await anext(events)
        assert (last["data"], last["id"]) == ({"note": "succeeded", "place": 6}, END)
        assert [one async for one in events] == []
    again = await client.get("/v1/things/one/events")
    assert "succeeded" in again.text
    assert (await client.get("/v1/things/one/events", headers={"Last-Event-ID": END})).status_code == 204


async def test_a_refusal_is_a_problem_and_no_stream(database: Database, client: httpx.AsyncClient) -> None:
    for path, status in (("/v1/things/none/events", 404), ("/v1/things/one/events?x=1", 400)):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    anonymous = await client.get("/v1/things/one/events", headers={"Authorization": ""})
    assert anonymous.status_code == 401


async def test_a_record_that_is_gone_ends_the_stream(database: Database, client: httpx.AsyncClient) -> None:
    await run(database, MAKE)
    async with stream(client) as events:
        await anext(events)
        await run(database, "UPDATE things SET name = 'another'")
        assert [one async for one in events] == []


async def test_who_finds_no_room_is_told_the_present_and_asks_again(
    database: Database, client: httpx.AsyncClient
) -> None:
    await run(database, MAKE)
    async with stream(client) as one, stream(client) as two:
        await anext(one)
        await anext(two)
        crowded = await client.get("/v1/things/one/events")
        assert crowded.text.startswith("retry: 5000\nevent: progress\ndata: ")
    # Whoever leaves makes room: the server notices, and the next one is not sent away.
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            async with stream(client) as events:
                if (await anext(events))["retry"] == "2000":
                    break


async def test_a_stream_does_not_keep_a_process_from_stopping(
    database: Database, client: httpx.AsyncClient, address: tuple[str, subprocess.Popen[bytes]]
) -> None:
    await run(database, MAKE)
    async with stream(client) as events:
        await anext(events)
        address[1].send_signal(signal.SIGTERM)
        assert [one async for one in events] == []  # ended well, not broken off
    assert await asyncio.to_thread(address[1].wait, LIMIT_SECONDS) == 0
