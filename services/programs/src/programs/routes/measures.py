"""Measures over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Query, Request, Response

from programs import queries, service
from programs.models import Measure
from programs.schemas.measures import MeasureCreate, MeasurePage, MeasureQuery, MeasureRead, MeasureUpdate

router: Final = work_router("Measures")


@router.get("/measures", response_model=MeasurePage)
async def list_measures(request: Request, session: Session, query: Annotated[MeasureQuery, Query()]) -> Page | Response:
    """List what is counted, with units and counting rules."""
    return await answer_list(request, session, query, queries.measures(), MeasurePage)


@router.post("/measures", status_code=201, response_model=MeasureRead)
async def create_measure(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: MeasureCreate
) -> Measure:
    """Record a measure."""
    measure = await service.create_measure(session, caller, body)
    created(request, response, measure)
    return measure


@router.get("/measures/{measure_id}", response_model=MeasureRead)
async def get_measure(request: Request, response: Response, session: Session, measure_id: uuid.UUID) -> Measure:
    """Read one measure."""
    measure = await get_row(session, Measure, measure_id)
    send_etag(request, response, measure)
    return measure


@router.patch("/measures/{measure_id}", response_model=MeasureRead)
async def update_measure(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    measure_id: uuid.UUID,
    version: IfMatch,
    body: MeasureUpdate,
) -> Measure:
    """Change how a measure is described."""
    measure = await service.update_measure(session, caller, measure_id, version, body)
    send_etag(request, response, measure)
    return measure
