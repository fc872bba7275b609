"""Amendments over HTTP: read and add."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Query, Request, Response

from funding import queries, service
from funding.models import AgreementAmendment
from funding.schemas.agreement_amendments import (
    AgreementAmendmentCreate,
    AgreementAmendmentPage,
    AgreementAmendmentQuery,
    AgreementAmendmentRead,
)

router: Final = work_router("Agreement amendments")


@router.get("/agreement-amendments", response_model=AgreementAmendmentPage)
async def list_agreement_amendments(
    request: Request, session: Session, query: Annotated[AgreementAmendmentQuery, Query()]
) -> Page | Response:
    """List the amendments of agreements."""
    return await answer_list(request, session, query, queries.agreement_amendments(), AgreementAmendmentPage)


@router.post("/agreement-amendments", status_code=201, response_model=AgreementAmendmentRead)
async def create_agreement_amendment(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: AgreementAmendmentCreate
) -> AgreementAmendment:
    """Record an amendment of a signed agreement, for good."""
    made = await service.create_agreement_amendment(session, caller, body)
    created(request, response, made)
    return made


@router.get("/agreement-amendments/{agreement_amendment_id}", response_model=AgreementAmendmentRead)
async def get_agreement_amendment(
    request: Request, response: Response, session: Session, agreement_amendment_id: uuid.UUID
) -> AgreementAmendment:
    """Read one amendment."""
    found = await get_row(session, AgreementAmendment, agreement_amendment_id)
    send_etag(request, response, found)
    return found
