"""Instructors and officers trained. One query answers all dates of a measure, and counts all rows, whoever asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import BigInteger, Date, Text, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.domain import Cell, LeftOut, PeopleMeasure


@dataclass(frozen=True, slots=True)
class Scope:
    """What a series declares. What it does not declare does not filter."""

    nationality_code: str | None = None
    agency_codes: tuple[str, ...] = ()
    venue_kind: str | None = None
    program_code: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """A measure on a date. `records` and `recorded_persons` are of the whole family and nationality, unfiltered.

    What was voided is no record.
    """

    as_of: date
    persons: int
    records: int
    recorded_persons: int


@dataclass(frozen=True, slots=True)
class Account:
    """Each completion of the family and nationality once: counted, or left out for one reason."""

    counted: Cell
    left_out: dict[LeftOut, Cell]


# The rules are functions of the database, which read all rows whoever asks: see `counting_sql`.
_COUNT: Final = """
    SELECT * FROM count_people(:measure, :nationality_code, :agency_codes, :venue_kind, :program_code, :as_of, :until)
"""
_ACCOUNT: Final = """
    SELECT * FROM account_for(:measure, :nationality_code, :agency_codes, :venue_kind, :program_code, :as_of, :until)
"""


async def count_people(
    session: AsyncSession, measure: PeopleMeasure, scope: Scope, as_of: Sequence[date], until: int | None = None
) -> list[Count]:
    """The measure on each of the dates, in their order: distinct persons with a counted completion by then.

    `until`: from what was recorded up to that number of the feed; None for all that is recorded.
    """
    statement = text(_COUNT).bindparams(bindparam("as_of", list(as_of), ARRAY(Date)))
    return [Count(**row) for row in await _rows(session, statement, measure, scope, until)]


async def account_for(
    session: AsyncSession, measure: PeopleMeasure, scope: Scope, as_of: date, until: int | None = None
) -> Account:
    """What is counted on the date and what is left out, which together are all completions of the family."""
    statement = text(_ACCOUNT).bindparams(bindparam("as_of", as_of, Date))
    cells = {row.pop("reason"): Cell(**row) for row in await _rows(session, statement, measure, scope, until)}
    counted = cells.pop(None, Cell(completions=0, persons=0, trainings=0))
    return Account(counted, {reason: cells[reason] for reason in LeftOut if reason in cells})


async def _rows(
    session: AsyncSession, statement: TextClause, measure: PeopleMeasure, scope: Scope, until: int | None
) -> list[dict[str, Any]]:
    bound = statement.bindparams(
        bindparam("measure", measure.value, Text),
        bindparam("nationality_code", scope.nationality_code, Text),
        bindparam("agency_codes", list(scope.agency_codes), ARRAY(Text)),
        bindparam("venue_kind", scope.venue_kind, Text),
        bindparam("program_code", scope.program_code, Text),
        bindparam("until", until, BigInteger),
    )
    connection = await session.connection()
    return [dict(row) for row in (await connection.execute(bound)).mappings()]
