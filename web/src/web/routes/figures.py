"""A figure: where it comes from, and how it came about."""

from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from web.rendering import render, wants_fragment
from web.routes.signed_in import Api

router: Final = APIRouter(include_in_schema=False)


@router.get("/figures/{figure_id}")
async def show_figure(request: Request, api: Api, figure_id: str, as_of: str = "") -> Response:
    """A figure with its source, qualifier, date, history, conflicts and rule: a page, or its part for another page."""
    told = await api.get(f"/v1/figures/{quote(figure_id, safe='~')}/explain", as_of=as_of or None)
    name = "figure_part.html" if wants_fragment(request) else "figure.html"
    return render(request, name, told=told, figure=told["figure"], as_of=as_of)
