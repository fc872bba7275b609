"""Counts of trainings' people on the wire: computed from the records, never typed."""

import uuid
from typing import Annotated, Any

from chassis.codes import Code, CountryCode
from chassis.known import KnownRead
from chassis.values import Day
from pydantic import BaseModel, ConfigDict, Field

from trainings.domain import CourseType, Dimension, LevelRecorded, PartLeftOut, Sex, TrainingMeasure, VenueKind

MOST_VALUES = 50


def any_of(description: str) -> Any:  # noqa: ANN401 - stands where a default may stand
    """A filter that may be repeated: one of its values must hold; without it nothing is filtered."""
    return Field(default=[], max_length=MOST_VALUES, description=description)


class TrainingCountQuery(BaseModel):
    """What is counted, of whom, when, and in which groups. Filters take what is recorded so."""

    measure: TrainingMeasure
    group_by: list[Dimension] = Field(default=[], max_length=4, description="In this order.")
    training_id: list[uuid.UUID] = Field(default=[], max_length=200, description="Only these very trainings.")
    nationality_code: list[CountryCode] = any_of("Of the persons.")
    sex: list[Sex] = any_of("Of the persons, as recorded.")
    level: list[LevelRecorded] = any_of("Of the persons at the time of the training.")
    country_code: list[CountryCode] = any_of("Whose people the training was for; it may be for several.")
    host_country_code: list[CountryCode] = any_of("Where it took place.")
    program_code: list[Code] = any_of("Of the training.")
    agency_code: list[Code] = any_of("Who provided it, alone or with others; of certifications who issued them.")
    funder_agency_code: list[Code] = any_of("Who paid for it, alone or with others.")
    course_code: list[Code] = any_of("Of the training; of certifications what they are for.")
    course_type: list[CourseType] = any_of("Of the course.")
    venue_kind: list[VenueKind] = any_of("Of the training.")
    tier: list[Annotated[int, Field(ge=1, le=50)]] = any_of("Of the training in the cascade.")
    fiscal_year: Annotated[int, Field(ge=1900, le=2200)] | None = Field(
        default=None, description="In short for its first and last day: 2016 ends on 2016-09-30."
    )
    from_date: Day | None = Field(default=None, description="Nothing before this day.")
    as_of: Day | None = Field(
        default=None, description="Nothing after this day; where it is not given the day of `known_at`, else today."
    )
    explain: bool = Field(default=False, description="Also say what was counted and left out, of all groups together.")


class TrainingCountGroup(BaseModel):
    """One group. Of what it is grouped by a field is null where nothing is recorded, of all else always."""

    nationality_code: str | None
    sex: Sex | None
    level: str | None
    country_code: str | None
    host_country_code: str | None
    program_code: str | None
    agency_code: str | None
    funder_agency_code: str | None
    course_code: str | None
    course_type: CourseType | None
    venue_kind: VenueKind | None
    tier: int | None
    fiscal_year: int | None
    calendar_year: int | None
    value: str | None = Field(description="Null where it is a range, where nothing is recorded, or where suppressed.")
    lower: str | None = Field(description="The least it can be.")
    upper: str | None = Field(description="The most it can be; null where nothing says.")
    rostered: int | None = Field(description="Of those whose names are recorded: the part of it that is certain.")
    headcount: int | None = Field(description="Attendees that a headcount says and no roster names.")
    trainings: int | None = Field(description="With somebody who is counted by name.")
    headcount_trainings: int | None = Field(description="That have a headcount.")
    without_hours: int | None = Field(description="Of contact hours: attendances of which no hours are recorded.")
    suppressed: bool = Field(description="Whether the numbers are hidden because they are below 5, or would tell one.")


class TrainingCountPart(BaseModel):
    """Seats or certifications that are counted or left out, and the persons and trainings behind them."""

    parts: int | None
    persons: int | None
    trainings: int | None


class TrainingCountLeftOut(TrainingCountPart):
    """What is not counted, and why: the first reason that holds. Their persons may be counted for another seat."""

    reason: PartLeftOut
    message: str


class TrainingCountExplanation(BaseModel):
    """All seats, or all certifications: each is counted or left out once."""

    counted: TrainingCountPart
    left_out: list[TrainingCountLeftOut]


class TrainingCountRead(KnownRead):
    """A count by groups. The groups of persons are never to be added up: each counts its persons once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "measure": "persons",
                    "unit": "persons",
                    "method": "Distinct persons with a completion.",
                    "method_version": "1",
                    "period_rule": "A person counts by the day of completion.",
                    "is_additive": False,
                    "group_by": ["sex"],
                    "from_date": None,
                    "as_of": "2015-10-07",
                    "items": [
                        dict.fromkeys(
                            (
                                "nationality_code", "level", "country_code", "host_country_code", "program_code",
                                "agency_code", "funder_agency_code", "course_code", "course_type", "venue_kind", "tier",
                                "fiscal_year", "calendar_year",
                            )
                        )
                        | {
                            "sex": "female", "value": "812", "lower": "812", "upper": "812", "rostered": 812,
                            "headcount": 0, "trainings": 40, "headcount_trainings": 0, "without_hours": 0,
                            "suppressed": False,
                        }
                    ],
                    "explain": None,
                    "known_at": None,
                    "feed_number": None,
                }
            ]
        }
    )  # fmt: skip

    measure: TrainingMeasure
    unit: str
    method: str = Field(description="The counting rule in one sentence.")
    method_version: str
    period_rule: str = Field(description="By which day something belongs to a period.")
    is_additive: bool = Field(
        description="Whether groups that exclude each other may be added up. Groups of country, agency and funder "
        "never do: a training of two stands in both."
    )
    group_by: list[Dimension]
    from_date: Day | None
    as_of: Day
    items: list[TrainingCountGroup]
    explain: TrainingCountExplanation | None = Field(description="Null unless `explain=true`.")
