"""Versions of courses over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Query, Request, Response

from trainings import queries, service
from trainings.models import CourseVersion
from trainings.schemas.course_versions import (
    CourseVersionCreate,
    CourseVersionPage,
    CourseVersionQuery,
    CourseVersionRead,
    CourseVersionUpdate,
)

router: Final = work_router("Course versions")


@router.get("/course-versions", response_model=CourseVersionPage)
async def list_course_versions(
    request: Request, session: Session, query: Annotated[CourseVersionQuery, Query()]
) -> Page | Response:
    """List the versions of courses."""
    return await answer_list(request, session, query, queries.course_versions(), CourseVersionPage)


@router.post("/course-versions", status_code=201, response_model=CourseVersionRead)
async def create_course_version(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: CourseVersionCreate
) -> CourseVersion:
    """Record a version of a course."""
    row = await service.create_course_version(session, caller, body)
    created(request, response, row)
    return row


@router.get("/course-versions/{course_version_id}", response_model=CourseVersionRead)
async def get_course_version(
    request: Request, response: Response, session: Session, course_version_id: uuid.UUID
) -> CourseVersion:
    """Read one version of a course."""
    row = await get_row(session, CourseVersion, course_version_id)
    send_etag(request, response, row)
    return row


@router.patch("/course-versions/{course_version_id}", response_model=CourseVersionRead)
async def update_course_version(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    course_version_id: uuid.UUID,
    version: IfMatch,
    body: CourseVersionUpdate,
) -> CourseVersion:
    """Change fields of a version; once somebody completed a training by it, only its objectives."""
    row = await service.update_course_version(session, caller, course_version_id, version, body)
    send_etag(request, response, row)
    return row
