"""A stream of events comes through the gateway as it is sent, longer than any deadline, and ends with the gateway."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from chassis.testing import Database, caller
from chassis.unit_of_work import make_engine, open_session
from gateway.access import create_token
from gateway.settings import GatewaySettings

LIMIT_SECONDS = 30


@pytest.fixture
def folder(database: Database, service_environment: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="stream-", dir="/tmp") as made:  # short: it holds sockets
        service_environment.setenv("TRIBUTARY_TRAININGS_URL", f"unix:{made}/t")
        service_environment.setenv("TRIBUTARY_PROXY_TIMEOUT_SECONDS", "1")
        yield Path(made)


@pytest.fixture
def gateway(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The gateway as a process, before a service that is one, too."""
    started = [
        subprocess.Popen(
            [sys.executable, "-P", "-m", "chassis.serve", app, "--uds", str(folder / name)],
            env=os.environ.copy(),
            stderr=subprocess.DEVNULL,
        )
        for app, name in (("chassis.testing.ticking:create_app", "t"), ("gateway.app:create_app", "g"))
    ]
    yield started[1]
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


async def wait_until_both_listen(folder: Path) -> None:
    for name in ("t", "g"):
        while True:
            try:
                _reader, writer = await asyncio.open_unix_connection(folder / name)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                break


async def test_a_stream_is_passed_on_as_it_comes_and_ends_with_the_gateway(
    folder: Path, gateway: subprocess.Popen[bytes]
) -> None:
    engine = make_engine(GatewaySettings())
    async with open_session(engine, caller("admin")) as session, session.begin():
        token, _ = await create_token(session, "reader", "viewer", [], 1)
    await engine.dispose()
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx.AsyncHTTPTransport(uds=str(folder / "g"))
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        async with asyncio.timeout(LIMIT_SECONDS):
            await wait_until_both_listen(folder)
        async with asyncio.timeout(LIMIT_SECONDS), client.stream("GET", "/v1/trainings/x/events") as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "text/event-stream"
            events = (line async for line in answer.aiter_lines() if line)
            # More than three times the deadline of an ordinary request.
            assert [await anext(events) for _ in range(12)] == [f"data: {number}" for number in range(1, 13)]
            gateway.send_signal(signal.SIGTERM)
            assert all([line.startswith("data: ") async for line in events])  # and no error at its end
    assert await asyncio.to_thread(gateway.wait, LIMIT_SECONDS) == 0
