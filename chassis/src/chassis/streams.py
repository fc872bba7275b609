"""Streams of events end when their process does: they have no end of their own, and a server waits for its answers."""

import asyncio
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEDIA_TYPE: Final = "text/event-stream"


class EndingStreams:
    """Tells a stream that its caller has left as soon as `app.state.stopping` is set, and ends its answer well.

    Nothing else is cut off: what has an end of its own is finished first.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        stopping: asyncio.Event | None = getattr(scope["app"].state, "stopping", None)
        if scope["type"] != "http" or stopping is None:
            await self.app(scope, receive, send)
            return
        is_stream = is_whole = False

        async def receive_or_stop() -> Message:
            receiving, stop = asyncio.ensure_future(receive()), asyncio.ensure_future(stopping.wait())
            try:
                await asyncio.wait({receiving, stop}, return_when=asyncio.FIRST_COMPLETED)
                if is_stream and not receiving.done():
                    return {"type": "http.disconnect"}
                return await receiving
            finally:
                stop.cancel()
                receiving.cancel()

        async def watch(message: Message) -> None:
            nonlocal is_stream, is_whole
            if message["type"] == "http.response.start":
                is_stream = Headers(raw=message["headers"]).get("content-type", "").startswith(MEDIA_TYPE)
            elif message["type"] == "http.response.body":
                is_whole = not message.get("more_body", False)
            await send(message)

        await self.app(scope, receive_or_stop, watch)
        if is_stream and not is_whole and stopping.is_set():
            await send({"type": "http.response.body", "body": b""})
