"""Enrollments on the wire."""

import uuid

from chassis.codes import Line, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, may_be_absent
from chassis.voids import VoidableRead, only_voided
from pydantic import ConfigDict, Field

from trainings.domain import EnrollmentRole, EnrollmentStatus, Level, VettingBasis
from trainings.schemas.quantities import Score, TotalHours


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
    status: EnrollmentStatus | None = Field(
        default=None,
        description="Any but `completed`: much is recorded late. By default `nominated` where a clearance is required, "
        "else `enrolled`.",
    )
    level: Level | None = Field(default=None, description="The rank group at the time of the training.")
    unit_id: uuid.UUID | None = Field(
        default=None, description="The unit at the time of the training; where it is not said, the person's of today."
    )
    vetting_basis: VettingBasis | None = Field(
        default=None,
        description="By default `required`, or `not_recorded` for a training from before clearances were kept here.",
    )
    vetting_reason: Line | None = Field(default=None, description="Why none is needed; needed with `not_required`.")
    pre_score: Score | None = None
    post_score: Score | None = None
    hours_attended: TotalHours | None = Field(
        default=None, description="In all, where attendance is not taken for each session."
    )
    note: Text | None = Field(default=None, description="For the office; no names.")


class EnrollmentUpdate(Body):
    """What may change of an enrollment: its training and person never do, its status does by transitions."""

    model_config = ConfigDict(hide_input_in_errors=True)

    level: Level | None = may_be_absent()
    unit_id: uuid.UUID | None = may_be_absent()
    vetting_basis: VettingBasis = may_be_absent()
    vetting_reason: Line | None = may_be_absent()
    pre_score: Score | None = may_be_absent()
    post_score: Score | None = may_be_absent()
    hours_attended: TotalHours | None = may_be_absent()
    note: Text | None = may_be_absent()


class EnrollmentTransition(Body):
    """What a seat becomes."""

    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [{"to": "attending"}]})

    to: EnrollmentStatus


class EnrollmentRead(VoidableRead):
    """A person's seat in a training."""

    model_config = ConfigDict(hide_input_in_errors=True)

    training_id: uuid.UUID
    person_id: uuid.UUID
    role: EnrollmentRole
    status: EnrollmentStatus
    level: Level | None
    unit_id: uuid.UUID | None
    vetting_basis: VettingBasis
    vetting_reason: str | None
    pre_score: Score | None
    post_score: Score | None
    hours_attended: TotalHours | None
    note: str | None


class EnrollmentPage(Page):
    """A page of enrollments."""

    items: list[EnrollmentRead]


class EnrollmentQuery(ListQuery):
    """Filters of enrollments."""

    sort: str = sort_by("created_at", "created_at", "updated_at")
    training_id: list[uuid.UUID] = []
    person_id: list[uuid.UUID] = []
    status: list[EnrollmentStatus] = []
    level: list[Level] = []
    unit_id: list[uuid.UUID] = []
    vetting_basis: list[VettingBasis] = []
    is_voided: bool | None = only_voided()
