"""The ledger: movements of money on fund lines, and what was proposed to be one."""

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from chassis.columns import one_of, refers_to
from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKeyConstraint, Index, Numeric, text
from sqlmodel import Field, Relationship

from funding import domain
from funding.models.accounts import FundLine
from funding.models.agreements import AgreementLine
from funding.models.base import Stored


def _of_agreement_line() -> ForeignKeyConstraint:
    """A line of an agreement that the same fund line pays."""
    return ForeignKeyConstraint(
        ["agreement_line_id", "fund_line_code"], ["agreement_lines.id", "agreement_lines.fund_line_code"]
    )


def _amount() -> Any:  # noqa: ANN401 - stands where a default may stand
    """On the wire an amount is money, so the bare number has another name here."""
    return Field(sa_column=Column("amount", Numeric(18, 2), nullable=False))


class EntryProposal(Stored, table=True):
    """An entry that somebody proposes. It counts nowhere until somebody else posts it: then it is in the ledger."""

    __tablename__ = "entry_proposals"
    __table_args__ = (
        one_of("kind", domain.EntryKind),
        one_of("status", domain.ProposalStatus),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("currency = 'USD'", name="in_dollars"),
        CheckConstraint(
            "num_nonnulls(decider_id, decided_by, decided_at) = CASE status WHEN 'proposed' THEN 0 ELSE 3 END",
            name="decision_is_whole",
        ),
        CheckConstraint("status <> 'posted' OR decider_id <> proposer_id", name="posted_by_another"),
        _of_agreement_line(),
        *(
            ForeignKeyConstraint([column], ["ledger_entries.id"])
            for column in ("adjusts_entry_id", "reverses_entry_id", "commitment_entry_id")
        ),
        Index(None, "ledger_import_id", postgresql_where=text("ledger_import_id IS NOT NULL")),
    )

    fund_line_code: str = refers_to("fund_lines.code")
    kind: str
    amount_value: Decimal = _amount()
    currency: str
    effective_date: date
    agreement_line_id: uuid.UUID | None = None
    adjusts_entry_id: uuid.UUID | None = None
    reverses_entry_id: uuid.UUID | None = None
    commitment_entry_id: uuid.UUID | None = None
    document_reference: str | None = None
    note: str | None = None
    status: str = domain.ProposalStatus.proposed
    proposer_id: str
    proposed_by: str
    decider_id: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    decline_reason: str | None = None
    # Of the import that it was proposed in, or whose undo it is of.
    ledger_import_id: uuid.UUID | None = Field(default=None, foreign_key="ledger_imports.id")
    fund_line: FundLine = Relationship(sa_relationship_kwargs={"lazy": "joined", "innerjoin": True, "viewonly": True})

    @property
    def amount(self) -> domain.Money:
        """What would be moved."""
        return domain.Money(self.amount_value, self.currency)

    @property
    def country_code(self) -> str:
        """The country of its fund line."""
        return self.fund_line.country_code


class LedgerEntry(Stored, table=True):
    """One movement of money on a fund line. Never changed, never deleted: a mistake is reversed by another entry."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        one_of("kind", domain.EntryKind),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_form"),
        CheckConstraint("effective_date <= (created_at AT TIME ZONE 'UTC')::date", name="effective_date_not_later"),
        CheckConstraint(
            "CASE kind WHEN 'cancellation_close' THEN closes_stage IS NOT NULL AND closes_stage IN "
            "('allotted', 'committed', 'obligated', 'sub_obligated') ELSE closes_stage IS NULL END",
            name="closes_a_stage",
        ),
        CheckConstraint("num_nonnulls(adjusts_entry_id, reverses_entry_id) <= 1", name="refers_once"),
        _of_agreement_line(),
        *(
            ForeignKeyConstraint([column], ["ledger_entries.id"])
            for column in ("adjusts_entry_id", "reverses_entry_id", "commitment_entry_id")
        ),
        # Each table refers to the other: this one is made after both.
        ForeignKeyConstraint(["proposal_id"], ["entry_proposals.id"], use_alter=True),
        Index(None, "fund_line_code", "effective_date"),
        Index(None, "effective_date", "id"),
        Index(None, "agreement_line_id"),
        Index(None, "adjusts_entry_id"),
        CheckConstraint("(ledger_import_id IS NULL) = (ledger_import_row IS NULL)", name="import_names_its_row"),
        Index(
            None,
            "ledger_import_id",
            "ledger_import_row",
            postgresql_where=text("ledger_import_id IS NOT NULL"),
        ),
        Index(
            "uq_ledger_entries_reverses_entry_id",
            "reverses_entry_id",
            unique=True,
            postgresql_where=text("reverses_entry_id IS NOT NULL"),
        ),
        Index(
            "uq_ledger_entries_proposal_id",
            "proposal_id",
            "kind",
            "closes_stage",
            "agreement_line_id",
            unique=True,
            postgresql_where=text("proposal_id IS NOT NULL"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    fund_line_code: str = refers_to("fund_lines.code", index=False)
    kind: str
    amount_value: Decimal = _amount()
    currency: str
    effective_date: date
    document_reference: str | None = None
    note: str | None = None
    agreement_line_id: uuid.UUID | None = None
    adjusts_entry_id: uuid.UUID | None = None
    reverses_entry_id: uuid.UUID | None = None
    commitment_entry_id: uuid.UUID | None = None
    closes_stage: str | None = None
    proposal_id: uuid.UUID | None = None
    # The import that it came from, and the row of its file.
    ledger_import_id: uuid.UUID | None = Field(default=None, foreign_key="ledger_imports.id")
    ledger_import_row: int | None = None
    fund_line: FundLine = Relationship(sa_relationship_kwargs={"lazy": "joined", "innerjoin": True, "viewonly": True})
    agreement_line: AgreementLine | None = Relationship(sa_relationship_kwargs={"lazy": "selectin", "viewonly": True})

    @property
    def amount(self) -> domain.Money:
        """What was moved."""
        return domain.Money(self.amount_value, self.currency)

    @property
    def stage(self) -> domain.Stage:
        """The stage that it moves."""
        if self.closes_stage is not None:
            return domain.Stage(self.closes_stage)
        return domain.POSTINGS[domain.EntryKind(self.kind)].stage

    @property
    def signed(self) -> domain.Money:
        """What it adds to its stage; negative where it takes away."""
        kind, is_reversal = domain.EntryKind(self.kind), self.reverses_entry_id is not None
        return domain.Money(domain.signed_amount(kind, self.amount_value, is_reversal=is_reversal), self.currency)

    @property
    def tier(self) -> domain.Tier:
        """The tier whose money it counts."""
        return domain.tier_of(self.stage)

    @property
    def fiscal_year(self) -> int:
        """The US fiscal year that it falls in."""
        return domain.fy(self.effective_date)

    @property
    def country_code(self) -> str:
        """The country of its fund line."""
        return self.fund_line.country_code

    @property
    def agreement_code(self) -> str | None:
        """The agreement of its line."""
        return self.agreement_line.agreement_code if self.agreement_line else None

    @property
    def is_transferred(self) -> bool:
        """Whether its money left for another agency, which accounts for it."""
        return self.agreement_line is not None and self.agreement_line.agreement.is_transfer
