"""The pieces of work of an import: read, check, commit, undo. Each may be killed anywhere, and starts anew."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from chassis.errors import DomainError, FieldError
from chassis.jobs import GiveUp
from chassis.problems import from_database, vars_of
from chassis.resources import touch_row
from chassis.tables.reading import read_table
from chassis.tokens import Caller
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.domain import (
    OPEN_STATUSES,
    ImportStage,
    ImportStatus,
    ImportTask,
    RosterChanged,
    RosterHasErrors,
    RowOutcome,
)
from trainings.models import RosterImport, RosterImportFile, RosterImportRow
from trainings.service.loading import WRITER
from trainings.service.roster_imports.assessing import Plan
from trainings.service.roster_imports.evaluating import count_outcomes, evaluate, findings_of, list_faults, load_rows
from trainings.service.roster_imports.layout import describe_table, remember_mapping
from trainings.service.roster_imports.papers import Tools, drop_file, insert_rows, take_time, update_rows
from trainings.service.roster_imports.undoing import undo_rows
from trainings.service.roster_imports.writing import prepare, take_ids, write
from trainings.service.words import CONSTRAINT_WORDS

_IDS_A_ROW: Final = 4


class Desk(Protocol):
    """What a piece of work is done with: who asked for it, and transactions in their name."""

    async def caller(self) -> Caller:
        """Whoever asked for it, with the rights that they have now."""

    def transaction(self, caller: Caller, *, rights_again: bool = False) -> AbstractAsyncContextManager[AsyncSession]:
        """A transaction that is committed at its end; with `rights_again` only if the caller's are the same then."""

    def check(self) -> None:
        """Raise where the work is to stop."""


async def read_import(desk: Desk, tools: Tools, import_id: uuid.UUID) -> None:
    """Read the file into rows, and propose what its columns are."""
    caller = await desk.caller()
    async with desk.transaction(caller) as session:
        one = await _begin(session, import_id, ImportTask.read)
        if one is None:
            return
        kept = await session.get(RosterImportFile, import_id)
        assert kept is not None  # noqa: S101 - they are written together
        content, name = kept.content, tools.open(one.file_name, "file_name", import_id)
        sheet, header_row = tools.open(one.sheet, "sheet", import_id), one.header_row
    async with _failing(desk, import_id, ImportTask.read):
        if content is None:
            raise RosterChanged("The file of this import is not kept any more. Upload it again.")
        opened = await asyncio.to_thread(tools.sealer.open, bytes(content), f"content|{import_id}|0")
        table = await asyncio.to_thread(read_table, opened, file_name=name, sheet=sheet, header_row=header_row)
        desk.check()
        details, rows = await asyncio.to_thread(describe_table, table, tools, import_id)
        async with desk.transaction(caller) as session:
            await take_time(session)
            connection = await session.connection()
            await connection.execute(
                text("DELETE FROM roster_import_rows WHERE roster_import_id = :id"), {"id": import_id}
            )
            await insert_rows(session, "roster_import_rows", rows)
            one = await _still(session, import_id, ImportTask.read)
            await remember_mapping(session, tools, one, details)
            one.details = tools.seal(details, "details", import_id)
            one.counts = None
            _succeed(one, ImportStage.read)
            await note_progress(session, import_id, len(rows), len(rows))
            await touch_row(session, one)


async def check_import(desk: Desk, tools: Tools, import_id: uuid.UUID) -> None:
    """Hold every row against the records, and say what it would do."""
    caller = await desk.caller()
    async with desk.transaction(caller) as session:
        if await _begin(session, import_id, ImportTask.check) is None:
            return
    async with _failing(desk, import_id, ImportTask.check), desk.transaction(caller) as session:
        await take_time(session)
        one = await _find(session, import_id)
        papers = await load_rows(session, one)
        session.expunge_all()
        plans = await evaluate(session, caller, tools, one, papers)
        desk.check()
        one = await _still(session, import_id, ImportTask.check)
        await write_findings(session, tools, one, plans, papers)
        _succeed(one, ImportStage.checked)
        await note_progress(session, import_id, len(papers), len(papers))
        await touch_row(session, one)


async def commit_import(desk: Desk, tools: Tools, import_id: uuid.UUID) -> None:
    """Write what the check said, all or nothing, with the rights that whoever asked for it has now."""
    caller = await desk.caller()
    async with desk.transaction(caller) as session:
        one = await _begin(session, import_id, ImportTask.commit)
        if one is None:
            return
        _require_rights(caller, one)
    async with _failing(desk, import_id, ImportTask.commit), desk.transaction(caller, rights_again=True) as session:
        await take_time(session)
        await _take_turn(session, import_id)
        one = await _find(session, import_id)
        papers = await load_rows(session, one)
        session.expunge_all()
        plans = await evaluate(session, caller, tools, one, papers)
        _require_as_checked(plans, papers, tools, import_id)
        desk.check()
        ids = await take_ids(session, _IDS_A_ROW * len(plans))
        written = await asyncio.to_thread(prepare, one, plans, ids, tools)
        desk.check()
        await write(session, written)
        one = await _still(session, import_id, ImportTask.commit)
        _succeed(one, ImportStage.committed)
        one.result = written.counts(plans, len(papers) - len(plans))
        await drop_file(session, import_id)
        one.committed_at, one.committed_by = datetime.now(UTC), caller.name
        await note_progress(session, import_id, len(papers), len(papers))
        await touch_row(session, one)


async def undo_import(desk: Desk, tools: Tools, import_id: uuid.UUID) -> None:
    """Take back what was written, in one transaction. What somebody did since is kept."""
    caller = await desk.caller()
    async with desk.transaction(caller) as session:
        one = await _begin(session, import_id, ImportTask.undo)
        if one is None:
            return
        _require_rights(caller, one)
    async with _failing(desk, import_id, ImportTask.undo), desk.transaction(caller, rights_again=True) as session:
        await take_time(session)
        await _take_turn(session, import_id)
        found = await undo_rows(session, caller, tools, await _find(session, import_id))
        desk.check()
        one = await _still(session, import_id, ImportTask.undo)
        _succeed(one, ImportStage.undone)
        one.undo_result, one.undone_at, one.undone_by = found, datetime.now(UTC), caller.name
        await touch_row(session, one)


async def write_findings(
    session: AsyncSession, tools: Tools, one: RosterImport, plans: Sequence[Plan], papers: Sequence[RosterImportRow]
) -> None:
    """Note what each row would do, and what is wrong by column."""
    rows = await asyncio.to_thread(lambda: [_row_of(plan, one, tools) for plan in plans])
    rows += [
        {"roster_import_id": one.id, "number": paper.number, "outcome": str(RowOutcome.excluded), "codes": [],
         "findings": None, "training_id": None, "enrollment_id": None, "person_id": None, "fingerprint": None}
        for paper in papers if paper.is_excluded
    ]  # fmt: skip
    await update_rows(
        session, "roster_import_rows", ("roster_import_id", "number"), rows, also="version = t.version + 1"
    )
    details = tools.open(one.details, "details", one.id)
    details["faults"] = list_faults(plans, details)
    one.details = tools.seal(details, "details", one.id)
    one.counts = count_outcomes(plans, papers)


def _row_of(plan: Plan, one: RosterImport, tools: Tools) -> dict[str, Any]:
    matched = plan.matched
    return {
        "roster_import_id": one.id,
        "number": plan.draft.number,
        "outcome": str(plan.outcome),
        "codes": [f"{error.field or ''}:{error.code}" for error in plan.draft.errors],
        "findings": tools.seal(findings_of(plan), "findings", one.id, plan.draft.number),
        "training_id": matched.training.id if matched.training else None,
        "enrollment_id": matched.seat.id if matched.seat is not None else None,
        "person_id": matched.person_id,
        "fingerprint": matched.fingerprint,
    }


def _require_as_checked(
    plans: Sequence[Plan], papers: Sequence[RosterImportRow], tools: Tools, import_id: uuid.UUID
) -> None:
    """Raise unless each row would do what was shown of it when it was checked."""
    counts = count_outcomes(plans, papers)
    if counts[RowOutcome.error] or counts[RowOutcome.possible_duplicate]:
        raise RosterHasErrors(
            "Since the check some rows have become wrong, or somebody like them was recorded. Check the import again.",
            counts=counts,
        )
    shown = {paper.number: paper for paper in papers}
    for plan in plans:
        paper = shown[plan.draft.number]
        checked = tools.open(paper.findings, "findings", import_id, paper.number) or {}
        changes = [list(change) for change in plan.changes]
        same_person = plan.matched.person_id == paper.person_id
        if plan.outcome != paper.outcome or not same_person or changes != checked.get("changes"):
            raise RosterChanged(
                f"Records have changed since the check: row {paper.number} would not do any more what was shown. "
                "Check the import again."
            )


def _succeed(one: RosterImport, stage: ImportStage) -> None:
    one.stage, one.status, one.problem, one.job_id = stage, ImportStatus.succeeded, None, None


def _require_rights(caller: Caller, one: RosterImport) -> None:
    if caller.role != WRITER or not caller.may_see(one.country_code):
        raise _rights_lost()


def _rights_lost() -> GiveUp:
    """Where the import is not theirs to see any more, it is not there."""
    return GiveUp(
        "rights_lost",
        "Whoever submitted it has no role of an officer, or no grant for its country, any more. Nothing is written.",
    )


async def _take_turn(session: AsyncSession, import_id: uuid.UUID) -> None:
    """Of two who write one import the second sees the first."""
    statement = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
    await (await session.connection()).execute(statement, {"name": f"roster_import:{import_id}"})


async def _begin(session: AsyncSession, import_id: uuid.UUID, task: ImportTask) -> RosterImport | None:
    """The import, now running; None where its work is another or over."""
    one = await _find(session, import_id, lock=True)
    if one.task != task or one.status not in OPEN_STATUSES:
        return None
    if one.status != ImportStatus.running:
        one.status = ImportStatus.running
        await touch_row(session, one)
    return one


async def _still(session: AsyncSession, import_id: uuid.UUID, task: ImportTask) -> RosterImport:
    """The import, locked and still at this work: somebody may have canceled it."""
    one = await _find(session, import_id, lock=True)
    if one.task != task or one.status != ImportStatus.running:
        raise Canceled
    return one


async def _find(session: AsyncSession, import_id: uuid.UUID, *, lock: bool = False) -> RosterImport:
    statement = select(RosterImport).where(col(RosterImport.id) == import_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    one = (await session.exec(statement)).one_or_none()
    if one is None:
        raise _rights_lost()
    return one


async def note_progress(session: AsyncSession, import_id: uuid.UUID, done: int, total: int | None) -> None:
    """Say how far the work is."""
    statement = text("UPDATE roster_import_files SET done = :done, total = :total WHERE roster_import_id = :id")
    await (await session.connection()).execute(statement, {"done": done, "total": total, "id": import_id})


class Canceled(Exception):
    """Somebody canceled the work: nothing of it is kept."""


@asynccontextmanager
async def _failing(desk: Desk, import_id: uuid.UUID, task: ImportTask) -> AsyncIterator[None]:
    """What a piece of work refuses is written to its import; nothing else of it is."""
    try:
        yield
    except Canceled:
        return
    except (DomainError, DBAPIError) as error:
        refused = error if isinstance(error, DomainError) else from_database(error, CONSTRAINT_WORDS)
        if int(refused.status) >= 500:  # noqa: PLR2004 - ours to try again, not theirs to mend
            raise
        async with desk.transaction(await desk.caller()) as session:
            one = await _find(session, import_id, lock=True)
            if one.task == task and one.status in OPEN_STATUSES:
                one.status, one.problem, one.job_id = ImportStatus.failed, problem_of(refused), None
                await touch_row(session, one)


def problem_of(refused: DomainError) -> dict[str, Any]:
    """A refusal as an import keeps it. Nothing personal stands in it."""
    errors: list[FieldError] = refused.errors
    return {
        "code": refused.code,
        "title": refused.title,
        "detail": refused.detail,
        "errors": [{name: value for name, value in vars_of(each).items() if value is not None} for each in errors],
    }
