"""Agencies and programs, looked up at the programs service and kept as local rows. The only room that knows httpx."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

import httpx
import structlog
from chassis.errors import Unavailable, invalid
from chassis.logs import current_request_id
from chassis.resources import etag
from chassis.tokens import Caller
from chassis.unit_of_work import open_session
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.models import AgencyRef, ProgramRef

Ref = AgencyRef | ProgramRef
# Where each kind lives at its owner, its word, and what is kept of it beside code, id and version.
_KINDS: Final[dict[type[Ref], tuple[str, str, tuple[str, ...]]]] = {
    AgencyRef: ("/v1/agencies", "agency", ("name", "kind")),
    ProgramRef: ("/v1/programs", "program", ("title",)),
}
_SOCKET: Final = "unix:"
logger: Final = structlog.get_logger()


def open_client(url: str, timeout_seconds: float) -> httpx.AsyncClient:
    """A client of the service at `url`: `http://host:port`, or `unix:/path` of its socket."""
    socket = url.removeprefix(_SOCKET) if url.startswith(_SOCKET) else None
    return httpx.AsyncClient(
        base_url="http://programs" if socket else url,
        transport=httpx.AsyncHTTPTransport(uds=socket),
        timeout=timeout_seconds,
        trust_env=False,
    )


@dataclass(frozen=True, slots=True)
class Owner:
    """The programs service, asked in the name of one caller: its token goes along unchanged."""

    client: httpx.AsyncClient
    engine: AsyncEngine
    caller: Caller
    authorization: str
    fresh_seconds: int
    timeout_seconds: float


class _OutOfReach(Exception):
    """The owner did not answer, or not in a way that says anything."""


async def look_up(owner: Owner, wanted: Mapping[str, tuple[type[Ref], str]]) -> list[Ref]:
    """What is to be kept of the `wanted` references, which are by pointer: those not known here or not checked lately.

    Holds no database connection while it waits for the owner. An unknown code is 422 at its pointer; an owner out of
    reach is 503 for a code not known here, and nothing at all for one that is.
    """
    async with open_session(owner.engine, owner.caller) as session:
        known: dict[str, Ref | None] = {
            pointer: await session.get(kind, code) for pointer, (kind, code) in wanted.items()
        }
    found: list[Ref] = []
    for pointer, (kind, code) in wanted.items():
        kept = known[pointer]
        if kept is None:
            found.append(await _first_look(owner, kind, code, pointer))
        elif datetime.now(UTC) - kept.checked_at >= timedelta(seconds=owner.fresh_seconds):
            found += await _look_again(owner, kept)
    return found


async def keep(session: AsyncSession, refs: list[Ref]) -> None:
    """Write what was looked up; two callers may have looked up the same."""
    for ref in refs:
        values = ref.model_dump()
        statement = insert(type(ref)).values(values)
        newer = {name: statement.excluded[name] for name in values if name != "code"}
        await session.exec(statement.on_conflict_do_update(index_elements=["code"], set_=newer))


async def _first_look(owner: Owner, kind: type[Ref], code: str, pointer: str) -> Ref:
    path, word, _ = _KINDS[kind]
    try:
        found = _items_of(kind, code, await _ask(owner, path, {"code": code}))
    except (_OutOfReach, ValueError, KeyError, TypeError) as error:
        logger.warning("programs_out_of_reach", error=type(error).__name__, kind=word)
        raise Unavailable(
            f"The {word} {code} is not known here yet, and the programs service cannot be asked just now. "
            "Nothing was recorded; try again in a moment."
        ) from error
    if not found:
        raise invalid(pointer, "unknown_code", f"There is no {word} with the code {code}; record it first.")
    return found[0]


async def _look_again(owner: Owner, kept: Ref) -> list[Ref]:
    """The reference as it is now; nothing where the owner cannot say: what is known keeps working."""
    path, word, _ = _KINDS[type(kept)]
    try:
        answer = await _ask(owner, f"{path}/{kept.id}", {}, if_none_match=kept.etag)
        if answer.status_code == HTTPStatus.NOT_MODIFIED:
            return [kept.model_copy(update={"checked_at": datetime.now(UTC)})]
        return [_kept_of(type(kept), answer.json())]
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
        logger.warning("programs_answered", status=answer.status_code)
        raise _OutOfReach
    return answer


def _items_of(kind: type[Ref], code: str, answer: httpx.Response) -> list[Ref]:
    found = [_kept_of(kind, item) for item in answer.json()["items"]]
    if any(one.code != code for one in found):
        raise _OutOfReach  # whatever answered, it is not the list that was asked for
    return found


def _kept_of(kind: type[Ref], item: dict[str, Any]) -> Ref:
    _, _, names = _KINDS[kind]
    kept = {"code": item["code"], "id": item["id"], "etag": etag(item["version"]), "checked_at": datetime.now(UTC)}
    return kind.model_validate(kept | {name: item[name] for name in names})
