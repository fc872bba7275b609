"""Programs on the wire."""

from typing import Annotated

from chassis.codes import Code, CountryCode, Line, SubdivisionCode, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from chassis.values import PlainDecimal, VagueDate
from pydantic import BaseModel, ConfigDict, Field

from programs.domain import ProgramKind, ProgramStatus, Sector

Share = Annotated[
    PlainDecimal, Field(gt=0, le=1, description="The country's part of the program, a fraction; null where unknown.")
]


class ProgramCountry(Body):
    """A country of a program."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")

    country_code: CountryCode
    share: Share | None = None


class ProgramCreate(CreateBody):
    """A program to record."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "MX-CORR",
                    "title": "Corrections reform in Mexico",
                    "kind": "country",
                    "sector": "corrections",
                    "countries": [{"country_code": "MX"}],
                    "lead_agency_code": "INL",
                    "starts": {"earliest": "2008-01-01", "latest": "2008-12-31", "label": "2008"},
                }
            ]
        }
    )

    code: Code
    title: Line
    kind: ProgramKind
    sector: Sector
    countries: list[ProgramCountry] = Field(
        min_length=1, max_length=250, description="One for a country program; all shares are given or none."
    )
    status: ProgramStatus | None = Field(default=None, description="Null where it is not recorded.")
    parent_code: Code | None = Field(default=None, description="The program it is part of.")
    lead_agency_code: Code | None = None
    subdivision_code: SubdivisionCode | None = None
    scope: Text | None = None
    starts: VagueDate | None = None
    ends: VagueDate | None = None


class ProgramUpdate(Body):
    """Fields of a program to change."""

    title: Line = may_be_absent()
    kind: ProgramKind = may_be_absent()
    sector: Sector = may_be_absent()
    countries: list[ProgramCountry] = may_be_absent(min_length=1, max_length=250)
    status: ProgramStatus | None = may_be_absent()
    parent_code: Code | None = may_be_absent()
    lead_agency_code: Code | None = may_be_absent()
    subdivision_code: SubdivisionCode | None = may_be_absent()
    scope: Text | None = may_be_absent()
    starts: VagueDate | None = may_be_absent()
    ends: VagueDate | None = may_be_absent()


class ProgramCountryRead(BaseModel):
    """A country of a program, with its share where that is known."""

    model_config = ConfigDict(from_attributes=True)

    country_code: str
    share: Annotated[PlainDecimal | None, Field(description="Null where unknown: not the same as equal parts.")]


class ProgramRead(ResourceRead):
    """A program in one country or several."""

    code: str
    title: str
    kind: ProgramKind
    sector: Sector
    countries: list[ProgramCountryRead]
    status: ProgramStatus | None
    parent_code: str | None
    lead_agency_code: str | None
    subdivision_code: str | None
    scope: str | None
    starts: VagueDate | None
    ends: VagueDate | None


class ProgramPage(Page):
    """A page of programs."""

    items: list[ProgramRead]


class ProgramQuery(ListQuery):
    """Filters of programs."""

    sort: str = sort_by("code", "code", "title", "created_at", "updated_at")
    code: list[Code] = []
    kind: list[ProgramKind] = []
    sector: list[Sector] = []
    status: list[ProgramStatus] = []
    status_is_null: bool | None = None
    country_code: list[CountryCode] = Field(default=[], description="Programs with one of these countries.")
    parent_code: list[Code] = []
    parent_code_is_null: bool | None = None
    lead_agency_code: list[Code] = []
    q: str | None = Field(default=None, max_length=200, description="Text in the title or the code.")
