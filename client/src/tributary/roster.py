"""A roster from a file, as `tributary roster` does it: read, checked, committed, and what is wrong in it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tributary.client import Tributary, TributaryError
from tributary.roster_imports import PASTED, PATH, address_of

Answer = dict[str, Any]
Watcher = Callable[[Answer], None]
FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 2.0
# How many columns without a field are named, so that a message stays readable.
COLUMNS_NAMED: Final = 10
_UNFINISHED: Final = {"queued", "running"}
_MEDIA_TYPES: Final = {
    ".csv": "text/csv",
    ".tsv": PASTED,
    ".tab": PASTED,
    ".txt": "text/plain",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_ANY_BYTES: Final = "application/octet-stream"
DUPLICATE: Final = "possible_duplicate"
_DUPLICATE_WORDS: Final = "May be somebody who is recorded already. Open the import in the pages and say who it is."


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


def submit_roster(
    api: Tributary, content: bytes, *, file_name: str, training_id: str | None, country_code: str | None
) -> Answer:
    """Hand over a file."""
    return api.upload(
        PATH,
        content,
        media_type=media_type_of(file_name),
        file_name=file_name,
        training_id=training_id,
        country_code=country_code,
    )


def read_roster(api: Tributary, one: Answer, reading: Reading, watch: Watcher) -> Answer:
    """Wait until the file is read, as `reading` says. Raises `UndecidedError` where dates may be read in two ways."""
    changes: Answer
    one = wait_for(api, one, watch)
    where = {"sheet": reading.sheet, "header_row": reading.header_row}
    if changes := {name: value for name, value in where.items() if value is not None and one[name] != value}:
        one = wait_for(api, _update(api, one, changes), watch)
    changes = {}
    if reading.date_order:
        changes["date_order"] = reading.date_order
    if reading.fields:
        changes["fields"] = mapping_of(one, reading.fields)
    if changes:
        one = wait_for(api, _update(api, one, changes), watch)
    if one["is_date_order_needed"] and not one["date_order"]:
        raise UndecidedError("Some dates may be read in two ways. Say which with --date-order dmy, mdy or ymd.")
    return one


def check_roster(api: Tributary, one: Answer, watch: Watcher) -> Answer:
    """Have every row held against the rules and the records, and wait for it. Nothing is written."""
    return wait_for(api, _start(api, one, "check"), watch)


def commit_roster(api: Tributary, one: Answer, watch: Watcher | None) -> Answer:
    """Have all of it written, or nothing. Waits for it where somebody watches."""
    started = _start(api, one, "commit")
    return started if watch is None else wait_for(api, started, watch)


def has_errors(one: Answer) -> bool:
    """Whether a row stands in the way of a commit."""
    counts = one["counts"]
    return bool(counts["error"] or counts[DUPLICATE])


def list_errors(api: Tributary, one: Answer) -> Iterator[RowError]:
    """Everything that is wrong, row by row."""
    for row in api.list(f"{address_of(one['id'])}/rows", outcome=["error", DUPLICATE], sort="row"):
        for error in row["errors"]:
            column, of_field = error["column"] or "", error["field"] or ""
            yield RowError(row["row"], column, of_field, error["code"], error["message"])
        if row["outcome"] == DUPLICATE:
            yield RowError(row["row"], "", "", DUPLICATE, _DUPLICATE_WORDS)


def wait_for(api: Tributary, one: Answer, watch: Watcher) -> Answer:
    """The import when its newest piece of work has ended well. Raises `TributaryError` where it has not."""
    pause_seconds = FIRST_PAUSE_SECONDS
    watch(one)
    while one["status"] in _UNFINISHED:
        time.sleep(pause_seconds)
        pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)
        one = api.get(address_of(one["id"]))
        watch(one)
    if one["status"] == "succeeded":
        return one
    problem = one["problem"] or {}
    raise TributaryError(problem.get("detail") or f"The {one['task']} of import {one['id']} was {one['status']}.")


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


def _update(api: Tributary, one: Answer, changes: Answer) -> Answer:
    return api.patch(address_of(one["id"]), changes, version=one["version"])


def _start(api: Tributary, one: Answer, verb: str) -> Answer:
    return api.post(f"{address_of(one['id'])}/{verb}", version=one["version"])
