"""Imports of rosters: all of them, handing one in as a file or as pasted text, and watching the work on it."""

import asyncio
import time
import uuid
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response
from tributary import AsyncTributary, ProblemError, TributaryError
from tributary.roster_imports import PASTED, RosterImports

from web import rosters
from web.editing import MENDABLE
from web.errors import SignInNeeded
from web.forms import Form
from web.guards import ForeignForm
from web.rendering import errors_by_field, pass_file, render, wants_fragment
from web.routes.rosters import name_of_training, roster_page
from web.routes.signed_in import Api, KeptForm, connect, current_session, read_kept_form
from web.sessions import same
from web.uploads import Upload, is_multipart, read_upload

router: Final = APIRouter(include_in_schema=False)
PAGE_ROWS: Final = 25
# How long a pasted roster is waited for before its reader is shown how far it is.
PATIENCE_SECONDS: Final = 6.0
PAUSE_SECONDS: Final = 0.15
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NOTHING_GIVEN: Final = "Choose a file, or paste rows."
UPLOADS: Final = "/imports"
# What else may be wrong with a file, so that its reader can choose another.
UNREADABLE: Final = frozenset({HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE})
NO_ROWS: Final = "Copy rows in Excel, and paste them here."
STOP_POLLING: Final = 286  # what htmx takes for the end of asking again and again


@router.get("/imports")
async def list_imports(request: Request, api: Api, cursor: str = "") -> Response:
    """A page of the imports, the newest first."""
    page = await RosterImports(api).page(sort="-created_at", limit=PAGE_ROWS, cursor=cursor or None, with_total="true")
    ids = {one["training_id"] for one in page["items"] if one["training_id"]}
    return render(
        request,
        "imports.html",
        page=page,
        trainings=await find_trainings(api, ids),
        is_first=not cursor,
        done=request.query_params.get("done", ""),
    )


@router.get("/imports/tray")
async def show_tray(request: Request) -> Response:
    """How many imports are not finished, for the head of every page. It never leads away: somebody may be typing."""
    session = request.app.state.sessions.find(request)
    if session is None:
        return Response(status_code=STOP_POLLING)
    api = connect(request, session)
    try:
        going, waiting = await asyncio.gather(
            RosterImports(api).page(status=tuple(rosters.OPEN), limit=1, with_total="true"),
            RosterImports(api).page(stage=("read", "checked"), status="succeeded", limit=1, with_total="true"),
        )
    except TributaryError:  # a reader who sees no people has no imports either; nor has one whom nobody answers
        return Response(status_code=STOP_POLLING)
    return render(request, "tray.html", going=going["total_count"], waiting=waiting["total_count"])


@router.get("/imports/new")
async def show_new(request: Request, api: Api, training_id: str = "") -> Response:
    """Where a file is chosen or rows are pasted."""
    return await _new_page(request, api, Form((("training_id", training_id),)))


@router.post(UPLOADS)
async def create_import(request: Request) -> Response:
    """Hand a file on to the API piece by piece, or pasted rows; of those their preview is waited for."""
    upload, form = await _read_form(request)
    api = connect(request, current_session(request))
    training_id = form.get("training_id") or await _find_training_id(api, form.get("training_code").strip())
    if training_id is None:
        said = f"There is no training with the code {form.get('training_code').strip()}."
        return await _refused(request, api, form, {"training_code": said})
    is_file, text = upload.content is not None, form.get("text")
    if not is_file and not text.strip():
        is_roster = form.get("stage") == "roster"
        return await _refused(request, api, form, {"text": NO_ROWS} if is_roster else {"file": NOTHING_GIVEN})
    imports = RosterImports(api)
    try:
        made = await imports.create(
            upload.content if upload.content is not None else text.encode(),
            file_name=upload.file_name or "Pasted rows",
            media_type=upload.media_type if is_file else PASTED,
            training_id=training_id or None,
            country_code=form.get("country_code").strip().upper() or None,
            idempotency_key=form.get("key") or None,
        )
    except ProblemError as error:
        if error.status not in MENDABLE | UNREADABLE:
            raise
        errors = errors_by_field(error)
        where = "file" if is_file else "text"
        known = {name: said for name, said in errors.items() if name == "country_code"}
        return await _refused(request, api, form, known or {where: error.detail}, error.status)
    if not is_file:
        await _go_on(imports, made["id"])
    return RedirectResponse(f"/imports/{made['id']}", HTTPStatus.SEE_OTHER)


@router.get("/trainings/{training_id}/roster.xlsx")
async def download_template(api: Api, training_id: str) -> Response:
    """The roster as a table to fill in."""
    return pass_file(await RosterImports(api).download_template(training_id, format="xlsx"), "roster.xlsx", XLSX)


@router.get("/imports/{import_id}/run")
async def show_run(request: Request, api: Api, import_id: str) -> Response:
    """How far the work is: a page that asks again by itself, or its part for a script."""
    one = await RosterImports(api).get(import_id)
    here = f"/imports/{quote(import_id, safe='')}"
    if not rosters.is_open(one):
        if wants_fragment(request):
            return Response(status_code=STOP_POLLING, headers={"HX-Redirect": here})
        return RedirectResponse(here, HTTPStatus.SEE_OTHER)
    name = "run_part.html" if wants_fragment(request) else "import_run.html"
    return render(request, name, one=one, percent=rosters.percent_of(one), task=rosters.TASKS[one["task"]])


@router.post("/imports/{import_id}/cancel")
async def cancel_import(form: KeptForm, api: Api, import_id: str) -> Response:  # noqa: ARG001 - its token is the point
    """Stop the work, however far it has come since the page was made."""
    imports = RosterImports(api)
    one = await imports.get(import_id)
    if rosters.is_open(one):
        try:
            await imports.cancel(import_id, version=one["version"])
        except ProblemError as error:
            if error.status not in {HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}:
                raise  # else it ended by itself just now, and its page says how
    return RedirectResponse(
        f"/imports/{quote(import_id, safe='')}?{urlencode({'done': 'canceled'})}", HTTPStatus.SEE_OTHER
    )


async def find_trainings(api: AsyncTributary, ids: set[str]) -> dict[str, str]:
    """What trainings are called, by id."""
    ordered = sorted(ids)
    found = await asyncio.gather(*(api.get(f"/v1/trainings/{quote(one, safe='')}") for one in ordered))
    return {one["id"]: name_of_training(one) for one in found}


async def _go_on(imports: RosterImports, import_id: str) -> None:
    """Have pasted rows checked once they are read, where nothing must be asked before; else their page asks it."""
    one = await _wait(imports, import_id)
    if one["stage"] != "read" or rosters.is_open(one) or one["is_date_order_needed"]:
        return
    try:
        await imports.check(import_id, version=one["version"])
    except ProblemError as error:
        if error.status not in MENDABLE | {HTTPStatus.PRECONDITION_FAILED}:
            raise
        return
    await _wait(imports, import_id)


async def _wait(imports: RosterImports, import_id: str) -> dict[str, Any]:
    ends_at = time.monotonic() + PATIENCE_SECONDS
    one = await imports.get(import_id)
    while rosters.is_open(one) and time.monotonic() < ends_at:
        await asyncio.sleep(PAUSE_SECONDS)
        one = await imports.get(import_id)
    return one


async def _read_form(request: Request) -> tuple[Upload, Form]:
    """The fields of the form, which must be of this session, and where its file begins."""
    if not is_multipart(request):
        return Upload(), await read_kept_form(request)
    upload = await read_upload(request)
    form = request.state.kept = Form(tuple(upload.pairs))
    session = request.app.state.sessions.find(request)
    if session is None:
        raise SignInNeeded
    if not same(form.get("form_token"), session.form_token):
        raise ForeignForm
    return upload, form


async def _find_training_id(api: AsyncTributary, code: str) -> str | None:
    """The training of a code: empty where none is named, None where there is no such training."""
    if not code:
        return ""
    found = (await api.get("/v1/trainings", code=code.upper(), limit=1))["items"]
    return found[0]["id"] if found else None


async def _refused(
    request: Request,
    api: AsyncTributary,
    form: Form,
    errors: dict[str, str],
    status: int = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> Response:
    """The page that the form stands on, with what was typed and what is wrong."""
    if form.get("stage") == "roster":
        training_id = form.get("training_id")
        return await roster_page(request, api, training_id, paste_errors=errors, pasted=form, status=status)
    return await _new_page(request, api, form, errors, status)


async def _new_page(
    request: Request,
    api: AsyncTributary,
    form: Form,
    errors: dict[str, str] | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    training_id = form.get("training_id")
    training = await api.get(f"/v1/trainings/{quote(training_id, safe='')}") if training_id else None
    return render(
        request,
        "import_new.html",
        status=status,
        training=training,
        name=name_of_training(training) if training else "",
        form=form,
        key=str(uuid.uuid4()),
        errors=errors or {},
    )
