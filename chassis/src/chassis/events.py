"""Server-sent events: a record's state, told whenever it changes, until it has ended or the stream has.

A stream holds no transaction and no connection: it asks anew about once a second. Whoever connects again is told the
present state first, so nothing is lost between two streams.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from fastapi import APIRouter, Security
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from chassis.errors import DomainError
from chassis.streams import MEDIA_TYPE
from chassis.tokens import Caller
from chassis.unit_of_work import Handle, bearer_scheme, open_session, query_parameters, refuse_other_parameters

logger: Final = structlog.get_logger()
POLL_SECONDS: Final = 1.0
PING_SECONDS: Final = 5.0  # so that nobody in between takes it for dead
LIFE_SECONDS: Final = 120.0  # then the caller connects again, and is asked again who they are
RETRY_MILLISECONDS: Final = 2000
CROWDED_MILLISECONDS: Final = 5000
# The id of the last event: whoever comes back with it is told that there is no more.
END: Final = "end"


@dataclass(frozen=True, slots=True)
class Event:
    """A state to tell: the name of the event, its JSON, and whether it is the last one."""

    name: str
    content: Mapping[str, Any]
    is_last: bool = False

    def write(self, retry_milliseconds: int = RETRY_MILLISECONDS) -> bytes:
        """As it is sent."""
        end = f"id: {END}\n" if self.is_last else ""
        data = json.dumps(self.content, ensure_ascii=False, separators=(",", ":"))
        return f"retry: {retry_milliseconds}\nevent: {self.name}\n{end}data: {data}\n\n".encode()


class EventStream(StreamingResponse):
    """An answer of events; nobody in between is to keep it, or to wait for its end."""

    media_type = MEDIA_TYPE


class Streams:
    """The open streams of a process, of which there are so many at most."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.count = 0

    @property
    def is_full(self) -> bool:
        """Whether there is room for no more."""
        return self.count >= self.limit


Read = Callable[[AsyncSession, Caller], Awaitable[Event]]


class EventsRoute(APIRoute):
    """A route that knows who is calling and opens no transaction."""

    def get_route_handler(self) -> Handle:
        """FastAPI's handler of this route, for a caller who is known."""
        handle = super().get_route_handler()
        parameters = query_parameters(self.dependant)

        async def without_transaction(request: Request) -> Response:
            request.state.caller = await request.app.state.authenticate(request)
            refuse_other_parameters(request, parameters)
            return await handle(request)

        return without_transaction


def events_router(tag: str) -> APIRouter:
    """A router under `/v1` whose routes answer `answer_events`."""
    return APIRouter(prefix="/v1", tags=[tag], route_class=EventsRoute, dependencies=[Security(bearer_scheme)])


async def answer_events(request: Request, read: Read) -> Response:
    """A stream of what `read` finds, in a short transaction of the caller's each time.

    What it raises the first time is the answer. Where too many streams are open the answer is the present state alone,
    and the caller comes back for the next: it becomes polling.
    """
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if request.headers.get("last-event-id") == END:
        return Response(status_code=204, headers=headers)
    first = await _read_once(request, read)
    streams: Streams = request.app.state.streams
    if first.is_last or streams.is_full:
        return Response(first.write(CROWDED_MILLISECONDS), media_type=MEDIA_TYPE, headers=headers)
    return EventStream(_stream(request, read, first, streams), headers=headers)


async def _read_once(request: Request, read: Read) -> Event:
    caller: Caller = request.state.caller
    async with open_session(request.app.state.engine, caller) as session, session.begin():
        return await read(session, caller)


async def _stream(request: Request, read: Read, first: Event, streams: Streams) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    ends_at = clock() + LIFE_SECONDS
    streams.count += 1
    try:
        told, told_at = first, clock()
        yield first.write()
        while clock() < ends_at:
            await asyncio.sleep(POLL_SECONDS)
            try:
                found = await _read_once(request, read)
            except DomainError:
                return  # no longer theirs to see: who connects again is told why
            except (SQLAlchemyError, OSError) as error:
                logger.warning("events_not_read", error=type(error).__name__)
                found = told
            if found != told:
                told, told_at = found, clock()
                yield found.write()
            elif clock() - told_at >= PING_SECONDS:
                told_at = clock()
                yield b": still here\n\n"
            if told.is_last:
                return
    finally:
        streams.count -= 1
