"""Ledger entries on the wire."""

from typing import Annotated

from chassis.codes import Code, CountryCode, CurrencyCode, Line, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import CreateBody, ResourceRead
from chassis.values import Day, PlainDecimal
from pydantic import ConfigDict, Field

from funding.domain import EntryKind, Stage, Tier
from funding.schemas.money import MoneyCreate, MoneyRead

FiscalYear = Annotated[
    int, Field(ge=1900, le=9999, description="US fiscal year, named by the year it ends in.", examples=[2016])
]


class LedgerEntryCreate(CreateBody):
    """An entry to record, for good: a mistake is mended by an entry of the opposite kind."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "fund_line_code": "MX-CORR-2016",
                    "kind": "obligation",
                    "amount": {"amount": "1000.00", "currency": "USD"},
                    "effective_date": "2016-03-01",
                    "document_reference": "LOA 2016-1",
                }
            ]
        }
    )

    fund_line_code: Code
    kind: EntryKind
    amount: MoneyCreate
    effective_date: Day = Field(description="When it took effect; not after today (UTC).")
    document_reference: Line | None = Field(default=None, description="The document that is evidence of it.")
    note: Text | None = None


class LedgerEntryRead(ResourceRead):
    """An entry of the ledger. Stage and tier follow from its kind, fiscal year from its date."""

    fund_line_code: str
    country_code: str = Field(description="Of the fund line.")
    kind: EntryKind
    stage: Stage
    tier: Tier
    amount: MoneyRead
    effective_date: Day
    fiscal_year: int = Field(description="US fiscal year, named by the year it ends in.")
    document_reference: str | None
    note: str | None


class LedgerEntryPage(Page):
    """A page of ledger entries."""

    items: list[LedgerEntryRead]


class LedgerEntryQuery(ListQuery):
    """Filters of ledger entries."""

    sort: str = sort_by("-effective_date", "effective_date", "amount", "fund_line_code", "created_at")
    fund_line_code: list[Code] = []
    kind: list[EntryKind] = []
    stage: list[Stage] = []
    tier: list[Tier] = []
    country_code: list[CountryCode] = []
    currency: list[CurrencyCode] = []
    fiscal_year: list[FiscalYear] = []
    effective_date_gte: Day | None = None
    effective_date_gt: Day | None = None
    effective_date_lte: Day | None = None
    effective_date_lt: Day | None = None
    amount_gte: PlainDecimal | None = None
    amount_gt: PlainDecimal | None = None
    amount_lte: PlainDecimal | None = None
    amount_lt: PlainDecimal | None = None
    document_reference_is_null: bool | None = None
    q: str | None = Field(default=None, max_length=200, description="Text in the document reference or the note.")
