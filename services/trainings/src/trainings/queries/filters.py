"""Conditions that several lists share."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement


def holds_any(column: Any) -> Callable[[list[str]], ColumnElement[bool]]:  # noqa: ANN401 - a column of an array type
    """A filter: the column's array holds at least one of the values."""
    made: Callable[[list[str]], ColumnElement[bool]] = column.overlap
    return made
