"""Completions on the wire."""

import uuid

from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import CreateBody
from chassis.values import Day
from chassis.voids import VoidableRead, only_voided
from pydantic import ConfigDict, Field


class CompletionCreate(CreateBody):
    """A completion to record. It cannot be changed later, only voided."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        json_schema_extra={
            "examples": [{"enrollment_id": "01920000-0000-7000-8000-000000000003", "completed_on": "2009-04-24"}]
        },
    )

    enrollment_id: uuid.UUID
    completed_on: Day = Field(description="Not before the training starts, not in the future (UTC).")


class CompletionRead(VoidableRead):
    """An enrolled person met the course's rule."""

    model_config = ConfigDict(hide_input_in_errors=True)

    enrollment_id: uuid.UUID
    completed_on: Day


class CompletionPage(Page):
    """A page of completions."""

    items: list[CompletionRead]


class CompletionQuery(ListQuery):
    """Filters of completions."""

    sort: str = sort_by("-completed_on", "completed_on", "created_at")
    enrollment_id: list[uuid.UUID] = []
    training_id: list[uuid.UUID] = []
    person_id: list[uuid.UUID] = []
    completed_on_gte: Day | None = None
    completed_on_lte: Day | None = None
    is_voided: bool | None = only_voided()
