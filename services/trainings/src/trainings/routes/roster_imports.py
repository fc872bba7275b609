"""Imports of rosters over HTTP."""

import uuid
from functools import partial
from typing import Annotated, Any, Final, Literal

from chassis.codes import CountryCode
from chassis.events import Event, EventStream, answer_events, events_router
from chassis.exports import send_spooled
from chassis.idempotency import KeyRequired
from chassis.paging import Page, answer_list, stream_rows
from chassis.resources import IfMatch, etag, send_etag
from chassis.tokens import Caller
from chassis.unit_of_work import CurrentCaller, Session
from chassis.uploads import CSV, FILE_BODY, XLSX, read_upload
from fastapi import Depends, Query, Request, Response
from pydantic import StringConstraints
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.domain import OPEN_STATUSES
from trainings.routes.personal import personal_router, require_officer
from trainings.schemas.roster_imports import (
    RosterImportCorrections,
    RosterImportPage,
    RosterImportQuery,
    RosterImportRead,
    RosterImportRowPage,
    RosterImportRowQuery,
    RosterImportUpdate,
    UndoPreview,
)
from trainings.service import roster_imports as service
from trainings.service.roster_imports.papers import Tools

router: Final = personal_router("Roster imports")
events: Final = events_router("Roster imports")
_KINDS: Final = {"csv": CSV, "xlsx": XLSX}
_TEMPLATES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            _KINDS["csv"]: {"schema": {"type": "string"}},
            _KINDS["xlsx"]: {"schema": {"type": "string", "format": "binary"}},
        }
    }
}


def import_tools(request: Request) -> Tools:
    """Keys and settings."""
    tools: Tools = request.app.state.import_tools
    return tools


ImportTools = Annotated[Tools, Depends(import_tools)]


@router.get("/roster-imports", response_model=RosterImportPage)
async def list_roster_imports(
    request: Request,
    session: Session,
    caller: CurrentCaller,
    tools: ImportTools,
    query: Annotated[RosterImportQuery, Query()],
) -> Page | Response:
    """List the imports of countries the caller has a grant for."""
    listing = service.list_imports(caller, partial(service.present_listed, tools))
    return await answer_list(request, session, query, listing, RosterImportPage)


@router.post(
    "/roster-imports",
    status_code=202,
    response_model=RosterImportRead,
    openapi_extra=FILE_BODY,
    dependencies=[KeyRequired],
)
async def create_roster_import(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    tools: ImportTools,
    file_name: Annotated[str | None, StringConstraints(min_length=1, max_length=255), Query()] = None,
    training_id: uuid.UUID | None = None,
    country_code: CountryCode | None = None,
) -> RosterImportRead:
    """Hand in a roster: the body is the file, or pasted text as tab-separated values. It is read after the answer."""
    sent = await read_upload(request, file_name, "roster")
    one = await service.submit_import(session, caller, tools, *sent, training_id, country_code)
    response.headers["Location"] = f"/v1/roster-imports/{one.id}"
    response.headers["ETag"] = etag(one.version)
    return await service.present_import(session, caller, tools, one)


@router.get("/roster-imports/{roster_import_id}", response_model=RosterImportRead)
async def get_roster_import(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    tools: ImportTools,
    roster_import_id: uuid.UUID,
) -> RosterImportRead:
    """Read one import: how far it is, its columns, what is wrong, what it wrote."""
    one = await service.get_import(session, caller, roster_import_id)
    shown = await service.present_import(session, caller, tools, one)
    if one.status != "running":  # its progress changes without a new version
        send_etag(request, response, one)
    else:
        response.headers["ETag"] = etag(one.version)
    return shown


@router.patch("/roster-imports/{roster_import_id}", response_model=RosterImportRead)
async def update_roster_import(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    tools: ImportTools,
    roster_import_id: uuid.UUID,
    version: IfMatch,
    body: RosterImportUpdate,
) -> RosterImportRead:
    """Say how the file is read and what its columns are. Another sheet or header row has it read again."""
    one = await service.update_import(session, caller, tools, roster_import_id, version, body)
    send_etag(request, response, one)
    return await service.present_import(session, caller, tools, one)


@router.post("/roster-imports/{roster_import_id}/check", status_code=202, response_model=RosterImportRead)
async def check_roster_import(
    response: Response,
    session: Session,
    caller: CurrentCaller,
    tools: ImportTools,
    roster_import_id: uuid.UUID,
    version: IfMatch,
) -> RosterImportRead:
    """Have every row held against the records. Nothing is written to them."""
    one = await service.start_check(session, caller, tools, roster_import_id, version)
    return await _accepted(response, session, caller, tools, one)


@router.get("/roster-imports/{roster_import_id}/rows", response_model=RosterImportRowPage)
async def list_roster_import_rows(
    request: Request,
    session: Session,
    caller: CurrentCaller,
    tools: ImportTools,
    roster_import_id: uuid.UUID,
    query: Annotated[RosterImportRowQuery, Query()],
) -> Page | Response:
    """List the rows of an import: what each would do, what is wrong in it, whom it may be about."""
    one = await service.get_import(session, caller, roster_import_id)
    listing = service.list_rows(tools, one)
    accepted = request.headers.get("accept", "").partition(";")[0].strip()
    by_accept = {media_type: kind for kind, media_type in _KINDS.items()}
    kind: str = query.format or by_accept.get(accepted, "json")
    if kind not in _KINDS:
        return await answer_list(request, session, query, listing, RosterImportRowPage)
    rows = await stream_rows(session, query, listing)
    spool = await service.lay_out_rows(tools, one, rows, kind, is_for_excel=query.excel)
    return send_spooled(spool, _KINDS[kind], f"rows.{kind}")


@router.post("/roster-imports/{roster_import_id}/corrections", response_model=RosterImportRead)
async def correct_roster_import(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    tools: ImportTools,
    roster_import_id: uuid.UUID,
    version: IfMatch,
    body: RosterImportCorrections,
) -> RosterImportRead:
    """Correct values, one or all alike, leave rows out, decide who they are. 202 where that takes a new check."""
    one = await service.correct_rows(session, caller, tools, roster_import_id, version, body)
    if one.status == "queued":
        return await _accepted(response, session, caller, tools, one)
    send_etag(request, response, one)
    return await service.present_import(session, caller, tools, one)


@router.post("/roster-imports/{roster_import_id}/commit", status_code=202, response_model=RosterImportRead)
async def commit_roster_import(
    response: Response,
    session: Session,
    caller: CurrentCaller,
    tools: ImportTools,
    roster_import_id: uuid.UUID,
    version: IfMatch,
) -> RosterImportRead:
    """Have all rows written in one transaction: all or nothing."""
    one = await service.start_commit(session, caller, roster_import_id, version)
    return await _accepted(response, session, caller, tools, one)


@router.post("/roster-imports/{roster_import_id}/cancel", response_model=RosterImportRead)
async def cancel_roster_import(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    tools: ImportTools,
    roster_import_id: uuid.UUID,
    version: IfMatch,
) -> RosterImportRead:
    """Stop what is queued or running. Nothing of it is kept."""
    one = await service.cancel_import(session, caller, roster_import_id, version)
    send_etag(request, response, one)
    return await service.present_import(session, caller, tools, one)


@router.post("/roster-imports/{roster_import_id}/undo", status_code=202, response_model=RosterImportRead)
async def undo_roster_import(
    response: Response,
    session: Session,
    caller: CurrentCaller,
    tools: ImportTools,
    roster_import_id: uuid.UUID,
    version: IfMatch,
) -> RosterImportRead:
    """Have taken back what the import wrote. What was changed since is kept, and named."""
    one = await service.start_undo(session, caller, roster_import_id, version)
    return await _accepted(response, session, caller, tools, one)


@router.get("/roster-imports/{roster_import_id}/undo-preview", response_model=UndoPreview)
async def get_roster_import_undo_preview(
    session: Session, caller: CurrentCaller, tools: ImportTools, roster_import_id: uuid.UUID
) -> UndoPreview:
    """Read what an undo would take back and keep, as things stand now."""
    return UndoPreview.model_validate(await service.preview_undo(session, caller, tools, roster_import_id))


@events.get(
    "/roster-imports/{roster_import_id}/events",
    response_class=EventStream,
    dependencies=[Depends(require_officer)],
)
async def get_roster_import_events(request: Request, roster_import_id: uuid.UUID) -> Response:
    """Follow the work of an import: an event `progress` whenever it changes, until it has ended."""

    async def read(session: AsyncSession, caller: Caller) -> Event:
        one = await service.get_import(session, caller, roster_import_id)
        progress = await service.find_progress(session, one)
        content = {"task": one.task, "status": one.status, "stage": one.stage, "progress": progress}
        return Event("progress", content, is_last=one.status not in OPEN_STATUSES)

    return await answer_events(request, read)


@router.get("/trainings/{training_id}/roster-template", response_class=Response, responses=_TEMPLATES)
async def get_roster_template(
    session: Session,
    caller: CurrentCaller,
    tools: ImportTools,
    training_id: uuid.UUID,
    kind: Annotated[Literal["csv", "xlsx"], Query(alias="format")] = "xlsx",
) -> Response:
    """Download the roster to fill in: a line a seat. Blank leaves a field as it is, CLEAR empties it."""
    content, name = await service.make_template(session, caller, tools, training_id, kind)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=_KINDS[kind], headers=headers)


async def _accepted(
    response: Response,
    session: Session,
    caller: CurrentCaller,
    tools: Tools,
    one: Any,  # noqa: ANN401 - a row
) -> RosterImportRead:
    response.status_code = 202
    response.headers["Location"] = f"/v1/roster-imports/{one.id}"
    response.headers["ETag"] = etag(one.version)
    return await service.present_import(session, caller, tools, one)
