"""Courses over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Query, Request, Response

from trainings import queries, service
from trainings.models import Course
from trainings.schemas.courses import CourseCreate, CoursePage, CourseQuery, CourseRead, CourseUpdate

router: Final = work_router("Courses")


@router.get("/courses", response_model=CoursePage)
async def list_courses(request: Request, session: Session, query: Annotated[CourseQuery, Query()]) -> Page | Response:
    """List the courses that trainings deliver."""
    return await answer_list(request, session, query, queries.courses(), CoursePage)


@router.post("/courses", status_code=201, response_model=CourseRead)
async def create_course(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: CourseCreate
) -> Course:
    """Record a course."""
    course = await service.create_course(session, caller, body)
    created(request, response, course)
    return course


@router.get("/courses/{course_id}", response_model=CourseRead)
async def get_course(request: Request, response: Response, session: Session, course_id: uuid.UUID) -> Course:
    """Read one course."""
    course = await get_row(session, Course, course_id)
    send_etag(request, response, course)
    return course


@router.patch("/courses/{course_id}", response_model=CourseRead)
async def update_course(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    course_id: uuid.UUID,
    version: IfMatch,
    body: CourseUpdate,
) -> Course:
    """Change fields of a course."""
    course = await service.update_course(session, caller, course_id, version, body)
    send_etag(request, response, course)
    return course
