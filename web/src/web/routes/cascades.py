"""The cascade: who trained those who trained, as a table, as a drawing, and as a file."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from math import ceil
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response
from tributary import AsyncTributary, ProblemError

from web.icicle import find_branch, lay_out
from web.rendering import errors_by_field, render, send_csv
from web.routes.signed_in import Api
from web.routes.trainings import ABOUT_THE_FORM

router: Final = APIRouter(include_in_schema=False)
FILTERS: Final = ("country_code", "agency_code", "as_of")
# What a country's documents report of the people of its cascade.
MEASURES: Final = ("instructors_trained", "officers_trained", "managers_trained")
# So that the page stays below 100 kB, whatever there is to say.
MOST_DRAWN: Final = 60
TABLE_ROWS: Final = 40
COLUMNS: Final = (
    "tier", "training_id", "parent_id", "other_parents", "code", "title", "course_code", "starts_on",
    "provider_agency_code", "is_for_trainers", "persons", "headcount", "flags",
)  # fmt: skip
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


@router.get("/cascades")
async def show_cascade(request: Request, api: Api) -> Response:
    """The cascade of a country's people, of an agency's instructors, or of all."""
    asked = _asked(request)
    try:
        cascade, nodes, headcounts = await _find_nodes(api, asked)
    except ProblemError as error:
        if error.status not in ABOUT_THE_FORM:
            raise
        return render(
            request,
            "cascade.html",
            status=error.status,
            asked=asked,
            cascade=None,
            problem=error,
            errors=errors_by_field(error),
        )
    under = request.query_params.get("under", "")
    branch = find_branch(nodes, under) if under else []
    whole = lay_out(branch or nodes, headcounts)
    drawn = whole.first_levels(MOST_DRAWN)
    page = _page(request, len(whole.blocks))
    return render(
        request,
        "cascade.html",
        asked=asked,
        chosen=urlencode(asked),
        cascade=cascade,
        icicle=drawn,
        children=Counter(block.node["parent_id"] for block in whole.blocks),
        drawn_children=Counter(block.node["parent_id"] for block in drawn.blocks),
        rows=whole.blocks[(page - 1) * TABLE_ROWS : page * TABLE_ROWS],
        first_row=(page - 1) * TABLE_ROWS + 1,
        all_rows=len(whole.blocks),
        page=page,
        under=whole.blocks[0].node if branch else None,
        is_branch_missing=bool(under and not branch),
        reported=await _find_reported(api, asked),
        problem=None,
        errors={},
    )


@router.get("/cascades.csv")
async def download_cascade(request: Request, api: Api) -> Response:
    """The trainings of the same cascade, for a spreadsheet."""
    _cascade, nodes, headcounts = await _find_nodes(api, _asked(request))
    rows = [node | {"headcount": headcounts.get(node["training_id"])} for node in nodes]
    return send_csv(write_csv(COLUMNS, rows), "cascade.csv")


def write_csv(columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows as a file that a spreadsheet opens: with a byte-order mark, and no cell that it takes for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    columns = list(columns)
    writer.writerow(columns)
    writer.writerows([_cell(row[name]) for name in columns] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = " ".join(value) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _page(request: Request, rows: int) -> int:
    """The page of the table that is asked for, and where there is none such the nearest."""
    asked = request.query_params.get("page", "")
    last = max(ceil(rows / TABLE_ROWS), 1)
    return min(max(int(asked), 1), last) if asked.isascii() and asked.isdecimal() and len(asked) < len("10000") else 1


def _asked(request: Request) -> dict[str, str]:
    given = {name: request.query_params.get(name, "").strip() for name in FILTERS}
    given["country_code"] = given["country_code"].upper()
    return {name: value for name, value in given.items() if value}


async def _find_nodes(
    api: AsyncTributary, asked: Mapping[str, str]
) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, int]]:
    """The cascade, its trainings, and how many were counted at those that nobody completed by name.

    Of a country the API lists trainings that its people completed; those with nothing but a headcount are added here.
    """
    cascade = await api.get("/v1/cascades", **asked, with_nodes="true")
    nodes: list[dict[str, Any]] = cascade["nodes"]
    if "country_code" not in asked and all(node["persons"] != 0 for node in nodes):
        return cascade, nodes, {}
    of_whom = {"beneficiary_country_code": asked["country_code"]} if "country_code" in asked else {}
    rows = api.list("/v1/trainings", has_headcount="true", is_voided="false", **of_whom)
    headcounts = {row["id"]: int(row["headcount"]["total"]) async for row in rows}
    if of_whom and headcounts.keys() - {node["training_id"] for node in nodes}:
        everybody = {name: value for name, value in asked.items() if name != "country_code"}
        found = (await api.get("/v1/cascades", **everybody, with_nodes="true"))["nodes"]
        nodes = nodes + [node for node in found if node["persons"] == 0 and node["training_id"] in headcounts]
        nodes.sort(key=lambda node: int(node["tier"]))
    return cascade, nodes, headcounts


async def _find_reported(api: AsyncTributary, asked: Mapping[str, str]) -> dict[str, Any] | None:
    """What documents report of a country's people, and whether that is missing; None where no country is asked for."""
    if "country_code" not in asked:
        return None
    try:
        card = await api.get_country(asked["country_code"], as_of=asked.get("as_of"))
    except ProblemError as error:
        if error.status not in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.NOT_FOUND}:
            raise
        return {"name": asked["country_code"], "figures": [], "most": 0, "is_missing": True}
    figures = [one for one in card["figures"] if one["measure"] in MEASURES and one["reported"]]
    figures.sort(key=lambda one: MEASURES.index(one["measure"]))
    for one in figures:
        value = one["reported"]["value"]
        one["drawn"] = float(value) if value is not None else None
    most = max((one["drawn"] for one in figures if one["drawn"]), default=0)
    return {"name": card["name"], "figures": figures, "most": most, "is_missing": "programs" in card["missing"]}
