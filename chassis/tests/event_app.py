"""The service of things, and a stream of the events of each, for a process of its own."""

from pathlib import Path
from typing import Final

from chassis.app import make_app
from chassis.errors import NotFound
from chassis.events import Event, EventStream, answer_events, events_router
from chassis.settings import Settings
from chassis.tokens import Caller
from fastapi import FastAPI, Request, Response
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

router: Final = events_router("Things")


@router.get("/things/{name}/events", response_class=EventStream)
async def get_thing_events(request: Request, name: str) -> Response:
    """What becomes of a thing."""

    async def read(session: AsyncSession, _caller: Caller) -> Event:
        statement = text("SELECT note, place FROM things WHERE name = :name")
        found = (await (await session.connection()).execute(statement, {"name": name})).first()
        if found is None:
            raise NotFound("There is no such thing.")
        return Event("progress", {"note": found.note, "place": found.place}, is_last=found.note == "succeeded")

    return await answer_events(request, read)


def create_app() -> FastAPI:
    """The app."""
    migrations = Path(__file__).parent / "migrations"
    return make_app(name="chassis", description="Things.", routers=[router], settings=Settings(), migrations=migrations)
