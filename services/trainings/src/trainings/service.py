"""What may be done to courses, trainings and people's parts in them: load, decide, write. No HTTP, no commit."""

import uuid
from datetime import UTC, date, datetime
from typing import Any, Final

from chassis.errors import invalid
from chassis.resources import change_row, check_version, get_row, new_row, write_row
from chassis.tokens import Caller
from chassis.voids import VoidCreate, check_not_voided, void_row
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import domain, queries, references
from trainings.models import (
    AgencyRef,
    Completion,
    Course,
    Enrollment,
    InstructorAssignment,
    Person,
    ProgramRef,
    Training,
)
from trainings.references import Owner, Ref
from trainings.schemas.completions import CompletionCreate
from trainings.schemas.courses import CourseCreate, CourseUpdate
from trainings.schemas.enrollments import EnrollmentCreate, EnrollmentUpdate
from trainings.schemas.instructor_assignments import InstructorAssignmentCreate, InstructorAssignmentUpdate
from trainings.schemas.trainings import TrainingCreate, TrainingUpdate

WRITER: Final = "officer"
_ID_TAKEN: Final = ("#/id", "This id is taken.")
_NO_COURSE: Final = "There is no course with this code; record it first."
_NO_TRAINING: Final = "There is no training with this id."
_NO_PERSON: Final = "There is no person with this id, or none that you may see."
_NO_ENROLLMENT: Final = "There is no enrollment with this id, or none that you may see."
_T6: Final = "This person leads the training; nobody takes part in a training they lead."
_VOIDED: Final = "This training was entered in error and voided; nobody takes part in it, leads or completes it."
CONSTRAINT_WORDS: Final = {
    "pk_courses": _ID_TAKEN,
    "uq_courses_code": ("#/code", "There is a course with this code already."),
    "fk_courses_qualifies_for_course_code": ("#/qualifies_for_course_code", _NO_COURSE),
    "ck_courses_only_trainers_qualify": (
        "#/qualifies_for_course_code",
        "Only a training of trainers qualifies its completers to lead another course.",
    ),
    "ck_courses_not_for_itself": ("#/qualifies_for_course_code", "A course does not qualify for itself."),
    "ck_courses_designed_hours_positive": ("#/designed_hours", "Hours are more than 0."),
    "pk_trainings": _ID_TAKEN,
    "uq_trainings_code": ("#/code", "There is a training with this code already."),
    "fk_trainings_course_code": ("#/course_code", _NO_COURSE),
    "fk_trainings_provider_agency_code": ("#/provider_agency_code", "There is no agency with this code."),
    "fk_trainings_program_code": ("#/program_code", "There is no program with this code."),
    "ck_trainings_ends_after_start": ("#/ends_on", "The end is before the start."),
    "training_starts_before_completions": (
        "#/starts_on",
        "Somebody completed this training earlier than that; it cannot start later than its completions.",
    ),
    "training_is_voided": ("#/training_id", _VOIDED),
    "completed_training_is_voided": ("#/enrollment_id", _VOIDED),
    "voided_record_stays": ("#/", "This record was voided meanwhile; it stays as it is."),
    "pk_enrollments": _ID_TAKEN,
    "uq_enrollments_training_id_person_id": ("#/person_id", "This person is enrolled in this training already."),
    "fk_enrollments_training_id": ("#/training_id", _NO_TRAINING),
    "fk_enrollments_person_id": ("#/person_id", _NO_PERSON),
    "instructor_is_no_participant": ("#/person_id", _T6),
    "pk_completions": _ID_TAKEN,
    "uq_completions_enrollment_id": ("#/enrollment_id", "This enrollment is completed already."),
    "fk_completions_enrollment_id": ("#/enrollment_id", _NO_ENROLLMENT),
    "completed_after_start": ("#/completed_on", "The completion is before the start of the training."),
    "completed_in_past": ("#/completed_on", "The completion is in the future; record it when it has happened."),
    "pk_instructor_assignments": _ID_TAKEN,
    "uq_instructor_assignments_training_id_person_id_role": (
        "#/person_id",
        "This person leads this training already.",
    ),
    "fk_instructor_assignments_training_id": ("#/training_id", _NO_TRAINING),
    "fk_instructor_assignments_person_id": ("#/person_id", _NO_PERSON),
    "participant_is_no_instructor": (
        "#/person_id",
        "This person is enrolled in the training; nobody leads a training they take part in.",
    ),
}


async def create_course(session: AsyncSession, caller: Caller, body: CourseCreate) -> Course:
    """Record a course."""
    caller.require_role(WRITER)
    domain.check_course(body.type, body.code, body.qualifies_for_course_code)
    await _require_course(session, "#/qualifies_for_course_code", body.qualifies_for_course_code)
    return await write_row(session, new_row(Course, body))


async def update_course(
    session: AsyncSession, caller: Caller, course_id: uuid.UUID, version: int, body: CourseUpdate
) -> Course:
    """Change a course that the caller has read at `version`."""
    caller.require_role(WRITER)
    course = await get_row(session, Course, course_id, lock=True)
    check_version(course, version)
    after = course.model_dump() | body.model_dump(exclude_unset=True)
    domain.check_course(domain.CourseType(after["type"]), course.code, after["qualifies_for_course_code"])
    await _require_course(session, "#/qualifies_for_course_code", after["qualifies_for_course_code"])
    return await change_row(session, course, version, body)


async def create_training(session: AsyncSession, caller: Caller, body: TrainingCreate, owner: Owner) -> Training:
    """Record a training. What it refers to at the programs service is looked up before a connection is taken."""
    caller.require_role(WRITER)
    caller.require_country(body.host_country_code, *body.beneficiary_country_codes)
    domain.check_training_dates(body.starts_on, body.ends_on)
    await references.keep(session, await references.look_up(owner, _wanted(body.model_dump())))
    await _require_course(session, "#/course_code", body.course_code)
    return await write_row(session, new_row(Training, body))


async def update_training(
    session: AsyncSession, caller: Caller, training_id: uuid.UUID, version: int, body: TrainingUpdate, owner: Owner
) -> Training:
    """Change a training that the caller has read at `version`; they need a grant for it before and after."""
    caller.require_role(WRITER)
    refs: list[Ref] = await references.look_up(owner, _wanted(body.model_dump(exclude_unset=True)))
    training = await get_row(session, Training, training_id, lock=True)
    caller.require_country(training.host_country_code, *training.beneficiary_country_codes)
    check_not_voided(training)
    check_version(training, version)
    after = training.model_dump() | body.model_dump(exclude_unset=True)
    caller.require_country(after["host_country_code"], *after["beneficiary_country_codes"])
    domain.check_training_dates(after["starts_on"], after["ends_on"])
    await references.keep(session, refs)
    await _require_course(session, "#/course_code", body.course_code)
    return await change_row(session, training, version, body)


async def void_training(
    session: AsyncSession, caller: Caller, training_id: uuid.UUID, version: int, body: VoidCreate
) -> Training:
    """Void a training that the caller has read at `version`, completed or not."""
    caller.require_role(WRITER)
    training = await get_row(session, Training, training_id, lock=True)
    caller.require_country(training.host_country_code, *training.beneficiary_country_codes)
    return await void_row(session, caller, training, version, body)


async def create_enrollment(session: AsyncSession, caller: Caller, body: EnrollmentCreate) -> Enrollment:
    """Give a person a seat in a training."""
    caller.require_role(WRITER)
    await _require_training(session, body.training_id)
    await _require_person(session, caller, body.person_id)
    return await write_row(session, new_row(Enrollment, body))


async def update_enrollment(
    session: AsyncSession, caller: Caller, enrollment_id: uuid.UUID, version: int, body: EnrollmentUpdate
) -> Enrollment:
    """Change the note of an enrollment."""
    caller.require_role(WRITER)
    enrollment = await queries.get_about_person(session, caller, Enrollment, enrollment_id, lock=True)
    return await change_row(session, enrollment, version, body)


async def create_completion(session: AsyncSession, caller: Caller, body: CompletionCreate) -> Completion:
    """Record that an enrolled person completed the training."""
    caller.require_role(WRITER)
    enrollment = await queries.find_about_person(session, caller, Enrollment, body.enrollment_id)
    if enrollment is None:
        raise invalid("#/enrollment_id", "unknown_id", _NO_ENROLLMENT)
    training = await get_row(session, Training, enrollment.training_id)
    domain.check_completion(body.completed_on, training.starts_on, _today())
    return await write_row(session, new_row(Completion, body))


async def void_completion(
    session: AsyncSession, caller: Caller, completion_id: uuid.UUID, version: int, body: VoidCreate
) -> Completion:
    """Void a completion that the caller has read at `version`."""
    caller.require_role(WRITER)
    completion = await queries.get_about_person(session, caller, Completion, completion_id, lock=True)
    return await void_row(session, caller, completion, version, body)


async def create_instructor_assignment(
    session: AsyncSession, caller: Caller, body: InstructorAssignmentCreate
) -> InstructorAssignment:
    """Let a person lead a training."""
    caller.require_role(WRITER)
    await _require_training(session, body.training_id)
    await _require_person(session, caller, body.person_id)
    return await write_row(session, new_row(InstructorAssignment, body))


async def update_instructor_assignment(
    session: AsyncSession, caller: Caller, assignment_id: uuid.UUID, version: int, body: InstructorAssignmentUpdate
) -> InstructorAssignment:
    """Change the note of an instructor assignment."""
    caller.require_role(WRITER)
    assignment = await queries.get_about_person(session, caller, InstructorAssignment, assignment_id, lock=True)
    return await change_row(session, assignment, version, body)


async def _require_course(session: AsyncSession, pointer: str, code: str | None) -> None:
    if code is not None and await queries.find_course(session, code) is None:
        raise invalid(pointer, "unknown_code", _NO_COURSE)


async def _require_training(session: AsyncSession, training_id: uuid.UUID) -> None:
    if await session.get(Training, training_id) is None:
        raise invalid("#/training_id", "unknown_id", _NO_TRAINING)


async def _require_person(session: AsyncSession, caller: Caller, person_id: uuid.UUID) -> None:
    """Somebody of another country is as unknown as nobody: a refusal must not say that they are recorded."""
    if await queries.find_about_person(session, caller, Person, person_id) is None:
        raise invalid("#/person_id", "unknown_id", _NO_PERSON)


def _wanted(values: dict[str, Any]) -> dict[str, tuple[type[Ref], str]]:
    named: dict[str, type[Ref]] = {"provider_agency_code": AgencyRef, "program_code": ProgramRef}
    return {f"#/{name}": (kind, values[name]) for name, kind in named.items() if values.get(name) is not None}


def _today() -> date:
    return datetime.now(UTC).date()
