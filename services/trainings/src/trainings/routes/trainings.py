"""Trainings over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from chassis.voids import VoidCreate
from fastapi import Depends, Query, Request, Response

from trainings import queries, service
from trainings.models import Training
from trainings.references import Owner
from trainings.schemas.trainings import (
    TrainingCreate,
    TrainingPage,
    TrainingQuery,
    TrainingRead,
    TrainingTransition,
    TrainingUpdate,
)

router: Final = work_router("Trainings")


def programs_service(request: Request, caller: CurrentCaller) -> Owner:
    """The owner of agencies and programs, asked with the caller's own token."""
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


@router.get("/trainings", response_model=TrainingPage)
async def list_trainings(
    request: Request, session: Session, query: Annotated[TrainingQuery, Query()]
) -> Page | Response:
    """List the scheduled deliveries of courses."""
    return await answer_list(request, session, query, queries.trainings(), TrainingPage)


@router.post("/trainings", status_code=201, response_model=TrainingRead)
async def create_training(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    body: TrainingCreate,
    owner: ProgramsService,
) -> Training:
    """Record a training. Its providers, funders and program must be recorded already."""
    training = await service.create_training(session, caller, body, owner)
    created(request, response, training)
    return training


@router.get("/trainings/{training_id}", response_model=TrainingRead)
async def get_training(request: Request, response: Response, session: Session, training_id: uuid.UUID) -> Training:
    """Read one training."""
    training = await get_row(session, Training, training_id)
    send_etag(request, response, training)
    return training


@router.patch("/trainings/{training_id}", response_model=TrainingRead)
async def update_training(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    training_id: uuid.UUID,
    version: IfMatch,
    body: TrainingUpdate,
    owner: ProgramsService,
) -> Training:
    """Change fields of a training."""
    training = await service.update_training(session, caller, training_id, version, body, owner)
    send_etag(request, response, training)
    return training


@router.post("/trainings/{training_id}/transitions", response_model=TrainingRead)
async def advance_training(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    training_id: uuid.UUID,
    version: IfMatch,
    body: TrainingTransition,
) -> Training:
    """Let a training go on: confirmed, in progress, completed, reported, postponed, canceled.

    It is completed when each of its enrollments is, or says how it ended.
    """
    training = await service.advance_training(session, caller, training_id, version, body)
    send_etag(request, response, training)
    return training


@router.post("/trainings/{training_id}/void", response_model=TrainingRead)
async def void_training(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    training_id: uuid.UUID,
    version: IfMatch,
    body: VoidCreate,
) -> Training:
    """Void a training that was entered in error, once and for good: what is right is recorded anew.

    It may have completions: no count of people has them from then on, and an explanation lists them as `voided`.
    Having completed it makes nobody a trained lead. Nobody can be enrolled in it, lead it or complete it any more.
    """
    training = await service.void_training(session, caller, training_id, version, body)
    send_etag(request, response, training)
    return training
