"""Conflicts on the wire."""

from typing import Literal

from chassis.codes import Code, Line, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from pydantic import BaseModel, ConfigDict, Field

from programs.domain import ConflictStatus
from programs.schemas.measures import Word


class ConflictCreate(CreateBody):
    """Claims that seem to disagree, to record."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "C01",
                    "kind": "cumulative_counter_two_dates",
                    "status": "resolved",
                    "title": "Instructors: 505 or 370",
                    "resolution": "The later supersedes the earlier",
                    "reason": "Same measure, two dates.",
                    "member_codes": ["S0-18", "S1-25"],
                }
            ]
        }
    )

    code: Code
    kind: Word
    status: ConflictStatus
    title: Line
    resolution: Text
    reason: Text
    member_codes: list[Code] = Field(min_length=1, max_length=50, description="Codes of the figures and statements.")


class ConflictUpdate(Body):
    """Fields of a conflict to change."""

    status: ConflictStatus = may_be_absent()
    title: Line = may_be_absent()
    resolution: Text = may_be_absent()
    reason: Text = may_be_absent()
    member_codes: list[Code] = may_be_absent(min_length=1, max_length=50)


class ConflictMemberRead(BaseModel):
    """A claim that stands in a conflict."""

    model_config = ConfigDict(from_attributes=True)

    kind: Literal["reported_figure", "statement"]
    code: str
    is_voided: bool = Field(description="Whether the claim was entered in error; see there by whom and why.")


class ConflictRead(ResourceRead):
    """Claims that seem to disagree, what was found out, and how it was settled."""

    code: str
    kind: str
    status: ConflictStatus
    title: str
    resolution: str
    reason: str
    members: list[ConflictMemberRead]


class ConflictPage(Page):
    """A page of conflicts."""

    items: list[ConflictRead]


class ConflictQuery(ListQuery):
    """Filters of conflicts."""

    sort: str = sort_by("code", "code", "created_at", "updated_at")
    code: list[Code] = []
    kind: list[Word] = []
    status: list[ConflictStatus] = []
    member_code: list[Code] = Field(default=[], description="With one of these figures or statements.")
    q: str | None = Field(default=None, max_length=200, description="Text in the title or the reason.")
