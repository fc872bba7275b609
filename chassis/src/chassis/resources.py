"""What every stored resource has: id, version, times; its ETag and If-Match; fields of a PATCH that may be absent."""

import re
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Protocol, TypeVar

from fastapi import Depends, Header
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import DateTime, MetaData, Uuid, func, text
from sqlmodel import Field as Stored
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from chassis.errors import BadRequest, NotFound, PreconditionRequired, StaleVersion
from chassis.feed import feed_tables
from chassis.idempotency import keys_table

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

_VERSION_DIGITS: Final = 18


def make_metadata() -> MetaData:
    """One per service: two services in one process may have tables of equal names.

    Holds what every service has: the feed, and the answers kept by key.
    """
    metadata = MetaData(naming_convention=NAMING)
    keys_table(metadata)
    feed_tables(metadata)
    return metadata


class Resource(SQLModel):
    """The columns of every stored resource. Ids are UUIDv7, made by PostgreSQL unless the client brings its own."""

    id: uuid.UUID = Stored(
        default=None, sa_type=Uuid, primary_key=True, sa_column_kwargs={"server_default": text("uuidv7()")}
    )
    version: int = Stored(default=1, nullable=False, sa_column_kwargs={"server_default": text("1")})
    created_at: datetime = Stored(
        default=None,
        sa_type=DateTime(timezone=True),
        sa_column_kwargs={"server_default": func.now()},
    )
    updated_at: datetime = Stored(
        default=None,
        sa_type=DateTime(timezone=True),
        sa_column_kwargs={"server_default": func.now()},
    )


class ResourceRead(BaseModel):
    """What every stored resource shows."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)

    id: uuid.UUID = Field(description="Made by the server, time-ordered (UUIDv7), never reused.")
    version: int = Field(description="Goes up by one with each change; it is the ETag.")
    created_at: datetime
    updated_at: datetime


class Body(BaseModel):
    """The base of every request body: an unknown field is refused, text is trimmed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class CreateBody(Body):
    """The base of every create body."""

    id: uuid.UUID | None = Field(default=None, description="Your own UUID for it, where you have one.")


def may_be_absent(**kwargs: Any) -> Any:  # noqa: ANN401 - stands where a default of any type may stand
    """A field of an update body: absent means unchanged, null is refused unless the type allows it."""

    def without_default(schema: dict[str, Any]) -> None:
        schema.pop("default", None)

    return Field(default=None, json_schema_extra=without_default, **kwargs)


class HasVersion(Protocol):
    """Anything with a version."""

    version: int


def etag(version: int) -> str:
    """The strong ETag of a version."""
    return f'"{version}"'


def send_etag(request: Request, response: Response, row: HasVersion) -> None:
    """Put the ETag of `row` on `response`; where the caller has it already, make it an empty 304."""
    tag = etag(row.version)
    response.headers["ETag"] = tag
    offered = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    if request.method in {"GET", "HEAD"} and (tag in offered or "*" in offered):
        raise NotModified(tag)


def created(request: Request, response: Response, row: Resource) -> None:
    """Say where the new resource is and which version it has."""
    response.headers["Location"] = f"{request.url.path}/{row.id}"
    response.headers["ETag"] = etag(row.version)


class NotModified(Exception):
    """The caller's copy is current."""

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.tag = tag


def read_if_match(
    if_match: Annotated[
        str | None, Header(description='The ETag of the version you are changing, such as `"3"`.')
    ] = None,
) -> int:
    """The version that the caller says it changes."""
    if if_match is None:
        raise PreconditionRequired('Read the record first and send its ETag back: `If-Match: "3"`.')
    value = if_match.strip().removeprefix("W/").strip('"')
    if not value.isascii() or not value.isdigit() or len(value) > _VERSION_DIGITS:
        raise BadRequest(f'If-Match must be the ETag of the record, such as "3", not {if_match!r}.')
    return int(value)


IfMatch = Annotated[int, Depends(read_if_match)]
Row = TypeVar("Row", bound=Resource)


async def get_row(session: AsyncSession, kind: type[Row], row_id: uuid.UUID, *, lock: bool = False) -> Row:
    """The row, locked for the rest of the transaction if asked; `NotFound` where there is none."""
    row = await session.get(kind, row_id, with_for_update=lock or None)
    if row is None:
        raise NotFound(f"There is no {_words(kind.__name__)} {row_id}.")
    return row


def _words(name: str) -> str:
    return re.sub("(?<!^)(?=[A-Z])", " ", name).lower()


async def change_row(session: AsyncSession, row: Row, version: int, body: BaseModel) -> Row:
    """Write the fields that `body` sets onto `row`, if `version` is still the current one."""
    check_version(row, version)
    for name, value in body.model_dump(exclude_unset=True).items():
        setattr(row, name, value)
    return await touch_row(session, row)


def check_version(row: HasVersion, version: int) -> None:
    """Raise `StaleVersion` where the row is no longer the one the caller read."""
    if row.version != version:
        raise StaleVersion(
            f"You read version {version}; it is now version {row.version}. Read it again and repeat your change.",
            current_version=row.version,
        )


async def touch_row(session: AsyncSession, row: Row) -> Row:
    """Count the change and write it."""
    row.version += 1
    row.updated_at = datetime.now(UTC)
    return await write_row(session, row)


async def write_row(session: AsyncSession, row: Row) -> Row:
    """Write `row` now, so that the database's rules answer here, and read back what the database filled in."""
    session.add(row)
    await session.flush()
    await session.refresh(row)
    return row


def new_row(kind: type[Row], body: CreateBody, **more: Any) -> Row:  # noqa: ANN401 - columns of any type
    """A row of `kind` with the fields of `body` that are its columns; the id only where the client brought one."""
    values = {name: value for name, value in body.model_dump().items() if name in kind.model_fields} | more
    if values.get("id") is None:
        values.pop("id", None)
    return kind(**values)
