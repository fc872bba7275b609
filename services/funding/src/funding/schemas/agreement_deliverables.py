"""What agreements promise, on the wire."""

from chassis.codes import Code, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from chassis.values import Day
from pydantic import ConfigDict, Field

from funding.domain import DeliverableKind


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
                }
            ]
        }
    )

    agreement_code: Code
    kind: DeliverableKind
    promised: int = Field(ge=1, le=1_000_000, description="How many.")
    due_on: Day | None = None
    description: Text | None = None


class AgreementDeliverableUpdate(Body):
    """Fields of a promise to change."""

    promised: int = may_be_absent(ge=1, le=1_000_000)
    due_on: Day | None = may_be_absent()
    description: Text | None = may_be_absent()


class AgreementDeliverableRead(ResourceRead):
    """Something promised."""

    agreement_code: str
    kind: DeliverableKind
    promised: int
    due_on: Day | None
    description: str | None


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
