"""Courses on the wire."""

from chassis.codes import Code, Line
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from pydantic import ConfigDict, Field

from trainings.domain import CourseType


class CourseCreate(CreateBody):
    """A course to record."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "ACADEMY-INSTRUCTORS",
                    "title": "Academy instructor course",
                    "type": "training_of_trainers",
                    "qualifies_for_course_code": "OFFICERS-BASIC",
                    "topics": ["use of force", "inmate management"],
                    "designed_hours": 240,
                }
            ]
        }
    )

    code: Code
    title: Line
    type: CourseType
    qualifies_for_course_code: Code | None = Field(
        default=None, description="The course that its completers may lead; only for a training of trainers."
    )
    topics: list[Line] = Field(default=[], max_length=50)
    designed_hours: int | None = Field(default=None, ge=1, le=10_000)


class CourseUpdate(Body):
    """Fields of a course to change."""

    title: Line = may_be_absent()
    type: CourseType = may_be_absent(description="Decides what its completions count as, earlier ones included.")
    qualifies_for_course_code: Code | None = may_be_absent()
    topics: list[Line] = may_be_absent(max_length=50)
    designed_hours: int | None = may_be_absent(ge=1, le=10_000)


class CourseRead(ResourceRead):
    """A curriculum that trainings deliver."""

    code: str
    title: str
    type: CourseType
    qualifies_for_course_code: str | None
    topics: list[str]
    designed_hours: int | None


class CoursePage(Page):
    """A page of courses."""

    items: list[CourseRead]


class CourseQuery(ListQuery):
    """Filters of courses."""

    sort: str = sort_by("code", "code", "title", "created_at", "updated_at")
    code: list[Code] = []
    type: list[CourseType] = []
    qualifies_for_course_code: list[Code] = []
    qualifies_for_course_code_is_null: bool | None = None
    topic: list[Line] = Field(default=[], description="Courses with one of these topics.")
    q: str | None = Field(default=None, max_length=200, description="Text in the title or the code.")
