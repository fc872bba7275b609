"""Vetting on the wire: results, days and the case's reference. Nothing says why, and nothing has a field for it."""

import uuid
from typing import Self

from chassis.codes import Line
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, may_be_absent
from chassis.values import Day
from chassis.voids import VoidableRead, only_voided
from pydantic import ConfigDict, Field, model_validator

from trainings.domain import VettingResult


class VettingRecordCreate(CreateBody):
    """A vetting to record, of a person or of a unit."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        json_schema_extra={
            "examples": [
                {
                    "person_id": "01920000-0000-7000-8000-000000000002",
                    "requested_on": "2024-02-01",
                    "result": "approved",
                    "result_on": "2024-03-01",
                }
            ]
        },
    )

    person_id: uuid.UUID | None = None
    unit_id: uuid.UUID | None = None
    requested_on: Day
    result: VettingResult = VettingResult.pending
    result_on: Day | None = Field(default=None, description="Null while it is pending.")
    case_reference: Line | None = Field(default=None, description="Of the case elsewhere; nothing of what is in it.")

    @model_validator(mode="after")
    def check_subject(self) -> Self:
        """It is of one person, or of one unit."""
        if (self.person_id is None) == (self.unit_id is None):
            raise ValueError("Name either a person or a unit: `person_id` or `unit_id`")
        return self


class VettingRecordUpdate(Body):
    """What a vetting came to."""

    model_config = ConfigDict(hide_input_in_errors=True)

    result: VettingResult = may_be_absent()
    result_on: Day | None = may_be_absent()
    case_reference: Line | None = may_be_absent()


class VettingRecordRead(VoidableRead):
    """What a vetting came to, and until when an approval holds."""

    model_config = ConfigDict(hide_input_in_errors=True)

    person_id: uuid.UUID | None
    unit_id: uuid.UUID | None
    requested_on: Day
    result: VettingResult
    result_on: Day | None
    valid_until: Day | None = Field(description="The last day on which an approval holds; null for all else.")
    case_reference: str | None


class VettingRecordPage(Page):
    """A page of vetting records."""

    items: list[VettingRecordRead]


class VettingRecordQuery(ListQuery):
    """Filters of vetting records."""

    sort: str = sort_by("-requested_on", "requested_on", "created_at", "updated_at")
    person_id: list[uuid.UUID] = []
    unit_id: list[uuid.UUID] = []
    result: list[VettingResult] = []
    valid_until_gte: Day | None = None
    valid_until_lte: Day | None = None
    is_voided: bool | None = only_voided()
