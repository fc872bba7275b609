"""What is still to come of fund lines, and which money ends soon, over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Annotated, Final

from chassis.known import LookingBack, Moment, say_moment
from chassis.unit_of_work import Session, work_router
from fastapi import Query
from sqlmodel.ext.asyncio.session import AsyncSession

from funding import totals
from funding.domain import (
    AGE_STARTS_YEARS,
    AccountSymbol,
    Age,
    ReportDimension,
    Stage,
    Sum,
    TotalStage,
    age_of,
    boundary_of_cell,
    burn_rate,
    days_from,
    leave_unpaid,
    months_before,
    parse_symbol,
    total_of,
)
from funding.routes.reports import asked_of, day_of
from funding.schemas.money_totals import Cell
from funding.schemas.reports import (
    AgeRead,
    EndingRead,
    EndingRow,
    FundLinesQuery,
    PipelineQuery,
    PipelineRead,
    PipelineRow,
)

router: Final = work_router("Reports")
_OLDEST_FIRST: Final = "Payments are taken from the oldest obligation of their line first."


@dataclass(frozen=True, slots=True)
class _Line:
    code: str
    country_code: str
    account: str | None
    cell: Cell
    held: dict[Stage, Sum]

    @property
    def symbol(self) -> AccountSymbol | None:
        return parse_symbol(self.account) if self.account else None

    def total(self, what: TotalStage) -> Sum:
        return total_of(what, self.held)


async def _lines(
    session: AsyncSession, query: FundLinesQuery, as_of: date, moment: Moment | None
) -> Iterator[_Line]:  # fmt: skip
    dimensions = [ReportDimension.fund_line, ReportDimension.country, ReportDimension.account]
    found = await totals.list_cut_totals(session, dimensions, asked_of(query), as_of)

    def lines() -> Iterator[_Line]:
        for (code, country_code, account), cells in groupby(found, key=lambda cell: cell.values):
            filters = [("fund_line_code", code)]
            cell = Cell(filters, boundary_of_cell(filters), as_of, moment)
            yield _Line(code, country_code, account, cell, totals.held_of(cells))

    return lines()


@router.get("/reports/pipeline", response_model=PipelineRead)
async def get_pipeline(session: Session, query: Annotated[PipelineQuery, Query()], moment: LookingBack) -> PipelineRead:
    """Read what is still to come of each fund line, how old it is, how long it lasts, and what is about to end."""
    as_of, asked = day_of(query.as_of, moment), asked_of(query)
    since = months_before(as_of, query.months)
    payments = await totals.find_payments(session, asked, as_of, since)
    bound = await totals.list_bound(session, asked, as_of)
    rows = [
        _pipeline_row(line, payments.get(line.code), bound.get(line.code, []), query, since)
        for line in await _lines(session, query, as_of, moment)
    ]
    return PipelineRead(as_of=as_of, months=query.months, days=query.days, rows=rows, **say_moment(moment))


def _pipeline_row(
    line: _Line, payments: totals.Payments | None, bound: list[totals.Bound], query: PipelineQuery, since: date
) -> PipelineRow:
    cell, symbol = line.cell, line.symbol
    unliquidated = line.total(TotalStage.unliquidated)
    burn = burn_rate(payments.paid.amount, payments.first_paid_on, cell.as_of, query.months) if payments else None
    return PipelineRow(
        fund_line_code=line.code,
        country_code=line.country_code,
        treasury_account_code=line.account,
        phase=symbol.phase_on(cell.as_of) if symbol else None,
        available_to=symbol.available_to if symbol else None,
        cancels_on=symbol.cancels_on if symbol else None,
        boundary=cell.boundary,
        totals=[
            cell.say(TotalStage(stage), line.held[stage])
            for stage in (Stage.allotted, Stage.obligated, Stage.disbursed)
            if stage in line.held
        ],
        unliquidated=cell.say(TotalStage.unliquidated, unliquidated),
        ages=_ages(cell, bound),
        unobligated=cell.say(TotalStage.unobligated, line.total(TotalStage.unobligated)),
        pipeline=cell.say(TotalStage.pipeline, line.total(TotalStage.pipeline)),
        paid_per_month=cell.say(
            TotalStage.paid_per_month,
            Sum(burn.per_month, payments.paid.entries),
            rule=f"After {since}, divided by {burn.months} months:",
            only=[("effective_date_gt", since.isoformat())],
        )
        if burn and payments
        else None,
        months_counted=burn.months if burn else None,
        months_of_pipeline=burn.months_left(unliquidated.amount) if burn else None,
        is_expiring=_ends(line, TotalStage.unobligated, query.days) is not None,
        is_canceling=_ends(line, TotalStage.unliquidated, query.days) is not None,
    )


def _ages(cell: Cell, bound: list[totals.Bound]) -> list[AgeRead]:
    """What is unpaid by age, the youngest first; the entries of each are those of its lines."""
    amounts: dict[Age, Decimal] = {}
    of_age: dict[Age, list[totals.Bound]] = {}
    for one in bound:
        for day, amount in leave_unpaid(one.obligations, one.paid).items():
            age = age_of(day, cell.as_of)
            amounts[age] = amounts.get(age, Decimal(0)) + amount
            if one not in of_age.setdefault(age, []):
                of_age[age].append(one)
    return [_age(cell, age, amounts[age], of_age[age], bound) for age in Age if age in amounts]


def _age(cell: Cell, age: Age, amount: Decimal, lines: list[totals.Bound], bound: list[totals.Bound]) -> AgeRead:
    ids = [one.line_id for one in lines]
    if None in ids and len(ids) > 1:  # which no one filter tells from the rest of the fund line
        lines, only = bound, []
    elif None in ids:
        only = [("agreement_line_id_is_null", "true")]
    else:
        only = [("under_line_id", str(line_id)) for line_id in ids]
    older = AGE_STARTS_YEARS.get(next((one for one in Age if AGE_STARTS_YEARS[one] > AGE_STARTS_YEARS[age]), age), 0)
    total = Sum(amount, sum(one.entries for one in lines))
    return AgeRead(
        age=age,
        obligated_after=months_before(cell.as_of, 12 * older) if older > AGE_STARTS_YEARS[age] else None,
        obligated_to=months_before(cell.as_of, 12 * AGE_STARTS_YEARS[age]),
        unliquidated=cell.say(TotalStage.unliquidated, total, rule=_OLDEST_FIRST, only=only),
    )


def _ends(line: _Line, left: TotalStage, days: int) -> date | None:
    """The day on which something that is left of it ends within so many days: unobligated money, or unpaid money.

    What is unpaid on the day of its cancellation is to be closed: until somebody does it stays here, however long ago.
    """
    if line.symbol is None or line.total(left).amount <= 0:
        return None
    ends_on = line.symbol.available_to if left is TotalStage.unobligated else line.symbol.cancels_on
    if ends_on is None or ends_on > days_from(line.cell.as_of, days):
        return None
    # Money may be obligated on its last day, and after it never again.
    return None if left is TotalStage.unobligated and ends_on < line.cell.as_of else ends_on


@router.get("/reports/expiring", response_model=EndingRead)
async def get_expiring(session: Session, query: Annotated[FundLinesQuery, Query()], moment: LookingBack) -> EndingRead:
    """Read which money is not obligated and cannot be any more after some day within `days`."""
    return await _ending(session, query, moment, TotalStage.unobligated)


@router.get("/reports/canceling", response_model=EndingRead)
async def get_canceling(session: Session, query: Annotated[FundLinesQuery, Query()], moment: LookingBack) -> EndingRead:
    """Read which money is obligated and not paid, and is canceled within `days`, or was canceled and not closed."""
    return await _ending(session, query, moment, TotalStage.unliquidated)


async def _ending(
    session: AsyncSession, query: FundLinesQuery, moment: Moment | None, left: TotalStage
) -> EndingRead:  # fmt: skip
    as_of = day_of(query.as_of, moment)
    rows = [
        EndingRow(
            fund_line_code=line.code,
            country_code=line.country_code,
            treasury_account_code=line.account,
            ends_on=ends_on,
            days_left=(ends_on - as_of).days,
            boundary=line.cell.boundary,
            left=line.cell.say(left, line.total(left)),
        )
        for line in await _lines(session, query, as_of, moment)
        if line.account is not None and (ends_on := _ends(line, left, query.days)) is not None
    ]
    rows.sort(key=lambda row: (row.ends_on, row.fund_line_code))
    return EndingRead(as_of=as_of, days=query.days, rows=rows, **say_moment(moment))
