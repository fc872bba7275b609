"""Who among the people has a mark of a name: asked of the database's own functions.

No rule of row security lets an index of arrays be used before it, so a plain question would go through all people of
the caller's countries. The functions look in the index first and hold each person against the same rule after.
"""

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Text, cast, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.models import Person

_ASKED_AT_ONCE = 500


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


def marked_by_all(wanted: Sequence[Sequence[bytes]]) -> ColumnElement[bool]:
    """People with a mark of their name of each of the lists; nobody where there is none."""
    words = ["{" + ",".join(rf'"\\x{mark.hex()}"' for mark in marks) + "}" for marks in wanted]
    return col(Person.id).in_(select(func.people_named(cast(words, ARRAY(Text)))))
