"""What somebody may do with an import: hand it in, map it, check it, correct it, propose it, commit it, undo it."""

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from chassis.errors import FieldError, Forbidden, Invalid, invalid
from chassis.problems import from_database
from chassis.resources import check_version, get_row, touch_row, write_row
from chassis.tables.mapping import (
    Looks,
    asks_date_order,
    cells_of,
    found_date_order,
    map_columns,
    mapping_of,
)
from chassis.tables.model import Limits, Table
from chassis.tables.words import clean
from chassis.tokens import Caller
from chassis.uploads import Upload
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from funding import domain
from funding.domain import DATE_FIELDS, NEEDED_FIELDS, OPEN_STAGES, LedgerImportStage, LedgerRowOutcome
from funding.models import FundLine, LedgerEntry, LedgerImport, LedgerImportRow
from funding.schemas.ledger_imports import (
    LedgerImportCorrections,
    LedgerImportDecline,
    LedgerImportUndoCreate,
    LedgerImportUpdate,
    LedgerValueCorrection,
    column_of,
)
from funding.service.ledger_imports.evaluating import Plan, evaluate
from funding.service.ledger_imports.posting import Rehearsal, Rows, post, rows_of
from funding.service.ledger_imports.reading import HEADERS
from funding.service.words import CONSTRAINT_WORDS, WRITER

# What one request may ask of this machine: a file of so many rows is small.
LIMITS: Final = Limits(
    content_bytes=4 * 1_048_576, cells=400_000, columns=200, output_bytes=16 * 1_048_576, cpu_seconds=8, wall_seconds=10
)
_TOLD: Final = 5
_TURN: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('ledger_imports', 0))")
_NOTE: Final = text("""
    UPDATE ledger_import_rows t
    SET outcome = f.outcome, codes = ARRAY(SELECT jsonb_array_elements_text(f.codes)), findings = f.findings,
        version = t.version + 1
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS f (number integer, outcome text, codes jsonb, findings jsonb)
    WHERE t.ledger_import_id = :import_id AND t.number = f.number
""")
_NOTE_ENTRIES: Final = text("""
    UPDATE ledger_import_rows t
    SET fingerprint = decode(f.fingerprint, 'hex'), ledger_entry_id = f.entry_id, version = t.version + 1
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS f (number integer, fingerprint text, entry_id uuid)
    WHERE t.ledger_import_id = :import_id AND t.number = f.number
""")
_FORGET: Final = text(
    "UPDATE ledger_import_rows SET fingerprint = NULL, version = version + 1 "
    "WHERE ledger_import_id = :import_id AND fingerprint IS NOT NULL"
)
_CLEAR: Final = text(
    "UPDATE ledger_import_rows SET outcome = NULL, codes = '{}', findings = NULL, version = version + 1 "
    "WHERE ledger_import_id = :import_id AND outcome IS NOT NULL"
)
_IDS: Final = text("SELECT uuidv7() FROM generate_series(1, :count)")


async def submit_import(
    session: AsyncSession, caller: Caller, sent: Upload, table: Table, most_rows: int
) -> LedgerImport:
    """Keep what was read of a file: its rows, and what its columns may be. Nothing of it is in the ledger."""
    if table.row_count > most_rows:
        message = f"The file has {table.row_count:,} rows, and an import at most {most_rows:,}. Divide it into several."
        raise Invalid(message, [FieldError("too_many_rows", message, pointer="#/")])
    looks, cells = Looks(table), []
    for row in table.rows():
        looks.see(row)
        cells.append((row.number, cells_of(row)))
    details = looks.describe(HEADERS)
    one = LedgerImport(
        file_name=sent.file_name,
        file_sha256=hashlib.sha256(sent.content).hexdigest(),
        size_bytes=len(sent.content),
        media_type=sent.media_type,
        submitter_id=caller.subject,
        submitted_by=caller.name,
        date_order=found_date_order(details, DATE_FIELDS),
        details=details,
    )
    one = await write_row(session, one)
    if cells:
        rows = [{"ledger_import_id": one.id, "number": number, "cells": found} for number, found in cells]
        await session.exec(insert(LedgerImportRow.__table__), params=rows)  # type: ignore[attr-defined]
    return one


async def update_import(
    session: AsyncSession, caller: Caller, import_id: uuid.UUID, version: int, body: LedgerImportUpdate
) -> LedgerImport:
    """Say how dates are read, and which field each column is. What was checked is to be checked again."""
    one = await _take(session, caller, import_id, version, *OPEN_STAGES)
    changes = body.model_dump(exclude_unset=True)
    if "date_order" in changes:
        one.date_order = changes["date_order"]
    if body.fields:
        details = _copied(one.details)
        map_columns(details, ((given.number, given.field) for given in body.fields))
        one.details = details
    await _uncheck(session, one)
    return await touch_row(session, one)


async def check_import(session: AsyncSession, caller: Caller, import_id: uuid.UUID, version: int) -> LedgerImport:
    """Hold every row against the ledger, with all the others that can be recorded. Nothing is recorded."""
    one = await _take(session, caller, import_id, version, *OPEN_STAGES)
    return await _check(session, caller, one)


async def correct_rows(
    session: AsyncSession, caller: Caller, import_id: uuid.UUID, version: int, body: LedgerImportCorrections
) -> LedgerImport:
    """Write other values into cells, leave rows out or take them in again; then check all rows."""
    one = await _take(session, caller, import_id, version, *OPEN_STAGES)
    mapping = mapping_of(one.details)
    rows = {row.number: row for row in await list_rows_of(session, one)}
    for place, item in enumerate(body.items):
        if item.row not in rows:
            raise invalid(f"#/items/{place}/row", "unknown_row", "The file has no such row.")
        row = rows[item.row]
        if isinstance(item, LedgerValueCorrection):
            if item.field not in mapping:
                raise invalid(f"#/items/{place}/field", "not_mapped", "No column of this file is this field.")
            row.cells = row.cells | {"c": row.cells.get("c", {}) | {str(item.field): clean(item.text)}}
        else:
            row.is_excluded = item.kind == "exclude"
        session.add(row)
    await session.flush()
    return await _check(session, caller, one)


async def propose_import(session: AsyncSession, caller: Caller, import_id: uuid.UUID, version: int) -> LedgerImport:
    """Propose all rows, as they are now: somebody else looks at them and commits them whole."""
    one = await _take(session, caller, import_id, version, LedgerImportStage.checked)
    await _require_grants(session, caller, one, await list_rows_of(session, one))
    await _check(session, caller, one)
    counts = one.counts or {}
    if counts["error"]:
        raise domain.ImportHasErrors(
            f"{counts['error']} rows have errors. Correct or exclude each of them, and check again.", counts=counts
        )
    if not counts["new"]:
        raise domain.ImportNotReady("No row of it would be recorded: all are in the ledger already, or left out.")
    one.stage = LedgerImportStage.proposed
    one.proposer_id, one.proposed_by, one.proposed_at = caller.subject, caller.name, datetime.now(UTC)
    one.declined_by = one.decline_reason = None
    return await touch_row(session, one)


async def commit_import(session: AsyncSession, caller: Caller, import_id: uuid.UUID, version: int) -> LedgerImport:
    """Record what somebody else proposed: all rows in one statement, or none."""
    one = await _take(session, caller, import_id, version, LedgerImportStage.proposed)
    if one.proposer_id == caller.subject:
        raise Forbidden(f"{caller.name} proposed this import; somebody else commits it.")
    await (await session.connection()).execute(_TURN)
    rows = await list_rows_of(session, one)
    await _require_grants(session, caller, one, rows)
    plans = await evaluate(session, caller, one, rows)
    _require_as_proposed(plans, rows)
    new = [plan for plan in plans if plan.is_new]
    entries = [entry for listed in (await rows_of(session, new)).values() for entry in listed]
    assert one.proposer_id is not None  # noqa: S101 - the database holds it to its stage
    proposer = (one.proposer_id, str(one.proposed_by))
    await post(session, entries, one.id, proposer, (caller.subject, caller.name))
    noted = [
        {"number": plan.number, "fingerprint": plan.fingerprint.hex(), "entry_id": str(plan.entry_id)} for plan in new
    ]
    await _note(session, one, _NOTE_ENTRIES, noted)
    one.stage = LedgerImportStage.committed
    one.committer_id, one.committed_by, one.committed_at = caller.subject, caller.name, datetime.now(UTC)
    return await touch_row(session, one)


async def decline_import(
    session: AsyncSession, caller: Caller, import_id: uuid.UUID, version: int, body: LedgerImportDecline
) -> LedgerImport:
    """Send a proposed import, or its proposed undo, back. Whoever proposed it takes it back in the same way."""
    one = await _take(session, caller, import_id, version, LedgerImportStage.proposed, LedgerImportStage.undo_proposed)
    await _require_grants(session, caller, one, await list_rows_of(session, one))
    if one.stage == LedgerImportStage.proposed:
        one.stage = LedgerImportStage.checked
        one.proposer_id = one.proposed_by = one.proposed_at = None
    else:
        one.stage = LedgerImportStage.committed
        one.undo_proposer_id = one.undo_proposed_by = one.undo_proposed_at = one.undo_date = one.undo_reason = None
    one.declined_by, one.decline_reason = caller.name, body.reason
    return await touch_row(session, one)


async def propose_undo(
    session: AsyncSession, caller: Caller, import_id: uuid.UUID, version: int, body: LedgerImportUndoCreate
) -> LedgerImport:
    """Propose to reverse every entry of an import; refused where the ledger would refuse it now."""
    one = await _take(session, caller, import_id, version, LedgerImportStage.committed)
    await _require_grants(session, caller, one, await list_rows_of(session, one))
    today = datetime.now(UTC).date()
    day = body.effective_date or today
    domain.check_effective_date(day, today)
    reversals = await _reversals_of(session, one, day, body.reason)
    try:
        await Rehearsal(session, caller, one).check_undo(reversals, day)
    except domain.LedgerRefused as refused:
        raise _undo_refused(refused) from refused
    one.stage = LedgerImportStage.undo_proposed
    one.undo_proposer_id, one.undo_proposed_by, one.undo_proposed_at = caller.subject, caller.name, datetime.now(UTC)
    one.undo_date, one.undo_reason = day, body.reason
    one.declined_by = one.decline_reason = None
    return await touch_row(session, one)


async def commit_undo(session: AsyncSession, caller: Caller, import_id: uuid.UUID, version: int) -> LedgerImport:
    """Reverse every entry of an import, as somebody else proposed: all, or none."""
    one = await _take(session, caller, import_id, version, LedgerImportStage.undo_proposed)
    if one.undo_proposer_id == caller.subject:
        raise Forbidden(f"{caller.name} proposed this undo; somebody else commits it.")
    await (await session.connection()).execute(_TURN)
    await _require_grants(session, caller, one, await list_rows_of(session, one))
    assert one.undo_proposer_id is not None  # noqa: S101 - the database holds it to its stage
    assert one.undo_date is not None  # noqa: S101 - as above
    reversals = await _reversals_of(session, one, one.undo_date, str(one.undo_reason))
    proposer = (one.undo_proposer_id, str(one.undo_proposed_by))
    try:
        await post(session, reversals, one.id, proposer, (caller.subject, caller.name))
    except domain.LedgerRefused as refused:
        raise _undo_refused(refused) from refused
    await (await session.connection()).execute(_FORGET, {"import_id": one.id})
    one.stage = LedgerImportStage.undone
    one.undoer_id, one.undone_by, one.undone_at = caller.subject, caller.name, datetime.now(UTC)
    return await touch_row(session, one)


async def list_rows_of(session: AsyncSession, one: LedgerImport) -> Sequence[LedgerImportRow]:
    """The rows of an import, in the order of its file."""
    statement = select(LedgerImportRow).where(LedgerImportRow.ledger_import_id == one.id)
    return (await session.exec(statement.order_by(col(LedgerImportRow.number)))).all()


async def _take(
    session: AsyncSession, caller: Caller, import_id: uuid.UUID, version: int, *stages: LedgerImportStage
) -> LedgerImport:
    """The import, locked, as the caller read it, at one of these stages."""
    caller.require_role(WRITER)
    one = await get_row(session, LedgerImport, import_id, lock=True)
    check_version(one, version)
    domain.check_stage(LedgerImportStage(one.stage), *stages)
    return one


async def _check(session: AsyncSession, caller: Caller, one: LedgerImport) -> LedgerImport:
    _require_mapping(one)
    one.stage = LedgerImportStage.checked
    session.add(one)
    await session.flush()
    rows = await list_rows_of(session, one)
    plans = await evaluate(session, caller, one, rows)
    await Rehearsal(session, caller, one).check_rows(plans)
    by_number = {plan.number: plan for plan in plans}
    noted = [_finding(row, by_number.get(row.number)) for row in rows]
    await _note(session, one, _NOTE, noted)
    outcomes = Counter(found["outcome"] for found in noted)
    one.counts = {"rows": len(rows)} | {str(outcome): outcomes[outcome] for outcome in LedgerRowOutcome}
    one.details = _copied(one.details) | {"faults": _faults(one, plans)}
    for row in rows:
        session.expire(row)
    return await touch_row(session, one)


def _finding(row: LedgerImportRow, plan: Plan | None) -> dict[str, Any]:
    if plan is None:
        return {"number": row.number, "outcome": LedgerRowOutcome.excluded, "codes": [], "findings": None}
    errors = plan.draft.errors
    findings: dict[str, Any] = {"errors": [[error.field, error.code, error.message] for error in errors]}
    if plan.origin is not None and not errors:
        origin = plan.origin
        findings["origin"] = {
            "ledger_import_id": str(origin.import_id),
            "row": origin.number,
            "committed_at": origin.committed_at.isoformat(),
        }
    codes = [f"{error.field or ''}:{error.code}" for error in errors]
    return {"number": row.number, "outcome": plan.outcome, "codes": codes, "findings": findings}


def _faults(one: LedgerImport, plans: Sequence[Plan]) -> list[dict[str, Any]]:
    headers = column_of(one.details)
    found: dict[tuple[str | None, str], dict[str, Any]] = {}
    for plan in plans:
        for error in plan.draft.errors:
            fault = found.setdefault(
                (error.field, error.code),
                {
                    "field": error.field,
                    "column": headers.get(error.field or ""),
                    "code": error.code,
                    "message": error.message,
                    "rows": 0,
                    "example_row": plan.number,
                },
            )
            fault["rows"] += 1
    return sorted(found.values(), key=lambda fault: (-fault["rows"], fault["example_row"]))


def _require_mapping(one: LedgerImport) -> None:
    """What a check needs is mapped, and no date may be two days."""
    mapping = mapping_of(one.details)
    errors = [
        FieldError(f"{needed}_not_mapped", f"Say which column holds the {needed}: map it.", pointer="#/fields")
        for needed in NEEDED_FIELDS
        if needed not in mapping
    ]
    if one.date_order is None and asks_date_order(one.details, DATE_FIELDS):
        message = "Some dates may be read in two ways, such as 03/04/2016. Say in which order their numbers stand."
        errors.append(FieldError("date_order_needed", message, pointer="#/date_order"))
    if errors:
        raise Invalid(f"{len(errors)} things are needed before the rows can be checked.", errors)


def _require_as_proposed(plans: Sequence[Plan], rows: Sequence[LedgerImportRow]) -> None:
    """Each row would do what was shown when it was proposed."""
    shown = {row.number: row.outcome for row in rows}
    for plan in plans:
        if plan.outcome != shown[plan.number]:
            why = "; ".join(error.message for error in plan.draft.errors) or "another import recorded it meanwhile"
            raise domain.ImportChanged(
                f"Since it was proposed row {plan.number} has changed: {why} Nothing was recorded. Decline the import, "
                "then check it again.",
                row=plan.number,
            )


async def _require_grants(
    session: AsyncSession, caller: Caller, one: LedgerImport, rows: Sequence[LedgerImportRow]
) -> None:
    """A grant for the country of every fund line that the rows are of."""
    place = mapping_of(one.details).get("fund_line_code")
    codes = {
        clean(row.cells.get("c", {}).get("fund_line_code", row.cells["t"][place]))
        for row in rows
        if place is not None and not row.is_excluded and place < len(row.cells["t"])
    }
    statement = select(FundLine.country_code).where(col(FundLine.code).in_(codes)).distinct()
    for country_code in sorted(await session.exec(statement)):
        caller.require_country(country_code)


async def _reversals_of(session: AsyncSession, one: LedgerImport, day: date, reason: str) -> Rows:
    """What takes back the entries of an import that nobody has taken back yet; raise where some stand on them."""
    reversed_ids = select(LedgerEntry.reverses_entry_id).where(col(LedgerEntry.reverses_entry_id).is_not(None))
    statement = (
        select(LedgerEntry)
        .where(LedgerEntry.ledger_import_id == one.id, col(LedgerEntry.id).not_in(reversed_ids))
        .order_by(col(LedgerEntry.ledger_import_row), col(LedgerEntry.id))
    )
    entries = (await session.exec(statement)).all()
    if reversals := [entry for entry in entries if entry.reverses_entry_id is not None]:
        rows = ", ".join(str(entry.ledger_import_row) for entry in reversals[:_TOLD])
        raise domain.UndoRefused(
            f"F9: a reversal is not taken back itself, and rows {rows} of this import are reversals. Record anew what "
            "they took back."
        )
    await _refuse_standing(session, [entry.id for entry in entries])
    if late := [entry for entry in entries if entry.effective_date > day]:
        last = max(entry.effective_date for entry in late)
        raise invalid(
            "#/effective_date", "before_an_entry", f"A reversal is not dated before its entry: not before {last}."
        )
    ids = iter((await (await session.connection()).execute(_IDS, {"count": 2 * len(entries)})).scalars().all())
    return [
        {
            "id": str(next(ids)),
            "proposal_id": str(next(ids)) if entry.fund_line.is_controlled else None,
            "is_proposed": entry.fund_line.is_controlled,
            "row": None,
            "fund_line_code": entry.fund_line_code,
            "kind": entry.kind,
            "amount": str(entry.amount_value),
            "currency": entry.currency,
            "effective_date": day.isoformat(),
            "agreement_line_id": entry.agreement_line_id and str(entry.agreement_line_id),
            "reverses_entry_id": str(entry.id),
            "document_reference": entry.document_reference,
            "note": f"Undo of the import {one.id}, row {entry.ledger_import_row}: {reason}"[:10_000],
        }
        for entry in entries
    ]


async def _refuse_standing(session: AsyncSession, ids: Sequence[uuid.UUID]) -> None:
    """Raise where entries from elsewhere, not taken back themselves, adjust or draw on these."""
    taken_back = select(LedgerEntry.reverses_entry_id).where(col(LedgerEntry.reverses_entry_id).is_not(None))
    names = (col(LedgerEntry.adjusts_entry_id), col(LedgerEntry.commitment_entry_id))
    statement = (
        select(LedgerEntry)
        .where(
            names[0].in_(ids) | names[1].in_(ids),
            col(LedgerEntry.id).not_in(ids),
            col(LedgerEntry.id).not_in(taken_back),
        )
        .order_by(col(LedgerEntry.effective_date), col(LedgerEntry.id))
    )
    standing = (await session.exec(statement)).all()
    if standing:
        told = "; ".join(
            f"{one.kind} of {one.amount_value} on {one.effective_date} ({one.id})" for one in standing[:_TOLD]
        )
        more = f", and {len(standing) - _TOLD} more" if len(standing) > _TOLD else ""
        message = f"{len(standing)} later entries stand on entries of this import: {told}{more}. Reverse those first."
        raise domain.UndoRefused(
            message,
            [FieldError("stands_on_it", f"Reverse the entry {one.id} first.", pointer="#/") for one in standing],
        )


def _undo_refused(refused: domain.LedgerRefused) -> domain.UndoRefused:
    """What was recorded since needs what would be taken back, or the day is none on which that may happen."""
    mending = (
        "Date the undo before that, by effective_date."
        if refused.extra.get("rule") == "F7"
        else "Take back first what was recorded since."
    )
    return domain.UndoRefused(
        f"The ledger would not hold with this undo: {refused.detail} {mending}", refused.errors, **refused.extra
    )


async def _note(session: AsyncSession, one: LedgerImport, statement: Any, rows: list[dict[str, Any]]) -> None:  # noqa: ANN401 - of SQL
    given = {"rows": json.dumps(rows), "import_id": one.id}
    try:
        await (await session.connection()).execute(statement, given)
    except IntegrityError as error:
        raise from_database(error, CONSTRAINT_WORDS) from error


async def _uncheck(session: AsyncSession, one: LedgerImport) -> None:
    if one.stage == LedgerImportStage.checked:
        await (await session.connection()).execute(_CLEAR, {"import_id": one.id})
    one.stage, one.counts = LedgerImportStage.read, None
    one.details = _copied(one.details) | {"faults": []}


def _copied(details: dict[str, Any]) -> dict[str, Any]:
    """A copy to change: what is changed in place nobody writes."""
    return details | {"columns": [dict(column) for column in details["columns"]]}
