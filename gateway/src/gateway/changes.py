"""What changed, joined over the services: each part is read from its own position, and one that is missing keeps it."""

import asyncio
import heapq
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from itertools import islice
from typing import Any, Final

from chassis.changes import Kind, answer_history
from chassis.changes import read_changes as read_own_changes
from chassis.errors import DomainError, PositionAhead, PositionExpired, Unavailable
from chassis.logs import current_request_id
from chassis.paging import next_address
from chassis.tokens import Caller, mint_token
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from gateway import queries
from gateway.clients import ServiceDown, Services
from gateway.figures import Json
from gateway.models import metadata
from gateway.routing import TYPES
from gateway.service import MANAGER

GATEWAY: Final = "gateway"
_ADMIN: Final = frozenset({MANAGER})
KINDS: Final = (
    Kind(metadata.tables["grants"], roles=_ADMIN),
    Kind(
        metadata.tables["api_tokens"],
        name="tokens",
        clear=(
            "id", "version", "created_at", "updated_at", "user_id", "name", "key", "expires_at", "revoked_at", "role",
            "country_codes",
        ),
        roles=_ADMIN,
    ),
    Kind(metadata.tables["users"], roles=_ADMIN),
    Kind(
        metadata.tables["sign_in_links"],
        clear=("id", "version", "created_at", "updated_at", "user_id", "expires_at", "exchanged_at"),
        roles=_ADMIN,
        is_part=True,
    ),
)  # fmt: skip
_REFUSALS: Final[Mapping[int, type[DomainError]]] = {
    HTTPStatus.CONFLICT: PositionAhead,
    HTTPStatus.GONE: PositionExpired,
}


def read_position(position: str) -> dict[str, int]:
    """The number of each service in `position`, 0 for one that it does not name; of one named twice the lower."""
    numbers: dict[str, int] = {}
    for part in position.split(",") if position else ():
        service, _, number = part.partition(":")
        numbers[service] = min(int(number), numbers.get(service, int(number)))
    return {service: numbers.get(service, 0) for service in TYPES}


def write_position(numbers: Mapping[str, int]) -> str:
    """The text of a position."""
    return ",".join(f"{service}:{numbers[service]}" for service in TYPES if service in numbers)


async def join_changes(
    request: Request, session: AsyncSession, caller: Caller, *, types: Sequence[str], after: str, limit: int
) -> Json:
    """What `ChangePage` shows. Only the services that have any of `types` are asked."""
    position = read_position(after)
    asked = [service for service, its_types in TYPES.items() if not types or set(types) & set(its_types)]
    wanted = {service: [one for one in types if one in TYPES[service]] for service in asked}

    async def ask(service: str) -> Json | None:
        parameters = [("after", position[service]), ("limit", limit), *(("type", one) for one in wanted[service])]
        try:
            seconds: float = request.app.state.settings.changes_deadline_seconds
            return dict(await _ask(request, caller, service, "/v1/changes", parameters, seconds))
        except ServiceDown as down:
            if down.refusal is not None and down.refusal.status_code in _REFUSALS:
                raise _refused(service, down.problem, down.refusal.status_code) from down
            return None

    # The gateway's own part comes last, so that no connection is held while others are waited for.
    others = [service for service in asked if service != GATEWAY]
    parts = dict(zip(others, await asyncio.gather(*(ask(service) for service in others)), strict=True))
    if GATEWAY in asked:
        try:
            parts[GATEWAY] = await read_own_changes(
                session,
                caller,
                KINDS,
                types=wanted[GATEWAY],
                after=position[GATEWAY],
                limit=limit,
                retention_days=request.app.state.settings.feed_retention_days,
            )
        except (PositionAhead, PositionExpired) as refusal:
            problem = {"detail": refusal.detail, **refusal.extra}
            raise _refused(GATEWAY, problem, refusal.status) from refusal
    answered = {service: part for service, part in parts.items() if part is not None}
    return await _join(request, session, answered, position, limit) | {
        "missing": sorted(service for service, part in parts.items() if part is None)
    }


async def _join(
    request: Request, session: AsyncSession, parts: Mapping[str, Json], position: dict[str, int], limit: int
) -> Json:
    # Merged by time, and yet each service's in the order of its numbers whatever its clock said.
    streams = [[{**one, "service": service} for one in part["items"]] for service, part in parts.items()]
    merged = heapq.merge(*streams, key=_when)
    taken = list(islice(merged, limit))
    left: dict[str, int] = {}
    for one in merged:
        left.setdefault(one["service"], one["number"])
    for service, part in parts.items():
        position[service] = left[service] - 1 if service in left else part["position"]
    heads = {service: part["head"] for service, part in parts.items()}
    is_behind = any(position[service] < head for service, head in heads.items())
    request.state.next_address = next_address(request, write_position(position), "after") if is_behind else None
    return {
        "items": await _with_actors(session, taken),
        "position": write_position(position),
        "head": write_position(heads),
        "next": request.state.next_address,
    }


def _when(transaction: Json) -> datetime:
    at = transaction["recorded_at"]
    return at if isinstance(at, datetime) else datetime.fromisoformat(at)


async def join_history(
    request: Request,
    session: AsyncSession,
    caller: Caller,
    *,
    subject: str,
    limit: int,
    cursor: str | None,
) -> Json | Response:
    """What `HistoryPage` shows, or the owner's own refusal."""
    owner = next(service for service, types in TYPES.items() if subject.partition("/")[0] in types)
    if owner == GATEWAY:
        page = await answer_history(request, session, caller, KINDS, subject=subject, limit=limit, cursor=cursor)
    else:
        try:
            parameters = request.query_params.multi_items()
            seconds: float = request.app.state.settings.proxy_timeout_seconds
            page = dict(await _ask(request, caller, owner, "/v1/history", parameters, seconds))
        except ServiceDown as down:
            if down.refusal is not None:
                return down.refusal
            raise Unavailable(f"The {owner} service cannot be reached just now. Try again.") from down
        request.state.next_address = page["next"]
    return page | {"items": await _with_actors(session, page["items"])}


async def _ask(
    request: Request,
    caller: Caller,
    service: str,
    path: str,
    parameters: Any,  # noqa: ANN401 - as httpx takes them
    seconds: float,
) -> Mapping[str, Any]:
    """The service's answer; `ServiceDown` where it does not come within the time."""
    services: Services = request.app.state.services
    token = mint_token(request.app.state.token_private_key, caller, current_request_id())
    try:
        async with asyncio.timeout(seconds):
            return await services.read(service, path, token, seconds, parameters)
    except TimeoutError as error:
        raise ServiceDown(service, "timeout") from error


def _refused(service: str, problem: Mapping[str, Any], status: int) -> DomainError:
    """A service's refusal of its number, said of the whole position."""
    detail = f"In `after`, {service}: {problem['detail']}"
    return _REFUSALS[status](detail, service=service, head=problem["head"], downloads=problem["downloads"])


async def _with_actors(session: AsyncSession, items: Sequence[Json]) -> list[Json]:
    """`items` with who made each change; all names by one question."""
    known = await queries.find_actors(session, {one["actor_id"] for one in items})
    return [
        {name: value for name, value in one.items() if name != "actor_id"} | {"actor": known[one["actor_id"]]}
        for one in items
    ]
