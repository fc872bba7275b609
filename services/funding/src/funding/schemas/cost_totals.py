"""What targets cost, on the wire: totals of allocated disbursements, and what they leave out."""

import uuid

from chassis.codes import Code, CountryCode
from chassis.known import KnownRead
from chassis.values import Day
from pydantic import BaseModel, Field

from funding.domain import MOST_TRAININGS, CostLeftOut, CostTarget
from funding.schemas.cost_allocations import TargetTraining
from funding.schemas.money_totals import StageTotalRead


class CostTotalsQuery(BaseModel):
    """Which allocations are summed. Filters of one name are alternatives, those of different names must all hold."""

    target_kind: list[CostTarget] = []
    training_id: list[uuid.UUID] = Field(default=[], max_length=MOST_TRAININGS)
    target_code: list[Code] = []
    country_code: list[CountryCode] = Field(default=[], description="Of the fund line that paid.")
    beneficiary_country_code: list[CountryCode] = Field(
        default=[], description="Whose people the training was for, as when it was last looked up."
    )
    program_code: list[Code] = Field(default=[], description="Of the training, likewise.")
    include_program_support: bool = Field(
        default=False, description="Also what was paid from fund lines whose function is program support."
    )
    left_out_country_code: list[CountryCode] = Field(
        default=[],
        description="Also say what all fund lines of these countries paid beside it; else of those that paid for it.",
    )
    as_of: Day | None = Field(
        default=None,
        description="Disbursements and refunds up to this day; if absent the day of `known_at`, else today (UTC).",
    )


class CostTargetRead(BaseModel):
    """What one target cost."""

    target_kind: CostTarget
    training: TargetTraining | None
    target_code: str | None
    totals: list[StageTotalRead] = Field(description="By currency.")


class CostLeftOutRead(BaseModel):
    """What was disbursed from the same fund lines and is not in the totals."""

    reason: CostLeftOut
    message: str
    totals: list[StageTotalRead] = Field(description="By currency.")


class CostTotalsRead(KnownRead):
    """What the targets cost, of what is disbursed and allocated."""

    as_of: Day
    include_program_support: bool
    totals: list[StageTotalRead] = Field(description="By currency; empty where nothing is allocated, never zero.")
    targets: list[CostTargetRead]
    left_out: list[CostLeftOutRead]
