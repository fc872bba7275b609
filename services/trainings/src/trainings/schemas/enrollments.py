"""Enrollments on the wire."""

import uuid

from chassis.codes import Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from pydantic import ConfigDict, Field

from trainings.domain import EnrollmentRole


class EnrollmentCreate(CreateBody):
    """A seat to give."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        json_schema_extra={
            "examples": [
                {
                    "training_id": "01920000-0000-7000-8000-000000000001",
                    "person_id": "01920000-0000-7000-8000-000000000002",
                }
            ]
        },
    )

    training_id: uuid.UUID
    person_id: uuid.UUID
    role: EnrollmentRole = EnrollmentRole.participant
    note: Text | None = Field(default=None, description="For the office; no names.")


class EnrollmentUpdate(Body):
    """What may change of an enrollment: its training and person never do."""

    model_config = ConfigDict(hide_input_in_errors=True)

    note: Text | None = may_be_absent()


class EnrollmentRead(ResourceRead):
    """A person's seat in a training."""

    model_config = ConfigDict(hide_input_in_errors=True)

    training_id: uuid.UUID
    person_id: uuid.UUID
    role: EnrollmentRole
    note: str | None


class EnrollmentPage(Page):
    """A page of enrollments."""

    items: list[EnrollmentRead]


class EnrollmentQuery(ListQuery):
    """Filters of enrollments."""

    sort: str = sort_by("created_at", "created_at", "updated_at")
    training_id: list[uuid.UUID] = []
    person_id: list[uuid.UUID] = []
