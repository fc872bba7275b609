"""The ledger cut for reports, over HTTP: every cell leads to the entries that add up to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Annotated, Any, Final

from chassis.known import LookingBack, Moment, default_day, say_moment
from chassis.unit_of_work import Session, work_router
from fastapi import Query
from sqlmodel.ext.asyncio.session import AsyncSession

from funding import totals
from funding.domain import (
    CUTS_AUTHORITY,
    FIELDS,
    NETTED_CUTS,
    ReportDimension,
    Stage,
    Sum,
    TotalStage,
    boundary_of_cell,
    cell_filters,
    total_of,
)
from funding.schemas.money_totals import NOT_INTERNAL, Cell, StageTotalRead
from funding.schemas.reports import RatesRead, RatesRow, StatusOfFundsQuery, StatusOfFundsRead, StatusOfFundsRow

router: Final = work_router("Reports")
_LADDER: Final = (TotalStage.allotted, TotalStage.obligated, TotalStage.disbursed)


def day_of(as_of: date | None, moment: Moment | None) -> date:
    """The day that was asked for; if absent the day of `known_at`, else today (UTC)."""
    return as_of or default_day(moment.known_at if moment else None)


def asked_of(query: Any) -> dict[str, list[Any]]:  # noqa: ANN401 - the query of any report
    """By field, the values of entries that are looked at."""
    return {field: values for field in FIELDS.values() if (values := getattr(query, field, None))}


@dataclass(frozen=True, slots=True)
class _Cut:
    values: dict[str, Any]
    cell: Cell
    found: list[totals.CutTotal]
    held: Mapping[Stage, Sum]
    has_authority: bool

    def left(self, what: TotalStage) -> StageTotalRead | None:
        """What is left between two stages; None where the cut has neither, or no authority of its own."""
        total = total_of(what, self.held)
        return self.cell.say(what, total) if self.has_authority and total.entries else None

    def share(self, part: Stage, whole: Stage) -> Decimal | None:
        """How much of a stage has come to the next."""
        if not self.has_authority or whole not in self.held or self.held[whole].amount <= 0:
            return None
        return (self.held.get(part, Sum()).amount / self.held[whole].amount).quantize(Decimal("0.0001"))


async def _cut(
    session: AsyncSession, query: StatusOfFundsQuery, as_of: date, moment: Moment | None
) -> Iterator[_Cut]:  # fmt: skip
    dimensions = list(dict.fromkeys(query.group_by))
    asked = asked_of(query)
    of_cut = {*dimensions, *(one for one in ReportDimension if FIELDS[one] in asked)}
    is_netted = of_cut <= NETTED_CUTS
    internal: list[totals.CutTotal] = []
    if is_netted:
        found, internal = await totals.list_netted_totals(session, dimensions, asked, as_of)
    else:
        found = await totals.list_cut_totals(session, dimensions, asked, as_of)
    names = [FIELDS[dimension] for dimension in dimensions]
    has_authority = CUTS_AUTHORITY.isdisjoint(of_cut)

    def cuts() -> Iterator[_Cut]:
        for values, cells in groupby(found, key=lambda cell: cell.values):
            of_row = list(zip(names, values, strict=True))
            filters = cell_filters(of_row, asked)
            boundary = boundary_of_cell(filters, is_netted=is_netted)
            cell = Cell([*filters, *NOT_INTERNAL] if internal else filters, boundary, as_of, moment)
            listed = list(cells)
            held = totals.held_of(listed)
            yield _Cut(dict.fromkeys(FIELDS.values()) | dict(of_row), cell, listed, held, has_authority)

    return cuts()


@router.get("/reports/status-of-funds", response_model=StatusOfFundsRead)
async def get_status_of_funds(
    session: Session, query: Annotated[StatusOfFundsQuery, Query()], moment: LookingBack
) -> StatusOfFundsRead:
    """Sum the ledger by stage, cut by country, fund line, account, function, agreement, agency or year."""
    as_of = day_of(query.as_of, moment)
    rows = [
        StatusOfFundsRow(
            **cut.values,
            boundary=cut.cell.boundary,
            totals=[cut.cell.say(TotalStage(one.stage), one.sum, one.currency) for one in cut.found],
            unliquidated=cut.left(TotalStage.unliquidated),
            unobligated=cut.left(TotalStage.unobligated),
        )
        for cut in await _cut(session, query, as_of, moment)
    ]
    return StatusOfFundsRead(as_of=as_of, group_by=list(dict.fromkeys(query.group_by)), rows=rows, **say_moment(moment))


@router.get("/reports/rates", response_model=RatesRead)
async def get_rates(
    session: Session, query: Annotated[StatusOfFundsQuery, Query()], moment: LookingBack
) -> RatesRead:  # fmt: skip
    """Read how much of what is allotted is obligated, and how much of what is obligated is disbursed."""
    as_of = day_of(query.as_of, moment)
    rows = [
        RatesRow(
            **cut.values,
            boundary=cut.cell.boundary,
            totals=[cut.cell.say(what, cut.held[Stage(what)]) for what in _LADDER if Stage(what) in cut.held],
            obligation_rate=cut.share(Stage.obligated, Stage.allotted),
            disbursement_rate=cut.share(Stage.disbursed, Stage.obligated),
        )
        for cut in await _cut(session, query, as_of, moment)
    ]
    return RatesRead(as_of=as_of, group_by=list(dict.fromkeys(query.group_by)), rows=rows, **say_moment(moment))
