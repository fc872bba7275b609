"""The pieces of work of an import: read, check, commit, undo. Each may be killed anywhere, and starts anew."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from chassis.errors import DomainError, FieldError
from chassis.jobs import GiveUp
from chassis.problems import from_database, vars_of
from chassis.resources import touch_row
from chassis.tables.mapping import Looks
from chassis.tables.reading import read_table
from chassis.tokens import Caller
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, TimeoutError  # noqa: A004 - of waiting for a connection
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.domain import OPEN_STATUSES, ImportStage, ImportStatus, ImportTask, RosterChanged
from trainings.models import RosterImport, RosterImportFile
from trainings.service.loading import WRITER
from trainings.service.roster_imports.checking import check_again, check_rows
from trainings.service.roster_imports.columns import HEADERS
from trainings.service.roster_imports.evaluating import AT_ONCE
from trainings.service.roster_imports.layout import remember_mapping, seal_rows
from trainings.service.roster_imports.papers import (
    ROWS_A_BLOCK,
    Tools,
    batched,
    count_rows,
    drop_file,
    insert_rows,
    note_progress,
    take_time,
)
from trainings.service.roster_imports.plans import are_current, drop_plans, read_part, unpack
from trainings.service.roster_imports.undoing import undo_rows
from trainings.service.roster_imports.writing import IDS_A_ROW, Intent, Written, prepare, take_ids, write
from trainings.service.words import CONSTRAINT_WORDS

_MANY_ROWS: Final = 5_000
_WRITES: Final = 16
"""In so many pieces a large roster is written: each rule looks at a piece once, and each piece moves the progress."""


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
        del content, opened
        desk.check()
        looks = Looks(table)
        async with desk.transaction(caller) as session:
            await take_time(session)
            await drop_plans(session, import_id)
            connection = await session.connection()
            await connection.execute(
                text("DELETE FROM roster_import_rows WHERE roster_import_id = :id"), {"id": import_id}
            )
            done = 0
            blocks = batched(seal_rows(table, looks, tools, import_id), ROWS_A_BLOCK)
            while rows := await asyncio.to_thread(next, blocks, None):
                await insert_rows(session, "roster_import_rows", rows)
                done += len(rows)
                await _tell(desk, caller, import_id, done, table.row_count)
                desk.check()
            details = await asyncio.to_thread(looks.describe, HEADERS)
            one = await _still(session, import_id, ImportTask.read)
            await remember_mapping(session, tools, one, details)
            one.details = tools.seal(details, "details", import_id)
            one.counts = None
            _succeed(one, ImportStage.read)
            await note_progress(session, import_id, done, done)
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
        total = await count_rows(session, import_id)

        async def tell(done: int) -> None:
            desk.check()
            await _tell(desk, caller, import_id, done, total)

        await tell(0)
        session.expunge_all()
        found = await check_rows(session, caller, tools, one, tell)
        desk.check()
        one = await _still(session, import_id, ImportTask.check)
        found.note_on(one, tools)
        _succeed(one, ImportStage.checked)
        await note_progress(session, import_id, total, total)
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
        total = await count_rows(session, import_id)
        await _tell(desk, caller, import_id, 0, total)
        session.expunge_all()
        if not await are_current(session, caller, tools, one):
            await check_again(session, caller, tools, one)
        counts: Counter[str] = Counter()
        done = 0
        async with aclosing(_prepare_all(session, tools, one, total)) as prepared:
            async for written in prepared:
                desk.check()
                await write(session, written)
                counts += written.counts()
                done += len(written.papers)
                await _tell(desk, caller, import_id, done, total)
        one = await _still(session, import_id, ImportTask.commit)
        _succeed(one, ImportStage.committed)
        one.result = dict.fromkeys(Written().counts(), 0) | counts | {"rows_excluded": total - done}
        await drop_file(session, import_id)
        await drop_plans(session, import_id)
        one.committed_at, one.committed_by = datetime.now(UTC), caller.name
        await note_progress(session, import_id, total, total)
        await touch_row(session, one)
    if one.stage == ImportStage.committed and total >= _MANY_ROWS:
        await _analyze(desk, caller)


async def _analyze(desk: Desk, caller: Caller) -> None:
    """Have the database look at its tables now: until it does so by itself, plans are those of the tables before."""
    with suppress(DBAPIError):  # somebody else does it just now
        async with desk.transaction(caller) as session:
            await take_time(session)
            await (await session.connection()).execute(text("SELECT analyze_rosters()"))


async def _prepare_all(
    session: AsyncSession, tools: Tools, one: RosterImport, total: int
) -> AsyncGenerator[Written, None]:
    """What is written, some rows at a time. While some are written the next are sealed."""
    at_least = max(AT_ONCE, total // _WRITES)
    part, is_last = 0, False
    preparing: asyncio.Task[Written] | None = None
    try:
        while not is_last:
            intents: list[Intent] = []
            while len(intents) < at_least and not is_last:
                content = await read_part(session, one.id, part)
                is_last = content is None
                if content is not None:
                    intents += await asyncio.to_thread(unpack, content, tools, one.id, part)
                    part += 1
            ids = await take_ids(session, IDS_A_ROW * len(intents))
            before, preparing = preparing, asyncio.create_task(asyncio.to_thread(prepare, one, intents, ids, tools))
            if before is not None:
                yield await before
        if preparing is not None:
            yield await preparing
    finally:
        if preparing is not None and not preparing.done():
            await asyncio.wait([preparing])


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
        total = await count_rows(session, import_id)

        async def tell(done: int) -> None:
            desk.check()
            await _tell(desk, caller, import_id, min(done, total), total)

        await tell(0)
        found = await undo_rows(session, caller, tools, await _find(session, import_id), on_progress=tell)
        desk.check()
        one = await _still(session, import_id, ImportTask.undo)
        _succeed(one, ImportStage.undone)
        one.undo_result, one.undone_at, one.undone_by = found, datetime.now(UTC), caller.name
        await note_progress(session, import_id, total, total)
        await touch_row(session, one)


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


async def _tell(desk: Desk, caller: Caller, import_id: uuid.UUID, done: int, total: int) -> None:
    """Say how far the work is, beside its own transaction: whoever looks sees it at once."""
    with suppress(TimeoutError):  # no connection is free just now: it is said with the next rows
        async with desk.transaction(caller) as session:
            await note_progress(session, import_id, done, total)


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
