"""Vetting: who may take a seat. Pure: no database, no HTTP."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum, auto

from chassis.errors import Conflict, FieldError, Invalid

from trainings.domain.words import in_words


class VettingResult(StrEnum):
    """What a vetting came to; nothing is kept of why."""

    pending = auto()
    approved = auto()
    rejected = auto()
    suspended = auto()
    canceled = auto()


class VettingBasis(StrEnum):
    """Whether a seat needs a clearance. Not recorded: it was given before clearances were kept here."""

    required = auto()
    not_required = auto()
    not_recorded = auto()


class SeatNotCleared(Conflict):
    """A seat that needs a clearance and has none."""

    code = "seat_not_cleared"
    title = "This seat is not cleared"

    def __init__(self, starts_on: date, reasons: Sequence[str]) -> None:
        super().__init__(
            f"The seat needs a clearance that holds on {in_words(starts_on)}, when the training starts. "
            f"{' '.join(reasons)} Where none is needed, give the basis `not_required` with its reason.",
            [FieldError("not_cleared", reason, pointer="#/vetting_basis") for reason in reasons],
        )


def default_vetting_basis(starts_on: date, required_from: date) -> VettingBasis:
    """What holds where nothing is said: clearances are kept here for trainings that start on that day or later."""
    return VettingBasis.not_recorded if starts_on < required_from else VettingBasis.required


def find_basis_fault(
    basis: VettingBasis, reason: str | None, starts_on: date, required_from: date
) -> FieldError | None:
    """What speaks against a basis: no clearance asked for without a reason, or of a time in which they are kept."""
    if basis is VettingBasis.not_required and reason is None:
        return FieldError("missing", "Say why no clearance is needed.", pointer="#/vetting_reason")
    if basis is VettingBasis.not_recorded and starts_on >= required_from:
        return FieldError(
            "kept_here",
            f"Clearances are kept here for trainings that start on {in_words(required_from)} or later, as this one "
            "does: the basis is `required`, or `not_required` with its reason.",
            pointer="#/vetting_basis",
        )
    return None


def check_vetting_basis(basis: VettingBasis, reason: str | None, starts_on: date, required_from: date) -> None:
    """Raise where something speaks against the basis."""
    if fault := find_basis_fault(basis, reason, starts_on, required_from):
        raise Invalid("1 field needs attention.", [fault])
