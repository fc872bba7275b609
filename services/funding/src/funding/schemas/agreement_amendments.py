"""Amendments of agreements on the wire."""

from chassis.codes import Code, Line, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import CreateBody, ResourceRead
from chassis.values import Day
from pydantic import ConfigDict, Field

from funding.domain import AmendmentKind
from funding.schemas.money import DollarsCreate, MoneyRead


class AgreementAmendmentCreate(CreateBody):
    """An amendment to record, for good: what was wrong in one, the next corrects. Each changes one thing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "agreement_code": "MX-LOA-2012",
                    "number": 1,
                    "kind": "ceiling_increase",
                    "signed_on": "2013-02-01",
                    "document_reference": "ALOA 2013",
                    "amount": {"amount": "1000000.00", "currency": "USD"},
                    "ends_on": None,
                    "description": "A second academy.",
                }
            ]
        }
    )

    agreement_code: Code
    number: int = Field(ge=1, le=10_000, description="Counts the amendments of the agreement.")
    kind: AmendmentKind
    signed_on: Day = Field(description="From when on it holds: not before the agreement's, nor in the future.")
    document_reference: Line | None = None
    amount: DollarsCreate | None = Field(
        default=None, description="By how much the ceiling goes up or down: the difference, not the new ceiling."
    )
    ends_on: Day | None = Field(default=None, description="The new last day, of an extension or a shortening.")
    description: Text | None = None


class AgreementAmendmentRead(ResourceRead):
    """An amendment."""

    agreement_code: str
    number: int
    kind: AmendmentKind
    signed_on: Day
    document_reference: str | None
    amount: MoneyRead | None
    ends_on: Day | None
    description: str | None


class AgreementAmendmentPage(Page):
    """A page of amendments."""

    items: list[AgreementAmendmentRead]


class AgreementAmendmentQuery(ListQuery):
    """Filters of amendments."""

    sort: str = sort_by("agreement_code,number", "agreement_code", "number", "signed_on", "created_at")
    agreement_code: list[Code] = []
    kind: list[AmendmentKind] = []
    signed_on_gte: Day | None = None
    signed_on_lte: Day | None = None
