"""What a file turns out to hold: rows of texts with their true numbers, and all that is odd about them."""

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

# A row holds a million characters at most, of four bytes each at worst; a block is full when it has 256 thousand.
LARGEST_BLOCK_BYTES: Final = 16 * 1024 * 1024


class Kind(StrEnum):
    """What the file says that a cell holds, in one letter. A text file says nothing: all is text."""

    text = "t"
    number = "n"
    date = "d"
    boolean = "b"
    error = "e"
    empty = "-"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may ask of this machine."""

    content_bytes: int = 32 * 1024 * 1024
    cells: int = 2_000_000
    columns: int = 1_000
    cell_chars: int = 32_767
    row_chars: int = 1_000_000
    output_bytes: int = 64 * 1024 * 1024
    unpacked_bytes: int = 256 * 1024 * 1024
    archive_entries: int = 2_000
    ratio: int = 250
    memory_bytes: int = 512 * 1024 * 1024
    cpu_seconds: int = 20
    wall_seconds: float = 30


class Sheet(NamedTuple):
    """A sheet of a workbook."""

    name: str
    is_hidden: bool


class Column(NamedTuple):
    """A column: its number from 1 and letter, a header that no other column has, and what stands in the file."""

    number: int
    letter: str
    header: str
    given: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something about the whole file that its reader should know. `rows` are the first few that it concerns."""

    code: str
    message: str
    count: int
    rows: tuple[int, ...]


class Fault(NamedTuple):
    """Something suspect in one cell."""

    column_index: int
    code: str
    message: str

    @property
    def is_blocking(self) -> bool:
        """Whether the value is not to be used before somebody has looked: all but what was removed without loss."""
        return self.code != "invisible_character"


FAULTS: Final = {
    "bidi_control": "Characters that turn the direction of writing were removed; the text may not read as it looked. "
    "Type it again.",
    "control_character": "Characters that cannot be printed were removed. Type it again.",
    "invisible_character": "Invisible characters were removed.",
    "replacement_character": "A letter was lost when the file was converted before. Type it again, or send the file "
    "from which it was made.",
    "error_value": "The spreadsheet shows an error here. Mend the formula, or type the value.",
    "formula_without_value": "This formula has never been calculated. Open the file in a spreadsheet program and save "
    "it, or type the value.",
    "formula_text": "This text looks like a formula. It was not calculated; type the value.",
    "impossible_date": "This is formatted as a date, but there is no such day. Type the date.",
    "long_number": "A number of more than 15 digits: the spreadsheet has rounded it. Format the column as text and "
    "type it again.",
    "stray_quote": "A quotation mark here is not closed, or not doubled. Look whether the cell ends where it should.",
    "beyond_header": "This value stands to the right of the last column with a header.",
    "number_expected": "This cell is marked as a number, but holds none. Type the value.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row that holds anything: a text and a kind for each column, and the faults of its cells."""

    number: int
    texts: list[str]
    kinds: str
    faults: list[Fault]
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A file as it was read. The rows lie compressed and are unpacked block by block."""

    format: str
    sheets: tuple[Sheet, ...]
    sheet: str | None
    encoding: str | None
    is_encoding_guessed: bool
    delimiter: str | None
    header_row: int
    columns: tuple[Column, ...]
    row_count: int
    notes: tuple[Note, ...]
    _blocks: Sequence[bytes] = field(repr=False)

    def rows(self) -> Iterator[Row]:
        """All rows below the header that hold anything; may be asked for again."""
        first = self.columns[0].number - 1 if self.columns else 0
        width = len(self.columns)
        for block in self._blocks:
            for number, is_hidden, texts, kinds, faults in json.loads(unpack(block)):
                cells = texts[first:]
                cells.extend([""] * (width - len(cells)))
                letters = kinds[first:] + Kind.empty * (width - len(kinds) + first) if kinds else _text_kinds(cells)
                found = [Fault(at - first, code, FAULTS[code]) for at, code in faults]
                yield Row(number, cells, letters, found, bool(is_hidden))


def _text_kinds(cells: list[str]) -> str:
    return "".join([Kind.text if cell else Kind.empty for cell in cells])


def unpack(block: bytes) -> bytes:
    """The block as it was before it was packed. It comes from where hostile files are read, so its size is bounded."""
    unpacker = zlib.decompressobj()
    unpacked = unpacker.decompress(block, LARGEST_BLOCK_BYTES)
    if not unpacker.eof:
        raise ValueError("A block of rows is larger than any that was packed here.")
    return unpacked
