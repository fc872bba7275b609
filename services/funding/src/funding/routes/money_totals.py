"""Totals of money over HTTP."""

from typing import Annotated, Final

from chassis.known import LookingBack, default_day, say_moment
from chassis.unit_of_work import Session, work_router
from fastapi import Query

from funding import totals
from funding.domain import TotalStage, boundary_of, internal_boundary_of
from funding.schemas.money_totals import INTERNAL, NOT_INTERNAL, Cell, MoneyTotalsQuery, MoneyTotalsRead

router: Final = work_router("Money totals")


@router.get("/money-totals", response_model=MoneyTotalsRead)
async def get_money_totals(
    session: Session, query: Annotated[MoneyTotalsQuery, Query()], moment: LookingBack
) -> MoneyTotalsRead:
    """Sum the ledger of a country by stage and currency, as of a day."""
    as_of = query.as_of or default_day(moment.known_at if moment else None)
    asked = {"country_code": [query.country_code]}
    found, internal = await totals.list_netted_totals(session, [], asked, as_of)
    boundary = boundary_of(query.country_code)
    own = [("country_code", query.country_code)]
    cell = Cell([*own, *NOT_INTERNAL] if internal else own, boundary, as_of, moment)
    other_end = Cell([*own, *INTERNAL], internal_boundary_of(query.country_code), as_of, moment)
    return MoneyTotalsRead(
        country_code=query.country_code,
        as_of=as_of,
        boundary=boundary,
        entries=sum(one.sum.entries for one in (*found, *internal)),
        totals=[cell.say(TotalStage(one.stage), one.sum, one.currency) for one in found],
        internal_transfers=[other_end.say(TotalStage(one.stage), one.sum, one.currency) for one in internal],
        **say_moment(moment),
    )
