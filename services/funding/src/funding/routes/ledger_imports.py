"""Imports of ledger entries over HTTP: one officer proposes, another commits."""

import asyncio
import uuid
from typing import Annotated, Final

from chassis.idempotency import KeyRequired
from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, etag, get_row, send_etag
from chassis.tables.reading import read_table
from chassis.unit_of_work import CurrentCaller, Session, work_router
from chassis.uploads import FILE_BODY, read_upload
from fastapi import Query, Request, Response
from pydantic import StringConstraints
from sqlmodel.ext.asyncio.session import AsyncSession

from funding.models import LedgerImport
from funding.schemas.ledger_imports import (
    LedgerImportCorrections,
    LedgerImportDecline,
    LedgerImportPage,
    LedgerImportQuery,
    LedgerImportRead,
    LedgerImportRowPage,
    LedgerImportRowQuery,
    LedgerImportUndoCreate,
    LedgerImportUpdate,
)
from funding.service import ledger_imports as service
from funding.service.words import WRITER

router: Final = work_router("Ledger imports")
Name = Annotated[str | None, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00]*$"), Query()]


@router.get("/ledger-imports", response_model=LedgerImportPage)
async def list_ledger_imports(
    request: Request, session: Session, query: Annotated[LedgerImportQuery, Query()]
) -> Page | Response:
    """List the imports of ledger entries."""
    return await answer_list(request, session, query, service.list_imports(), LedgerImportPage)


@router.post(
    "/ledger-imports",
    status_code=201,
    response_model=LedgerImportRead,
    openapi_extra=FILE_BODY,
    dependencies=[KeyRequired],
)
async def create_ledger_import(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    file_name: Name = None,
    sheet: Name = None,
    header_row: Annotated[
        int | None, Query(ge=0, le=1_048_576, description="The row of the headers as the file numbers it; 0: none.")
    ] = None,
) -> LedgerImportRead:
    """Hand in entries: the body is a file (CSV, XLSX), or pasted text as tab-separated values. Nothing is recorded."""
    caller.require_role(WRITER)
    sent = await read_upload(request, file_name, "ledger")
    table = await asyncio.to_thread(
        read_table,
        sent.content,
        file_name=sent.file_name,
        sheet=sheet,
        header_row=header_row,
        limits=service.LIMITS,
    )
    most_rows: int = request.app.state.settings.ledger_import_most_rows
    one = await service.submit_import(session, caller, sent, table, most_rows)
    response.headers["Location"] = f"/v1/ledger-imports/{one.id}"
    response.headers["ETag"] = etag(one.version)
    return await service.present_import(session, one)


@router.get("/ledger-imports/{ledger_import_id}", response_model=LedgerImportRead)
async def get_ledger_import(
    request: Request, response: Response, session: Session, ledger_import_id: uuid.UUID
) -> LedgerImportRead:
    """Read one import: how far it is, its columns, what is wrong, what it recorded."""
    one = await get_row(session, LedgerImport, ledger_import_id)
    return await _answer(request, response, session, one)


@router.patch("/ledger-imports/{ledger_import_id}", response_model=LedgerImportRead)
async def update_ledger_import(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    ledger_import_id: uuid.UUID,
    version: IfMatch,
    body: LedgerImportUpdate,
) -> LedgerImportRead:
    """Say in which order dates stand, and what the columns are."""
    one = await service.update_import(session, caller, ledger_import_id, version, body)
    return await _answer(request, response, session, one)


@router.post("/ledger-imports/{ledger_import_id}/check", response_model=LedgerImportRead)
async def check_ledger_import(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    ledger_import_id: uuid.UUID,
    version: IfMatch,
) -> LedgerImportRead:
    """Hold every row against the ledger's rules. Nothing is recorded."""
    one = await service.check_import(session, caller, ledger_import_id, version)
    return await _answer(request, response, session, one)


@router.get("/ledger-imports/{ledger_import_id}/rows", response_model=LedgerImportRowPage)
async def list_ledger_import_rows(
    request: Request, session: Session, ledger_import_id: uuid.UUID, query: Annotated[LedgerImportRowQuery, Query()]
) -> Page | Response:
    """List the rows of an import: what each would do, what is wrong in it, which entry it became."""
    one = await get_row(session, LedgerImport, ledger_import_id)
    return await answer_list(request, session, query, service.list_rows(one), LedgerImportRowPage)


@router.post("/ledger-imports/{ledger_import_id}/corrections", response_model=LedgerImportRead)
async def correct_ledger_import(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    ledger_import_id: uuid.UUID,
    version: IfMatch,
    body: LedgerImportCorrections,
) -> LedgerImportRead:
    """Write other values into cells, leave rows out or take them in again. All rows are checked then."""
    one = await service.correct_rows(session, caller, ledger_import_id, version, body)
    return await _answer(request, response, session, one)


@router.post("/ledger-imports/{ledger_import_id}/propose", response_model=LedgerImportRead)
async def propose_ledger_import(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    ledger_import_id: uuid.UUID,
    version: IfMatch,
) -> LedgerImportRead:
    """Propose all rows as they are: from now on they stay so, and somebody else commits or declines them."""
    one = await service.propose_import(session, caller, ledger_import_id, version)
    return await _answer(request, response, session, one)


@router.post("/ledger-imports/{ledger_import_id}/commit", response_model=LedgerImportRead)
async def commit_ledger_import(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    ledger_import_id: uuid.UUID,
    version: IfMatch,
) -> LedgerImportRead:
    """Record what somebody else proposed, for good: all rows, where every rule holds on every day, or none."""
    one = await service.commit_import(session, caller, ledger_import_id, version)
    return await _answer(request, response, session, one)


@router.post("/ledger-imports/{ledger_import_id}/decline", response_model=LedgerImportRead)
async def decline_ledger_import(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    ledger_import_id: uuid.UUID,
    version: IfMatch,
    body: LedgerImportDecline,
) -> LedgerImportRead:
    """Send what is proposed back, an import or its undo, and say why."""
    one = await service.decline_import(session, caller, ledger_import_id, version, body)
    return await _answer(request, response, session, one)


@router.post("/ledger-imports/{ledger_import_id}/undo", response_model=LedgerImportRead)
async def undo_ledger_import(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    ledger_import_id: uuid.UUID,
    version: IfMatch,
    body: LedgerImportUndoCreate,
) -> LedgerImportRead:
    """Propose to reverse every entry of an import. Somebody else commits that."""
    one = await service.propose_undo(session, caller, ledger_import_id, version, body)
    return await _answer(request, response, session, one)


@router.post("/ledger-imports/{ledger_import_id}/commit-undo", response_model=LedgerImportRead)
async def commit_ledger_import_undo(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    ledger_import_id: uuid.UUID,
    version: IfMatch,
) -> LedgerImportRead:
    """Reverse every entry of an import, as somebody else proposed: all, or none."""
    one = await service.commit_undo(session, caller, ledger_import_id, version)
    return await _answer(request, response, session, one)


async def _answer(request: Request, response: Response, session: AsyncSession, one: LedgerImport) -> LedgerImportRead:
    send_etag(request, response, one)
    return await service.present_import(session, one)
