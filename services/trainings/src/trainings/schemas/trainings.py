"""Trainings on the wire."""

from typing import Annotated

from chassis.codes import Code, CountryCode, Line
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, may_be_absent
from chassis.values import Day
from chassis.voids import VoidableRead, only_voided
from pydantic import AfterValidator, ConfigDict, Field

from trainings.domain import VenueKind


def _each_once(codes: list[str]) -> list[str]:
    if len(set(codes)) != len(codes):
        raise ValueError("A country stands twice; name each once.")
    return codes


Countries = Annotated[list[CountryCode], Field(min_length=1, max_length=250), AfterValidator(_each_once)]


class TrainingCreate(CreateBody):
    """A training to record."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "NM-2009-1",
                    "course_code": "ACADEMY-INSTRUCTORS",
                    "title": "First international class",
                    "program_code": "MX-CORR",
                    "provider_agency_code": "US-NM-CD",
                    "host_country_code": "US",
                    "beneficiary_country_codes": ["MX"],
                    "starts_on": "2009-03-15",
                    "ends_on": "2009-04-24",
                    "venue_kind": "united_states",
                    "venue": "Santa Fe, New Mexico",
                }
            ]
        }
    )

    code: Code | None = None
    course_code: Code
    title: Line | None = None
    program_code: Code | None = Field(default=None, description="The program it belongs to.")
    provider_agency_code: Code = Field(description="The agency that provides it.")
    host_country_code: CountryCode = Field(description="Where it takes place.")
    beneficiary_country_codes: Countries = Field(description="Whose people it is for.")
    starts_on: Day
    ends_on: Day = Field(description="Not before `starts_on`.")
    venue_kind: VenueKind
    venue: Line | None = None


class TrainingUpdate(Body):
    """Fields of a training to change."""

    course_code: Code = may_be_absent()
    title: Line | None = may_be_absent()
    program_code: Code | None = may_be_absent()
    provider_agency_code: Code = may_be_absent()
    host_country_code: CountryCode = may_be_absent()
    beneficiary_country_codes: Countries = may_be_absent()
    starts_on: Day = may_be_absent()
    ends_on: Day = may_be_absent()
    venue_kind: VenueKind = may_be_absent()
    venue: Line | None = may_be_absent()


class TrainingRead(VoidableRead):
    """One scheduled delivery of a course."""

    code: str | None
    course_code: str
    title: str | None
    program_code: str | None
    provider_agency_code: str
    host_country_code: str
    beneficiary_country_codes: list[str]
    starts_on: Day
    ends_on: Day
    venue_kind: VenueKind
    venue: str | None


class TrainingPage(Page):
    """A page of trainings."""

    items: list[TrainingRead]


class TrainingQuery(ListQuery):
    """Filters of trainings."""

    sort: str = sort_by("-starts_on", "starts_on", "ends_on", "course_code", "created_at", "updated_at")
    code: list[Code] = []
    course_code: list[Code] = []
    program_code: list[Code] = []
    program_code_is_null: bool | None = None
    provider_agency_code: list[Code] = []
    host_country_code: list[CountryCode] = []
    beneficiary_country_code: list[CountryCode] = Field(
        default=[], description="Trainings for people of one of these countries."
    )
    venue_kind: list[VenueKind] = []
    starts_on_gte: Day | None = None
    starts_on_lte: Day | None = None
    ends_on_gte: Day | None = None
    ends_on_lte: Day | None = None
    is_voided: bool | None = only_voided()
    q: str | None = Field(default=None, max_length=200, description="Text in the title, the code or the venue.")
