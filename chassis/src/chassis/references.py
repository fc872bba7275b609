"""Records of another service, looked up there in the caller's name and kept as local rows with real foreign keys."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

import httpx
import structlog
from sqlalchemy import DateTime
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.errors import Unavailable, invalid
from chassis.logs import current_request_id
from chassis.resources import etag
from chassis.tokens import Caller
from chassis.unit_of_work import open_session


class Reference(SQLModel):
    """A record of another service that something here refers to, as it was when last checked. Its key is its code."""

    code: str
    id: uuid.UUID
    etag: str
    checked_at: datetime = Field(sa_type=DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class KeptKind:
    """Where a kind of record lives at its owner, its word, and what is kept of it beside code, id and version."""

    path: str
    word: str
    names: tuple[str, ...]


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
    kinds: Mapping[type[Reference], KeptKind]
    client: httpx.AsyncClient
    engine: AsyncEngine
    caller: Caller
    authorization: str
    fresh_seconds: int
    timeout_seconds: float


class _OutOfReach(Exception):
    """The owner did not answer, or not in a way that says anything."""


async def look_up(owner: Owner, wanted: Mapping[str, tuple[type[Reference], str]]) -> list[Reference]:
    """What is to be kept of the `wanted` references, which are by pointer: those not known here or not checked lately.

    Holds no database connection while it waits for the owner. An unknown code is 422 at its pointer; an owner out of
    reach is 503 for a code not known here, and nothing at all for one that is.
    """
    async with open_session(owner.engine, owner.caller) as session:
        known: dict[str, Reference | None] = {
            pointer: await session.get(kind, code) for pointer, (kind, code) in wanted.items()
        }
    found: list[Reference] = []
    for pointer, (kind, code) in wanted.items():
        kept = known[pointer]
        if kept is None:
            found.append(await _first_look(owner, kind, code, pointer))
        elif datetime.now(UTC) - kept.checked_at >= timedelta(seconds=owner.fresh_seconds):
            found += await _look_again(owner, kept)
    return found


async def keep(session: AsyncSession, refs: list[Reference]) -> None:
    """Write what was looked up; two callers may have looked up the same."""
    for ref in refs:
        values = ref.model_dump()
        statement = insert(type(ref)).values(values)
        newer = {name: statement.excluded[name] for name in values if name != "code"}
        await session.exec(statement.on_conflict_do_update(index_elements=["code"], set_=newer))


async def _first_look(owner: Owner, kind: type[Reference], code: str, pointer: str) -> Reference:
    path, word = owner.kinds[kind].path, owner.kinds[kind].word
    try:
        found = _items_of(owner, kind, code, await _ask(owner, path, {"code": code}))
    except (_OutOfReach, ValueError, KeyError, TypeError) as error:
        logger.warning("owner_out_of_reach", owner=owner.name, error=type(error).__name__, kind=word)
        raise Unavailable(
            f"The {word} {code} is not known here yet, and the {owner.name} service cannot be asked just now. "
            "Nothing was recorded; try again in a moment."
        ) from error
    if not found:
        raise invalid(pointer, "unknown_code", f"There is no {word} with the code {code}; record it first.")
    return found[0]


async def _look_again(owner: Owner, kept: Reference) -> list[Reference]:
    """The reference as it is now; nothing where the owner cannot say: what is known keeps working."""
    path, word = owner.kinds[type(kept)].path, owner.kinds[type(kept)].word
    try:
        answer = await _ask(owner, f"{path}/{kept.id}", {}, if_none_match=kept.etag)
        if answer.status_code == HTTPStatus.NOT_MODIFIED:
            return [kept.model_copy(update={"checked_at": datetime.now(UTC)})]
        return [_kept_of(owner, type(kept), answer.json())]
    except (_OutOfReach, ValueError, KeyError, TypeError) as error:
        logger.warning("reference_not_refreshed", error=type(error).__name__, kind=word, code=kept.code)
        return []


async def _ask(owner: Owner, path: str, parameters: dict[str, str], if_none_match: str | None = None) -> httpx.Response:
    headers = {"Authorization": owner.authorization, "X-Request-Id": current_request_id()}
    if if_none_match is not None:
        headers["If-None-Match"] = if_none_match
    try:
        async with asyncio.timeout(owner.timeout_seconds):
            answer = await owner.client.get(path, params=parameters, headers=headers)
    except (httpx.HTTPError, TimeoutError) as error:
        raise _OutOfReach from error
    if answer.status_code not in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}:
        logger.warning("owner_answered", owner=owner.name, status=answer.status_code)
        raise _OutOfReach
    return answer


def _items_of(owner: Owner, kind: type[Reference], code: str, answer: httpx.Response) -> list[Reference]:
    found = [_kept_of(owner, kind, item) for item in answer.json()["items"]]
    if any(one.code != code for one in found):
        raise _OutOfReach  # whatever answered, it is not the list that was asked for
    return found


def _kept_of(owner: Owner, kind: type[Reference], item: dict[str, Any]) -> Reference:
    kept = {"code": item["code"], "id": item["id"], "etag": etag(item["version"]), "checked_at": datetime.now(UTC)}
    return kind.model_validate(kept | {name: item[name] for name in owner.kinds[kind].names})
