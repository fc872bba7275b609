"""What may be done to courses and their versions."""

import uuid

from chassis.resources import change_row, check_version, get_row, new_row, write_row
from chassis.tokens import Caller
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import domain
from trainings.models import Course, CourseVersion
from trainings.schemas.course_versions import CourseVersionCreate, CourseVersionUpdate
from trainings.schemas.courses import CourseCreate, CourseUpdate
from trainings.service.loading import WRITER, require_course


async def create_course(session: AsyncSession, caller: Caller, body: CourseCreate) -> Course:
    """Record a course."""
    caller.require_role(WRITER)
    domain.check_course(body.type, body.code, body.qualifies_for_course_code)
    await require_course(session, "#/qualifies_for_course_code", body.qualifies_for_course_code)
    return await write_row(session, new_row(Course, body))


async def update_course(
    session: AsyncSession, caller: Caller, course_id: uuid.UUID, version: int, body: CourseUpdate
) -> Course:
    """Change a course that the caller has read at `version`."""
    caller.require_role(WRITER)
    course = await get_row(session, Course, course_id, lock=True)
    check_version(course, version)
    after = course.model_dump() | body.model_dump(exclude_unset=True)
    domain.check_course(domain.CourseType(after["type"]), course.code, after["qualifies_for_course_code"])
    await require_course(session, "#/qualifies_for_course_code", after["qualifies_for_course_code"])
    return await change_row(session, course, version, body)


async def create_course_version(session: AsyncSession, caller: Caller, body: CourseVersionCreate) -> CourseVersion:
    """Record a version of a course."""
    caller.require_role(WRITER)
    await require_course(session, "#/course_code", body.course_code)
    return await write_row(session, new_row(CourseVersion, body))


async def update_course_version(
    session: AsyncSession, caller: Caller, version_id: uuid.UUID, version: int, body: CourseVersionUpdate
) -> CourseVersion:
    """Change a version that the caller has read at `version`. Whether somebody completed it, the database sees."""
    caller.require_role(WRITER)
    row = await get_row(session, CourseVersion, version_id, lock=True)
    return await change_row(session, row, version, body)
