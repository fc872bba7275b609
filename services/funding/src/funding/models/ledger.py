"""The ledger: movements of money on fund lines."""

from datetime import date
from decimal import Decimal

from chassis.columns import one_of, refers_to
from sqlalchemy import CheckConstraint, Column, Index, Numeric
from sqlmodel import Field, Relationship

from funding import domain
from funding.models.accounts import FundLine
from funding.models.base import Stored


class LedgerEntry(Stored, table=True):
    """One movement of money on a fund line. Never changed, never deleted: a mistake is reversed by another entry."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        one_of("kind", domain.EntryKind),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_form"),
        CheckConstraint("effective_date <= (created_at AT TIME ZONE 'UTC')::date", name="effective_date_not_later"),
        Index(None, "fund_line_code", "effective_date"),
        Index(None, "effective_date", "id"),
    )

    fund_line_code: str = refers_to("fund_lines.code", index=False)
    kind: str
    # On the wire an amount is money, so the bare number has another name here.
    amount_value: Decimal = Field(sa_column=Column("amount", Numeric(18, 2), nullable=False))
    currency: str
    effective_date: date
    document_reference: str | None = None
    note: str | None = None
    fund_line: FundLine = Relationship(sa_relationship_kwargs={"lazy": "joined", "innerjoin": True})

    @property
    def amount(self) -> domain.Money:
        """What was moved."""
        return domain.Money(self.amount_value, self.currency)

    @property
    def stage(self) -> domain.Stage:
        """The stage that it moves."""
        return domain.POSTINGS[domain.EntryKind(self.kind)].stage

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
