"""Questions about seats and who led: enrollments, attendances, completions, instructor assignments."""

from decimal import Decimal

from chassis.paging import Listing
from chassis.tokens import Caller
from chassis.voids import is_voided_filter
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.models import Attendance, Completion, Enrollment, InstructorAssignment, TrainingSession
from trainings.queries import visibility


async def attended_hours(session: AsyncSession, enrollment: Enrollment) -> Decimal | None:
    """The hours of a seat in sessions that stand; where attendance is not taken for each, in all; None: not known."""
    if await session.scalar(select(func.takes_attendance(enrollment.training_id))):
        statement = (
            select(func.coalesce(func.sum(Attendance.hours), 0))
            .join(TrainingSession, col(Attendance.session_id) == TrainingSession.id)
            .where(Attendance.enrollment_id == enrollment.id, col(TrainingSession.voided_at).is_(None))
        )
        return Decimal((await session.exec(statement)).one())
    return enrollment.hours_attended


def enrollments(caller: Caller) -> Listing:
    """The enrollments of people the caller may see."""
    return Listing(
        statement=visibility.about_people(Enrollment, caller),
        filters={
            "training_id": Enrollment.training_id,
            "person_id": Enrollment.person_id,
            "status": Enrollment.status,
            "level": Enrollment.level,
            "unit_id": Enrollment.unit_id,
            "vetting_basis": Enrollment.vetting_basis,
            "is_voided": is_voided_filter(Enrollment.voided_at),
        },
        sorts={"created_at": Enrollment.created_at, "updated_at": Enrollment.updated_at},
        id=Enrollment.id,
    )


def attendances(caller: Caller) -> Listing:
    """The attendances of people the caller may see."""
    return Listing(
        statement=visibility.about_people(Attendance, caller),
        filters={
            "training_id": Attendance.training_id,
            "enrollment_id": Attendance.enrollment_id,
            "session_id": Attendance.session_id,
            "person_id": Enrollment.person_id,
        },
        sorts={"created_at": Attendance.created_at, "updated_at": Attendance.updated_at},
        id=Attendance.id,
    )


def completions(caller: Caller) -> Listing:
    """The completions of people the caller may see."""
    return Listing(
        statement=visibility.about_people(Completion, caller),
        filters={
            "enrollment_id": Completion.enrollment_id,
            "training_id": Enrollment.training_id,
            "person_id": Enrollment.person_id,
            "completed_on": Completion.completed_on,
            "is_voided": is_voided_filter(Completion.voided_at),
        },
        sorts={"completed_on": Completion.completed_on, "created_at": Completion.created_at},
        id=Completion.id,
    )


def instructor_assignments(caller: Caller) -> Listing:
    """The instructor assignments of people the caller may see."""
    return Listing(
        statement=visibility.about_people(InstructorAssignment, caller),
        filters={
            "training_id": InstructorAssignment.training_id,
            "person_id": InstructorAssignment.person_id,
            "role": InstructorAssignment.role,
            "is_voided": is_voided_filter(InstructorAssignment.voided_at),
        },
        sorts={"created_at": InstructorAssignment.created_at, "updated_at": InstructorAssignment.updated_at},
        id=InstructorAssignment.id,
    )
