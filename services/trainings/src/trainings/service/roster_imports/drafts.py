"""One row of a file: what its cells say, each understood or an error of that cell. No database."""

import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from chassis.tables import dates
from chassis.tables.dates import UnreadableDate
from chassis.tables.faults import Refusal, RefusedCell, RowError
from chassis.tables.words import UnknownWord, clean

from trainings.domain import (
    CLEAR,
    BirthPrecision,
    DateOrder,
    EnrollmentRole,
    EnrollmentStatus,
    IdentityDocumentType,
    Level,
    RosterField,
    VettingBasis,
)
from trainings.service.roster_imports.vocabulary import read_country, read_sex, read_word

_NUMBER: Final = re.compile(r"-?[0-9]{1,16}([.,][0-9]+)?")
_YEAR: Final = re.compile(r"(1[89]|20)[0-9]{2}")
_PARTICLES: Final = frozenset(
    {"de", "del", "la", "las", "los", "y", "van", "von", "da", "dos", "do", "el", "al", "ben"}
)
_TWO_SURNAMES: Final = 2
_MOST_REMEMBERED: Final = 50_000
# Of these a cell is read as fast as it is remembered, or is seldom like another.
_SELDOM_ALIKE: Final = frozenset(
    {
        RosterField.seat, RosterField.given_name, RosterField.surname_1, RosterField.surname_2, RosterField.surnames,
        RosterField.full_name, RosterField.full_name_original, RosterField.id_number, RosterField.note,
    }
)  # fmt: skip


@dataclass(slots=True)
class Draft:
    """What a row says. `said`: by the names of the records' columns; None where a cell says CLEAR."""

    number: int
    texts: dict[str, str]
    said: dict[str, Any] = field(default_factory=dict)
    # By field, what of that its cell says.
    by_field: dict[str, dict[str, Any]] = field(default_factory=dict)
    # The fields that somebody corrected by hand.
    corrected: frozenset[str] = frozenset()
    errors: list[RowError] = field(default_factory=list)

    def refuse(self, of_field: str | None, code: str, message: str) -> None:
        """Note what is wrong, once for each field and code."""
        if not any((one.field, one.code) == (of_field, code) for one in self.errors):
            self.errors.append(RowError(of_field, code, message))


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells of this file are read."""

    date_order: DateOrder | None
    sex_letters: frozenset[str]
    # Of the column of document numbers, where its header names the kind.
    document_type: IdentityDocumentType | None
    # What cells say that were read before: those of most columns say few things, again and again.
    memo: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))


def read_draft(number: int, texts: Mapping[str, str], reading: Reading) -> Draft:
    """What the cells of a row, by field, say."""
    draft = Draft(number, {})
    for name, written in texts.items():
        if not written or written.isspace():
            continue
        of_column = reading.memo[name]
        remembered = of_column.get(written)
        if remembered is None:
            text = clean(written)
            remembered = text, _read_cell(name, text, reading)
            if name not in _SELDOM_ALIKE and len(of_column) < _MOST_REMEMBERED:
                of_column[written] = remembered
        draft.texts[name], found = remembered
        if isinstance(found, Refusal):
            draft.refuse(name, found.code, found.message)
        else:
            draft.said |= found
            draft.by_field[name] = found
    _join_document(draft, reading)
    return draft


def _read_cell(name: str, text: str, reading: Reading) -> dict[str, Any] | Refusal:
    if text == CLEAR:
        if name in _CLEARABLE:
            return dict.fromkeys(_CLEARABLE[RosterField(name)])
        return Refusal("not_clearable", "This cannot be emptied. Leave the cell empty to keep it as it is.")
    try:
        return _READERS[RosterField(name)](text, reading)
    except UnknownWord as unknown:
        return Refusal("unknown_value", str(unknown))
    except UnreadableDate as unreadable:
        return Refusal(str(unreadable.code), str(unreadable))
    except RefusedCell as refused:
        return Refusal(refused.code, str(refused))


def read_day(text: str, order: DateOrder | None) -> tuple[date, bool]:
    """The day that a cell says, and whether it says a year alone. A number of five digits is Excel's count of days."""
    if _YEAR.fullmatch(text):
        return date(int(text), 1, 1), True
    found = dates.read_day(text, None if order is None else DateOrder(order))
    if str(found.precision) == "year":
        return found.earliest, True
    if str(found.precision) != "day":
        raise RefusedCell("no_day", "The day is missing. Write the whole date, or of a birth date the year alone.")
    return found.earliest, False


def split_surnames(text: str) -> tuple[str, str | None]:
    """Two surnames in one cell. Particles belong to the word after them; of more than two nobody can tell."""
    groups: list[str] = []
    start = True
    for word in text.split():
        if start:
            groups.append(word)
        else:
            groups[-1] += f" {word}"
        start = word.casefold() not in _PARTICLES
    if len(groups) > _TWO_SURNAMES:
        raise RefusedCell(
            "cannot_split",
            "These are more than two surnames, and where the first one ends is not clear. Write them into two columns.",
        )
    return groups[0], groups[1] if len(groups) == _TWO_SURNAMES else None


def _names(column: str) -> Callable[[str, Reading], dict[str, Any]]:
    return lambda text, _reading: {column: text}


def _surnames(text: str, _reading: Reading) -> dict[str, Any]:
    first, second = split_surnames(text)
    return {"surname_1": first, "surname_2": second} if second else {"surname_1": first}


def _full_name(text: str, _reading: Reading) -> dict[str, Any]:
    """A whole name: with a comma the surnames stand before it; of any other it is not guessed which word is which."""
    before, comma, after = text.partition(",")
    if comma and before.strip() and after.strip() and "," not in after:
        return _surnames(before.strip(), _reading) | {"given_name": after.strip()}
    return {"full_name_original": text}


def _sex(text: str, reading: Reading) -> dict[str, Any]:
    return {"sex": read_sex(text, reading.sex_letters)}


def _birth(text: str, reading: Reading) -> dict[str, Any]:
    day, is_year = read_day(text, reading.date_order)
    return {"birth_date": day, "birth_precision": BirthPrecision.year if is_year else BirthPrecision.day}


def _completed(text: str, reading: Reading) -> dict[str, Any]:
    day, is_year = read_day(text, reading.date_order)
    if is_year:
        raise RefusedCell("no_day", "A year alone does not say when it was completed. Write the whole date.")
    return {"completed_on": day}


def _country(column: str) -> Callable[[str, Reading], dict[str, Any]]:
    return lambda text, _reading: {column: read_country(text)}


def _word(column: str, kind: Any) -> Callable[[str, Reading], dict[str, Any]]:  # noqa: ANN401 - an enumeration
    return lambda text, _reading: {column: read_word(kind, text)}


def _quantity(column: str) -> Callable[[str, Reading], dict[str, Any]]:
    def read(text: str, _reading: Reading) -> dict[str, Any]:
        number = text.removesuffix("%").strip()
        if not _NUMBER.fullmatch(number):
            raise RefusedCell("not_a_number", "This is not a number. Write digits, such as 87.5.")
        if re.search(r",[0-9]{3}$", number):
            raise RefusedCell("ambiguous_number", "The comma may part thousands or decimals. Write it without one.")
        return {column: Decimal(number.replace(",", "."))}

    return read


def _seat(text: str, _reading: Reading) -> dict[str, Any]:
    try:
        return {"seat": uuid.UUID(text)}
    except ValueError:
        raise RefusedCell(
            "not_a_seat", "This is no id of a seat. Take it from the template, or leave it empty."
        ) from None


def _version(text: str, _reading: Reading) -> dict[str, Any]:
    if not re.fullmatch(r"[0-9]{1,9}(\.0+)?", text):
        raise RefusedCell("not_a_number", "This is no version of a seat. Take it from the template.")
    return {"seat_version": int(text.partition(".")[0])}


def _join_document(draft: Draft, reading: Reading) -> None:
    """A document is whole: its kind and issuer are said, or follow from the kind."""
    if draft.said.get("id_number") is None:
        return
    kind = draft.said.get("id_type") or reading.document_type
    if kind is None:
        if RosterField.id_type not in draft.texts:
            draft.refuse("id_type", "missing", "Say what kind of document the number is of, such as passport.")
        return
    draft.said["id_type"] = kind
    issuer = _ISSUERS.get(kind) or draft.said.get("id_country_code")
    if issuer is None:
        if RosterField.id_country_code not in draft.texts:
            draft.refuse("id_country_code", "missing", "Say which country issued the document.")
        return
    draft.said.setdefault("id_country_code", issuer)


_ISSUERS: Final = {IdentityDocumentType.mx_curp: "MX", IdentityDocumentType.pk_cnic: "PK"}
_READERS: Final[Mapping[RosterField, Callable[[str, Reading], dict[str, Any]]]] = {
    RosterField.training_code: _names("training_code"),
    RosterField.seat: _seat,
    RosterField.seat_version: _version,
    RosterField.given_name: _names("given_name"),
    RosterField.surname_1: _names("surname_1"),
    RosterField.surname_2: _names("surname_2"),
    RosterField.surnames: _surnames,
    RosterField.full_name: _full_name,
    RosterField.full_name_original: _names("full_name_original"),
    RosterField.sex: _sex,
    RosterField.birth_date: _birth,
    RosterField.nationality_code: _country("nationality_code"),
    RosterField.id_type: _word("id_type", IdentityDocumentType),
    RosterField.id_number: _names("id_number"),
    RosterField.id_country_code: _country("id_country_code"),
    RosterField.unit_code: _names("unit_code"),
    RosterField.position: _names("position"),
    RosterField.level: _word("level", Level),
    RosterField.role: _word("role", EnrollmentRole),
    RosterField.status: _word("status", EnrollmentStatus),
    RosterField.completed_on: _completed,
    RosterField.pre_score: _quantity("pre_score"),
    RosterField.post_score: _quantity("post_score"),
    RosterField.hours_attended: _quantity("hours_attended"),
    RosterField.vetting_basis: _word("vetting_basis", VettingBasis),
    RosterField.vetting_reason: _names("vetting_reason"),
    RosterField.note: _names("note"),
}
# What CLEAR empties, by column of the records.
_CLEARABLE: Final[Mapping[RosterField, Sequence[str]]] = {
    RosterField.given_name: ("given_name",),
    RosterField.surname_1: ("surname_1",),
    RosterField.surname_2: ("surname_2",),
    RosterField.full_name_original: ("full_name_original",),
    RosterField.birth_date: ("birth_date",),
    RosterField.unit_code: ("unit_code",),
    RosterField.position: ("position",),
    RosterField.level: ("level",),
    RosterField.pre_score: ("pre_score",),
    RosterField.post_score: ("post_score",),
    RosterField.hours_attended: ("hours_attended",),
    RosterField.vetting_reason: ("vetting_reason",),
    RosterField.note: ("note",),
}
