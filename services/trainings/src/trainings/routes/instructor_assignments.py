"""Instructor assignments over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, send_etag
from chassis.unit_of_work import CurrentCaller, Session
from chassis.voids import VoidCreate
from fastapi import Query, Request, Response

from trainings import queries, service
from trainings.models import InstructorAssignment
from trainings.routes.personal import personal_router
from trainings.schemas.instructor_assignments import (
    InstructorAssignmentCreate,
    InstructorAssignmentPage,
    InstructorAssignmentQuery,
    InstructorAssignmentRead,
    InstructorAssignmentUpdate,
)

router: Final = personal_router("Instructor assignments")


@router.get("/instructor-assignments", response_model=InstructorAssignmentPage)
async def list_instructor_assignments(
    request: Request, session: Session, caller: CurrentCaller, query: Annotated[InstructorAssignmentQuery, Query()]
) -> Page | Response:
    """List the instructor assignments of people in countries the caller has a grant for."""
    return await answer_list(request, session, query, queries.instructor_assignments(caller), InstructorAssignmentPage)


@router.post("/instructor-assignments", status_code=201, response_model=InstructorAssignmentRead)
async def create_instructor_assignment(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: InstructorAssignmentCreate
) -> InstructorAssignment:
    """Let a person lead a training."""
    assignment = await service.create_instructor_assignment(session, caller, body)
    created(request, response, assignment)
    return assignment


@router.get("/instructor-assignments/{instructor_assignment_id}", response_model=InstructorAssignmentRead)
async def get_instructor_assignment(
    request: Request, response: Response, session: Session, caller: CurrentCaller, instructor_assignment_id: uuid.UUID
) -> InstructorAssignment:
    """Read one instructor assignment."""
    assignment = await queries.get_about_person(session, caller, InstructorAssignment, instructor_assignment_id)
    send_etag(request, response, assignment)
    return assignment


@router.patch("/instructor-assignments/{instructor_assignment_id}", response_model=InstructorAssignmentRead)
async def update_instructor_assignment(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    instructor_assignment_id: uuid.UUID,
    version: IfMatch,
    body: InstructorAssignmentUpdate,
) -> InstructorAssignment:
    """Change the note of an instructor assignment. Its training and person never change."""
    assignment = await service.update_instructor_assignment(session, caller, instructor_assignment_id, version, body)
    send_etag(request, response, assignment)
    return assignment


@router.post("/instructor-assignments/{instructor_assignment_id}/void", response_model=InstructorAssignmentRead)
async def void_instructor_assignment(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    instructor_assignment_id: uuid.UUID,
    version: IfMatch,
    body: VoidCreate,
) -> InstructorAssignment:
    """Void an assignment that was entered in error, once and for good; the person may be assigned anew."""
    assignment = await service.void_instructor_assignment(session, caller, instructor_assignment_id, version, body)
    send_etag(request, response, assignment)
    return assignment
