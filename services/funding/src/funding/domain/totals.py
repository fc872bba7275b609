"""What a total is made of: one stage, or what is left between two. Pure, as all of this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum, auto
from typing import Final

from funding.domain.money import LABELS, Stage, Tier, rule_of, tier_of
from funding.domain.reports import months_before


class TotalStage(StrEnum):
    """What a total says: how much is in a stage, or how much is left between two of them."""

    appropriated = auto()
    allotted = auto()
    committed = auto()
    obligated = auto()
    sub_obligated = auto()
    disbursed = auto()
    unliquidated = auto()
    award_unliquidated = auto()
    unobligated = auto()
    available = auto()
    pipeline = auto()
    unsubobligated = auto()
    transferred = auto()
    paid_per_month = auto()


@dataclass(frozen=True, slots=True)
class Made:
    """Which stages a total adds and which it takes away, and of which entries alone."""

    label: str
    adds: Sequence[Stage]
    takes: Sequence[Stage] = ()
    tier: Tier = Tier.primary
    only: Sequence[tuple[str, str]] = ()

    @property
    def stages(self) -> list[Stage]:
        """The stages whose entries are summed."""
        return [*self.adds, *self.takes]

    @property
    def rule(self) -> str:
        """How the sum is made, in words."""
        if len(self.stages) == 1:
            return rule_of(self.adds[0])
        said = " less ".join(LABELS[stage].lower() for stage in self.stages)
        return ". ".join([said, *(f"{LABELS[stage]}: {rule_of(stage)}" for stage in self.stages)])


# What is left of authority or of an obligation is of the tier of what it is left of.
MADE: Final[Mapping[TotalStage, Made]] = {
    **{TotalStage(stage): Made(LABELS[stage], (stage,), tier=tier_of(stage)) for stage in Stage},
    TotalStage.unliquidated: Made("Unliquidated (obligated, unpaid)", (Stage.obligated,), (Stage.disbursed,)),
    TotalStage.award_unliquidated: Made(
        "Unliquidated (awarded, unpaid)", (Stage.sub_obligated,), (Stage.disbursed,), Tier.sub
    ),
    TotalStage.unobligated: Made("Unobligated", (Stage.allotted,), (Stage.obligated,)),
    TotalStage.available: Made("Available", (Stage.allotted,), (Stage.committed, Stage.obligated)),
    TotalStage.pipeline: Made("Pipeline (allotted, unpaid)", (Stage.allotted,), (Stage.disbursed,)),
    TotalStage.unsubobligated: Made(
        "Not yet awarded", (Stage.obligated,), (Stage.sub_obligated,), only=(("is_of_letter", "true"),)
    ),
    TotalStage.transferred: Made("Transferred", (Stage.obligated,), only=(("is_transferred", "true"),)),
    TotalStage.paid_per_month: Made("Paid a month", (Stage.disbursed,)),
}


@dataclass(frozen=True, slots=True)
class Sum:
    """What entries come to, and how many they are."""

    amount: Decimal = Decimal("0.00")
    entries: int = 0


def total_of(what: TotalStage, held: Mapping[Stage, Sum]) -> Sum:
    """The total of what is held by stage; zero of no entries where there are none."""
    made = MADE[what]
    parts = [(held.get(stage, Sum()), 1 if stage in made.adds else -1) for stage in made.stages]
    return Sum(sum((sign * one.amount for one, sign in parts), Decimal("0.00")), sum(one.entries for one, _ in parts))


class Age(StrEnum):
    """How long ago money was obligated that is not paid."""

    under_one_year = auto()
    one_to_two_years = auto()
    two_to_five_years = auto()
    over_five_years = auto()


# From how many years since the obligation on.
AGE_STARTS_YEARS: Final[Mapping[Age, int]] = {
    Age.under_one_year: 0,
    Age.one_to_two_years: 1,
    Age.two_to_five_years: 2,
    Age.over_five_years: 5,
}


def age_of(obligated_on: date, as_of: date) -> Age:
    """How old an obligation is on a day: two years on its second anniversary."""
    return next(age for age in reversed(Age) if obligated_on <= months_before(as_of, 12 * AGE_STARTS_YEARS[age]))


def leave_unpaid(obligations: Mapping[date, Decimal], paid: Decimal) -> dict[date, Decimal]:
    """What is left of obligations, by their day, once what was paid is taken from the oldest first."""
    left = dict[date, Decimal]()
    for day, amount in sorted(obligations.items()):
        taken = min(paid, amount)
        paid -= taken
        if amount != taken:
            left[day] = amount - taken
    return left
