"""What figures and statements have in common on the wire: ranks, conflicts, periods."""

from datetime import datetime

from chassis.codes import Text
from chassis.resources import Body
from pydantic import BaseModel, ConfigDict, Field

from programs.domain import ConflictStatus, Rank


class RankCreate(Body):
    """A decision to give a claim another rank from now on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"rank": "deprecated", "reason": "Typing error in the document."}]}
    )

    rank: Rank
    reason: Text | None = Field(default=None, description="Needed for `deprecated`: which error.")


class RankRead(BaseModel):
    """A rank, by whom and why. The latest counts."""

    model_config = ConfigDict(from_attributes=True)

    rank: Rank
    reason: str | None
    decided_by: str
    decided_at: datetime


class ConflictSummary(BaseModel):
    """A conflict that a claim stands in."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    kind: str
    status: ConflictStatus
    title: str
    resolution: str
