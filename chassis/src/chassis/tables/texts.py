"""Text of separated values into rows: from a file, or as a spreadsheet program puts cells on the clipboard."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from chassis.tables.cells import clean
from chassis.tables.encodings import ENCODINGS, Found
from chassis.tables.model import Limits
from chassis.tables.records import Record
from chassis.tables.refusals import Reason, UnreadableFile

# Where two divide equally well, the one that stands in fewer texts.
DELIMITERS: Final = ("\t", "|", ";", ",")
_SAMPLE_CHARS: Final = 65_536
_SAMPLE_ROWS: Final = 100
# The first line of files that are made for one spreadsheet program.
_DIRECTIVE: Final = re.compile(r"sep=(.)\r?\n")
_LINE: Final = "\n"
_LINES: Final = re.compile(r"[^\r\n]+")


def read_text(content: bytes, encoding: Found, delimiter: str, limits: Limits) -> Iterator[Record]:
    """The rows, numbered as a spreadsheet program would: a quoted line break begins no row, a blank line is one.

    Where quotation marks do not pair as they should, they are read as they stand, and the cell is named.
    """
    text = content.decode(ENCODINGS[encoding.name], encoding.errors).removeprefix("\ufeff")
    _check_lines(text, delimiter, limits)
    quoted = '"' in text
    cells = places = 0
    rows = (
        _by_rule(text, delimiter, limits)
        if not quoted or _pairs(text, delimiter, limits)
        else _by_eye(text, delimiter, limits)
    )
    skipped = 1 if _DIRECTIVE.match(text) else 0
    for number, (row, stray) in enumerate(rows, 1):
        if number <= skipped or not row:
            continue
        faults = [(at, "stray_quote") for at in stray]
        texts = []
        for at, raw in enumerate(row):
            value, codes = clean(raw)
            texts.append(value)
            faults.extend((at, code) for code in codes)
        while texts and not texts[-1] and not any(at == len(texts) - 1 for at, _ in faults):
            texts.pop()
        if not texts:
            continue
        if len(texts) > limits.columns:
            raise UnreadableFile(
                Reason.too_many_columns, f"Row {number} has {len(texts):,} cells; {limits.columns:,} are read."
            )
        cells += len(texts) - texts.count("")
        places += len(texts)
        if cells > limits.cells or places > 10 * limits.cells:
            raise UnreadableFile(Reason.too_many_cells, f"The file has more than {limits.cells:,} cells.")
        yield Record(number, texts, "", faults, is_hidden=False)


def find_delimiter(content: bytes, encoding: str, asked: str | None) -> str:
    """What stands between cells: as asked, as the file says, else what divides its first rows most evenly."""
    if asked is not None:
        if asked not in DELIMITERS:
            raise UnreadableFile(Reason.unknown_delimiter, f'Cells cannot be divided by "{asked[:10]}".')
        return asked
    # Of a text that is cut, the last line may be a part of one.
    sample = content[: 4 * _SAMPLE_CHARS].decode(ENCODINGS[encoding], "replace")[:_SAMPLE_CHARS].removeprefix("\ufeff")
    if (directive := _DIRECTIVE.match(sample)) and directive[1] in DELIMITERS:
        return directive[1]
    if len(content) > _SAMPLE_CHARS and _LINE in sample:
        sample = sample[: sample.rindex(_LINE) + 1]
    return max(DELIMITERS, key=lambda delimiter: _evenness(sample, delimiter))


def _check_lines(text: str, delimiter: str, limits: Limits) -> None:
    """Before a line becomes a list of cells: it may be all of the file."""
    if len(text) <= limits.row_chars:
        return
    for number, line in enumerate(_LINES.finditer(text), 1):
        if line.end() - line.start() > limits.row_chars:
            if text.count(delimiter, line.start(), line.end()) >= limits.columns:
                what = f"Line {number} has more than the {limits.columns:,} cells that are read."
                raise UnreadableFile(Reason.too_many_columns, what)
            raise UnreadableFile(Reason.long_cell, f"Line {number} has more than {limits.row_chars:,} characters.")


def _evenness(sample: str, delimiter: str) -> tuple[float, bool, int]:
    """How well a delimiter divides: the share of rows with the most frequent number of cells; a tab; that number."""
    if delimiter not in sample:
        return 0, False, 0
    widths: Counter[int] = Counter()
    for row, _ in _by_eye(sample, delimiter, Limits()):
        if row:
            widths[len(row)] += 1
        if widths.total() == _SAMPLE_ROWS:
            break
    several = {width: count for width, count in widths.items() if width > 1}
    if not several:
        return 0, False, 0
    width = max(several, key=lambda one: (several[one], one))
    # A title above the table is one cell; so are notes below it.
    return round(several[width] / widths.total(), 1), delimiter == "\t", width


def _pairs(text: str, delimiter: str, limits: Limits) -> bool:
    """Whether every quotation mark opens, closes or is doubled as the rule (RFC 4180) has it."""
    try:
        for _ in _by_rule(text, delimiter, limits):
            pass
    except UnreadableFile:
        return False
    return True


def _by_rule(text: str, delimiter: str, limits: Limits) -> Iterator[tuple[list[str], list[int]]]:
    csv.field_size_limit(limits.cell_chars)
    quoting: Final = csv.QUOTE_MINIMAL if '"' in text else csv.QUOTE_NONE
    lines = io.StringIO(text, newline="")
    try:
        for row in csv.reader(lines, delimiter=delimiter, strict=True, quoting=quoting):
            yield row, []
    except csv.Error as error:
        raise UnreadableFile(Reason.long_cell, f"A text has more than {limits.cell_chars:,} characters.") from error


def _by_eye(text: str, delimiter: str, limits: Limits) -> Iterator[tuple[list[str], list[int]]]:
    """Rows where a quotation mark counts only where it opens a cell and another closes it.

    Spreadsheet programs put cells on the clipboard so: only one with a line break or a tab is quoted, and other
    quotation marks stand as they are.
    """
    end = re.escape(delimiter) + r"\r\n"
    # Possessive: a mark that nothing closes is looked at once, and no further than a cell may reach.
    quoted = rf'"([^"]{{0,{limits.cell_chars}}}+(?:""[^"]{{0,{limits.cell_chars}}}+)*+)"(?=[{end}]|\Z)'
    cell = re.compile(rf"(?:{quoted}|([^{end}]*+))(\r\n|[{end}]|\Z)")
    row: list[str] = []
    stray: list[int] = []
    at, length = 0, len(text)
    while at < length:
        found = cell.match(text, at)
        assert found is not None  # noqa: S101 - the second form takes anything up to a delimiter, a line break or the end
        within, plain, after = found.groups()
        value = plain if within is None else within.replace('""', '"')
        if len(value) > limits.cell_chars:
            raise UnreadableFile(Reason.long_cell, f"A text has more than {limits.cell_chars:,} characters.")
        if within is None and value[:1] == '"':
            stray.append(len(row))
        row.append(value)
        at = found.end()
        if after != delimiter or at == length:
            if after == delimiter:
                row.append("")
            yield ([] if row == [""] else row), stray
            row, stray = [], []
