"""What the readers of text and of workbooks hand on, before anybody knows which row is the header."""

from dataclasses import dataclass
from typing import NamedTuple


class Record(NamedTuple):
    """A row as the file has it: texts and kinds from the first column to the last that holds anything."""

    number: int
    texts: list[str]
    kinds: str
    """Empty where all are texts."""
    faults: list[tuple[int, str]]
    """Index of the column, code."""
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the file as a whole; its words are added where it is told."""

    code: str
    count: int
    rows: list[int]
    subject: str = ""
