"""Enrollments over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, send_etag
from chassis.unit_of_work import CurrentCaller, Session
from chassis.voids import VoidCreate
from fastapi import Query, Request, Response

from trainings import queries, service
from trainings.models import Enrollment
from trainings.routes.people import PeopleKey
from trainings.routes.personal import personal_router
from trainings.routes.rules import Rules
from trainings.schemas.enrollments import (
    EnrollmentCreate,
    EnrollmentPage,
    EnrollmentQuery,
    EnrollmentRead,
    EnrollmentTransition,
    EnrollmentUpdate,
)

router: Final = personal_router("Enrollments")


@router.get("/enrollments", response_model=EnrollmentPage)
async def list_enrollments(
    request: Request, session: Session, caller: CurrentCaller, query: Annotated[EnrollmentQuery, Query()]
) -> Page | Response:
    """List the enrollments of people in countries the caller has a grant for."""
    return await answer_list(request, session, query, queries.enrollments(caller), EnrollmentPage)


@router.post("/enrollments", status_code=201, response_model=EnrollmentRead)
async def create_enrollment(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    body: EnrollmentCreate,
    rules: Rules,
    key: PeopleKey,
) -> Enrollment:
    """Give a person a seat in a training: confirmed with a clearance that holds when it starts, or none needed."""
    enrollment = await service.create_enrollment(session, caller, body, rules, key)
    created(request, response, enrollment)
    return enrollment


@router.get("/enrollments/{enrollment_id}", response_model=EnrollmentRead)
async def get_enrollment(
    request: Request, response: Response, session: Session, caller: CurrentCaller, enrollment_id: uuid.UUID
) -> Enrollment:
    """Read one enrollment."""
    enrollment = await queries.get_about_person(session, caller, Enrollment, enrollment_id)
    send_etag(request, response, enrollment)
    return enrollment


@router.patch("/enrollments/{enrollment_id}", response_model=EnrollmentRead)
async def update_enrollment(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    enrollment_id: uuid.UUID,
    version: IfMatch,
    body: EnrollmentUpdate,
    rules: Rules,
) -> Enrollment:
    """Change fields of an enrollment. Its training and person never change, its status does by transitions."""
    enrollment = await service.update_enrollment(session, caller, enrollment_id, version, body, rules)
    send_etag(request, response, enrollment)
    return enrollment


@router.post("/enrollments/{enrollment_id}/void", response_model=EnrollmentRead)
async def void_enrollment(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    enrollment_id: uuid.UUID,
    version: IfMatch,
    body: VoidCreate,
) -> Enrollment:
    """Void a seat that was entered in error, once and for good. Its completion, if it has one, is voided first."""
    enrollment = await service.void_enrollment(session, caller, enrollment_id, version, body)
    send_etag(request, response, enrollment)
    return enrollment


@router.post("/enrollments/{enrollment_id}/transitions", response_model=EnrollmentRead)
async def advance_enrollment(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    enrollment_id: uuid.UUID,
    version: IfMatch,
    body: EnrollmentTransition,
    rules: Rules,
) -> Enrollment:
    """Let a seat go on: cleared, enrolled, attending, or how it ended. A completion completes it, nothing else."""
    enrollment = await service.advance_enrollment(session, caller, enrollment_id, version, body, rules)
    send_etag(request, response, enrollment)
    return enrollment
