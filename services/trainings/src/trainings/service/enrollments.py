"""What may be done to seats: who may take one, how it goes on, attendance, completions."""

import uuid
from datetime import date
from decimal import Decimal

from chassis.errors import invalid
from chassis.resources import change_row, check_version, get_row, new_row, touch_row, write_row
from chassis.tokens import Caller
from chassis.voids import VoidCreate, check_not_voided, void_row
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import domain, queries
from trainings.clearance import is_cleared
from trainings.domain import EnrollmentStatus, VettingBasis
from trainings.models import Attendance, Completion, Course, CourseVersion, Enrollment, Training, TrainingSession
from trainings.privacy import MasterKey
from trainings.schemas.attendances import AttendanceCreate, AttendanceUpdate
from trainings.schemas.completions import CompletionCreate
from trainings.schemas.enrollments import EnrollmentCreate, EnrollmentTransition, EnrollmentUpdate
from trainings.service.loading import (
    WRITER,
    require_enrollment,
    require_person,
    require_training,
    require_unit,
    today,
)
from trainings.service.words import NO_SESSION
from trainings.settings import TrainingsSettings


async def create_enrollment(
    session: AsyncSession, caller: Caller, body: EnrollmentCreate, settings: TrainingsSettings, key: MasterKey
) -> Enrollment:
    """Give a person a seat in a training."""
    caller.require_role(WRITER)
    training = await require_training(session, body.training_id)
    person = await require_person(session, caller, body.person_id)
    born = key.reveal(person)["birth_date"]
    basis, status = begin_seat(body, training, date.fromisoformat(born) if born else None, settings)
    unit_id = body.unit_id if "unit_id" in body.model_fields_set else person.unit_id
    if body.unit_id is not None:
        await require_unit(session, caller, body.unit_id)
    seat = new_row(Enrollment, body, status=status, vetting_basis=basis, unit_id=unit_id)
    if status in domain.CLEARED_STATUSES:
        await _require_clearance(session, seat, training, settings)
    return await write_row(session, seat)


def begin_seat(
    body: EnrollmentCreate, training: Training, birth_date: date | None, settings: TrainingsSettings
) -> tuple[VettingBasis, EnrollmentStatus]:
    """On which basis a seat is given and as what it begins; refuses whoever may not have one."""
    domain.check_age(birth_date, training.starts_on, settings.least_age_years)
    basis = body.vetting_basis or domain.default_vetting_basis(training.starts_on, settings.vetting_required_from)
    domain.check_vetting_basis(basis, body.vetting_reason, training.starts_on, settings.vetting_required_from)
    waits = basis is VettingBasis.required
    status = body.status or (EnrollmentStatus.nominated if waits else EnrollmentStatus.enrolled)
    domain.check_first_status(status)
    return basis, status


def check_seat_cleared(
    basis: VettingBasis, reason: str | None, training: Training, settings: TrainingsSettings, faults: list[str]
) -> None:
    """The gate: whoever takes a seat is cleared on the first day, or it is recorded why that is not needed.

    `faults`: what a clearance lacks; it counts where one is required.
    """
    fault = domain.find_basis_fault(basis, reason, training.starts_on, settings.vetting_required_from)
    reasons = [fault.message] if fault is not None else []
    if basis is VettingBasis.required:
        reasons = faults
    if reasons:
        raise domain.SeatNotCleared(training.starts_on, reasons)


def completion_rule(
    version: CourseVersion | None,
    course: Course | None,
    attended_hours: Decimal | None,
    post_score: Decimal | None,
    settings: TrainingsSettings,
) -> domain.CompletionRule:
    """What a completion asks for: what the version says wins over what the course says."""
    of_version = version.designed_hours if version else None
    share = version.required_share if version else None
    return domain.CompletionRule(
        designed_hours=of_version or (course.designed_hours if course else None),
        required_share=Decimal(settings.completion_required_share) if share is None else share,
        attended_hours=attended_hours,
        pass_mark=version.pass_mark if version else None,
        post_score=post_score,
    )


async def update_enrollment(
    session: AsyncSession,
    caller: Caller,
    enrollment_id: uuid.UUID,
    version: int,
    body: EnrollmentUpdate,
    settings: TrainingsSettings,
) -> Enrollment:
    """Change a seat that the caller has read at `version`. What it was cleared or completed by must still hold."""
    caller.require_role(WRITER)
    enrollment = await queries.get_about_person(session, caller, Enrollment, enrollment_id, lock=True)
    check_not_voided(enrollment)
    check_version(enrollment, version)
    changes = body.model_dump(exclude_unset=True)
    after = Enrollment(**enrollment.model_dump() | changes)
    training = await get_row(session, Training, enrollment.training_id)
    if changes.get("unit_id") is not None:
        await require_unit(session, caller, changes["unit_id"])
    if changes.keys() & {"vetting_basis", "vetting_reason", "unit_id"}:
        domain.check_vetting_basis(
            VettingBasis(after.vetting_basis), after.vetting_reason, training.starts_on, settings.vetting_required_from
        )
        if after.status in domain.CLEARED_STATUSES | {EnrollmentStatus.completed}:
            await _require_clearance(session, after, training, settings)
    if after.status == EnrollmentStatus.completed and changes.keys() & {"post_score", "hours_attended"}:
        await _require_completion_rule(session, after, training, settings)
    return await change_row(session, enrollment, version, body)


async def advance_enrollment(
    session: AsyncSession,
    caller: Caller,
    enrollment_id: uuid.UUID,
    version: int,
    body: EnrollmentTransition,
    settings: TrainingsSettings,
) -> Enrollment:
    """Let a seat that the caller has read at `version` go on."""
    caller.require_role(WRITER)
    enrollment = await queries.get_about_person(session, caller, Enrollment, enrollment_id, lock=True)
    check_not_voided(enrollment)
    check_version(enrollment, version)
    training = await get_row(session, Training, enrollment.training_id)
    check_not_voided(training)
    domain.check_enrollment_transition(EnrollmentStatus(enrollment.status), body.to)
    if body.to in domain.CLEARED_STATUSES:
        await _require_clearance(session, enrollment, training, settings)
    enrollment.status = body.to
    return await touch_row(session, enrollment)


async def void_enrollment(
    session: AsyncSession, caller: Caller, enrollment_id: uuid.UUID, version: int, body: VoidCreate
) -> Enrollment:
    """Void a seat that the caller has read at `version`: nothing counts it, and the person may get another."""
    caller.require_role(WRITER)
    enrollment = await queries.get_about_person(session, caller, Enrollment, enrollment_id, lock=True)
    domain.check_voidable(EnrollmentStatus(enrollment.status))
    return await void_row(session, caller, enrollment, version, body)


async def create_attendance(session: AsyncSession, caller: Caller, body: AttendanceCreate) -> Attendance:
    """Record how long an enrolled person was in a session."""
    caller.require_role(WRITER)
    enrollment = await require_enrollment(session, caller, body.enrollment_id)
    check_not_voided(enrollment)
    held = await session.get(TrainingSession, body.session_id)
    if held is None:
        raise invalid("#/session_id", "unknown_id", NO_SESSION)
    if held.training_id != enrollment.training_id:
        raise invalid("#/session_id", "of_another_training", "This session is of another training than the seat.")
    domain.check_attendance(body.hours, held.hours)
    return await write_row(session, new_row(Attendance, body, training_id=enrollment.training_id))


async def update_attendance(
    session: AsyncSession,
    caller: Caller,
    attendance_id: uuid.UUID,
    version: int,
    body: AttendanceUpdate,
    settings: TrainingsSettings,
) -> Attendance:
    """Correct the hours of an attendance that the caller has read at `version`."""
    caller.require_role(WRITER)
    attendance = await queries.get_about_person(session, caller, Attendance, attendance_id, lock=True)
    held = await get_row(session, TrainingSession, attendance.session_id)
    domain.check_attendance(attendance.hours if body.hours is None else body.hours, held.hours)
    changed = await change_row(session, attendance, version, body)
    enrollment = await get_row(session, Enrollment, attendance.enrollment_id)
    if enrollment.status == EnrollmentStatus.completed:
        training = await get_row(session, Training, enrollment.training_id)
        await _require_completion_rule(session, enrollment, training, settings)
    return changed


async def create_completion(
    session: AsyncSession, caller: Caller, body: CompletionCreate, settings: TrainingsSettings
) -> Completion:
    """Record that an enrolled person completed the training, which completes the seat."""
    caller.require_role(WRITER)
    enrollment = await require_enrollment(session, caller, body.enrollment_id, lock=True)
    check_not_voided(enrollment)
    training = await get_row(session, Training, enrollment.training_id)
    domain.check_completion(body.completed_on, training.starts_on, today())
    domain.check_completable(EnrollmentStatus(enrollment.status))
    await _require_clearance(session, enrollment, training, settings)
    await _require_completion_rule(session, enrollment, training, settings)
    return await write_row(session, new_row(Completion, body))


async def void_completion(
    session: AsyncSession, caller: Caller, completion_id: uuid.UUID, version: int, body: VoidCreate
) -> Completion:
    """Void a completion that the caller has read at `version`; the seat is as it was before it."""
    caller.require_role(WRITER)
    completion = await queries.get_about_person(session, caller, Completion, completion_id, lock=True)
    return await void_row(session, caller, completion, version, body)


async def _require_clearance(
    session: AsyncSession, seat: Enrollment, training: Training, settings: TrainingsSettings
) -> None:
    basis = VettingBasis(seat.vetting_basis)
    needed = basis is VettingBasis.required
    faults = await is_cleared(session, seat.person_id, seat.unit_id, training.starts_on) if needed else []
    check_seat_cleared(basis, seat.vetting_reason, training, settings, faults)


async def _require_completion_rule(
    session: AsyncSession, seat: Enrollment, training: Training, settings: TrainingsSettings
) -> None:
    """What the course asks for was done, as far as it is recorded."""
    version = None
    if training.course_version_id is not None:
        version = await get_row(session, CourseVersion, training.course_version_id)
    course = await queries.find_course(session, training.course_code)
    hours = await queries.attended_hours(session, seat)
    domain.check_completion_rule(completion_rule(version, course, hours, seat.post_score, settings))
