"""Duplicate candidates on the wire. Reasons say what speaks for it, and nothing of the people."""

import uuid

from chassis.codes import CountryCode, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, ResourceRead
from pydantic import ConfigDict, Field

from trainings.domain import DuplicateBand, DuplicateStatus


class DismissCreate(Body):
    """Why two records are not one person."""

    model_config = ConfigDict(
        hide_input_in_errors=True, json_schema_extra={"examples": [{"note": "Cousins of the same name."}]}
    )

    note: Text = Field(description="For the office; no names.")


class DuplicateCandidateRead(ResourceRead):
    """Two records that may be one person."""

    model_config = ConfigDict(hide_input_in_errors=True)

    person_id: uuid.UUID
    other_person_id: uuid.UUID
    score: int = Field(description="How much speaks for it: 9 or more is likely, 4 to 8 possible.")
    band: DuplicateBand
    reasons: list[str] = Field(description="What speaks for and against it.")
    status: DuplicateStatus
    note: str | None


class DuplicateCandidatePage(Page):
    """A page of duplicate candidates."""

    items: list[DuplicateCandidateRead]


class DuplicateCandidateQuery(ListQuery):
    """Filters of duplicate candidates."""

    sort: str = sort_by("-score", "score", "created_at", "updated_at")
    status: list[DuplicateStatus] = []
    band: list[DuplicateBand] = []
    country_code: list[CountryCode] = Field(default=[], description="One of the two is kept by this country's office.")
    person_id: list[uuid.UUID] = Field(default=[], description="One of the two is this person.")
