"""What agreements promise, on the wire."""

from chassis.codes import Code, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from chassis.values import Day
from pydantic import ConfigDict, Field

from funding.domain import DeliverableKind

_COURSE = (
    "Trainings of this course deliver it. What they delivered is counted by the trainings service: see "
    "`/v1/agreement-deliveries`. Nothing checks the code here."
)
_PROGRAM = "Trainings of this program deliver it."
_PROVIDER = "Of these, those that this agency provided, alone or with others."
_FROM = "Not before this day; if null not before the agreement starts."
_TO = "Not after this day; if null not after the agreement ends."


class AgreementDeliverableCreate(CreateBody):
    """Something promised."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "agreement_code": "MX-LOA-2012",
                    "kind": "seats",
                    "promised": 120,
                    "due_on": "2014-12-31",
                    "description": "In the instructors' course.",
                    "course_code": "ACADEMY-INSTRUCTORS",
                    "program_code": "MX-CORR",
                    "provider_agency_code": "US-NM-CD",
                    "delivered_from": "2012-01-01",
                    "delivered_to": None,
                }
            ]
        }
    )

    agreement_code: Code
    kind: DeliverableKind
    promised: int = Field(ge=1, le=1_000_000, description="How many.")
    due_on: Day | None = None
    description: Text | None = None
    course_code: Code | None = Field(default=None, description=_COURSE)
    program_code: Code | None = Field(default=None, description=_PROGRAM)
    provider_agency_code: Code | None = Field(default=None, description=_PROVIDER)
    delivered_from: Day | None = Field(default=None, description=_FROM)
    delivered_to: Day | None = Field(default=None, description=_TO)


class AgreementDeliverableUpdate(Body):
    """Fields of a promise to change."""

    promised: int = may_be_absent(ge=1, le=1_000_000)
    due_on: Day | None = may_be_absent()
    description: Text | None = may_be_absent()
    course_code: Code | None = may_be_absent()
    program_code: Code | None = may_be_absent()
    provider_agency_code: Code | None = may_be_absent()
    delivered_from: Day | None = may_be_absent()
    delivered_to: Day | None = may_be_absent()


class AgreementDeliverableRead(ResourceRead):
    """Something promised."""

    agreement_code: str
    kind: DeliverableKind
    promised: int
    due_on: Day | None
    description: str | None
    course_code: str | None = Field(description=_COURSE)
    program_code: str | None = Field(description=_PROGRAM)
    provider_agency_code: str | None = Field(description=_PROVIDER)
    delivered_from: Day | None = Field(description=_FROM)
    delivered_to: Day | None = Field(description=_TO)


class AgreementDeliverablePage(Page):
    """A page of promises."""

    items: list[AgreementDeliverableRead]


class AgreementDeliverableQuery(ListQuery):
    """Filters of promises."""

    sort: str = sort_by("agreement_code", "agreement_code", "kind", "created_at", "updated_at")
    agreement_code: list[Code] = []
    kind: list[DeliverableKind] = []
    due_on_gte: Day | None = None
    due_on_lte: Day | None = None
