"""What people and what identifies them may be. Pure: no database, no HTTP."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum, auto

from chassis.errors import invalid


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
