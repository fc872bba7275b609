"""Imports and their rows as whoever may see them sees them."""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from chassis.paging import Listing
from chassis.tables.mapping import mapping_of, texts_of
from chassis.tokens import Caller
from sqlalchemy import ColumnElement, func, literal, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import queries
from trainings.models import RosterImport, RosterImportFile, RosterImportRow
from trainings.schemas.roster_imports import RosterImportRead, RosterImportRowRead
from trainings.service.roster_imports.layout import asks_date_order
from trainings.service.roster_imports.papers import Tools

_NOTHING: dict[str, Any] = {
    "columns": [], "sheet": None, "sheets": [], "header_row": None, "encoding": None, "delimiter": None, "faults": [],
}  # fmt: skip
_AS_STORED = (
    "id", "version", "created_at", "updated_at", "training_id", "country_code", "size_bytes", "submitted_by", "stage",
    "task", "status", "date_order", "counts",
)  # fmt: skip


def list_imports(caller: Caller, present: Callable[[RosterImport], object]) -> Listing:
    """The imports that the caller may see."""
    return Listing(
        statement=select(RosterImport).where(queries.visible_to(caller, RosterImport.country_code)),
        filters={
            name: getattr(RosterImport, name) for name in ("training_id", "country_code", "stage", "task", "status")
        },
        sorts={"created_at": RosterImport.created_at},
        id=RosterImport.id,
        present=present,
    )


async def present_import(session: AsyncSession, caller: Caller, tools: Tools, one: RosterImport) -> RosterImportRead:
    """An import with all that is known of it."""
    origin = None
    if one.mapping_from_id is not None:
        created_at = await session.scalar(select(RosterImport.created_at).where(RosterImport.id == one.mapping_from_id))
        origin = {"roster_import_id": one.mapping_from_id, "created_at": created_at} if created_at else None
    progress = await find_progress(session, one)
    return _present(tools, one, progress, origin, await find_repeat(session, caller, one))


def present_listed(tools: Tools, one: RosterImport) -> RosterImportRead:
    """An import in a list: without what other records say of it."""
    total = (one.counts or {}).get("rows")
    return _present(tools, one, {"done": 0, "total": total, "unit": "row"}, None, None)


async def find_progress(session: AsyncSession, one: RosterImport) -> dict[str, Any]:
    """How far the newest piece of work is."""
    statement = select(RosterImportFile.done, RosterImportFile.total).where(RosterImportFile.roster_import_id == one.id)
    done, total = (await session.exec(statement)).one_or_none() or (0, None)
    return {"done": done, "total": total, "unit": "row"}


async def find_repeat(session: AsyncSession, caller: Caller, one: RosterImport) -> dict[str, Any] | None:
    """The newest committed import of the same bytes for the same training."""
    statement = (
        select(RosterImport.id, RosterImport.committed_at)
        .where(
            queries.visible_to(caller, RosterImport.country_code),
            RosterImport.file_sha256 == one.file_sha256,
            col(RosterImport.training_id).is_not_distinct_from(one.training_id),
            RosterImport.stage == "committed",
            RosterImport.id != one.id,
            RosterImport.created_at < one.created_at,
        )
        .order_by(col(RosterImport.committed_at).desc())
        .limit(1)
    )
    found: tuple[uuid.UUID, datetime | None] | None = (await session.exec(statement)).first()
    return None if found is None else {"roster_import_id": found[0], "committed_at": found[1]}


def _present(
    tools: Tools,
    one: RosterImport,
    progress: Mapping[str, Any],
    origin: Mapping[str, Any] | None,
    repeats: Mapping[str, Any] | None,
) -> RosterImportRead:
    details = tools.open(one.details, "details", one.id) or _NOTHING
    shown = {name: getattr(one, name) for name in _AS_STORED}
    shown |= {name: details[name] for name in ("sheet", "sheets", "header_row", "encoding", "delimiter", "faults")}
    shown |= {
        "counts": one.counts and {"with_warnings": 0} | one.counts,
        "file_name": tools.open(one.file_name, "file_name", one.id),
        "file_sha256": one.file_sha256.hex(),
        "progress": progress,
        "problem": one.problem,
        "repeats": repeats,
        "columns": details["columns"],
        "mapping_from": origin,
        "is_date_order_needed": asks_date_order(one, details),
        "result": one.result and one.result | {"committed_at": one.committed_at, "committed_by": one.committed_by},
        "undo_result": one.undo_result and one.undo_result | {"undone_at": one.undone_at, "undone_by": one.undone_by},
    }
    return RosterImportRead.model_validate(shown)


def list_rows(tools: Tools, one: RosterImport) -> Listing:
    """The rows of an import, in the order of the file."""
    details = tools.open(one.details, "details", one.id) or _NOTHING
    mapping = mapping_of(details)
    headers = {column["field"]: column["header"] for column in details["columns"] if column["field"]}

    def present(paper: RosterImportRow) -> RosterImportRowRead:
        cells = tools.open(paper.cells, "cells", one.id, paper.number)
        texts = texts_of(cells, mapping) if cells else {}
        found = tools.open(paper.findings, "findings", one.id, paper.number) or {}
        return RosterImportRowRead.model_validate(
            {
                "row": paper.number,
                "version": paper.version,
                "outcome": "excluded" if paper.is_excluded else paper.outcome,
                "training_id": paper.training_id,
                "enrollment_id": paper.enrollment_id,
                "person_id": paper.person_id,
                "values": [{"field": name, "column": headers[name], "text": text} for name, text in texts.items()],
                "errors": [
                    {"field": name, "column": headers.get(name), "code": code, "message": message}
                    for name, code, message in found.get("errors", [])
                ],
                "changes": [
                    {"field": name, "before": before, "after": after}
                    for name, before, after in found.get("changes", [])
                ],
                "candidates": [
                    {
                        "person_id": person_id,
                        "name": name,
                        "score": score,
                        "reasons": reasons,
                        "row": rest[0] if rest else None,
                    }
                    for person_id, name, score, reasons, *rest in found.get("candidates", [])
                ],
                "warnings": [
                    {"field": name, "column": headers.get(name), "code": code, "message": message}
                    for name, code, message in found.get("warnings", [])
                ],
                "decision": paper.decision,
            }
        )

    return Listing(
        statement=select(RosterImportRow).where(RosterImportRow.roster_import_id == one.id),
        filters={"outcome": RosterImportRow.outcome, "field": _has_fault("%\n{}:%"), "code": _has_fault("%:{}\n%")},
        sorts={"row": RosterImportRow.number},
        id=RosterImportRow.number,
        present=present,
    )


def _has_fault(pattern: str) -> Callable[[list[str]], ColumnElement[bool]]:
    """Rows with one of these faults: `field:code` that is like the pattern."""

    def condition(values: list[str]) -> ColumnElement[bool]:
        escaped = [one.replace("\\", "\\\\").replace("_", "\\_").replace("%", "\\%") for one in map(str, values)]
        listed = literal("\n") + func.array_to_string(RosterImportRow.codes, "\n") + "\n"
        return or_(*(listed.like(pattern.format(one)) for one in escaped))

    return condition
