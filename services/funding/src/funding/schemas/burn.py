"""How fast the money of an agreement is paid, on the wire."""

from chassis.known import KnownRead
from chassis.values import Day, PlainDecimal
from pydantic import BaseModel, Field

from funding.schemas.money_totals import StageTotalRead


class BurnQuery(BaseModel):
    """Which day, and over how many months."""

    months: int = Field(default=12, ge=1, le=120, description="Over how many months payments are looked at.")
    as_of: Day | None = Field(default=None, description="If absent the day of `known_at`, else today (UTC).")


class BurnPoint(BaseModel):
    """What was bound and what was paid by the end of a quarter of a fiscal year."""

    as_of: Day
    bound: StageTotalRead
    disbursed: StageTotalRead


class BurnRead(KnownRead):
    """What an agreement bound and paid, and when what is left is paid at the pace of late. In US dollars."""

    agreement_code: str
    as_of: Day
    months: int
    boundary: str
    bound: StageTotalRead = Field(description="Obligated; of an award under a letter of agreement sub-obligated.")
    disbursed: StageTotalRead
    unliquidated: StageTotalRead = Field(description="Bound and not disbursed.")
    paid_per_month: StageTotalRead | None = Field(
        description="Disbursed less refunds over the last `months`, a month; null before the first payment."
    )
    months_counted: int | None = Field(description="Without those before the first payment.")
    months_left: PlainDecimal | None = Field(description="Unliquidated by what is paid a month; null without a pace.")
    paid_on_at_this_pace: Day | None = Field(description="When nothing is left at this pace; null without a pace.")
    ends_on: Day | None = Field(description="The end of the agreement, with the amendments signed by that day.")
    formula: str = Field(description="How the day follows.")
    points: list[BurnPoint] = Field(
        description="By the ends of the quarters of fiscal years since the first entry, and that day."
    )
