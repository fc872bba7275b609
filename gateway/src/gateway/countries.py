"""The list of countries: every ISO country, with how much is recorded of each."""

from operator import itemgetter
from typing import Any

from chassis.codes import COUNTRY_NAMES
from chassis.errors import Unavailable
from chassis.exports import export_rows
from chassis.paging import Page, fingerprint_of, next_address, read_place, wanted_media_type, write_cursor
from chassis.tokens import Caller
from starlette.requests import Request
from starlette.responses import Response

from gateway.gather import Asking
from gateway.schemas.countries import CountryPage, CountryQuery, CountrySummary


async def answer_countries(request: Request, caller: Caller, query: CountryQuery) -> Page | Response:
    """The page that `query` asks for, or the whole list as a file. The list is that of ISO, so it fits in memory."""
    asking = Asking(request, caller)
    found = await asking.ask("programs", "/v1/country-summaries")
    counts = {one["country_code"]: one for one in found["items"]} if found else None
    if counts is None and query.is_recorded is not None:
        raise Unavailable(
            "The programs service is out of reach, so nobody can say of which countries something is recorded."
        )
    rows = [_summary(code, counts) for code in COUNTRY_NAMES]
    rows = [row for row in rows if _matches(row, query)]
    for name in reversed(query.sort.split(",")):
        rows.sort(key=itemgetter(name.removeprefix("-"), "country_code"), reverse=name.startswith("-"))
    media_type = wanted_media_type(request, query)
    if media_type is not None:
        return await export_rows(rows, CountrySummary, media_type, excel=query.excel, name="countries")
    key, fingerprint = request.app.state.cursor_key, fingerprint_of(request, query.sort)
    codes = [row["country_code"] for row in rows]
    start = codes.index(read_place(query.cursor, key, fingerprint)[0]) + 1 if query.cursor else 0
    page, more = rows[start : start + query.limit], len(rows) > start + query.limit
    cursor = write_cursor([page[-1]["country_code"]], key, fingerprint) if more else None
    return CountryPage(
        items=[CountrySummary(**row) for row in page],
        next_cursor=cursor,
        next=next_address(request, cursor) if cursor else None,
        total_count=len(rows) if query.with_total else None,
    )


def _summary(code: str, counts: dict[str, Any] | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "country_code": code,
        "name": COUNTRY_NAMES[code],
        "card_url": f"/v1/countries/{code}",
    }
    for name in ("programs", "reported_figures", "statements"):
        row[name] = None if counts is None else counts.get(code, {}).get(name, 0)
    return row


def _matches(row: dict[str, Any], query: CountryQuery) -> bool:
    if query.q and query.q.casefold() not in f"{row['name']} {row['country_code']}".casefold():
        return False
    if query.is_recorded is None:
        return True
    is_recorded = any(row[name] for name in ("programs", "reported_figures", "statements"))
    return is_recorded == query.is_recorded
