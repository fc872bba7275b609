"""Reports on the wire: the ledger, cut by what is asked for. Each cell is a total with its stage, tier and boundary."""

import uuid

from chassis.codes import Code, CountryCode
from chassis.known import KnownRead
from chassis.values import Day, PlainDecimal
from pydantic import BaseModel, Field

from funding.domain import AccountPhase, Age, AgreementStatus, AgreementType, ReportDimension
from funding.schemas.ledger_entries import FiscalYear
from funding.schemas.money_totals import StageTotalRead
from funding.schemas.treasury_accounts import Symbol


class StatusOfFundsQuery(BaseModel):
    """Which entries, and how they are cut."""

    group_by: list[ReportDimension] = Field(
        default=[ReportDimension.country],
        max_length=5,
        description="By what the sums are cut; `fund_fiscal_year` is of the money, `fiscal_year` of the entry.",
    )
    country_code: list[CountryCode] = []
    fund_line_code: list[Code] = []
    treasury_account_code: list[Symbol] = []
    fund_fiscal_year: list[FiscalYear] = []
    function_code: list[Code] = []
    initiative_code: list[Code] = []
    operating_unit_code: list[Code] = []
    agreement_code: list[Code] = []
    recipient_agency_code: list[Code] = []
    fiscal_year: list[FiscalYear] = []
    as_of: Day | None = Field(
        default=None,
        description="Entries effective up to this day; if absent the day of `known_at`, else today (UTC).",
    )


NO_AUTHORITY = "Null where agreements, agencies or years of entries are cut apart: authority is of whole fund lines."


class CutRow(BaseModel):
    """The values that were grouped by. A value that was not grouped by is null."""

    country_code: str | None
    fund_line_code: str | None
    treasury_account_code: str | None
    fund_fiscal_year: int | None = Field(description="The first fiscal year in which the money is available.")
    function_code: str | None
    initiative_code: str | None
    operating_unit_code: str | None
    agreement_code: str | None
    recipient_agency_code: str | None
    fiscal_year: int | None = Field(description="Of the entries: what moved in that year, which may be negative.")
    boundary: str


class StatusOfFundsRow(CutRow):
    """One cut: the values that were grouped by, and its totals."""

    totals: list[StageTotalRead] = Field(description="A stage without entries is absent, never zero. Never add two.")
    unliquidated: StageTotalRead | None = Field(
        description="Obligated and not disbursed. " + NO_AUTHORITY + " An agreement's is at `/v1/agreements/{id}/burn`."
    )
    unobligated: StageTotalRead | None = Field(description="Allotted and not obligated. " + NO_AUTHORITY)


class StatusOfFundsRead(KnownRead):
    """The ledger cut for a report. Rows are in the order of their values; rows of two reports are not added."""

    as_of: Day
    group_by: list[ReportDimension]
    rows: list[StatusOfFundsRow]


class RatesRow(CutRow):
    """How far the money of one cut has come, as parts of one; the totals that are divided stand beside them."""

    totals: list[StageTotalRead] = Field(description="Allotted, obligated and disbursed, in US dollars. Never add two.")
    obligation_rate: PlainDecimal | None = Field(
        description="Obligated by allotted, to four decimals; null where nothing is allotted. " + NO_AUTHORITY
    )
    disbursement_rate: PlainDecimal | None = Field(
        description="Disbursed by obligated, to four decimals; null where nothing is obligated. " + NO_AUTHORITY
    )


class RatesRead(KnownRead):
    """How much of what is allotted is obligated, and of what is obligated disbursed. Rates are never added."""

    as_of: Day
    group_by: list[ReportDimension]
    rows: list[RatesRow]


class FundLinesQuery(BaseModel):
    """Which fund lines, and how far is looked ahead."""

    country_code: list[CountryCode] = []
    fund_line_code: list[Code] = []
    treasury_account_code: list[Symbol] = []
    function_code: list[Code] = []
    days: int = Field(default=180, ge=1, le=3660, description="How far ahead the end of money is looked for.")
    as_of: Day | None = Field(default=None, description="If absent the day of `known_at`, else today (UTC).")


class EndingRow(BaseModel):
    """A fund line whose money ends soon, and how much of it is left."""

    fund_line_code: str
    country_code: str
    treasury_account_code: str
    ends_on: Day = Field(
        description="The last day on which it may be obligated; of what is canceled the first on which nothing is paid."
    )
    days_left: int = Field(description="Zero or less where it is canceled already, and waits to be closed.")
    boundary: str
    left: StageTotalRead = Field(description="Unobligated of what expires, unliquidated of what is canceled.")


class EndingRead(KnownRead):
    """The fund lines whose money ends within `days`, the soonest first."""

    as_of: Day
    days: int
    rows: list[EndingRow]


class PipelineQuery(FundLinesQuery):
    """Which fund lines, and how far is looked back and ahead."""

    months: int = Field(default=12, ge=1, le=120, description="Over how many months payments are looked at.")


class AgeRead(BaseModel):
    """What is obligated and unpaid of one age."""

    age: Age = Field(description="By the day of the obligation; a year is over on its anniversary.")
    obligated_after: Day | None = Field(description="Younger than this day's obligations; null for the oldest.")
    obligated_to: Day
    unliquidated: StageTotalRead = Field(
        description="Its entries are those of the lines that have something of this age: a payment is taken from the "
        "oldest obligation of its line, so one may count in two ages. All ages together are what is unliquidated."
    )


class PipelineRow(BaseModel):
    """What is still to come of a fund line, in US dollars."""

    fund_line_code: str
    country_code: str
    treasury_account_code: str | None
    phase: AccountPhase | None = Field(description="Of its account on that day; null where the account is not known.")
    available_to: Day | None
    cancels_on: Day | None
    boundary: str
    totals: list[StageTotalRead] = Field(description="Allotted, obligated and disbursed. Never add two.")
    unliquidated: StageTotalRead = Field(description="Obligated and not disbursed.")
    ages: list[AgeRead] = Field(
        description="The same by the day of the obligation; an age of which is nothing is absent."
    )
    unobligated: StageTotalRead = Field(description="Allotted and not obligated.")
    pipeline: StageTotalRead = Field(description="Unliquidated and unobligated: allotted and not disbursed.")
    paid_per_month: StageTotalRead | None = Field(
        description="Disbursed less refunds over the last `months`, a month; null before the first payment."
    )
    months_counted: int | None = Field(description="Without those before the first payment.")
    months_of_pipeline: PlainDecimal | None = Field(
        description="Unliquidated by what is paid a month; null where nothing is paid."
    )
    is_expiring: bool = Field(description="Something is not obligated, and cannot be any more within `days`.")
    is_canceling: bool = Field(description="Something is not paid, and its account is canceled within `days`, or was.")


class PipelineRead(KnownRead):
    """What is still to come, by fund line."""

    as_of: Day
    months: int
    days: int
    rows: list[PipelineRow]


class AgreementsQuery(BaseModel):
    """Which agreements."""

    country_code: list[CountryCode] = []
    agreement_code: list[Code] = []
    as_of: Day | None = Field(default=None, description="If absent the day of `known_at`, else today (UTC).")


class CandidatesQuery(AgreementsQuery):
    """Which lines of agreements, and for how long they have rested."""

    fund_line_code: list[Code] = []
    days: int = Field(
        default=120, ge=0, le=3660, description="Since the period of performance ended, at least one more."
    )
    months: int = Field(default=12, ge=1, le=120, description="Without a payment.")


class CandidateRow(BaseModel):
    """A line of an agreement that is over, with something obligated and unpaid on which nothing is paid any more."""

    agreement_code: str
    agreement_title: str
    agreement_line_id: uuid.UUID
    fund_line_code: str
    country_code: str
    ended_on: Day = Field(description="The end of the period of performance, with the amendments signed by that day.")
    last_paid_on: Day | None = Field(description="Null where nothing was ever paid.")
    boundary: str
    unliquidated: StageTotalRead = Field(
        description="Of the tier of the line: what an award has left is part of what its letter has left."
    )


class CandidatesRead(KnownRead):
    """What may be deobligated: to be looked at by somebody, not a decision."""

    as_of: Day
    days: int
    months: int
    rows: list[CandidateRow]


class AgreementsEndingQuery(AgreementsQuery):
    """Which agreements, and how far is looked ahead."""

    type: list[AgreementType] = []
    days: int = Field(default=90, ge=0, le=3660, description="How far ahead their end is looked for.")


class AgreementEndingRow(BaseModel):
    """An agreement in force that ends soon, or that has ended and was not completed."""

    agreement_id: uuid.UUID
    agreement_code: str
    title: str
    type: AgreementType
    status: AgreementStatus
    country_code: str
    awarding_agency_code: str
    recipient_agency_code: str | None
    ends_on: Day = Field(description="With the amendments signed by that day.")
    days_left: int = Field(description="Negative where it is over.")


class AgreementsEndingRead(KnownRead):
    """The agreements in force that end within `days`, or have ended, the soonest first."""

    as_of: Day
    days: int
    rows: list[AgreementEndingRow]
