"""Reports over HTTP: every cell leads to the entries that add up to it."""

from collections.abc import Iterable
from datetime import date
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
    Stage,
    boundary_of_cell,
    cell_filters,
    dollars,
    rule_of,
    tier_of,
)
from funding.schemas.money import MoneyRead
from funding.schemas.money_totals import StageTotalRead
from funding.schemas.reports import StatusOfFundsQuery, StatusOfFundsRead, StatusOfFundsRow

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
    totals = [
        StageTotalRead(
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
        for cell in found
    ]
    values = dict.fromkeys(FIELDS.values()) | dict(cut)
    return StatusOfFundsRow(
        **values,
        boundary=boundary_of_cell(filters),
        totals=totals,
        unliquidated=_left(held, Stage.obligated, Stage.disbursed),
        unobligated=_left(held, Stage.allotted, Stage.obligated) if has_authority else None,
    )


def _left(held: dict[Stage, Decimal], more: Stage, less: Stage) -> MoneyRead | None:
    if more not in held and less not in held:
        return None
    return MoneyRead.model_validate(dollars(held.get(more, Decimal("0.00")) - held.get(less, Decimal("0.00"))))


def _entries_url(filters: list[tuple[str, str]], cell: queries.CutTotal, as_of: date, moment: Moment | None) -> str:
    pairs = [
        *filters,
        ("stage", str(cell.stage)),
        ("currency", cell.currency),
        ("effective_date_lte", as_of.isoformat()),
        *([("known_at", write_instant(moment.known_at))] if moment else []),
    ]
    return f"/v1/ledger-entries?{urlencode(pairs)}"
