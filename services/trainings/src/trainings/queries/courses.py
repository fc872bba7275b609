"""Questions about courses and their versions."""

from chassis.paging import Listing
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.models import Course, CourseVersion
from trainings.queries.filters import holds_any


async def find_course(session: AsyncSession, code: str) -> Course | None:
    """The course with this code."""
    return (await session.exec(select(Course).where(Course.code == code))).one_or_none()


def courses() -> Listing:
    """All courses."""
    return Listing(
        statement=select(Course),
        filters={
            "code": Course.code,
            "type": Course.type,
            "qualifies_for_course_code": Course.qualifies_for_course_code,
            "topic": holds_any(Course.topics),
        },
        sorts={
            "code": Course.code,
            "title": Course.title,
            "created_at": Course.created_at,
            "updated_at": Course.updated_at,
        },
        id=Course.id,
        text=[Course.title, Course.code],
    )


def course_versions() -> Listing:
    """All versions of courses."""
    return Listing(
        statement=select(CourseVersion),
        filters={
            "course_code": CourseVersion.course_code,
            "label": CourseVersion.label,
            "language_code": CourseVersion.language_code,
            "introduced_on": CourseVersion.introduced_on,
        },
        sorts={
            "course_code": CourseVersion.course_code,
            "label": CourseVersion.label,
            "introduced_on": CourseVersion.introduced_on,
            "created_at": CourseVersion.created_at,
            "updated_at": CourseVersion.updated_at,
        },
        id=CourseVersion.id,
    )
