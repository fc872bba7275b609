"""What a host nation, or a recipient who shares the cost, gives: never US money, never in a sum of it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum, auto
from typing import Final

from chassis.errors import Conflict, invalid

from funding.domain.money import US_FUNDS, Money
from funding.domain.rates import CENT


class ContributionStream(StrEnum):
    """Whose money: the host nation's own, or what a recipient must add under an agreement."""

    host = auto()
    cost_share = auto()


class ContributionKind(StrEnum):
    """Money, or what is worth money."""

    cash = auto()
    in_kind = auto()


class ContributionStage(StrEnum):
    """How far a contribution is."""

    pledged = auto()
    delivered = auto()
    verified = auto()
    lapsed = auto()


class EvidenceGrade(StrEnum):
    """What speaks for an amount: somebody's word, a document, or a document that was held against the books."""

    stated = auto()
    documented = auto()
    reconciled = auto()


NEXT_STAGE: Final[Mapping[ContributionStage, frozenset[ContributionStage]]] = {
    ContributionStage.pledged: frozenset({ContributionStage.delivered, ContributionStage.lapsed}),
    ContributionStage.delivered: frozenset({ContributionStage.verified}),
    ContributionStage.verified: frozenset(),
    ContributionStage.lapsed: frozenset(),
}
STAGE_RULES: Final[Mapping[ContributionStage, str]] = {
    ContributionStage.pledged: "what was pledged by then, delivered since or not, without what had lapsed",
    ContributionStage.delivered: "what was delivered by then, verified since or not",
    ContributionStage.verified: "what of the delivered was verified by then",
    ContributionStage.lapsed: "what was pledged and had lapsed by then",
}
NEVER_US_MONEY: Final = "Money of others: never added to US money, nor one stage, currency or evidence to another."


class ContributionStageFollows(Conflict):
    """A change of stage that cannot be."""

    code = "illegal_transition"
    title = "This stage cannot follow the present one"


def check_stage_follows(current: ContributionStage, to: ContributionStage) -> None:
    """Raise where `to` does not follow."""
    if to not in NEXT_STAGE[current]:
        raise ContributionStageFollows(f"A contribution that is {current} cannot become {to}.")


def check_evidence(
    kind: ContributionKind,
    stage: ContributionStage,
    grade: EvidenceGrade,
    *,
    has_valuation: bool,
    has_document: bool,
) -> None:
    """Raise where nothing says what an amount rests on."""
    if kind is ContributionKind.in_kind and not has_valuation:
        raise invalid("#/valuation_method", "missing", "Say how what was given in kind was valued.")
    if grade is not EvidenceGrade.stated and not has_document:
        raise invalid("#/document_reference", "missing", f"What is {grade} has a document: name it.")
    if stage is ContributionStage.verified and grade is EvidenceGrade.stated:
        raise invalid("#/evidence_grade", "only_stated", "What nobody documents is not verified.")


def check_contribution_days(first: date | None, then: date, today: date, pointer: str) -> None:
    """Raise where something happens before what came before it, or has not happened yet."""
    if then > today:
        raise invalid(pointer, "in_the_future", f"Record it when it has happened; today is {today} (UTC).")
    if first is not None and then < first:
        raise invalid(pointer, "before_start", f"This is before {first}, the day of the stage before.")


def check_verified_amount(delivered: Decimal, verified: Decimal) -> None:
    """Raise where more is verified than was delivered."""
    if verified > delivered:
        raise invalid("#/amount/amount", "too_much", f"{delivered} was delivered; no more than that is verified.")


@dataclass(frozen=True, slots=True)
class Reached:
    """A stage that a contribution has reached: with which amount, on which day."""

    stage: ContributionStage
    money: Money
    day: date


def reached_by(
    day: date, currency: str, reached: Mapping[ContributionStage, tuple[Decimal | None, date | None]]
) -> list[Reached]:
    """The stages that count on a day. A pledge that had lapsed is no pledge any more."""
    found = [
        Reached(stage, Money(amount, currency), on)
        for stage, (amount, on) in reached.items()
        if amount is not None and on is not None and on <= day
    ]
    has_lapsed = any(one.stage is ContributionStage.lapsed for one in found)
    return [one for one in found if not (has_lapsed and one.stage is ContributionStage.pledged)]


class LeverageRefusal(StrEnum):
    """Why what others gave is not set against what was disbursed."""

    scope_differs = auto()
    period_differs = auto()
    period_not_stated = auto()
    nothing_delivered = auto()
    nothing_disbursed = auto()
    currency_differs = auto()


REFUSAL_WORDS: Final[Mapping[LeverageRefusal, str]] = {
    LeverageRefusal.scope_differs: (
        "All that a nation spends and all that is disbursed there differ in scope. Name an agreement or a function."
    ),
    LeverageRefusal.period_differs: "The period of a contribution is partly outside the one asked for.",
    LeverageRefusal.period_not_stated: "Of a contribution no period is recorded.",
    LeverageRefusal.nothing_delivered: "Nothing delivered is recorded for this scope, period and evidence.",
    LeverageRefusal.nothing_disbursed: "Nothing was disbursed in this scope and period.",
    LeverageRefusal.currency_differs: "Something was disbursed in another currency than US dollars.",
}


class NotSetAgainst(StrEnum):
    """Why a contribution is no part of leverage. The first that holds is the one."""

    not_delivered = auto()
    other_scope = auto()
    weaker_evidence = auto()
    outside_period = auto()


LEFT_OUT_WORDS: Final[Mapping[NotSetAgainst, str]] = {
    NotSetAgainst.not_delivered: "Pledged and not delivered by then, or lapsed: a pledge is no contribution.",
    NotSetAgainst.other_scope: "It is for another agreement or function, or nothing says for which.",
    NotSetAgainst.weaker_evidence: "Its evidence is of another grade than asked for.",
    NotSetAgainst.outside_period: "Its whole period is outside the one asked for.",
}


@dataclass(frozen=True, slots=True)
class Span:
    """A period; an open end is not recorded."""

    starts_on: date | None
    ends_on: date | None


def match_period(span: Span, first: date | None, last: date) -> LeverageRefusal | NotSetAgainst | None:
    """How the period of a contribution stands to the one asked for; None where it lies within."""
    if span.starts_on is None or span.ends_on is None:
        return LeverageRefusal.period_not_stated
    if span.starts_on > last or (first is not None and span.ends_on < first):
        return NotSetAgainst.outside_period
    if span.ends_on > last or (first is not None and span.starts_on < first):
        return LeverageRefusal.period_differs
    return None


def ratio(delivered: Iterable[Money], disbursed: Decimal) -> Decimal:
    """What was delivered, all in US dollars, by what was disbursed."""
    amounts = list(delivered)
    if any(one.currency != US_FUNDS for one in amounts):
        raise ValueError("convert it first")
    return (sum((one.amount for one in amounts), Decimal(0)) / disbursed).quantize(CENT)
