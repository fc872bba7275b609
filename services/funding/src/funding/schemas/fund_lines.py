"""Fund lines on the wire."""

from chassis.codes import Code, CountryCode, Line, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from pydantic import ConfigDict, Field

from funding.schemas.treasury_accounts import Symbol

_ACCOUNT = (
    "The account of the Treasury that the money is of. Null where it is not known yet: then the ledger keeps its "
    "entries as they come. Once it is set it stays, and every rule of the ledger holds."
)
_TRANSFER = (
    "The transfer under 632(a) that all money of this fund line comes from, sent by fund lines of the same country. "
    "Totals of a country count it once: as allotted where it comes from, as obligated and disbursed where it arrives."
)


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
                    "treasury_account_code": None,
                    "function_code": None,
                    "initiative_code": None,
                    "operating_unit_code": None,
                    "transfer_agreement_code": None,
                }
            ]
        }
    )

    code: Code
    title: Line
    country_code: CountryCode
    purpose: Text | None = Field(default=None, description="What the money is for.")
    treasury_account_code: Symbol | None = Field(default=None, description=_ACCOUNT)
    function_code: Code | None = Field(default=None, description="A fund code of the kind `function`.")
    initiative_code: Code | None = Field(default=None, description="A fund code of the kind `initiative`.")
    operating_unit_code: Code | None = Field(default=None, description="A fund code of the kind `operating_unit`.")
    transfer_agreement_code: Code | None = Field(default=None, description=_TRANSFER)


class FundLineUpdate(Body):
    """Fields of a fund line to change. Its country stays: sums of money hang on it."""

    title: Line = may_be_absent()
    purpose: Text | None = may_be_absent()
    treasury_account_code: Symbol = may_be_absent(description=_ACCOUNT)
    function_code: Code | None = may_be_absent()
    initiative_code: Code | None = may_be_absent()
    operating_unit_code: Code | None = may_be_absent()
    transfer_agreement_code: Code | None = may_be_absent(description=_TRANSFER)


class FundLineRead(ResourceRead):
    """A fund line."""

    code: str
    title: str
    country_code: str
    purpose: str | None
    treasury_account_code: str | None = Field(description=_ACCOUNT)
    function_code: str | None
    initiative_code: str | None
    operating_unit_code: str | None
    transfer_agreement_code: str | None = Field(description=_TRANSFER)
    is_controlled: bool = Field(description="Whether the rules of the ledger hold for its entries: it has an account.")


class FundLinePage(Page):
    """A page of fund lines."""

    items: list[FundLineRead]


class FundLineQuery(ListQuery):
    """Filters of fund lines."""

    sort: str = sort_by("code", "code", "title", "country_code", "created_at", "updated_at")
    code: list[Code] = []
    country_code: list[CountryCode] = []
    purpose_is_null: bool | None = None
    treasury_account_code: list[Symbol] = []
    treasury_account_code_is_null: bool | None = None
    function_code: list[Code] = []
    initiative_code: list[Code] = []
    operating_unit_code: list[Code] = []
    transfer_agreement_code: list[Code] = []
    q: str | None = Field(default=None, max_length=200, description="Text in the title or the code.")
