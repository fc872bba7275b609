"""Partnerships over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from chassis.voids import VoidCreate
from fastapi import Query, Request, Response

from programs import queries, service
from programs.models import Partnership
from programs.schemas.partnerships import (
    PartnershipCreate,
    PartnershipPage,
    PartnershipQuery,
    PartnershipRead,
    PartnershipUpdate,
)

router: Final = work_router("Partnerships")


@router.get("/partnerships", response_model=PartnershipPage)
async def list_partnerships(
    request: Request, session: Session, query: Annotated[PartnershipQuery, Query()]
) -> Page | Response:
    """List which agency does what in which program."""
    return await answer_list(request, session, query, queries.partnerships(), PartnershipPage)


@router.post("/partnerships", status_code=201, response_model=PartnershipRead)
async def create_partnership(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: PartnershipCreate
) -> Partnership:
    """Record an agency's part in a program."""
    partnership = await service.create_partnership(session, caller, body)
    created(request, response, partnership)
    return partnership


@router.get("/partnerships/{partnership_id}", response_model=PartnershipRead)
async def get_partnership(
    request: Request, response: Response, session: Session, partnership_id: uuid.UUID
) -> Partnership:
    """Read one partnership."""
    partnership = await get_row(session, Partnership, partnership_id)
    send_etag(request, response, partnership)
    return partnership


@router.patch("/partnerships/{partnership_id}", response_model=PartnershipRead)
async def update_partnership(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    partnership_id: uuid.UUID,
    version: IfMatch,
    body: PartnershipUpdate,
) -> Partnership:
    """Change fields of a partnership."""
    partnership = await service.update_partnership(session, caller, partnership_id, version, body)
    send_etag(request, response, partnership)
    return partnership


@router.post("/partnerships/{partnership_id}/void", response_model=PartnershipRead)
async def void_partnership(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    partnership_id: uuid.UUID,
    version: IfMatch,
    body: VoidCreate,
) -> Partnership:
    """Void a partnership that was entered in error, not one that has ended: no card shows it again."""
    partnership = await service.void_partnership(session, caller, partnership_id, version, body)
    send_etag(request, response, partnership)
    return partnership
