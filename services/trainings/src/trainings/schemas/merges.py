"""Merges on the wire."""

import uuid

from chassis.codes import Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import CreateBody
from chassis.voids import VoidableRead, only_voided
from pydantic import ConfigDict, Field

from trainings.domain import MergeBasis


class MergeCreate(CreateBody):
    """Two records that are one person."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        json_schema_extra={
            "examples": [
                {
                    "person_id": "01920000-0000-7000-8000-000000000002",
                    "canonical_person_id": "01920000-0000-7000-8000-000000000004",
                    "evidence": "Both passports were compared.",
                }
            ]
        },
    )

    person_id: uuid.UUID = Field(description="The record that becomes part of the other.")
    canonical_person_id: uuid.UUID = Field(description="The record that both are counted as from now on.")
    evidence: Text = Field(description="Why they are one person; no names.")


class MergeRead(VoidableRead):
    """A decision that two records are one person. Those linked are the ones that each was counted as."""

    model_config = ConfigDict(hide_input_in_errors=True)

    person_id: uuid.UUID
    canonical_person_id: uuid.UUID
    basis: MergeBasis
    evidence: str
    decided_by: str


class MergePage(Page):
    """A page of merges."""

    items: list[MergeRead]


class MergeQuery(ListQuery):
    """Filters of merges."""

    sort: str = sort_by("-created_at", "created_at", "updated_at")
    person_id: list[uuid.UUID] = Field(default=[], description="One of the two is this person.")
    basis: list[MergeBasis] = []
    is_voided: bool | None = only_voided()
