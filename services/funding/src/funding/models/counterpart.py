"""What host nations and recipients give of their own. No table of US money refers to this one."""

from datetime import date
from decimal import Decimal
from typing import Any

from chassis.columns import country_form, one_of, refers_to, sorted_text
from chassis.references import Reference
from chassis.voids import Voidable, void_is_whole
from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from funding import domain
from funding.domain import ContributionStage
from funding.models.agreements import money
from funding.models.base import Base, Stored


class ProgramRef(Reference, Base, table=True):
    """A program of the programs service."""

    __tablename__ = "program_refs"

    code: str = Field(sa_column=sorted_text(primary_key=True))
    title: str


def _whole(stage: str) -> CheckConstraint:
    return CheckConstraint(f"num_nonnulls({stage}_amount, {stage}_on) IN (0, 2)", name=f"{stage}_is_whole")


class HostContribution(Stored, Voidable, table=True):
    """A contribution, in its own currency. Whose it is, for what, and each amount once recorded, never changes."""

    __tablename__ = "host_contributions"
    __table_args__ = (
        one_of("stream", domain.ContributionStream),
        one_of("kind", domain.ContributionKind),
        one_of("stage", domain.ContributionStage),
        one_of("evidence_grade", domain.EvidenceGrade),
        country_form(),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_form"),
        CheckConstraint("least(pledged_amount, delivered_amount, verified_amount) > 0", name="amounts_positive"),
        *(_whole(stage) for stage in ("pledged", "delivered", "verified")),
        CheckConstraint(
            "CASE stage WHEN 'pledged' THEN pledged_on IS NOT NULL AND num_nonnulls(delivered_on, verified_on, "
            "lapsed_on) = 0 "
            "WHEN 'delivered' THEN delivered_on IS NOT NULL AND num_nonnulls(verified_on, lapsed_on) = 0 "
            "WHEN 'verified' THEN num_nonnulls(delivered_on, verified_on) = 2 AND lapsed_on IS NULL "
            "ELSE num_nonnulls(pledged_on, lapsed_on) = 2 AND num_nonnulls(delivered_on, verified_on) = 0 END",
            name="has_reached_its_stage",
        ),
        CheckConstraint("verified_amount <= delivered_amount", name="verified_is_delivered"),
        CheckConstraint(
            "delivered_on >= pledged_on AND verified_on >= delivered_on AND lapsed_on >= pledged_on",
            name="days_in_order",
        ),
        CheckConstraint(
            "greatest(pledged_on, delivered_on, verified_on, lapsed_on) <= (updated_at AT TIME ZONE 'UTC')::date",
            name="days_not_later",
        ),
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("kind <> 'in_kind' OR valuation_method IS NOT NULL", name="in_kind_is_valued"),
        CheckConstraint("evidence_grade = 'stated' OR document_reference IS NOT NULL", name="evidence_has_document"),
        CheckConstraint("stage <> 'verified' OR evidence_grade <> 'stated'", name="verified_is_documented"),
        CheckConstraint("stream <> 'cost_share' OR agreement_code IS NOT NULL", name="cost_share_of_agreement"),
        void_is_whole(),
        Index(None, "country_code"),
    )

    stream: str
    contributor: str = Field(sa_column=sorted_text(nullable=False))
    contributor_agency_code: str | None = refers_to("agency_refs.code", nullable=True)
    claimant: str
    country_code: str = Field(sa_column=sorted_text(nullable=False))
    program_code: str | None = refers_to("program_refs.code", nullable=True)
    agreement_code: str | None = refers_to("agreements.code", nullable=True)
    function_code: str | None = Field(default=None, sa_column=sorted_text())
    kind: str
    stage: str
    currency: str = Field(sa_column=sorted_text(nullable=False))
    pledged_value: Decimal | None = money("pledged_amount")
    pledged_on: date | None = None
    delivered_value: Decimal | None = money("delivered_amount")
    delivered_on: date | None = None
    verified_value: Decimal | None = money("verified_amount")
    verified_on: date | None = None
    lapsed_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    scope: str
    valuation_method: str | None = None
    evidence_grade: str
    document_reference: str | None = None
    note: str | None = None

    @property
    def pledged(self) -> domain.Money | None:
        """What was pledged, in its own currency."""
        return self._money(self.pledged_value)

    @property
    def delivered(self) -> domain.Money | None:
        """What was delivered, in its own currency."""
        return self._money(self.delivered_value)

    @property
    def verified(self) -> domain.Money | None:
        """What was verified of it, in its own currency."""
        return self._money(self.verified_value)

    @property
    def span(self) -> domain.Span:
        """The period that it is for."""
        return domain.Span(self.starts_on, self.ends_on)

    def reached_by(self, day: date) -> list[domain.Reached]:
        """The stages that it counts in on a day."""
        reached: dict[ContributionStage, Any] = {
            ContributionStage.pledged: (self.pledged_value, self.pledged_on),
            ContributionStage.delivered: (self.delivered_value, self.delivered_on),
            ContributionStage.verified: (self.verified_value, self.verified_on),
            ContributionStage.lapsed: (self.pledged_value, self.lapsed_on),
        }
        return domain.reached_by(day, self.currency, reached)

    def _money(self, amount: Decimal | None) -> domain.Money | None:
        return None if amount is None else domain.Money(amount, self.currency)
