"""What a fund line holds, on the wire."""

from chassis.known import KnownRead
from chassis.values import Day
from pydantic import BaseModel, Field

from funding.domain import AccountPhase
from funding.schemas.money_totals import StageTotalRead


class BalancesQuery(BaseModel):
    """Which day."""

    as_of: Day | None = Field(default=None, description="Entries effective up to this day, today (UTC) by default.")


class BalancesRead(KnownRead):
    """What a fund line holds on a day, of all years together. Each amount is of one stage, or says of which two."""

    fund_line_code: str
    as_of: Day
    phase: AccountPhase | None = Field(description="Of its account on that day; null where the account is not known.")
    boundary: str
    appropriated: StageTotalRead
    allotted: StageTotalRead
    committed: StageTotalRead = Field(description="Open commitments: reserved, not obligated.")
    obligated: StageTotalRead = Field(description="Primary obligations alone; awards charged to them are not added.")
    disbursed: StageTotalRead
    unliquidated: StageTotalRead = Field(description="Obligated and not disbursed.")
    unobligated: StageTotalRead = Field(description="Allotted and not obligated.")
    available: StageTotalRead = Field(description="Allotted, and neither obligated nor committed.")
    sub_obligated: StageTotalRead = Field(description="Awards charged to letters of agreement: part of `obligated`.")
    unsubobligated: StageTotalRead = Field(
        description="Obligated by letters of agreement and not charged to by awards: part of `obligated`."
    )
    transferred: StageTotalRead = Field(
        description="Obligated under 632(a), for another agency to account for: part of `obligated`."
    )
