"""Agreements: who promises what to whom, and from which fund lines it is paid."""

import math
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from chassis.columns import code_column, country_form, one_of, refers_to, sorted_text
from chassis.references import Reference
from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, Numeric, UniqueConstraint
from sqlmodel import Field, Relationship

from funding import domain
from funding.models.accounts import FundLine
from funding.models.base import Base, Stored


def money(name: str, *, nullable: bool = True) -> Any:  # noqa: ANN401 - stands where a default may stand
    """An amount in US dollars. On the wire an amount is money, so the bare number has another name here."""
    return Field(default=None, sa_column=Column(name, Numeric(18, 2), nullable=nullable))


class AgencyRef(Reference, Base, table=True):
    """An agency of the programs service."""

    __tablename__ = "agency_refs"

    code: str = Field(sa_column=sorted_text(primary_key=True))
    name: str
    kind: str


class AgreementAmendment(Stored, table=True):
    """What a signed agreement says otherwise from a day on. Added, never changed: the next amendment corrects it."""

    __tablename__ = "agreement_amendments"
    __table_args__ = (
        one_of("kind", domain.AmendmentKind),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("(kind IN ('ceiling_increase', 'ceiling_decrease')) = (amount IS NOT NULL)", name="has_amount"),
        CheckConstraint("(kind IN ('extension', 'shortening')) = (ends_on IS NOT NULL)", name="has_end"),
        UniqueConstraint("agreement_code", "number"),
    )

    agreement_code: str = refers_to("agreements.code", index=False)
    number: int
    kind: str
    signed_on: date
    document_reference: str | None = None
    amount_value: Decimal | None = money("amount")
    ends_on: date | None = None
    description: str | None = None

    @property
    def amount(self) -> domain.Money | None:
        """By how much the ceiling changes; the kind says which way."""
        return domain.dollars(self.amount_value)


class Agreement(Stored, table=True):
    """An agreement, order or award. Its code, type, parent and country never change."""

    __tablename__ = "agreements"
    __table_args__ = (
        one_of("type", domain.AgreementType),
        one_of("status", domain.AgreementStatus),
        country_form(),
        CheckConstraint("ceiling > 0", name="ceiling_positive"),
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("parent_code <> code", name="not_its_own_parent"),
        CheckConstraint("recipient_agency_code <> awarding_agency_code", name="parties_are_two"),
        CheckConstraint("type <> 'mou' OR ceiling IS NULL", name="mou_has_no_ceiling"),
        CheckConstraint(
            "num_nonnulls(awarding_signed_on, awarding_document) IN (0, 2)", name="awarding_signature_is_whole"
        ),
        CheckConstraint(
            "num_nonnulls(recipient_signed_on, recipient_document) IN (0, 2)", name="recipient_signature_is_whole"
        ),
        Index(None, "country_code"),
    )

    code: str = code_column()
    type: str
    title: str = Field(sa_column=sorted_text(nullable=False))
    country_code: str = Field(sa_column=sorted_text(nullable=False))
    awarding_agency_code: str = refers_to("agency_refs.code")
    recipient_agency_code: str | None = refers_to("agency_refs.code", nullable=True)
    parent_code: str | None = refers_to("agreements.code", nullable=True)
    purpose: str | None = None
    ceiling_value: Decimal | None = money("ceiling")
    starts_on: date | None = None
    ends_on: date | None = None
    awarding_signed_on: date | None = None
    awarding_document: str | None = None
    recipient_signed_on: date | None = None
    recipient_document: str | None = None
    status: str = domain.AgreementStatus.draft
    status_note: str | None = None
    amendments: list[AgreementAmendment] = Relationship(
        sa_relationship_kwargs={"lazy": "selectin", "order_by": "AgreementAmendment.number", "viewonly": True}
    )

    @property
    def is_obligating(self) -> bool:
        """Whether money may be recorded under it at all."""
        return self.type not in domain.OBLIGATES_NOTHING

    @property
    def is_transfer(self) -> bool:
        """Whether its money leaves for another agency, which obligates it and accounts for it."""
        return self.type in domain.TRANSFERS

    @property
    def signed_on(self) -> date | None:
        """The day of the last signature that it needs; null until then."""
        signed = {domain.Party.awarding: self.awarding_signed_on, domain.Party.recipient: self.recipient_signed_on}
        days = [signed[party] for party in domain.signers_of(domain.AgreementType(self.type))]
        return None if None in days else max(day for day in days if day is not None)

    @property
    def ceiling(self) -> domain.Money | None:
        """The ceiling that was signed."""
        return domain.dollars(self.ceiling_value)

    @property
    def current_ceiling(self) -> domain.Money | None:
        """The ceiling after all amendments: the sum, not the last."""
        if self.ceiling_value is None:
            return None
        changes = (
            domain.OF_THE_CEILING[domain.AmendmentKind(one.kind)] * one.amount_value
            for one in self.amendments
            if one.amount_value is not None
        )
        return domain.dollars(sum(changes, self.ceiling_value))

    @property
    def current_ends_on(self) -> date | None:
        """The end after all amendments: what the one that was signed last says."""
        return self.ends_on_at(date.max)

    def ends_on_at(self, day: date, before_number: int | None = None) -> date | None:
        """Its end by the amendments that were signed by a day, on that day those before a number.

        They may be recorded in another order.
        """
        last_of_day = math.inf if before_number is None else before_number - 1
        signed = [
            one for one in self.amendments
            if one.ends_on is not None and (one.signed_on, one.number) <= (day, last_of_day)
        ]  # fmt: skip
        last = max(signed, key=lambda one: (one.signed_on, one.number), default=None)
        return self.ends_on if last is None else last.ends_on


class AgreementLine(Stored, table=True):
    """The share of an agreement that one fund line pays; an award's is charged to a line of its letter of agreement."""

    __tablename__ = "agreement_lines"
    __table_args__ = (
        UniqueConstraint("agreement_code", "number"),
        UniqueConstraint("id", "fund_line_code"),
        # What is charged to a line is paid by the same fund line.
        ForeignKeyConstraint(
            ["parent_line_id", "fund_line_code"], ["agreement_lines.id", "agreement_lines.fund_line_code"]
        ),
        Index(None, "parent_line_id"),
    )

    agreement_code: str = refers_to("agreements.code", index=False)
    number: int
    fund_line_code: str = refers_to("fund_lines.code")
    parent_line_id: uuid.UUID | None = None
    purpose: str | None = None
    agreement: Agreement = Relationship(sa_relationship_kwargs={"lazy": "joined", "innerjoin": True, "viewonly": True})
    fund_line: FundLine = Relationship(sa_relationship_kwargs={"lazy": "joined", "innerjoin": True, "viewonly": True})

    @property
    def country_code(self) -> str:
        """The country of its fund line."""
        return self.fund_line.country_code

    @property
    def tier(self) -> domain.Tier:
        """The tier that its money counts in: what is charged to another line is counted there already."""
        return domain.Tier.primary if self.parent_line_id is None else domain.Tier.sub


class AgreementDeliverable(Stored, table=True):
    """Something that an agreement promises, and how much of it."""

    __tablename__ = "agreement_deliverables"
    __table_args__ = (
        one_of("kind", domain.DeliverableKind),
        CheckConstraint("promised > 0", name="promised_positive"),
        CheckConstraint("delivered_to >= delivered_from", name="delivered_in_order"),
        CheckConstraint(
            "num_nonnulls(course_code, program_code) > 0 OR "
            "num_nonnulls(provider_agency_code, delivered_from, delivered_to) = 0",
            name="delivered_by_something",
        ),
        CheckConstraint(
            "kind IN ('seats', 'courses') OR num_nonnulls(course_code, program_code) = 0",
            name="delivered_by_trainings",
        ),
    )

    agreement_code: str = refers_to("agreements.code")
    kind: str
    promised: int
    due_on: date | None = None
    description: str | None = None
    # Filters of another service's records, no references: see decision 0025.
    course_code: str | None = Field(default=None, sa_column=sorted_text(nullable=True))
    program_code: str | None = Field(default=None, sa_column=sorted_text(nullable=True))
    provider_agency_code: str | None = Field(default=None, sa_column=sorted_text(nullable=True))
    delivered_from: date | None = None
    delivered_to: date | None = None
