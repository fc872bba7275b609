"""People, for officers: the list, and finding somebody by name. No name that is searched for stands in an address."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response
from tributary import AsyncTributary, ProblemError

from web.rendering import errors_by_field, render
from web.routes.signed_in import Api, OwnForm
from web.routes.trainings import ABOUT_THE_FORM

router: Final = APIRouter(include_in_schema=False)
PAGE_ROWS: Final = 50


@router.get("/people")
async def list_people(request: Request, api: Api, cursor: str = "") -> Response:
    """A page of the people that the reader may see."""
    return await _page(request, api, {}, cursor)


@router.post("/people")
async def find_people(request: Request, api: Api, form: OwnForm) -> Response:
    """Those with the words of a name. By a form: browsers keep addresses, and proxies log them."""
    asked = {name: form.get(name, "").strip() for name in ("q", "country_code")}
    asked["country_code"] = asked["country_code"].upper()
    return await _page(request, api, {name: value for name, value in asked.items() if value}, form.get("cursor", ""))


async def _page(request: Request, api: AsyncTributary, asked: dict[str, str], cursor: str) -> Response:
    problem, page = None, dict[str, Any](items=[], next_cursor=None, total_count=0)
    try:
        page = await api.get("/v1/people", **asked, limit=PAGE_ROWS, cursor=cursor or None, with_total="true")
    except ProblemError as error:
        if error.status not in ABOUT_THE_FORM:
            raise
        problem = error
    proposed = await api.get("/v1/duplicate-candidates", status="open", limit=1, with_total="true")
    return render(
        request,
        "people.html",
        status=problem.status if problem else HTTPStatus.OK,
        page=page,
        asked=asked,
        is_first=not cursor,
        duplicates=proposed["total_count"],
        problem=problem,
        errors=errors_by_field(problem),
    )
