"""Questions to the trainings tables. Nothing here changes anything, nothing here counts people."""

import uuid
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeVar

from chassis.errors import NotFound, invalid
from chassis.paging import Listing
from chassis.tokens import EVERYWHERE, Caller
from chassis.voids import is_voided_filter
from sqlalchemy import ColumnElement, Text, Uuid, and_, case, exists, func, literal, or_, text, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Bundle, aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from trainings import domain
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
    granted: ColumnElement[bool] = country_code.in_(caller.countries)
    return true() if EVERYWHERE in caller.countries else granted


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
        # Nobody deletes a person: what refers to them need not wait, and two who propose each other do not deadlock.
        statement = statement.with_for_update(of=kind, key_share=kind is Person)
    return (await session.exec(statement)).one_or_none()


async def get_about_person(
    session: AsyncSession, caller: Caller, kind: type[AboutPerson], row_id: uuid.UUID, *, lock: bool = False
) -> AboutPerson:
    """As `find_about_person`; absent and hidden are the same `NotFound`."""
    row = await find_about_person(session, caller, kind, row_id, lock=lock)
    if row is None:
        raise NotFound(f"There is no such record {row_id}, or none that you may see.")
    return row


async def require_about_person(
    session: AsyncSession, caller: Caller, kind: type[AboutPerson], row_id: uuid.UUID, pointer: str, message: str
) -> AboutPerson:
    """A row that a body refers to. What is of another country is as unknown as what is not there."""
    row = await find_about_person(session, caller, kind, row_id)
    if row is None:
        raise invalid(pointer, "unknown_id", message)
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


def people(
    caller: Caller, present: Callable[[Person], object], matching: Callable[[str], ColumnElement[bool]]
) -> Listing:
    """The people the caller may see, as `present` reveals them; `matching` says whose names a text finds."""
    return Listing(
        statement=about_people(Person, caller),
        filters={
            "country_code": Person.country_code,
            "nationality_code": Person.nationality_code,
            "sex": Person.sex,
            "birth_precision": Person.birth_precision,
            "person_type": Person.person_type,
            "unit_id": Person.unit_id,
            "is_dormant_instructor": is_dormant_instructor,
            "q": matching,
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


def is_dormant_instructor(wanted: bool) -> ColumnElement[bool]:
    """People who completed a training of trainers and led nothing in the last twelve months."""
    year_ago = func.current_date() - text("interval '12 months'")
    could = exists(
        select(1)
        .select_from(Completion)
        .join(Enrollment)
        .join(Training, col(Enrollment.training_id) == Training.id)
        .join(Course, col(Training.course_code) == Course.code)
        .where(
            Enrollment.person_id == Person.id,
            Course.type == domain.CourseType.training_of_trainers,
            col(Completion.voided_at).is_(None),
            col(Training.voided_at).is_(None),
        )
        .correlate(Person)
    )
    did = exists(
        select(1)
        .select_from(InstructorAssignment)
        .join(Training, col(InstructorAssignment.training_id) == Training.id)
        .where(
            InstructorAssignment.person_id == Person.id,
            InstructorAssignment.role == domain.InstructorRole.lead,
            col(InstructorAssignment.voided_at).is_(None),
            col(Training.voided_at).is_(None),
            col(Training.starts_on) > year_ago,
        )
        .correlate(Person)
    )
    return could & ~did if wanted else ~(could & ~did)


def _only(statement: Any, *columns: Any) -> Any:  # noqa: ANN401 - a statement of any row, and of these columns
    """Just these columns of the rows."""
    return statement.with_only_columns(*columns)


async def records_of(session: AsyncSession, caller: Caller, person_id: uuid.UUID) -> list[uuid.UUID]:
    """The record and all that are one person with it, as far as the caller may see them."""
    root = await session.scalar(select(func.canonical_person(person_id, type_=Uuid)))
    found = select(literal(root or person_id, Uuid).label("id")).cte(recursive=True)
    standing = about_people(Merge, caller).where(col(Merge.voided_at).is_(None))
    below = _only(standing, Merge.person_id, Merge.canonical_person_id).subquery()
    found = found.union(select(below.c.person_id).where(below.c.canonical_person_id == found.c.id))
    return list({person_id, *(await session.exec(select(found.c.id))).all()})


async def list_taught(
    session: AsyncSession, caller: Caller, person_ids: Sequence[uuid.UUID], as_of: date
) -> Sequence[tuple[uuid.UUID, date, str]]:
    """What the person of these records completed: training, day and type of course, in order."""
    statement = (
        about_people(Completion, caller)
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
        about_people(InstructorAssignment, caller)
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
    statement = about_people(InstructorAssignment, caller).where(
        col(InstructorAssignment.training_id).in_(training_ids),
        InstructorAssignment.role == domain.InstructorRole.lead,
        col(InstructorAssignment.voided_at).is_(None),
    )
    columns = _only(statement, InstructorAssignment.training_id, InstructorAssignment.person_id)
    rows = await (await session.connection()).execute(columns)
    return [(row[0], row[1]) for row in rows]


def shares(column: Any, marks: Sequence[bytes]) -> ColumnElement[bool]:  # noqa: ANN401 - a column of marks
    """Whether the column has one of `marks`."""
    made: ColumnElement[bool] = column.overlap(list(marks))
    return made


def marked_by_all(wanted: Sequence[Sequence[bytes]]) -> ColumnElement[bool]:
    """People with a mark of each of the lists."""
    return and_(true(), *(shares(Person.name_marks, marks) for marks in wanted))


async def find_alike(
    session: AsyncSession, caller: Caller, person: Person, first: list[bytes], limit: int
) -> list[Person]:
    """Other people with a mark of `person`'s, those with one of `first` before all others, at most `limit`."""
    if not person.match_marks:
        return []
    statement = about_people(Person, caller).where(
        shares(Person.match_marks, person.match_marks), col(Person.id) != person.id
    )
    order = (shares(Person.match_marks, first).desc(), col(Person.id).desc())
    return list((await session.exec(statement.order_by(*order).limit(limit))).all())


async def find_proposed(session: AsyncSession, caller: Caller, person_id: uuid.UUID) -> list[Person]:
    """Those with whom a person is proposed as one, and nobody has decided yet."""
    one, other = col(DuplicateCandidate.person_id), col(DuplicateCandidate.other_person_id)
    theirs = select(case((one == person_id, other), else_=one)).where(
        or_(one == person_id, other == person_id), col(DuplicateCandidate.status) == "open"
    )
    return list((await session.exec(about_people(Person, caller).where(col(Person.id).in_(theirs)))).all())


async def find_holders(session: AsyncSession, caller: Caller, document: IdentityDocument) -> list[Person]:
    """The other people the caller may see who have this very document, the longest known first."""
    theirs = select(IdentityDocument.person_id).where(
        IdentityDocument.issuer_country_code == document.issuer_country_code,
        IdentityDocument.type == document.type,
        IdentityDocument.number_mark == document.number_mark,
        col(IdentityDocument.voided_at).is_(None),
        col(IdentityDocument.person_id) != document.person_id,
    )
    statement = about_people(Person, caller).where(col(Person.id).in_(theirs)).order_by(col(Person.id))
    return list((await session.exec(statement)).all())


async def find_records(session: AsyncSession, caller: Caller, person_ids: Sequence[uuid.UUID]) -> list[Person]:
    """The records of people, with all that are merged with one of them, as far as the caller may see them."""
    merged = select(func.unnest(func.records_of_person(Person.id, type_=ARRAY(Uuid)))).where(
        col(Person.id).in_(person_ids)
    )
    return list((await session.exec(about_people(Person, caller).where(col(Person.id).in_(merged)))).all())


async def find_told_apart(session: AsyncSession, person_id: uuid.UUID) -> set[uuid.UUID]:
    """Those of whom somebody said that they are not this person: dismissed, or merged and taken back."""
    found: set[uuid.UUID] = set()
    for one, other, decided in (
        (
            DuplicateCandidate.person_id,
            DuplicateCandidate.other_person_id,
            col(DuplicateCandidate.status) == "dismissed",
        ),
        (Merge.person_id, Merge.canonical_person_id, col(Merge.voided_at).is_not(None)),
    ):
        statement = select(one, other).where(decided, or_(col(one) == person_id, col(other) == person_id))
        found.update(*(await session.exec(statement)).all())
    return found - {person_id}


async def find_roots(session: AsyncSession, person_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID | None]:
    """The record that each person is counted as; null where the caller may not see it."""
    statement = select(Person.id, func.canonical_person(Person.id, type_=Uuid)).where(col(Person.id).in_(person_ids))
    return dict((await session.exec(statement)).all())


async def find_documents(session: AsyncSession, person_ids: Sequence[uuid.UUID]) -> list[IdentityDocument]:
    """The documents of people that stand and are still known."""
    statement = select(IdentityDocument).where(
        col(IdentityDocument.person_id).in_(person_ids),
        col(IdentityDocument.voided_at).is_(None),
        col(IdentityDocument.number_mark).is_not(None),
    )
    return list((await session.exec(statement)).all())


async def find_agencies(session: AsyncSession, unit_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str | None]:
    """The agency of each unit."""
    statement = select(Unit.id, Unit.agency_code).where(col(Unit.id).in_(unit_ids))
    return dict((await session.exec(statement)).all())


async def find_addresses(session: AsyncSession, person_id: uuid.UUID) -> list[str]:
    """Of a person's own record, and of those beside it that may say more of them than that they exist."""
    found = [f"/v1/people/{person_id}"]
    for noun, of_person, row_id in (
        ("identity-documents", (IdentityDocument.person_id,), IdentityDocument.id),
        ("enrollments", (Enrollment.person_id,), Enrollment.id),
        ("instructor-assignments", (InstructorAssignment.person_id,), InstructorAssignment.id),
        (
            "duplicate-candidates",
            (DuplicateCandidate.person_id, DuplicateCandidate.other_person_id),
            DuplicateCandidate.id,
        ),
    ):
        statement = select(row_id).where(or_(*(col(one) == person_id for one in of_person)))
        found += [f"/v1/{noun}/{one}" for one in (await session.exec(statement)).all()]
    return found


def identity_documents(caller: Caller) -> Listing:
    """The identity documents of people the caller may see."""
    return Listing(
        statement=about_people(IdentityDocument, caller),
        filters={
            "person_id": IdentityDocument.person_id,
            "type": IdentityDocument.type,
            "issuer_country_code": IdentityDocument.issuer_country_code,
            "is_voided": is_voided_filter(IdentityDocument.voided_at),
        },
        sorts={"created_at": IdentityDocument.created_at, "updated_at": IdentityDocument.updated_at},
        id=IdentityDocument.id,
    )


def _about_either(one: Any, other: Any, column: Any) -> Callable[[list[Any]], ColumnElement[bool]]:  # noqa: ANN401 - columns
    """A filter: one of the two people is such."""

    def condition(values: list[Any]) -> ColumnElement[bool]:
        those = select(Person.id).where(col(column).in_(values))
        return or_(col(one).in_(those), col(other).in_(those))

    return condition


def duplicate_candidates(caller: Caller) -> Listing:
    """The proposals about two people whom the caller may see, both."""
    pair = (DuplicateCandidate.person_id, DuplicateCandidate.other_person_id)
    return Listing(
        statement=about_people(DuplicateCandidate, caller),
        filters={
            "status": DuplicateCandidate.status,
            "band": DuplicateCandidate.band,
            "country_code": _about_either(*pair, Person.country_code),
            "person_id": _about_either(*pair, Person.id),
        },
        sorts={
            "score": DuplicateCandidate.score,
            "created_at": DuplicateCandidate.created_at,
            "updated_at": DuplicateCandidate.updated_at,
        },
        id=DuplicateCandidate.id,
    )


def merges(caller: Caller) -> Listing:
    """The merges of two records that the caller may see, both."""
    pair = (Merge.person_id, Merge.canonical_person_id)
    return Listing(
        statement=about_people(Merge, caller),
        filters={
            "basis": Merge.basis,
            "person_id": _about_either(*pair, Person.id),
            "is_voided": is_voided_filter(Merge.voided_at),
        },
        sorts={"created_at": Merge.created_at, "updated_at": Merge.updated_at},
        id=Merge.id,
    )


def units(caller: Caller) -> Listing:
    """The units of countries that the caller has a grant for."""
    names = ("code", "country_code", "agency_code", "parent_id", "commander_person_id", "is_security_force")
    return Listing(
        statement=about_people(Unit, caller),
        filters={name: getattr(Unit, name) for name in names},
        sorts={"name": Unit.name, "created_at": Unit.created_at, "updated_at": Unit.updated_at},
        id=Unit.id,
        text=[Unit.name, Unit.code],
    )


def may_be_vetted_by(caller: Caller) -> ColumnElement[bool]:
    """Vetting records of people and units in countries that the caller may record vetting for."""
    if EVERYWHERE in caller.vetting:
        return true()
    person = select(Person.id).where(col(Person.country_code).in_(caller.vetting))
    unit = select(Unit.id).where(col(Unit.country_code).in_(caller.vetting))
    return or_(col(VettingRecord.person_id).in_(person), col(VettingRecord.unit_id).in_(unit))


def vetting_records(caller: Caller) -> Listing:
    """The vetting of people and units that the caller may record vetting for."""
    return Listing(
        statement=about_people(VettingRecord, caller).where(may_be_vetted_by(caller)),
        filters={
            "person_id": VettingRecord.person_id,
            "unit_id": VettingRecord.unit_id,
            "result": VettingRecord.result,
            "valid_until": VettingRecord.valid_until,
            "is_voided": is_voided_filter(VettingRecord.voided_at),
        },
        sorts={
            "requested_on": VettingRecord.requested_on,
            "created_at": VettingRecord.created_at,
            "updated_at": VettingRecord.updated_at,
        },
        id=VettingRecord.id,
    )


def seats_at_risk(caller: Caller, today: date) -> Listing:
    """The open seats of trainings to come that need a clearance and will lack one on the first day, with reasons."""
    faults = func.clearance_faults(Enrollment.person_id, Enrollment.unit_id, Training.starts_on, type_=ARRAY(Text))
    shown = (
        *(getattr(Enrollment, name) for name in ("id", "training_id", "person_id", "unit_id", "status")),
        col(Training.starts_on),
        col(Person.country_code),
        faults.label("reasons"),
    )
    seat: Bundle[Any] = Bundle("seat", *shown)
    statement: SelectOfScalar[Any] = (
        select(seat)
        .join_from(Enrollment, Training, col(Enrollment.training_id) == Training.id)
        .join(Person, col(Enrollment.person_id) == Person.id)
        .where(
            visible_to(caller),
            col(Enrollment.vetting_basis) == "required",
            col(Enrollment.status).in_([status for status, then in domain.NEXT_ENROLLMENT_STATUS.items() if then]),
            col(Training.starts_on) > today,
            col(Training.voided_at).is_(None),
            col(Training.status) != "canceled",
            func.cardinality(faults) > 0,
        )
    )
    return Listing(
        statement=statement,
        filters={
            "country_code": Person.country_code,
            "training_id": Enrollment.training_id,
            "person_id": Enrollment.person_id,
            "starts_on": Training.starts_on,
        },
        sorts={"starts_on": Training.starts_on},
        id=Enrollment.id,
        present=lambda row: row._asdict(),
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
