"""Every count of people. Set-based: one query answers all dates of a measure. Counts all rows, whoever asks."""

import re
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


# Each completion with its person, training and date, and why it is left out: null where it counts. The as-of date is
# no part of it, so that one reading serves all dates.
_COMPLETIONS: Final = """
    completions c
    JOIN enrollments e ON e.id = c.enrollment_id
    JOIN trainings t ON t.id = e.training_id
    JOIN courses k ON k.code = t.course_code
"""
# What was entered in error, itself or with its training, is looked at first: whatever else it says is not so.
_STANDS: Final = "c.voided_at IS NULL AND t.voided_at IS NULL"
_VOIDED: Final = f"WHEN NOT ({_STANDS}) THEN 'voided'"
_BY_AGENCY: Final = "(cardinality(:agency_codes) = 0 OR t.provider_agency_code = ANY (:agency_codes))"
_OF_NATIONALITY: Final = (
    "JOIN people p ON p.id = e.person_id AND p.nationality_code = coalesce(:nationality_code, p.nationality_code)"
)
_OTHER_PLACE: Final = """
    WHEN t.venue_kind <> :venue_kind THEN 'other_venue'
    WHEN :program_code IS NOT NULL AND t.program_code IS DISTINCT FROM :program_code THEN 'other_program'
"""
_FACTS: Final = {
    PeopleMeasure.instructors_trained: f"""
        WITH facts AS MATERIALIZED (
          SELECT e.person_id, e.training_id, c.completed_on,
                 CASE {_VOIDED} WHEN NOT {_BY_AGENCY} THEN 'other_provider' {_OTHER_PLACE} END AS left_out
          FROM {_COMPLETIONS} {_OF_NATIONALITY}
          WHERE k.type = 'training_of_trainers'
        )
    """,  # noqa: S608 - made of the constants above; every value is bound
    # Exactly one step: the lead completed a training of trainers of the agency before the led training began. Who
    # trained the lead's trainer does not matter.
    PeopleMeasure.officers_trained: f"""
        WITH trained AS (
          SELECT e.person_id, min(c.completed_on) AS first_on
          FROM {_COMPLETIONS}
          WHERE k.type = 'training_of_trainers' AND {_BY_AGENCY} AND {_STANDS}
          GROUP BY e.person_id
        ), led AS (
          SELECT a.training_id, coalesce(bool_or(trained.first_on < t.starts_on), false) AS is_by_trained_lead
          FROM instructor_assignments a
          JOIN trainings t ON t.id = a.training_id
          LEFT JOIN trained ON trained.person_id = a.person_id
          WHERE a.role = 'lead'
          GROUP BY a.training_id
        ), facts AS MATERIALIZED (
          SELECT e.person_id, e.training_id, c.completed_on,
                 CASE {_VOIDED} {_OTHER_PLACE}
                      WHEN led.training_id IS NULL THEN 'no_lead'
                      WHEN NOT led.is_by_trained_lead THEN 'lead_not_trained_by_agency' END AS left_out
          FROM {_COMPLETIONS} {_OF_NATIONALITY}
          LEFT JOIN led ON led.training_id = t.id
          WHERE k.type <> 'training_of_trainers'
        )
    """,  # noqa: S608 - as above
}
# A person counts from their first counted completion on: later ones change nothing.
_POINTS: Final = """
    , firsts AS MATERIALIZED (
      SELECT person_id, min(completed_on) AS recorded_on,
             min(completed_on) FILTER (WHERE left_out IS NULL) AS counted_on
      FROM facts WHERE left_out IS DISTINCT FROM 'voided' GROUP BY person_id
    )
    SELECT asked.as_of,
           (SELECT count(*) FROM firsts WHERE counted_on <= asked.as_of) AS persons,
           (SELECT count(*) FROM facts
            WHERE completed_on <= asked.as_of AND left_out IS DISTINCT FROM 'voided') AS records,
           (SELECT count(*) FROM firsts WHERE recorded_on <= asked.as_of) AS recorded_persons
    FROM unnest(:as_of) WITH ORDINALITY AS asked (as_of, place)
    ORDER BY asked.place
"""
_ACCOUNT: Final = """
    SELECT CASE WHEN left_out = 'voided' OR completed_on <= :as_of THEN left_out ELSE 'after_as_of' END AS reason,
           count(*) AS completions, count(DISTINCT person_id) AS persons, count(DISTINCT training_id) AS trainings
    FROM facts GROUP BY 1
"""


# A table that is read, which is its name before its alias.
_TABLE: Final = re.compile(r"\b(completions|enrollments|instructor_assignments|trainings|courses|people)(?= [a-z]\b)")


async def count_people(
    session: AsyncSession, measure: PeopleMeasure, scope: Scope, as_of: Sequence[date], until: int | None = None
) -> list[Count]:
    """The measure on each of the dates, in their order: distinct persons with a counted completion by then.

    `until`: the number of the feed up to which records are looked at; all of them where it is None.
    """
    statement = _ask(_FACTS[measure] + _POINTS, until).bindparams(bindparam("as_of", list(as_of), ARRAY(Date)))
    return [Count(**row) for row in await _rows(session, statement, scope)]


async def account_for(
    session: AsyncSession, measure: PeopleMeasure, scope: Scope, as_of: date, until: int | None = None
) -> Account:
    """What is counted on the date and what is left out, which together are all completions of the family."""
    statement = _ask(_FACTS[measure] + _ACCOUNT, until).bindparams(bindparam("as_of", as_of, Date))
    cells = {row.pop("reason"): Cell(**row) for row in await _rows(session, statement, scope)}
    counted = cells.pop(None, Cell(completions=0, persons=0, trainings=0))
    return Account(counted, {reason: cells[reason] for reason in LeftOut if reason in cells})


def _ask(question: str, until: int | None) -> TextClause:
    """The question of the tables as they are, or as they were known at a number of the feed: one text for both."""
    if until is None:
        return text(question)
    known = _TABLE.sub(r"known_\1(:until)", question)
    return text(known).bindparams(bindparam("until", until, BigInteger))


async def _rows(session: AsyncSession, statement: TextClause, scope: Scope) -> list[dict[str, Any]]:
    bound = statement.bindparams(
        bindparam("nationality_code", scope.nationality_code, Text),
        bindparam("agency_codes", list(scope.agency_codes), ARRAY(Text)),
        bindparam("venue_kind", scope.venue_kind, Text),
        bindparam("program_code", scope.program_code, Text),
    )
    connection = await session.connection()
    return [dict(row) for row in (await connection.execute(bound)).mappings()]
