"""The rules of the ledger in words, and how a breach of one is told. The database finds it. Pure, as all of this."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum, auto
from typing import Any, Final

from chassis.errors import Conflict, FieldError

from funding.domain.money import Stage


class ProposalStatus(StrEnum):
    """How far a proposed entry is. Only what is posted is in the ledger."""

    proposed = auto()
    posted = auto()
    declined = auto()


# Of each rule: what it says, and how a breach of it is told, from the amounts that the database found.
RULES: Final[Mapping[str, str]] = {
    "F1": "What is allotted covers the open commitments and what is obligated, on every day.",
    "F2": "No more is disbursed than is obligated, and no less than nothing, on every day.",
    "F3": "Under a line of an agreement no more is disbursed than obligated, and under an agreement no more obligated "
    "than its ceiling, on every day.",
    "F4": "The awards charged to a line of a letter of agreement are no more than that line obligates, on every day.",
    "F5": "An award under a letter of agreement is the second tier of its money and is not counted again.",
    "F6": "After the last day of availability there is no new money and no new obligation; an increase adjusts one "
    "that was made in time.",
    "F7": "From the day of cancellation on nothing is recorded but the closing that leaves no balance.",
    "F8": "The rules hold for the sums over all years; one year alone may be negative.",
    "F9": "Entries are never changed. A reversal takes back one entry, once and whole; adjustments take back no more "
    "than is left of what they adjust.",
    "F10": "Amounts are positive, with two decimals; US funds are in US dollars. The kind gives the sign.",
    "F11": "A memorandum of understanding obligates nothing.",
    "F12": "An obligation is dated while its money is available, and not before its agreement is signed and in force.",
    "F13": "No more than all of a disbursement is allocated to what it paid for.",
    "F14": "A transfer under 632(a) leaves once; what comes of it is accounted for by the agency that received it.",
    "F15": "Fiscal years and phases follow from dates and are never typed.",
    "F16": "No sum mixes stages, currencies or tiers.",
}
_TOLD: Final[Mapping[tuple[str, frozenset[str]], str]] = {
    ("F1", frozenset({"allotted", "committed", "obligated"})): (
        "allotted {allotted} does not cover committed {committed} and obligated {obligated}"
    ),
    ("F2", frozenset({"obligated", "disbursed"})): "disbursed {disbursed} against obligated {obligated}",
    ("F3", frozenset({"obligated", "disbursed"})): "disbursed {disbursed} against obligated {obligated}",
    ("F3", frozenset({"obligated", "ceiling"})): "obligated {obligated} is above the ceiling {ceiling}",
    ("F4", frozenset({"obligated", "sub_obligated"})): "sub-obligated {sub_obligated} against obligated {obligated}",
    ("F7", frozenset({"allotted", "committed", "obligated", "disbursed"})): (
        "allotted {allotted}, committed {committed}, obligated {obligated}, disbursed {disbursed} are left"
    ),
    ("F7", frozenset({"obligated", "disbursed"})): "obligated {obligated} and disbursed {disbursed} are left",
    ("F13", frozenset({"disbursed", "allocated"})): "allocated {allocated} of the disbursed {disbursed}",
    ("F9", frozenset({"entry", "left"})): "{left} would be left of the entry {entry}",
}
_OF_AN_ENTRY: Final[Mapping[str, str]] = {
    "F6": "{kind} of {amount}; its money is available to {available_to}",
    "F7": "{kind} of {amount}; its account is canceled on {cancels_on}",
    "F10": "{kind} of {amount} {currency}",
    "F11": "{kind} of {amount} under {agreement}",
    "F12": "{kind} of {amount}; available from {available_from} to {available_to}, agreement {agreement} is {status}, "
    "signed on {signed_on}",
}


@dataclass(frozen=True, slots=True)
class Breach:
    """What the database found: the rule, the fund line or agreement, the first day, and the amounts on it."""

    rule: str
    subject: str
    day: date
    amounts: Mapping[str, Any]

    @property
    def words(self) -> str:
        """The breach as a reader should see it: rule, subject, day, amounts."""
        told = _TOLD.get((self.rule, frozenset(self.amounts))) or _OF_AN_ENTRY[self.rule]
        shown = {name: "none" if value is None else value for name, value in self.amounts.items()}
        return f"{self.rule}: {RULES[self.rule]} {self.subject} on {self.day}: {told.format(**shown)}."


class LedgerRefused(Conflict):
    """An entry that would break a rule of the ledger, on its own day or on a later one."""

    code = "ledger_rule"
    title = "This would break a rule of the ledger"


_POINTERS: Final[Mapping[str, str]] = dict.fromkeys(("F6", "F7", "F12"), "#/effective_date") | {"F13": "#/"}


def refuse(breach: Breach) -> LedgerRefused:
    """The refusal that tells of a breach."""
    pointer = _POINTERS.get(breach.rule, "#/amount/amount")
    return LedgerRefused(
        breach.words,
        [FieldError(breach.rule.lower(), breach.words, pointer=pointer)],
        rule=breach.rule,
        subject=breach.subject,
        effective_date=breach.day.isoformat(),
        amounts=dict(breach.amounts),
    )


class NeedsApproval(Conflict):
    """An entry of a controlled fund line that nobody else has looked at."""

    code = "needs_approval"
    title = "Somebody else must post this"


class AlreadyDecided(Conflict):
    """A proposal that was posted or declined."""

    code = "already_decided"
    title = "This proposal is decided"


@dataclass(frozen=True, slots=True)
class Share:
    """What one line of an agreement, or a fund line without one (None), holds at a moment, by stage."""

    line: Any
    parent_line: Any
    sums: Mapping[Stage, Decimal]


@dataclass(frozen=True, slots=True)
class Closing:
    """A closing entry: what is left of a stage, of a line."""

    line: Any
    stage: Stage
    amount: Decimal


def close(shares: list[Share]) -> list[Closing]:
    """The closing entries that leave no balance: nothing obligated and unpaid, nothing allotted and unspent."""
    closings = []
    for share in shares:
        below = [one for one in shares if one.parent_line is not None and one.parent_line == share.line]
        paid = sum((_of(one, Stage.disbursed) for one in [share, *below]), Decimal(0))
        bound = Stage.obligated if share.parent_line is None else Stage.sub_obligated
        closings.append(Closing(share.line, bound, _of(share, bound) - paid))
        closings.append(Closing(share.line, Stage.committed, _of(share, Stage.committed)))
    allotted = sum((_of(one, Stage.allotted) for one in shares), Decimal(0))
    spent = sum((_of(one, Stage.disbursed) for one in shares), Decimal(0))
    closings.append(Closing(None, Stage.allotted, allotted - spent))
    return [one for one in closings if one.amount > 0]


def _of(share: Share, stage: Stage) -> Decimal:
    return share.sums.get(stage, Decimal(0))


def closed_amount(closings: list[Closing]) -> Decimal:
    """What returns to the Treasury: what was allotted and not spent."""
    return sum((one.amount for one in closings if one.stage is Stage.allotted), Decimal(0))
