"""A small service of things, put together as a real one is, to try the chassis on."""

import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import pytest
from chassis.app import make_app
from chassis.changes import Kind, changes_router
from chassis.columns import sorted_text
from chassis.errors import Conflict
from chassis.known import look_back
from chassis.paging import Listing, ListQuery, Page, answer_list, sort_by
from chassis.resources import (
    Body,
    CreateBody,
    IfMatch,
    Resource,
    ResourceRead,
    change_row,
    created,
    get_row,
    make_metadata,
    may_be_absent,
    new_row,
    send_etag,
    write_row,
)
from chassis.settings import Settings
from chassis.testing import Api, Database, Databases
from chassis.testing.api import running
from chassis.unit_of_work import Session, work_router
from chassis.values import Day, PlainDecimal
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from joserfc.jwk import OKPKey
from pydantic import BaseModel
from sqlalchemy import Numeric, UniqueConstraint, text
from sqlmodel import Field, select

MIGRATIONS: Final = Path(__file__).parent / "migrations"
metadata: Final = make_metadata()
router: Final = work_router("Things")


class Thing(Resource, table=True):
    """A row of things."""

    metadata = metadata
    __tablename__ = "things"
    __table_args__ = (UniqueConstraint("ticket", deferrable=True, initially="DEFERRED"),)

    name: str = Field(sa_column=sorted_text(nullable=False))
    place: int
    weight: Decimal = Field(sa_type=Numeric(18, 2))
    seen_on: date
    note: str | None = None
    ticket: str | None = None


class ThingCreate(CreateBody):
    """A thing to record."""

    name: str
    place: int = 0
    weight: PlainDecimal = Decimal(0)
    seen_on: Day = date(2016, 3, 1)
    note: str | None = None
    ticket: str | None = None


class ThingUpdate(Body):
    """Fields of a thing to change."""

    name: str = may_be_absent()
    ticket: str | None = may_be_absent()


class ThingRead(ResourceRead):
    """A thing."""

    name: str
    place: int
    weight: PlainDecimal
    seen_on: Day
    note: str | None
    ticket: str | None


class ThingPage(Page):
    """A page of things."""

    items: list[ThingRead]


class ThingQuery(ListQuery):
    """Filters of things."""

    sort: str = sort_by("name", "name", "place", "weight", "seen_on", "created_at")
    place: list[int] = []  # noqa: RUF012 - pydantic copies defaults
    weight_gte: PlainDecimal | None = None
    note_is_null: bool | None = None
    q: str | None = None


class Failure(Body):
    """How to fail after a thing was written."""

    how: str
    sqlstate: str = "XX000"
    constraint: str = ""


class Identity(BaseModel):
    """Whom the database takes the caller for."""

    subject: str
    request_id: str


THINGS: Final = Listing(
    statement=select(Thing),
    filters={"place": Thing.place, "weight": Thing.weight, "note": Thing.note},
    sorts={
        "name": Thing.name,
        "place": Thing.place,
        "weight": Thing.weight,
        "seen_on": Thing.seen_on,
        "created_at": Thing.created_at,
    },
    id=Thing.id,
    text=[Thing.name],
)


@router.get("/things", response_model=ThingPage, dependencies=[Depends(look_back)])
async def list_things(request: Request, session: Session, query: Annotated[ThingQuery, Query()]) -> Page | Response:
    """List the things."""
    return await answer_list(request, session, query, THINGS, ThingPage)


@router.post("/things", status_code=201, response_model=ThingRead)
async def create_thing(request: Request, response: Response, session: Session, body: ThingCreate) -> Thing:
    """Record a thing."""
    thing = await write_row(session, new_row(Thing, body))
    created(request, response, thing)
    return thing


@router.get("/things/{thing_id}", response_model=ThingRead)
async def get_thing(request: Request, response: Response, session: Session, thing_id: uuid.UUID) -> Thing:
    """Read one thing."""
    thing = await get_row(session, Thing, thing_id)
    send_etag(request, response, thing)
    return thing


@router.patch("/things/{thing_id}", response_model=ThingRead)
async def update_thing(
    request: Request, response: Response, session: Session, thing_id: uuid.UUID, version: IfMatch, body: ThingUpdate
) -> Thing:
    """Change fields of a thing."""
    thing = await change_row(session, await get_row(session, Thing, thing_id, lock=True), version, body)
    send_etag(request, response, thing)
    return thing


@router.post("/failures", status_code=201, response_model=ThingRead)
async def cause_failure(session: Session, body: Failure) -> Any:
    """Write a thing, then fail."""
    await write_row(session, Thing(name="half done", place=0, weight=Decimal(0), seen_on=date(2016, 3, 1)))
    if body.how == "domain":
        raise Conflict("Refused after all.")
    if body.how == "http":
        raise HTTPException(404)
    if body.how == "bug":
        raise ZeroDivisionError("a secret that stood in the data")
    if body.how == "answer":
        return {"name": "not a whole thing"}
    if body.how == "killed":
        await session.exec(text("SELECT pg_terminate_backend(pg_backend_pid())"))  # type: ignore[call-overload]
    if body.how == "slow":
        await session.exec(text("SELECT pg_sleep(20)"))  # type: ignore[call-overload]
    raised = f"RAISE EXCEPTION 'a secret' USING ERRCODE = '{body.sqlstate}', CONSTRAINT = '{body.constraint}'"
    await session.exec(text(f"DO $$ BEGIN {raised}; END $$"))  # type: ignore[call-overload]
    return None


@router.get("/identity", response_model=Identity)
async def get_identity(session: Session) -> Identity:
    """Whom the database takes the caller for."""
    found = await session.exec(text("SELECT current_setting('app.subject'), current_setting('app.request_id')"))  # type: ignore[call-overload]
    subject, request_id = found.one()
    return Identity(subject=subject, request_id=request_id)


# All that is captured of things, but for their notes.
KINDS: Final = (
    Kind(
        metadata.tables["things"],
        clear=("id", "version", "created_at", "updated_at", "name", "place", "weight", "seen_on", "ticket"),
    ),
)


def create_app() -> FastAPI:
    """The app of things."""
    return make_app(
        name="chassis",
        description="Things.",
        routers=[router, changes_router(KINDS)],
        settings=Settings(),
        migrations=MIGRATIONS,
        constraint_words={
            "uq_things_ticket": ("#/ticket", "This ticket is taken."),
            "ck_things_weight_not_negative": ("#/weight", "Nothing weighs less than nothing."),
        },
    )


@pytest.fixture
def environment(service_environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Small limits, so that they can be reached; that of time so large that a busy machine keeps it."""
    service_environment.setenv("TRIBUTARY_POOL_SIZE", "2")
    service_environment.setenv("TRIBUTARY_STATEMENT_TIMEOUT_SECONDS", "3")
    service_environment.setenv("TRIBUTARY_MAX_BODY_BYTES", "20000")
    return service_environment


@pytest.fixture
def database(databases: Databases, environment: pytest.MonkeyPatch) -> Iterator[Database]:
    """A fresh database, named in the environment."""
    made = databases.new("things", MIGRATIONS)
    environment.setenv("TRIBUTARY_DATABASE_URL", made.app_url)
    yield made
    databases.drop(made)


@pytest.fixture
def app(database: Database) -> FastAPI:
    """The app, not started."""
    return create_app()


@pytest.fixture
async def api(app: FastAPI, signing_key: OKPKey) -> AsyncIterator[Api]:
    """The running service."""
    async with running(app, signing_key) as clients:
        yield clients
