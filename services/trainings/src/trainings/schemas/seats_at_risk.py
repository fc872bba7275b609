"""Seats whose clearance will not hold, on the wire."""

import uuid

from chassis.codes import CountryCode
from chassis.paging import ListQuery, Page, sort_by
from chassis.values import Day
from pydantic import BaseModel, ConfigDict, Field

from trainings.domain import EnrollmentStatus


class SeatAtRiskRead(BaseModel):
    """A seat in a training to come that needs a clearance and will not have one."""

    model_config = ConfigDict(hide_input_in_errors=True)

    id: uuid.UUID = Field(description="The enrollment's.")
    training_id: uuid.UUID
    person_id: uuid.UUID
    unit_id: uuid.UUID | None
    status: EnrollmentStatus
    starts_on: Day = Field(description="When the training starts: the clearance must hold on that day.")
    country_code: str = Field(description="Whose office keeps the person.")
    reasons: list[str] = Field(description="What is missing.")


class SeatAtRiskPage(Page):
    """A page of seats at risk."""

    items: list[SeatAtRiskRead]


class SeatAtRiskQuery(ListQuery):
    """Filters of seats at risk."""

    sort: str = sort_by("starts_on", "starts_on")
    country_code: list[CountryCode] = []
    training_id: list[uuid.UUID] = []
    person_id: list[uuid.UUID] = []
    starts_on_gte: Day | None = None
    starts_on_lte: Day | None = None
