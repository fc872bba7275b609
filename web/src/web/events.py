"""Server-sent events of the API, passed on to a page as they come."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from typing import Final

from chassis.streams import MEDIA_TYPE
from fastapi import Request
from starlette.responses import Response, StreamingResponse
from tributary import AsyncTributary, TributaryError

HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


# The id that the API gives to a last event: a browser that comes back with it is told to stay away.
END: Final = "end"


async def pass_events(request: Request, api: AsyncTributary, path: str) -> Response:
    """The events at an address of the API. A refusal is raised, as any other of the API's."""
    last_event_id = request.headers.get("last-event-id")
    if last_event_id == END:
        return Response(status_code=204, headers=HEADERS)
    stack = AsyncExitStack()
    chunks = await stack.enter_async_context(api.stream_events(path, last_event_id))
    return StreamingResponse(_pass_on(stack, chunks), media_type=MEDIA_TYPE, headers=HEADERS)


async def _pass_on(stack: AsyncExitStack, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async with stack:
        with suppress(TributaryError):  # it broke off: the browser comes back by itself
            async for chunk in chunks:
                yield chunk
