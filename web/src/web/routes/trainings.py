"""Trainings: the list, and one with its roster and what came of it."""

import asyncio
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response
from tributary import AsyncTributary, ProblemError

from web.rendering import errors_by_field, pass_file, render
from web.routes.signed_in import Api

router: Final = APIRouter(include_in_schema=False)
SORTS: Final = ("-starts_on", "starts_on", "-ends_on", "ends_on", "course_code", "-course_code")
STATUSES: Final = ("planned", "confirmed", "in_progress", "completed", "reported", "postponed", "canceled")
# The filters of the list, as the API calls them.
FILTERS: Final = {
    "country_code": "beneficiary_country_code",
    "course_code": "course_code",
    "agency_code": "agency_code",
    "status": "status",
    "program_code": "program_code",
}
PAGE_ROWS: Final = 50
ROSTER_ROWS: Final = 25
PEOPLE_AT_ONCE: Final = 100
"""Named in one address."""
ABOUT_THE_FORM: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})


@router.get("/trainings")
async def list_trainings(request: Request, api: Api) -> Response:
    """A page of the trainings that match."""
    asked, sort = _asked(request)
    cursor = request.query_params.get("cursor", "")
    filters = {FILTERS[name]: value for name, value in asked.items()} | {"sort": sort}
    problem, page = None, dict[str, Any](items=[], next_cursor=None, total_count=0)
    try:
        page = await api.get("/v1/trainings", **filters, limit=PAGE_ROWS, cursor=cursor or None, with_total="true")
    except ProblemError as error:
        if error.status not in ABOUT_THE_FORM:
            raise
        problem = error
    errors = errors_by_field(problem)
    return render(
        request,
        "trainings.html",
        status=problem.status if problem else HTTPStatus.OK,
        page=page,
        asked=asked,
        sort=sort,
        chosen=urlencode(asked),
        following=urlencode({**asked, "sort": sort, "cursor": page["next_cursor"]}) if page["next_cursor"] else None,
        is_first=not cursor,
        statuses=STATUSES,
        problem=problem,
        errors={name: errors[api_name] for name, api_name in FILTERS.items() if api_name in errors},
    )


@router.get("/trainings.csv")
async def download_trainings(request: Request, api: Api) -> Response:
    """The same list, whole, for a spreadsheet."""
    asked, sort = _asked(request)
    filters = {FILTERS[name]: value for name, value in asked.items()} | {"sort": sort}
    return pass_file(await api.download("/v1/trainings", **filters, format="csv", excel="true"), "trainings.csv")


@router.get("/trainings/{training_id}")
async def show_training(request: Request, api: Api, training_id: str, cursor: str = "") -> Response:
    """A training: its facts, who led and took it for those who may see them, and what came of it."""
    address = f"/v1/trainings/{quote(training_id, safe='')}"
    training = await api.get(address)
    came, roster = await asyncio.gather(api.get(f"{address}/cascade"), find_roster(api, training["id"], cursor))
    told = {name: name in request.query_params for name in ("cloned", "saved")}
    return render(request, "training.html", training=training, came=came, roster=roster, is_first=not cursor, **told)


async def find_roster(api: AsyncTributary, training_id: str, cursor: str) -> dict[str, Any] | None:
    """Who led and took a training, by name, a page at a time; None for a reader who may not see people."""
    try:
        seats = await api.get(
            "/v1/enrollments", training_id=training_id, limit=ROSTER_ROWS, cursor=cursor or None, with_total="true"
        )
        leads = [
            row async for row in api.list("/v1/instructor-assignments", training_id=training_id, is_voided="false")
        ]
        completions = {
            row["enrollment_id"]: row
            async for row in api.list("/v1/completions", training_id=training_id, is_voided="false")
        }
    except ProblemError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        return None
    people = await find_people(api, {row["person_id"] for row in [*seats["items"], *leads]})
    return {"seats": seats, "leads": leads, "completions": completions, "people": people}


async def find_people(api: AsyncTributary, person_ids: set[str]) -> dict[str, dict[str, Any] | None]:
    """People by id; None of whom the reader may not see."""
    ordered = sorted(person_ids)
    found: dict[str, dict[str, Any] | None] = dict.fromkeys(ordered)
    for at in range(0, len(ordered), PEOPLE_AT_ONCE):
        some = ordered[at : at + PEOPLE_AT_ONCE]
        page = await api.get("/v1/people", id=some, limit=len(some))
        found |= {person["id"]: person for person in page["items"]}
    return found


def _asked(request: Request) -> tuple[dict[str, str], str]:
    """The filters that are set, and the sort."""
    given = {name: request.query_params.get(name, "").strip() for name in FILTERS}
    given["country_code"] = given["country_code"].upper()
    sort = request.query_params.get("sort", "")
    return {name: value for name, value in given.items() if value}, sort if sort in SORTS else SORTS[0]
