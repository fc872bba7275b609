"""Trainings on the wire."""

import uuid
from typing import Annotated, Final

from chassis.codes import Code, CountryCode, Line
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, may_be_absent
from chassis.values import Day
from chassis.voids import VoidableRead, only_voided
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from trainings.domain import DeliveryMode, TrainingStatus, VenueKind
from trainings.schemas.quantities import LanguageCode, Reason


def _each_once(codes: list[str]) -> list[str]:
    if len(set(codes)) != len(codes):
        raise ValueError("A code stands twice; name each once.")
    return codes


Countries = Annotated[list[CountryCode], Field(min_length=1, max_length=250), AfterValidator(_each_once)]
Agencies = Annotated[list[Code], Field(max_length=50), AfterValidator(_each_once)]
_MOST: Final = 1_000_000


class HeadcountWrite(Body):
    """How many were there, where that was counted. Whoever is neither among the women nor the men is not recorded."""

    total: int = Field(ge=0, le=_MOST)
    female: int = Field(default=0, ge=0, le=_MOST)
    male: int = Field(default=0, ge=0, le=_MOST)


class HeadcountRead(BaseModel):
    """How many were there, by sex as far as that was counted."""

    model_config = ConfigDict(from_attributes=True)

    total: int
    female: int
    male: int
    not_recorded: int


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
                    "cohort": "International Class 1",
                    "funder_agency_codes": ["INL"],
                    "language_code": "es",
                    "delivery_mode": "in_person",
                    "status": "reported",
                    "headcount": {"total": 24, "female": 3, "male": 21},
                }
            ]
        }
    )

    code: Code | None = None
    course_code: Code
    course_version_id: uuid.UUID | None = Field(default=None, description="A version of that course.")
    title: Line | None = None
    cohort: Line | None = Field(default=None, description="The class that took it together.")
    program_code: Code | None = Field(default=None, description="The program it belongs to.")
    provider_agency_code: Code = Field(description="The agency that provides it.")
    co_provider_agency_codes: Agencies = Field(default=[], description="The agencies that provide it together with it.")
    funder_agency_codes: Agencies = Field(default=[], description="The agencies that pay for it.")
    host_country_code: CountryCode = Field(description="Where it takes place.")
    beneficiary_country_codes: Countries = Field(description="Whose people it is for.")
    starts_on: Day
    ends_on: Day = Field(description="Not before `starts_on`.")
    venue_kind: VenueKind
    venue: Line | None = None
    language_code: LanguageCode | None = None
    delivery_mode: DeliveryMode | None = None
    capacity: int | None = Field(default=None, ge=1, le=_MOST, description="Seats.")
    status: TrainingStatus = Field(
        default=TrainingStatus.planned,
        description="Any: much is recorded late. From then on it changes by transitions.",
    )
    headcount: HeadcountWrite | None = Field(
        default=None, description="Where it was counted how many were there, beside a roster or without one."
    )


class TrainingUpdate(Body):
    """Fields of a training to change. Its status changes by transitions."""

    course_code: Code = may_be_absent()
    course_version_id: uuid.UUID | None = may_be_absent()
    title: Line | None = may_be_absent()
    cohort: Line | None = may_be_absent()
    program_code: Code | None = may_be_absent()
    provider_agency_code: Code = may_be_absent()
    co_provider_agency_codes: Agencies = may_be_absent()
    funder_agency_codes: Agencies = may_be_absent()
    host_country_code: CountryCode = may_be_absent()
    beneficiary_country_codes: Countries = may_be_absent()
    starts_on: Day = may_be_absent()
    ends_on: Day = may_be_absent()
    venue_kind: VenueKind = may_be_absent()
    venue: Line | None = may_be_absent()
    language_code: LanguageCode | None = may_be_absent()
    delivery_mode: DeliveryMode | None = may_be_absent()
    capacity: int | None = may_be_absent(ge=1, le=_MOST)
    headcount: HeadcountWrite | None = may_be_absent(
        description="The whole of it anew. Not less than the attendees of the roster."
    )


class TrainingTransition(Body):
    """What a training becomes."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"to": "postponed", "note": "The academy is not ready yet."}]}
    )

    to: TrainingStatus
    note: Reason | None = Field(default=None, description="Why, shown beside the status: no names of people.")


class TrainingRead(VoidableRead):
    """One scheduled delivery of a course."""

    code: str | None
    course_code: str
    course_version_id: uuid.UUID | None
    title: str | None
    cohort: str | None
    program_code: str | None
    provider_agency_code: str
    co_provider_agency_codes: list[str]
    funder_agency_codes: list[str]
    host_country_code: str
    beneficiary_country_codes: list[str]
    starts_on: Day
    ends_on: Day
    venue_kind: VenueKind
    venue: str | None
    language_code: str | None
    delivery_mode: DeliveryMode | None
    capacity: int | None
    status: TrainingStatus
    status_note: str | None = Field(description="What was noted when it became so.")
    headcount: HeadcountRead | None


class TrainingPage(Page):
    """A page of trainings."""

    items: list[TrainingRead]


class TrainingQuery(ListQuery):
    """Filters of trainings."""

    sort: str = sort_by("-starts_on", "starts_on", "ends_on", "course_code", "created_at", "updated_at")
    id: list[uuid.UUID] = Field(default=[], max_length=200, description="These very trainings.")
    code: list[Code] = []
    course_code: list[Code] = []
    program_code: list[Code] = []
    program_code_is_null: bool | None = None
    provider_agency_code: list[Code] = []
    agency_code: list[Code] = Field(default=[], description="Provided by one of these agencies, alone or with others.")
    funder_agency_code: list[Code] = Field(default=[], description="Paid for by one of these agencies, among others.")
    cohort: list[Line] = []
    status: list[TrainingStatus] = []
    delivery_mode: list[DeliveryMode] = []
    has_headcount: bool | None = Field(default=None, description="Whether it was counted how many were there.")
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
