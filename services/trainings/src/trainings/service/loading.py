"""What a write names must be there, and be visible to whoever names it; and the day that it is written on."""

import uuid
from datetime import UTC, date, datetime
from typing import Final, TypeVar

from chassis.errors import invalid
from chassis.tokens import Caller
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import queries
from trainings.models import Enrollment, Person, Training, Unit
from trainings.service.words import NO_COURSE, NO_ENROLLMENT, NO_PERSON, NO_TRAINING, NO_UNIT

WRITER: Final = "officer"
Row = TypeVar("Row")


def today() -> date:
    """The day it is, in UTC."""
    return datetime.now(UTC).date()


async def require_course(session: AsyncSession, pointer: str, code: str | None) -> None:
    """The course with this code is recorded, where one is named."""
    if code is not None and await queries.find_course(session, code) is None:
        raise invalid(pointer, "unknown_code", NO_COURSE)


async def require_training(session: AsyncSession, training_id: uuid.UUID) -> Training:
    """The training with this id."""
    return _known(await session.get(Training, training_id), "#/training_id", NO_TRAINING)


async def require_person(
    session: AsyncSession, caller: Caller, person_id: uuid.UUID, pointer: str = "#/person_id"
) -> Person:
    """Somebody of another country is as unknown as nobody: a refusal must not say that they are recorded."""
    return _known(await queries.find_about_person(session, caller, Person, person_id), pointer, NO_PERSON)


async def require_unit(session: AsyncSession, caller: Caller, unit_id: uuid.UUID, pointer: str = "#/unit_id") -> Unit:
    """A unit of another country is as unknown as none."""
    return _known(await queries.find_about_person(session, caller, Unit, unit_id), pointer, NO_UNIT)


async def require_enrollment(
    session: AsyncSession, caller: Caller, enrollment_id: uuid.UUID, *, lock: bool = False
) -> Enrollment:
    """The seat of somebody the caller may see."""
    enrollment = await queries.find_about_person(session, caller, Enrollment, enrollment_id, lock=lock)
    return _known(enrollment, "#/enrollment_id", NO_ENROLLMENT)


def _known(row: Row | None, pointer: str, message: str) -> Row:
    if row is None:
        raise invalid(pointer, "unknown_id", message)
    return row
