"""Series over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Query, Request, Response

from programs import queries, service
from programs.models import Series
from programs.schemas.measures import SeriesCreate, SeriesPage, SeriesQuery, SeriesRead, SeriesUpdate

router: Final = work_router("Series")


@router.get("/series", response_model=SeriesPage)
async def list_series(request: Request, session: Session, query: Annotated[SeriesQuery, Query()]) -> Page | Response:
    """List the lines of claims about a subject and a measure."""
    return await answer_list(request, session, query, queries.series(), SeriesPage)


@router.post("/series", status_code=201, response_model=SeriesRead)
async def create_series(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: SeriesCreate
) -> Series:
    """Record a series."""
    series = await service.create_series(session, caller, body)
    created(request, response, series)
    return series


@router.get("/series/{series_id}", response_model=SeriesRead)
async def get_series(request: Request, response: Response, session: Session, series_id: uuid.UUID) -> Series:
    """Read one series."""
    series = await get_row(session, Series, series_id)
    send_etag(request, response, series)
    return series


@router.patch("/series/{series_id}", response_model=SeriesRead)
async def update_series(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    series_id: uuid.UUID,
    version: IfMatch,
    body: SeriesUpdate,
) -> Series:
    """Change how a series is described, or whether it leads."""
    series = await service.update_series(session, caller, series_id, version, body)
    send_etag(request, response, series)
    return series
