"""What people and what identifies them may be. Pure: no database, no HTTP."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum, auto
from typing import Final

from chassis.errors import invalid
from stdnum.exceptions import ValidationError as StdnumError
from stdnum.mx import curp
from stdnum.pk import cnic


class PersonType(StrEnum):
    """On whose side somebody is: partner instructors are where a cascade begins."""

    foreign_participant = auto()
    partner_instructor = auto()


class Sex(StrEnum):
    """Shown as recorded, never assumed."""

    female = auto()
    male = auto()
    not_recorded = auto()


class BirthPrecision(StrEnum):
    """How much of a birth date is known. A year alone is written as its 1 January."""

    day = auto()
    year = auto()
    not_recorded = auto()


class IdentityDocumentType(StrEnum):
    """Numbers that states give people. Those with a check of their own are checked."""

    mx_curp = auto()
    pk_cnic = auto()
    national_id = auto()
    passport = auto()
    service_number = auto()


class MergeBasis(StrEnum):
    """Why two records are one person: somebody decided, or their document is the same and nothing speaks against it."""

    decision = auto()
    same_identity_document = auto()


class DuplicateBand(StrEnum):
    """How much speaks for two records being one person."""

    likely_same = auto()
    possible = auto()


class DuplicateStatus(StrEnum):
    """What became of a proposal."""

    open = auto()
    merged = auto()
    dismissed = auto()


_ISSUERS: Final = {IdentityDocumentType.mx_curp: "MX", IdentityDocumentType.pk_cnic: "PK"}
_LENGTHS: Final = range(5, 41)
_SHOWN_CHARACTERS: Final = 3
_GENDERS: Final = {"F": Sex.female, "M": Sex.male}


@dataclass(frozen=True, slots=True)
class DocumentNumber:
    """A number as it is compared, and what its state wrote into it."""

    number: str
    sex: Sex = Sex.not_recorded
    birth_date: date | None = None

    @property
    def last_characters(self) -> str:
        """What is kept of it to be read."""
        return self.number[-_SHOWN_CHARACTERS:]


def read_number(kind: IdentityDocumentType, issuer_country_code: str, written: str) -> DocumentNumber:
    """The number of a document, without spaces and signs. Raises, and quotes none, where its state gives no such."""
    if kind in _ISSUERS and issuer_country_code != _ISSUERS[kind]:
        raise invalid("#/issuer_country_code", "other_issuer", f"A {kind} is given by {_ISSUERS[kind]} alone.")
    number = "".join(one for one in unicodedata.normalize("NFKC", written).upper() if one.isalnum())
    if len(number) not in _LENGTHS:
        raise invalid("#/number", "length", "A number has 5 to 40 letters and digits.")
    try:
        if kind is IdentityDocumentType.mx_curp:
            number = curp.validate(number)
            return DocumentNumber(number, _GENDERS[curp.get_gender(number)], curp.get_birth_date(number))
        if kind is IdentityDocumentType.pk_cnic:
            number = cnic.validate(number)
            return DocumentNumber(number, _GENDERS[cnic.get_gender(number) or ""])
    except StdnumError as error:
        message = f"This is not a {kind}: its length, its characters or its check digit are wrong. Compare it again."
        raise invalid("#/number", "not_a_number", message) from error
    return DocumentNumber(number)


def check_document(document: DocumentNumber, sex: Sex, birth_date: date | None, precision: BirthPrecision) -> None:
    """Raise where a number says another sex or birth date than is recorded. Neither is quoted."""
    if Sex.not_recorded not in {document.sex, sex} and document.sex is not sex:
        message = "The number says another sex than is recorded of this person. Correct the one that is wrong."
        raise invalid("#/number", "sex_differs", message)
    if document.birth_date is None or birth_date is None:
        return
    same_day = document.birth_date == birth_date
    if not (same_day if precision is BirthPrecision.day else document.birth_date.year == birth_date.year):
        message = "The number says another birth date than is recorded of this person. Correct the one that is wrong."
        raise invalid("#/number", "birth_date_differs", message)


def check_birth(birth_date: date | None, precision: BirthPrecision, today: date) -> None:
    """Raise unless a birth date and its precision fit each other. The date is never quoted: it is personal."""
    if precision is BirthPrecision.not_recorded:
        if birth_date is not None:
            raise invalid(
                "#/birth_precision", "precision_needed", "Say whether the birth date is known to the `day` or `year`."
            )
        return
    if birth_date is None:
        raise invalid("#/birth_date", "missing", f"Give the birth date that is known to the {precision}.")
    if precision is BirthPrecision.year and (birth_date.month, birth_date.day) != (1, 1):
        raise invalid("#/birth_date", "not_a_year", "Where only the year is known, write its 1 January.")
    if birth_date > today:
        raise invalid("#/birth_date", "in_future", "The birth date is in the future.")


def check_names(names: Sequence[str | None]) -> None:
    """Raise where a person has no name at all."""
    if not any(names):
        raise invalid("#/given_name", "name_needed", "Give at least one name.")
