"""Agencies over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Query, Request, Response

from programs import queries, service
from programs.models import Agency
from programs.schemas.agencies import AgencyCreate, AgencyPage, AgencyQuery, AgencyRead, AgencyUpdate

router: Final = work_router("Agencies")


@router.get("/agencies", response_model=AgencyPage)
async def list_agencies(request: Request, session: Session, query: Annotated[AgencyQuery, Query()]) -> Page | Response:
    """List the agencies that partner in programs, publish sources, or are spoken of."""
    return await answer_list(request, session, query, queries.agencies(), AgencyPage)


@router.post("/agencies", status_code=201, response_model=AgencyRead)
async def create_agency(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: AgencyCreate
) -> Agency:
    """Record an agency."""
    agency = await service.create_agency(session, caller, body)
    created(request, response, agency)
    return agency


@router.get("/agencies/{agency_id}", response_model=AgencyRead)
async def get_agency(request: Request, response: Response, session: Session, agency_id: uuid.UUID) -> Agency:
    """Read one agency."""
    agency = await get_row(session, Agency, agency_id)
    send_etag(request, response, agency)
    return agency


@router.patch("/agencies/{agency_id}", response_model=AgencyRead)
async def update_agency(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    agency_id: uuid.UUID,
    version: IfMatch,
    body: AgencyUpdate,
) -> Agency:
    """Change fields of an agency."""
    agency = await service.update_agency(session, caller, agency_id, version, body)
    send_etag(request, response, agency)
    return agency
