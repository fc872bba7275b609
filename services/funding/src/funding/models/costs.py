"""What disbursements were for: shares of them, allocated to trainings and other targets."""

import uuid
from datetime import date
from decimal import Decimal

from chassis.columns import one_of, sorted_text
from chassis.references import Kept
from chassis.voids import Voidable, void_is_whole
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Numeric, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, Relationship

from funding import domain
from funding.models.base import Base, Stored
from funding.models.ledger import LedgerEntry


class TrainingRef(Kept, Base, table=True):
    """A training of the trainings service. Not each has a code, so it is known by its id."""

    __tablename__ = "training_refs"

    id: uuid.UUID = Field(primary_key=True)
    code: str | None = None
    title: str | None = None
    course_code: str
    program_code: str | None = Field(default=None, sa_column=sorted_text(index=True))
    beneficiary_country_codes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    starts_on: date
    ends_on: date
    is_voided: bool


class CostAllocation(Stored, Voidable, table=True):
    """A share of a disbursement and what it paid for. Added and voided, never changed."""

    __tablename__ = "cost_allocations"
    __table_args__ = (
        one_of("target_kind", domain.CostTarget),
        CheckConstraint("num_nonnulls(training_id, target_code) = 1", name="one_target"),
        CheckConstraint("(target_kind = 'training') = (training_id IS NOT NULL)", name="training_by_id"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("percent > 0 AND percent <= 100", name="percent_of_whole"),
        void_is_whole(),
        # A target has one share of a disbursement, unless the first was an error.
        Index(
            "uq_cost_allocations_entry_target",
            "ledger_entry_id",
            "target_kind",
            "training_id",
            "target_code",
            unique=True,
            postgresql_where=text("voided_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    ledger_entry_id: uuid.UUID = Field(sa_column=Column(ForeignKey("ledger_entries.id"), nullable=False, index=True))
    target_kind: str
    training_id: uuid.UUID | None = Field(
        default=None, sa_column=Column(ForeignKey("training_refs.id"), nullable=True, index=True)
    )
    target_code: str | None = Field(default=None, sa_column=sorted_text())
    amount_value: Decimal = Field(sa_column=Column("amount", Numeric(18, 2), nullable=False))
    percent: Decimal | None = Field(default=None, sa_column=Column(Numeric(9, 6), nullable=True))
    note: str | None = None
    entry: LedgerEntry = Relationship(sa_relationship_kwargs={"lazy": "joined", "innerjoin": True, "viewonly": True})
    training: TrainingRef | None = Relationship(sa_relationship_kwargs={"lazy": "joined", "viewonly": True})

    @property
    def amount(self) -> domain.Money:
        """The share, in the currency of the disbursement."""
        return domain.Money(self.amount_value, self.entry.currency)

    @property
    def disbursed(self) -> domain.Money:
        """The whole disbursement."""
        return self.entry.amount

    @property
    def fund_line_code(self) -> str:
        """Of the disbursement."""
        return self.entry.fund_line_code

    @property
    def country_code(self) -> str:
        """Of the fund line."""
        return self.entry.country_code

    @property
    def effective_date(self) -> date:
        """Of the disbursement."""
        return self.entry.effective_date
