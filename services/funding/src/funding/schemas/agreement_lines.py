"""Lines of agreements on the wire."""

import uuid

from chassis.codes import Code, CountryCode, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import CreateBody, ResourceRead
from pydantic import ConfigDict, Field

from funding.domain import Tier


class AgreementLineCreate(CreateBody):
    """A line to record, for good: entries hang on it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "agreement_code": "MX-LOA-2012",
                    "number": 1,
                    "fund_line_code": "MX-CORR-2012",
                    "parent_line_id": None,
                    "purpose": "Academy instructors.",
                }
            ]
        }
    )

    agreement_code: Code
    number: int = Field(ge=1, le=10_000, description="Counts the lines of the agreement.")
    fund_line_code: Code = Field(description="The fund line that pays; its account must be known.")
    parent_line_id: uuid.UUID | None = Field(
        default=None,
        description="Of an award under a letter of agreement, needed: the line of the letter that it is charged to. "
        "Its money is the second tier of that line's, never counted again.",
    )
    purpose: Text | None = None


class AgreementLineRead(ResourceRead):
    """The share of an agreement that one fund line pays."""

    agreement_code: str
    number: int
    fund_line_code: str
    country_code: str = Field(description="Of the fund line.")
    parent_line_id: uuid.UUID | None
    tier: Tier = Field(description="`sub` where it is charged to another line, whose obligation counts it already.")
    purpose: str | None


class AgreementLinePage(Page):
    """A page of lines."""

    items: list[AgreementLineRead]


class AgreementLineQuery(ListQuery):
    """Filters of lines."""

    sort: str = sort_by("agreement_code,number", "agreement_code", "number", "fund_line_code", "created_at")
    agreement_code: list[Code] = []
    fund_line_code: list[Code] = []
    country_code: list[CountryCode] = []
    parent_line_id: list[uuid.UUID] = []
    parent_line_id_is_null: bool | None = None
