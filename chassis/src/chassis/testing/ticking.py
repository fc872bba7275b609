"""A service whose every address is a stream of events without an end: what stands before it must pass on each one."""

import asyncio
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

TICK_SECONDS: Final = 0.3


def create_app() -> ASGIApp:
    """The app, for `chassis.serve`."""
    return tick


async def tick(scope: Scope, receive: Receive, send: Send) -> None:
    """Count, until the caller leaves."""
    if scope["type"] == "lifespan":
        while (kind := (await receive())["type"]) != "lifespan.shutdown":
            await send({"type": f"{kind}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    left = asyncio.ensure_future(_leave(receive))
    count = 0
    while not left.done():
        count += 1
        await send({"type": "http.response.body", "body": f"data: {count}\n\n".encode(), "more_body": True})
        await asyncio.wait({left}, timeout=TICK_SECONDS)


async def _leave(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
