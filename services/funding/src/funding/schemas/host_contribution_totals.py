"""Totals of what others give, and leverage, on the wire. No total without claimant, stage, currency and evidence."""

from typing import Literal

from chassis.codes import Code, CountryCode
from chassis.known import KnownRead
from chassis.values import Day, PlainDecimal
from pydantic import BaseModel, Field

from funding.domain import ContributionStage, ContributionStream, EvidenceGrade, LeverageRefusal, NotSetAgainst
from funding.schemas.exchange_rates import ConvertedRead
from funding.schemas.money import MoneyRead
from funding.schemas.money_totals import StageTotalRead

AS_OF = "What had been reached by this day; if absent the day of `known_at`, else today (UTC)."


class HostContributionTotalsQuery(BaseModel):
    """Which totals."""

    country_code: CountryCode
    stream: list[ContributionStream] = []
    agreement_code: list[Code] = []
    function_code: list[Code] = []
    program_code: list[Code] = []
    evidence_grade: list[EvidenceGrade] = []
    convert_to: Literal["USD"] | None = Field(
        default=None,
        description="Also say each total in US dollars: each contribution at the rate of its own day. A rate that is "
        "missing is an error, `rate_missing`.",
    )
    as_of: Day | None = Field(default=None, description=AS_OF)


class HostTotalRead(BaseModel):
    """The sum of one stage in one currency with one grade of evidence. It is no US money."""

    stream: ContributionStream
    stage: ContributionStage
    currency: str
    evidence_grade: EvidenceGrade
    claimants: list[str] = Field(description="Who says so.")
    amount: MoneyRead
    converted: ConvertedRead | None = Field(description="Null unless `convert_to` was asked for.")
    contributions: int = Field(description="How many were summed.")
    boundary: str
    as_of: Day
    rule: str = Field(description="How the sum is made.")
    contributions_url: str = Field(description="The list of exactly the contributions that were summed.")


class HostContributionTotalsRead(KnownRead):
    """What a country, and recipients in it, give of their own: by stream, stage, currency and evidence."""

    country_code: str
    as_of: Day
    contributions: int = Field(description="How many are recorded by then; 0 means nothing is recorded.")
    note: str = Field(description="What must never be done with them.")
    totals: list[HostTotalRead] = Field(description="One without contributions is absent, never zero.")


class LeverageQuery(BaseModel):
    """Of which scope and period."""

    agreement_code: Code | None = Field(default=None, description="An agreement, with those that stand under it.")
    country_code: CountryCode | None = Field(default=None, description="Where no agreement is named.")
    function_code: Code | None = Field(default=None, description="The function in that country.")
    evidence_grade: list[EvidenceGrade] = Field(
        default=[EvidenceGrade.documented, EvidenceGrade.reconciled], description="Which evidence is good enough."
    )
    from_date: Day | None = Field(default=None, description="Nothing before this day.")
    as_of: Day | None = Field(default=None, description="Nothing after this day; if absent as in totals.")


class LeverageReason(BaseModel):
    """Why there is no leverage figure."""

    code: LeverageRefusal
    message: str
    contribution_ids: list[str] = Field(description="Those that it is about, if any.")


class LeverageLeftOut(BaseModel):
    """Contributions that were looked at and not counted."""

    reason: NotSetAgainst
    message: str
    contribution_ids: list[str]


class LeverageRead(KnownRead):
    """What the host delivered by what was disbursed, of one scope and period; or why that cannot be said."""

    figure: Literal["leverage"]
    result: Literal["computed", "refused"]
    reasons: list[LeverageReason] = Field(description="Empty where it is computed.")
    value: PlainDecimal | None = Field(description="Null where it is refused.")
    unit: str
    formula: str
    scope: str
    from_date: Day | None
    as_of: Day
    numerator: list[HostTotalRead] = Field(description="What was delivered, in US dollars at the rates that are named.")
    denominator: StageTotalRead | None = Field(description="Null where nothing was disbursed.")
    left_out: list[LeverageLeftOut]
