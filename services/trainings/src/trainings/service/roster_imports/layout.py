"""What a file looks like: its rows as they are kept, its columns with samples, and which field each is taken for."""

import uuid
from collections.abc import Iterator, Sequence
from typing import Any, Final

from chassis.tables.dates import find_order
from chassis.tables.model import Row, Table
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.domain import DATE_FIELDS, DateOrder, ImportStage
from trainings.models import RosterImport
from trainings.service.roster_imports.columns import TAKEN_AT, layout_of, propose
from trainings.service.roster_imports.papers import Tools

_SAMPLES: Final = 3
_SAMPLE_LENGTH: Final = 80
_DATE_LENGTH: Final = 30


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

    def describe(self) -> dict[str, Any]:
        """Columns with samples and what each is taken for, and how the file was read."""
        table = self._table
        headers = [column.header for column in table.columns]
        proposals = propose([column.given for column in table.columns])
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
            "layout": layout_of(headers).hex(),
            "sheet": table.sheet,
            "sheets": [sheet.name for sheet in table.sheets],
            "header_row": table.header_row,
            "encoding": table.encoding,
            "delimiter": table.delimiter,
            "is_encoding_guessed": table.is_encoding_guessed,
            "notes": [[str(note.code), note.message, note.count] for note in table.notes],
            "faults": [],
        }


def seal_rows(table: Table, looks: Looks, tools: Tools, import_id: uuid.UUID) -> Iterator[dict[str, Any]]:
    """The rows of a file as they are kept. Takes its time: not for the loop of events."""
    for row in table.rows():
        looks.see(row)
        faults = [[fault.column_index, str(fault.code), fault.message] for fault in row.faults if fault.is_blocking]
        cells: dict[str, Any] = {"t": row.texts, "k": row.kinds}
        if faults:
            cells["f"] = faults
        sealed = tools.seal(cells, "cells", import_id, row.number)
        yield {"roster_import_id": import_id, "number": row.number, "cells": sealed}


async def remember_mapping(session: AsyncSession, tools: Tools, one: RosterImport, details: dict[str, Any]) -> None:
    """Map a file as the last one of its layout and country was; take its order of dates, where the file has one."""
    one.layout_mark = tools.key.mark("roster_layout", details["layout"])
    statement = (
        select(RosterImport)
        .where(
            RosterImport.country_code == one.country_code,
            RosterImport.layout_mark == one.layout_mark,
            RosterImport.id != one.id,
            col(RosterImport.stage).in_([ImportStage.checked, ImportStage.committed, ImportStage.undone]),
            col(RosterImport.details).is_not(None),
        )
        .order_by(col(RosterImport.created_at).desc())
        .limit(1)
    )
    before = (await session.exec(statement)).first()
    one.mapping_from_id = before.id if before else None
    if before is not None:
        remembered = tools.open(before.details, "details", before.id)["columns"]
        for column, former in zip(details["columns"], remembered, strict=True):
            column["field"], column["is_remembered"] = former["field"], former["field"] is not None
        one.date_order = one.date_order or before.date_order
    if one.date_order is None:
        found = {column["order"] for column in _dated(details) if column["order"]}
        if len(found) == 1 and not any(column["asks_order"] for column in _dated(details)):
            one.date_order = DateOrder(found.pop())


def asks_date_order(one: RosterImport, details: dict[str, Any]) -> bool:
    """Whether a date of the file may be two days, and nobody has said which."""
    if one.date_order is not None:
        return False
    found = {column["order"] for column in _dated(details) if column["order"]}
    return len(found) > 1 or any(column["asks_order"] for column in _dated(details))


def _dated(details: dict[str, Any]) -> Sequence[dict[str, Any]]:
    return [column for column in details["columns"] if column["field"] in DATE_FIELDS]
