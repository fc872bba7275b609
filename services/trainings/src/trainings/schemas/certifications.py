"""Certifications on the wire."""

import uuid

from chassis.codes import Code
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody
from chassis.values import Day
from chassis.voids import VoidableRead, only_voided
from pydantic import BaseModel, ConfigDict, Field

from trainings.domain import CertificationKind, CertificationStatus
from trainings.schemas.quantities import Reason


class CertificationCreate(CreateBody):
    """An award to record."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        json_schema_extra={
            "examples": [
                {
                    "kind": "instructor",
                    "person_id": "01920000-0000-7000-8000-000000000002",
                    "course_code": "OFFICERS-BASIC",
                    "training_id": "01920000-0000-7000-8000-000000000001",
                    "issuer_agency_code": "US-NM-CD",
                    "issued_on": "2009-04-24",
                    "expires_on": "2012-04-24",
                }
            ]
        },
    )

    kind: CertificationKind
    person_id: uuid.UUID
    course_code: Code = Field(description="Of an instructor's or a master trainer's: the course that they may lead.")
    training_id: uuid.UUID | None = Field(default=None, description="The training that it was earned in.")
    issuer_agency_code: Code
    issued_on: Day = Field(description="Not in the future (UTC).")
    expires_on: Day | None = Field(default=None, description="Its last day; null where it has none.")
    is_provisional: bool = False
    renews_certification_id: uuid.UUID | None = Field(
        default=None, description="An earlier one of the same person for the same course."
    )


class CertificationSuspend(Body):
    """From when on a certification does not hold."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"starts_on": "2010-05-01", "reason": "Under review."}]})

    starts_on: Day
    reason: Reason = Field(description="For the office; no names.")


class CertificationReinstate(Body):
    """Until when a certification does not hold."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ends_on": "2010-06-30"}]})

    ends_on: Day = Field(description="The last day of the suspension; it holds again from the day after.")


class CertificationRevoke(Body):
    """From when on a certification never holds again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"revoked_on": "2011-01-01", "reason": "Withdrawn."}]})

    revoked_on: Day
    reason: Reason = Field(description="For the office; no names.")


class SuspensionRead(BaseModel):
    """Days on which a certification did not hold, both included."""

    model_config = ConfigDict(from_attributes=True, hide_input_in_errors=True)

    starts_on: Day
    ends_on: Day | None
    reason: str


class CertificationRead(VoidableRead):
    """An award to a person: what they may do, from when to when."""

    model_config = ConfigDict(hide_input_in_errors=True)

    kind: CertificationKind
    person_id: uuid.UUID
    course_code: str
    training_id: uuid.UUID | None
    issuer_agency_code: str
    issued_on: Day
    expires_on: Day | None
    is_provisional: bool
    renews_certification_id: uuid.UUID | None
    revoked_on: Day | None
    revoke_reason: str | None
    suspensions: list[SuspensionRead]
    status: CertificationStatus | None = Field(
        description="On the day `as_of`; null where it was not issued by then, or was entered in error."
    )
    as_of: Day = Field(description="The day that the status is of.")


class CertificationPage(Page):
    """A page of certifications."""

    items: list[CertificationRead]


class CertificationQuery(ListQuery):
    """Filters of certifications."""

    sort: str = sort_by("-issued_on", "issued_on", "course_code", "created_at", "updated_at")
    kind: list[CertificationKind] = []
    person_id: list[uuid.UUID] = []
    course_code: list[Code] = []
    training_id: list[uuid.UUID] = []
    issuer_agency_code: list[Code] = []
    issued_on_gte: Day | None = None
    issued_on_lte: Day | None = None
    expires_on_gte: Day | None = None
    expires_on_lte: Day | None = None
    expires_on_is_null: bool | None = None
    revoked_on_is_null: bool | None = None
    is_provisional: bool | None = None
    is_voided: bool | None = only_voided()
    as_of: Day | None = Field(default=None, description="The day that `status` is of, today (UTC) by default.")
