"""Ledger entries on the wire."""

import uuid
from typing import Annotated

from chassis.codes import Code, CountryCode, CurrencyCode, Line, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import CreateBody, ResourceRead
from chassis.values import Day, PlainDecimal
from pydantic import ConfigDict, Field

from funding.domain import EntryKind, Stage, Tier
from funding.schemas.money import MoneyCreate, MoneyRead
from funding.schemas.treasury_accounts import Symbol

ADJUSTS = (
    "The earlier entry that it adjusts: the obligation of an upward adjustment or a deobligation, the commitment of a "
    "release, the disbursement of a refund, the sub-obligation of a sub-deobligation, the allotment of a withdrawal."
)
REVERSES = (
    "The entry that it takes back, whole and once: kind, amount and line are those of that entry, and it counts with "
    "the opposite sign. Not dated before it."
)
FiscalYear = Annotated[
    int, Field(ge=1900, le=9999, description="US fiscal year, named by the year it ends in.", examples=[2016])
]


class LedgerEntryCreate(CreateBody):
    """An entry to record, for good: a mistake is mended by an entry that reverses it.

    For fund lines whose account is not known. On others an entry is proposed, and somebody else posts it.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "fund_line_code": "MX-CORR-2016",
                    "kind": "obligation",
                    "amount": {"amount": "1000.00", "currency": "USD"},
                    "effective_date": "2016-03-01",
                    "adjusts_entry_id": None,
                    "reverses_entry_id": None,
                    "document_reference": "LOA 2016-1",
                }
            ]
        }
    )

    fund_line_code: Code
    kind: EntryKind
    amount: MoneyCreate
    effective_date: Day = Field(description="When it took effect; not after today (UTC).")
    adjusts_entry_id: uuid.UUID | None = Field(default=None, description=ADJUSTS)
    reverses_entry_id: uuid.UUID | None = Field(default=None, description=REVERSES)
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
    signed: MoneyRead = Field(description="What it adds to its stage; negative where it takes away.")
    effective_date: Day
    fiscal_year: int = Field(description="US fiscal year, named by the year it ends in.")
    document_reference: str | None
    note: str | None
    agreement_line_id: uuid.UUID | None
    agreement_code: str | None
    adjusts_entry_id: uuid.UUID | None
    reverses_entry_id: uuid.UUID | None
    commitment_entry_id: uuid.UUID | None = Field(description="The commitment that an obligation drew on.")
    proposal_id: uuid.UUID | None = Field(description="Null where the fund line had no account yet.")
    is_transferred: bool = Field(description="Under 632(a): it left for another agency, which accounts for it.")
    ledger_import_id: uuid.UUID | None = Field(description="The import that it came from.")
    ledger_import_row: int | None = Field(description="The row of the file of that import.")


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
    agreement_line_id: list[uuid.UUID] = []
    treasury_account_code: list[Symbol] = []
    treasury_account_code_is_null: bool | None = None
    fund_fiscal_year: list[FiscalYear] = Field(default=[], description="The first in which its money is available.")
    fund_fiscal_year_is_null: bool | None = None
    function_code: list[Code] = []
    function_code_is_null: bool | None = None
    initiative_code: list[Code] = []
    initiative_code_is_null: bool | None = None
    operating_unit_code: list[Code] = []
    operating_unit_code_is_null: bool | None = None
    agreement_code: list[Code] = []
    agreement_code_is_null: bool | None = None
    recipient_agency_code: list[Code] = Field(default=[], description="Of its agreement.")
    recipient_agency_code_is_null: bool | None = None
    agreement_line_id_is_null: bool | None = None
    under_line_id: list[uuid.UUID] = Field(default=[], description="Of these lines, or charged to them.")
    under_agreement_code: list[Code] = Field(default=[], description="Of these agreements, or charged to them.")
    is_of_letter: bool | None = Field(default=None, description="Of a letter of agreement, or charged to one.")
    is_transferred: bool | None = Field(default=None, description="Under 632(a).")
    is_internal_transfer: bool | None = Field(
        default=None,
        description="Counted at the other end: sent to a fund line of its country, or allotted where it is received.",
    )
    adjusts_entry_id: list[uuid.UUID] = []
    reverses_entry_id: list[uuid.UUID] = []
    reverses_entry_id_is_null: bool | None = None
    proposal_id: list[uuid.UUID] = []
    ledger_import_id: list[uuid.UUID] = []
    ledger_import_id_is_null: bool | None = None
    q: str | None = Field(default=None, max_length=200, description="Text in the document reference or the note.")
