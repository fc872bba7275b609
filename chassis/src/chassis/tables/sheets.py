"""The events of a sheet, one by one, into rows. This runs for each of millions of cells: it is written to be fast."""

import re
from typing import Final

from chassis.tables.cells import clean, write_number, write_serial
from chassis.tables.model import Kind, Limits
from chassis.tables.records import Finding, Record
from chassis.tables.refusals import Reason, UnreadableFile

_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_FIRST_DIGITS: Final = re.compile(r"[0-9]{1,7}")
_LAST_ROW: Final = 1_048_576
_LONGEST_WHOLE: Final = 10
_LETTERS: Final = 26
_DIGITS: Final = "0123456789"
_LONGEST_LETTERS: Final = 3
_LONGEST_ERROR: Final = 20  # such as #DIV/0!
_ROWS_NAMED: Final = 20
_SPARSE: Final = 10  # so many places may a row's width count for one that holds anything
_REMEMBERED: Final = 100_000  # numbers, and more often dates, that come again
_TRUE: Final = {"1", "true"}

Attributes = dict[str, str]
Value = tuple[str, str, tuple[str, ...]]


class SheetReader:
    """Takes a parser's events; `take` gives the rows that are complete, `finish` what was found beside values."""

    def __init__(
        self,
        texts: list[str],
        suspect: dict[int, tuple[str, ...]],
        styles: list[str],
        limits: Limits,
        *,
        is_1904: bool,
    ) -> None:
        self.findings: list[Finding] = []
        self._texts = texts
        self._suspect = suspect
        self._styles = styles
        self._limits = limits
        self._most_cells, self._most_columns = limits.cells, limits.columns
        self._is_1904 = is_1904
        self._ready: list[Record] = []
        self._columns: dict[str, int] = {}
        self._remembered: dict[tuple[str, str | None], Value] = {}
        # Of the cell that is read. All text is taken, and that which is no value's is dropped again.
        self._parts: list[str] = []
        self.data = self._parts.append
        self._raw = ""
        self._cell: Attributes = {}
        self._has_value = self._has_formula = self._is_phonetic = False
        # Of the row that is read.
        self._row_number = self._column = self._cells = self._places = 0
        self._is_hidden = False
        self._row: list[str] = []
        self._kinds: list[str] = []
        self._faults: list[tuple[int, str]] = []
        # Of the sheet.
        self._counts = {"formulas": 0, "hidden_rows": 0, "hidden_columns": 0, "merged_cells": 0}
        self._numbers: dict[str, list[int]] = {code: [] for code in self._counts}

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""
        if name == "c":
            self._cell = attributes
            self._raw = ""
            self._has_value = False
        elif name == "v":
            self._has_value = True
            self._parts.clear()
        elif name == "row":
            self._start_row(attributes)
        elif name == "f":
            self._has_formula = True
        elif name == "t":
            self._parts.clear()
        elif name == "rPh":
            self._is_phonetic = True
        elif name == "mergeCell":
            digits = _FIRST_DIGITS.search(attributes.get("ref", ""))
            self._count("merged_cells", int(digits[0]) if digits else 0)
        elif name == "col" and attributes.get("hidden") in _TRUE:
            self._count("hidden_columns", 0)

    def end(self, name: str) -> None:
        """An element ends."""
        if name == "v":
            parts = self._parts
            self._raw = parts[0] if len(parts) == 1 else "".join(parts)
        elif name == "c":
            self._end_cell()
        elif name == "row":
            self._end_row()
        elif name == "t":
            if not self._is_phonetic:
                self._raw += "".join(self._parts)
        elif name == "rPh":
            self._is_phonetic = False

    def take(self) -> list[Record]:
        """The rows that have become complete."""
        ready, self._ready = self._ready, []
        return ready

    def finish(self) -> None:
        """Tell what was found beside values."""
        for code, count in self._counts.items():
            if count:
                self.findings.append(Finding(code, count, self._numbers[code]))

    def _start_row(self, attributes: Attributes) -> None:
        given = attributes.get("r")
        number = self._row_number + 1 if given is None else whole(given)
        if not self._row_number < number <= _LAST_ROW:
            raise UnreadableFile(
                Reason.damaged, f"The rows of the sheet are out of order after row {self._row_number}."
            )
        self._row_number, self._column = number, 0
        self._is_hidden = attributes.get("hidden") in _TRUE
        self._row, self._kinds, self._faults = [], [], []

    def _end_row(self) -> None:
        if not self._row:
            return
        if self._is_hidden:
            self._count("hidden_rows", self._row_number)
        self._places += len(self._row)
        if self._places > _SPARSE * self._limits.cells:
            raise UnreadableFile(
                Reason.too_many_cells, f"Row {self._row_number}: the sheet is too wide for its length."
            )
        kinds = "".join(self._kinds)
        self._ready.append(Record(self._row_number, self._row, kinds, self._faults, self._is_hidden))

    def _end_cell(self) -> None:
        cell = self._cell
        raw = self._raw
        reference = cell.get("r")
        if reference is None:
            column = self._column + 1
        else:
            column = self._columns.get(reference.rstrip(_DIGITS)) or self._column_of(reference)
        self._column = column
        if raw:
            text, kind, codes = self._value(cell, raw)
        elif not self._has_formula:
            return
        else:
            text, kind, codes = "", "-", ()
        if self._has_formula:
            self._has_formula = False
            self._count("formulas", self._row_number)
            if not raw and not (self._has_value and cell.get("t") == "str"):
                codes = ("formula_without_value",)
        if not (text or codes):
            return
        self._cells += 1
        row = self._row
        missing = column - 1 - len(row)
        if missing or column > self._most_columns or self._cells > self._most_cells:
            self._move_to(column, missing)
        row.append(text)
        self._kinds.append(kind)
        if codes:
            self._faults.extend([(column - 1, code) for code in codes])

    def _move_to(self, column: int, missing: int) -> None:
        """Fill the row up to a column that does not follow the last one; refused where none may stand there."""
        if self._cells > self._most_cells:
            raise UnreadableFile(Reason.too_many_cells, f"The sheet has more than {self._most_cells:,} cells.")
        if column > self._most_columns:
            place = f"{letters_of(column)}{self._row_number}"
            what = f"There is a value in {place}, beyond the {self._most_columns:,} columns that are read."
            raise UnreadableFile(Reason.too_many_columns, what)
        if missing < 0:
            raise UnreadableFile(Reason.damaged, f"The cells of row {self._row_number} are out of order.")
        self._row.extend([""] * missing)
        self._kinds.append(Kind.empty.value * missing)

    def _value(self, cell: Attributes, raw: str) -> Value:
        kind = cell.get("t", "n")
        if kind == "s":
            try:
                at = int(raw)
                text = self._texts[at] if at >= 0 else None
            except (ValueError, IndexError):
                text = None
            if text is None:
                what = f"A cell of row {self._row_number} refers to a text that is missing."
                raise UnreadableFile(Reason.damaged, what)
            return text, "t", (self._suspect.get(at, ()) if self._suspect else ())
        if kind == "n":
            key = (raw, cell.get("s"))
            known = self._remembered.get(key)
            if known is None:
                known = self._number(*key)
                if len(self._remembered) < _REMEMBERED:
                    self._remembered[key] = known
            return known
        if kind == "b":
            return ("true" if raw.strip() == "1" else "false"), "b", ()
        if kind == "e":
            return clean(raw[:_LONGEST_ERROR])[0], "e", ("error_value",)
        if len(raw) > self._limits.cell_chars:
            what = f"A text in row {self._row_number} has more than {self._limits.cell_chars:,} characters."
            raise UnreadableFile(Reason.long_cell, what)
        text, codes = clean(unescape(raw))
        return text, ("d" if kind == "d" else "t"), codes

    def _number(self, raw: str, style_index: str | None) -> Value:
        text, code = write_number(raw)
        if code is not None:
            return text, ("t" if code == "number_expected" else "n"), (code,)
        index = 0 if style_index is None else whole(style_index)
        style = self._styles[index] if index < len(self._styles) else "number"
        if style == "number":
            return text, "n", ()
        if style.startswith("zeros"):
            return text.zfill(len(style) - len("zeros")), "n", ()
        written = write_serial(float(raw), style, is_1904=self._is_1904)
        if written is None:
            return text, "n", ("impossible_date",)
        return written, ("t" if style == "elapsed" else "d"), ()

    def _column_of(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        column = self._columns.get(letters)
        if column is None:
            if not (letters.isascii() and letters.isalpha() and len(letters) <= _LONGEST_LETTERS):
                raise UnreadableFile(Reason.damaged, f"A cell of row {self._row_number} does not say where it stands.")
            column = 0
            for letter in letters.upper():
                column = column * _LETTERS + ord(letter) - ord("A") + 1
            self._columns[letters] = column
        return column

    def _count(self, code: str, number: int) -> None:
        self._counts[code] += 1
        rows = self._numbers[code]
        if number and len(rows) < _ROWS_NAMED and (not rows or rows[-1] != number):
            rows.append(number)


def letters_of(column: int) -> str:
    """The letters of a column: 1 is A, 27 is AA."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, _LETTERS)
        letters = chr(ord("A") + rest) + letters
    return letters


def unescape(text: str) -> str:
    """Characters that XML cannot hold, as workbooks write them: `_x000D_`."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def whole(text: str) -> int:
    """A whole number inside the file, such as a row's; anything else is damage."""
    if text.isdigit() and len(text) <= _LONGEST_WHOLE and text.isascii():
        return int(text)
    raise UnreadableFile(Reason.damaged, "A number inside the workbook is not one.")
