"""Coverage declarations over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.known import look_back
from chassis.paging import Page, answer_list
from chassis.resources import created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Depends, Query, Request, Response

from programs import queries, service
from programs.models import CoverageDeclaration
from programs.schemas.coverage_declarations import (
    CoverageDeclarationCreate,
    CoverageDeclarationPage,
    CoverageDeclarationQuery,
    CoverageDeclarationRead,
)

router: Final = work_router("Coverage declarations")


@router.get("/coverage-declarations", response_model=CoverageDeclarationPage, dependencies=[Depends(look_back)])
async def list_coverage_declarations(
    request: Request, session: Session, query: Annotated[CoverageDeclarationQuery, Query()]
) -> Page | Response:
    """List who states from when a country's records are complete."""
    return await answer_list(request, session, query, queries.coverage_declarations(), CoverageDeclarationPage)


@router.post("/coverage-declarations", status_code=201, response_model=CoverageDeclarationRead)
async def declare_coverage(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: CoverageDeclarationCreate
) -> CoverageDeclaration:
    """State, in your name, from when a country's records are complete."""
    coverage_declaration = await service.declare_coverage(session, caller, body)
    created(request, response, coverage_declaration)
    return coverage_declaration


@router.get("/coverage-declarations/{coverage_declaration_id}", response_model=CoverageDeclarationRead)
async def get_coverage_declaration(
    request: Request, response: Response, session: Session, coverage_declaration_id: uuid.UUID
) -> CoverageDeclaration:
    """Read one coverage declaration."""
    coverage_declaration = await get_row(session, CoverageDeclaration, coverage_declaration_id)
    send_etag(request, response, coverage_declaration)
    return coverage_declaration
