"""The ledger: its entries, what somebody proposes to add, and what another posts."""

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response
from tributary import AsyncTributary, ProblemError

from web.editing import MENDABLE
from web.forms import Form
from web.money_forms import FIELDS, KINDS, REVERSAL_FIELDS, find_line, places_of, to_body, to_reversal
from web.rendering import errors_by_field, render
from web.routes.signed_in import Api, KeptForm

router: Final = APIRouter(include_in_schema=False)
PAGE_ROWS: Final = 50
# The filters that the form has; others, which the addresses of totals bring along, are kept and named.
FILTERS: Final = (
    "country_code", "fund_line_code", "agreement_code", "kind", "effective_date_gte", "effective_date_lte",
)  # fmt: skip
# Of the page, not of the entries.
VIEW: Final = frozenset({"cursor", "limit", "with_total", "format", "excel", "path"})
ABOUT_THE_FORM: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
# What somebody else must do, or nobody may: told on the page of the proposal.
OF_THE_DECISION: Final = frozenset({*MENDABLE, HTTPStatus.FORBIDDEN, HTTPStatus.PRECONDITION_FAILED})


@router.get("/funding/ledger")
async def list_entries(request: Request, api: Api) -> Response:
    """The entries that match, the latest first. The address of any total opens here."""
    asked = [(name, value) for name, value in request.query_params.multi_items() if value.strip() and name not in VIEW]
    asked = [(name, value.strip().upper() if name == "country_code" else value.strip()) for name, value in asked]
    by_name: dict[str, Any] = {}
    for name, value in asked:
        by_name.setdefault(name, []).append(value)
    cursor = request.query_params.get("cursor", "")
    problem, page = None, dict[str, Any](items=[], next_cursor=None, total_count=0)
    try:
        page = await api.get("/v1/ledger-entries", **by_name, limit=PAGE_ROWS, cursor=cursor or None, with_total="true")
    except ProblemError as error:
        if error.status not in ABOUT_THE_FORM:
            raise
        problem = error
    return render(
        request,
        "ledger.html",
        status=problem.status if problem else HTTPStatus.OK,
        page=page,
        reversed_ids=await _find_reversed(api, page["items"]),
        asked={name: values[0] if len(values) == 1 else "" for name, values in by_name.items()},
        others=[(name, value) for name, value in asked if name not in FILTERS or len(by_name[name]) > 1],
        chosen=urlencode(asked),
        following=urlencode([*asked, ("cursor", page["next_cursor"])]) if page["next_cursor"] else None,
        is_first=not cursor,
        kinds=(*KINDS, "cancellation_close"),
        problem=problem,
        errors=errors_by_field(problem),
    )


async def _find_reversed(api: AsyncTributary, entries: list[dict[str, Any]]) -> set[str]:
    """Which of these entries were taken back."""
    ids = [one["id"] for one in entries if one["reverses_entry_id"] is None]
    if not ids:
        return set()
    found = await api.get("/v1/ledger-entries", reverses_entry_id=ids, limit=len(ids))
    return {str(one["reverses_entry_id"]) for one in found["items"]}


@router.get("/funding/ledger/new")
async def show_new(request: Request, api: Api) -> Response:
    """The form of an entry to propose, filled in as far as the address says, or from a proposal."""
    typed = {one.name: request.query_params.get(one.name, "") for one in FIELDS}
    like = request.query_params.get("like", "")
    if like:
        typed |= await _texts_of(api, await api.get(f"/v1/entry-proposals/{quote(like, safe='')}"))
    return _entry_page(request, typed)


async def _texts_of(api: AsyncTributary, proposal: dict[str, Any]) -> dict[str, str]:
    said = proposal | {"amount": proposal["amount"]["amount"]}
    if proposal["agreement_line_id"]:
        line = await api.get(f"/v1/agreement-lines/{proposal['agreement_line_id']}")
        said |= {"agreement_code": line["agreement_code"], "line_number": line["number"]}
    return {one.name: one.to_text(said.get(one.name)) for one in FIELDS}


@router.post("/funding/ledger/new")
async def propose_entry(request: Request, form: KeptForm, api: Api) -> Response:
    """Propose an entry. It counts nowhere until somebody else posts it."""
    typed = {one.name: one.tidy(form.get(one.name)) for one in FIELDS}
    line_id = None
    if typed["agreement_code"]:
        lines = [row async for row in api.list("/v1/agreement-lines", agreement_code=typed["agreement_code"])]
        line_id, why = find_line(lines, typed["fund_line_code"], typed["line_number"])
        if why:
            place = "line_number" if lines and typed["line_number"] else "agreement_code"
            return _entry_page(request, typed, errors={place: why}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        made = await api.post("/v1/entry-proposals", to_body(typed, line_id), idempotency_key=form.get("key"))
    except ProblemError as error:
        if error.status not in MENDABLE:
            raise
        return _entry_page(request, typed, error)
    return RedirectResponse(f"/funding/proposals/{made['id']}?proposed=true", HTTPStatus.SEE_OTHER)


def _entry_page(
    request: Request,
    typed: dict[str, str],
    problem: ProblemError | None = None,
    *,
    errors: dict[str, str] | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    return render(
        request,
        "entry_form.html",
        status=problem.status if problem else status,
        fields=FIELDS,
        typed=typed,
        entry=None,
        action="/funding/ledger/new",
        problem=problem,
        errors=errors if errors is not None else places_of(errors_by_field(problem)),
    )


@router.get("/funding/ledger/{entry_id}")
async def show_entry(request: Request, api: Api, entry_id: str) -> Response:
    """One entry, with what takes it back or adjusts it."""
    entry = await api.get(f"/v1/ledger-entries/{quote(entry_id, safe='')}")
    return render(
        request,
        "entry.html",
        entry=entry,
        reversals=(await api.get("/v1/ledger-entries", reverses_entry_id=entry["id"]))["items"],
        adjustments=[row async for row in api.list("/v1/ledger-entries", adjusts_entry_id=entry["id"])],
        proposal=await api.get(f"/v1/entry-proposals/{entry['proposal_id']}") if entry["proposal_id"] else None,
    )


@router.get("/funding/ledger/{entry_id}/reverse")
async def show_reverse(request: Request, api: Api, entry_id: str) -> Response:
    """The form that takes an entry back."""
    entry = await api.get(f"/v1/ledger-entries/{quote(entry_id, safe='')}")
    typed = {one.name: "" for one in REVERSAL_FIELDS} | {"effective_date": entry["effective_date"]}
    return _reverse_page(request, entry, typed)


@router.post("/funding/ledger/{entry_id}/reverse")
async def reverse_entry(request: Request, form: KeptForm, api: Api, entry_id: str) -> Response:
    """Propose to take an entry back, whole."""
    entry = await api.get(f"/v1/ledger-entries/{quote(entry_id, safe='')}")
    typed = {one.name: one.tidy(form.get(one.name)) for one in REVERSAL_FIELDS}
    try:
        made = await api.post("/v1/entry-proposals", to_reversal(entry, typed), idempotency_key=form.get("key"))
    except ProblemError as error:
        if error.status not in MENDABLE:
            raise
        return _reverse_page(request, entry, typed, error)
    return RedirectResponse(f"/funding/proposals/{made['id']}?proposed=true", HTTPStatus.SEE_OTHER)


def _reverse_page(
    request: Request, entry: dict[str, Any], typed: dict[str, str], problem: ProblemError | None = None
) -> Response:
    return render(
        request,
        "entry_form.html",
        status=problem.status if problem else HTTPStatus.OK,
        fields=REVERSAL_FIELDS,
        typed=typed,
        entry=entry,
        action=f"/funding/ledger/{entry['id']}/reverse",
        problem=problem,
        errors=places_of(errors_by_field(problem)),
    )


@router.get("/funding/proposals")
async def list_proposals(request: Request, api: Api) -> Response:
    """What waits to be posted by somebody else, or what became of it."""
    status = request.query_params.get("status", "proposed")
    chosen = status if status in {"proposed", "posted", "declined"} else "proposed"
    cursor = request.query_params.get("cursor", "")
    page = await api.get(
        "/v1/entry-proposals", status=chosen, limit=PAGE_ROWS, cursor=cursor or None, with_total="true"
    )
    following = urlencode({"status": chosen, "cursor": page["next_cursor"]}) if page["next_cursor"] else None
    return render(
        request, "proposals.html", page=page, chosen=chosen, following=following, is_first=not cursor
    )  # fmt: skip


@router.get("/funding/proposals/{proposal_id}")
async def show_proposal(request: Request, api: Api, proposal_id: str) -> Response:
    """A proposed entry, and the two decisions on it."""
    return await _proposal_page(request, api, proposal_id)


@router.post("/funding/proposals/{proposal_id}/post")
async def post_proposal(request: Request, form: KeptForm, api: Api, proposal_id: str) -> Response:
    """Put it into the ledger; a rule that it would break is told on the page."""
    return await _decide(request, form, api, proposal_id, "post", None)


@router.post("/funding/proposals/{proposal_id}/decline")
async def decline_proposal(request: Request, form: KeptForm, api: Api, proposal_id: str) -> Response:
    """Decide that it is not posted."""
    return await _decide(request, form, api, proposal_id, "decline", {"reason": form.get("reason").strip()})


async def _decide(
    request: Request, form: Form, api: AsyncTributary, proposal_id: str, verb: str, body: dict[str, Any] | None
) -> Response:
    address = f"/v1/entry-proposals/{quote(proposal_id, safe='')}/{verb}"
    version = form.get("version")
    try:
        await api.post(address, body, version=int(version) if version.isdecimal() else 0)
    except ProblemError as error:
        if error.status not in OF_THE_DECISION:
            raise
        return await _proposal_page(request, api, proposal_id, error, reason=form.get("reason"))
    return RedirectResponse(f"/funding/proposals/{quote(proposal_id, safe='')}?decided=true", HTTPStatus.SEE_OTHER)


async def _proposal_page(
    request: Request, api: AsyncTributary, proposal_id: str, problem: ProblemError | None = None, reason: str = ""
) -> Response:
    proposal = await api.get(f"/v1/entry-proposals/{quote(proposal_id, safe='')}")
    line = (
        await api.get(f"/v1/agreement-lines/{proposal['agreement_line_id']}") if proposal["agreement_line_id"] else None
    )
    return render(
        request,
        "proposal.html",
        status=problem.status if problem else HTTPStatus.OK,
        proposal=proposal,
        line=line,
        problem=problem,
        errors=errors_by_field(problem),
        reason=reason,
        told={name: name in request.query_params for name in ("proposed", "decided")},
    )
