"""Merges over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, send_etag
from chassis.unit_of_work import CurrentCaller, Session
from chassis.voids import VoidCreate
from fastapi import Query, Request, Response

from trainings import queries
from trainings.models import Merge
from trainings.routes.personal import personal_router
from trainings.schemas.merges import MergeCreate, MergePage, MergeQuery, MergeRead
from trainings.service import identity

router: Final = personal_router("Merges")


@router.get("/merges", response_model=MergePage)
async def list_merges(
    request: Request, session: Session, caller: CurrentCaller, query: Annotated[MergeQuery, Query()]
) -> Page | Response:
    """List decisions that two records are one person, both of countries the caller has a grant for."""
    return await answer_list(request, session, query, queries.merges(caller), MergePage)


@router.post("/merges", status_code=201, response_model=MergeRead)
async def create_merge(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: MergeCreate
) -> Merge:
    """Decide that two records are one person. Nothing else is rewritten, and a void takes it back."""
    merge = await identity.merge_people(session, caller, body)
    created(request, response, merge)
    return merge


@router.get("/merges/{merge_id}", response_model=MergeRead)
async def get_merge(
    request: Request, response: Response, session: Session, caller: CurrentCaller, merge_id: uuid.UUID
) -> Merge:
    """Read one merge."""
    merge = await queries.get_about_person(session, caller, Merge, merge_id)
    send_etag(request, response, merge)
    return merge


@router.post("/merges/{merge_id}/void", response_model=MergeRead)
async def void_merge(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    merge_id: uuid.UUID,
    version: IfMatch,
    body: VoidCreate,
) -> Merge:
    """Take a merge back: the two are two people again, and proposed as duplicates where they were."""
    merge = await identity.void_merge(session, caller, merge_id, version, body)
    send_etag(request, response, merge)
    return merge
