"""Persons, attendances, completions, certifications and contact hours by any mix of filters and groups."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import BigInteger, Date, Integer, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.domain import Dimension, TrainingMeasure


@dataclass(frozen=True, slots=True)
class Filters:
    """What is counted. Each is a list of which one must hold; an empty one does not filter."""

    nationality_codes: tuple[str, ...] = ()
    country_codes: tuple[str, ...] = ()
    host_country_codes: tuple[str, ...] = ()
    program_codes: tuple[str, ...] = ()
    agency_codes: tuple[str, ...] = ()
    funder_codes: tuple[str, ...] = ()
    course_codes: tuple[str, ...] = ()
    course_types: tuple[str, ...] = ()
    venue_kinds: tuple[str, ...] = ()
    sexes: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    tiers: tuple[int, ...] = ()
    training_ids: tuple[uuid.UUID, ...] = ()
    from_date: date | None = None
    to_date: date | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """What was counted of one group. `key` has a value for each dimension asked for, null where none is recorded.

    parts: pairs of person and training from rosters, or certifications. persons: the distinct persons of those.
    unnamed: by headcounts, those who are on no roster. largest_headcount: of a single training.
    hours, and without_hours, those of `parts` of whom none are recorded: for contact hours, else 0.
    """

    key: tuple[str | None, ...]
    parts: int
    persons: int
    trainings: int
    hours: Decimal
    without_hours: int
    largest_headcount: int
    unnamed: int
    headcounts: int


@dataclass(frozen=True, slots=True)
class Part:
    """Seats or certifications that are counted, or left out for one reason."""

    parts: int
    persons: int
    trainings: int


_LISTS: Final = (
    "nationality_codes", "country_codes", "host_country_codes", "program_codes", "agency_codes", "funder_codes",
    "course_codes", "course_types", "venue_kinds", "sexes", "levels",
)  # fmt: skip
_ARGUMENTS: Final = (
    ":measure, :nationality_codes, :country_codes, :host_country_codes, :program_codes, :agency_codes, :funder_codes, "
    ":course_codes, :course_types, :venue_kinds, :sexes, :levels, :tiers, :training_ids, :from_date, :to_date, "
    ":by, :until"
)
_COUNT: Final = f"SELECT * FROM count_trainings({_ARGUMENTS}) ORDER BY key LIMIT :most"  # noqa: S608 - our own constants
_ACCOUNT: Final = f"SELECT * FROM account_for_trainings({_ARGUMENTS})"  # noqa: S608 - as above


async def count_trainings(
    session: AsyncSession,
    measure: TrainingMeasure,
    filters: Filters,
    by: Sequence[Dimension],
    *,
    most: int,
    until: int | None = None,
) -> list[Group]:
    """The measure for each group that there is, at most so many; one group where none is asked for.

    `until`: from what was recorded up to that number of the feed; None for all that is recorded.
    """
    statement = text(_COUNT).bindparams(bindparam("most", most, Integer))
    rows = await _rows(session, statement, measure, filters, by, until)
    return [Group(**row | {"key": tuple(row["key"])}) for row in rows]


async def account_for_trainings(
    session: AsyncSession, measure: TrainingMeasure, filters: Filters, until: int | None = None
) -> dict[str | None, Part]:
    """All seats, or all certifications: what is counted, under None, and what is left out, by reason."""
    rows = await _rows(session, text(_ACCOUNT), measure, filters, (), until)
    return {row.pop("reason"): Part(**row) for row in rows}


async def has_records(session: AsyncSession, measure: TrainingMeasure, until: int | None = None) -> bool:
    """Whether anything of what the measure counts is recorded at all: only then can it be zero."""
    statement = text("SELECT has_records FROM has_records(:measure, :until)").bindparams(
        bindparam("measure", measure.value, Text), bindparam("until", until, BigInteger)
    )
    return bool(await (await session.connection()).scalar(statement))


async def _rows(
    session: AsyncSession,
    statement: TextClause,
    measure: TrainingMeasure,
    filters: Filters,
    by: Sequence[Dimension],
    until: int | None,
) -> list[dict[str, Any]]:
    lists = {name: list(getattr(filters, name)) for name in _LISTS}
    bound = statement.bindparams(
        *(bindparam(name, values, ARRAY(Text)) for name, values in lists.items()),
        bindparam("tiers", list(filters.tiers), ARRAY(Integer)),
        bindparam("training_ids", list(filters.training_ids), ARRAY(Uuid)),
        bindparam("from_date", filters.from_date, Date),
        bindparam("to_date", filters.to_date, Date),
        bindparam("measure", measure.value, Text),
        bindparam("by", [dimension.value for dimension in by], ARRAY(Text)),
        bindparam("until", until, BigInteger),
    )
    connection = await session.connection()
    return [dict(row) for row in (await connection.execute(bound)).mappings()]
