"""Versions of courses on the wire."""

from chassis.codes import Code, Line, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from chassis.values import Day
from pydantic import ConfigDict, Field

from trainings.schemas.quantities import LanguageCode, Score, Share


class CourseVersionCreate(CreateBody):
    """A version of a course to record."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "course_code": "ACADEMY-INSTRUCTORS",
                    "label": "2012",
                    "introduced_on": "2012-01-01",
                    "designed_hours": 240,
                    "pass_mark": "70.00",
                    "required_share": "0.800",
                    "language_code": "es",
                    "objectives": "Teach the academy's curriculum.",
                }
            ]
        }
    )

    course_code: Code
    label: Line = Field(description="What people call it; unique within the course.")
    introduced_on: Day = Field(description="Since when it is taught.")
    designed_hours: int | None = Field(default=None, ge=1, le=10_000, description="Null: as the course says.")
    pass_mark: Score | None = Field(default=None, description="What the score after the training must reach.")
    required_share: Share | None = Field(
        default=None, description="Of the designed hours, to be attended for a completion; null: the usual share."
    )
    language_code: LanguageCode | None = None
    objectives: Text | None = None


class CourseVersionUpdate(Body):
    """Fields of a version to change. Once somebody completed a training by it, only its objectives."""

    label: Line = may_be_absent()
    introduced_on: Day = may_be_absent()
    designed_hours: int | None = may_be_absent(ge=1, le=10_000)
    pass_mark: Score | None = may_be_absent()
    required_share: Share | None = may_be_absent()
    language_code: LanguageCode | None = may_be_absent()
    objectives: Text | None = may_be_absent()


class CourseVersionRead(ResourceRead):
    """A course as it is taught from a day on. What it says wins over what the course says."""

    course_code: str
    label: str
    introduced_on: Day
    designed_hours: int | None
    pass_mark: Score | None
    required_share: Share | None
    language_code: str | None
    objectives: str | None


class CourseVersionPage(Page):
    """A page of versions."""

    items: list[CourseVersionRead]


class CourseVersionQuery(ListQuery):
    """Filters of versions."""

    sort: str = sort_by(
        "course_code,-introduced_on", "course_code", "label", "introduced_on", "created_at", "updated_at"
    )
    course_code: list[Code] = []
    label: list[Line] = []
    language_code: list[LanguageCode] = []
    introduced_on_gte: Day | None = None
    introduced_on_lte: Day | None = None
