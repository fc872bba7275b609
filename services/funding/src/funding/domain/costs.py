"""What a disbursement was for: shares of it, allocated to trainings and other targets. Pure, as all of this."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum, auto
from typing import Final

from chassis.errors import invalid

from funding.domain.money import EntryKind
from funding.domain.rates import CENT

MOST_TRAININGS: Final = 200
"""That a cost total names, so that an address can say which they are."""
WHOLE: Final = Decimal(100)


class CostTarget(StrEnum):
    """What money was paid for."""

    training = auto()
    activity = auto()
    deployment = auto()
    hosted_visit = auto()
    equipment_lot = auto()


class CostLeftOut(StrEnum):
    """What was disbursed from the same fund lines and is not in a cost total."""

    program_support = auto()
    other_trainings = auto()
    other_targets = auto()
    unallocated = auto()


COST_RULE: Final = (
    "the allocated share of each disbursement, less the same share of its refunds; nothing of one that was reversed"
)
UNALLOCATED_RULE: Final = (
    "the disbursements of these entries, less refunds and reversals, less what of them is allocated"
)
COST_LEFT_OUT_WORDS: Final[Mapping[CostLeftOut, str]] = {
    CostLeftOut.program_support: (
        "Allocated to these targets from money for program support: salaries, travel, oversight."
    ),
    CostLeftOut.other_trainings: "Allocated to other trainings.",
    CostLeftOut.other_targets: "Allocated to something else than trainings.",
    CostLeftOut.unallocated: "Disbursed, and nobody said for what.",
}


def check_target(target: CostTarget, *, has_training: bool, has_code: bool) -> None:
    """Raise where it is not said what was paid for: of a training its id, of all else a code."""
    if target is CostTarget.training:
        if not has_training:
            raise invalid("#/training_id", "missing", "Name the training.")
        if has_code:
            raise invalid("#/target_code", "two_targets", "A training is named by its id alone.")
        return
    if has_training:
        raise invalid("#/training_id", "two_targets", "This is no training: leave its id out, and give a code.")
    if not has_code:
        raise invalid("#/target_code", "missing", "Give the code by which it is known.")


def check_allocatable(kind: EntryKind, *, is_reversal: bool, is_reversed: bool) -> None:
    """Raise where an entry is no disbursement, or none any more."""
    if kind is not EntryKind.disbursement or is_reversal:
        raise invalid(
            "#/ledger_entry_id", "no_disbursement", "Only what was disbursed is allocated; this entry is none."
        )
    if is_reversed:
        raise invalid("#/ledger_entry_id", "reversed", "This disbursement was reversed: there is nothing to allocate.")


def share_of(disbursed: Decimal, percent: Decimal | None, amount: Decimal | None) -> Decimal:
    """What is allocated of a disbursement: of a percentage the cents, rounded half up."""
    if (percent is None) == (amount is None):
        raise invalid("#/percent", "one_of_two", "Give a percentage or an amount, one of the two.")
    if amount is not None:
        return amount
    share = (disbursed * (percent or Decimal(0)) / WHOLE).quantize(CENT, ROUND_HALF_UP)
    if not share:
        raise invalid("#/percent", "too_small", "This is less than a cent.")
    return share
