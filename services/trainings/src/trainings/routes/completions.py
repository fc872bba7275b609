"""Completions over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, send_etag
from chassis.unit_of_work import CurrentCaller, Session
from chassis.voids import VoidCreate
from fastapi import Query, Request, Response

from trainings import queries, service
from trainings.models import Completion
from trainings.routes.personal import personal_router
from trainings.routes.rules import Rules
from trainings.schemas.completions import (
    CompletionCreate,
    CompletionPage,
    CompletionQuery,
    CompletionRead,
)

router: Final = personal_router("Completions")


@router.get("/completions", response_model=CompletionPage)
async def list_completions(
    request: Request, session: Session, caller: CurrentCaller, query: Annotated[CompletionQuery, Query()]
) -> Page | Response:
    """List the completions of people in countries the caller has a grant for."""
    return await answer_list(request, session, query, queries.completions(caller), CompletionPage)


@router.post("/completions", status_code=201, response_model=CompletionRead)
async def create_completion(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: CompletionCreate, rules: Rules
) -> Completion:
    """Record that an enrolled person met the course's rule, which completes the seat."""
    completion = await service.create_completion(session, caller, body, rules)
    created(request, response, completion)
    return completion


@router.get("/completions/{completion_id}", response_model=CompletionRead)
async def get_completion(
    request: Request, response: Response, session: Session, caller: CurrentCaller, completion_id: uuid.UUID
) -> Completion:
    """Read one completion."""
    completion = await queries.get_about_person(session, caller, Completion, completion_id)
    send_etag(request, response, completion)
    return completion


@router.post("/completions/{completion_id}/void", response_model=CompletionRead)
async def void_completion(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    completion_id: uuid.UUID,
    version: IfMatch,
    body: VoidCreate,
) -> Completion:
    """Void a completion that was entered in error, once and for good; the seat is `attending` again.

    No count of people has it from then on, and an explanation lists it as `voided`.
    """
    completion = await service.void_completion(session, caller, completion_id, version, body)
    send_etag(request, response, completion)
    return completion
