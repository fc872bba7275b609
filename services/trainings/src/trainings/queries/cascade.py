"""What one person was taught and led, and who else led it."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from chassis.tokens import Caller
from sqlalchemy import Uuid, func, literal
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import domain
from trainings.models import Completion, Course, Enrollment, InstructorAssignment, Merge, Training
from trainings.queries import visibility


async def records_of(session: AsyncSession, caller: Caller, person_id: uuid.UUID) -> list[uuid.UUID]:
    """The record and all that are one person with it, as far as the caller may see them."""
    root = await session.scalar(select(func.canonical_person(person_id, type_=Uuid)))
    found = select(literal(root or person_id, Uuid).label("id")).cte(recursive=True)
    standing = visibility.about_people(Merge, caller).where(col(Merge.voided_at).is_(None))
    below = _only(standing, Merge.person_id, Merge.canonical_person_id).subquery()
    found = found.union(select(below.c.person_id).where(below.c.canonical_person_id == found.c.id))
    return list({person_id, *(await session.exec(select(found.c.id))).all()})


def _only(statement: Any, *columns: Any) -> Any:  # noqa: ANN401 - a statement of any row, and of these columns
    """Just these columns of the rows."""
    return statement.with_only_columns(*columns)


async def list_taught(
    session: AsyncSession, caller: Caller, person_ids: Sequence[uuid.UUID], as_of: date
) -> Sequence[tuple[uuid.UUID, date, str]]:
    """What the person of these records completed: training, day and type of course, in order."""
    statement = (
        visibility.about_people(Completion, caller)
        .join(Training, col(Enrollment.training_id) == Training.id)
        .join(Course, col(Training.course_code) == Course.code)
        .where(
            col(Enrollment.person_id).in_(person_ids),
            col(Completion.voided_at).is_(None),
            col(Training.voided_at).is_(None),
            Completion.completed_on <= as_of,
        )
        .order_by(col(Completion.completed_on), col(Training.id))
    )
    columns = _only(statement, Training.id, Completion.completed_on, Course.type)
    rows = await (await session.connection()).execute(columns)
    return [(row[0], row[1], row[2]) for row in rows]


async def list_led(
    session: AsyncSession, caller: Caller, person_ids: Sequence[uuid.UUID], as_of: date
) -> Sequence[tuple[uuid.UUID, date]]:
    """What the person of these records led, in order of its start."""
    statement = (
        visibility.about_people(InstructorAssignment, caller)
        .join(Training, col(InstructorAssignment.training_id) == Training.id)
        .where(
            col(InstructorAssignment.person_id).in_(person_ids),
            InstructorAssignment.role == domain.InstructorRole.lead,
            col(InstructorAssignment.voided_at).is_(None),
            col(Training.voided_at).is_(None),
            Training.starts_on <= as_of,
        )
        .order_by(col(Training.starts_on), col(Training.id))
    )
    rows = await (await session.connection()).execute(_only(statement, Training.id, Training.starts_on))
    return [(row[0], row[1]) for row in rows]


async def list_leads(
    session: AsyncSession, caller: Caller, training_ids: Sequence[uuid.UUID]
) -> Sequence[tuple[uuid.UUID, uuid.UUID]]:
    """Trainings and those who lead them, as far as the caller may see them."""
    statement = visibility.about_people(InstructorAssignment, caller).where(
        col(InstructorAssignment.training_id).in_(training_ids),
        InstructorAssignment.role == domain.InstructorRole.lead,
        col(InstructorAssignment.voided_at).is_(None),
    )
    columns = _only(statement, InstructorAssignment.training_id, InstructorAssignment.person_id)
    rows = await (await session.connection()).execute(columns)
    return [(row[0], row[1]) for row in rows]
