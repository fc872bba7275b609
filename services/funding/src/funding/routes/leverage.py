"""Leverage over HTTP: what a host delivered by what was disbursed, where scope and period match, else why not."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Final

from chassis.errors import FieldError, Invalid
from chassis.known import LookingBack, Moment, default_day, say_moment
from chassis.unit_of_work import Session, work_router
from fastapi import Query, Request
from sqlmodel.ext.asyncio.session import AsyncSession

from funding import domain, queries, totals
from funding.domain import US_FUNDS, ContributionStage, ContributionStream, LeverageRefusal, NotSetAgainst, TotalStage
from funding.models import HostContribution
from funding.routes.host_totals import Conversion, Counted, make_totals
from funding.schemas.host_contribution_totals import LeverageLeftOut, LeverageQuery, LeverageRead, LeverageReason
from funding.schemas.money_totals import NOT_INTERNAL, Cell, StageTotalRead

router: Final = work_router("Reports")
FORMULA: Final = "delivered by the host, in US dollars / disbursed, in US dollars; the same scope and period of both"


@dataclass
class _Sorted:
    """Contributions by what becomes of them."""

    counted: list[Counted] = field(default_factory=list)
    left_out: dict[NotSetAgainst, list[str]] = field(default_factory=dict)
    refused: dict[LeverageRefusal, list[str]] = field(default_factory=dict)


@router.get("/reports/leverage", response_model=LeverageRead)
async def get_leverage(
    request: Request, session: Session, query: Annotated[LeverageQuery, Query()], moment: LookingBack
) -> LeverageRead:
    """Set what the host delivered against what was disbursed, of one agreement, or one function in a country."""
    as_of = query.as_of or default_day(moment.known_at if moment else None)
    asked, of_host = await _scope_of(session, query)
    found = await queries.list_contributions(session, of_host | {"stream": [ContributionStream.host]})
    sorted_out = _sort_out(found, asked, query, as_of)
    # Of a country what one of its fund lines transfers to another is counted once; an agreement is one end of it.
    is_netted = "country_code" in asked
    disbursed = await totals.list_disbursed(session, asked, query.from_date, as_of, is_netted=is_netted)
    refused = sorted_out.refused
    if not sorted_out.counted and not refused:
        refused[LeverageRefusal.nothing_delivered] = []
    if "agreement_code" not in asked and "function_code" not in asked:
        refused[LeverageRefusal.scope_differs] = []
    if any(one.currency != US_FUNDS for one in disbursed):
        refused[LeverageRefusal.currency_differs] = []
    ours = next((one for one in disbursed if one.currency == US_FUNDS and one.sum.amount > 0), None)
    if ours is None:
        refused[LeverageRefusal.nothing_disbursed] = []
    conversion = await Conversion.of(request, session, sorted_out.counted)
    value = None
    if ours is not None and not refused:
        delivered = [one.amount for one in conversion.to_dollars(sorted_out.counted)]
        value = domain.ratio(delivered, ours.sum.amount)
    days = [("ends_on_lte", as_of.isoformat())]
    days += [("starts_on_gte", query.from_date.isoformat())] if query.from_date else []
    return LeverageRead(
        figure="leverage",
        result="computed" if value is not None else "refused",
        reasons=[
            LeverageReason(code=code, message=domain.REFUSAL_WORDS[code], contribution_ids=refused[code])
            for code in LeverageRefusal
            if code in refused
        ],
        value=value,
        unit="US dollars delivered by the host per US dollar disbursed",
        formula=FORMULA,
        scope=_say(asked, query.from_date, as_of),
        from_date=query.from_date,
        as_of=as_of,
        numerator=make_totals(sorted_out.counted, asked, as_of, moment, conversion, days),
        denominator=_total(ours, asked, query.from_date, as_of, moment, is_netted=is_netted)
        if ours is not None
        else None,
        left_out=[
            LeverageLeftOut(reason=reason, message=domain.LEFT_OUT_WORDS[reason], contribution_ids=ids)
            for reason, ids in sorted_out.left_out.items()
        ],
        **say_moment(moment),
    )


async def _scope_of(session: AsyncSession, query: LeverageQuery) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Which entries are looked at, and among which contributions."""
    if (query.agreement_code is None) == (query.country_code is None):
        raise _needs("country_code", "Name an agreement, or a country and a function.")
    if query.agreement_code is not None:
        if query.function_code is not None:
            raise _needs("function_code", "An agreement is its own scope: leave the function out.")
        family = await queries.list_agreement_family(session, query.agreement_code)
        if not family:
            raise _needs("agreement_code", "There is no agreement with this code.")
        return {"agreement_code": family}, {"agreement_code": family}
    of_country: dict[str, list[Any]] = {"country_code": [query.country_code]}
    of_function = {"function_code": [query.function_code]} if query.function_code is not None else {}
    return of_country | of_function, of_country


def _needs(parameter: str, message: str) -> Invalid:
    return Invalid(message, [FieldError("scope", message, parameter=parameter)])


def _sort_out(
    found: Iterable[HostContribution], asked: dict[str, list[Any]], query: LeverageQuery, as_of: date
) -> _Sorted:
    made = _Sorted()
    functions = asked.get("function_code")
    for one in found:
        delivered = next((two for two in one.reached_by(as_of) if two.stage is ContributionStage.delivered), None)
        fate: NotSetAgainst | LeverageRefusal | None
        if functions is not None and one.function_code not in functions:
            fate = NotSetAgainst.other_scope
        elif delivered is None:
            fate = NotSetAgainst.not_delivered
        elif one.evidence_grade not in query.evidence_grade:
            fate = NotSetAgainst.weaker_evidence
        else:
            fate = domain.match_period(one.span, query.from_date, as_of)
        if isinstance(fate, NotSetAgainst):
            made.left_out.setdefault(fate, []).append(str(one.id))
            continue
        if fate is not None:
            made.refused.setdefault(fate, []).append(str(one.id))
        elif delivered is not None:
            made.counted.append((one, delivered))
    return made


def _total(
    ours: totals.CutTotal,
    asked: dict[str, list[Any]],
    first: date | None,
    last: date,
    moment: Moment | None,
    *,
    is_netted: bool,
) -> StageTotalRead:
    filters = [(name, str(value)) for name, values in asked.items() for value in values]
    since = [("effective from", first.isoformat())] if first else []
    days = [("effective_date_gte", first.isoformat())] if first else []
    boundary = domain.boundary_of_cell([*filters, *since], is_netted=is_netted)
    cell = Cell([*filters, *(NOT_INTERNAL if is_netted else ())], boundary, last, moment)
    return cell.say(TotalStage.disbursed, ours.sum, only=days)


def _say(asked: dict[str, list[Any]], first: date | None, last: date) -> str:
    named = ", ".join(f"{name.removesuffix('_code')} {' or '.join(values)}" for name, values in asked.items())
    return f"{named}; {f'from {first} ' if first else ''}to {last}"
