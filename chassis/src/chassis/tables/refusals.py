"""Why a file is not read. One exception for all of it: what is wrong in plain words, and what to do about it."""

from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

from chassis.errors import DomainError, FieldError


class Reason(StrEnum):
    """What is wrong with a file; stable, and part of the API."""

    empty = "empty"
    too_large = "too_large"
    encrypted = "encrypted"
    old_format = "old_format"
    not_a_table = "not_a_table"
    damaged = "damaged"
    unsafe = "unsafe"
    too_demanding = "too_demanding"
    too_many_cells = "too_many_cells"
    too_many_columns = "too_many_columns"
    long_cell = "long_cell"
    unknown_sheet = "unknown_sheet"
    no_such_row = "no_such_row"
    unknown_encoding = "unknown_encoding"
    undecodable = "undecodable"
    unknown_delimiter = "unknown_delimiter"


_SAVE_AGAIN: Final = "Open it in a spreadsheet program, save it as .xlsx or as CSV UTF-8, and send that file."
_SPLIT: Final = "Delete what is not needed, or divide it into several files."
MENDING: Final = {
    Reason.empty: "Send a file with a header row and at least one row below it.",
    Reason.too_large: _SPLIT,
    Reason.encrypted: "Remove the password (File, Info, Protect Workbook) and send it again.",
    Reason.old_format: _SAVE_AGAIN,
    Reason.not_a_table: "Send a spreadsheet (.xlsx), a CSV file, or cells pasted from a spreadsheet.",
    Reason.damaged: _SAVE_AGAIN,
    Reason.unsafe: _SAVE_AGAIN,
    Reason.too_demanding: "Copy the cells that count into a new workbook, or save them as CSV UTF-8, and send that.",
    Reason.too_many_cells: _SPLIT,
    Reason.too_many_columns: "Delete the columns that are not needed, and values that stand far to the right.",
    Reason.long_cell: "Shorten the text. A quotation mark that is never closed also makes one cell of many.",
    Reason.unknown_sheet: "Choose one of the sheets that the file has.",
    Reason.no_such_row: "Choose the row that holds the names of the columns.",
    Reason.unknown_encoding: "Choose one of the encodings in the list, or save the file as CSV UTF-8.",
    Reason.undecodable: "Choose another encoding, or save the file as CSV UTF-8.",
    Reason.unknown_delimiter: "Choose a comma, a semicolon, a tab or a vertical bar.",
}


class UnreadableFile(DomainError):
    """A file that cannot be read as a table, or will not be. `what` is wrong, in words; `detail` adds what to do."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "unreadable_file"
    title = "This file cannot be read"

    def __init__(self, reason: Reason, what: str, **extra: Any) -> None:  # noqa: ANN401 - members of a problem document are free
        mending = MENDING[reason]
        super().__init__(f"{what} {mending}", [FieldError(reason.value, f"{what} {mending}", pointer="#/")], **extra)
        self.reason = reason
        self.what = what
