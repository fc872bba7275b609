"""Lines of agreements over HTTP: read and add."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Query, Request, Response

from funding import queries, service
from funding.models import AgreementLine
from funding.schemas.agreement_lines import (
    AgreementLineCreate,
    AgreementLinePage,
    AgreementLineQuery,
    AgreementLineRead,
)

router: Final = work_router("Agreement lines")


@router.get("/agreement-lines", response_model=AgreementLinePage)
async def list_agreement_lines(
    request: Request, session: Session, query: Annotated[AgreementLineQuery, Query()]
) -> Page | Response:
    """List which fund lines pay which agreements."""
    return await answer_list(request, session, query, queries.agreement_lines(), AgreementLinePage)


@router.post("/agreement-lines", status_code=201, response_model=AgreementLineRead)
async def create_agreement_line(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: AgreementLineCreate
) -> AgreementLine:
    """Record that a fund line pays an agreement, for good: entries hang on the line."""
    made = await service.create_agreement_line(session, caller, body)
    created(request, response, made)
    return made


@router.get("/agreement-lines/{agreement_line_id}", response_model=AgreementLineRead)
async def get_agreement_line(
    request: Request, response: Response, session: Session, agreement_line_id: uuid.UUID
) -> AgreementLine:
    """Read one line."""
    found = await get_row(session, AgreementLine, agreement_line_id)
    send_etag(request, response, found)
    return found
