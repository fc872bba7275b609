"""Stages of money, the kinds of entries that move them, and fiscal years. Pure: no database, no HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum, auto
from typing import Final, Literal

from chassis.errors import invalid


class Stage(StrEnum):
    """How far money has come, in the order of the ladder. A sum never mixes two."""

    appropriated = auto()
    allotted = auto()
    committed = auto()
    obligated = auto()
    sub_obligated = auto()
    disbursed = auto()


class Tier(StrEnum):
    """A bulk obligation and the awards under it are the same money twice: a sum takes one tier."""

    primary = auto()
    sub = auto()


class EntryKind(StrEnum):
    """What an entry records. Its amount is positive; its kind gives stage and sign."""

    appropriation = auto()
    allotment = auto()
    allotment_withdrawal = auto()
    commitment = auto()
    commitment_release = auto()
    obligation = auto()
    upward_adjustment = auto()
    deobligation = auto()
    sub_obligation = auto()
    sub_deobligation = auto()
    disbursement = auto()
    refund = auto()
    cancellation_close = auto()


@dataclass(frozen=True, slots=True)
class Posting:
    """What entries of a kind do: which stage they move, which way, and what several of them are called."""

    stage: Stage
    sign: Literal[1, -1]
    plural: str


# The one table of signs. Queries take it as it stands here, so that SQL and Python cannot differ. What reverses one
# has the kind of that entry, and the opposite sign. A closing is of the stage that it names.
POSTINGS: Final[Mapping[EntryKind, Posting]] = {
    EntryKind.appropriation: Posting(Stage.appropriated, 1, "appropriations"),
    EntryKind.allotment: Posting(Stage.allotted, 1, "allotments"),
    EntryKind.allotment_withdrawal: Posting(Stage.allotted, -1, "allotment withdrawals"),
    EntryKind.commitment: Posting(Stage.committed, 1, "commitments"),
    EntryKind.commitment_release: Posting(Stage.committed, -1, "commitment releases"),
    EntryKind.obligation: Posting(Stage.obligated, 1, "obligations"),
    EntryKind.upward_adjustment: Posting(Stage.obligated, 1, "upward adjustments"),
    EntryKind.deobligation: Posting(Stage.obligated, -1, "deobligations"),
    EntryKind.sub_obligation: Posting(Stage.sub_obligated, 1, "sub-obligations"),
    EntryKind.sub_deobligation: Posting(Stage.sub_obligated, -1, "sub-deobligations"),
    EntryKind.disbursement: Posting(Stage.disbursed, 1, "disbursements"),
    EntryKind.refund: Posting(Stage.disbursed, -1, "refunds"),
}
# Money that may be obligated, and is not yet.
AUTHORITY: Final = (Stage.appropriated, Stage.allotted)
# What is left of these stages when an account is canceled is closed, by an entry of its own a stage.
CLOSABLE: Final = (Stage.allotted, Stage.committed, Stage.obligated, Stage.sub_obligated)
CLOSING: Final = Posting(Stage.allotted, -1, "closings at cancellation")
# "Commitment" means the opposite in other vocabularies (IATI's is the obligation), so its label says which.
LABELS: Final[Mapping[Stage, str]] = {
    Stage.appropriated: "Appropriated",
    Stage.allotted: "Allotted",
    Stage.committed: "Committed (reserved)",
    Stage.obligated: "Obligated",
    Stage.sub_obligated: "Sub-obligated",
    Stage.disbursed: "Disbursed",
}


# The currency of all money of the Treasury.
US_FUNDS: Final = "USD"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency (ISO 4217)."""

    amount: Decimal
    currency: str


def dollars(amount: Decimal | None) -> Money | None:
    """An amount of US funds, which are in US dollars; None where there is none."""
    return None if amount is None else Money(amount, US_FUNDS)


def sum_of(amounts: Sequence[Money]) -> Money:
    """The sum of amounts of one currency; of several, or of none, there is none."""
    (currency,) = {one.currency for one in amounts}
    return Money(sum((one.amount for one in amounts), Decimal(0)), currency)


def tier_of(stage: Stage) -> Tier:
    """The tier whose money a stage counts."""
    return Tier.sub if stage is Stage.sub_obligated else Tier.primary


def kinds_of(*stages: Stage) -> list[EntryKind]:
    """The kinds of entries that move `stages`."""
    return [kind for kind, posting in POSTINGS.items() if posting.stage in stages]


def signed_amount(kind: EntryKind, amount: Decimal, *, is_reversal: bool = False) -> Decimal:
    """What an entry adds to its stage; negative where it takes away. A reversal does the opposite."""
    sign = POSTINGS.get(kind, CLOSING).sign
    return (-sign if is_reversal else sign) * amount


def rule_of(stage: Stage) -> str:
    """How the total of a stage is made, in words: `obligations + upward adjustments - deobligations ...`."""
    terms = [POSTINGS[kind] for kind in kinds_of(stage)] + [CLOSING] * (stage in CLOSABLE)
    summed = "".join((" + " if term.sign > 0 else " - ") + term.plural for term in terms).removeprefix(" + ")
    return f"{summed}, each less its reversals"


def boundary_of(country_code: str) -> str:
    """What a country's totals take in, and that no money is in them twice."""
    return f"All fund lines of country {country_code}; what one of them transfers to another is counted once."


def internal_boundary_of(country_code: str) -> str:
    """What is left out of a country's totals, as it is in them already."""
    return f"What fund lines of country {country_code} transfer to each other, at the end where it is not counted."


def fy(day: date) -> int:
    """The US fiscal year of `day`, named by the year it ends in: 2016 is 2015-10-01 to 2016-09-30."""
    return day.year + (day.month >= 10)  # noqa: PLR2004 - October


def fiscal_year_days(year: int) -> tuple[date, date]:
    """The first and the last day of a US fiscal year."""
    return date(year - 1, 10, 1), date(year, 9, 30)


def check_effective_date(effective_date: date, today: date) -> None:
    """Raise where an entry is dated after `today`: the ledger records what has happened."""
    if effective_date > today:
        raise invalid(
            "#/effective_date", "in_the_future", f"The ledger records what has happened; today is {today} (UTC)."
        )
