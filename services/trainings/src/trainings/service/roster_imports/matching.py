"""Whom a row is about: a seat, a document, the same row before, a name with its birth date; else somebody decides."""

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

from trainings import names
from trainings.domain import (
    IDENTITY_FIELDS,
    BirthPrecision,
    IdentityDocumentType,
    RosterField,
    RowDecision,
    Sex,
    read_number,
)
from trainings.models import Training
from trainings.names import Names, Profile
from trainings.privacy import MasterKey
from trainings.schemas.identity_documents import IdentityDocumentCreate
from trainings.service.identity import mark_of_document, names_of
from trainings.service.roster_imports.drafts import Draft
from trainings.service.roster_imports.known import Known, NameKey, Printed, name_key, name_mark

NOBODY: Final = uuid.UUID(int=0)
SHOWN_CANDIDATES: Final = 5


@dataclass(slots=True)
class Candidate:
    """Somebody whom a row may be about: a person who is recorded, or whoever an earlier row of the file makes."""

    person_id: uuid.UUID | None
    name: str
    score: int
    reasons: list[str]
    row: int | None = None


@dataclass(slots=True)
class Matched:
    """What is known of whom a row is about, while it is being found out."""

    draft: Draft
    paper: Any
    training: Training | None = None
    person_id: uuid.UUID | None = None
    seat: Any = None
    candidates: list[Candidate] = field(default_factory=list)
    # Those of whom somebody said that they are others.
    told_apart: list[Candidate] = field(default_factory=list)
    document: tuple[IdentityDocumentCreate, bytes, str] | None = None
    fingerprint: bytes | None = None
    # Among the rows of the file that say the same of who they are: those pair with the rows before in their order.
    place_among_alike: int = 0
    # The row of an earlier import that it is.
    printed: Printed | None = None
    # By field, what it says just as that row did: no news, and left out of what is said.
    said_before: dict[str, dict[str, Any]] = field(default_factory=dict)
    # The fields that the file has columns for.
    columns: frozenset[str] = frozenset()
    # What a clearance lacks.
    faults: list[str] = field(default_factory=list)
    is_by_document: bool = False
    is_new: bool = False
    # What a new record of them shares with others.
    match_marks: list[bytes] | None = None
    _personal: dict[str, str | None] | None = None
    _names: Names | None = None
    _name_key: NameKey | Literal[False] | None = False

    @property
    def birth_date(self) -> date | None:
        """As the row says it."""
        found: date | None = self.draft.said.get("birth_date")
        return found

    @property
    def precision(self) -> BirthPrecision:
        """Of the birth date."""
        return BirthPrecision(self.draft.said.get("birth_precision", BirthPrecision.not_recorded))

    def personal(self) -> dict[str, str | None]:
        """What the row says of somebody, as the columns that are sealed."""
        if self._personal is None:
            said, born = self.draft.said, self.birth_date
            self._personal = {
                "given_name": said.get("given_name"),
                "surname_1": said.get("surname_1"),
                "surname_2": said.get("surname_2"),
                "full_name_original": said.get("full_name_original"),
                "birth_date": None if born is None else born.isoformat(),
                "position": said.get("position"),
            }
        return self._personal

    @property
    def names(self) -> Names:
        """As the row says them."""
        if self._names is None:
            self._names = names_of(self.personal())
        return self._names

    @property
    def name_key(self) -> NameKey | None:
        """What two records with the same name and birth date share."""
        if self._name_key is False:
            self._name_key = name_key(self.names, self.birth_date, self.precision)
        return self._name_key

    def leave_out(self, fields: Iterable[str]) -> None:
        """Take what these fields say for said before. Who the row is has been found out by then."""
        _ = self.name_key
        self.said_before = {name: self.draft.by_field[name] for name in fields if name in self.draft.by_field}
        said = {column for found in self.said_before.values() for column in found}
        self.draft.said = {column: value for column, value in self.draft.said.items() if column not in said}

    def profile(self) -> Profile:
        """What is compared of the row."""
        documents: frozenset[tuple[str, str, bytes]] = frozenset()
        if self.document is not None:
            body, mark, _ = self.document
            documents = frozenset({(body.issuer_country_code, str(body.type), mark)})
        return Profile(
            names=self.names,
            sex=Sex(self.draft.said.get("sex", Sex.not_recorded)),
            birth_date=self.birth_date,
            birth_precision=self.precision,
            documents=documents,
        )


def find_training(matched: Matched, known: Known, only: uuid.UUID | None) -> None:
    """The training that a row is of."""
    draft = matched.draft
    code = draft.said.get("training_code")
    if only is not None:
        matched.training = known.trainings.get(only)
        if code is not None and matched.training is not None and matched.training.code != code:
            draft.refuse(
                RosterField.training_code,
                "other_training",
                "This is the code of another training than the import is for. Correct it, or exclude the row.",
            )
        return
    if code is None:
        draft.refuse(RosterField.training_code, "missing", "Write the code of the training.")
        return
    matched.training = known.codes.get(code)
    if matched.training is None:
        from_known = names_near(code, list(known.codes))
        draft.refuse(RosterField.training_code, "unknown_code", f"There is no training with this code.{from_known}")


def names_near(code: str, known: Sequence[str]) -> str:
    """A code that may have been meant."""
    near = [one for one in known if one.casefold() == code.casefold()]
    return f" Did you mean {near[0]}?" if near else ""


def note_document(matched: Matched, key: MasterKey) -> None:
    """The document that a row names, as it is looked up; its number is checked as everywhere."""
    said = matched.draft.said
    if said.get("id_number") is None or said.get("id_type") is None or said.get("id_country_code") is None:
        return
    body = IdentityDocumentCreate(
        person_id=NOBODY,
        type=IdentityDocumentType(said["id_type"]),
        issuer_country_code=said["id_country_code"],
        number=said["id_number"],
    )
    number = read_number(body.type, body.issuer_country_code, body.number)
    matched.document = (body, mark_of_document(key, body, number), number.last_characters)


def note_fingerprint(matched: Matched, key: MasterKey) -> None:
    """What the same row of another file is found by: its training, and all it says of who it is."""
    texts = matched.draft.texts
    said = _said_of_who(texts)
    if matched.training is not None and said.strip("|"):
        matched.fingerprint = key.mark("roster_row", f"{matched.training.id}|{said}")


def who_of(texts: Mapping[str, str]) -> bytes:
    """The same for rows that say the same of who they are."""
    return hashlib.blake2b(_said_of_who(texts).encode(), digest_size=16).digest()


def _said_of_who(texts: Mapping[str, str]) -> str:
    return "|".join([names.normalize_original(texts.get(name, "")) for name in IDENTITY_FIELDS])


def find_person(matched: Matched, known: Known) -> None:
    """Whom a row is about, where that is certain."""
    training = matched.training
    if training is None:
        return
    if matched.draft.said.get("seat") is not None:
        _by_seat(matched, known)
        return
    paper = matched.paper
    if paper.decision == RowDecision.use_person:
        _use(matched, known, paper.decided_person_id)
        return
    if paper.decision == RowDecision.new_person:
        matched.is_new = True
        return
    if matched.document is not None and (holders := known.holders.get(matched.document[1])):
        matched.is_by_document = True
        _one_of(matched, known, holders, "identity document is the same")
        return
    if matched.fingerprint is not None and (printed := known.printed.get(matched.fingerprint)):
        alike_rows = known.alike_rows.get((training.id, who_of(matched.draft.texts)), 1)
        if len(printed) == alike_rows:
            matched.printed = printed[matched.place_among_alike]
            _use(matched, known, matched.printed.person_id)
            return
    key = matched.name_key
    if key is not None and (found := known.by_name.get(name_mark(training.id, key))):
        _one_of(matched, known, found, "name and birth date are the same")


def _by_seat(matched: Matched, known: Known) -> None:
    seat = known.seats.get(matched.draft.said["seat"])
    if seat is None or matched.training is None or seat.training_id != matched.training.id:
        matched.draft.refuse(
            RosterField.seat, "unknown_seat", "This training has no such seat. Leave the cell empty for a new one."
        )
        return
    version = matched.draft.said.get("seat_version")
    if version is not None and version != seat.version:
        matched.draft.refuse(
            RosterField.seat_version,
            "changed_meanwhile",
            f"Somebody changed this seat since the template was made: it is version {seat.version} now. Take a new "
            "template, and enter the row again.",
        )
    matched.person_id, matched.seat = seat.person_id, seat


def _use(matched: Matched, known: Known, person_id: uuid.UUID | None) -> None:
    if person_id is None or person_id not in known.people or known.people[person_id].erased_at is not None:
        matched.draft.refuse(None, "unknown_person", "There is no such person, or none that you may see. Decide again.")
        return
    matched.person_id = person_id
    if matched.training is not None:
        matched.seat = known.seat_of.get((matched.training.id, person_id))


def _one_of(matched: Matched, known: Known, people: Sequence[uuid.UUID], reason: str) -> None:
    """The one person whom all these records are of; where they are several, somebody decides."""
    assert matched.training is not None  # noqa: S101 - looked at before
    ids = list(dict.fromkeys(people))
    if len({known.roots.get(one) or one for one in ids}) > 1:
        matched.candidates = [candidate_of(known, one, names.LIKELY_SAME_AT, [reason]) for one in ids]
        return
    seated = [one for one in ids if (matched.training.id, one) in known.seat_of]
    root = known.roots.get(ids[0])
    _use(matched, known, next(iter(seated), root if root in known.people else ids[0]))


def candidate_of(known: Known, person_id: uuid.UUID, points: int, reasons: Sequence[str]) -> Candidate:
    """Somebody as they are shown to whoever decides."""
    found = names_of(known.reveal(person_id))
    return Candidate(person_id, found.latin, points, list(reasons))


def score_alike(matched: Matched, known: Known, people: Sequence[uuid.UUID]) -> None:
    """Who is enough like a row to be asked about, the likeliest first. One person is named once."""
    profile = matched.profile()
    scored = []
    for person_id in people:
        found = names.score(profile, known.profile(person_id))
        if found.band is not None:
            scored.append(candidate_of(known, person_id, found.points, found.reasons))
    scored.sort(key=lambda one: (-one.score, str(one.person_id)))
    shown: dict[uuid.UUID, Candidate] = {}
    for one in scored:
        assert one.person_id is not None  # noqa: S101 - scored as recorded
        shown.setdefault(known.roots.get(one.person_id) or one.person_id, one)
    matched.candidates = list(shown.values())[:SHOWN_CANDIDATES]


def find_conflicts(matched: Matched, known: Known) -> None:
    """What speaks against the holder of a document being who the row says: somebody decides, nobody is linked."""
    if matched.person_id is None or not matched.is_by_document:
        return
    mine, theirs = matched.profile(), known.profile(matched.person_id)
    words = {
        "sex differs": (RosterField.sex, "sex"),
        "birth year differs": (RosterField.birth_date, "birth year"),
    }
    for conflict in names.conflicts(mine, theirs):
        of_field, what = words[conflict]
        matched.draft.refuse(
            of_field,
            "conflicts_with_record",
            f"Whoever has this document is recorded with another {what}. Correct the row, or the record first.",
        )
    if names.compare_names(mine.names, theirs.names) < names.DIFFERENT_BELOW:
        matched.draft.refuse(
            RosterField.id_number,
            "conflicts_with_record",
            "Whoever has this document is recorded with quite another name. Correct the number, or the record first.",
        )


def find_repeats(rows: Sequence[Matched], first: dict[bytes, int]) -> None:
    """Rows of one file that are one person in one training: all but the first are errors that name the first.

    `first`: by what is the same, the rows before these.
    """
    for matched in rows:
        if matched.training is None:
            continue
        training_id = matched.training.id
        keys = [_digest(training_id, "row", *(part for pair in sorted(matched.draft.texts.items()) for part in pair))]
        if matched.person_id is not None:
            keys.append(_digest(training_id, "person", str(matched.person_id)))
        if matched.document is not None:
            keys.append(_digest(training_id, "document", matched.document[1].hex()))
        if matched.name_key is not None and matched.paper.decision is None:
            keys.append(name_mark(training_id, matched.name_key))
        earlier = [first[key] for key in keys if key in first]
        if earlier:
            matched.draft.refuse(
                None, "repeated_row", f"This is the person of row {min(earlier)} again. Exclude one of the two rows."
            )
            continue
        first |= dict.fromkeys(keys, matched.draft.number)


def _digest(training_id: uuid.UUID, *parts: str) -> bytes:
    return hashlib.blake2b("\0".join((str(training_id), *parts)).encode(), digest_size=16).digest()
