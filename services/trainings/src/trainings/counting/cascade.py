"""The cascade: generations of people, trainings that came of others, and what an agency reached."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import BigInteger, Date, Integer, Text, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel.ext.asyncio.session import AsyncSession


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose people, and what came of which agencies' first trainings; empty for all. Trainings begun by `on_date`."""

    on_date: date
    nationality_codes: tuple[str, ...] = ()
    agency_codes: tuple[str, ...] = ()
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """The trainings of one tier, and their people; of all tiers together where `tier` is null.

    persons: distinct in the tier. first_persons: those of them who completed nothing of a lower tier. instructors:
    who completed a training of trainers in it; leading: those of them who ever led; active: in the last 12 months.
    """

    tier: int | None
    trainings: int
    persons: int
    first_persons: int
    completions: int
    attendances: int | None
    mixed_trainings: int | None
    older_version_trainings: int | None
    short_trainings: int | None
    instructors: int | None
    active_instructors: int | None
    leading_instructors: int | None


@dataclass(frozen=True, slots=True)
class Outside:
    """Trainings of which no tier is known, and why."""

    reason: str
    trainings: int
    persons: int
    completions: int


@dataclass(frozen=True, slots=True)
class Node:
    """A training in the cascade, with the training that its first lead came from."""

    training_id: uuid.UUID
    parent_id: uuid.UUID | None
    other_parents: int | None
    tier: int
    is_mixed: bool
    is_older_version: bool
    is_short: bool
    code: str | None
    title: str | None
    course_code: str
    starts_on: date
    provider_agency_code: str
    is_for_trainers: bool
    persons: int


@dataclass(frozen=True, slots=True)
class Reach:
    """What came of some trainings, by tier; over all tiers where `tier` is null."""

    tier: int | None
    trainings: int
    persons: int
    completions: int


@dataclass(frozen=True, slots=True)
class Place:
    """A training's tier, or why none is known."""

    tier: int | None
    unknown_reason: str | None


async def find_place(session: AsyncSession, training_id: uuid.UUID, until: int | None) -> Place | None:
    """Where a training stands; None where nobody leads it."""
    statement = text("SELECT tier, unknown_reason FROM training_tiers(:until) WHERE training_id = :training_id")
    bound = statement.bindparams(bindparam("until", until, BigInteger), bindparam("training_id", training_id, Uuid))
    row = (await (await session.connection()).execute(bound)).mappings().one_or_none()
    return Place(**row) if row else None


async def list_generations(session: AsyncSession, scope: Scope) -> list[Generation]:
    """Tier by tier, and the union last."""
    rows = await _rows(session, "cascade_generations(:nationalities, :agencies, :on_date, :until)", scope)
    return [Generation(**row) for row in rows]


async def list_outside(session: AsyncSession, scope: Scope) -> list[Outside]:
    """What stands outside the cascade, whoever provided it."""
    return [Outside(**row) for row in await _rows(session, "outside_cascade(:nationalities, :on_date, :until)", scope)]


async def list_overlaps(session: AsyncSession, scope: Scope, agency_code: str) -> dict[str, int]:
    """By other agency, the persons that both it and this one reached."""
    call = "cascade_overlaps(:agency, :nationalities, :on_date, :until)"
    rows = await _rows(session, call, scope, bindparam("agency", agency_code, Text))
    return {row["agency_code"]: row["persons"] for row in rows}


async def list_nodes(session: AsyncSession, scope: Scope, most: int) -> list[Node]:
    """The trainings of the cascade in order of tier and start, at most so many."""
    call = "cascade_nodes(:nationalities, :agencies, :on_date, :most, :until)"
    return [Node(**row) for row in await _rows(session, call, scope, bindparam("most", most, Integer))]


async def list_descendants(
    session: AsyncSession, training_ids: Sequence[uuid.UUID], scope: Scope, most: int
) -> list[Node]:
    """The trainings themselves and all that came of them, at most so many."""
    call = "cascade_descendants(:trainings, :nationalities, :on_date, :most, :until)"
    more = (bindparam("trainings", list(training_ids), ARRAY(Uuid)), bindparam("most", most, Integer))
    return [Node(**row) for row in await _rows(session, call, scope, *more)]


async def count_leads(session: AsyncSession, training_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How many lead each training, those included whom the caller may not see."""
    statement = text("SELECT * FROM count_leads(:trainings)")
    bound = statement.bindparams(bindparam("trainings", list(training_ids), ARRAY(Uuid)))
    return {row.training_id: row.leads for row in await (await session.connection()).execute(bound)}


async def measure_reach(session: AsyncSession, training_ids: Sequence[uuid.UUID], scope: Scope) -> list[Reach]:
    """The trainings and all that came of them by tier, and the union last."""
    call = "cascade_reach(:trainings, :nationalities, :on_date, :until)"
    rows = await _rows(session, call, scope, bindparam("trainings", list(training_ids), ARRAY(Uuid)))
    return [Reach(**row) for row in rows]


_NAMES: Final[dict[str, tuple[str, Any]]] = {
    "nationalities": ("nationality_codes", ARRAY(Text)),
    "agencies": ("agency_codes", ARRAY(Text)),
    "on_date": ("on_date", Date),
    "until": ("until", BigInteger),
}


async def _rows(session: AsyncSession, call: str, scope: Scope, *more: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """What a function of the database answers; `call` is one of the texts above."""
    bound: list[Any] = []
    for name, (attribute, kind) in _NAMES.items():
        if f":{name}" in call:
            value = getattr(scope, attribute)
            bound.append(bindparam(name, list(value) if isinstance(value, tuple) else value, kind))
    statement = text(f"SELECT * FROM {call}").bindparams(*bound, *more)  # noqa: S608 - our own constants
    connection = await session.connection()
    return [dict(row) for row in (await connection.execute(statement)).mappings()]
