"""What a document claims against what our records show. Pure: no HTTP, no database. Rules R4 and R10 of the figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum, auto
from typing import Final

# How far a value may be off and still be what the word says. Fractions of the claimed value.
JUST_OVER: Final = Decimal("0.05")
ABOUT: Final = Decimal("0.10")
MANY: Final = 2


class Result(StrEnum):
    """How a claim and the records compare."""

    not_recorded = auto()
    not_comparable = auto()
    consistent = auto()
    borderline = auto()
    short = auto()
    exceeds = auto()


class Reason(StrEnum):
    """Why they cannot be compared."""

    stage_unspecified = auto()
    scope_differs = auto()
    nationality_differs = auto()
    unit_differs = auto()
    records_not_declared_complete = auto()
    as_of_window_open = auto()
    range_straddles = auto()
    no_counting_rule = auto()


@dataclass(frozen=True, slots=True)
class Claim:
    """What a document says: a value with its word, or a range, or no number; and since when and as of when."""

    value: Decimal | None
    value_min: Decimal | None
    value_max: Decimal | None
    qualifier: str | None
    bound: str
    period_start: date | None
    as_of_earliest: date
    as_of_latest: date | None


@dataclass(frozen=True, slots=True)
class Count:
    """What the records show as of a day: a value, or bounds where overlap is unknown."""

    as_of: date
    lower: Decimal
    upper: Decimal


@dataclass(frozen=True, slots=True)
class Coverage:
    """A declaration that records are complete from one day, to another or onward."""

    complete_from: date
    complete_to: date | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result, and every reason where there is none."""

    result: Result
    reasons: tuple[Reason, ...] = ()


def compare(claim: Claim, counts: Sequence[Count], coverages: Sequence[Coverage], as_of: date) -> Comparison:
    """Compare `claim` with `counts` at the two ends of the claim's window; an open end means `as_of`.

    A count that grows settles a claim whose date is vague only where both ends give the same result.
    """
    if not counts:
        return Comparison(Result.not_recorded)
    end = claim.as_of_latest or as_of
    if not is_covered(claim, coverages, as_of):
        return Comparison(Result.not_comparable, (Reason.records_not_declared_complete,))
    by_day = {count.as_of: count for count in counts}
    results = [settle(claim, by_day[day]) for day in (claim.as_of_earliest, end)]
    if results[0] is not None and results[0] == results[1]:
        return Comparison(results[0])
    reasons = [Reason.range_straddles] if None in results else []
    if results[0] != results[1] or claim.as_of_earliest != end:
        reasons.insert(0, Reason.as_of_window_open)
    if results == [None, None]:
        reasons = [Reason.range_straddles]
    return Comparison(Result.not_comparable, tuple(reasons))


def is_covered(claim: Claim, coverages: Sequence[Coverage], as_of: date) -> bool:
    """Whether one declaration covers the claim's whole window, from the start of its period."""
    start = claim.period_start or claim.as_of_earliest
    end = claim.as_of_latest or as_of
    return any(one.complete_from <= start and (one.complete_to is None or one.complete_to >= end) for one in coverages)


def settle(claim: Claim, count: Count) -> Result | None:
    """The result where both ends of the count agree, None where it straddles."""
    low, high = outcome(claim, count.lower), outcome(claim, count.upper)
    return low if low == high else None


def outcome(claim: Claim, counted: Decimal) -> Result:
    """How one counted value stands to the claim, by the claim's word."""
    if claim.bound == "unquantified":
        return Result.consistent if counted >= MANY else Result.not_comparable
    if claim.bound == "range":
        return _within(counted, _known(claim.value_min), _known(claim.value_max))
    value = _known(claim.value)
    word = "almost" if claim.bound == "lt" else claim.qualifier
    if word in {"more_than", "just_over"} and counted <= value:
        return Result.borderline if counted == value and word == "more_than" else Result.short
    if word == "almost" and counted == value:
        return Result.exceeds
    low, high = {
        "more_than": (value, None),
        "at_least": (value, None),
        "just_over": (value, value * (1 + JUST_OVER)),
        "almost": (value * (1 - ABOUT), value),
        "about": (value * (1 - ABOUT), value * (1 + ABOUT)),
        "approx": (value * (1 - ABOUT), value * (1 + ABOUT)),
    }.get(word or "", (None, None))
    if low is None:
        return _within(round_like(counted, value), value, value)
    return _within(counted, low, high)


def _within(counted: Decimal, low: Decimal, high: Decimal | None) -> Result:
    if counted < low:
        return Result.short
    return Result.exceeds if high is not None and counted > high else Result.consistent


def _known(value: Decimal | None) -> Decimal:
    if value is None:
        raise ValueError("this claim has no number")
    return value


def round_like(counted: Decimal, value: Decimal) -> Decimal:
    """`counted`, rounded to the last significant digit of `value`: 25,000,000 is exact to the million."""
    exponent = value.normalize().as_tuple().exponent
    return counted.quantize(Decimal(1).scaleb(int(exponent)), rounding=ROUND_HALF_UP) if value else counted
