"""Conditions that several questions share."""

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import ColumnElement, Uuid, bindparam, func
from sqlalchemy.dialects.postgresql import ARRAY


def holds_any(column: Any) -> Callable[[list[str]], ColumnElement[bool]]:  # noqa: ANN401 - a column of an array type
    """A filter: the column's array holds at least one of the values."""
    made: Callable[[list[str]], ColumnElement[bool]] = column.overlap
    return made


def any_of(column: Any, values: Collection[Any], kind: Any = Uuid) -> Any:  # noqa: ANN401 - a column, and its type
    """Whether a column is one of many values, sent as one array."""
    return column == func.any(bindparam(None, list(values), ARRAY(kind), unique=True))
