"""Recorded figures on the wire: counts of people computed from the records, never typed."""

from chassis.codes import Code, CountryCode
from chassis.known import KnownRead
from chassis.values import Day
from pydantic import BaseModel, ConfigDict, Field

from trainings.domain import LeftOut, PeopleMeasure, VenueKind


class RecordedFigureQuery(BaseModel):
    """Which count, of whom, on which dates."""

    measure: PeopleMeasure
    nationality_code: CountryCode | None = Field(default=None, description="Of the persons counted.")
    agency_code: list[Code] = Field(default=[], max_length=50, description="Who provided the training of trainers.")
    venue_kind: VenueKind | None = Field(default=None, description="Of the trainings counted.")
    program_code: Code | None = Field(default=None, description="Of the trainings counted.")
    as_of: list[Day] = Field(
        default=[],
        max_length=10,
        description="Completions until then; where none is given the day of `known_at`, else today.",
    )
    explain: bool = Field(default=False, description="Also say what was counted and left out, for the last `as_of`.")


class RecordedPoint(BaseModel):
    """The count on a date. Small numbers are hidden from readers without a grant for the nationality."""

    as_of: Day
    value: str | None = Field(description="Null where nothing of the kind is recorded, or where suppressed.")
    lower: str | None = Field(description="The least it can be.")
    upper: str | None = Field(description="The most it can be.")
    records: int | None = Field(
        description="Completions of the measure's family and nationality by then, before all other filters; what was "
        "voided is none. 0 means no record of any kind. Null where they are of fewer than 5 persons and the caller has "
        "no grant for them."
    )
    suppressed: bool = Field(description="Whether the value is hidden because it is below 5.")


class RecordedCell(BaseModel):
    """Some completions, and the persons and trainings behind them. Null where hidden."""

    model_config = ConfigDict(from_attributes=True)

    persons: int | None
    completions: int | None
    trainings: int | None


class RecordedLeftOut(BaseModel):
    """Completions that are not counted, and why. Their persons may be counted for another completion."""

    reason: LeftOut
    message: str
    completions: int | None
    persons: int | None


class RecordedExplanation(BaseModel):
    """What was counted and what was not: together all completions of the family and nationality, voided ones too."""

    as_of: Day
    counted: RecordedCell
    left_out: list[RecordedLeftOut]
    rule: str


class RecordedFigureRead(KnownRead):
    """A count of people from the records, on each of the dates asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "measure": "instructors_trained",
                    "unit": "persons",
                    "nationality_code": "MX",
                    "agency_codes": ["US-NM-CD"],
                    "venue_kind": "united_states",
                    "program_code": None,
                    "method": "Distinct persons with a completion of a training whose course is a training of "
                    "trainers and whose provider is one of the agencies.",
                    "method_version": "1",
                    "points": [
                        {
                            "as_of": "2015-10-07",
                            "value": "505",
                            "lower": "505",
                            "upper": "505",
                            "records": 512,
                            "suppressed": False,
                        }
                    ],
                    "explain": None,
                    "known_at": None,
                    "feed_number": None,
                }
            ]
        }
    )

    measure: PeopleMeasure
    unit: str
    nationality_code: str | None
    agency_codes: list[str]
    venue_kind: VenueKind | None
    program_code: str | None
    method: str = Field(description="The counting rule in one sentence.")
    method_version: str
    points: list[RecordedPoint] = Field(description="In the order of the dates asked for.")
    explain: RecordedExplanation | None = Field(description="Null unless `explain=true`.")
