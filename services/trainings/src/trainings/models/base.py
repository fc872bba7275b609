"""What the tables of this service share: one metadata, sealed columns, quantities."""

from typing import Any, Final

from chassis.resources import Resource, make_metadata
from sqlalchemy import Column, LargeBinary, Numeric, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

metadata: Final = make_metadata()


class Base(SQLModel):
    """Puts this service's tables in this service's metadata."""

    metadata = metadata


class Stored(Resource, Base):
    """The columns of every stored resource."""


def sealed(*, nullable: bool = True) -> Any:  # noqa: ANN401 - stands where a default may stand
    """A personal column: holds what `privacy` made of it, never the text."""
    return Field(default=None, sa_type=LargeBinary, nullable=nullable)


def keyed_marks() -> Any:  # noqa: ANN401 - as above
    """Keyed digests that are looked up and say nothing without the key."""
    return Field(default_factory=list, sa_column=Column(ARRAY(LargeBinary), nullable=False, server_default=sql("'{}'")))


def texts() -> Any:  # noqa: ANN401 - as above
    """Short texts, none by default."""
    return Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False, server_default=sql("'{}'")))


def quantity(digits: int, places: int) -> Any:  # noqa: ANN401 - as above
    """A decimal number that may be unknown."""
    return Field(default=None, sa_type=Numeric(digits, places))
