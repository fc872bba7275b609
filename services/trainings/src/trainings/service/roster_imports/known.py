"""What all rows of an import are held against, loaded with a few questions and never one a row."""

import asyncio
import hashlib
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

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
from trainings.queries.filters import any_of
from trainings.service.identity import names_of

_AT_ONCE: Final = 5_000
_SEATS: Final = Enrollment.__table__  # type: ignore[attr-defined]
_DONE: Final = Completion.__table__  # type: ignore[attr-defined]
_ROWS: Final = RosterImportRow.__table__  # type: ignore[attr-defined]
_PEOPLE: Final = Person.__table__  # type: ignore[attr-defined]
NameKey = tuple[str, date, str]


class Printed(NamedTuple):
    """A row of an earlier import: whom it was of, where it stands, and its cells as long as they are kept."""

    person_id: uuid.UUID
    seat_id: uuid.UUID
    import_id: uuid.UUID
    number: int
    cells: bytes | None


@dataclass(slots=True)
class Known:
    """The records that rows of one import may be about.

    What is of all rows stays: trainings, units, who is in the rosters by name. The rest is of the rows at hand, and
    `forget` lets go of it.
    """

    key: MasterKey
    trainings: dict[uuid.UUID, Training] = field(default_factory=dict)
    codes: dict[str, Training] = field(default_factory=dict)
    courses: dict[str, Course] = field(default_factory=dict)
    versions: dict[uuid.UUID, CourseVersion] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    unit_codes: dict[uuid.UUID, str | None] = field(default_factory=dict)
    with_attendance: set[uuid.UUID] = field(default_factory=set)
    leads: set[tuple[uuid.UUID, uuid.UUID]] = field(default_factory=set)
    # By `name_mark`: who has a seat in a training under this name and birth date.
    by_name: dict[bytes, list[uuid.UUID]] = field(default_factory=dict)
    # How many more attendees the headcount of a training has room for.
    room: dict[uuid.UUID, int] = field(default_factory=dict)
    # How many rows of the file say the same of who they are; of others it is one.
    alike_rows: dict[tuple[uuid.UUID, bytes], int] = field(default_factory=dict)
    has_earlier: bool = False
    # What a form would send, or its refusals, by what was given: most seats of a file say the same.
    bodies: dict[Any, Any] = field(default_factory=dict)
    seats: dict[uuid.UUID, Row[Any]] = field(default_factory=dict)
    seat_of: dict[tuple[uuid.UUID, uuid.UUID], Row[Any]] = field(default_factory=dict)
    people: dict[uuid.UUID, Row[Any]] = field(default_factory=dict)
    completed: dict[uuid.UUID, date] = field(default_factory=dict)
    attended: dict[uuid.UUID, Decimal] = field(default_factory=dict)
    holders: dict[bytes, list[uuid.UUID]] = field(default_factory=lambda: defaultdict(list))
    documents: dict[uuid.UUID, set[tuple[str, str, bytes]]] = field(default_factory=lambda: defaultdict(set))
    printed: dict[bytes, list[Printed]] = field(default_factory=lambda: defaultdict(list))
    roots: dict[uuid.UUID, uuid.UUID | None] = field(default_factory=dict)
    _revealed: dict[uuid.UUID, dict[str, str | None]] = field(default_factory=dict)

    def at_hand(self) -> "Known":
        """The same of all rows, and nothing yet of those at hand."""
        return Known(**{name: getattr(self, name) for name in _OF_ALL_ROWS})

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


_OF_ALL_ROWS: Final = (
    "key", "trainings", "codes", "courses", "versions", "units", "unit_codes", "with_attendance", "leads", "by_name",
    "room", "alike_rows", "has_earlier", "bodies",
)  # fmt: skip


def name_key(found: Names, birth_date: date | None, precision: str) -> NameKey | None:
    """What two records with the same name and birth date share; None where either is not whole."""
    if birth_date is None or precision != BirthPrecision.day:
        return None
    words = sorted(names.fold(found.latin).split()) or [names.normalize_original(found.full_name_original or "")]
    return (" ".join(words), birth_date, precision) if any(words) else None


def name_mark(training_id: uuid.UUID, key: NameKey) -> bytes:
    """The same, of somebody in one training, in a few bytes."""
    return hashlib.blake2b(f"{training_id}|{key[0]}|{key[1]}|{key[2]}".encode(), digest_size=16).digest()


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
    codes, used = set(codes) - known.units.keys(), used - known.unit_codes.keys()
    if not codes and not used:
        return
    statement = queries.about_people(Unit, caller).where(col(Unit.code).in_(codes) | col(Unit.id).in_(used))
    for unit in (await session.exec(statement)).all():
        known.unit_codes[unit.id] = unit.code
        if unit.code is not None:
            known.units[unit.code] = unit


async def load_roster(session: AsyncSession, caller: Caller, known: Known) -> None:
    """All seats of these trainings, whose they are, and what became of them."""
    await _load_seats(session, caller, known, _SEATS.c.training_id.in_(list(known.trainings)))
    await load_people(session, caller, known, {seat.person_id for seat in known.seats.values()})


async def load_seats(session: AsyncSession, caller: Caller, known: Known, ids: Collection[uuid.UUID]) -> None:
    """Seats by their ids, and whose they are."""
    if missing := [one for one in ids if one not in known.seats]:
        await _load_seats(session, caller, known, any_of(_SEATS.c.id, missing))
        await load_people(session, caller, known, {known.seats[one].person_id for one in missing if one in known.seats})


async def load_seats_of(session: AsyncSession, caller: Caller, known: Known, people: Collection[uuid.UUID]) -> None:
    """The seats of these people in these trainings."""
    if people and known.trainings:
        in_trainings = any_of(_SEATS.c.training_id, list(known.trainings))
        await _load_seats(session, caller, known, in_trainings & any_of(_SEATS.c.person_id, people))


async def _load_seats(session: AsyncSession, caller: Caller, known: Known, which: Any) -> None:  # noqa: ANN401 - a condition
    connection = await session.connection()
    standing = select(_SEATS).where(_SEATS.c.voided_at.is_(None), which)
    if "*" not in caller.countries:
        standing = standing.where(_SEATS.c.person_id.in_(_visible(caller)))
    found = {seat.id: seat for seat in await connection.execute(standing)}
    known.seats |= found
    known.seat_of |= {(seat.training_id, seat.person_id): seat for seat in found.values()}
    done = select(_DONE.c.enrollment_id, _DONE.c.completed_on).where(
        any_of(Completion.enrollment_id, found), col(Completion.voided_at).is_(None)
    )
    known.completed |= {row[0]: row[1] for row in await connection.execute(done)}
    if known.with_attendance:
        hours = text(
            "SELECT a.enrollment_id, sum(a.hours) FROM attendances a JOIN training_sessions s ON s.id = a.session_id "
            "WHERE a.enrollment_id = ANY (:ids) AND s.voided_at IS NULL GROUP BY 1"
        ).bindparams(bindparam("ids", list(found), ARRAY(Uuid)))
        known.attended |= {row[0]: row[1] for row in await connection.execute(hours)}


async def load_leads(session: AsyncSession, caller: Caller, known: Known) -> None:
    """Who leads these trainings."""
    leads = queries.about_people(InstructorAssignment, caller).where(
        col(InstructorAssignment.training_id).in_(list(known.trainings)), col(InstructorAssignment.voided_at).is_(None)
    )
    known.leads |= {(each.training_id, each.person_id) for each in (await session.exec(leads)).all()}


async def count_room(session: AsyncSession, known: Known) -> None:
    """For how many more attendees each of these trainings has a headcount."""
    counted = {one.id: one.headcount_total for one in known.trainings.values() if one.headcount_total is not None}
    if not counted:
        return
    statement = text("""
        SELECT e.training_id, count(*) FROM enrollments e
        WHERE e.training_id = ANY (:ids) AND e.voided_at IS NULL AND (
          e.status IN ('attending', 'completed', 'failed', 'incomplete') OR e.hours_attended > 0 OR EXISTS (
            SELECT FROM attendances a JOIN training_sessions s ON s.id = a.session_id
            WHERE a.enrollment_id = e.id AND a.hours > 0 AND s.voided_at IS NULL OFFSET 0
          )
        ) GROUP BY 1
    """).bindparams(bindparam("ids", list(counted), ARRAY(Uuid)))
    there = {row[0]: row[1] for row in await (await session.connection()).execute(statement)}
    known.room |= {one: headcount - there.get(one, 0) for one, headcount in counted.items()}


async def index_names(session: AsyncSession, caller: Caller, known: Known) -> None:
    """Who has a seat in these trainings, by name and birth date. Each of them is opened, some at a time."""
    connection = await session.connection()
    statement = select(_SEATS.c.training_id, _SEATS.c.person_id).where(
        _SEATS.c.voided_at.is_(None), _SEATS.c.training_id.in_(list(known.trainings))
    )
    seats = (await connection.execute(statement)).all()
    for start in range(0, len(seats), _AT_ONCE):
        some = seats[start : start + _AT_ONCE]
        wanted = select(_PEOPLE).where(queries.visible_to(caller), any_of(_PEOPLE.c.id, {seat[1] for seat in some}))
        people = {person.id: person for person in await connection.execute(wanted)}
        await asyncio.to_thread(_index_people, known, some, people)


def _index_people(known: Known, seats: Sequence[Any], people: Mapping[uuid.UUID, Any]) -> None:
    for training_id, person_id in seats:
        person = people.get(person_id)
        if person is None or person.birth_precision != BirthPrecision.day:
            continue
        revealed = known.key.reveal(person)
        key = name_key(names_of(revealed), read_birth_date(revealed), person.birth_precision)
        if key is not None:
            known.by_name.setdefault(name_mark(training_id, key), []).append(person_id)


async def load_people(session: AsyncSession, caller: Caller, known: Known, ids: Iterable[uuid.UUID]) -> None:
    """People whom the caller may see, with their documents."""
    missing = [one for one in ids if one not in known.people]
    connection = await session.connection()
    for start in range(0, len(missing), _AT_ONCE):
        some = missing[start : start + _AT_ONCE]
        found = select(_PEOPLE).where(queries.visible_to(caller), any_of(_PEOPLE.c.id, some))
        known.people |= {person.id: person for person in await connection.execute(found)}
        theirs = select(
            IdentityDocument.person_id,
            IdentityDocument.issuer_country_code,
            IdentityDocument.type,
            IdentityDocument.number_mark,
        ).where(
            any_of(IdentityDocument.person_id, some),
            col(IdentityDocument.voided_at).is_(None),
            col(IdentityDocument.number_mark).is_not(None),
        )
        for person_id, issuer, kind, mark in await connection.execute(theirs):
            known.documents[person_id].add((issuer, kind, bytes(mark)))


async def load_holders(session: AsyncSession, caller: Caller, known: Known, marks: Sequence[bytes]) -> None:
    """Who has one of these documents, and which records are one person."""
    if not marks:
        return
    connection = await session.connection()
    statement = (
        select(IdentityDocument.number_mark, IdentityDocument.person_id)
        .where(
            any_of(IdentityDocument.number_mark, marks, LargeBinary),
            col(IdentityDocument.voided_at).is_(None),
            col(IdentityDocument.person_id).in_(_visible(caller)),
        )
        .order_by(col(IdentityDocument.person_id))
    )
    for mark, person_id in await connection.execute(statement):
        known.holders[bytes(mark)].append(person_id)
    await load_people(session, caller, known, {one for held in known.holders.values() for one in held})


async def load_printed(
    session: AsyncSession, caller: Caller, known: Known, one: RosterImport, prints: Sequence[bytes]
) -> None:
    """The seats that rows saying the same of who they are wrote, by the last import that had such."""
    if not prints or not known.has_earlier:
        return
    connection = await session.connection()
    named = ("fingerprint", "person_id", "enrollment_id", "roster_import_id", "number", "cells")
    statement = (
        select(*[_ROWS.c[name] for name in named])
        .join(RosterImport, col(RosterImport.id) == _ROWS.c.roster_import_id)
        .where(
            any_of(_ROWS.c.fingerprint, prints, LargeBinary),
            RosterImport.stage == "committed",
            RosterImport.id != one.id,
            _ROWS.c.enrollment_id.is_not(None),
        )
        .order_by(col(RosterImport.committed_at).desc(), col(RosterImport.id), _ROWS.c.number)
    )
    newest: dict[bytes, uuid.UUID] = {}
    found = [row for row in await connection.execute(statement) if newest.setdefault(bytes(row[0]), row[3]) == row[3]]
    await load_seats(session, caller, known, {row[2] for row in found})
    for mark, person_id, seat_id, import_id, number, cells in found:
        if seat_id in known.seats:
            known.printed[bytes(mark)].append(Printed(person_id, seat_id, import_id, number, cells))


async def load_roots(session: AsyncSession, known: Known, ids: Collection[uuid.UUID]) -> None:
    """The record that each of these people is counted as."""
    missing = [one for one in ids if one not in known.roots]
    if missing:
        statement = select(Person.id, func.canonical_person(Person.id, type_=Uuid)).where(any_of(Person.id, missing))
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
