"""Who among the people has a mark of a name: asked of the database's own functions.

No rule of row security lets an index of arrays be used before it, so a plain question would go through all people of
the caller's countries. The functions look in the index first and hold each person against the same rule after.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, text
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.models import Person
from trainings.queries.filters import any_of

_ASKED_AT_ONCE: Final = 500
_MOST_NAMED: Final = 1_000
_NAME_MARKS: Final[Any] = Person.name_marks


async def find_marked(session: AsyncSession, marks: Sequence[bytes], most: int) -> dict[bytes, list[uuid.UUID]]:
    """By mark, of the people that have it and the caller may see, the `most` recorded last, those first."""
    connection = await session.connection()
    statement = text("SELECT mark, people FROM people_marked(CAST(:marks AS bytea[]), :most)")
    found: dict[bytes, list[uuid.UUID]] = {}
    for start in range(0, len(marks), _ASKED_AT_ONCE):
        given = {"marks": list(marks[start : start + _ASKED_AT_ONCE]), "most": most}
        found |= {row.mark: row.people for row in await connection.execute(statement, given)}
    return found


def rank_marked(
    marked: Mapping[bytes, Sequence[uuid.UUID]], every: Sequence[bytes], firsts: Sequence[bytes]
) -> list[uuid.UUID]:
    """Those with one of `firsts` before all others with one of `every`, in each the ones recorded last first."""
    first = {one for mark in firsts for one in marked[mark]}
    others = {one for mark in every for one in marked[mark]} - first
    return [*sorted(first, reverse=True), *sorted(others, reverse=True)]


async def find_named(session: AsyncSession, wanted: Sequence[Sequence[bytes]]) -> ColumnElement[bool]:
    """People with a mark of their name of each of the lists, as a condition; `wanted` has one list at least.

    A few are named by their ids. Where there are many, a page of them is soon found among all people in its order.
    """
    words = ["{" + ",".join(rf'"\\x{mark.hex()}"' for mark in marks) + "}" for marks in wanted]
    statement = text("SELECT ARRAY(SELECT people_named(CAST(:words AS text[]), :most))")
    found = await (await session.connection()).scalar(statement, {"words": words, "most": _MOST_NAMED + 1})
    if len(found) <= _MOST_NAMED:
        named: ColumnElement[bool] = any_of(Person.id, found)
        return named
    return and_(*(_NAME_MARKS.overlap(list(marks)) for marks in wanted))
