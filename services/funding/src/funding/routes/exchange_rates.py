"""Exchange rates over HTTP: read, add, void."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from chassis.voids import VoidCreate
from fastapi import Query, Request, Response

from funding import queries, service
from funding.models import ExchangeRate
from funding.schemas.exchange_rates import ExchangeRateCreate, ExchangeRatePage, ExchangeRateQuery, ExchangeRateRead

router: Final = work_router("Exchange rates")


@router.get("/exchange-rates", response_model=ExchangeRatePage)
async def list_exchange_rates(
    request: Request, session: Session, query: Annotated[ExchangeRateQuery, Query()]
) -> Page | Response:
    """List what one US dollar was worth, by currency and day."""
    return await answer_list(request, session, query, queries.exchange_rates(), ExchangeRatePage)


@router.post("/exchange-rates", status_code=201, response_model=ExchangeRateRead)
async def create_exchange_rate(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: ExchangeRateCreate
) -> ExchangeRate:
    """Record a rate. One of a currency and day stands."""
    made = await service.create_exchange_rate(session, caller, body)
    created(request, response, made)
    return made


@router.get("/exchange-rates/{exchange_rate_id}", response_model=ExchangeRateRead)
async def get_exchange_rate(
    request: Request, response: Response, session: Session, exchange_rate_id: uuid.UUID
) -> ExchangeRate:
    """Read one rate."""
    found = await get_row(session, ExchangeRate, exchange_rate_id)
    send_etag(request, response, found)
    return found


@router.post("/exchange-rates/{exchange_rate_id}/void", response_model=ExchangeRateRead)
async def void_exchange_rate(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    exchange_rate_id: uuid.UUID,
    version: IfMatch,
    body: VoidCreate,
) -> ExchangeRate:
    """Void a rate that was entered in error: nothing is converted by it any more."""
    voided = await service.void_exchange_rate(session, caller, exchange_rate_id, version, body)
    send_etag(request, response, voided)
    return voided
