"""Whose records a caller may see, as a condition of every question about people."""

import uuid
from typing import Any, Final, TypeVar

from chassis.errors import NotFound
from chassis.tokens import EVERYWHERE, Caller
from sqlalchemy import ColumnElement, func, true
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from trainings.models import (
    Attendance,
    Certification,
    CertificationSuspension,
    Completion,
    DuplicateCandidate,
    Enrollment,
    IdentityDocument,
    InstructorAssignment,
    Merge,
    Person,
    Stored,
    Unit,
    VettingRecord,
)

AboutPerson = TypeVar("AboutPerson", bound=Stored)
_OTHER: Final = aliased(Person)
# From a row to the person that it is about, or to a seat, which says whose office keeps its person.
_WAYS: Final[dict[type[Stored], tuple[Any, ...]]] = {
    Person: (),
    IdentityDocument: (Person,),
    Enrollment: (),
    InstructorAssignment: (Person,),
    Certification: (Person,),
    Completion: (Enrollment,),
    Attendance: ((Enrollment, Attendance.enrollment_id == Enrollment.id),),
    CertificationSuspension: (Certification, Person),
    Merge: ((Person, Merge.person_id == Person.id), (_OTHER, Merge.canonical_person_id == _OTHER.id)),
    DuplicateCandidate: (
        (Person, DuplicateCandidate.person_id == Person.id),
        (_OTHER, DuplicateCandidate.other_person_id == _OTHER.id),
    ),
}

_BY_SEAT: Final = frozenset({Enrollment, Completion, Attendance})


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
    country_code = Enrollment.country_code if kind in _BY_SEAT else Person.country_code
    statement = statement.where(visible_to(caller, country_code))
    if kind in {Merge, DuplicateCandidate}:
        statement = statement.where(visible_to(caller, _OTHER.country_code))
    return statement


async def find_about_person(
    session: AsyncSession,
    caller: Caller,
    kind: type[AboutPerson],
    row_id: uuid.UUID,
    *,
    lock: bool = False,
    hold: bool = False,
) -> AboutPerson | None:
    """One such row; None where there is none the caller may see.

    If asked it is locked for the rest of the transaction, or held: others may hold it too, and nobody changes it.
    """
    statement = about_people(kind, caller).where(col(kind.id) == row_id)
    if lock:
        # Nobody deletes a person: what refers to them need not wait, and two who propose each other do not deadlock.
        statement = statement.with_for_update(of=kind, key_share=kind is Person)
    elif hold:
        statement = statement.with_for_update(of=kind, read=True)
    return (await session.exec(statement)).one_or_none()


async def get_about_person(
    session: AsyncSession, caller: Caller, kind: type[AboutPerson], row_id: uuid.UUID, *, lock: bool = False
) -> AboutPerson:
    """As `find_about_person`; absent and hidden are the same `NotFound`."""
    row = await find_about_person(session, caller, kind, row_id, lock=lock)
    if row is None:
        raise NotFound(f"There is no such record {row_id}, or none that you may see.")
    return row
