"""The roster of a training as a place to work: seats edited in their row, and who completed it, many at once."""

import asyncio
import uuid
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response
from tributary import AsyncTributary, ProblemError

from web.editing import Editor, PartlySaved, save
from web.edits import Sent, to_texts
from web.forms import Form
from web.rendering import errors_by_field, render
from web.routes.signed_in import Api, KeptForm
from web.routes.trainings import find_people
from web.seats import COMPLETABLE, seat_fields

router: Final = APIRouter(include_in_schema=False)
PAGE_ROWS: Final = 25


@router.get("/trainings/{training_id}/roster")
async def show_roster(request: Request, api: Api, training_id: str, cursor: str = "", edit: str = "") -> Response:
    """A page of the roster; one seat of it may be open to be edited."""
    return await roster_page(request, api, training_id, cursor=cursor, edit=edit)


@router.post("/trainings/{training_id}/roster/seats/{seat_id}")
async def save_seat(request: Request, form: KeptForm, api: Api, training_id: str, seat_id: str) -> Response:
    """Save what was typed into the row of a seat, in the version that it was given out in."""
    cursor = form.get("cursor") or request.query_params.get("cursor", "")
    base = f"/trainings/{quote(training_id, safe='')}/roster"
    address = f"/v1/enrollments/{quote(seat_id, safe='')}"
    fields = seat_fields(form.get("was.status"))

    async def read() -> tuple[int, dict[str, str]]:
        seat = await api.get(address)
        return seat["version"], to_texts(fields, seat)

    async def write(changes: dict[str, Any], sent: Sent) -> None:
        await write_seat(api, address, changes, sent.version)

    async def show_again(error: ProblemError, sent: Sent) -> Response:
        return await roster_page(request, api, training_id, cursor=cursor, edit=seat_id, problem=error, typed=sent)

    editor = Editor(
        action=f"{base}/seats/{quote(seat_id, safe='')}?{urlencode({'cursor': cursor})}",
        back=f"{base}?{urlencode({'cursor': cursor, 'saved': seat_id})}#seat-{quote(seat_id, safe='')}",
        what="A seat of the roster.",
        fields=fields,
        read=read,
        write=write,
        show_again=show_again,
    )
    return await save(request, form, editor)


async def write_seat(api: AsyncTributary, address: str, changes: dict[str, Any], version: int) -> None:
    """Write the fields, then the status. Where the status would be refused, nothing is written."""
    to = {"to": changes.pop("status")} if "status" in changes else None
    if to and changes:
        await api.post(f"{address}/transitions?validate_only=true", to, version=version)
    if changes:
        version = (await api.patch(address, changes, version=version))["version"]
    try:
        if to:
            await api.post(f"{address}/transitions", to, version=version)
    except ProblemError as error:
        if not changes:
            raise
        raise PartlySaved(error, version, frozenset({"status"})) from error


async def roster_page(
    request: Request,
    api: AsyncTributary,
    training_id: str,
    *,
    cursor: str = "",
    edit: str = "",
    problem: ProblemError | None = None,
    typed: Sent | None = None,
    **more: Any,  # noqa: ANN401 - what else the template shows
) -> Response:
    """The roster, with what went wrong on it."""
    training = await api.get(f"/v1/trainings/{quote(training_id, safe='')}")
    seats, completions, candidates = await asyncio.gather(
        api.get(
            "/v1/enrollments",
            training_id=training["id"],
            limit=PAGE_ROWS,
            cursor=cursor or None,
            with_total="true",
        ),
        find_completions(api, training["id"]),
        api.get("/v1/enrollments", training_id=training["id"], status=COMPLETABLE, limit=1, with_total="true"),
    )
    edited = next((one for one in seats["items"] if one["id"] == edit), None)
    if edit and edited is None:  # it stands on another page by now
        edited = await api.get(f"/v1/enrollments/{quote(edit, safe='')}")
        seats["items"].insert(0, edited)
    fields = seat_fields(edited["status"]) if edited else ()
    now = to_texts(fields, edited) if edited else {}
    return render(
        request,
        "roster.html",
        status=problem.status if problem else more.pop("status", HTTPStatus.OK),
        training=training,
        name=name_of_training(training),
        seats=seats,
        completions=completions,
        completable=candidates["total_count"],
        may_complete=COMPLETABLE,
        people=await find_people(api, {row["person_id"] for row in seats["items"]}),
        cursor=cursor,
        edited=edited,
        fields=fields,
        now=typed.typed if typed and edited else now,
        was=typed.was if typed and edited else now,
        version=typed.version if typed else (edited or {}).get("version"),
        is_partly_saved=bool(typed and typed.is_partly_saved),
        problem=problem,
        errors=seat_errors(problem),
        saved=request.query_params.get("saved", ""),
        **{
            "entered": {},
            "chosen": frozenset(),
            "bulk_errors": {},
            "paste_errors": {},
            "pasted": Form(()),
            "key": str(uuid.uuid4()),
        }
        | more,
    )


async def find_completions(api: AsyncTributary, training_id: str) -> dict[str, dict[str, Any]]:
    """The standing completions of a training, by seat."""
    rows = api.list("/v1/completions", training_id=training_id, is_voided="false")
    return {row["enrollment_id"]: row async for row in rows}


def name_of_training(training: dict[str, Any]) -> str:
    """What a training is called."""
    return str(training["title"] or training["code"] or training["course_code"])


def seat_errors(problem: ProblemError | None) -> dict[str, str]:
    """What is wrong with a seat, at its field: a status that cannot follow names none."""
    if problem is None:
        return {}
    errors = errors_by_field(problem)
    if problem.code in {"illegal_transition", "seat_not_cleared"} or "to" in errors:
        errors["status"] = errors.pop("to", problem.detail)
    return errors
