"""Records of another service, looked up there in the caller's name and kept as local rows with real foreign keys."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, Literal

import httpx
import structlog
from sqlalchemy import DateTime, inspect
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.errors import Unavailable, invalid
from chassis.logs import current_request_id
from chassis.resources import etag
from chassis.tokens import Caller
from chassis.unit_of_work import open_session


class Kept(SQLModel):
    """A record of another service that something here refers to, as it was when last checked."""

    id: uuid.UUID
    etag: str
    checked_at: datetime = Field(sa_type=DateTime(timezone=True))


class Reference(Kept):
    """One that has a code. Its key is its code."""

    code: str


@dataclass(frozen=True, slots=True)
class KeptKind:
    """Where a kind of record lives at its owner, its word, and what is kept of it beside key, id and version.

    `key`: what it is referred to by: its code, or `id` where not each has one.
    """

    path: str
    word: str
    names: tuple[str, ...]
    key: Literal["code", "id"] = "code"


_SOCKET: Final = "unix:"
logger: Final = structlog.get_logger()


def open_client(url: str, timeout_seconds: float, name: str) -> httpx.AsyncClient:
    """A client of the service `name` at `url`: `http://host:port`, or `unix:/path` of its socket."""
    socket = url.removeprefix(_SOCKET) if url.startswith(_SOCKET) else None
    return httpx.AsyncClient(
        base_url=f"http://{name}" if socket else url,
        transport=httpx.AsyncHTTPTransport(uds=socket),
        timeout=timeout_seconds,
        trust_env=False,
    )


@dataclass(frozen=True, slots=True)
class Owner:
    """Another service, asked in the name of one caller: its token goes along unchanged."""

    name: str
    kinds: Mapping[type[Kept], KeptKind]
    client: httpx.AsyncClient
    engine: AsyncEngine
    caller: Caller
    authorization: str
    fresh_seconds: int
    timeout_seconds: float


class _OutOfReach(Exception):
    """The owner did not answer, or not in a way that says anything."""


async def look_up(owner: Owner, wanted: Mapping[str, tuple[type[Kept], str | uuid.UUID]]) -> list[Kept]:
    """What is to be kept of the `wanted` references, which are by pointer: those not known here or not checked lately.

    Holds no database connection while it waits for the owner. An unknown code is 422 at its pointer; an owner out of
    reach is 503 for a code not known here, and nothing at all for one that is.
    """
    async with open_session(owner.engine, owner.caller) as session:
        known: dict[str, Kept | None] = {
            pointer: await session.get(kind, key) for pointer, (kind, key) in wanted.items()
        }
    found: list[Kept] = []
    for pointer, (kind, key) in wanted.items():
        kept = known[pointer]
        if kept is None:
            found.append(await _first_look(owner, kind, key, pointer))
        elif datetime.now(UTC) - kept.checked_at >= timedelta(seconds=owner.fresh_seconds):
            found += await _look_again(owner, kept)
    return found


async def keep(session: AsyncSession, refs: list[Kept]) -> None:
    """Write what was looked up; two callers may have looked up the same."""
    for ref in refs:
        values = ref.model_dump()
        statement = insert(type(ref)).values(values)
        key = [column.name for column in inspect(type(ref)).primary_key]
        newer = {name: statement.excluded[name] for name in values if name not in key}
        await session.exec(statement.on_conflict_do_update(index_elements=key, set_=newer))


async def _first_look(owner: Owner, kind: type[Kept], key: str | uuid.UUID, pointer: str) -> Kept:
    word, name = owner.kinds[kind].word, owner.kinds[kind].key
    try:
        found = await (_find_by_id(owner, kind, key) if name == "id" else _find_by_code(owner, kind, str(key)))
    except (_OutOfReach, ValueError, KeyError, TypeError) as error:
        logger.warning("owner_out_of_reach", owner=owner.name, error=type(error).__name__, kind=word)
        raise Unavailable(
            f"The {word} {key} is not known here yet, and the {owner.name} service cannot be asked just now. "
            "Nothing was recorded; try again in a moment."
        ) from error
    if found is None:
        raise invalid(pointer, f"unknown_{name}", f"There is no {word} with the {name} {key}; record it first.")
    return found


async def _find_by_code(owner: Owner, kind: type[Kept], code: str) -> Kept | None:
    answer = await _ask(owner, owner.kinds[kind].path, {"code": code})
    items = answer.json()["items"]
    if any(item["code"] != code for item in items):
        raise _OutOfReach  # whatever answered, it is not the list that was asked for
    return _kept_of(owner, kind, items[0]) if items else None


async def _find_by_id(owner: Owner, kind: type[Kept], key: str | uuid.UUID) -> Kept | None:
    answer = await _ask(owner, f"{owner.kinds[kind].path}/{key}", {}, may_be_absent=True)
    if answer.status_code == HTTPStatus.NOT_FOUND:
        return None
    found = _kept_of(owner, kind, answer.json())
    if found.id != uuid.UUID(str(key)):
        raise _OutOfReach
    return found


async def _look_again(owner: Owner, kept: Kept) -> list[Kept]:
    """The reference as it is now; nothing where the owner cannot say: what is known keeps working."""
    path, word = owner.kinds[type(kept)].path, owner.kinds[type(kept)].word
    try:
        answer = await _ask(owner, f"{path}/{kept.id}", {}, if_none_match=kept.etag)
        if answer.status_code == HTTPStatus.NOT_MODIFIED:
            return [kept.model_copy(update={"checked_at": datetime.now(UTC)})]
        return [_kept_of(owner, type(kept), answer.json())]
    except (_OutOfReach, ValueError, KeyError, TypeError) as error:
        logger.warning("reference_not_refreshed", error=type(error).__name__, kind=word, id=str(kept.id))
        return []


async def _ask(
    owner: Owner,
    path: str,
    parameters: dict[str, str],
    if_none_match: str | None = None,
    *,
    may_be_absent: bool = False,
) -> httpx.Response:
    headers = {"Authorization": owner.authorization, "X-Request-Id": current_request_id()}
    if if_none_match is not None:
        headers["If-None-Match"] = if_none_match
    try:
        async with asyncio.timeout(owner.timeout_seconds):
            answer = await owner.client.get(path, params=parameters, headers=headers)
    except (httpx.HTTPError, TimeoutError) as error:
        raise _OutOfReach from error
    is_absent = may_be_absent and answer.status_code == HTTPStatus.NOT_FOUND
    if answer.status_code not in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED} and not is_absent:
        logger.warning("owner_answered", owner=owner.name, status=answer.status_code)
        raise _OutOfReach
    return answer


def _kept_of(owner: Owner, kind: type[Kept], item: dict[str, Any]) -> Kept:
    kept = {"id": item["id"], "etag": etag(item["version"]), "checked_at": datetime.now(UTC)}
    names = (owner.kinds[kind].key, *owner.kinds[kind].names)
    return kind.model_validate(kept | {name: item[name] for name in names})
