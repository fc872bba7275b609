"""Sessions of trainings over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from chassis.voids import VoidCreate
from fastapi import Query, Request, Response

from trainings import queries, service
from trainings.models import TrainingSession
from trainings.schemas.training_sessions import (
    TrainingSessionCreate,
    TrainingSessionPage,
    TrainingSessionQuery,
    TrainingSessionRead,
    TrainingSessionUpdate,
)

router: Final = work_router("Training sessions")


@router.get("/training-sessions", response_model=TrainingSessionPage)
async def list_training_sessions(
    request: Request, session: Session, query: Annotated[TrainingSessionQuery, Query()]
) -> Page | Response:
    """List the sessions of trainings."""
    return await answer_list(request, session, query, queries.training_sessions(), TrainingSessionPage)


@router.post("/training-sessions", status_code=201, response_model=TrainingSessionRead)
async def create_training_session(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: TrainingSessionCreate
) -> TrainingSession:
    """Record a session of a training, held while that lasts."""
    row = await service.create_training_session(session, caller, body)
    created(request, response, row)
    return row


@router.get("/training-sessions/{training_session_id}", response_model=TrainingSessionRead)
async def get_training_session(
    request: Request, response: Response, session: Session, training_session_id: uuid.UUID
) -> TrainingSession:
    """Read one session."""
    row = await get_row(session, TrainingSession, training_session_id)
    send_etag(request, response, row)
    return row


@router.patch("/training-sessions/{training_session_id}", response_model=TrainingSessionRead)
async def update_training_session(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    training_session_id: uuid.UUID,
    version: IfMatch,
    body: TrainingSessionUpdate,
) -> TrainingSession:
    """Change fields of a session; it has at least the hours that anybody attended."""
    row = await service.update_training_session(session, caller, training_session_id, version, body)
    send_etag(request, response, row)
    return row


@router.post("/training-sessions/{training_session_id}/void", response_model=TrainingSessionRead)
async def void_training_session(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    training_session_id: uuid.UUID,
    version: IfMatch,
    body: VoidCreate,
) -> TrainingSession:
    """Void a session that was entered in error, once and for good; attendance in it counts no more."""
    row = await service.void_training_session(session, caller, training_session_id, version, body)
    send_etag(request, response, row)
    return row
