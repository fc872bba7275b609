"""Codes of fund lines on the wire."""

from chassis.codes import Code, Line
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from chassis.values import Day
from pydantic import ConfigDict, Field, StrictBool

from funding.domain import FundCodeKind


class FundCodeCreate(CreateBody):
    """A code to record: what a function, an initiative or an operating unit is called, and when it is in use."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "function",
                    "code": "CORRECTIONS",
                    "title": "Corrections",
                    "valid_from": None,
                    "valid_to": None,
                    "is_program_support": False,
                }
            ]
        }
    )

    kind: FundCodeKind
    code: Code = Field(description="Unique among the codes of its kind, never changed.")
    title: Line
    valid_from: Day | None = Field(default=None, description="First day on which it was in use.")
    valid_to: Day | None = Field(default=None, description="Last day on which it was; null while it is.")
    is_program_support: StrictBool = Field(
        default=False,
        description="Of a function: its money pays salaries, travel and oversight, and is no cost of a training unless "
        "asked for.",
    )


class FundCodeUpdate(Body):
    """Fields of a code to change."""

    title: Line = may_be_absent()
    valid_from: Day | None = may_be_absent()
    valid_to: Day | None = may_be_absent()
    is_program_support: StrictBool = may_be_absent()


class FundCodeRead(ResourceRead):
    """A code that fund lines carry."""

    kind: FundCodeKind
    code: str
    title: str
    valid_from: Day | None
    valid_to: Day | None
    is_program_support: bool


class FundCodePage(Page):
    """A page of codes."""

    items: list[FundCodeRead]


class FundCodeQuery(ListQuery):
    """Filters of codes."""

    sort: str = sort_by("kind,code", "kind", "code", "title", "created_at", "updated_at")
    kind: list[FundCodeKind] = []
    code: list[Code] = []
    valid_on: Day | None = Field(default=None, description="Only codes that were in use on this day.")
    q: str | None = Field(default=None, max_length=200, description="Text in the title or the code.")
