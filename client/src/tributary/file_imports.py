"""What imports of files share, of rosters and of ledger entries: how a file is read, and what is wrong in its rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tributary.client import TributaryError
from tributary.roster_imports import PASTED

Answer = dict[str, Any]
# How many columns without a field are named, so that a message stays readable.
COLUMNS_NAMED: Final = 10
_MEDIA_TYPES: Final = {
    ".csv": "text/csv",
    ".tsv": PASTED,
    ".tab": PASTED,
    ".txt": "text/plain",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_ANY_BYTES: Final = "application/octet-stream"


class UndecidedError(TributaryError):
    """The file leaves something open that only its sender knows; the message names the option that says it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read, where it is not to be found out."""

    sheet: str | None = None
    header_row: int | None = None
    date_order: str | None = None
    fields: Mapping[str, str | None] = field(default_factory=dict)
    """Header of a column -> field, None to leave the column out."""


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong in a row, and how to mend it."""

    row: int
    column: str
    field: str
    code: str
    message: str


def media_type_of(file_name: str) -> str:
    """What a file is sent as, by its name; what it is, is found by its content."""
    return _MEDIA_TYPES.get(Path(file_name).suffix.lower(), _ANY_BYTES)


def changes_of(one: Answer, reading: Reading) -> Answer:
    """What `reading` changes of how an import that was read takes its dates and its columns."""
    changes: Answer = {}
    if reading.date_order:
        changes["date_order"] = reading.date_order
    if reading.fields:
        changes["fields"] = mapping_of(one, reading.fields)
    return changes


def require_date_order(one: Answer) -> None:
    """Raise `UndecidedError` where dates may be read in two ways and nobody has said which."""
    if one["is_date_order_needed"]:
        raise UndecidedError("Some dates may be read in two ways. Say which with --date-order dmy, mdy or ymd.")


def errors_of(row: Answer) -> Iterator[RowError]:
    """Everything that is wrong in a row."""
    for error in row["errors"]:
        column, of_field = error["column"] or "", error["field"] or ""
        yield RowError(row["row"], column, of_field, error["code"], error["message"])


def write_counts(one: Answer) -> str:
    """The rows of an import by what they would do, in one line."""
    counts = one["counts"]
    parts = [f"{counts[name]:,} {name.replace('_', ' ')}" for name in counts if name != "rows" and counts[name]]
    return f"{counts['rows']:,} {'row' if counts['rows'] == 1 else 'rows'}: {', '.join(parts) or 'nothing to do'}"


def unmapped_of(one: Answer) -> Sequence[str]:
    """The headers of the columns that are left out."""
    return [column["header"] for column in one["columns"] if column["field"] is None]


def mapping_of(one: Answer, fields: Mapping[str, str | None]) -> list[Answer]:
    """What columns are, by their numbers. Raises `UndecidedError` where a header is none of the file."""
    numbers = {column["header"]: column["number"] for column in one["columns"]}
    if unknown := [header for header in fields if header not in numbers]:
        known = ", ".join(list(numbers)[:COLUMNS_NAMED])
        raise UndecidedError(f'The file has no column "{unknown[0]}". Its columns: {known}.')
    return [{"number": numbers[header], "field": chosen} for header, chosen in fields.items()]
