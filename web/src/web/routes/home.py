"""Home: where there is something to read."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response
from tributary import ProblemError

from web.rendering import render
from web.routes.signed_in import Api

router: Final = APIRouter(include_in_schema=False)


@router.get("/")
async def show_home(request: Request, api: Api) -> Response:
    """The countries of which something is recorded; who else cannot be asked is named."""
    try:
        countries, missing = [row async for row in api.list("/v1/countries", is_recorded="true")], None
    except ProblemError as problem:
        if problem.status != HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        countries, missing = [], problem.detail
    return render(request, "home.html", countries=countries, missing=missing)
