"""Partnerships on the wire."""

from typing import Annotated

from chassis.codes import Code, CountryCode, Line, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, may_be_absent
from chassis.values import VagueDate
from chassis.voids import VoidableRead, only_voided
from pydantic import ConfigDict, Field

from programs.domain import AgencyKind, PartnerRole

Roles = Annotated[list[PartnerRole], Field(min_length=1, max_length=10)]


class PartnershipCreate(CreateBody):
    """An agency's part in a program, to record."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "agency_code": "US-NM-CD",
                    "program_code": "MX-CORR",
                    "roles": ["trainer"],
                    "starts": {"earliest": "2008-01-01", "latest": "2008-12-31", "label": "2008"},
                    "scope": "Trains academy instructors",
                    "source_code": "inl-corrections",
                }
            ]
        }
    )

    agency_code: Code
    program_code: Code
    roles: Roles
    starts: VagueDate | None = None
    ends: VagueDate | None = None
    scope: Text | None = Field(default=None, description="What the agency does in the program.")
    instrument: Line | None = Field(default=None, description="The memorandum, agreement or grant behind it.")
    source_code: Code | None = Field(default=None, description="The document that says so.")
    locator: Line | None = Field(default=None, description="Where in the document.")


class PartnershipUpdate(Body):
    """Fields of a partnership to change."""

    roles: Roles = may_be_absent()
    starts: VagueDate | None = may_be_absent()
    ends: VagueDate | None = may_be_absent()
    scope: Text | None = may_be_absent()
    instrument: Line | None = may_be_absent()
    source_code: Code | None = may_be_absent()
    locator: Line | None = may_be_absent()


class PartnershipRead(VoidableRead):
    """An agency's part in a program."""

    agency_code: str
    agency_name: str
    agency_kind: AgencyKind
    program_code: str
    roles: list[PartnerRole]
    starts: VagueDate | None
    ends: VagueDate | None
    scope: str | None
    instrument: str | None
    source_code: str | None
    locator: str | None


class PartnershipPage(Page):
    """A page of partnerships."""

    items: list[PartnershipRead]


class PartnershipQuery(ListQuery):
    """Filters of partnerships."""

    sort: str = sort_by("agency_code,program_code", "agency_code", "program_code", "created_at", "updated_at")
    agency_code: list[Code] = []
    program_code: list[Code] = []
    country_code: list[CountryCode] = Field(default=[], description="In programs with one of these countries.")
    role: list[PartnerRole] = Field(default=[], description="With one of these roles.")
    source_code: list[Code] = []
    is_voided: bool | None = only_voided()
