"""Totals of money over HTTP."""

from datetime import date
from typing import Annotated, Final
from urllib.parse import urlencode

from chassis.known import LookingBack, Moment, default_day, say_moment, write_instant
from chassis.unit_of_work import Session, work_router
from fastapi import Query

from funding import queries
from funding.domain import LABELS, boundary_of, rule_of, tier_of
from funding.schemas.money import MoneyRead
from funding.schemas.money_totals import MoneyTotalsQuery, MoneyTotalsRead, StageTotalRead

router: Final = work_router("Money totals")


@router.get("/money-totals", response_model=MoneyTotalsRead)
async def get_money_totals(
    session: Session, query: Annotated[MoneyTotalsQuery, Query()], moment: LookingBack
) -> MoneyTotalsRead:
    """Sum the ledger of a country by stage and currency, as of a day."""
    as_of = query.as_of or default_day(moment.known_at if moment else None)
    found = await queries.list_stage_totals(session, query.country_code, as_of)
    return MoneyTotalsRead(
        country_code=query.country_code,
        as_of=as_of,
        boundary=boundary_of(query.country_code),
        entries=sum(total.entries for total in found),
        totals=[_read(total, query.country_code, as_of, moment) for total in found],
        **say_moment(moment),
    )


def _read(total: queries.StageTotal, country_code: str, as_of: date, moment: Moment | None) -> StageTotalRead:
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
        entries_url=_entries_url(total, country_code, as_of, moment),
    )


def _entries_url(total: queries.StageTotal, country_code: str, as_of: date, moment: Moment | None) -> str:
    pairs = [
        ("country_code", country_code),
        ("stage", str(total.stage)),
        ("currency", total.currency),
        ("effective_date_lte", as_of.isoformat()),
        *([("known_at", write_instant(moment.known_at))] if moment else []),
    ]
    return f"/v1/ledger-entries?{urlencode(pairs)}"
