"""What the tables of this service share. What a table promises is a constraint here, and so in PostgreSQL."""

from enum import StrEnum
from typing import Any, Final

from chassis.resources import Resource, make_metadata, sorted_text
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

metadata: Final = make_metadata()


class Base(SQLModel):
    """Puts this service's tables in this service's metadata."""

    metadata = metadata


class Stored(Resource, Base):
    """The columns of every stored resource."""


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """The column holds one of an enumeration's values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def window(column: str) -> CheckConstraint:
    """The vague date in the column is not empty."""
    return CheckConstraint(f"({column} ->> 'earliest') <= ({column} ->> 'latest')", name=f"{column}_in_order")


def code_column() -> Any:  # noqa: ANN401 - stands where a default may stand
    """A code that people use: unique, never changed."""
    return Field(sa_column=sorted_text(nullable=False, unique=True))


def refers_to(target: str, *, nullable: bool = False, index: bool = True) -> Any:  # noqa: ANN401 - as above
    """A reference by code. What is referred to is never deleted, its code never changed."""
    return Field(
        default=None, sa_column=Column(Text(collation="C"), ForeignKey(target), nullable=nullable, index=index)
    )


def vague_date() -> Any:  # noqa: ANN401 - as above
    """A window of dates with its words, as JSON."""
    return Field(default=None, sa_type=JSONB(none_as_null=True))
