"""Rows of an import as a table to work on: what is said of each, then the columns of its file as they came."""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import IO, Any, Final

from chassis.exports import FORMULA_STARTS
from chassis.tables.mapping import mapping_of, texts_of
from chassis.tables.writing import PlainWorkbook

from trainings.models import RosterImport, RosterImportRow
from trainings.service.roster_imports.papers import Tools

_SAID: Final = ("row", "outcome", "what is wrong", "what stays", "what changes", "who it may be")
_IN_MEMORY_BYTES: Final = 8 * 1024 * 1024
_ROWS_AT_ONCE: Final = 1_000


async def lay_out_rows(
    tools: Tools, one: RosterImport, papers: AsyncIterator[RosterImportRow], kind: str, *, is_for_excel: bool
) -> IO[bytes]:
    """The rows as a file, `csv` or `xlsx`: spooled, and to be closed by whoever sends it."""
    details = tools.open(one.details, "details", one.id) or {"columns": []}
    headers = [*_SAID, *(column["header"] for column in details["columns"])]
    spool: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - closed when sent
    try:
        writer = _start(kind, spool, headers, is_for_excel=is_for_excel)
        places = {place: name for name, place in mapping_of(details).items()}
        some: list[RosterImportRow] = []

        def write() -> None:
            writer([_line(tools, one, paper, places, len(details["columns"])) for paper in some], is_last=False)

        async for paper in papers:
            some.append(paper)
            if len(some) == _ROWS_AT_ONCE:
                await asyncio.to_thread(write)
                some.clear()
        await asyncio.to_thread(write)
        await asyncio.to_thread(writer, [], is_last=True)
    except BaseException:
        spool.close()
        raise
    return spool


def _start(kind: str, spool: IO[bytes], headers: Sequence[str], *, is_for_excel: bool) -> Callable[..., None]:
    if kind == "xlsx":
        workbook = PlainWorkbook(spool, headers, sheet="Rows")

        def write_cells(rows: Sequence[Sequence[str]], *, is_last: bool) -> None:
            workbook.add(rows)
            if is_last:
                workbook.close()

        return write_cells
    text = io.TextIOWrapper(spool, encoding="utf-8", newline="", write_through=True)
    if is_for_excel:
        text.write("\ufeff")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_harmless(headers, is_for_excel=is_for_excel))

    def write_lines(rows: Sequence[Sequence[str]], *, is_last: bool) -> None:
        writer.writerows(_harmless(row, is_for_excel=is_for_excel) for row in rows)
        if is_last:
            text.detach()

    return write_lines


def _harmless(cells: Sequence[str], *, is_for_excel: bool) -> list[str]:
    """Text that a spreadsheet would take for a formula is kept from it."""
    return [f"'{cell}" if is_for_excel and cell.startswith(FORMULA_STARTS) else cell for cell in cells]


def _line(tools: Tools, one: RosterImport, paper: RosterImportRow, places: dict[int, str], width: int) -> list[str]:
    cells = tools.open(paper.cells, "cells", one.id, paper.number) or {"t": []}
    found = tools.open(paper.findings, "findings", one.id, paper.number) or {}
    texts = [*cells["t"], *[""] * (width - len(cells["t"]))]
    for place, name in places.items():
        texts[place] = texts_of(cells, {name: place}).get(name, "")
    said = [
        str(paper.number),
        "excluded" if paper.is_excluded else paper.outcome or "",
        "\n".join(message for _, _, message in found.get("errors", [])),
        "\n".join(f"{name}: {message}" for name, _, message in found.get("warnings", [])),
        "\n".join(f"{name}: {before or ''} > {after or ''}" for name, before, after in found.get("changes", [])),
        "\n".join(_candidates(found.get("candidates", []))),
    ]
    return [*said, *texts]


def _candidates(found: Sequence[Sequence[Any]]) -> Iterator[str]:
    for _, name, score, reasons, *row in found:
        of_row = f", row {row[0]}" if row and row[0] is not None else ""
        yield f"{name}{of_row} ({score}): {'; '.join(reasons)}"
