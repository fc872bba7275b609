"""Statements over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.known import look_back
from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from chassis.voids import VoidCreate
from fastapi import Depends, Query, Request, Response

from programs import queries, service
from programs.models import Statement
from programs.schemas.claims import RankCreate
from programs.schemas.statements import StatementCreate, StatementPage, StatementQuery, StatementRead

router: Final = work_router("Statements")


@router.get("/statements", response_model=StatementPage, dependencies=[Depends(look_back)])
async def list_statements(
    request: Request, session: Session, query: Annotated[StatementQuery, Query()]
) -> Page | Response:
    """List what documents say that is not a number of a measure, with the author."""
    return await answer_list(request, session, query, queries.statements(), StatementPage)


@router.post("/statements", status_code=201, response_model=StatementRead)
async def create_statement(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: StatementCreate
) -> Statement:
    """Record what a document says."""
    statement = await service.create_statement(session, caller, body)
    created(request, response, statement)
    return statement


@router.get("/statements/{statement_id}", response_model=StatementRead)
async def get_statement(request: Request, response: Response, session: Session, statement_id: uuid.UUID) -> Statement:
    """Read one statement."""
    statement = await get_row(session, Statement, statement_id)
    send_etag(request, response, statement)
    return statement


@router.post("/statements/{statement_id}/ranks", status_code=201, response_model=StatementRead)
async def rank_statement(
    session: Session, caller: CurrentCaller, statement_id: uuid.UUID, body: RankCreate
) -> Statement:
    """Give it another rank from now on, with the reason; earlier decisions stay."""
    return await service.rank_statement(session, caller, statement_id, body)


@router.post("/statements/{statement_id}/void", response_model=StatementRead)
async def void_statement(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    statement_id: uuid.UUID,
    version: IfMatch,
    body: VoidCreate,
) -> Statement:
    """Void a statement that was entered in error: no card shows it again.

    Its code is never free: record anew under another.
    """
    statement = await service.void_statement(session, caller, statement_id, version, body)
    send_etag(request, response, statement)
    return statement
