"""People on the wire. No message of these bodies quotes a value: it may be a name."""

import uuid
from datetime import datetime
from typing import Annotated

from chassis.codes import PRINTABLE, CountryCode, Line
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from chassis.values import Day
from pydantic import ConfigDict, Field, StringConstraints

from trainings.domain import BirthPrecision, PersonType, Sex


class PersonCreate(CreateBody):
    """A person to record; at least one name."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        json_schema_extra={
            "examples": [
                {
                    "country_code": "MX",
                    "nationality_code": "MX",
                    "sex": "female",
                    "given_name": "Synthetic",
                    "surname_1": "Person",
                    "surname_2": "Twelve",
                    "birth_date": "1980-01-01",
                    "birth_precision": "year",
                }
            ]
        },
    )

    country_code: CountryCode = Field(description="Whose office keeps the record: decides who may see it.")
    nationality_code: CountryCode
    sex: Sex = Field(default=Sex.not_recorded, description="As recorded, never assumed.")
    given_name: Line | None = None
    surname_1: Line | None = None
    surname_2: Line | None = None
    full_name_original: Line | None = Field(default=None, description="The whole name in its original script.")
    birth_date: Day | None = Field(default=None, description="Where only the year is known, its 1 January.")
    birth_precision: BirthPrecision = BirthPrecision.not_recorded
    person_type: PersonType = Field(
        default=PersonType.foreign_participant, description="Partner instructors are where a cascade begins."
    )
    unit_id: uuid.UUID | None = Field(default=None, description="The unit they serve in.")
    position: Line | None = Field(default=None, description="Rank or position.")


class PersonUpdate(Body):
    """Fields of a person to change."""

    model_config = ConfigDict(hide_input_in_errors=True)

    country_code: CountryCode = may_be_absent(description="Hands the record to another office; needs both grants.")
    nationality_code: CountryCode = may_be_absent()
    sex: Sex = may_be_absent()
    given_name: Line | None = may_be_absent()
    surname_1: Line | None = may_be_absent()
    surname_2: Line | None = may_be_absent()
    full_name_original: Line | None = may_be_absent()
    birth_date: Day | None = may_be_absent()
    birth_precision: BirthPrecision = may_be_absent()
    person_type: PersonType = may_be_absent()
    unit_id: uuid.UUID | None = may_be_absent()
    position: Line | None = may_be_absent()


class EraseCreate(Body):
    """Why a person is erased."""

    model_config = ConfigDict(
        hide_input_in_errors=True, json_schema_extra={"examples": [{"reason": "Asked for by the person."}]}
    )

    reason: Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=PRINTABLE)] = Field(
        description="Shown wherever the record is shown: no names of people."
    )


class PersonRead(ResourceRead):
    """Somebody who takes or leads a training. Of a person who was erased all that is personal is null."""

    model_config = ConfigDict(hide_input_in_errors=True)

    country_code: str
    nationality_code: str
    sex: Sex
    given_name: str | None
    surname_1: str | None
    surname_2: str | None
    full_name_original: str | None
    birth_date: Day | None = Field(description="Where only the year is known, its 1 January.")
    birth_precision: BirthPrecision
    person_type: PersonType
    unit_id: uuid.UUID | None
    position: str | None
    canonical_person_id: uuid.UUID | None = Field(
        description="The record that this person is counted as: this one unless it was merged; null where it was "
        "merged into one that you may not see."
    )
    erased_at: datetime | None = Field(description="Null unless the person was erased.")
    erase_reason: str | None


class PersonPage(Page):
    """A page of people."""

    items: list[PersonRead]


class PersonQuery(ListQuery):
    """Filters of people."""

    sort: str = sort_by("created_at", "created_at", "updated_at", "country_code", "nationality_code")
    id: list[uuid.UUID] = Field(
        default=[], max_length=500, description="Several at once; of whom you may not see nothing is said."
    )
    country_code: list[CountryCode] = []
    nationality_code: list[CountryCode] = []
    sex: list[Sex] = []
    birth_precision: list[BirthPrecision] = []
    person_type: list[PersonType] = []
    unit_id: list[uuid.UUID] = []
    is_dormant_instructor: bool | None = Field(
        default=None, description="Who completed a training of trainers and led nothing in the last twelve months."
    )
    q: str | None = Field(
        default=None,
        max_length=200,
        description="Words of a name in any script and order; the last may be a beginning of 3 letters or more. It "
        "stands in the address: send it over TLS alone, and keep no such addresses.",
    )
