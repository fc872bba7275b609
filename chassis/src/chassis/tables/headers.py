"""Which row names the columns, and names that no two columns share."""

import re
import statistics
from collections.abc import Iterator
from itertools import chain, islice
from typing import Final

from chassis.tables.model import Column, Kind, Limits
from chassis.tables.records import Finding, Record
from chassis.tables.refusals import Reason, UnreadableFile
from chassis.tables.sheets import letters_of

_SAMPLE_ROWS: Final = 40
_FILLED_SHARE: Final = 0.6
_NUMBER_LIKE: Final = re.compile(r"[\d\s.,:/%()+-]+")
_LONGEST_HEADER: Final = 200


class HeaderedRows:
    """The rows below the header. `header_row`, `columns` and `findings` are known when the rows have been taken."""

    def __init__(self, records: Iterator[Record], asked: int | None, limits: Limits) -> None:
        self.header_row = asked or 0
        self.findings: list[Finding] = []
        self.row_count = 0
        self._records = records
        self._asked = asked
        self._limits = limits
        self._header: list[str] = []
        self._first, self._last = limits.columns, 0

    def rows(self) -> Iterator[Record]:
        """The rows, those above the header and itself left out."""
        records = self._records
        if self._asked is None:
            sample = list(islice(records, _SAMPLE_ROWS))
            if not sample:
                raise UnreadableFile(Reason.empty, "The file holds no value.")
            self.header_row, is_sure = find_header(sample)
            if not is_sure:
                self.findings.append(Finding("suspect_header", 1, [self.header_row]))
            records = chain(sample, records)
        if self.header_row:
            records = self._below_header(records)
        width = len(self._header)
        for record in records:
            texts = record.texts
            if sum(map(len, texts)) > self._limits.row_chars:
                raise UnreadableFile(Reason.long_cell, f"Row {record.number} holds more than a million characters.")
            self.row_count += 1
            self._last = max(self._last, len(texts))
            if self._first:
                self._first = min(self._first, _first_of(record))
            if self.header_row and len(texts) > width:
                record.faults.extend((at, "beyond_header") for at in range(width, len(texts)) if texts[at])
            yield record
        if not self.row_count:
            self.findings.append(Finding("no_rows", 1, []))

    def columns(self) -> list[Column]:
        """The columns from the first to the last that hold anything."""
        last = max(self._last, len(self._header))
        taken: set[str] = set()
        found = []
        for at in range(min(self._first, last), last):
            given = self._header[at] if at < len(self._header) else ""
            found.append(
                Column(at + 1, letters_of(at + 1), _unique(given or f"Column {letters_of(at + 1)}", taken), given)
            )
        if self.header_row:
            names = [column.given for column in found]
            if empty := [column.letter for column in found if not column.given]:
                self.findings.append(Finding("empty_header", len(empty), [self.header_row], ", ".join(empty[:20])))
            repeated = sorted({name for name in names if name and names.count(name) > 1})
            if repeated:
                subject = ", ".join(repeated)[:_LONGEST_HEADER]
                self.findings.append(Finding("repeated_header", len(repeated), [self.header_row], subject))
        return found

    def _below_header(self, records: Iterator[Record]) -> Iterator[Record]:
        above: list[int] = []
        for record in records:
            if record.number < self.header_row:
                above.append(record.number)
                continue
            if record.number > self.header_row:
                break
            self._header = [" ".join(text.split())[:_LONGEST_HEADER] for text in record.texts]
            self._first = next((at for at, text in enumerate(self._header) if text), self._first)
            if suspect := sorted({code for _, code in record.faults if code != "formula_text"}):
                self.findings.append(Finding("header_faults", len(suspect), [record.number], ", ".join(suspect)))
            if above:
                self.findings.append(Finding("title_rows", len(above), above[:20]))
            return records
        raise UnreadableFile(Reason.no_such_row, f"Row {self.header_row} does not exist, or holds nothing.")


def find_header(sample: list[Record]) -> tuple[int, bool]:
    """The number of the first row that is filled like the others and holds names only; and whether there is one.

    Titles above a table fill one or two cells of many.
    """
    widths = [sum(map(bool, record.texts)) for record in sample]
    typical = statistics.median_high(widths)
    least = max(min(2, typical), _FILLED_SHARE * typical)
    filled = [record for record, width in zip(sample, widths, strict=True) if width >= least]
    for record in filled:
        if all(_is_name(record, at) for at, text in enumerate(record.texts) if text):
            return record.number, True
    return filled[0].number, False


def _first_of(record: Record) -> int:
    """The first column that holds anything: a text, or what is wrong where there is none."""
    found = [at for at, _ in record.faults]
    return min([next((at for at, text in enumerate(record.texts) if text), len(record.texts)), *found])


def _is_name(record: Record, at: int) -> bool:
    if record.kinds and record.kinds[at] != Kind.text:
        return False
    return not _NUMBER_LIKE.fullmatch(record.texts[at])


def _unique(name: str, taken: set[str]) -> str:
    """The name, with a number where it is taken. Case alone tells no two apart."""
    chosen, number = name, 1
    while chosen.casefold() in taken:
        number += 1
        chosen = f"{name} ({number})"
    taken.add(chosen.casefold())
    return chosen
