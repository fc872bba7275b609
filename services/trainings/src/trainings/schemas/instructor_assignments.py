"""Instructor assignments on the wire."""

import uuid

from chassis.codes import Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, may_be_absent
from chassis.voids import VoidableRead, only_voided
from pydantic import ConfigDict, Field

from trainings.domain import InstructorRole


class InstructorAssignmentCreate(CreateBody):
    """An instructor to assign."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        json_schema_extra={
            "examples": [
                {
                    "training_id": "01920000-0000-7000-8000-000000000001",
                    "person_id": "01920000-0000-7000-8000-000000000004",
                    "role": "lead",
                }
            ]
        },
    )

    training_id: uuid.UUID
    person_id: uuid.UUID
    role: InstructorRole = Field(default=InstructorRole.lead, description="Only who leads hands on what they learnt.")
    note: Text | None = Field(default=None, description="For the office; no names.")


class InstructorAssignmentUpdate(Body):
    """What may change of an assignment: its training and person never do."""

    model_config = ConfigDict(hide_input_in_errors=True)

    note: Text | None = may_be_absent()


class InstructorAssignmentRead(VoidableRead):
    """A person leads a training, or helps to."""

    model_config = ConfigDict(hide_input_in_errors=True)

    training_id: uuid.UUID
    person_id: uuid.UUID
    role: InstructorRole
    note: str | None


class InstructorAssignmentPage(Page):
    """A page of instructor assignments."""

    items: list[InstructorAssignmentRead]


class InstructorAssignmentQuery(ListQuery):
    """Filters of instructor assignments."""

    sort: str = sort_by("created_at", "created_at", "updated_at")
    training_id: list[uuid.UUID] = []
    person_id: list[uuid.UUID] = []
    role: list[InstructorRole] = []
    is_voided: bool | None = only_voided()
