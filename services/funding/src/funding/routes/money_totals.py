"""Totals of money over HTTP."""

from datetime import UTC, date, datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from chassis.unit_of_work import Session, work_router
from fastapi import Query

from funding import queries
from funding.domain import LABELS, boundary_of, kinds_of, rule_of, tier_of
from funding.schemas.money import MoneyRead
from funding.schemas.money_totals import MoneyTotalsQuery, MoneyTotalsRead, StageTotalRead

router: Final = work_router("Money totals")


@router.get("/money-totals", response_model=MoneyTotalsRead)
async def get_money_totals(session: Session, query: Annotated[MoneyTotalsQuery, Query()]) -> MoneyTotalsRead:
    """Sum the ledger of a country by stage and currency, as of a day."""
    as_of = query.as_of or datetime.now(UTC).date()
    found = await queries.list_stage_totals(session, query.country_code, as_of)
    return MoneyTotalsRead(
        country_code=query.country_code,
        as_of=as_of,
        boundary=boundary_of(query.country_code),
        entries=sum(total.entries for total in found),
        totals=[_read(total, query.country_code, as_of) for total in found],
    )


def _read(total: queries.StageTotal, country_code: str, as_of: date) -> StageTotalRead:
    return StageTotalRead(
        stage=total.stage,
        label=LABELS[total.stage],
        tier=tier_of(total.stage),
        currency=total.currency,
        amount=MoneyRead(amount=total.amount, currency=total.currency),
        entries=total.entries,
        boundary=boundary_of(country_code),
        as_of=as_of,
        rule=rule_of(total.stage),
        entries_url=_entries_url(total, country_code, as_of),
    )


def _entries_url(total: queries.StageTotal, country_code: str, as_of: date) -> str:
    pairs = [
        ("country_code", country_code),
        *(("kind", str(kind)) for kind in kinds_of(total.stage)),
        ("currency", total.currency),
        ("effective_date_lte", as_of.isoformat()),
    ]
    return f"/v1/ledger-entries?{urlencode(pairs)}"
