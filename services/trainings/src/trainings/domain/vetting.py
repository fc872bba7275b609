"""Vetting: who may take a seat. Pure: no database, no HTTP."""

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum, auto
from typing import Final

from chassis.errors import Conflict, FieldError, Invalid, invalid

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


NEXT_VETTING_RESULT: Final = {
    VettingResult.pending: {
        VettingResult.approved,
        VettingResult.rejected,
        VettingResult.suspended,
        VettingResult.canceled,
    },
    VettingResult.suspended: {VettingResult.approved, VettingResult.rejected, VettingResult.canceled},
    VettingResult.approved: {VettingResult.suspended, VettingResult.rejected},
    VettingResult.rejected: set[VettingResult](),
    VettingResult.canceled: set[VettingResult](),
}


class IllegalResult(Conflict):
    """A vetting that is over does not come to another result."""

    code = "illegal_transition"
    title = "It cannot become that"


def check_result(current: VettingResult, to: VettingResult) -> None:
    """Raise where a vetting with the result `current` cannot come `to` another one."""
    if to is current or to in NEXT_VETTING_RESULT[current]:
        return
    allowed = " or ".join(sorted(NEXT_VETTING_RESULT[current]))
    how = f"It can become {allowed}." if allowed else "Record a new vetting, or void this one if it was an error."
    raise IllegalResult(f"A vetting that is {current} cannot become {to}. {how}")


def check_vetting(requested_on: date, result: VettingResult, result_on: date | None, today: date) -> None:
    """Raise unless the days of a vetting follow each other and its result has one."""
    if requested_on > today:
        raise invalid("#/requested_on", "in_future", "The request is in the future; record it when it was made.")
    if result is VettingResult.pending:
        if result_on is not None:
            raise invalid("#/result_on", "no_result", "A pending vetting has no day of its result yet.")
        return
    if result_on is None:
        raise invalid("#/result_on", "missing", f"Say on which day it was {result}.")
    if result_on < requested_on:
        raise invalid("#/result_on", "before_request", f"The result is before the request, {in_words(requested_on)}.")
    if result_on > today:
        raise invalid("#/result_on", "in_future", "The result is in the future; record it when it is there.")


def last_valid_day(result: VettingResult, result_on: date | None, validity_days: int) -> date | None:
    """Until when a clearance holds; the day of the approval is the first of its days."""
    if result is not VettingResult.approved or result_on is None:
        return None
    return result_on + timedelta(days=validity_days - 1)
