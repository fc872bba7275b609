"""Who is who: people, their documents, which records are one person, and erasing. Load, decide, write. No commit.

A score proposes, somebody decides; only the same document links two records by itself. A merge is a link that can be
taken back, and nothing else is rewritten for it.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import combinations
from typing import Any, Final

from chassis.errors import Conflict
from chassis.idempotency import forget_answers
from chassis.resources import check_version, new_row, touch_row, write_row
from chassis.tokens import Caller
from chassis.voids import VoidCreate, void_row
from sqlalchemy import Uuid, or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import domain, names, queries
from trainings.models import DuplicateCandidate, IdentityDocument, Merge, Person
from trainings.names import Names, Profile, Score
from trainings.privacy import SEALED, MasterKey, read_birth_date
from trainings.schemas.duplicate_candidates import DismissCreate
from trainings.schemas.identity_documents import IdentityDocumentCreate
from trainings.schemas.merges import MergeCreate
from trainings.schemas.people import EraseCreate, PersonCreate, PersonUpdate
from trainings.service.loading import WRITER, data_key_of, require_person, require_unit, today
from trainings.service.words import ONE_ALREADY

MOST_COMPARED: Final = 50
"""With so many others a record is compared each time it is written."""
_NAMES: Final = ("given_name", "surname_1", "surname_2", "full_name_original")
_NOT_ALIKE: Final = "One of the records was changed, and they are no longer alike."


async def create_person(session: AsyncSession, caller: Caller, body: PersonCreate, key: MasterKey) -> Person:
    """Record a person, all that is personal sealed with a key of their own."""
    caller.require_role(WRITER)
    caller.require_country(body.country_code)
    personal = as_text(body.model_dump(include=set(SEALED)))
    check_person(personal, body.birth_precision)
    if body.unit_id is not None:
        await require_unit(session, caller, body.unit_id)
    # The id is part of what seals the values, so it comes first.
    person_id = body.id or (await session.exec(select(func.uuidv7(type_=Uuid)))).one()
    data_key = key.new_data_key(person_id)
    values = key.seal(person_id, data_key, personal)
    marks = marks_of(key, body.country_code, body.nationality_code, personal, body.birth_precision)
    person = await write_row(session, new_row(Person, body, id=person_id, data_key=data_key, **values, **marks))
    await propose_duplicates(session, caller, person, key)
    return person


async def update_person(
    session: AsyncSession, caller: Caller, person_id: uuid.UUID, version: int, body: PersonUpdate, key: MasterKey
) -> Person:
    """Change a person that the caller has read at `version`; a new country needs a grant too."""
    caller.require_role(WRITER)
    person = await queries.get_about_person(session, caller, Person, person_id, lock=True)
    data_key = data_key_of(person)
    check_version(person, version)
    changes = body.model_dump(exclude_unset=True)
    caller.require_country(changes.get("country_code", person.country_code))
    if changes.get("unit_id") is not None:
        await require_unit(session, caller, changes["unit_id"])
    sealed = as_text({column: value for column, value in changes.items() if column in SEALED})
    after = key.reveal(person) | sealed
    precision = domain.BirthPrecision(changes.get("birth_precision", person.birth_precision))
    check_person(after, precision)
    clear = {column: value for column, value in changes.items() if column not in SEALED}
    for column, value in (clear | key.seal(person.id, data_key, sealed)).items():
        setattr(person, column, value)
    # Always: a record from before there were marks gets its own with its next change.
    for column, found in marks_of(key, person.country_code, person.nationality_code, after, precision).items():
        if getattr(person, column) != found:
            setattr(person, column, found)
    person = await touch_row(session, person)
    await propose_duplicates(session, caller, person, key)
    return person


async def erase_person(
    session: AsyncSession, caller: Caller, person_id: uuid.UUID, version: int, body: EraseCreate
) -> Person:
    """Forget a person that the caller has read at `version`. The record stays, and so do all counts.

    What other rows hold of them goes with it, by a rule of the database.
    """
    caller.require_role(WRITER)
    person = await queries.get_about_person(session, caller, Person, person_id, lock=True)
    data_key_of(person)
    check_version(person, version)
    await forget_answers(session, await queries.find_addresses(session, person_id))
    for column in (*SEALED, "data_key"):
        setattr(person, column, None)
    person.name_marks, person.match_marks = [], []
    person.erased_at, person.erase_reason = datetime.now(UTC), body.reason
    return await touch_row(session, person)


async def create_identity_document(
    session: AsyncSession, caller: Caller, body: IdentityDocumentCreate, key: MasterKey
) -> tuple[IdentityDocument, Merge | None]:
    """Record a document of a person, and link them with whoever has the same one, unless something speaks against it.

    Whom the caller may not see is not linked and not told of; the database proposes the two to whoever may see both.
    """
    caller.require_role(WRITER)
    person = await require_person(session, caller, body.person_id)
    number = domain.read_number(body.type, body.issuer_country_code, body.number)
    birth_date = read_birth_date(key.reveal(person))
    domain.check_document(number, domain.Sex(person.sex), birth_date, domain.BirthPrecision(person.birth_precision))
    mark = mark_of_document(key, body, number)
    # Of two who record one number for two people the second sees the first.
    await _take_turn(session, int.from_bytes(mark[:8], signed=True))
    told_apart = await queries.find_told_apart(session, person.id)
    row = new_row(IdentityDocument, body, number_mark=mark, last_characters=number.last_characters)
    document = await write_row(session, row)
    holders = await queries.find_holders(session, caller, document)
    made = None
    if holders and await _are_free(session, caller, key, [person, *holders], told_apart):
        merges = [await _link_holder(session, caller, person, holder) for holder in holders]
        made = next((merge for merge in merges if merge is not None), None)
    await propose_duplicates(session, caller, person, key)
    return document, made


async def void_identity_document(
    session: AsyncSession, caller: Caller, document_id: uuid.UUID, version: int, body: VoidCreate
) -> IdentityDocument:
    """Void a document that the caller has read at `version`. A merge that it led to stands until it is voided."""
    caller.require_role(WRITER)
    document = await queries.get_about_person(session, caller, IdentityDocument, document_id, lock=True)
    return await void_row(session, caller, document, version, body)


async def merge_people(session: AsyncSession, caller: Caller, body: MergeCreate) -> Merge:
    """Decide that two records are one person. What is linked are the records that each is counted as."""
    caller.require_role(WRITER)
    people = [
        await require_person(session, caller, person_id, f"#/{name}")
        for name, person_id in (("person_id", body.person_id), ("canonical_person_id", body.canonical_person_id))
    ]
    await _take_turn(session)
    roots = await queries.find_roots(session, [person.id for person in people])
    one, other = roots[body.person_id], roots[body.canonical_person_id]
    if one is None or other is None:
        raise Conflict(
            "One of these records is part of a person whom you may not see. Ask somebody with grants for all of their "
            "countries to merge them."
        )
    if one == other:
        raise Conflict(ONE_ALREADY)
    row = new_row(
        Merge,
        body,
        person_id=one,
        canonical_person_id=other,
        basis=domain.MergeBasis.decision,
        decided_by=caller.name,
    )
    return await write_row(session, row)


async def void_merge(
    session: AsyncSession, caller: Caller, merge_id: uuid.UUID, version: int, body: VoidCreate
) -> Merge:
    """Take back a merge that the caller has read at `version`: they are two again, and proposed again."""
    caller.require_role(WRITER)
    await _take_turn(session)
    merge = await queries.get_about_person(session, caller, Merge, merge_id, lock=True)
    return await void_row(session, caller, merge, version, body)


async def dismiss_candidate(
    session: AsyncSession, caller: Caller, candidate_id: uuid.UUID, version: int, body: DismissCreate
) -> DuplicateCandidate:
    """Decide that two records, which the caller has read as proposed at `version`, are two people."""
    caller.require_role(WRITER)
    candidate = await queries.get_about_person(session, caller, DuplicateCandidate, candidate_id, lock=True)
    check_version(candidate, version)
    if candidate.status != domain.DuplicateStatus.open:
        raise Conflict(f"This proposal is {candidate.status} already; only an open one can be dismissed.")
    candidate.status, candidate.note = domain.DuplicateStatus.dismissed, body.note
    return await touch_row(session, candidate)


async def propose_duplicates(session: AsyncSession, caller: Caller, person: Person, key: MasterKey) -> None:
    """Compare a person with those who share a mark, and with those proposed before, among whom the caller may see."""
    birth_date = read_birth_date(key.reveal(person))
    precision = domain.BirthPrecision(person.birth_precision)
    first = key.marks("match", names.birth_keys(_countries(person), birth_date, precision))
    alike = await queries.find_alike(session, caller, person, first, MOST_COMPARED)
    proposed = {other.id: other for other in await queries.find_proposed(session, caller, person.id)}
    others = proposed | {other.id: other for other in alike}
    if not others:
        return
    roots = await queries.find_roots(session, [person.id, *others])
    profiles = await find_profiles(session, key, [person, *others.values()])
    scored = {
        other_id: names.score(profiles[person.id], profiles[other_id])
        for other_id in sorted(others)
        if roots[person.id] is None or roots[person.id] != roots[other_id]
    }
    await _write_candidates(session, person.id, {one: found for one, found in scored.items() if found.band})
    for other_id in [one for one, found in scored.items() if one in proposed and not found.band]:
        pair = {"person_id": min(person.id, other_id), "other_person_id": max(person.id, other_id)}
        candidate = (await session.exec(select(DuplicateCandidate).filter_by(**pair))).one()
        candidate.status, candidate.note = domain.DuplicateStatus.dismissed, _NOT_ALIKE
        await touch_row(session, candidate)


async def _write_candidates(session: AsyncSession, person_id: uuid.UUID, scored: Mapping[uuid.UUID, Score]) -> None:
    """Propose pairs, or say anew of the open ones what speaks for them. What somebody decided stays."""
    if not scored:
        return
    statement = insert(DuplicateCandidate).values(
        [
            {
                "person_id": min(person_id, other_id),
                "other_person_id": max(person_id, other_id),
                "score": found.points,
                "band": found.band,
                "reasons": list(found.reasons),
            }
            for other_id, found in scored.items()
        ]
    )
    new = {name: statement.excluded[name] for name in ("score", "band", "reasons")}
    changed = or_(*(col(getattr(DuplicateCandidate, name)).is_distinct_from(value) for name, value in new.items()))
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=["person_id", "other_person_id"],
            set_=new | {"version": DuplicateCandidate.version + 1, "updated_at": func.now()},
            where=(col(DuplicateCandidate.status) == "open") & changed,
        )
    )


async def find_profiles(session: AsyncSession, key: MasterKey, people: Sequence[Person]) -> dict[uuid.UUID, Profile]:
    """What is compared of each person."""
    agencies = await queries.find_agencies(session, [one.unit_id for one in people if one.unit_id is not None])
    documents: dict[uuid.UUID, set[tuple[str, str, bytes]]] = {one.id: set() for one in people}
    for document in await queries.find_documents(session, list(documents)):
        if document.number_mark is not None:
            number = (document.issuer_country_code, document.type, document.number_mark)
            documents[document.person_id].add(number)
    found = {}
    for one in people:
        revealed = key.reveal(one)
        found[one.id] = Profile(
            names=names_of(revealed),
            sex=domain.Sex(one.sex),
            birth_date=read_birth_date(revealed),
            birth_precision=domain.BirthPrecision(one.birth_precision),
            unit=one.unit_id,
            agency=agencies.get(one.unit_id) if one.unit_id else None,
            documents=frozenset(documents[one.id]),
        )
    return found


async def _are_free(
    session: AsyncSession, caller: Caller, key: MasterKey, people: Sequence[Person], told_apart: set[uuid.UUID]
) -> bool:
    """Whether nothing speaks against people with one document being one, nor against any record merged with theirs."""
    records = await queries.find_records(session, caller, [person.id for person in people])
    profiles = await find_profiles(session, key, records)
    agree = not any(names.conflicts(one, other) for one, other in combinations(profiles.values(), 2))
    return agree and not told_apart & set(profiles)


async def _link_holder(session: AsyncSession, caller: Caller, person: Person, holder: Person) -> Merge | None:
    """Link a person to whoever has their document; nothing where they are one, or part of somebody not to be seen."""
    await _take_turn(session)
    roots = await queries.find_roots(session, [person.id, holder.id])
    one, other = roots[person.id], roots[holder.id]
    if one is None or other is None or one == other:
        return None
    row = Merge(
        person_id=one,
        canonical_person_id=other,
        basis=domain.MergeBasis.same_identity_document,
        evidence="Both have the same identity document, and neither sex nor birth year speaks against it.",
        decided_by=caller.name,
    )
    return await write_row(session, row)


async def _take_turn(session: AsyncSession, number: int | None = None) -> None:
    """Wait for whoever decides the same: about one number of a document, or else about any merge."""
    lock = func.hashtextextended("merges", 0) if number is None else number
    await session.exec(select(func.pg_advisory_xact_lock(lock)))


def check_person(personal: Mapping[str, str | None], precision: domain.BirthPrecision) -> None:
    """Refuse what nobody can be: without a name, or with a birth date that does not fit its precision."""
    domain.check_birth(read_birth_date(personal), precision, today())
    domain.check_names([personal[column] for column in _NAMES])


def names_of(personal: Mapping[str, str | None]) -> Names:
    """The names among personal columns."""
    return Names(**{column: personal[column] for column in _NAMES})


def _countries(person: Person) -> list[str]:
    return sorted({person.country_code, person.nationality_code})


def marks_of(
    key: MasterKey,
    country_code: str,
    nationality_code: str,
    personal: Mapping[str, str | None],
    precision: domain.BirthPrecision,
) -> dict[str, list[bytes]]:
    """What a record is found by, and what it shares with others of the same person."""
    found = names_of(personal)
    countries = sorted({country_code, nationality_code})
    matching = names.match_keys(countries, found, read_birth_date(personal), precision)
    return name_marks_of(key, personal) | {"match_marks": key.marks("match", matching)}


def name_marks_of(key: MasterKey, personal: Mapping[str, str | None]) -> dict[str, list[bytes]]:
    """What a record is found by."""
    return {"name_marks": key.marks("name", names.search_keys(names_of(personal)))}


def mark_of_document(key: MasterKey, body: IdentityDocumentCreate, number: domain.DocumentNumber) -> bytes:
    """What whoever has the same document is found by."""
    return key.mark("identity_document", f"{body.issuer_country_code}|{body.type}|{number.number}")


def as_text(personal: Mapping[str, Any]) -> dict[str, str | None]:
    """Personal columns as they are sealed."""
    return {column: value.isoformat() if isinstance(value, date) else value for column, value in personal.items()}
