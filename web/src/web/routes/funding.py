"""Funding: the status of funds, what ends soon, and agreements with what they promised."""

import asyncio
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response
from tributary import AsyncTributary, ProblemError

from web.burn import HEIGHT, WIDTH, draw
from web.rendering import errors_by_field, render
from web.routes.signed_in import Api

router: Final = APIRouter(include_in_schema=False)
# By what the status of funds is cut, and the field of a row that has the value.
CUTS: Final = {
    "country": "country_code",
    "account": "treasury_account_code",
    "fund_fiscal_year": "fund_fiscal_year",
    "fund_line": "fund_line_code",
    "function": "function_code",
    "initiative": "initiative_code",
    "agreement": "agreement_code",
    "agency": "recipient_agency_code",
    "fiscal_year": "fiscal_year",
}
STAGES: Final = ("appropriated", "allotted", "committed", "obligated", "sub_obligated", "disbursed")
STATUSES: Final = (
    "draft", "cleared", "signed", "active", "suspended", "completed", "terminated", "closed", "withdrawn",
)  # fmt: skip
ABOUT_THE_FORM: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
DAYS: Final = 180
PAGE_ROWS: Final = 50


@router.get("/funding")
async def show_funding(request: Request, api: Api, group_by: str = "country", as_of: str = "") -> Response:
    """The ledger by stage, cut as asked; each cell opens its entries."""
    country_code = request.query_params.get("country_code", "").strip().upper()
    cut = group_by if group_by in CUTS else "country"
    asked = {"group_by": cut, "as_of": as_of or None, "country_code": country_code or None}
    problem, report, rates = None, dict[str, Any](rows=[], as_of=as_of), dict[str, Any](rows=[])
    try:
        report, rates = await asyncio.gather(
            api.get("/v1/reports/status-of-funds", **asked), api.get("/v1/reports/rates", **asked)
        )
    except ProblemError as error:
        if error.status not in ABOUT_THE_FORM:
            raise
        problem = error
    return render(
        request,
        "funding.html",
        status=problem.status if problem else HTTPStatus.OK,
        rows=list(zip(report["rows"], rates["rows"], strict=True)),
        report=report,
        cut=cut,
        field=CUTS[cut],
        cuts=CUTS,
        stages=STAGES,
        asked={"country_code": country_code, "as_of": as_of},
        days=DAYS,
        problem=problem,
        errors=errors_by_field(problem),
    )


@router.get("/funding/expiring")
async def show_expiring(request: Request, api: Api) -> Response:
    """What ends within so many days: money to obligate, money to pay, agreements; and what rests."""
    asked = {name: request.query_params.get(name, "").strip() for name in ("days", "country_code", "as_of")}
    asked["country_code"] = asked["country_code"].upper()
    given = {name: value or None for name, value in asked.items()}
    given["days"] = given["days"] or str(DAYS)
    rested = {name: value for name, value in given.items() if name != "days"}
    problem, found = None, dict[str, Any]()
    try:
        names = ("expiring", "canceling", "expiring-agreements")
        answers = await asyncio.gather(
            *(api.get(f"/v1/reports/{name}", **given) for name in names),
            api.get("/v1/reports/deobligation-candidates", **rested),
        )
        found = dict(zip(("expiring", "canceling", "agreements", "candidates"), answers, strict=True))
    except ProblemError as error:
        if error.status not in ABOUT_THE_FORM:
            raise
        problem = error
    return render(
        request,
        "expiring.html",
        status=problem.status if problem else HTTPStatus.OK,
        found=found,
        asked=asked | {"days": given["days"]},
        problem=problem,
        errors=errors_by_field(problem),
    )


@router.get("/funding/agreements")
async def list_agreements(request: Request, api: Api) -> Response:
    """A page of the agreements that match."""
    names = ("country_code", "status", "agency_code", "q")
    asked = {name: value for name in names if (value := request.query_params.get(name, "").strip())}
    if "country_code" in asked:
        asked["country_code"] = asked["country_code"].upper()
    cursor = request.query_params.get("cursor", "")
    problem, page = None, dict[str, Any](items=[], next_cursor=None, total_count=0)
    try:
        page = await api.get("/v1/agreements", **asked, limit=PAGE_ROWS, cursor=cursor or None, with_total="true")
    except ProblemError as error:
        if error.status not in ABOUT_THE_FORM:
            raise
        problem = error
    return render(
        request,
        "agreements.html",
        status=problem.status if problem else HTTPStatus.OK,
        page=page,
        asked=asked,
        chosen=urlencode(asked),
        following=urlencode({**asked, "cursor": page["next_cursor"]}) if page["next_cursor"] else None,
        is_first=not cursor,
        statuses=STATUSES,
        problem=problem,
        errors=errors_by_field(problem),
    )


@router.get("/funding/agreements/{agreement_id}")
async def show_agreement(request: Request, api: Api, agreement_id: str) -> Response:
    """An agreement: parties, signatures, amendments, lines, what it promised and delivered, how fast it is paid."""
    address = f"/v1/agreements/{quote(agreement_id, safe='')}"
    agreement = await api.get(address)
    code = agreement["code"]
    burn, delivered, amendments, lines, under = await asyncio.gather(
        api.get(f"{address}/burn"),
        _find_deliveries(api, code),
        _all(api, "/v1/agreement-amendments", agreement_code=code, sort="number"),
        _all(api, "/v1/agreement-lines", agreement_code=code, sort="number"),
        _all(api, "/v1/agreements", parent_code=code),
    )
    return render(
        request,
        "agreement.html",
        agreement=agreement,
        burn=burn,
        drawing=draw(burn),
        size=(WIDTH, HEIGHT),
        delivered=delivered,
        amendments=amendments,
        lines=lines,
        under=under,
    )


async def _find_deliveries(api: AsyncTributary, code: str) -> dict[str, Any] | None:
    """What was promised and delivered; None where nobody can say just now."""
    try:
        return await api.get("/v1/agreement-deliveries", agreement_code=code)
    except ProblemError as error:
        if error.status != HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        return None


async def _all(api: AsyncTributary, path: str, **filters: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as the API takes them
    return [row async for row in api.list(path, **filters)]
