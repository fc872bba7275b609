"""Attendances over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, send_etag
from chassis.unit_of_work import CurrentCaller, Session
from fastapi import Query, Request, Response

from trainings import queries, service
from trainings.models import Attendance
from trainings.routes.personal import personal_router
from trainings.routes.rules import Rules
from trainings.schemas.attendances import (
    AttendanceCreate,
    AttendancePage,
    AttendanceQuery,
    AttendanceRead,
    AttendanceUpdate,
)

router: Final = personal_router("Attendances")


@router.get("/attendances", response_model=AttendancePage)
async def list_attendances(
    request: Request, session: Session, caller: CurrentCaller, query: Annotated[AttendanceQuery, Query()]
) -> Page | Response:
    """List the attendances of people in countries the caller has a grant for."""
    return await answer_list(request, session, query, queries.attendances(caller), AttendancePage)


@router.post("/attendances", status_code=201, response_model=AttendanceRead)
async def create_attendance(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: AttendanceCreate
) -> Attendance:
    """Record the hours that an enrolled person was in a session, 0 where they were absent."""
    attendance = await service.create_attendance(session, caller, body)
    created(request, response, attendance)
    return attendance


@router.get("/attendances/{attendance_id}", response_model=AttendanceRead)
async def get_attendance(
    request: Request, response: Response, session: Session, caller: CurrentCaller, attendance_id: uuid.UUID
) -> Attendance:
    """Read one attendance."""
    attendance = await queries.get_about_person(session, caller, Attendance, attendance_id)
    send_etag(request, response, attendance)
    return attendance


@router.patch("/attendances/{attendance_id}", response_model=AttendanceRead)
async def update_attendance(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    attendance_id: uuid.UUID,
    version: IfMatch,
    body: AttendanceUpdate,
    rules: Rules,
) -> Attendance:
    """Correct the hours of an attendance. A seat that is completed keeps the hours that it was completed by."""
    attendance = await service.update_attendance(session, caller, attendance_id, version, body, rules)
    send_etag(request, response, attendance)
    return attendance
