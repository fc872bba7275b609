"""Events of the API reach a page as they come."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from chassis.serve import bind_tcp
from starlette.requests import Request
from starlette.responses import StreamingResponse
from tributary import AsyncTributary, ProblemError, UnreachableError
from web.events import END, pass_events

LIMIT_SECONDS = 30


@pytest.fixture
def address() -> Iterator[str]:
    """An API that tells events without an end."""
    listener = bind_tcp("127.0.0.1", 0)
    command = [sys.executable, "-P", "-m", "chassis.serve", "chassis.testing.ticking:create_app"]
    listener.listen()
    process = subprocess.Popen([*command, "--fd", str(listener.fileno())], pass_fds=[listener.fileno()])
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    process.terminate()
    process.wait()
    listener.close()


def request(**headers: str) -> Request:
    written = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": written})


async def test_events_are_passed_on_as_they_come(address: str) -> None:
    async with asyncio.timeout(LIMIT_SECONDS), AsyncTributary(address) as api:
        response = await pass_events(request(), api, "/v1/anything/events")
        assert isinstance(response, StreamingResponse)
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        chunks: Any = response.body_iterator
        assert [await anext(chunks) for _ in range(3)] == [b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n"]
        await chunks.aclose()


async def test_a_browser_that_was_told_the_end_is_told_to_stay_away() -> None:
    async with AsyncTributary("http://127.0.0.1:9") as api:
        assert (await pass_events(request(last_event_id=END), api, "/v1/x/events")).status_code == 204


async def test_what_the_api_refuses_is_no_stream() -> None:
    problem = httpx.Response(404, json={"code": "not_found", "title": "Not found", "detail": "There is none."})
    transport = httpx.MockTransport(lambda _request: problem)
    async with AsyncTributary("http://127.0.0.1:9", transport=transport) as api:
        with pytest.raises(ProblemError):
            await pass_events(request(), api, "/v1/x/events")
    async with AsyncTributary("http://127.0.0.1:9") as api:
        with pytest.raises(UnreachableError):
            await pass_events(request(), api, "/v1/x/events")
