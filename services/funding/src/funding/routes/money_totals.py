"""Totals of money over HTTP."""

from typing import Annotated, Final

from chassis.known import LookingBack, default_day, say_moment
from chassis.unit_of_work import Session, work_router
from fastapi import Query

from funding import totals
from funding.domain import TotalStage, boundary_of
from funding.schemas.money_totals import Cell, MoneyTotalsQuery, MoneyTotalsRead

router: Final = work_router("Money totals")


@router.get("/money-totals", response_model=MoneyTotalsRead)
async def get_money_totals(
    session: Session, query: Annotated[MoneyTotalsQuery, Query()], moment: LookingBack
) -> MoneyTotalsRead:
    """Sum the ledger of a country by stage and currency, as of a day."""
    as_of = query.as_of or default_day(moment.known_at if moment else None)
    found = await totals.list_cut_totals(session, [], {"country_code": [query.country_code]}, as_of)
    boundary = boundary_of(query.country_code)
    cell = Cell([("country_code", query.country_code)], boundary, as_of, moment)
    return MoneyTotalsRead(
        country_code=query.country_code,
        as_of=as_of,
        boundary=boundary,
        entries=sum(one.sum.entries for one in found),
        totals=[cell.say(TotalStage(one.stage), one.sum, one.currency) for one in found],
        **say_moment(moment),
    )
