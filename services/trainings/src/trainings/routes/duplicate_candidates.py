"""Duplicate candidates over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, send_etag
from chassis.unit_of_work import CurrentCaller, Session
from fastapi import Query, Request, Response

from trainings import queries
from trainings.models import DuplicateCandidate
from trainings.routes.personal import personal_router
from trainings.schemas.duplicate_candidates import (
    DismissCreate,
    DuplicateCandidatePage,
    DuplicateCandidateQuery,
    DuplicateCandidateRead,
)
from trainings.service import identity

router: Final = personal_router("Duplicate candidates")


@router.get("/duplicate-candidates", response_model=DuplicateCandidatePage)
async def list_duplicate_candidates(
    request: Request, session: Session, caller: CurrentCaller, query: Annotated[DuplicateCandidateQuery, Query()]
) -> Page | Response:
    """List pairs of records that may be one person, both of countries the caller has a grant for."""
    return await answer_list(request, session, query, queries.duplicate_candidates(caller), DuplicateCandidatePage)


@router.get("/duplicate-candidates/{duplicate_candidate_id}", response_model=DuplicateCandidateRead)
async def get_duplicate_candidate(
    request: Request, response: Response, session: Session, caller: CurrentCaller, duplicate_candidate_id: uuid.UUID
) -> DuplicateCandidate:
    """Read one duplicate candidate."""
    candidate = await queries.get_about_person(session, caller, DuplicateCandidate, duplicate_candidate_id)
    send_etag(request, response, candidate)
    return candidate


@router.post("/duplicate-candidates/{duplicate_candidate_id}/dismiss", response_model=DuplicateCandidateRead)
async def dismiss_duplicate_candidate(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    duplicate_candidate_id: uuid.UUID,
    version: IfMatch,
    body: DismissCreate,
) -> DuplicateCandidate:
    """Decide that the two are two people. They are proposed again only if they turn out to have one document."""
    candidate = await identity.dismiss_candidate(session, caller, duplicate_candidate_id, version, body)
    send_etag(request, response, candidate)
    return candidate
