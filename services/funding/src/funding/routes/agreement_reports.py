"""Agreements that end or rest, and how fast their money is paid, over HTTP."""

import uuid
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final

from chassis.known import LookingBack, say_moment
from chassis.resources import get_row
from chassis.unit_of_work import Session, work_router
from fastapi import Query

from funding import queries, totals
from funding.domain import (
    AMENDABLE,
    US_FUNDS,
    Burn,
    Stage,
    Sum,
    TotalStage,
    boundary_of_cell,
    burn_rate,
    days_from,
    fiscal_quarter_ends,
    months_before,
    total_of,
)
from funding.models import Agreement
from funding.routes.reports import asked_of, day_of
from funding.schemas.burn import BurnPoint, BurnQuery, BurnRead
from funding.schemas.money_totals import Cell
from funding.schemas.reports import (
    AgreementEndingRow,
    AgreementsEndingQuery,
    AgreementsEndingRead,
    CandidateRow,
    CandidatesQuery,
    CandidatesRead,
)

router: Final = work_router("Reports")


@router.get("/reports/expiring-agreements", response_model=AgreementsEndingRead)
async def get_expiring_agreements(
    session: Session, query: Annotated[AgreementsEndingQuery, Query()], moment: LookingBack
) -> AgreementsEndingRead:
    """Read which agreements in force end within `days`, or have ended and were not completed."""
    as_of = day_of(query.as_of, moment)
    fields: dict[str, list[Any]] = {
        "country_code": query.country_code,
        "code": query.agreement_code,
        "type": query.type,
    }
    asked = {field: values for field, values in fields.items() if values}
    rows = [
        AgreementEndingRow(
            agreement_id=one.id,
            agreement_code=one.code,
            title=one.title,
            type=one.type,
            status=one.status,
            country_code=one.country_code,
            awarding_agency_code=one.awarding_agency_code,
            recipient_agency_code=one.recipient_agency_code,
            ends_on=ends_on,
            days_left=(ends_on - as_of).days,
        )
        for one in await queries.list_agreements_of(session, AMENDABLE, asked)
        if (ends_on := one.ends_on_at(as_of)) is not None and ends_on <= days_from(as_of, query.days)
    ]
    rows.sort(key=lambda row: (row.ends_on, row.agreement_code))
    return AgreementsEndingRead(as_of=as_of, days=query.days, rows=rows, **say_moment(moment))


@router.get("/reports/deobligation-candidates", response_model=CandidatesRead)
async def get_deobligation_candidates(
    session: Session, query: Annotated[CandidatesQuery, Query()], moment: LookingBack
) -> CandidatesRead:
    """Read which lines of agreements have something unpaid, are over for more than `days`, and rest for `months`."""
    as_of = day_of(query.as_of, moment)
    rested_since = months_before(as_of, query.months)
    rows = []
    for one in await totals.list_line_totals(session, asked_of(query), as_of):
        ended_on = one.agreement.ends_on_at(as_of)
        what = TotalStage.unliquidated if one.line.parent_line_id is None else TotalStage.award_unliquidated
        left = total_of(what, one.held)
        is_over = ended_on is not None and ended_on < days_from(as_of, -query.days)
        rests = one.last_paid_on is None or one.last_paid_on <= rested_since
        if not (ended_on and is_over and rests and left.amount > 0):
            continue
        filters = [("under_line_id" if one.line.parent_line_id is None else "agreement_line_id", str(one.line.id))]
        boundary = (
            f"Line {one.line.number} of the agreement {one.agreement.code}, with what is paid under its awards."
            if one.line.parent_line_id is None
            else f"Line {one.line.number} of the award {one.agreement.code}."
        )
        rows.append(
            CandidateRow(
                agreement_code=one.agreement.code,
                agreement_title=one.agreement.title,
                agreement_line_id=one.line.id,
                fund_line_code=one.line.fund_line_code,
                country_code=one.line.country_code,
                ended_on=ended_on,
                last_paid_on=one.last_paid_on,
                boundary=boundary,
                unliquidated=Cell(filters, boundary, as_of, moment).say(what, left),
            )
        )
    return CandidatesRead(as_of=as_of, days=query.days, months=query.months, rows=rows, **say_moment(moment))


@router.get("/agreements/{agreement_id}/burn", response_model=BurnRead)
async def get_agreement_burn(
    session: Session, agreement_id: uuid.UUID, query: Annotated[BurnQuery, Query()], moment: LookingBack
) -> BurnRead:
    """Read how fast the money of an agreement is paid, and when what is left of it is paid at this pace."""
    agreement = await get_row(session, Agreement, agreement_id)
    as_of = day_of(query.as_of, moment)
    since = months_before(as_of, query.months)
    days = await totals.list_agreement_days(session, agreement.code, as_of)
    is_award = any(one.stage is Stage.sub_obligated for one in days) and not any(
        one.stage is Stage.obligated for one in days
    )
    bound, left = (
        (TotalStage.sub_obligated, TotalStage.award_unliquidated)
        if is_award
        else (TotalStage.obligated, TotalStage.unliquidated)
    )
    filters = [("under_agreement_code", agreement.code)]
    boundary = f"{boundary_of_cell(filters)} Payments of its awards are its payments."

    def held_at(day: date) -> tuple[Cell, dict[Stage, Sum]]:
        held: dict[Stage, Sum] = {}
        for one in days:
            if one.day <= day:
                before = held.get(one.stage, Sum())
                held[one.stage] = Sum(before.amount + one.sum.amount, before.entries + one.sum.entries)
        return Cell(filters, boundary, day, moment), held

    cell, held = held_at(as_of)
    payments = [one for one in days if one.stage is Stage.disbursed and one.day > since]
    paid = Sum(sum((one.sum.amount for one in payments), Decimal("0.00")), sum(one.sum.entries for one in payments))
    first = next((one.day for one in days if one.has_payment), None)
    burn = burn_rate(paid.amount, first, as_of, query.months)
    unliquidated = total_of(left, held)
    ends_on = agreement.ends_on_at(as_of)
    points = []
    for day in fiscal_quarter_ends(days[0].day, as_of) if days else []:
        then, held_then = held_at(day)
        points.append(
            BurnPoint(
                as_of=day,
                bound=then.say(bound, total_of(bound, held_then)),
                disbursed=then.say(TotalStage.disbursed, total_of(TotalStage.disbursed, held_then)),
            )
        )
    return BurnRead(
        agreement_code=agreement.code,
        as_of=as_of,
        months=query.months,
        boundary=boundary,
        bound=cell.say(bound, total_of(bound, held)),
        disbursed=cell.say(TotalStage.disbursed, total_of(TotalStage.disbursed, held)),
        unliquidated=cell.say(left, unliquidated),
        paid_per_month=cell.say(
            TotalStage.paid_per_month,
            Sum(burn.per_month, paid.entries),
            rule=f"After {since}, divided by {burn.months} months:",
            only=[("effective_date_gt", since.isoformat())],
        )
        if burn
        else None,
        months_counted=burn.months if burn else None,
        months_left=burn.months_left(unliquidated.amount) if burn else None,
        paid_on_at_this_pace=burn.paid_on(unliquidated.amount, as_of) if burn else None,
        ends_on=ends_on,
        formula=_formula(burn, unliquidated.amount, as_of),
        points=points,
        **say_moment(moment),
    )


def _formula(burn: Burn | None, left: Decimal, as_of: date) -> str:
    """How the end follows, in words and numbers."""
    if burn is None:
        return "Nothing is paid yet, so there is no pace."
    months = burn.months_left(left)
    if months is None:
        return f"Nothing was paid in the last {burn.months} months, so there is no pace."
    return (
        f"Unliquidated by what was paid a month over {burn.months} months: {left} {US_FUNDS} / "
        f"{burn.per_month} {US_FUNDS} = {months} months after {as_of}."
    )
