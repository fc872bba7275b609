"""The steps of an import: map its columns, check its rows, commit it, read what came of it, undo it."""

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response
from tributary import AsyncTributary, ProblemError
from tributary.roster_imports import MOST_CORRECTIONS, RosterImports

from web import rosters
from web.editing import MENDABLE, Editor, PartlySaved, save
from web.edits import Sent, to_texts
from web.forms import Form
from web.rendering import errors_by_field, pass_file, render
from web.routes.imports import XLSX, find_trainings
from web.routes.signed_in import Api, KeptForm
from web.routes.trainings import find_people

router: Final = APIRouter(include_in_schema=False)
PAGE_ROWS: Final = 20
MOST_READ: Final = 500


@router.get("/imports/{import_id}")
async def show_import(request: Request, api: Api, import_id: str) -> Response:
    """The page on which an import goes on; of one that is over, what came of it."""
    one = await RosterImports(api).get(import_id)
    step = rosters.step_of(one)
    if step:
        return RedirectResponse(f"{_here(import_id)}{step}", HTTPStatus.SEE_OTHER)
    return await _page(request, api, "import_report.html", one, done=request.query_params.get("done", ""))


@router.get("/imports/{import_id}/map")
async def show_map(request: Request, api: Api, import_id: str) -> Response:
    """Our fields beside the columns of the file."""
    one = await RosterImports(api).get(import_id)
    if rosters.is_open(one) or one["stage"] not in {"read", "checked"}:
        return RedirectResponse(_here(import_id), HTTPStatus.SEE_OTHER)
    now = to_texts(rosters.map_fields(one), rosters.mapping_of(one))
    proposed = rosters.proposals_of(one)
    sent = Sent(one["version"], now, now | proposed)
    return await _map_page(request, api, one, sent, proposed=frozenset(proposed))


@router.post("/imports/{import_id}/map")
async def save_map(request: Request, form: KeptForm, api: Api, import_id: str) -> Response:
    """Save the mapping, and have the rows checked by it."""
    imports = RosterImports(api)
    one = await imports.get(import_id)
    fields = rosters.map_fields(one)

    async def read() -> tuple[int, dict[str, str]]:
        now = await imports.get(import_id)
        return now["version"], to_texts(fields, rosters.mapping_of(now))

    async def write(_changes: dict[str, Any], sent: Sent) -> None:
        try:
            update = rosters.to_update(one, sent.typed, sent.changed)
        except ValueError as twice:
            raise _twice([str(name) for name in twice.args]) from twice
        version = sent.version
        if update:
            version = (await imports.update(import_id, update, version=version))["version"]
        if {"sheet", "header_row"} & update.keys() or form.get("then") != "check":
            return  # it is read anew, and mapped again
        try:
            await imports.check(import_id, version=version)
        except ProblemError as error:
            if error.status not in MENDABLE:
                raise
            raise PartlySaved(error, version) from error

    async def show_again(error: ProblemError, sent: Sent) -> Response:
        return await _map_page(request, api, await imports.get(import_id), sent, problem=error)

    editor = Editor(
        action=f"{_here(import_id)}/map",
        back=_here(import_id) if form.get("then") == "check" else f"{_here(import_id)}/map",
        what="How the columns of a file are mapped.",
        fields=fields,
        read=read,
        write=write,
        show_again=show_again,
        carried=[("then", form.get("then"))],
        is_always_written=True,
    )
    return await save(request, form, editor)


@router.get("/imports/{import_id}/review")
async def show_review(request: Request, api: Api, import_id: str) -> Response:
    """The rows as they were checked: counts, faults by column, and what is to be fixed."""
    one = await RosterImports(api).get(import_id)
    if rosters.is_open(one) or one["stage"] != "checked":
        return RedirectResponse(_here(import_id), HTTPStatus.SEE_OTHER)
    return await _review_page(request, api, one, _asked(one, dict(request.query_params)))


@router.post("/imports/{import_id}/corrections")
async def save_corrections(request: Request, form: KeptForm, api: Api, import_id: str) -> Response:
    """Fix cells, leave rows out, say who somebody is; where somebody else fixed the same cell, choose."""
    imports = RosterImports(api)
    asked = {name: form.get(f"show.{name}") for name in ("outcome", "field", "code", "cursor")}
    fields = rosters.cell_fields(dict(form.pairs) if not form.get("conflict") else _cells_in_conflict(form))
    marked = {name: value for name, value in form.pairs if _is_mark(name)}
    if form.get("then") == "new_people":  # of the rows that its reader has seen
        marked = {f"person.{row}": "new" for row in form.all("undecided")} | marked

    async def read() -> tuple[int, dict[str, str]]:
        one = await imports.get(import_id)
        return one["version"], await _find_cells(imports, import_id, [field.name for field in fields])

    async def write(_changes: dict[str, Any], sent: Sent) -> None:
        items = rosters.to_corrections(sent.was, sent.typed, sent.changed, marked)
        if form.get("then") == "exclude_errors":
            items += await _leave_out_errors(imports, import_id, items)
        if items:
            await imports.correct(import_id, items[:MOST_CORRECTIONS], version=sent.version)

    async def show_again(error: ProblemError, sent: Sent) -> Response:
        one = await imports.get(import_id)
        return await _review_page(request, api, one, asked, problem=error, typed=sent.typed, marked=marked)

    query = urlencode({name: value for name, value in asked.items() if value and name != "cursor"})
    editor = Editor(
        action=f"{_here(import_id)}/corrections",
        back=f"{_here(import_id)}/review?{query}",
        what="Cells of an import.",
        fields=fields,
        read=read,
        write=write,
        show_again=show_again,
        carried=[*marked.items(), *((f"show.{name}", value) for name, value in asked.items())],
        is_always_written=True,
    )
    return await save(request, form, editor)


@router.get("/imports/{import_id}/rows.csv")
async def download_rows(api: Api, import_id: str, outcome: str = "") -> Response:
    """The rows of an outcome as a file, with what is wrong in each."""
    found = await RosterImports(api).download_rows(import_id, **_of_outcome(outcome), format="csv", excel="true")
    return pass_file(found, f"{outcome or 'all'}-rows.csv")


@router.get("/imports/{import_id}/rows.xlsx")
async def download_workbook(api: Api, import_id: str, outcome: str = "") -> Response:
    """The same as a workbook."""
    found = await RosterImports(api).download_rows(import_id, **_of_outcome(outcome), format="xlsx")
    return pass_file(found, f"{outcome or 'all'}-rows.xlsx", XLSX)


def _of_outcome(outcome: str) -> dict[str, str]:
    return {"outcome": outcome} if outcome in rosters.OUTCOMES else {}


@router.get("/imports/{import_id}/commit")
async def show_commit(request: Request, api: Api, import_id: str) -> Response:
    """What would be written, to be looked at once more."""
    one = await RosterImports(api).get(import_id)
    if rosters.is_open(one) or one["stage"] != "checked":
        return RedirectResponse(_here(import_id), HTTPStatus.SEE_OTHER)
    return await _page(request, api, "import_commit.html", one)


@router.post("/imports/{import_id}/commit")
async def commit_import(request: Request, form: KeptForm, api: Api, import_id: str) -> Response:
    """Write it, as it was looked at."""
    return await _decide(request, api, import_id, form, "commit", "import_commit.html")


@router.get("/imports/{import_id}/undo")
async def show_undo(request: Request, api: Api, import_id: str) -> Response:
    """What an undo would take back, and what it would keep."""
    one = await RosterImports(api).get(import_id)
    if rosters.is_open(one) or one["stage"] != "committed":
        return RedirectResponse(_here(import_id), HTTPStatus.SEE_OTHER)
    return await _undo_page(request, api, one)


@router.post("/imports/{import_id}/undo")
async def undo_import(request: Request, form: KeptForm, api: Api, import_id: str) -> Response:
    """Take it back."""
    return await _decide(request, api, import_id, form, "undo", "import_undo.html")


async def _decide(
    request: Request, api: AsyncTributary, import_id: str, form: Form, verb: str, template: str
) -> Response:
    imports = RosterImports(api)
    version = form.get("version")
    try:
        do = imports.commit if verb == "commit" else imports.undo
        key = form.get("key") or None
        await do(import_id, version=int(version) if version.isdecimal() else 0, idempotency_key=key)
    except ProblemError as error:
        if error.status not in MENDABLE | {HTTPStatus.PRECONDITION_FAILED}:
            raise
        one = await imports.get(import_id)
        if rosters.is_open(one):  # sent twice, or by two
            return RedirectResponse(_here(import_id), HTTPStatus.SEE_OTHER)
        if verb == "undo":
            return await _undo_page(request, api, one, error)
        return await _page(request, api, template, one, problem=error)
    return RedirectResponse(f"{_here(import_id)}/run", HTTPStatus.SEE_OTHER)


async def _map_page(
    request: Request,
    api: AsyncTributary,
    one: dict[str, Any],
    sent: Sent,
    *,
    problem: ProblemError | None = None,
    proposed: frozenset[str] = frozenset(),
) -> Response:
    fields = {field.name: field for field in rosters.map_fields(one)}
    used = {sent.typed.get(name) for name in rosters.LABELS}
    return await _page(
        request,
        api,
        "import_map.html",
        one,
        problem=problem,
        errors=errors_by_field(problem),
        fields=fields,
        groups=rosters.GROUPS,
        typed=sent.typed,
        was=sent.was,
        version=sent.version,
        proposed=proposed,
        columns={str(column["number"]): column for column in one["columns"]},
        unmapped=[column for column in one["columns"] if str(column["number"]) not in used],
        orders=rosters.date_examples(one),
    )


async def _review_page(
    request: Request,
    api: AsyncTributary,
    one: dict[str, Any],
    asked: dict[str, str],
    *,
    problem: ProblemError | None = None,
    typed: dict[str, str] | None = None,
    marked: dict[str, str] | None = None,
) -> Response:
    filters = {name: value for name, value in asked.items() if value and value != "all"}
    page = await RosterImports(api).rows(one["id"], **filters, limit=PAGE_ROWS)
    people = {one["person_id"] for row in page["items"] for one in row["candidates"] if one["person_id"]}
    counts = one["counts"] or {}
    return await _page(
        request,
        api,
        "import_review.html",
        one,
        problem=problem,
        counts=counts,
        outcomes=rosters.OUTCOMES,
        open_rows=counts.get("error", 0) + counts.get("possible_duplicate", 0),
        asked=asked,
        rows=page["items"],
        following=urlencode({**asked, "cursor": page["next_cursor"]}) if page["next_cursor"] else None,
        people=await find_people(api, people),
        typed=typed or {},
        marked=marked or {},
        labels=rosters.LABELS,
        name_of_row=rosters.name_of_row,
        cells_of=rosters.cells_of,
        edit=request.query_params.get("edit", ""),
    )


async def _undo_page(
    request: Request, api: AsyncTributary, one: dict[str, Any], problem: ProblemError | None = None
) -> Response:
    preview = await RosterImports(api).preview_undo(one["id"]) if one["stage"] == "committed" else None
    return await _page(request, api, "import_undo.html", one, problem=problem, preview=preview, labels=rosters.LABELS)


async def _page(
    request: Request,
    api: AsyncTributary,
    template: str,
    one: dict[str, Any],
    *,
    problem: ProblemError | None = None,
    **content: Any,  # noqa: ANN401 - what the template shows
) -> Response:
    trainings = await find_trainings(api, {one["training_id"]} if one["training_id"] else set())
    return render(
        request,
        template,
        status=problem.status if problem else HTTPStatus.OK,
        one=one,
        here=f"/imports/{one['id']}",
        training_name=trainings.get(one["training_id"]) if one["training_id"] else None,
        problem=problem,
        **content,
    )


async def _find_cells(imports: RosterImports, import_id: str, names: list[str]) -> dict[str, str]:
    """What cells say now, by the names of their fields."""
    wanted, cursor = set(names), None
    found = dict.fromkeys(names, "")
    while True:
        page = await imports.rows(import_id, limit=MOST_READ, cursor=cursor)
        for row in page["items"]:
            cells = {f"value.{row['row']}.{value['field']}": value["text"] for value in row["values"]}
            found |= {name: text for name, text in cells.items() if name in wanted}
        cursor = page["next_cursor"]
        if not cursor:
            return found


async def _leave_out_errors(
    imports: RosterImports, import_id: str, items: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """As many rows with errors as one request takes, but for those that were just corrected."""
    touched = {item.get("row") for item in items}
    page = await imports.rows(import_id, outcome="error", limit=MOST_CORRECTIONS)
    return [{"kind": "exclude", "row": row["row"]} for row in page["items"] if row["row"] not in touched]


def _asked(one: dict[str, Any], given: dict[str, str]) -> dict[str, str]:
    """Which rows are shown: those that were asked for, else those that stand in the way."""
    counts = one["counts"] or {}
    first = next((name for name in ("error", "possible_duplicate") if counts.get(name)), "all")
    outcome = given.get("outcome", "")
    if outcome != "all" and not (outcome in rosters.OUTCOMES and counts.get(outcome)):
        return {"outcome": first, "field": "", "code": "", "cursor": ""}
    return {"outcome": outcome} | {name: given.get(name, "") for name in ("field", "code", "cursor")}


def _cells_in_conflict(form: Form) -> list[str]:
    return [name.removeprefix("mine.") for name, _ in form.pairs if name.startswith("mine.")]


def _is_mark(name: str) -> bool:
    return name.partition(".")[0] in {"exclude", "include", "person", "alike"} and "." in name


def _twice(names: list[str]) -> ProblemError:
    said = " and ".join(rosters.LABELS[name].lower() for name in names)
    message = f"One column cannot be both {said}."
    errors = [{"pointer": f"#/{names[-1]}", "code": "mapped_twice", "message": message}]
    problem = {"detail": "1 field needs attention.", "code": "validation", "errors": errors}
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, problem)


def _here(import_id: str) -> str:
    return f"/imports/{quote(import_id, safe='')}"
