"""Who completed a training, many at once: chosen on the roster, tried first, and then recorded row by row."""

import asyncio
import uuid
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response
from tributary import AsyncTributary, ProblemError, TributaryError

from web.forms import Form
from web.rendering import render
from web.routes.rosters import name_of_training, roster_page
from web.routes.signed_in import Api, KeptForm
from web.routes.trainings import find_people
from web.seats import COMPLETABLE

router: Final = APIRouter(include_in_schema=False)
AT_ONCE: Final = 8  # requests of one form that are under way together
MOST: Final = 500


@router.post("/trainings/{training_id}/roster/completions")
async def record_completions(request: Request, form: KeptForm, api: Api, training_id: str) -> Response:
    """Try or record the completions of the chosen seats, each by itself: what is refused is named by its row."""
    training = await api.get(f"/v1/trainings/{quote(training_id, safe='')}")
    seats = await _find_seats(api, training["id"], form)
    completed_on = form.get("completed_on").strip()
    errors = {}
    if not seats:
        errors["which-ticked"] = "Tick at least one seat, or choose all."
    elif len(seats) > MOST:
        errors["which-ticked"] = f"These are {len(seats)} seats; {MOST} at most are recorded at a time. Tick some."
    if not completed_on:
        errors["completed_on"] = "Say when they completed it."
    if errors:
        return await roster_page(
            request,
            api,
            training_id,
            cursor=form.get("cursor"),
            entered={"which": form.get("which"), "completed_on": completed_on},
            chosen=frozenset(form.all("seat")),
            bulk_errors=errors,
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
        )
    is_trial = form.get("stage") != "record"
    key = form.get("key") or str(uuid.uuid4())
    outcomes = await record_all(api, seats, completed_on, key=key, is_trial=is_trial)
    people = await find_people(api, {seat["person_id"] for seat in seats})
    return render(
        request,
        "completions.html",
        training=training,
        name=name_of_training(training),
        completed_on=completed_on,
        is_trial=is_trial,
        key=key,
        cursor=form.get("cursor"),
        taken=[(seat, people[seat["person_id"]]) for seat in seats if not outcomes[seat["id"]]],
        refused=[(seat, people[seat["person_id"]], outcomes[seat["id"]]) for seat in seats if outcomes[seat["id"]]],
    )


async def record_all(
    api: AsyncTributary, seats: list[dict[str, Any]], completed_on: str, *, key: str, is_trial: bool
) -> dict[str, str]:
    """Why each seat was refused, by its id; empty where it was taken. Sent twice under a key, it is recorded once."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def record(seat: dict[str, Any]) -> str:
        body = {"enrollment_id": seat["id"], "completed_on": completed_on}
        own_key = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{key}/{seat['id']}/{completed_on}/{is_trial}"))
        async with turn:
            try:
                address = f"/v1/completions{'?validate_only=true' if is_trial else ''}"
                await api.post(address, body, idempotency_key=own_key)
            except ProblemError as error:
                if error.status == HTTPStatus.UNAUTHORIZED:
                    raise
                return " ".join(one["message"] for one in error.errors if one.get("message")) or error.detail
            except TributaryError:
                return "No answer came, so it is not known whether this was recorded. Send the form again to find out."
        return ""

    said = await asyncio.gather(*(record(seat) for seat in seats))
    return {seat["id"]: words for seat, words in zip(seats, said, strict=True)}


async def _find_seats(api: AsyncTributary, training_id: str, form: Form) -> list[dict[str, Any]]:
    """The seats that were chosen, in the order of the roster. Of a trial that was seen, those that stood on it."""
    chosen = frozenset(form.all("seat"))
    is_all = form.get("which") == "all" and form.get("stage") != "record"
    if not is_all and not chosen:
        return []
    found = [row async for row in api.list("/v1/enrollments", training_id=training_id)]
    if is_all:
        return [row for row in found if row["status"] in COMPLETABLE]
    return [row for row in found if row["id"] in chosen]
