"""What the tables of this service share. What a table promises is a constraint here, and so in PostgreSQL."""

from typing import Any, Final

from chassis.resources import Resource, make_metadata
from sqlalchemy import (
    CheckConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

metadata: Final = make_metadata()


class Base(SQLModel):
    """Puts this service's tables in this service's metadata."""

    metadata = metadata


class Stored(Resource, Base):
    """The columns of every stored resource."""


def window(column: str) -> CheckConstraint:
    """The vague date in the column is not empty."""
    return CheckConstraint(f"({column} ->> 'earliest') <= ({column} ->> 'latest')", name=f"{column}_in_order")


def vague_date() -> Any:  # noqa: ANN401 - stands where a default may stand
    """A window of dates with its words, as JSON."""
    return Field(default=None, sa_type=JSONB(none_as_null=True))
