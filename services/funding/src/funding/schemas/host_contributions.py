"""What host nations and recipients give, on the wire: a stream of its own, beside US money and never in it."""

from typing import Literal

from chassis.codes import Code, CountryCode, CurrencyCode, Line, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, may_be_absent
from chassis.values import Day
from chassis.voids import VoidableRead, only_voided
from pydantic import ConfigDict, Field

from funding.domain import ContributionKind, ContributionStage, ContributionStream, EvidenceGrade
from funding.schemas.money import MoneyRead, OwnMoneyCreate


class HostContributionCreate(CreateBody):
    """A contribution to record, as pledged or as delivered."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "stream": "host",
                    "contributor": "Secretariat of Public Security",
                    "contributor_agency_code": None,
                    "claimant": "Secretariat of Public Security",
                    "country_code": "MX",
                    "program_code": None,
                    "agreement_code": None,
                    "function_code": None,
                    "kind": "in_kind",
                    "stage": "delivered",
                    "amount": {"amount": "850000.00", "currency": "MXN"},
                    "stage_on": "2015-11-30",
                    "starts_on": "2015-01-01",
                    "ends_on": "2015-12-31",
                    "scope": "Classrooms and lodging of the academy for two courses.",
                    "valuation_method": "The academy's daily rate by trainee days",
                    "evidence_grade": "documented",
                    "document_reference": "Delivery report 2015-4",
                    "note": None,
                }
            ]
        }
    )

    stream: ContributionStream = Field(
        default=ContributionStream.host,
        description="`host`: a nation's own; `cost_share`: what a recipient must add under an agreement.",
    )
    contributor: Line = Field(description="Who gives it.")
    contributor_agency_code: Code | None = Field(default=None, description="Where it is an agency that is recorded.")
    claimant: Line = Field(description="Who says so.")
    country_code: CountryCode = Field(description="Of the host nation.")
    program_code: Code | None = Field(default=None, description="The program that it is for.")
    agreement_code: Code | None = Field(
        default=None, description="The agreement that it is for; of a cost share, needed."
    )
    function_code: Code | None = Field(
        default=None, description="The function that it is for: a fund code of that kind."
    )
    kind: ContributionKind
    stage: Literal[ContributionStage.pledged, ContributionStage.delivered] = ContributionStage.pledged
    amount: OwnMoneyCreate
    stage_on: Day = Field(description="When it was pledged, or delivered; not after today (UTC).")
    starts_on: Day | None = Field(default=None, description="First day of the period that it is for.")
    ends_on: Day | None = Field(default=None, description="Last day of that period.")
    scope: Text = Field(description="What it is for, in words.")
    valuation_method: Line | None = Field(default=None, description="How it was valued; in kind, needed.")
    evidence_grade: EvidenceGrade = EvidenceGrade.stated
    document_reference: Line | None = Field(default=None, description="The evidence; needed unless only stated.")
    note: Text | None = None


class HostContributionUpdate(Body):
    """Fields of a contribution to change. Amounts and stages change by transitions alone."""

    starts_on: Day | None = may_be_absent()
    ends_on: Day | None = may_be_absent()
    scope: Text = may_be_absent()
    valuation_method: Line | None = may_be_absent()
    evidence_grade: EvidenceGrade = may_be_absent()
    document_reference: Line | None = may_be_absent()
    note: Text | None = may_be_absent()


class HostContributionTransition(Body):
    """What a contribution becomes: delivered or lapsed what was pledged, verified what was delivered."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "to": "verified",
                    "stage_on": "2016-02-01",
                    "amount": {"amount": "800000.00", "currency": "MXN"},
                    "evidence_grade": "reconciled",
                    "document_reference": "Audit of deliveries 2016-1",
                }
            ]
        }
    )

    to: ContributionStage
    stage_on: Day = Field(description="When it became so; not after today (UTC).")
    amount: OwnMoneyCreate | None = Field(
        default=None,
        description="How much of it; if absent what was pledged, or delivered. In the currency of the contribution.",
    )
    evidence_grade: EvidenceGrade | None = Field(default=None, description="Where it is another by this.")
    document_reference: Line | None = Field(default=None, description="Where it is another by this.")


class HostContributionRead(VoidableRead):
    """A contribution and how far it is. Null amounts were not reached, or not recorded."""

    stream: ContributionStream
    contributor: str
    contributor_agency_code: str | None
    claimant: str
    country_code: str
    program_code: str | None
    agreement_code: str | None
    function_code: str | None
    kind: ContributionKind
    stage: ContributionStage
    currency: str
    pledged: MoneyRead | None
    pledged_on: Day | None
    delivered: MoneyRead | None
    delivered_on: Day | None
    verified: MoneyRead | None
    verified_on: Day | None
    lapsed_on: Day | None
    starts_on: Day | None
    ends_on: Day | None
    scope: str
    valuation_method: str | None
    evidence_grade: EvidenceGrade
    document_reference: str | None
    note: str | None


class HostContributionPage(Page):
    """A page of contributions."""

    items: list[HostContributionRead]


class HostContributionQuery(ListQuery):
    """Filters of contributions."""

    sort: str = sort_by("-created_at", "contributor", "country_code", "currency", "created_at", "updated_at")
    stream: list[ContributionStream] = []
    country_code: list[CountryCode] = []
    contributor_agency_code: list[Code] = []
    program_code: list[Code] = []
    agreement_code: list[Code] = []
    function_code: list[Code] = []
    kind: list[ContributionKind] = []
    stage: list[ContributionStage] = Field(default=[], description="That it is in now.")
    currency: list[CurrencyCode] = []
    evidence_grade: list[EvidenceGrade] = []
    pledged_on_lte: Day | None = None
    delivered_on_lte: Day | None = None
    verified_on_lte: Day | None = None
    lapsed_on_lte: Day | None = None
    not_lapsed_by: Day | None = Field(default=None, description="Without what had lapsed by this day.")
    starts_on_gte: Day | None = None
    ends_on_lte: Day | None = None
    is_voided: bool | None = only_voided()
    q: str | None = Field(default=None, max_length=200, description="Text in the contributor, claimant or scope.")
