"""A workbook to fill in: lists to choose from, and the codes they stand for. Never a formula of anybody's data."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final

import xlsxwriter

from chassis.tables.sheets import letters_of

CODES_SHEET: Final = "Codes"
ABOUT_SHEET: Final = "About"
_LAST_ROW: Final = 1_048_576
_ROWS_WITH_CHOICES: Final = 10_000
_TEXT_FORMAT: Final = "@"
_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column of a workbook to fill in. `choices` are the codes that its cells may hold."""

    header: str
    comment: str | None = None
    choices: Sequence[str] = ()
    is_hidden: bool = False
    width: int = 16


class PlainWorkbook:
    """A workbook of one sheet of texts, written row by row: what was written is not kept in memory."""

    def __init__(self, file: IO[bytes], headers: Sequence[str], *, sheet: str) -> None:
        self._workbook = xlsxwriter.Workbook(file, _OPTIONS | {"in_memory": False, "constant_memory": True})
        self._sheet = self._workbook.add_worksheet(sheet)
        self._text = self._workbook.add_format({"num_format": _TEXT_FORMAT})
        self._row = 0
        self.add([headers])

    def add(self, rows: Iterable[Sequence[str]]) -> None:
        """Write rows below those before."""
        for row in rows:
            for at, cell in enumerate(row):
                self._sheet.write_string(self._row, at, cell, self._text)
            self._row += 1

    def close(self) -> None:
        """End the file."""
        self._workbook.close()


def write_workbook(
    columns: Sequence[SheetColumn],
    rows: Iterable[Sequence[str | None]],
    *,
    sheet: str,
    codes: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    about: Sequence[tuple[str, str]] = (),
) -> bytes:
    """A workbook whose first sheet has `columns` and `rows`. All its cells are text, filled or not.

    So an id keeps its zeros, a date its digits, and a text that begins like a formula is a text. `codes` lists, for
    each title, codes with what they mean, on a sheet of their own; `about` is a sheet of pairs.
    """
    content = io.BytesIO()
    workbook = xlsxwriter.Workbook(content, dict(_OPTIONS))
    formats = {
        "text": workbook.add_format({"num_format": _TEXT_FORMAT}),
        "header": workbook.add_format({"num_format": _TEXT_FORMAT, "bold": True, "bottom": 1, "text_wrap": True}),
    }
    data = workbook.add_worksheet(sheet)
    listed = _write_codes(workbook, columns, codes or {}, formats)
    for at, column in enumerate(columns):
        data.set_column(at, at, column.width, formats["text"], {"hidden": column.is_hidden})
        data.write_string(0, at, column.header, formats["header"])
        if column.comment:
            data.write_comment(0, at, column.comment, {"x_scale": 2, "y_scale": 1.5})
        if column.choices:
            data.data_validation(1, at, _ROWS_WITH_CHOICES, at, _choice(column, listed[at]))
    data.freeze_panes(1, 0)
    last = 0
    for last, row in enumerate(rows, 1):
        if last >= _LAST_ROW:
            raise ValueError(f"A sheet has no more than {_LAST_ROW:,} rows.")
        for at, text in enumerate(row):
            # The library tells by a number that a text does not fit, and goes on without it.
            if text and data.write_string(last, at, text, formats["text"]):
                raise ValueError(f"The text for {letters_of(at + 1)}{last + 1} is longer than a cell may be.")
    if columns:
        data.autofilter(0, 0, max(last, 1), len(columns) - 1)
    if about:
        _write_about(workbook, about, formats)
    workbook.close()
    return content.getvalue()


def _write_codes(
    workbook: Any,  # noqa: ANN401 - the library declares no types
    columns: Sequence[SheetColumn],
    codes: Mapping[str, Sequence[tuple[str, str]]],
    formats: Mapping[str, Any],
) -> dict[int, str]:
    """The sheet with the codes; for each column with choices, where they stand there, as a reference."""
    chosen = [(at, column) for at, column in enumerate(columns) if column.choices]
    if not codes and not chosen:
        return {}
    sheet = workbook.add_worksheet(CODES_SHEET)
    place = 0
    for title, pairs in codes.items():
        sheet.set_column(place, place + 1, 24, formats["text"])
        sheet.write_string(0, place, title, formats["header"])
        sheet.write_string(0, place + 1, "Meaning", formats["header"])
        for row, (code, label) in enumerate(pairs, 1):
            sheet.write_string(row, place, code, formats["text"])
            sheet.write_string(row, place + 1, label, formats["text"])
        place += 3
    listed = {}
    for at, column in chosen:
        sheet.set_column(place, place, 24, formats["text"])
        sheet.write_string(0, place, column.header, formats["header"])
        for row, code in enumerate(column.choices, 1):
            sheet.write_string(row, place, code, formats["text"])
        letters = letters_of(place + 1)
        # A list that is typed into the rule itself may have 255 characters; one that is referred to any number.
        listed[at] = f"={CODES_SHEET}!${letters}$2:${letters}${len(column.choices) + 1}"
        place += 1
    sheet.freeze_panes(1, 0)
    return listed


def _choice(column: SheetColumn, source: str) -> dict[str, Any]:
    return {
        "validate": "list",
        "source": source,
        "error_title": "Not in the list",
        "error_message": f"Choose a value of the sheet {CODES_SHEET}, column {column.header}."[:255],
        "error_type": "stop",
        "ignore_blank": True,
    }


def _write_about(workbook: Any, about: Sequence[tuple[str, str]], formats: Mapping[str, Any]) -> None:  # noqa: ANN401 - as above
    sheet = workbook.add_worksheet(ABOUT_SHEET)
    sheet.set_column(0, 0, 24, formats["text"])
    sheet.set_column(1, 1, 80, formats["text"])
    for row, (name, text) in enumerate(about):
        sheet.write_string(row, 0, name, formats["header"])
        sheet.write_string(row, 1, text, formats["text"])
