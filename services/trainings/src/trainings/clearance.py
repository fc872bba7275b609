"""Whether somebody may take a seat: what vettings came to, and for how long. Reads and changes nothing."""

import uuid
from datetime import date
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.models import Unit, VettingRecord


async def is_cleared(session: AsyncSession, person_id: uuid.UUID, unit_id: uuid.UUID | None, on: date) -> list[str]:
    """Why somebody, and their unit where it may use force, is not cleared on a day; empty where they are."""
    reasons = []
    if not await _is_approved(session, col(VettingRecord.person_id) == person_id, on):
        reasons.append("The person has no clearance that holds on that day.")
    unit = await session.get(Unit, unit_id) if unit_id is not None else None
    if (
        unit is not None
        and unit.is_security_force
        and not await _is_approved(session, col(VettingRecord.unit_id) == unit.id, on)
    ):
        reasons.append("The unit has no clearance that holds on that day.")
    return reasons


async def _is_approved(session: AsyncSession, subject: Any, on: date) -> bool:  # noqa: ANN401 - a condition
    statement = select(VettingRecord.id).where(
        subject,
        VettingRecord.result == "approved",
        col(VettingRecord.voided_at).is_(None),
        col(VettingRecord.result_on) <= on,
        col(VettingRecord.valid_until) >= on,
    )
    return (await session.exec(statement.limit(1))).first() is not None
