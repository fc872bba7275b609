"""What was entered in error is voided: once, with a reason. It stays, shown as voided, and nothing counts it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, StringConstraints
from sqlalchemy import CheckConstraint, ColumnElement, DateTime, Text
from sqlmodel import Field as Stored
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.codes import PRINTABLE
from chassis.errors import Voided
from chassis.resources import Body, Resource, ResourceRead, check_version, touch_row
from chassis.tokens import Caller


class Voidable(Resource):
    """A stored resource that can be voided. Its migration sees to it that a voided row never changes again."""

    voided_at: datetime | None = Stored(default=None, sa_type=DateTime(timezone=True))
    voided_by: str | None = Stored(default=None, sa_type=Text)
    void_reason: str | None = Stored(default=None, sa_type=Text)

    @property
    def is_voided(self) -> bool:
        """Whether it was entered in error."""
        return self.voided_at is not None


Row = TypeVar("Row", bound=Voidable)


def void_is_whole() -> CheckConstraint:
    """A void has its time, its author and its reason, or is none."""
    return CheckConstraint("num_nonnulls(voided_at, voided_by, void_reason) IN (0, 3)", name="void_is_whole")


class VoidCreate(Body):
    """Why a record was entered in error."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Entered twice."}]})

    reason: Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=PRINTABLE)] = Field(
        description="Shown wherever the record is shown: no names of people."
    )


class VoidableRead(ResourceRead):
    """What every resource that can be voided shows."""

    is_voided: bool = Field(
        description="Whether it was entered in error: then it stays as it is and nothing counts it."
    )
    voided_at: datetime | None
    voided_by: str | None
    void_reason: str | None


def only_voided() -> Any:  # noqa: ANN401 - stands where the default of `is_voided` may stand
    """The filter `is_voided` of a list; without it the list has both."""
    return Field(default=None, description="Only what was entered in error, or only what stands.")


def is_voided_filter(voided_at: Any) -> Callable[[bool], ColumnElement[bool]]:  # noqa: ANN401 - a column
    """What the filter `is_voided` asks for."""

    def condition(wanted: bool) -> ColumnElement[bool]:
        made: ColumnElement[bool] = voided_at.is_not(None) if wanted else voided_at.is_(None)
        return made

    return condition


def check_not_voided(row: Voidable) -> None:
    """Raise `Voided` where the row was entered in error: it stays as it is."""
    if row.voided_at is not None:
        at = f"{row.voided_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        raise Voided(
            f"{row.voided_by} voided this record at {at}. It stays as it is; record anew what is right.",
            voided_at=at,
            voided_by=row.voided_by,
        )


async def void_row(session: AsyncSession, caller: Caller, row: Row, version: int, body: VoidCreate) -> Row:
    """Void `row`, which is locked, if `version` is still the current one. Once and for good."""
    check_not_voided(row)
    check_version(row, version)
    row.voided_at, row.voided_by, row.void_reason = datetime.now(UTC), caller.name, body.reason
    return await touch_row(session, row)
