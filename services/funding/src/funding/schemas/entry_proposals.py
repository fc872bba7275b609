"""Proposed entries on the wire."""

import uuid
from datetime import datetime

from chassis.codes import Code, CountryCode, Line, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead
from chassis.values import Day, PlainDecimal
from pydantic import ConfigDict, Field

from funding.domain import EntryKind, ProposalStatus
from funding.schemas.ledger_entries import ADJUSTS, REVERSES
from funding.schemas.money import DollarsCreate, MoneyRead


class EntryProposalCreate(CreateBody):
    """An entry to propose for a fund line whose account is known. Somebody else posts it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "fund_line_code": "MX-CORR-2012",
                    "kind": "allotment",
                    "amount": {"amount": "1000.00", "currency": "USD"},
                    "effective_date": "2012-03-01",
                    "agreement_line_id": None,
                    "adjusts_entry_id": None,
                    "reverses_entry_id": None,
                    "commitment_entry_id": None,
                    "document_reference": "Allotment advice 12",
                    "note": None,
                }
            ]
        }
    )

    fund_line_code: Code
    kind: EntryKind
    amount: DollarsCreate = Field(
        description="Of a `cancellation_close`: what is allotted and not disbursed; the entries that close each stage "
        "follow from the ledger."
    )
    effective_date: Day = Field(description="When it took effect; not after today (UTC).")
    agreement_line_id: uuid.UUID | None = Field(default=None, description="Of an obligation, needed.")
    adjusts_entry_id: uuid.UUID | None = Field(default=None, description=ADJUSTS)
    reverses_entry_id: uuid.UUID | None = Field(default=None, description=REVERSES)
    commitment_entry_id: uuid.UUID | None = Field(
        default=None,
        description="Of an obligation: the open commitment that it draws on, of which as much is released with it.",
    )
    document_reference: Line | None = Field(default=None, description="The document that is evidence of it.")
    note: Text | None = None


class EntryProposalDecline(Body):
    """Why a proposal is not posted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The advice says 900.00."}]})

    reason: Text


class EntryProposalRead(ResourceRead):
    """A proposed entry, and what became of it."""

    fund_line_code: str
    country_code: str = Field(description="Of the fund line.")
    kind: EntryKind
    amount: MoneyRead
    effective_date: Day
    agreement_line_id: uuid.UUID | None
    adjusts_entry_id: uuid.UUID | None
    reverses_entry_id: uuid.UUID | None
    commitment_entry_id: uuid.UUID | None
    document_reference: str | None
    note: str | None
    status: ProposalStatus
    proposed_by: str
    decided_by: str | None
    decided_at: datetime | None
    decline_reason: str | None
    ledger_import_id: uuid.UUID | None = Field(description="The import that it was proposed in, or whose undo it is.")
    entries_url: str = Field(description="The entries that it became: none before it is posted.")


class EntryProposalPage(Page):
    """A page of proposals."""

    items: list[EntryProposalRead]


class EntryProposalQuery(ListQuery):
    """Filters of proposals."""

    sort: str = sort_by("-created_at", "effective_date", "amount", "fund_line_code", "created_at", "updated_at")
    fund_line_code: list[Code] = []
    kind: list[EntryKind] = []
    country_code: list[CountryCode] = []
    status: list[ProposalStatus] = []
    agreement_line_id: list[uuid.UUID] = []
    ledger_import_id: list[uuid.UUID] = []
    effective_date_gte: Day | None = None
    effective_date_lte: Day | None = None
    amount_gte: PlainDecimal | None = None
    amount_lte: PlainDecimal | None = None
    q: str | None = Field(default=None, max_length=200, description="Text in the document reference or the note.")
