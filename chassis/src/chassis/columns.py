"""Columns and constraints that tables of every service have. What a table promises is a constraint in PostgreSQL."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Text
from sqlmodel import Field


def sorted_text(**kwargs: Any) -> Column[Any]:  # noqa: ANN401 - passed on to Column
    """A text column compared byte by byte: its order is the same on every machine, and a cursor stays valid."""
    return Column(Text(collation="C"), **kwargs)


def code_column() -> Any:  # noqa: ANN401 - stands where a default may stand
    """A code that people use: unique, never changed."""
    return Field(sa_column=sorted_text(nullable=False, unique=True))


def refers_to(target: str, *, nullable: bool = False, index: bool = True) -> Any:  # noqa: ANN401 - as above
    """A reference by code. What is referred to is never deleted, its code never changed."""
    column: Column[Any] = Column(Text(collation="C"), ForeignKey(target), nullable=nullable, index=index)
    return Field(default=None, sa_column=column)


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """The column holds one of an enumeration's values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def country_form(column: str = "country_code") -> CheckConstraint:
    """The column has the form of a country code."""
    return CheckConstraint(f"{column} ~ '^[A-Z]{{2}}$'", name=f"{column}_form")
