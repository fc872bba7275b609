"""An agency: what it is, and whom its own instructors reached."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response
from tributary import ProblemError

from web.rendering import render
from web.routes.signed_in import Api

router: Final = APIRouter(include_in_schema=False)


@router.get("/agencies/{code}")
async def show_agency(request: Request, api: Api, code: str, country_code: str = "", as_of: str = "") -> Response:
    """An agency with its reach by tier, of all people or of a country's."""
    found = await api.get("/v1/agencies", code=code, limit=1)
    if not found["items"]:
        problem = {"title": "There is no such agency", "detail": f"No agency has the code {code}.", "code": "not_found"}
        raise ProblemError(HTTPStatus.NOT_FOUND, problem)
    agency = found["items"][0]
    country_code = country_code.strip().upper()
    try:
        reach = await api.get(
            f"/v1/agencies/{agency['id']}/reach", country_code=country_code or None, as_of=as_of or None
        )
    except ProblemError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        reach = None  # no training refers to it
    return render(request, "agency.html", agency=agency, reach=reach, country_code=country_code, as_of=as_of)
