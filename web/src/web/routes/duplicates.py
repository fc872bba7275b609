"""Records that may be one person: the list, and two side by side to merge, to tell apart, or to take a merge back."""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response
from tributary import AsyncTributary, ProblemError

from web import words
from web.forms import Form
from web.rendering import errors_by_field, render
from web.routes.signed_in import Api, KeptForm
from web.routes.trainings import find_people

router: Final = APIRouter(include_in_schema=False)
STATUSES: Final = ("open", "merged", "dismissed")
PAGE_ROWS: Final = 20
NOTHING: Final = frozenset({"not recorded", "hidden"})
# What a form may be refused for that its reader can mend: shown on the page, with what was typed.
MENDABLE: Final = frozenset(
    {HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.BAD_REQUEST}
)


@router.get("/duplicates")
async def list_duplicates(request: Request, api: Api, status: str = "open", cursor: str = "") -> Response:
    """A page of the pairs, the likeliest first."""
    status = status if status in STATUSES else STATUSES[0]
    page = await api.get(
        "/v1/duplicate-candidates", status=status, limit=PAGE_ROWS, cursor=cursor or None, with_total="true"
    )
    ids = {one[name] for one in page["items"] for name in ("person_id", "other_person_id")}
    following = urlencode({"status": status, "cursor": page["next_cursor"]}) if page["next_cursor"] else None
    return render(
        request,
        "duplicates.html",
        page=page,
        people=await find_people(api, ids),
        wanted=status,
        statuses=STATUSES,
        following=following,
        is_first=not cursor,
    )


@router.get("/duplicates/{candidate_id}")
async def show_duplicate(request: Request, api: Api, candidate_id: str, done: str = "") -> Response:
    """Two records beside each other, what speaks for their being one person, and what can be decided."""
    return await _page(request, api, candidate_id, done=done)


@router.post("/duplicates/{candidate_id}/merge")
async def merge(request: Request, form: KeptForm, api: Api, candidate_id: str) -> Response:
    """Decide that the two are one person, counted as the record that was chosen."""
    candidate = await api.get(_address(candidate_id))
    pair = [candidate["person_id"], candidate["other_person_id"]]
    stands = form.get("stands", "")
    if stands not in pair:
        return await _refused(request, api, candidate_id, _not_chosen(), form)
    try:
        (other,) = [one for one in pair if one != stands]
        body = {"person_id": other, "canonical_person_id": stands, "evidence": _typed(form, "evidence")}
        await api.post("/v1/merges", body, idempotency_key=form.get("key") or None)
    except ProblemError as error:
        return await _refused(request, api, candidate_id, error, form)
    return _back(candidate_id, "merged")


@router.post("/duplicates/{candidate_id}/dismiss")
async def dismiss(request: Request, form: KeptForm, api: Api, candidate_id: str) -> Response:
    """Decide that the two are two people, in the version that the reader saw."""
    try:
        body = {"note": _typed(form, "note")}
        await api.post(f"{_address(candidate_id)}/dismiss", body, version=_version(form))
    except ProblemError as error:
        return await _refused(request, api, candidate_id, error, form)
    return _back(candidate_id, "dismissed")


@router.post("/duplicates/{candidate_id}/undo")
async def undo(request: Request, form: KeptForm, api: Api, candidate_id: str) -> Response:
    """Take a merge back, in the version that the reader saw."""
    try:
        address = f"/v1/merges/{quote(form.get('merge_id', ''), safe='')}/void"
        await api.post(address, {"reason": _typed(form, "reason")}, version=_version(form))
    except ProblemError as error:
        return await _refused(request, api, candidate_id, error, form)
    return _back(candidate_id, "undone")


def compare(
    one: Mapping[str, Any] | None, other: Mapping[str, Any] | None, documents: Mapping[str, list[str]]
) -> list[tuple[str, str, str, str]]:
    """What two records say of the same, line by line, and whether they agree."""

    def line(label: str, say: Callable[[Mapping[str, Any]], str]) -> tuple[str, str, str, str]:
        first, second = (say(record) if record else "hidden" for record in (one, other))
        if NOTHING & {first, second}:
            return label, first, second, "cannot be compared"
        return label, first, second, "the same" if first == second else "differs"

    def field(label: str, name: str) -> tuple[str, str, str, str]:
        return line(label, lambda record: words.write_code(str(record.get(name) or "not recorded")))

    return [
        line("Name", words.write_name),
        line("In the original script", lambda record: record["full_name_original"] or "not recorded"),
        line("Born", words.write_birth),
        field("Sex", "sex"),
        field("Nationality", "nationality_code"),
        field("Kept by the office of", "country_code"),
        line("Position", lambda record: record["position"] or "not recorded"),
        line("Documents", lambda record: ", ".join(documents.get(record["id"], [])) or "not recorded"),
        line("Recorded here on", lambda record: words.write_instant(record["created_at"])),
    ]


async def _page(
    request: Request,
    api: AsyncTributary,
    candidate_id: str,
    *,
    done: str = "",
    problem: ProblemError | None = None,
    entered: Form | None = None,
) -> Response:
    candidate = await api.get(_address(candidate_id))
    pair = [candidate["person_id"], candidate["other_person_id"]]
    people, documents = await asyncio.gather(find_people(api, set(pair)), _find_documents(api, pair))
    merges = await _find_merges(api, people) if candidate["status"] == "merged" else []
    linked = {merge[name] for merge in merges for name in ("person_id", "canonical_person_id")} - set(pair)
    return render(
        request,
        "duplicate.html",
        status=problem.status if problem else HTTPStatus.OK,
        candidate=candidate,
        pair=pair,
        people=people | await find_people(api, linked),
        lines=compare(people[pair[0]], people[pair[1]], documents),
        merges=merges,
        done=done,
        problem=problem,
        errors=errors_by_field(problem),
        entered=entered or Form(()),
    )


def _not_chosen() -> ProblemError:
    place = {"pointer": "#/stands", "code": "missing", "message": "Choose the record that stands."}
    said = {"detail": "1 field needs attention.", "code": "validation", "errors": [place]}
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, said)


async def _find_documents(api: AsyncTributary, person_ids: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    async for row in api.list("/v1/identity-documents", person_id=person_ids, is_voided="false"):
        said = f"{words.write_code(row['type'])} of {row['issuer_country_code']}, ends in {row['last_characters']}"
        found.setdefault(row["person_id"], []).append(said)
    return found


async def _find_merges(api: AsyncTributary, people: Mapping[str, Mapping[str, Any] | None]) -> list[dict[str, Any]]:
    """The standing decisions by which these are one person: of the records, or of those that they are counted as."""
    ids = set(people) | {
        str(one["canonical_person_id"]) for one in people.values() if one and one["canonical_person_id"]
    }
    return [row async for row in api.list("/v1/merges", person_id=sorted(ids), is_voided="false")]


async def _refused(
    request: Request, api: AsyncTributary, candidate_id: str, error: ProblemError, form: Form
) -> Response:
    """The page again, with what is wrong and what was typed."""
    if error.status not in MENDABLE:
        raise error
    return await _page(request, api, candidate_id, problem=error, entered=form)


def _back(candidate_id: str, done: str) -> Response:
    return RedirectResponse(f"/duplicates/{quote(candidate_id, safe='')}?done={done}", HTTPStatus.SEE_OTHER)


def _address(candidate_id: str) -> str:
    return f"/v1/duplicate-candidates/{quote(candidate_id, safe='')}"


def _typed(form: Form, name: str) -> str:
    return form.get(name, "").replace("\r\n", "\n").strip()


def _version(form: Form) -> int:
    version = form.get("version", "")
    return int(version) if version.isdecimal() else 0
