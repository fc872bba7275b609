"""Who may be who: documents, records alike, proposals and merges."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from chassis.paging import Listing
from chassis.tokens import Caller
from chassis.voids import is_voided_filter
from sqlalchemy import ColumnElement, Uuid, case, func, or_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.models import DuplicateCandidate, Enrollment, IdentityDocument, InstructorAssignment, Merge, Person, Unit
from trainings.queries import visibility
from trainings.queries.marks import find_marked, rank_marked


async def find_alike(
    session: AsyncSession, caller: Caller, person: Person, first: list[bytes], limit: int
) -> list[Person]:
    """Other people with a mark of `person`'s, those with one of `first` before all others, at most `limit`."""
    if not person.match_marks:
        return []
    # One more than asked for, as the person is among them.
    marked = await find_marked(session, person.match_marks, limit + 1)
    ids = [one for one in rank_marked(marked, person.match_marks, first) if one != person.id][:limit]
    found = await session.exec(visibility.about_people(Person, caller).where(col(Person.id).in_(ids)))
    place = {one: number for number, one in enumerate(ids)}
    return sorted(found.all(), key=lambda one: place[one.id])


async def find_proposed(session: AsyncSession, caller: Caller, person_id: uuid.UUID) -> list[Person]:
    """Those with whom a person is proposed as one, and nobody has decided yet."""
    one, other = col(DuplicateCandidate.person_id), col(DuplicateCandidate.other_person_id)
    theirs = select(case((one == person_id, other), else_=one)).where(
        or_(one == person_id, other == person_id), col(DuplicateCandidate.status) == "open"
    )
    return list((await session.exec(visibility.about_people(Person, caller).where(col(Person.id).in_(theirs)))).all())


async def find_holders(session: AsyncSession, caller: Caller, document: IdentityDocument) -> list[Person]:
    """The other people the caller may see who have this very document, the longest known first."""
    theirs = select(IdentityDocument.person_id).where(
        IdentityDocument.issuer_country_code == document.issuer_country_code,
        IdentityDocument.type == document.type,
        IdentityDocument.number_mark == document.number_mark,
        col(IdentityDocument.voided_at).is_(None),
        col(IdentityDocument.person_id) != document.person_id,
    )
    statement = visibility.about_people(Person, caller).where(col(Person.id).in_(theirs)).order_by(col(Person.id))
    return list((await session.exec(statement)).all())


async def find_records(session: AsyncSession, caller: Caller, person_ids: Sequence[uuid.UUID]) -> list[Person]:
    """The records of people, with all that are merged with one of them, as far as the caller may see them."""
    merged = select(func.unnest(func.records_of_person(Person.id, type_=ARRAY(Uuid)))).where(
        col(Person.id).in_(person_ids)
    )
    return list((await session.exec(visibility.about_people(Person, caller).where(col(Person.id).in_(merged)))).all())


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
        statement=visibility.about_people(IdentityDocument, caller),
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
        statement=visibility.about_people(DuplicateCandidate, caller),
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
        statement=visibility.about_people(Merge, caller),
        filters={
            "basis": Merge.basis,
            "person_id": _about_either(*pair, Person.id),
            "is_voided": is_voided_filter(Merge.voided_at),
        },
        sorts={"created_at": Merge.created_at, "updated_at": Merge.updated_at},
        id=Merge.id,
    )
