"""Codes of fund lines over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Query, Request, Response

from funding import queries, service
from funding.models import FundCode
from funding.schemas.fund_codes import FundCodeCreate, FundCodePage, FundCodeQuery, FundCodeRead, FundCodeUpdate

router: Final = work_router("Fund codes")


@router.get("/fund-codes", response_model=FundCodePage)
async def list_fund_codes(
    request: Request, session: Session, query: Annotated[FundCodeQuery, Query()]
) -> Page | Response:
    """List the functions, initiatives and operating units that fund lines name."""
    return await answer_list(request, session, query, queries.fund_codes(), FundCodePage)


@router.post("/fund-codes", status_code=201, response_model=FundCodeRead)
async def create_fund_code(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: FundCodeCreate
) -> FundCode:
    """Record a code."""
    code = await service.create_fund_code(session, caller, body)
    created(request, response, code)
    return code


@router.get("/fund-codes/{fund_code_id}", response_model=FundCodeRead)
async def get_fund_code(request: Request, response: Response, session: Session, fund_code_id: uuid.UUID) -> FundCode:
    """Read one code."""
    code = await get_row(session, FundCode, fund_code_id)
    send_etag(request, response, code)
    return code


@router.patch("/fund-codes/{fund_code_id}", response_model=FundCodeRead)
async def update_fund_code(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    fund_code_id: uuid.UUID,
    version: IfMatch,
    body: FundCodeUpdate,
) -> FundCode:
    """Change the title of a code, or from when to when it was in use."""
    code = await service.update_fund_code(session, caller, fund_code_id, version, body)
    send_etag(request, response, code)
    return code
