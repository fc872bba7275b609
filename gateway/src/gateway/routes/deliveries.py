"""What agreements promise beside what was delivered, over HTTP."""

from typing import Annotated, Any, Final

from chassis.codes import Code
from chassis.unit_of_work import CurrentCaller, work_router
from chassis.values import Day
from fastapi import Query, Request
from pydantic import BaseModel, Field

from gateway.deliveries import find_deliveries
from gateway.schemas.deliveries import AgreementDeliveries

router: Final = work_router("Agreement deliveries")


class DeliveriesQuery(BaseModel):
    """Of which agreement, as of which day."""

    agreement_code: Code
    as_of: Day | None = Field(default=None, description="What was delivered by this day, by default today (UTC).")


@router.get("/agreement-deliveries", response_model=AgreementDeliveries)
async def get_agreement_deliveries(
    request: Request, caller: CurrentCaller, query: Annotated[DeliveriesQuery, Query()]
) -> dict[str, Any]:
    """Read what an agreement promises beside what was delivered of it, counted by the owner of its records."""
    return await find_deliveries(request, caller, query.agreement_code, query.as_of)
