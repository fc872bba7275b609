"""Countries: the list, and the card of one."""

from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from web.rendering import render
from web.routes.signed_in import Api

router: Final = APIRouter(include_in_schema=False)
SORTS: Final = ("name", "-name", "country_code", "-country_code")
PAGE_ROWS: Final = 50


@router.get("/countries")
async def list_countries(
    request: Request, api: Api, q: str = "", recorded: str = "", sort: str = "name", cursor: str = ""
) -> Response:
    """A page of the countries that match."""
    sort = sort if sort in SORTS else "name"
    filters = {"q": q.strip() or None, "is_recorded": "true" if recorded else None, "sort": sort}
    page = await api.get("/v1/countries", **filters, limit=PAGE_ROWS, cursor=cursor or None, with_total="true")
    chosen = {name: value for name, value in {"q": q.strip(), "recorded": recorded}.items() if value}
    following = urlencode({**chosen, "sort": sort, "cursor": page["next_cursor"]}) if page["next_cursor"] else None
    return render(
        request,
        "countries.html",
        page=page,
        q=q.strip(),
        recorded=recorded,
        sort=sort,
        chosen=urlencode(chosen),
        following=following,
        is_first=not cursor,
    )


@router.get("/countries/{code}")
async def show_country(request: Request, api: Api, code: str, as_of: str = "") -> Response:
    """The card of a country, as true on a day."""
    card = await api.get_country(code, as_of=as_of or None)
    return render(request, "country.html", card=card, as_of=as_of)
