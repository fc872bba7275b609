"""Attendances on the wire."""

import uuid

from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from pydantic import ConfigDict, Field

from trainings.schemas.quantities import Hours


class AttendanceCreate(CreateBody):
    """Somebody's hours in a session to record."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        json_schema_extra={
            "examples": [
                {
                    "enrollment_id": "01920000-0000-7000-8000-000000000003",
                    "session_id": "01920000-0000-7000-8000-000000000005",
                    "hours": "6.50",
                }
            ]
        },
    )

    enrollment_id: uuid.UUID
    session_id: uuid.UUID = Field(description="A session of the training that the seat is in.")
    hours: Hours = Field(description="0 for somebody who was absent; not more than the session has.")


class AttendanceUpdate(Body):
    """What may change of an attendance: its seat and session never do."""

    model_config = ConfigDict(hide_input_in_errors=True)

    hours: Hours = may_be_absent()


class AttendanceRead(ResourceRead):
    """The hours that an enrolled person was present in a session."""

    model_config = ConfigDict(hide_input_in_errors=True)

    training_id: uuid.UUID
    enrollment_id: uuid.UUID
    session_id: uuid.UUID
    hours: Hours


class AttendancePage(Page):
    """A page of attendances."""

    items: list[AttendanceRead]


class AttendanceQuery(ListQuery):
    """Filters of attendances."""

    sort: str = sort_by("created_at", "created_at", "updated_at")
    training_id: list[uuid.UUID] = []
    enrollment_id: list[uuid.UUID] = []
    session_id: list[uuid.UUID] = []
    person_id: list[uuid.UUID] = []
