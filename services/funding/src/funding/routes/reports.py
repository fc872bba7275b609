"""Reports over HTTP: every cell leads to the entries that add up to it."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from chassis.known import LookingBack, Moment, default_day, say_moment, write_instant
from chassis.unit_of_work import Session, work_router
from fastapi import Query

from funding import queries
from funding.domain import (
    CUTS_AUTHORITY,
    FIELDS,
    LABELS,
    US_FUNDS,
    ReportDimension,
    Stage,
    boundary_of_cell,
    burn_rate,
    cell_filters,
    dollars,
    months_before,
    parse_symbol,
    rule_of,
    tier_of,
)
from funding.schemas.money import MoneyRead
from funding.schemas.money_totals import StageTotalRead
from funding.schemas.reports import (
    PipelineQuery,
    PipelineRead,
    PipelineRow,
    StatusOfFundsQuery,
    StatusOfFundsRead,
    StatusOfFundsRow,
)

router: Final = work_router("Reports")


@router.get("/reports/status-of-funds", response_model=StatusOfFundsRead)
async def get_status_of_funds(
    session: Session, query: Annotated[StatusOfFundsQuery, Query()], moment: LookingBack
) -> StatusOfFundsRead:
    """Sum the ledger by stage, cut by country, fund line, account, function, agreement, agency or year."""
    as_of = query.as_of or default_day(moment.known_at if moment else None)
    dimensions = list(dict.fromkeys(query.group_by))
    asked = {field: values for field in FIELDS.values() if (values := getattr(query, field))}
    found = await queries.list_cut_totals(session, dimensions, asked, as_of)
    names = [FIELDS[dimension] for dimension in dimensions]
    rows = [
        _row(list(zip(names, values, strict=True)), asked, cells, as_of, moment, CUTS_AUTHORITY.isdisjoint(dimensions))
        for values, cells in groupby(found, key=lambda cell: cell.values)
    ]
    return StatusOfFundsRead(as_of=as_of, group_by=dimensions, rows=rows, **say_moment(moment))


@router.get("/reports/pipeline", response_model=PipelineRead)
async def get_pipeline(session: Session, query: Annotated[PipelineQuery, Query()], moment: LookingBack) -> PipelineRead:
    """Read what is still to come of each fund line, how long it lasts, and what is about to expire or be canceled."""
    as_of = query.as_of or default_day(moment.known_at if moment else None)
    asked = {field: values for field in FIELDS.values() if (values := getattr(query, field, None))}
    dimensions = [ReportDimension.fund_line, ReportDimension.country, ReportDimension.account]
    found = await queries.list_cut_totals(session, dimensions, asked, as_of)
    payments = await queries.find_payments(session, as_of, months_before(as_of, query.months))
    rows = [
        _pipeline_row(values, [cell for cell in cells if cell.currency == US_FUNDS], payments, query, as_of, moment)
        for values, cells in groupby(found, key=lambda cell: cell.values)
    ]
    return PipelineRead(as_of=as_of, months=query.months, days=query.days, rows=rows, **say_moment(moment))


def _pipeline_row(
    values: tuple[Any, ...],
    cells: list[queries.CutTotal],
    payments: dict[str, queries.Payments],
    query: PipelineQuery,
    as_of: date,
    moment: Moment | None,
) -> PipelineRow:
    code, country_code, account = values
    symbol = parse_symbol(account) if account else None
    held = {cell.stage: cell.amount for cell in cells}
    allotted, obligated, disbursed = (
        held.get(stage, Decimal("0.00")) for stage in (Stage.allotted, Stage.obligated, Stage.disbursed)
    )
    payment = payments.get(code)
    burn = burn_rate(payment.paid, payment.first_paid_on, as_of, query.months) if payment else None
    filters = [("fund_line_code", code)]
    ahead = as_of + timedelta(days=query.days)
    available_to, cancels_on = (symbol.available_to, symbol.cancels_on) if symbol else (None, None)
    return PipelineRow(
        fund_line_code=code,
        country_code=country_code,
        treasury_account_code=account,
        phase=symbol.phase_on(as_of) if symbol else None,
        available_to=available_to,
        cancels_on=cancels_on,
        boundary=boundary_of_cell(filters),
        totals=[
            _total(cell, filters, as_of, moment)
            for cell in cells
            if cell.stage in {Stage.allotted, Stage.obligated, Stage.disbursed}
        ],
        unliquidated=_dollars(obligated - disbursed),
        unobligated=_dollars(allotted - obligated),
        pipeline=_dollars(allotted - disbursed),
        paid_per_month=_dollars(burn.per_month) if burn else None,
        months_counted=burn.months if burn else None,
        months_of_pipeline=burn.months_left(obligated - disbursed) if burn else None,
        is_expiring=available_to is not None and as_of <= available_to <= ahead and allotted > obligated,
        is_canceling=cancels_on is not None and as_of < cancels_on <= ahead and obligated > disbursed,
    )


def _dollars(amount: Decimal) -> MoneyRead:
    return MoneyRead.model_validate(dollars(amount))


def _row(
    cut: list[tuple[str, Any]],
    asked: dict[str, list[Any]],
    cells: Iterable[queries.CutTotal],
    as_of: date,
    moment: Moment | None,
    has_authority: bool,
) -> StatusOfFundsRow:
    filters = cell_filters(cut, asked)
    found = list(cells)
    held = {cell.stage: cell.amount for cell in found if cell.currency == US_FUNDS}
    totals = [_total(cell, filters, as_of, moment) for cell in found]
    values = dict.fromkeys(FIELDS.values()) | dict(cut)
    return StatusOfFundsRow(
        **values,
        boundary=boundary_of_cell(filters),
        totals=totals,
        unliquidated=_left(held, Stage.obligated, Stage.disbursed),
        unobligated=_left(held, Stage.allotted, Stage.obligated) if has_authority else None,
    )


def _total(
    cell: queries.CutTotal, filters: list[tuple[str, str]], as_of: date, moment: Moment | None
) -> StageTotalRead:
    return StageTotalRead(
        stage=cell.stage,
        label=LABELS[cell.stage],
        tier=tier_of(cell.stage),
        currency=cell.currency,
        amount=MoneyRead(amount=cell.amount, currency=cell.currency),
        entries=cell.entries,
        boundary=boundary_of_cell(filters),
        as_of=as_of,
        rule=rule_of(cell.stage),
        entries_url=_entries_url(filters, cell, as_of, moment),
    )


def _left(held: dict[Stage, Decimal], more: Stage, less: Stage) -> MoneyRead | None:
    if more not in held and less not in held:
        return None
    return _dollars(held.get(more, Decimal("0.00")) - held.get(less, Decimal("0.00")))


def _entries_url(filters: list[tuple[str, str]], cell: queries.CutTotal, as_of: date, moment: Moment | None) -> str:
    pairs = [
        *filters,
        ("stage", str(cell.stage)),
        ("currency", cell.currency),
        ("effective_date_lte", as_of.isoformat()),
        *([("known_at", write_instant(moment.known_at))] if moment else []),
    ]
    return f"/v1/ledger-entries?{urlencode(pairs)}"
