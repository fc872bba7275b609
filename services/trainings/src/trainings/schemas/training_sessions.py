"""Sessions of trainings on the wire."""

import uuid
from typing import Annotated

from chassis.codes import Line
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, may_be_absent
from chassis.values import Day
from chassis.voids import VoidableRead, only_voided
from pydantic import ConfigDict, Field

from trainings.schemas.quantities import Hours

SessionHours = Annotated[Hours, Field(gt=0)]


class TrainingSessionCreate(CreateBody):
    """A session to record."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "training_id": "01920000-0000-7000-8000-000000000001",
                    "held_on": "2009-03-16",
                    "hours": "6.50",
                    "topic": "Use of force",
                }
            ]
        }
    )

    training_id: uuid.UUID
    held_on: Day = Field(description="While the training lasts.")
    hours: SessionHours
    topic: Line | None = None


class TrainingSessionUpdate(Body):
    """Fields of a session to change."""

    held_on: Day = may_be_absent()
    hours: SessionHours = may_be_absent(description="Not less than anybody attended.")
    topic: Line | None = may_be_absent()


class TrainingSessionRead(VoidableRead):
    """A dated block of a training; attendance is taken for each."""

    training_id: uuid.UUID
    held_on: Day
    hours: Hours
    topic: str | None


class TrainingSessionPage(Page):
    """A page of sessions."""

    items: list[TrainingSessionRead]


class TrainingSessionQuery(ListQuery):
    """Filters of sessions."""

    sort: str = sort_by("held_on", "held_on", "created_at", "updated_at")
    training_id: list[uuid.UUID] = []
    held_on_gte: Day | None = None
    held_on_lte: Day | None = None
    is_voided: bool | None = only_voided()
