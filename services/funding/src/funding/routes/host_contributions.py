"""Contributions of host nations and recipients over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.known import look_back
from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from chassis.voids import VoidCreate
from fastapi import Depends, Query, Request, Response

from funding import queries, service
from funding.models import HostContribution
from funding.routes.agreements import ProgramsService
from funding.schemas.host_contributions import (
    HostContributionCreate,
    HostContributionPage,
    HostContributionQuery,
    HostContributionRead,
    HostContributionTransition,
    HostContributionUpdate,
)

router: Final = work_router("Host contributions")


@router.get("/host-contributions", response_model=HostContributionPage, dependencies=[Depends(look_back)])
async def list_host_contributions(
    request: Request, session: Session, query: Annotated[HostContributionQuery, Query()]
) -> Page | Response:
    """List what host nations, and recipients who share a cost, give of their own."""
    return await answer_list(request, session, query, queries.host_contributions(), HostContributionPage)


@router.post("/host-contributions", status_code=201, response_model=HostContributionRead)
async def create_host_contribution(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    body: HostContributionCreate,
    owner: ProgramsService,
) -> HostContribution:
    """Record a contribution, as pledged or as delivered, in its own currency."""
    made = await service.create_host_contribution(session, caller, body, owner)
    created(request, response, made)
    return made


@router.get("/host-contributions/{host_contribution_id}", response_model=HostContributionRead)
async def get_host_contribution(
    request: Request, response: Response, session: Session, host_contribution_id: uuid.UUID
) -> HostContribution:
    """Read one contribution."""
    found = await get_row(session, HostContribution, host_contribution_id)
    send_etag(request, response, found)
    return found


@router.patch("/host-contributions/{host_contribution_id}", response_model=HostContributionRead)
async def update_host_contribution(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    host_contribution_id: uuid.UUID,
    version: IfMatch,
    body: HostContributionUpdate,
) -> HostContribution:
    """Change period, scope, valuation or evidence of a contribution. Its amounts stay."""
    changed = await service.update_host_contribution(session, caller, host_contribution_id, version, body)
    send_etag(request, response, changed)
    return changed


@router.post("/host-contributions/{host_contribution_id}/transitions", response_model=HostContributionRead)
async def advance_host_contribution(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    host_contribution_id: uuid.UUID,
    version: IfMatch,
    body: HostContributionTransition,
) -> HostContribution:
    """Let a contribution go on: what was pledged is delivered or lapses, what was delivered is verified."""
    changed = await service.advance_host_contribution(session, caller, host_contribution_id, version, body)
    send_etag(request, response, changed)
    return changed


@router.post("/host-contributions/{host_contribution_id}/void", response_model=HostContributionRead)
async def void_host_contribution(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    host_contribution_id: uuid.UUID,
    version: IfMatch,
    body: VoidCreate,
) -> HostContribution:
    """Void a contribution that was entered in error: no total has it."""
    voided = await service.void_host_contribution(session, caller, host_contribution_id, version, body)
    send_etag(request, response, voided)
    return voided
