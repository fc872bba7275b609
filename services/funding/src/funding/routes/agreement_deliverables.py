"""What agreements promise, over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Query, Request, Response

from funding import queries, service
from funding.models import AgreementDeliverable
from funding.schemas.agreement_deliverables import (
    AgreementDeliverableCreate,
    AgreementDeliverablePage,
    AgreementDeliverableQuery,
    AgreementDeliverableRead,
    AgreementDeliverableUpdate,
)

router: Final = work_router("Agreement deliverables")


@router.get("/agreement-deliverables", response_model=AgreementDeliverablePage)
async def list_agreement_deliverables(
    request: Request, session: Session, query: Annotated[AgreementDeliverableQuery, Query()]
) -> Page | Response:
    """List what agreements promise."""
    return await answer_list(request, session, query, queries.agreement_deliverables(), AgreementDeliverablePage)


@router.post("/agreement-deliverables", status_code=201, response_model=AgreementDeliverableRead)
async def create_agreement_deliverable(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: AgreementDeliverableCreate
) -> AgreementDeliverable:
    """Record a promise: seats, courses, visits, equipment."""
    made = await service.create_agreement_deliverable(session, caller, body)
    created(request, response, made)
    return made


@router.get("/agreement-deliverables/{agreement_deliverable_id}", response_model=AgreementDeliverableRead)
async def get_agreement_deliverable(
    request: Request, response: Response, session: Session, agreement_deliverable_id: uuid.UUID
) -> AgreementDeliverable:
    """Read one promise."""
    found = await get_row(session, AgreementDeliverable, agreement_deliverable_id)
    send_etag(request, response, found)
    return found


@router.patch("/agreement-deliverables/{agreement_deliverable_id}", response_model=AgreementDeliverableRead)
async def update_agreement_deliverable(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    agreement_deliverable_id: uuid.UUID,
    version: IfMatch,
    body: AgreementDeliverableUpdate,
) -> AgreementDeliverable:
    """Change fields of a promise."""
    changed = await service.update_agreement_deliverable(session, caller, agreement_deliverable_id, version, body)
    send_etag(request, response, changed)
    return changed
