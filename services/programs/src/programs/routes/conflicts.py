"""Conflicts over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.known import look_back
from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Depends, Query, Request, Response

from programs import queries, service
from programs.models import ConflictRecord
from programs.schemas.conflicts import ConflictCreate, ConflictPage, ConflictQuery, ConflictRead, ConflictUpdate

router: Final = work_router("Conflicts")


@router.get("/conflicts", response_model=ConflictPage, dependencies=[Depends(look_back)])
async def list_conflicts(
    request: Request, session: Session, query: Annotated[ConflictQuery, Query()]
) -> Page | Response:
    """List claims that seem to disagree, and how that was settled."""
    return await answer_list(request, session, query, queries.conflicts(), ConflictPage)


@router.post("/conflicts", status_code=201, response_model=ConflictRead)
async def create_conflict(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: ConflictCreate
) -> ConflictRecord:
    """Record claims that seem to disagree."""
    conflict = await service.create_conflict(session, caller, body)
    created(request, response, conflict)
    return conflict


@router.get("/conflicts/{conflict_id}", response_model=ConflictRead)
async def get_conflict(
    request: Request, response: Response, session: Session, conflict_id: uuid.UUID
) -> ConflictRecord:
    """Read one conflict."""
    conflict = await get_row(session, ConflictRecord, conflict_id)
    send_etag(request, response, conflict)
    return conflict


@router.patch("/conflicts/{conflict_id}", response_model=ConflictRead)
async def update_conflict(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    conflict_id: uuid.UUID,
    version: IfMatch,
    body: ConflictUpdate,
) -> ConflictRecord:
    """Change how a conflict stands."""
    conflict = await service.update_conflict(session, caller, conflict_id, version, body)
    send_etag(request, response, conflict)
    return conflict
