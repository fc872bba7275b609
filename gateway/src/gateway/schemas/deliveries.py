"""What an agreement promises beside what was delivered of it, on the wire."""

import uuid
from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from gateway.schemas.figures import Services


class Delivered(BaseModel):
    """How much was delivered, as the owner of its records counts it. What is not known is named, and never 0."""

    status: Literal[
        "counted", "range", "hidden", "not_recorded", "unknown_course", "not_linked", "not_counted_here", "missing"
    ] = Field(description="`counted` and `range` alone have numbers.")
    value: int | None = Field(description="Null unless it is one number.")
    lower: int | None
    upper: int | None
    unit: Literal["seats", "trainings"] | None
    note: str = Field(description="What was counted, or why nothing is known.")
    source_url: str | None = Field(description="The question that was asked of the owner.")


class Delivery(BaseModel):
    """Something promised, and what was delivered of it."""

    deliverable_id: uuid.UUID
    kind: str
    promised: int
    due_on: date | None
    is_overdue: bool | None = Field(
        description="Whether less than promised was delivered though it was due; null where that is not known."
    )
    description: str | None
    course_code: str | None
    program_code: str | None
    provider_agency_code: str | None
    delivered_from: date | None = Field(description="From when on it is counted: the promise's day or the agreement's.")
    delivered_to: date | None
    delivered: Delivered


class AgreementDeliveries(BaseModel):
    """What an agreement promises, each beside what was delivered."""

    agreement_code: str
    as_of: date
    rows: list[Delivery]
    services: Services
