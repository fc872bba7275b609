"""Which column of a file is which field: proposed by likeness of its header; samples, and what its dates leave open."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from rapidfuzz import fuzz

from chassis.errors import invalid
from chassis.tables.dates import DateOrder, find_order
from chassis.tables.model import Row, Table
from chassis.tables.words import fold

TAKEN_AT: Final = 88
"""From this likeness on a proposal is taken until somebody says otherwise."""
PROPOSED_AT: Final = 70
_SAMPLES: Final = 3
_SAMPLE_LENGTH: Final = 80
_DATE_LENGTH: Final = 30
Field = TypeVar("Field", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Proposal(Generic[Field]):
    """What a header may mean, and how alike it is, from 0 to 100."""

    field: Field | None
    score: int | None


def likeness(header: str, known: str) -> int:
    """How alike two headers are: whole, or in another order of words. A part alone is not the whole."""
    return int(max(fuzz.ratio(header, known), fuzz.token_sort_ratio(header, known)))


class Headers(Generic[Field]):
    """The fields that columns may be, and how people head them: synonyms parted by `|`."""

    def __init__(
        self,
        written: Mapping[Field, str],
        left_out: str = "",
        folded: Callable[[str], str] = fold,
        special: Callable[[str, Collection[Field]], Field | None] = lambda _key, _sure: None,
    ) -> None:
        """`left_out`: headers that nobody needs; `special`: what a header means beside fields that are sure."""
        self._folded = folded
        self._special = special
        self._known = [
            (field, self.key(word)) for field, words in written.items() for word in (str(field), *words.split("|"))
        ]
        self._left_out = frozenset(self.key(word) for word in left_out.split("|"))

    def key(self, text: str) -> str:
        """What two spellings of one header share."""
        return self._folded(text.replace("_", " ").replace(".", " "))

    def propose(self, headers: Sequence[str]) -> list[Proposal[Field]]:
        """For each header the field that it is most like; a field once, for the header most like it."""
        ranked: list[tuple[int, int, Field]] = []
        for place, header in enumerate(headers):
            key = self.key(header)
            if not key or key in self._left_out:
                continue
            best: dict[Field, int] = {}
            for field, known in self._known:
                score = likeness(key, known)
                if score >= PROPOSED_AT and score > best.get(field, 0):
                    best[field] = score
            ranked += [(score, -place, field) for field, score in best.items()]
        sure = {field for score, _, field in ranked if score >= TAKEN_AT}
        for place, header in enumerate(headers):
            if (meant := self._special(self.key(header), sure)) is not None:
                ranked.append((100, -place, meant))
        found: list[Proposal[Field]] = [Proposal(None, None) for _ in headers]
        taken: set[Field] = set()
        for score, minus_place, field in sorted(ranked, reverse=True):
            if field not in taken and found[-minus_place].field is None:
                found[-minus_place] = Proposal(field, score)
                taken.add(field)
        return found

    def layout_of(self, headers: Sequence[str]) -> bytes:
        """What two files of one layout share, whatever the spelling of their headers' case, accents and spaces."""
        return hashlib.sha256(json.dumps([self.key(header) for header in headers]).encode()).digest()


class Looks:
    """What is shown of a file, gathered while its rows go by."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._samples: list[list[str]] = [[] for _ in table.columns]
        self._texts: list[set[str]] = [set() for _ in table.columns]

    def see(self, row: Row) -> None:
        """Note what a row shows of its columns."""
        for place, cell in enumerate(row.texts):
            if not cell:
                continue
            samples = self._samples[place]
            if len(samples) < _SAMPLES and cell[:_SAMPLE_LENGTH] not in samples:
                samples.append(cell[:_SAMPLE_LENGTH])
            if row.kinds[place] == "t" and len(cell) <= _DATE_LENGTH and cell[-1].isdigit():
                self._texts[place].add(cell)

    def describe(self, headers: Headers[Any]) -> dict[str, Any]:
        """Columns with samples and what each is taken for, and how the file was read."""
        table = self._table
        proposals = headers.propose([column.given for column in table.columns])
        columns = []
        for place, (column, proposal) in enumerate(zip(table.columns, proposals, strict=True)):
            order = find_order(self._texts[place])
            columns.append(
                {
                    "number": column.number,
                    "header": column.header,
                    "samples": self._samples[place],
                    "field": proposal.field if (proposal.score or 0) >= TAKEN_AT else None,
                    "proposed_field": proposal.field,
                    "score": proposal.score,
                    "is_remembered": False,
                    "order": order.order and str(order.order),
                    "asks_order": order.is_ambiguous or order.is_contradictory,
                }
            )
        return {
            "columns": columns,
            "layout": headers.layout_of([column.header for column in table.columns]).hex(),
            "sheet": table.sheet,
            "sheets": [sheet.name for sheet in table.sheets],
            "header_row": table.header_row,
            "encoding": table.encoding,
            "delimiter": table.delimiter,
            "is_encoding_guessed": table.is_encoding_guessed,
            "notes": [[str(note.code), note.message, note.count] for note in table.notes],
            "faults": [],
        }


def cells_of(row: Row) -> dict[str, Any]:
    """A row as it is kept: texts, kinds, and the faults that somebody has to look at."""
    cells: dict[str, Any] = {"t": row.texts, "k": row.kinds}
    faults = [[fault.column_index, str(fault.code), fault.message] for fault in row.faults if fault.is_blocking]
    if faults:
        cells["f"] = faults
    return cells


def mapping_of(details: Mapping[str, Any]) -> dict[str, int]:
    """The place among a row's texts of each field that a column is mapped to."""
    return {one["field"]: place for place, one in enumerate(details["columns"]) if one["field"] is not None}


def texts_of(cells: Mapping[str, Any], mapping: Mapping[str, int]) -> dict[str, str]:
    """What a row says by field: as the file has it, or as it was corrected."""
    texts = {name: cells["t"][place] for name, place in mapping.items() if place < len(cells["t"])}
    return texts | {name: text for name, text in cells.get("c", {}).items() if name in mapping}


def map_columns(details: Mapping[str, Any], fields: Iterable[tuple[int, str | None]]) -> None:
    """Say what columns are, by their numbers; those that are not named stay as they are. A field is one column."""
    columns = {column["number"]: column for column in details["columns"]}
    for place, (number, field) in enumerate(fields):
        column = columns.get(number)
        if column is None:
            raise invalid(f"#/fields/{place}/number", "unknown_column", "The file has no column of this number.")
        column["field"], column["is_remembered"] = field, False
    taken: dict[str, str] = {}
    for column in details["columns"]:
        name = column["field"]
        if name is not None and name in taken:
            message = f"The columns “{taken[name]}” and “{column['header']}” cannot both be {name}."
            raise invalid("#/fields", "mapped_twice", message)
        if name is not None:
            taken[name] = column["header"]


def found_date_order(details: Mapping[str, Any], date_fields: Collection[str]) -> DateOrder | None:
    """The order of day, month and year that the dates of a file settle; None where they leave it open."""
    dated = _dated(details, date_fields)
    found = {column["order"] for column in dated if column["order"]}
    return DateOrder(found.pop()) if len(found) == 1 and not any(column["asks_order"] for column in dated) else None


def asks_date_order(details: Mapping[str, Any], date_fields: Collection[str]) -> bool:
    """Whether a date of the file may be two days."""
    dated = _dated(details, date_fields)
    found = {column["order"] for column in dated if column["order"]}
    return len(found) > 1 or any(column["asks_order"] for column in dated)


def _dated(details: Mapping[str, Any], date_fields: Collection[str]) -> list[Mapping[str, Any]]:
    return [column for column in details["columns"] if column["field"] in date_fields]
