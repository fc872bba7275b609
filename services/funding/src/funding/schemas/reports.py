"""Reports on the wire: the ledger, cut by what is asked for. Each cell is a total with its stage, tier and boundary."""

from chassis.codes import Code, CountryCode
from chassis.known import KnownRead
from chassis.values import Day, PlainDecimal
from pydantic import BaseModel, Field

from funding.domain import AccountPhase, ReportDimension
from funding.schemas.ledger_entries import FiscalYear
from funding.schemas.money import MoneyRead
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


class StatusOfFundsRow(BaseModel):
    """One cut: the values that were grouped by, and its totals. A value that was not grouped by is null."""

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
    totals: list[StageTotalRead] = Field(description="A stage without entries is absent, never zero. Never add two.")
    unliquidated: MoneyRead | None = Field(description="Obligated and not disbursed, in US dollars.")
    unobligated: MoneyRead | None = Field(
        description="Allotted and not obligated, in US dollars; null where the cut has no authority of its own."
    )


class PipelineQuery(BaseModel):
    """Which fund lines, and how far is looked back and ahead."""

    country_code: list[CountryCode] = []
    fund_line_code: list[Code] = []
    treasury_account_code: list[Symbol] = []
    function_code: list[Code] = []
    months: int = Field(default=12, ge=1, le=120, description="Over how many months payments are looked at.")
    days: int = Field(default=180, ge=1, le=3660, description="How far ahead the end of money is looked for.")
    as_of: Day | None = Field(default=None, description="If absent the day of `known_at`, else today (UTC).")


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
    unliquidated: MoneyRead = Field(description="Obligated and not disbursed.")
    unobligated: MoneyRead = Field(description="Allotted and not obligated.")
    pipeline: MoneyRead = Field(description="Unliquidated and unobligated: allotted and not disbursed.")
    paid_per_month: MoneyRead | None = Field(
        description="Disbursed less refunds over the last `months`, a month; null before the first payment."
    )
    months_counted: int | None = Field(description="Without those before the first payment.")
    months_of_pipeline: PlainDecimal | None = Field(
        description="Unliquidated by what is paid a month; null where nothing is paid."
    )
    is_expiring: bool = Field(description="Something is not obligated, and cannot be any more within `days`.")
    is_canceling: bool = Field(description="Something is not paid, and its account is canceled within `days`.")


class PipelineRead(KnownRead):
    """What is still to come, by fund line."""

    as_of: Day
    months: int
    days: int
    rows: list[PipelineRow]


class StatusOfFundsRead(KnownRead):
    """The ledger cut for a report. Rows are in the order of their values; rows of two reports are not added."""

    as_of: Day
    group_by: list[ReportDimension]
    rows: list[StatusOfFundsRow]
