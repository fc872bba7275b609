"""Measures and series on the wire."""

from typing import Annotated

from chassis.codes import Code, CountryCode, CurrencyCode, Line, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from pydantic import ConfigDict, Field

from programs.domain import Additivity, Basis, MeasureKind, OwnerService, SubjectType

Word = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,59}$")]


class MeasureCreate(CreateBody):
    """A measure to record."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "instructors_trained",
                    "label": "Instructors trained",
                    "unit": "persons",
                    "kind": "count",
                    "basis": "cumulative",
                    "additivity": "non_additive",
                    "counting_rule": "Distinct persons who completed a training-of-trainers course.",
                    "owner_service": "trainings",
                }
            ]
        }
    )

    code: Word
    label: Line
    unit: Line
    kind: MeasureKind
    basis: Basis
    additivity: Additivity
    counting_rule: Text = Field(description="What is counted, in one sentence.")
    owner_service: OwnerService = Field(description="The service whose records can recompute it.")


class MeasureUpdate(Body):
    """Fields of a measure to change."""

    label: Line = may_be_absent()
    counting_rule: Text = may_be_absent()
    additivity: Additivity = may_be_absent()
    owner_service: OwnerService = may_be_absent()


class MeasureRead(ResourceRead):
    """What is counted, in what unit, by what rule."""

    code: str
    label: str
    unit: str
    kind: MeasureKind
    basis: Basis
    additivity: Additivity
    counting_rule: str
    owner_service: OwnerService


class MeasurePage(Page):
    """A page of measures."""

    items: list[MeasureRead]


class MeasureQuery(ListQuery):
    """Filters of measures."""

    sort: str = sort_by("code", "code", "created_at", "updated_at")
    code: list[Word] = []
    kind: list[MeasureKind] = []
    basis: list[Basis] = []
    owner_service: list[OwnerService] = []


class SeriesCreate(CreateBody):
    """A series to record: a line of claims about one subject and one measure."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "mx-instructors-by-new-mexico",
                    "label": "Mexican academy instructors trained by New Mexico",
                    "measure_code": "instructors_trained",
                    "subject_type": "country",
                    "subject_code": "MX",
                    "is_headline": True,
                    "agency_codes": ["US-NM-CD"],
                    "nationality_code": "MX",
                    "venue_kind": "united_states",
                }
            ]
        }
    )

    code: Code
    label: Line
    measure_code: Word
    subject_type: SubjectType
    subject_code: Code
    is_headline: bool = Field(default=False, description="Whether it leads for its subject and measure.")
    currency: CurrencyCode | None = Field(default=None, description="Of money; null where it is not stated.")
    agency_codes: list[Code] = Field(default=[], max_length=20, description="The agencies whose work is counted.")
    is_joint: bool = Field(
        default=False, description="The figures belong to all the agencies together and cannot be divided."
    )
    program_code: Code | None = None
    nationality_code: CountryCode | None = Field(default=None, description="Of the persons counted.")
    venue_kind: Word | None = Field(default=None, description="Where the trainings took place, if the series says so.")
    stage: Word | None = Field(default=None, description="Of money; `unspecified` where the documents do not say.")
    scope: Text | None = None


class SeriesUpdate(Body):
    """Fields of a series to change."""

    label: Line = may_be_absent()
    is_headline: bool = may_be_absent()
    currency: CurrencyCode | None = may_be_absent()
    program_code: Code | None = may_be_absent()
    scope: Text | None = may_be_absent()


class SeriesRead(ResourceRead):
    """A line of claims about one subject and one measure."""

    code: str
    label: str
    measure_code: str
    subject_type: SubjectType
    subject_code: str
    is_headline: bool
    currency: str | None
    agency_codes: list[str]
    is_joint: bool
    program_code: str | None
    nationality_code: str | None
    venue_kind: str | None
    stage: str | None
    scope: str | None


class SeriesPage(Page):
    """A page of series."""

    items: list[SeriesRead]


class SeriesQuery(ListQuery):
    """Filters of series."""

    sort: str = sort_by("code", "code", "created_at", "updated_at")
    code: list[Code] = []
    measure_code: list[Word] = []
    subject_type: list[SubjectType] = []
    subject_code: list[Code] = []
    is_headline: bool | None = None
