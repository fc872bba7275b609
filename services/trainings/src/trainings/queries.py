"""Questions to the trainings tables. Nothing here changes anything, nothing here counts people."""

import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

from chassis.errors import NotFound
from chassis.paging import Listing
from chassis.tokens import EVERYWHERE, Caller
from chassis.voids import is_voided_filter
from sqlalchemy import ColumnElement, func, or_, true
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from trainings.domain import LEADING_KINDS
from trainings.models import (
    AgencyRef,
    Attendance,
    Certification,
    CertificationSuspension,
    Completion,
    Course,
    CourseVersion,
    DuplicateCandidate,
    Enrollment,
    IdentityDocument,
    InstructorAssignment,
    Merge,
    Person,
    Stored,
    Training,
    TrainingSession,
    Unit,
    VettingRecord,
)

AboutPerson = TypeVar("AboutPerson", bound=Stored)
_OTHER: Final = aliased(Person)
# From a row to the person that it is about.
_WAYS: Final[dict[type[Stored], tuple[Any, ...]]] = {
    Person: (),
    IdentityDocument: (Person,),
    Enrollment: ((Person, Enrollment.person_id == Person.id),),
    InstructorAssignment: (Person,),
    Certification: (Person,),
    Completion: (Enrollment, (Person, Enrollment.person_id == Person.id)),
    Attendance: ((Enrollment, Attendance.enrollment_id == Enrollment.id), (Person, Enrollment.person_id == Person.id)),
    CertificationSuspension: (Certification, Person),
    Merge: ((Person, Merge.person_id == Person.id), (_OTHER, Merge.canonical_person_id == _OTHER.id)),
    DuplicateCandidate: (
        (Person, DuplicateCandidate.person_id == Person.id),
        (_OTHER, DuplicateCandidate.other_person_id == _OTHER.id),
    ),
}


def visible_to(caller: Caller, country_code: Any = Person.country_code) -> ColumnElement[bool]:  # noqa: ANN401 - a column
    """People, or units, whose records are kept by a country that the caller has a grant for."""
    return true() if EVERYWHERE in caller.countries else col(country_code).in_(caller.countries)


def about_people(kind: type[AboutPerson], caller: Caller) -> SelectOfScalar[AboutPerson]:
    """The rows of `kind` that are, or are about, somebody the caller may see: both of them where two."""
    statement: SelectOfScalar[AboutPerson] = select(kind)
    if kind is Unit:
        return statement.where(visible_to(caller, Unit.country_code))
    if kind is VettingRecord:
        statement = statement.outerjoin(Person, col(VettingRecord.person_id) == Person.id)
        statement = statement.outerjoin(Unit, col(VettingRecord.unit_id) == Unit.id)
        return statement.where(visible_to(caller, func.coalesce(Person.country_code, Unit.country_code)))
    for way in _WAYS[kind]:
        statement = statement.join(*way) if isinstance(way, tuple) else statement.join(way)
    statement = statement.where(visible_to(caller))
    if kind in {Merge, DuplicateCandidate}:
        statement = statement.where(visible_to(caller, _OTHER.country_code))
    return statement


async def find_about_person(
    session: AsyncSession, caller: Caller, kind: type[AboutPerson], row_id: uuid.UUID, *, lock: bool = False
) -> AboutPerson | None:
    """One such row, locked for the rest of the transaction if asked; None where there is none the caller may see."""
    statement = about_people(kind, caller).where(col(kind.id) == row_id)
    if lock:
        statement = statement.with_for_update(of=kind)
    return (await session.exec(statement)).one_or_none()


async def get_about_person(
    session: AsyncSession, caller: Caller, kind: type[AboutPerson], row_id: uuid.UUID, *, lock: bool = False
) -> AboutPerson:
    """As `find_about_person`; absent and hidden are the same `NotFound`."""
    row = await find_about_person(session, caller, kind, row_id, lock=lock)
    if row is None:
        raise NotFound(f"There is no such record {row_id}, or none that you may see.")
    return row


def holds_any(column: Any) -> Callable[[list[str]], ColumnElement[bool]]:  # noqa: ANN401 - a column of an array type
    """A filter: the column's array holds at least one of the values."""
    made: Callable[[list[str]], ColumnElement[bool]] = column.overlap
    return made


async def find_course(session: AsyncSession, code: str) -> Course | None:
    """The course with this code."""
    return (await session.exec(select(Course).where(Course.code == code))).one_or_none()


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


async def leading_certifications(
    session: AsyncSession, caller: Caller, person_id: uuid.UUID, course_code: str
) -> Sequence[Certification]:
    """What says that somebody may lead a course, and stands."""
    statement = about_people(Certification, caller).where(
        Certification.person_id == person_id,
        Certification.course_code == course_code,
        col(Certification.kind).in_(LEADING_KINDS),
        col(Certification.voided_at).is_(None),
    )
    return (await session.exec(statement)).all()


async def find_open_suspension(session: AsyncSession, certification_id: uuid.UUID) -> CertificationSuspension | None:
    """The suspension of a certification that has no last day yet."""
    statement = select(CertificationSuspension).where(
        CertificationSuspension.certification_id == certification_id, col(CertificationSuspension.ends_on).is_(None)
    )
    return (await session.exec(statement)).one_or_none()


async def find_agency(session: AsyncSession, agency_id: uuid.UUID) -> AgencyRef | None:
    """The agency with this id, where something here has referred to it."""
    return (await session.exec(select(AgencyRef).where(AgencyRef.id == agency_id))).one_or_none()


def courses() -> Listing:
    """All courses."""
    return Listing(
        statement=select(Course),
        filters={
            "code": Course.code,
            "type": Course.type,
            "qualifies_for_course_code": Course.qualifies_for_course_code,
            "topic": holds_any(Course.topics),
        },
        sorts={
            "code": Course.code,
            "title": Course.title,
            "created_at": Course.created_at,
            "updated_at": Course.updated_at,
        },
        id=Course.id,
        text=[Course.title, Course.code],
    )


def course_versions() -> Listing:
    """All versions of courses."""
    return Listing(
        statement=select(CourseVersion),
        filters={
            "course_code": CourseVersion.course_code,
            "label": CourseVersion.label,
            "language_code": CourseVersion.language_code,
            "introduced_on": CourseVersion.introduced_on,
        },
        sorts={
            "course_code": CourseVersion.course_code,
            "label": CourseVersion.label,
            "introduced_on": CourseVersion.introduced_on,
            "created_at": CourseVersion.created_at,
            "updated_at": CourseVersion.updated_at,
        },
        id=CourseVersion.id,
    )


def _provided_by(codes: list[str]) -> ColumnElement[bool]:
    co_providers: Any = Training.co_provider_agency_codes
    return or_(col(Training.provider_agency_code).in_(codes), co_providers.overlap(codes))


def _has_headcount(wanted: bool) -> ColumnElement[bool]:
    column = col(Training.headcount_total)
    return column.is_not(None) if wanted else column.is_(None)


def trainings() -> Listing:
    """All trainings."""
    return Listing(
        statement=select(Training),
        filters={
            "code": Training.code,
            "course_code": Training.course_code,
            "program_code": Training.program_code,
            "provider_agency_code": Training.provider_agency_code,
            "agency_code": _provided_by,
            "funder_agency_code": holds_any(Training.funder_agency_codes),
            "cohort": Training.cohort,
            "status": Training.status,
            "delivery_mode": Training.delivery_mode,
            "has_headcount": _has_headcount,
            "host_country_code": Training.host_country_code,
            "beneficiary_country_code": holds_any(Training.beneficiary_country_codes),
            "venue_kind": Training.venue_kind,
            "starts_on": Training.starts_on,
            "ends_on": Training.ends_on,
            "is_voided": is_voided_filter(Training.voided_at),
        },
        sorts={
            "starts_on": Training.starts_on,
            "ends_on": Training.ends_on,
            "course_code": Training.course_code,
            "created_at": Training.created_at,
            "updated_at": Training.updated_at,
        },
        id=Training.id,
        text=[Training.title, Training.code, Training.venue],
    )


def training_sessions() -> Listing:
    """All sessions of trainings."""
    return Listing(
        statement=select(TrainingSession),
        filters={
            "training_id": TrainingSession.training_id,
            "held_on": TrainingSession.held_on,
            "is_voided": is_voided_filter(TrainingSession.voided_at),
        },
        sorts={
            "held_on": TrainingSession.held_on,
            "created_at": TrainingSession.created_at,
            "updated_at": TrainingSession.updated_at,
        },
        id=TrainingSession.id,
    )


def people(caller: Caller, present: Callable[[Person], object]) -> Listing:
    """The people the caller may see, as `present` reveals them. Names are sealed: there is no search by name."""
    return Listing(
        statement=about_people(Person, caller),
        filters={
            "country_code": Person.country_code,
            "nationality_code": Person.nationality_code,
            "sex": Person.sex,
            "birth_precision": Person.birth_precision,
        },
        sorts={
            "created_at": Person.created_at,
            "updated_at": Person.updated_at,
            "country_code": Person.country_code,
            "nationality_code": Person.nationality_code,
        },
        id=Person.id,
        present=present,
    )


def enrollments(caller: Caller) -> Listing:
    """The enrollments of people the caller may see."""
    return Listing(
        statement=about_people(Enrollment, caller),
        filters={
            "training_id": Enrollment.training_id,
            "person_id": Enrollment.person_id,
            "status": Enrollment.status,
            "level": Enrollment.level,
            "unit_id": Enrollment.unit_id,
            "vetting_basis": Enrollment.vetting_basis,
        },
        sorts={"created_at": Enrollment.created_at, "updated_at": Enrollment.updated_at},
        id=Enrollment.id,
    )


def attendances(caller: Caller) -> Listing:
    """The attendances of people the caller may see."""
    return Listing(
        statement=about_people(Attendance, caller),
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
        statement=about_people(Completion, caller),
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
        statement=about_people(InstructorAssignment, caller),
        filters={
            "training_id": InstructorAssignment.training_id,
            "person_id": InstructorAssignment.person_id,
            "role": InstructorAssignment.role,
            "is_voided": is_voided_filter(InstructorAssignment.voided_at),
        },
        sorts={"created_at": InstructorAssignment.created_at, "updated_at": InstructorAssignment.updated_at},
        id=InstructorAssignment.id,
    )


def certifications(caller: Caller, present: Callable[[Certification], object]) -> Listing:
    """The certifications of people the caller may see, each with its status as `present` finds it."""
    return Listing(
        statement=about_people(Certification, caller),
        filters={
            "kind": Certification.kind,
            "person_id": Certification.person_id,
            "course_code": Certification.course_code,
            "training_id": Certification.training_id,
            "issuer_agency_code": Certification.issuer_agency_code,
            "issued_on": Certification.issued_on,
            "expires_on": Certification.expires_on,
            "revoked_on": Certification.revoked_on,
            "is_provisional": Certification.is_provisional,
            "is_voided": is_voided_filter(Certification.voided_at),
            # It chooses what is shown, not which rows are in the list.
            "as_of": lambda _day: true(),
        },
        sorts={
            "issued_on": Certification.issued_on,
            "course_code": Certification.course_code,
            "created_at": Certification.created_at,
            "updated_at": Certification.updated_at,
        },
        id=Certification.id,
        present=present,
    )
