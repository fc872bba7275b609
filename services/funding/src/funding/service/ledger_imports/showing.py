"""Imports and their rows as they are shown, with what they came to."""

from datetime import datetime
from typing import Any

from chassis.paging import Listing
from chassis.tables.mapping import asks_date_order, mapping_of, texts_of
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from funding.domain import DATE_FIELDS, TotalStage
from funding.models import LedgerImport, LedgerImportRow
from funding.schemas.ledger_imports import LedgerImportRead, LedgerImportRowRead, LedgerImportTotal, column_of
from funding.schemas.money_totals import Cell
from funding.totals import list_import_totals

_AS_STORED = (
    "id", "version", "created_at", "updated_at", "file_name", "file_sha256", "size_bytes", "submitted_by", "stage",
    "date_order", "counts", "proposed_by", "proposed_at", "committed_by", "committed_at", "declined_by",
    "decline_reason",
)  # fmt: skip
_OF_FILE = ("columns", "sheet", "sheets", "header_row", "encoding", "delimiter", "faults")


def list_imports() -> Listing:
    """All imports, each without what other records say of it."""
    return Listing(
        statement=select(LedgerImport),
        filters={"stage": LedgerImport.stage, "file_sha256": LedgerImport.file_sha256},
        sorts={"created_at": LedgerImport.created_at, "updated_at": LedgerImport.updated_at},
        id=LedgerImport.id,
        present=lambda one: _present(one, None, []),
    )


async def present_import(session: AsyncSession, one: LedgerImport) -> LedgerImportRead:
    """An import with all that is known of it."""
    return _present(one, await _find_repeat(session, one), await _list_totals(session, one))


def _present(one: LedgerImport, repeats: dict[str, Any] | None, totals: list[LedgerImportTotal]) -> LedgerImportRead:
    undo = one.undo_date and {
        "effective_date": one.undo_date,
        "reason": one.undo_reason,
        "proposed_by": one.undo_proposed_by,
        "proposed_at": one.undo_proposed_at,
        "committed_by": one.undone_by,
        "committed_at": one.undone_at,
    }
    shown = {name: getattr(one, name) for name in _AS_STORED} | {name: one.details[name] for name in _OF_FILE}
    return LedgerImportRead.model_validate(
        shown
        | {
            "notes": [{"code": code, "message": said, "count": count} for code, said, count in one.details["notes"]],
            "repeats": repeats,
            "is_date_order_needed": one.date_order is None and asks_date_order(one.details, DATE_FIELDS),
            "undo": undo,
            "totals": totals,
            "entries_url": f"/v1/ledger-entries?ledger_import_id={one.id}",
        }
    )


async def _find_repeat(session: AsyncSession, one: LedgerImport) -> dict[str, Any] | None:
    statement = (
        select(LedgerImport)
        .where(
            LedgerImport.file_sha256 == one.file_sha256,
            col(LedgerImport.stage).in_(["committed", "undo_proposed"]),
            LedgerImport.id != one.id,
        )
        .order_by(col(LedgerImport.committed_at).desc())
        .limit(1)
    )
    found = (await session.exec(statement)).first()
    if found is None:
        return None
    return {
        "ledger_import_id": found.id,
        "committed_at": found.committed_at,
        "committed_by": found.committed_by,
    }


async def _list_totals(session: AsyncSession, one: LedgerImport) -> list[LedgerImportTotal]:
    """What its entries come to, by kind and stage. What was taken back since is not taken from that."""
    if one.committed_at is None:
        return []
    found = await list_import_totals(session, one.id)
    if not found:
        return []
    cell = Cell(
        filters=[("ledger_import_id", str(one.id))],
        boundary="The entries that this import recorded, whatever was recorded since.",
        as_of=max(total.last_date for total in found),
        moment=None,
    )
    return [
        LedgerImportTotal(
            kind=total.kind,
            total=cell.say(
                TotalStage(total.stage), total.sum, total.currency, rule=f"Of the kind {total.kind} alone.",
                only=[("kind", str(total.kind))],
            ),
        )
        for total in found
    ]  # fmt: skip


def list_rows(one: LedgerImport) -> Listing:
    """The rows of an import, in the order of the file."""
    mapping, headers = mapping_of(one.details), column_of(one.details)

    def present(row: LedgerImportRow) -> LedgerImportRowRead:
        found = row.findings or {}
        origin = found.get("origin")
        texts = texts_of(row.cells, mapping)
        return LedgerImportRowRead.model_validate(
            {
                "row": row.number,
                "version": row.version,
                "outcome": "excluded" if row.is_excluded else row.outcome,
                "values": [{"field": name, "column": headers[name], "text": said} for name, said in texts.items()],
                "errors": [
                    {"field": name, "column": headers.get(name or ""), "code": code, "message": message}
                    for name, code, message in found.get("errors", [])
                ],
                "imported_before": origin and origin | {"committed_at": datetime.fromisoformat(origin["committed_at"])},
                "ledger_entry_id": row.ledger_entry_id,
            }
        )

    return Listing(
        statement=select(LedgerImportRow).where(LedgerImportRow.ledger_import_id == one.id),
        filters={"outcome": LedgerImportRow.outcome},
        sorts={"row": LedgerImportRow.number},
        id=LedgerImportRow.number,
        present=present,
    )
