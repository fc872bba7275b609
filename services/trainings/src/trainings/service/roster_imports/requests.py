"""What somebody may ask of an import: to hand it in, map it, check it, correct it, commit it, cancel it, undo it."""

import asyncio
import hashlib
import uuid
from collections.abc import Sequence
from typing import Any, Final

from chassis.errors import FieldError, Invalid, NotFound, invalid
from chassis.jobs import CancelState, cancel, defer
from chassis.resources import check_version, touch_row, write_row
from chassis.tables.mapping import map_columns, mapping_of, texts_of
from chassis.tables.words import clean
from chassis.tokens import Caller
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import queries
from trainings.domain import (
    NAME_FIELDS,
    OPEN_STATUSES,
    ImportNotReady,
    ImportStage,
    ImportStatus,
    ImportTask,
    RosterField,
    RosterHasErrors,
    RowDecision,
    RowOutcome,
    check_idle,
    check_stage,
)
from trainings.models import RosterImport, RosterImportFile, RosterImportRow, Training
from trainings.schemas.roster_imports import (
    AlikeCorrection,
    PersonCorrection,
    RosterImportCorrections,
    RosterImportUpdate,
    RowCorrection,
    ValueCorrection,
)
from trainings.service.loading import WRITER, require_person, require_training
from trainings.service.roster_imports.checking import check_rows
from trainings.service.roster_imports.evaluating import load_rows
from trainings.service.roster_imports.layout import asks_date_order
from trainings.service.roster_imports.papers import (
    ROWS_A_BLOCK,
    Tools,
    count_rows,
    note_progress,
    prune_papers,
    take_time,
    update_rows,
)
from trainings.service.roster_imports.plans import drop_plans
from trainings.service.roster_imports.undoing import undo_rows

FEW_ROWS: Final = 300
"""So many are checked again at once; more of them are work for the queue."""


async def submit_import(
    session: AsyncSession,
    caller: Caller,
    tools: Tools,
    content: bytes,
    media_type: str,
    file_name: str,
    training_id: uuid.UUID | None,
    country_code: str | None,
) -> RosterImport:
    """Keep a file, to be read."""
    caller.require_role(WRITER)
    if training_id is not None:
        training = await require_training(session, training_id)
        country_code = country_code or _only_country(training)
    if country_code is None:
        raise _missing("country_code", "Say whose office keeps the people of this roster: country_code=MX.")
    caller.require_country(country_code)
    if not content:
        raise Invalid("The file is empty.", [FieldError("empty", "Choose a file that holds a roster.", pointer="#/")])
    await prune_papers(session, tools.settings.roster_papers_days)
    import_id = (await session.exec(select(text("uuidv7()")))).one()
    one = RosterImport(
        id=import_id,
        training_id=training_id,
        country_code=country_code,
        file_name=tools.seal(file_name, "file_name", import_id),
        file_sha256=hashlib.sha256(content).digest(),
        size_bytes=len(content),
        media_type=media_type,
        submitted_by=caller.name,
        submitted_subject=caller.subject,
    )
    one = await write_row(session, one)
    sealed = tools.sealer.seal(content, f"content|{import_id}|0")
    session.add(RosterImportFile(roster_import_id=import_id, content=sealed))
    await session.flush()
    return await _queue(session, caller, one, ImportTask.read)


async def get_import(
    session: AsyncSession, caller: Caller, import_id: uuid.UUID, *, lock: bool = False
) -> RosterImport:
    """An import of a country that the caller has a grant for; any other is as absent as none."""
    statement = select(RosterImport).where(
        col(RosterImport.id) == import_id, queries.visible_to(caller, RosterImport.country_code)
    )
    if lock:
        statement = statement.with_for_update()
    one = (await session.exec(statement)).one_or_none()
    if one is None:
        raise NotFound(f"There is no such record {import_id}, or none that you may see.")
    return one


async def update_import(
    session: AsyncSession, caller: Caller, tools: Tools, import_id: uuid.UUID, version: int, body: RosterImportUpdate
) -> RosterImport:
    """Say how a file is read, and which field each column is. What was checked is to be checked again."""
    one = await _take(session, caller, import_id, version, ImportStage.received, ImportStage.read, ImportStage.checked)
    changes = body.model_dump(exclude_unset=True)
    if (country_code := changes.get("country_code")) is not None:
        caller.require_country(country_code)
        one.country_code = country_code
    if "date_order" in changes:
        one.date_order = changes["date_order"]
    if body.fields:
        details = _details(tools, one)
        map_columns(details, ((given.number, given.field) for given in body.fields))
        one.details = tools.seal(details, "details", one.id)
    if changes.keys() & {"sheet", "header_row"}:
        if changes.get("sheet") is not None:
            one.sheet = tools.seal(changes["sheet"], "sheet", one.id)
        one.header_row = changes.get("header_row", one.header_row)
        one.stage, one.counts = ImportStage.received, None
        return await _queue(session, caller, one, ImportTask.read)
    if one.stage == ImportStage.checked:
        one.stage, one.counts = ImportStage.read, None
        await _forget_outcomes(session, one)
    return await touch_row(session, one)


async def start_check(
    session: AsyncSession, caller: Caller, tools: Tools, import_id: uuid.UUID, version: int
) -> RosterImport:
    """Have all rows checked."""
    one = await _take(session, caller, import_id, version, ImportStage.read, ImportStage.checked)
    _require_mapping(one, _details(tools, one))
    return await _queue(session, caller, one, ImportTask.check)


async def start_commit(session: AsyncSession, caller: Caller, import_id: uuid.UUID, version: int) -> RosterImport:
    """Have all rows written, in one transaction."""
    one = await _take(session, caller, import_id, version, ImportStage.checked)
    counts = one.counts or {}
    open_rows = {name: counts.get(name, 0) for name in (RowOutcome.error, RowOutcome.possible_duplicate)}
    if any(open_rows.values()):
        raise RosterHasErrors(
            f"{open_rows[RowOutcome.error]} rows have errors, and {open_rows[RowOutcome.possible_duplicate]} may be "
            "somebody who is recorded already. Correct, decide or exclude each of them.",
            counts=counts,
        )
    return await _queue(session, caller, one, ImportTask.commit)


async def start_undo(session: AsyncSession, caller: Caller, import_id: uuid.UUID, version: int) -> RosterImport:
    """Have taken back what an import wrote."""
    one = await _take(session, caller, import_id, version, ImportStage.committed)
    return await _queue(session, caller, one, ImportTask.undo)


async def preview_undo(session: AsyncSession, caller: Caller, tools: Tools, import_id: uuid.UUID) -> dict[str, Any]:
    """What an undo would take back and keep, as things stand. Nothing is written, and nobody waits for it."""
    caller.require_role(WRITER)
    one = await get_import(session, caller, import_id)
    check_idle(ImportTask(one.task), ImportStatus(one.status))
    check_stage(ImportStage(one.stage), ImportStage.committed)
    await take_time(session)
    return await undo_rows(session, caller, tools, one, is_rehearsal=True)


async def cancel_import(session: AsyncSession, caller: Caller, import_id: uuid.UUID, version: int) -> RosterImport:
    """Stop the work of an import. Nothing of it is kept; what was reached before it stays.

    Work that runs is told to stop, and says so itself.
    """
    caller.require_role(WRITER)
    one = await get_import(session, caller, import_id, lock=True)
    check_version(one, version)
    if one.status not in OPEN_STATUSES:
        raise ImportNotReady("Nothing of this import is queued or running, so there is nothing to cancel.")
    if one.job_id is None or await cancel(session, one.job_id) is not CancelState.stopping:
        one.status, one.job_id = ImportStatus.canceled, None
    return await touch_row(session, one)


async def correct_rows(
    session: AsyncSession,
    caller: Caller,
    tools: Tools,
    import_id: uuid.UUID,
    version: int,
    body: RosterImportCorrections,
) -> RosterImport:
    """Write other values, leave rows out, decide who they are. Few rows are checked again at once."""
    one = await _take(session, caller, import_id, version, ImportStage.read, ImportStage.checked)
    details = _details(tools, one)
    _require_mapping(one, details)
    await take_time(session)
    await _correct(session, caller, tools, one, details, body)
    await session.flush()
    if await count_rows(session, one.id) > FEW_ROWS:
        await drop_plans(session, one.id)
        return await _queue(session, caller, one, ImportTask.check)
    found = await check_rows(session, caller, tools, one)
    found.note_on(one, tools)
    one.stage, one.task, one.status, one.problem = (
        ImportStage.checked, ImportTask.check, ImportStatus.succeeded, None,
    )  # fmt: skip
    return await touch_row(session, one)


async def _correct(
    session: AsyncSession,
    caller: Caller,
    tools: Tools,
    one: RosterImport,
    details: dict[str, Any],
    body: RosterImportCorrections,
) -> None:
    mapping = mapping_of(details)
    numbers = {item.row for item in body.items if not isinstance(item, AlikeCorrection)}
    statement = select(RosterImportRow).where(
        RosterImportRow.roster_import_id == one.id, col(RosterImportRow.number).in_(numbers)
    )
    by_number = {paper.number: paper for paper in (await session.exec(statement)).all()}
    for place, item in enumerate(body.items):
        if isinstance(item, AlikeCorrection):
            _require_mapped(mapping, item.field, place)
            changed = await _correct_alike(session, tools, one, mapping, item)
            for paper in by_number.values():
                await session.refresh(paper, ["cells"])
            if not changed:
                raise invalid(f"#/items/{place}/from_text", "no_such_value", "No row has this value in this column.")
            continue
        if item.row not in by_number:
            raise invalid(f"#/items/{place}/row", "unknown_row", "The file has no such row.")
        paper = by_number[item.row]
        if isinstance(item, ValueCorrection):
            _require_mapped(mapping, item.field, place)
            _write_cell(
                tools, one, paper, tools.open(paper.cells, "cells", one.id, paper.number), item.field, item.text
            )
        elif isinstance(item, RowCorrection):
            paper.is_excluded = item.kind == "exclude"
        elif isinstance(item, PersonCorrection):
            await _decide(session, caller, paper, item, place)


async def _correct_alike(
    session: AsyncSession, tools: Tools, one: RosterImport, mapping: dict[str, int], item: AlikeCorrection
) -> int:
    """Another value in each row that has this one; how many there are."""
    await session.flush()  # what was corrected before it counts
    said, written = clean(item.from_text), clean(item.text)

    def change(papers: Sequence[Any]) -> list[dict[str, Any]]:
        changed = []
        for paper in papers:
            cells = tools.open(paper.cells, "cells", one.id, paper.number)
            if clean(texts_of(cells, mapping).get(item.field, "")) == said:
                cells.setdefault("c", {})[item.field] = written
                sealed = tools.seal(cells, "cells", one.id, paper.number)
                changed.append({"roster_import_id": one.id, "number": paper.number, "cells": sealed})
        return changed

    after = count = 0
    while papers := await load_rows(session, one.id, after, ROWS_A_BLOCK, "number", "cells"):
        after = papers[-1].number
        changed = await asyncio.to_thread(change, papers)
        await update_rows(session, "roster_import_rows", ("roster_import_id", "number"), changed)
        count += len(changed)
    return count


async def _decide(
    session: AsyncSession, caller: Caller, paper: RosterImportRow, item: PersonCorrection, place: int
) -> None:
    if item.person_id is None:
        paper.decision, paper.decided_person_id = RowDecision.new_person, None
        return
    pointer = f"#/items/{place}/person_id"
    await require_person(session, caller, item.person_id, pointer)
    paper.decision, paper.decided_person_id = RowDecision.use_person, item.person_id


def _write_cell(
    tools: Tools, one: RosterImport, paper: RosterImportRow, cells: dict[str, Any], name: str, written: str
) -> None:
    cells.setdefault("c", {})[name] = clean(written)
    paper.cells = tools.seal(cells, "cells", one.id, paper.number)


def _require_mapped(mapping: dict[str, int], name: str, place: int) -> None:
    if name not in mapping:
        raise invalid(f"#/items/{place}/field", "not_mapped", "No column of this file is this field.")


def _require_mapping(one: RosterImport, details: dict[str, Any]) -> None:
    """What a check needs is mapped, and no date may be two days."""
    mapping = mapping_of(details)
    errors = []
    if RosterField.seat not in mapping and not any(name in mapping for name in NAME_FIELDS):
        message = "Say which column holds the names: map at least one column to a name."
        errors.append(FieldError("names_not_mapped", message, pointer="#/fields"))
    if one.training_id is None and RosterField.training_code not in mapping:
        message = "The import is for no training, so a column must hold the codes of trainings: map it."
        errors.append(FieldError("training_code_not_mapped", message, pointer="#/fields"))
    if asks_date_order(one, details):
        message = "Some dates may be read in two ways, such as 03/04/1980. Say in which order their numbers stand."
        errors.append(FieldError("date_order_needed", message, pointer="#/date_order"))
    if errors:
        raise Invalid(f"{len(errors)} things are needed before the rows can be checked.", errors)


async def _take(
    session: AsyncSession, caller: Caller, import_id: uuid.UUID, version: int, *stages: ImportStage
) -> RosterImport:
    """The import, locked, as the caller read it, with nothing going on, at one of these stages."""
    caller.require_role(WRITER)
    one = await get_import(session, caller, import_id, lock=True)
    check_version(one, version)
    check_idle(ImportTask(one.task), ImportStatus(one.status))
    check_stage(ImportStage(one.stage), *stages)
    return one


async def _queue(session: AsyncSession, caller: Caller, one: RosterImport, task: ImportTask) -> RosterImport:
    """Leave the work to whoever works."""
    one.task, one.status, one.problem = task, ImportStatus.queued, None
    arguments = {"roster_import_id": str(one.id)}
    one.job_id = await defer(session, f"roster_imports.{task}", arguments, caller, lock=f"roster_import:{one.id}")
    await note_progress(session, one.id, 0, None)
    return await touch_row(session, one)


async def _forget_outcomes(session: AsyncSession, one: RosterImport) -> None:
    statement = text(
        "UPDATE roster_import_rows SET outcome = NULL, codes = '{}', findings = NULL WHERE roster_import_id = :id"
    )
    await (await session.connection()).execute(statement, {"id": one.id})
    await drop_plans(session, one.id)


def _details(tools: Tools, one: RosterImport) -> dict[str, Any]:
    details: dict[str, Any] | None = tools.open(one.details, "details", one.id)
    if details is None:
        raise ImportNotReady("The file of this import has not been read yet.")
    return details


def _only_country(training: Training) -> str:
    if len(training.beneficiary_country_codes) != 1:
        raise _missing(
            "country_code", "The training is for several countries. Say whose office keeps the people: country_code=MX."
        )
    return training.beneficiary_country_codes[0]


def _missing(parameter: str, message: str) -> Invalid:
    return Invalid(message, [FieldError("missing", message, parameter=parameter)])
