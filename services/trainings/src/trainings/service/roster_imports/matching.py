"""Whom a row is about: a seat, a document, the same row before, a name with its birth date; else somebody decides."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

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
from trainings.models import RosterImportRow, Training
from trainings.names import Profile
from trainings.privacy import MasterKey
from trainings.schemas.identity_documents import IdentityDocumentCreate
from trainings.service.identity import as_text, mark_of_document, names_of
from trainings.service.roster_imports.drafts import Draft
from trainings.service.roster_imports.known import Known, name_key

NOBODY: Final = uuid.UUID(int=0)
_SHOWN_CANDIDATES: Final = 5
_NAMES: Final = ("given_name", "surname_1", "surname_2", "full_name_original")


@dataclass(slots=True)
class Candidate:
    """Somebody whom a row may be about."""

    person_id: uuid.UUID
    name: str
    score: int
    reasons: list[str]


@dataclass(slots=True)
class Matched:
    """What is known of whom a row is about, while it is being found out."""

    draft: Draft
    paper: RosterImportRow
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
    # The fields that the file has columns for.
    columns: frozenset[str] = frozenset()
    # What a clearance lacks.
    faults: list[str] = field(default_factory=list)
    is_by_document: bool = False
    is_new: bool = False

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
        said = self.draft.said
        return as_text({name: said.get(name) for name in (*_NAMES, "birth_date", "position")})

    def profile(self) -> Profile:
        """What is compared of the row."""
        documents: frozenset[tuple[str, str, bytes]] = frozenset()
        if self.document is not None:
            body, mark, _ = self.document
            documents = frozenset({(body.issuer_country_code, str(body.type), mark)})
        return Profile(
            names=names_of(self.personal()),
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
    said = "|".join(names.normalize_original(texts.get(name, "")) for name in IDENTITY_FIELDS)
    if matched.training is not None and said.strip("|"):
        matched.fingerprint = key.mark("roster_row", f"{matched.training.id}|{said}")


def find_person(matched: Matched, known: Known, alike_rows: int) -> None:
    """Whom a row is about, where that is certain. `alike_rows`: how many rows of the file say the same of who it is."""
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
    printed = known.printed.get(matched.fingerprint or b"", [])
    if len(printed) == alike_rows and alike_rows > 0:
        _use(matched, known, printed[matched.place_among_alike][0])
        return
    key = name_key(names_of(matched.personal()), matched.birth_date, matched.precision)
    if key is not None and (found := known.by_name.get((training.id, key))):
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
    scored.sort(key=lambda one: (-one.score, one.person_id))
    shown: dict[uuid.UUID, Candidate] = {}
    for one in scored:
        shown.setdefault(known.roots.get(one.person_id) or one.person_id, one)
    matched.candidates = list(shown.values())[:_SHOWN_CANDIDATES]


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


def find_repeats(rows: Sequence[Matched]) -> None:
    """Rows of one file that are one person in one training: all but the first are errors that name the first."""
    first: dict[object, int] = {}
    for matched in rows:
        if matched.training is None:
            continue
        keys: list[object] = [(matched.training.id, "row", tuple(sorted(matched.draft.texts.items())))]
        if matched.person_id is not None:
            keys.append((matched.training.id, "person", matched.person_id))
        if matched.document is not None:
            keys.append((matched.training.id, "document", matched.document[1]))
        key = name_key(names_of(matched.personal()), matched.birth_date, matched.precision)
        if key is not None and matched.paper.decision is None:
            keys.append((matched.training.id, "name", key))
        earlier = [first[key] for key in keys if key in first]
        if earlier:
            matched.draft.refuse(
                None, "repeated_row", f"This is the person of row {min(earlier)} again. Exclude one of the two rows."
            )
            continue
        first |= dict.fromkeys(keys, matched.draft.number)
