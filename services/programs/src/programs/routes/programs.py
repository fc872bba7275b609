"""Programs over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Query, Request, Response

from programs import queries, service
from programs.models import Program
from programs.schemas.programs import ProgramCreate, ProgramPage, ProgramQuery, ProgramRead, ProgramUpdate

router: Final = work_router("Programs")


@router.get("/programs", response_model=ProgramPage)
async def list_programs(request: Request, session: Session, query: Annotated[ProgramQuery, Query()]) -> Page | Response:
    """List programs, of one country or several."""
    return await answer_list(request, session, query, queries.programs(), ProgramPage)


@router.post("/programs", status_code=201, response_model=ProgramRead)
async def create_program(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: ProgramCreate
) -> Program:
    """Record a program."""
    program = await service.create_program(session, caller, body)
    created(request, response, program)
    return program


@router.get("/programs/{program_id}", response_model=ProgramRead)
async def get_program(request: Request, response: Response, session: Session, program_id: uuid.UUID) -> Program:
    """Read one program."""
    program = await get_row(session, Program, program_id)
    send_etag(request, response, program)
    return program


@router.patch("/programs/{program_id}", response_model=ProgramRead)
async def update_program(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    program_id: uuid.UUID,
    version: IfMatch,
    body: ProgramUpdate,
) -> Program:
    """Change fields of a program."""
    program = await service.update_program(session, caller, program_id, version, body)
    send_etag(request, response, program)
    return program
