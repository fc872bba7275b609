"""What a write names must be there, and be visible to whoever names it."""

import uuid
from datetime import UTC, date, datetime
from typing import Final

from chassis.errors import invalid
from chassis.tokens import Caller
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import queries
from trainings.models import Enrollment, Person, Training, Unit
from trainings.service.words import NO_COURSE, NO_ENROLLMENT, NO_PERSON, NO_TRAINING, NO_UNIT

WRITER: Final = "officer"


def today() -> date:
    """The day it is, in UTC."""
    return datetime.now(UTC).date()


async def require_course(session: AsyncSession, pointer: str, code: str | None) -> None:
    """The course with this code is recorded, where one is named."""
    if code is not None and await queries.find_course(session, code) is None:
        raise invalid(pointer, "unknown_code", NO_COURSE)


async def require_training(session: AsyncSession, training_id: uuid.UUID) -> Training:
    """The training with this id."""
    training = await session.get(Training, training_id)
    if training is None:
        raise invalid("#/training_id", "unknown_id", NO_TRAINING)
    return training


async def require_person(session: AsyncSession, caller: Caller, person_id: uuid.UUID) -> Person:
    """Somebody of another country is as unknown as nobody: a refusal must not say that they are recorded."""
    person = await queries.find_about_person(session, caller, Person, person_id)
    if person is None:
        raise invalid("#/person_id", "unknown_id", NO_PERSON)
    return person


async def require_unit(session: AsyncSession, caller: Caller, unit_id: uuid.UUID) -> Unit:
    """A unit of another country is as unknown as none."""
    unit = await queries.find_about_person(session, caller, Unit, unit_id)
    if unit is None:
        raise invalid("#/unit_id", "unknown_id", NO_UNIT)
    return unit


async def require_enrollment(
    session: AsyncSession, caller: Caller, enrollment_id: uuid.UUID, *, lock: bool = False
) -> Enrollment:
    """The seat of somebody the caller may see."""
    enrollment = await queries.find_about_person(session, caller, Enrollment, enrollment_id, lock=lock)
    if enrollment is None:
        raise invalid("#/enrollment_id", "unknown_id", NO_ENROLLMENT)
    return enrollment
