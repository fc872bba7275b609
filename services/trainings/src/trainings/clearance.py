"""Whether somebody may take a seat: what is missing, in words. The rule itself is a function of the database."""

import uuid
from datetime import date

from sqlalchemy import Text, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession


async def is_cleared(session: AsyncSession, person_id: uuid.UUID, unit_id: uuid.UUID | None, on: date) -> list[str]:
    """Why a person, of a unit if one is named, is not cleared on a day; empty where they are.

    The last vetting decided by then must be an approval that holds on the day: of the person, and where the unit is a
    security force, of the unit and of its commander. What the caller may not see is not cleared.
    """
    faults = func.clearance_faults(person_id, unit_id, on, type_=ARRAY(Text))
    return list((await session.exec(select(faults))).one())
