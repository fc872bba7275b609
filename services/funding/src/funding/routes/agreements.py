"""Agreements over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Depends, Query, Request, Response

from funding import queries, service
from funding.models import Agreement
from funding.references import Owner
from funding.schemas.agreements import (
    AgreementCreate,
    AgreementPage,
    AgreementQuery,
    AgreementRead,
    AgreementSignature,
    AgreementTransition,
    AgreementUpdate,
)

router: Final = work_router("Agreements")


def programs_service(request: Request, caller: CurrentCaller) -> Owner:
    """The owner of agencies, asked with the caller's own token."""
    settings = request.app.state.settings
    return Owner(
        client=request.app.state.programs_client,
        engine=request.app.state.engine,
        caller=caller,
        authorization=request.headers["authorization"],
        fresh_seconds=settings.reference_fresh_seconds,
        timeout_seconds=settings.programs_timeout_seconds,
    )


ProgramsService = Annotated[Owner, Depends(programs_service)]


@router.get("/agreements", response_model=AgreementPage)
async def list_agreements(
    request: Request, session: Session, query: Annotated[AgreementQuery, Query()]
) -> Page | Response:
    """List the agreements, orders and awards."""
    return await answer_list(request, session, query, queries.agreements(), AgreementPage)


@router.post("/agreements", status_code=201, response_model=AgreementRead)
async def create_agreement(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    body: AgreementCreate,
    owner: ProgramsService,
) -> Agreement:
    """Record a draft of an agreement. Its parties must be recorded already."""
    made = await service.create_agreement(session, caller, body, owner)
    created(request, response, made)
    return made


@router.get("/agreements/{agreement_id}", response_model=AgreementRead)
async def get_agreement(request: Request, response: Response, session: Session, agreement_id: uuid.UUID) -> Agreement:
    """Read one agreement."""
    found = await get_row(session, Agreement, agreement_id)
    send_etag(request, response, found)
    return found


@router.patch("/agreements/{agreement_id}", response_model=AgreementRead)
async def update_agreement(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    agreement_id: uuid.UUID,
    version: IfMatch,
    body: AgreementUpdate,
    owner: ProgramsService,
) -> Agreement:
    """Change fields of an agreement; once it is signed, its title and purpose alone."""
    changed = await service.update_agreement(session, caller, agreement_id, version, body, owner)
    send_etag(request, response, changed)
    return changed


@router.post("/agreements/{agreement_id}/sign", response_model=AgreementRead)
async def sign_agreement(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    agreement_id: uuid.UUID,
    version: IfMatch,
    body: AgreementSignature,
) -> Agreement:
    """Record the signature of one party, with its day and its document, while the agreement is cleared."""
    changed = await service.sign_agreement(session, caller, agreement_id, version, body)
    send_etag(request, response, changed)
    return changed


@router.post("/agreements/{agreement_id}/transitions", response_model=AgreementRead)
async def advance_agreement(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    agreement_id: uuid.UUID,
    version: IfMatch,
    body: AgreementTransition,
) -> Agreement:
    """Let an agreement go on: cleared, signed, active, suspended, completed, terminated, closed, withdrawn.

    It is signed once each party has signed.
    """
    changed = await service.advance_agreement(session, caller, agreement_id, version, body)
    send_etag(request, response, changed)
    return changed
