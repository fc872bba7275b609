"""Vetting: who may take a seat. Pure: no database, no HTTP."""

from datetime import date, timedelta
from enum import StrEnum, auto
from typing import Final

from chassis.errors import Conflict, invalid

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
