"""What targets cost, over HTTP: allocated disbursements by currency, each with the list of exactly its allocations."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from chassis.errors import FieldError, Invalid
from chassis.known import LookingBack, Moment, default_day, say_moment, write_instant
from chassis.unit_of_work import Session, work_router
from fastapi import Query

from funding import domain, queries, totals
from funding.domain import MOST_TRAININGS, CostLeftOut, CostTarget, Stage, Sum, TotalStage
from funding.models import TrainingRef
from funding.queries import Cost
from funding.schemas.cost_allocations import TargetTraining
from funding.schemas.cost_totals import CostLeftOutRead, CostTargetRead, CostTotalsQuery, CostTotalsRead
from funding.schemas.money import MoneyRead
from funding.schemas.money_totals import StageTotalRead

router: Final = work_router("Costs")
_NAMES: Final = (
    "target_kind", "training_id", "target_code", "country_code", "beneficiary_country_code", "program_code",
)  # fmt: skip
# What a list of allocations can be asked for; a training's country and program are asked for by its id.
_LISTED: Final = ("target_kind", "training_id", "target_code", "country_code")
Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _When:
    as_of: date
    moment: Moment | None

    @property
    def pairs(self) -> Pairs:
        known = [("known_at", write_instant(self.moment.known_at))] if self.moment else []
        return [("effective_date_lte", self.as_of.isoformat()), *known]


@router.get("/cost-totals", response_model=CostTotalsRead)
async def get_cost_totals(
    session: Session, query: Annotated[CostTotalsQuery, Query()], moment: LookingBack
) -> CostTotalsRead:
    """Sum what is disbursed and allocated to targets, and say what the same fund lines paid beside it."""
    when = _When(query.as_of or default_day(moment.known_at if moment else None), moment)
    asked: dict[str, list[Any]] = {name: values for name in _NAMES if (values := getattr(query, name))}
    found = await queries.list_costs(session, asked, when.as_of)
    trainings = sorted({one.training_id for one in found if one.training_id is not None})
    if len(trainings) > MOST_TRAININGS:
        raise _too_many(len(trainings))
    counted = [one for one in found if query.include_program_support or not one.is_support]
    filters = _filters(asked, trainings)
    support = [] if query.include_program_support else [("is_program_support", "false")]
    refs = await queries.list_training_refs(session, trainings)
    return CostTotalsRead(
        as_of=when.as_of,
        include_program_support=query.include_program_support,
        totals=_totals(counted, [*filters, *support], when),
        targets=_targets(counted, refs, filters, support, when),
        left_out=await _left_out(session, query, asked, found, filters, when),
        **say_moment(moment),
    )


def _filters(asked: dict[str, list[Any]], trainings: Sequence[uuid.UUID]) -> Pairs:
    """How a list is asked for exactly what was found."""
    pairs = [(name, str(value)) for name in _LISTED for value in asked.get(name, ()) if name != "training_id"]
    by_training = {"training_id", "beneficiary_country_code", "program_code"} & set(asked)
    return pairs + [("training_id", str(one)) for one in trainings] if by_training else pairs


def _targets(
    counted: Iterable[Cost], refs: dict[uuid.UUID, TrainingRef], filters: Pairs, support: Pairs, when: _When
) -> list[CostTargetRead]:
    def key(one: Cost) -> tuple[str, str, str]:
        return (one.target_kind, str(one.training_id or ""), one.target_code or "")

    made = []
    of_all = [pair for pair in filters if pair[0] == "country_code"]
    for (kind, training, code), costs in groupby(sorted(counted, key=key), key=key):
        named = [("target_kind", kind), ("training_id", training) if training else ("target_code", code)]
        ref = refs.get(uuid.UUID(training)) if training else None
        made.append(
            CostTargetRead(
                target_kind=CostTarget(kind),
                training=TargetTraining.model_validate(ref) if ref else None,
                target_code=code or None,
                totals=_totals(list(costs), [*named, *of_all, *support], when),
            )
        )
    return made


async def _left_out(
    session: Session,
    query: CostTotalsQuery,
    asked: dict[str, list[Any]],
    found: list[Cost],
    filters: Pairs,
    when: _When,
) -> list[CostLeftOutRead]:
    """What fund lines paid beside it: those that paid for it, and those of the countries that were asked for."""
    paid = {one.fund_line_code for one in found}
    beside_countries = [*asked.get("country_code", ()), *query.left_out_country_code]
    lines = {"fund_line_code": sorted(paid.union(await queries.list_fund_lines_of(session, beside_countries)))}
    if not lines["fund_line_code"]:
        return []
    of_lines = [(name, str(value)) for name, values in lines.items() for value in values]
    ours = {one.allocation_id for one in found}
    all_costs = await queries.list_costs(session, lines, when.as_of)
    beside = [one for one in all_costs if one.allocation_id not in ours]
    trainings = sorted({one.training_id for one in found if one.training_id is not None})
    others = [one for one in beside if one.training_id is not None]
    kinds = sorted({one.target_kind for one in beside if one.training_id is None})
    disbursed = await totals.list_disbursed(session, lines, None, when.as_of)
    parts: dict[CostLeftOut, list[StageTotalRead]] = {
        CostLeftOut.program_support: _totals(
            [one for one in found if one.is_support and not query.include_program_support],
            [*filters, ("is_program_support", "true")],
            when,
        ),
        CostLeftOut.other_trainings: _totals(
            others,
            [*of_lines, ("target_kind", "training"), *(("except_training_id", str(one)) for one in trainings)],
            when,
        ),
        CostLeftOut.other_targets: [
            total
            for kind in kinds
            for total in _totals(
                [one for one in beside if one.target_kind == kind], [*of_lines, ("target_kind", kind)], when
            )
        ],
        CostLeftOut.unallocated: _unallocated(disbursed, all_costs, of_lines, when),
    }
    return [
        CostLeftOutRead(reason=reason, message=domain.COST_LEFT_OUT_WORDS[reason], totals=part)
        for reason, part in parts.items()
        if part
    ]


def _totals(costs: Sequence[Cost], filters: Pairs, when: _When) -> list[StageTotalRead]:
    """A total a currency."""
    pairs = [*filters, ("is_voided", "false"), *when.pairs]
    made = []
    for currency in sorted({one.currency for one in costs}):
        of_currency = [one for one in costs if one.currency == currency]
        amount = sum((one.amount for one in of_currency), Decimal(0)).quantize(domain.CENT)
        total = Sum(amount, len({one.entry_id for one in of_currency}))
        url = f"/v1/cost-allocations?{urlencode([*pairs, ('currency', currency)])}"
        made.append(_total(currency, total, filters, when, domain.COST_RULE, url))
    return made


def _unallocated(
    disbursed: Iterable[totals.CutTotal], costs: Sequence[Cost], of_lines: Pairs, when: _When
) -> list[StageTotalRead]:
    """Of each currency, what of the disbursed nobody allocated."""
    made = []
    for one in disbursed:
        allocated = sum((cost.amount for cost in costs if cost.currency == one.currency), Decimal(0))
        amount = (one.sum.amount - allocated).quantize(domain.CENT)
        if amount:
            pairs = [*of_lines, ("stage", str(Stage.disbursed)), ("currency", one.currency), *when.pairs]
            url = f"/v1/ledger-entries?{urlencode(pairs)}"
            total = Sum(amount, one.sum.entries)
            made.append(_total(one.currency, total, of_lines, when, domain.UNALLOCATED_RULE, url))
    return made


def _total(currency: str, total: Sum, filters: Pairs, when: _When, rule: str, url: str) -> StageTotalRead:
    named = [pair for pair in filters if pair[0] not in {"training_id", "except_training_id"}]
    of_trainings = len([pair for pair in filters if pair[0] == "training_id"])
    said = f"; {of_trainings} trainings" if of_trainings else ""
    return StageTotalRead(
        stage=TotalStage.disbursed,
        label=domain.LABELS[Stage.disbursed],
        tier=domain.tier_of(Stage.disbursed),
        currency=currency,
        amount=MoneyRead(amount=total.amount, currency=currency),
        entries=total.entries,
        boundary=domain.boundary_of_cell(named) + said,
        as_of=when.as_of,
        rule=rule,
        entries_url=url,
    )


def _too_many(found: int) -> Invalid:
    message = f"That is of {found} trainings; a total names {MOST_TRAININGS} at most. Ask for a program, or fewer."
    return Invalid(message, [FieldError("too_many_trainings", message, parameter="training_id")])
