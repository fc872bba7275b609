"""Agencies on the wire."""

from chassis.codes import Code, CountryCode, Line, SubdivisionCode
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from pydantic import ConfigDict, Field

from programs.domain import AgencyKind


class AgencyCreate(CreateBody):
    """An agency to record."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "US-NM-CD",
                    "name": "New Mexico Corrections Department",
                    "kind": "us_state",
                    "country_code": "US",
                    "subdivision_code": "US-NM",
                }
            ]
        }
    )

    code: Code
    name: Line
    kind: AgencyKind
    country_code: CountryCode | None = Field(default=None, description="Null for a multilateral or international body.")
    subdivision_code: SubdivisionCode | None = None
    parent_code: Code | None = Field(default=None, description="The agency it is part of.")
    aliases: list[Line] = Field(default=[], max_length=20, description="Other names that documents use.")


class AgencyUpdate(Body):
    """Fields of an agency to change."""

    name: Line = may_be_absent()
    kind: AgencyKind = may_be_absent()
    country_code: CountryCode | None = may_be_absent()
    subdivision_code: SubdivisionCode | None = may_be_absent()
    parent_code: Code | None = may_be_absent()
    aliases: list[Line] = may_be_absent(max_length=20)


class AgencyRead(ResourceRead):
    """An agency."""

    code: str
    name: str
    kind: AgencyKind
    country_code: str | None
    subdivision_code: str | None
    parent_code: str | None
    aliases: list[str]


class AgencyPage(Page):
    """A page of agencies."""

    items: list[AgencyRead]


class AgencyQuery(ListQuery):
    """Filters of agencies."""

    sort: str = sort_by("name", "name", "code", "created_at", "updated_at")
    code: list[Code] = []
    kind: list[AgencyKind] = []
    country_code: list[CountryCode] = []
    subdivision_code: list[SubdivisionCode] = []
    parent_code: list[Code] = []
    parent_code_is_null: bool | None = None
    q: str | None = Field(default=None, max_length=200, description="Text in the name or the code.")
