"""Fund lines on the wire."""

from chassis.codes import Code, CountryCode, Line, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from pydantic import ConfigDict, Field


class FundLineCreate(CreateBody):
    """A fund line to record."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "MX-CORR-2016",
                    "title": "Corrections, Mexico",
                    "country_code": "MX",
                    "purpose": "Instructor training and accreditation.",
                }
            ]
        }
    )

    code: Code
    title: Line
    country_code: CountryCode
    purpose: Text | None = Field(default=None, description="What the money is for.")


class FundLineUpdate(Body):
    """Fields of a fund line to change. Its country stays: sums of money hang on it."""

    title: Line = may_be_absent()
    purpose: Text | None = may_be_absent()


class FundLineRead(ResourceRead):
    """A fund line."""

    code: str
    title: str
    country_code: str
    purpose: str | None


class FundLinePage(Page):
    """A page of fund lines."""

    items: list[FundLineRead]


class FundLineQuery(ListQuery):
    """Filters of fund lines."""

    sort: str = sort_by("code", "code", "title", "country_code", "created_at", "updated_at")
    code: list[Code] = []
    country_code: list[CountryCode] = []
    purpose_is_null: bool | None = None
    q: str | None = Field(default=None, max_length=200, description="Text in the title or the code.")
