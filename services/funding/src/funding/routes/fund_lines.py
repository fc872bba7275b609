"""Fund lines over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.known import LookingBack, default_day, say_moment
from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Query, Request, Response

from funding import queries, service, totals
from funding.domain import TotalStage, parse_symbol, total_of
from funding.models import FundLine
from funding.schemas.balances import BalancesQuery, BalancesRead
from funding.schemas.fund_lines import FundLineCreate, FundLinePage, FundLineQuery, FundLineRead, FundLineUpdate
from funding.schemas.money_totals import Cell

router: Final = work_router("Fund lines")
_BALANCES: Final = [what for what in TotalStage if str(what) in BalancesRead.model_fields]


@router.get("/fund-lines/{fund_line_id}/balances", response_model=BalancesRead)
async def get_fund_line_balances(
    session: Session, fund_line_id: uuid.UUID, query: Annotated[BalancesQuery, Query()], moment: LookingBack
) -> BalancesRead:
    """Read what a fund line holds on a day: by stage, and what is left between stages."""
    fund_line = await get_row(session, FundLine, fund_line_id)
    as_of = query.as_of or default_day(moment.known_at if moment else None)
    held = await totals.find_line_held(session, fund_line.code, as_of)
    boundary = f"All entries of the fund line {fund_line.code} in US dollars, of all years."
    cell = Cell([("fund_line_code", fund_line.code)], boundary, as_of, moment)
    parts = {TotalStage.unsubobligated: held.of_letters, TotalStage.transferred: held.transferred}
    code = fund_line.treasury_account_code
    return BalancesRead(
        fund_line_code=fund_line.code,
        as_of=as_of,
        phase=parse_symbol(code).phase_on(as_of) if code else None,
        boundary=boundary,
        **say_moment(moment),
        **{str(what): cell.say(what, total_of(what, parts.get(what, held.whole))) for what in _BALANCES},
    )


@router.get("/fund-lines", response_model=FundLinePage)
async def list_fund_lines(
    request: Request, session: Session, query: Annotated[FundLineQuery, Query()]
) -> Page | Response:
    """List the fund lines: the money of a country for a purpose."""
    return await answer_list(request, session, query, queries.fund_lines(), FundLinePage)


@router.post("/fund-lines", status_code=201, response_model=FundLineRead)
async def create_fund_line(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: FundLineCreate
) -> FundLine:
    """Record a fund line."""
    fund_line = await service.create_fund_line(session, caller, body)
    created(request, response, fund_line)
    return fund_line


@router.get("/fund-lines/{fund_line_id}", response_model=FundLineRead)
async def get_fund_line(request: Request, response: Response, session: Session, fund_line_id: uuid.UUID) -> FundLine:
    """Read one fund line."""
    fund_line = await get_row(session, FundLine, fund_line_id)
    send_etag(request, response, fund_line)
    return fund_line


@router.patch("/fund-lines/{fund_line_id}", response_model=FundLineRead)
async def update_fund_line(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    fund_line_id: uuid.UUID,
    version: IfMatch,
    body: FundLineUpdate,
) -> FundLine:
    """Change fields of a fund line."""
    fund_line = await service.update_fund_line(session, caller, fund_line_id, version, body)
    send_etag(request, response, fund_line)
    return fund_line
