"""What all rows of an import are held against, loaded with a few questions and never one a row."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from chassis.tokens import Caller
from sqlalchemy import Date, LargeBinary, Row, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import names, queries
from trainings.domain import BirthPrecision, Sex
from trainings.models import (
    Completion,
    Course,
    CourseVersion,
    Enrollment,
    IdentityDocument,
    InstructorAssignment,
    Person,
    RosterImport,
    RosterImportRow,
    Training,
    Unit,
)
from trainings.names import Names, Profile
from trainings.privacy import MasterKey, read_birth_date
from trainings.service.identity import names_of

MOST_CANDIDATES: Final = 50
"""With so many others a row is compared."""
_AT_ONCE: Final = 500
_SEATS: Final = Enrollment.__table__  # type: ignore[attr-defined]
_DONE: Final = Completion.__table__  # type: ignore[attr-defined]
_PEOPLE: Final = Person.__table__  # type: ignore[attr-defined]
NameKey = tuple[str, date, str]


@dataclass(slots=True)
class Known:
    """The records that the rows of one import may be about."""

    key: MasterKey
    trainings: dict[uuid.UUID, Training] = field(default_factory=dict)
    codes: dict[str, Training] = field(default_factory=dict)
    courses: dict[str, Course] = field(default_factory=dict)
    versions: dict[uuid.UUID, CourseVersion] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    unit_codes: dict[uuid.UUID, str | None] = field(default_factory=dict)
    seats: dict[uuid.UUID, Row[Any]] = field(default_factory=dict)
    seat_of: dict[tuple[uuid.UUID, uuid.UUID], Row[Any]] = field(default_factory=dict)
    people: dict[uuid.UUID, Row[Any]] = field(default_factory=dict)
    completed: dict[uuid.UUID, date] = field(default_factory=dict)
    with_attendance: set[uuid.UUID] = field(default_factory=set)
    attended: dict[uuid.UUID, Decimal] = field(default_factory=dict)
    leads: set[tuple[uuid.UUID, uuid.UUID]] = field(default_factory=set)
    by_name: dict[tuple[uuid.UUID, NameKey], list[uuid.UUID]] = field(default_factory=lambda: defaultdict(list))
    holders: dict[bytes, list[uuid.UUID]] = field(default_factory=lambda: defaultdict(list))
    documents: dict[uuid.UUID, set[tuple[str, str, bytes]]] = field(default_factory=lambda: defaultdict(set))
    printed: dict[bytes, list[tuple[uuid.UUID, uuid.UUID]]] = field(default_factory=lambda: defaultdict(list))
    roots: dict[uuid.UUID, uuid.UUID | None] = field(default_factory=dict)
    _revealed: dict[uuid.UUID, dict[str, str | None]] = field(default_factory=dict)

    def reveal(self, person_id: uuid.UUID) -> dict[str, str | None]:
        """What is personal of somebody, opened once."""
        if person_id not in self._revealed:
            self._revealed[person_id] = self.key.reveal(self.people[person_id])
        return self._revealed[person_id]

    def profile(self, person_id: uuid.UUID) -> Profile:
        """What is compared of somebody."""
        person, revealed = self.people[person_id], self.reveal(person_id)
        return Profile(
            names=names_of(revealed),
            sex=Sex(person.sex),
            birth_date=read_birth_date(revealed),
            birth_precision=BirthPrecision(person.birth_precision),
            unit=person.unit_id,
            documents=frozenset(self.documents[person_id]),
        )


def name_key(found: Names, birth_date: date | None, precision: str) -> NameKey | None:
    """What two records with the same name and birth date share; None where either is not whole."""
    words = sorted(names.fold(found.latin).split()) or [names.normalize_original(found.full_name_original or "")]
    if birth_date is None or precision != BirthPrecision.day or not any(words):
        return None
    return " ".join(words), birth_date, precision


async def load_trainings(session: AsyncSession, known: Known, one: RosterImport, codes: Collection[str]) -> None:
    """The trainings that the rows are of, with what their courses ask for."""
    wanted = select(Training).where(
        col(Training.id) == one.training_id if one.training_id else col(Training.code).in_(codes)
    )
    found = (await session.exec(wanted)).all()
    known.trainings = {training.id: training for training in found}
    known.codes = {training.code: training for training in found if training.code is not None}
    courses = await session.exec(select(Course).where(col(Course.code).in_({each.course_code for each in found})))
    known.courses = {course.code: course for course in courses.all()}
    version_ids = {each.course_version_id for each in found if each.course_version_id}
    versions = await session.exec(select(CourseVersion).where(col(CourseVersion.id).in_(version_ids)))
    known.versions = {version.id: version for version in versions.all()}
    if found:
        taken = select(Training.id).where(col(Training.id).in_(known.trainings), func.takes_attendance(Training.id))
        known.with_attendance = set((await session.exec(taken)).all())


async def load_units(session: AsyncSession, caller: Caller, known: Known, codes: Collection[str]) -> None:
    """The units that the rows name, and the codes of those that records have."""
    used = {row.unit_id for row in (*known.seats.values(), *known.people.values()) if row.unit_id}
    statement = queries.about_people(Unit, caller).where(col(Unit.code).in_(codes) | col(Unit.id).in_(used))
    for unit in (await session.exec(statement)).all():
        known.unit_codes[unit.id] = unit.code
        if unit.code is not None:
            known.units[unit.code] = unit


async def load_roster(session: AsyncSession, caller: Caller, known: Known, seat_ids: Collection[uuid.UUID]) -> None:
    """The seats of these trainings and those named, whose they are, and what became of them."""
    connection = await session.connection()
    of_trainings = _SEATS.c.training_id.in_(list(known.trainings)) | _SEATS.c.id.in_(list(seat_ids))
    seats = select(_SEATS).where(_SEATS.c.voided_at.is_(None), _SEATS.c.person_id.in_(_visible(caller)), of_trainings)
    for seat in await connection.execute(seats):
        known.seats[seat.id] = seat
        known.seat_of[seat.training_id, seat.person_id] = seat
    await load_people(session, caller, known, {seat.person_id for seat in known.seats.values()})
    ids = list(known.seats)
    done = select(_DONE.c.enrollment_id, _DONE.c.completed_on).where(
        _any(Completion.enrollment_id, ids), col(Completion.voided_at).is_(None)
    )
    known.completed = {row[0]: row[1] for row in await connection.execute(done)}
    if known.with_attendance:
        hours = text(
            "SELECT a.enrollment_id, sum(a.hours) FROM attendances a JOIN training_sessions s ON s.id = a.session_id "
            "WHERE a.enrollment_id = ANY (:ids) AND s.voided_at IS NULL GROUP BY 1"
        ).bindparams(bindparam("ids", ids, ARRAY(Uuid)))
        known.attended = {row[0]: row[1] for row in await connection.execute(hours)}
    leads = queries.about_people(InstructorAssignment, caller).where(
        col(InstructorAssignment.training_id).in_(list(known.trainings)), col(InstructorAssignment.voided_at).is_(None)
    )
    known.leads = {(each.training_id, each.person_id) for each in (await session.exec(leads)).all()}


def index_names(known: Known) -> None:
    """Find the people of the rosters by name and birth date. Opens each of them: not for the loop of events."""
    for seat in known.seats.values():
        revealed = known.reveal(seat.person_id)
        key = name_key(names_of(revealed), read_birth_date(revealed), known.people[seat.person_id].birth_precision)
        if key is not None:
            known.by_name[seat.training_id, key].append(seat.person_id)


async def load_people(session: AsyncSession, caller: Caller, known: Known, ids: Iterable[uuid.UUID]) -> None:
    """People whom the caller may see and who were not erased, with their documents."""
    missing = [one for one in ids if one not in known.people]
    connection = await session.connection()
    for start in range(0, len(missing), 20 * _AT_ONCE):
        some = missing[start : start + 20 * _AT_ONCE]
        found = select(_PEOPLE).where(queries.visible_to(caller), _any(_PEOPLE.c.id, some))
        known.people |= {person.id: person for person in await connection.execute(found)}
        theirs = select(
            IdentityDocument.person_id,
            IdentityDocument.issuer_country_code,
            IdentityDocument.type,
            IdentityDocument.number_mark,
        ).where(
            _any(IdentityDocument.person_id, some),
            col(IdentityDocument.voided_at).is_(None),
            col(IdentityDocument.number_mark).is_not(None),
        )
        for person_id, issuer, kind, mark in await connection.execute(theirs):
            known.documents[person_id].add((issuer, kind, bytes(mark)))


async def load_holders(session: AsyncSession, caller: Caller, known: Known, marks: Sequence[bytes]) -> None:
    """Who has one of these documents, and which records are one person."""
    connection = await session.connection()
    statement = (
        select(IdentityDocument.number_mark, IdentityDocument.person_id)
        .where(
            _any(IdentityDocument.number_mark, marks, LargeBinary),
            col(IdentityDocument.voided_at).is_(None),
            col(IdentityDocument.person_id).in_(_visible(caller)),
        )
        .order_by(col(IdentityDocument.person_id))
    )
    for mark, person_id in await connection.execute(statement):
        known.holders[bytes(mark)].append(person_id)
    await load_people(session, caller, known, {one for held in known.holders.values() for one in held})


async def load_printed(session: AsyncSession, known: Known, one: RosterImport, prints: Sequence[bytes]) -> None:
    """The seats that rows saying the same of who they are wrote, by the last import that had such."""
    connection = await session.connection()
    statement = (
        select(
            RosterImportRow.fingerprint,
            RosterImportRow.person_id,
            RosterImportRow.enrollment_id,
            RosterImportRow.roster_import_id,
        )
        .join(RosterImport, col(RosterImport.id) == RosterImportRow.roster_import_id)
        .where(
            _any(RosterImportRow.fingerprint, prints, LargeBinary),
            RosterImport.stage == "committed",
            RosterImport.id != one.id,
            col(RosterImportRow.enrollment_id).is_not(None),
        )
        .order_by(col(RosterImport.committed_at).desc(), col(RosterImport.id), col(RosterImportRow.number))
    )
    newest: dict[bytes, uuid.UUID] = {}
    for mark, person_id, seat_id, import_id in await connection.execute(statement):
        if newest.setdefault(bytes(mark), import_id) == import_id and seat_id in known.seats:
            known.printed[bytes(mark)].append((person_id, seat_id))


async def find_alike(
    session: AsyncSession, caller: Caller, known: Known, wanted: Mapping[int, tuple[list[bytes], list[bytes]]]
) -> dict[int, list[uuid.UUID]]:
    """For rows, by number, the people with one of their marks: those with one of the first before all others."""
    connection = await session.connection()
    granted = "" if "*" in caller.countries else "AND p.country_code = ANY (:countries)"
    statement = text(f"""
        SELECT asked.number, alike.id
        FROM unnest(CAST(:numbers AS int[]), CAST(:marks AS text[]), CAST(:firsts AS text[]))
          AS asked (number, marks, firsts)
        CROSS JOIN LATERAL (
          SELECT p.id FROM people p
          WHERE p.match_marks && CAST(asked.marks AS bytea[]) {granted}
          ORDER BY p.match_marks && CAST(asked.firsts AS bytea[]) DESC, p.id DESC LIMIT {MOST_CANDIDATES}
        ) alike
    """)  # noqa: S608 - no value stands in it
    found: dict[int, list[uuid.UUID]] = defaultdict(list)
    numbers = list(wanted)
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        given: dict[str, Any] = {
            "numbers": some,
            "marks": [_array_text(wanted[number][0]) for number in some],
            "firsts": [_array_text(wanted[number][1]) for number in some],
        }
        if granted:
            given["countries"] = sorted(caller.countries)
        for number, person_id in await connection.execute(statement, given):
            found[number].append(person_id)
    await load_people(session, caller, known, {one for alike in found.values() for one in alike})
    return found


async def load_roots(session: AsyncSession, known: Known, ids: Collection[uuid.UUID]) -> None:
    """The record that each of these people is counted as."""
    missing = [one for one in ids if one not in known.roots]
    if missing:
        statement = select(Person.id, func.canonical_person(Person.id, type_=Uuid)).where(_any(Person.id, missing))
        known.roots |= {row[0]: row[1] for row in await (await session.connection()).execute(statement)}


async def find_clearance_faults(
    session: AsyncSession, asked: Sequence[tuple[uuid.UUID | None, uuid.UUID | None, date]]
) -> dict[tuple[uuid.UUID | None, uuid.UUID | None, date], list[str]]:
    """Why each of these, a person, a unit and a day, is not cleared. A person who is not recorded yet is None."""
    if not asked:
        return {}
    statement = text(
        "SELECT a.place, clearance_faults(a.person, a.unit, a.day) "
        "FROM unnest(:people, :units, :days) WITH ORDINALITY AS a (person, unit, day, place)"
    ).bindparams(
        bindparam("people", [one[0] for one in asked], ARRAY(Uuid)),
        bindparam("units", [one[1] for one in asked], ARRAY(Uuid)),
        bindparam("days", [one[2] for one in asked], ARRAY(Date)),
    )
    rows = await (await session.connection()).execute(statement)
    return {asked[place - 1]: list(faults) for place, faults in rows}


def _visible(caller: Caller) -> Any:  # noqa: ANN401 - a selectable
    return select(_PEOPLE.c.id).where(queries.visible_to(caller, _PEOPLE.c.country_code))


def _any(column: Any, values: Collection[Any], kind: Any = Uuid) -> Any:  # noqa: ANN401 - a column, and its type
    """Whether a column is one of many values, sent as one array."""
    return column == func.any(bindparam(None, list(values), ARRAY(kind), unique=True))


def _array_text(marks: Sequence[bytes]) -> str:
    return "{" + ",".join(rf'"\\x{mark.hex()}"' for mark in marks) + "}"
