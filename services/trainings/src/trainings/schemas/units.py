"""Units on the wire."""

import uuid

from chassis.codes import Code, CountryCode, Line
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from pydantic import ConfigDict, Field, StrictBool


class UnitCreate(CreateBody):
    """A unit to record."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "MX-CEFERESO-11-GUARD",
                    "name": "Guard company",
                    "country_code": "MX",
                    "is_security_force": True,
                }
            ]
        }
    )

    code: Code | None = None
    name: Line
    country_code: CountryCode = Field(description="Whose office keeps the record: decides who may see it.")
    agency_code: Code | None = Field(default=None, description="The agency that it belongs to.")
    parent_id: uuid.UUID | None = Field(default=None, description="The unit that it is part of.")
    commander_person_id: uuid.UUID | None = Field(default=None, description="Who commands it.")
    is_security_force: StrictBool = Field(description="Whether its members may use force: then it is vetted too.")


class UnitUpdate(Body):
    """Fields of a unit to change."""

    name: Line = may_be_absent()
    country_code: CountryCode = may_be_absent(description="Hands the record to another office; needs both grants.")
    agency_code: Code | None = may_be_absent()
    parent_id: uuid.UUID | None = may_be_absent()
    commander_person_id: uuid.UUID | None = may_be_absent()
    is_security_force: StrictBool = may_be_absent()


class UnitRead(ResourceRead):
    """A unit of a host nation's service."""

    code: str | None
    name: str
    country_code: str
    agency_code: str | None
    parent_id: uuid.UUID | None
    commander_person_id: uuid.UUID | None
    is_security_force: bool


class UnitPage(Page):
    """A page of units."""

    items: list[UnitRead]


class UnitQuery(ListQuery):
    """Filters of units."""

    sort: str = sort_by("name", "name", "created_at", "updated_at")
    code: list[Code] = []
    country_code: list[CountryCode] = []
    agency_code: list[Code] = []
    parent_id: list[uuid.UUID] = []
    parent_id_is_null: bool | None = None
    commander_person_id: list[uuid.UUID] = []
    is_security_force: bool | None = None
    q: str | None = Field(default=None, max_length=200, description="Text in the name or the code.")
