"""Templates: whatever they are given is escaped, and what they are not given is an error."""

from pathlib import Path
from typing import Any, Final

from chassis.logs import current_request_id
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from tributary import Download, ProblemError
from tributary.card import write_date, write_span

from web import words
from web.forms import label_of
from web.rosters import STEPS, say_state

FRAGMENT: Final = "HX-Request"
_FILTERS: Final = {
    "agreement_type": words.write_agreement_type,
    "amount": words.write_amount,
    "birth": words.write_birth,
    "code": words.write_code,
    "countries": words.write_countries,
    "day": words.write_day,
    "few": words.write_few,
    "label_of": label_of,
    "ledger_address": words.write_ledger_address,
    "import_state": say_state,
    "instant": words.write_instant,
    "name_of": words.write_name,
    "number": words.write_number,
    "plain": words.write_plain,
    "share": words.write_share,
    "title_of": words.write_title,
    "typed_day": words.write_typed_day,
    "vague": write_date,
    "window": words.write_window,
}


def make_templates(*, is_demo: bool = False) -> Environment:
    """The templates of this package."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(_FILTERS)
    made.globals.update(
        span=write_span,
        flags=words.FLAGS,
        comparisons=words.COMPARISONS,
        reasons=words.REASONS,
        states=words.STATES,
        services=words.SERVICES,
        roles=words.ROLES,
        import_steps=STEPS,
        is_demo=is_demo,
    )
    return made


def render(request: Request, template: str, /, *, status: int = 200, **content: Any) -> HTMLResponse:  # noqa: ANN401 - whatever the template shows
    """A page. None is kept by a browser or by anything between: each says who is signed in."""
    state = request.app.state
    text = state.templates.get_template(template).render(
        asset=state.assets.address,
        session=state.sessions.find(request),
        path=request.url.path,
        request_id=current_request_id(),
        **content,
    )
    return HTMLResponse(text, status, {"Cache-Control": "no-store", "Vary": FRAGMENT})


def wants_fragment(request: Request) -> bool:
    """Whether a script on one of our pages asks for a part to put into it."""
    return request.headers.get(FRAGMENT) == "true"


def send_csv(content: bytes, name: str) -> Response:
    """A file to keep, as a spreadsheet opens it."""
    return Response(content, media_type="text/csv", headers=_kept_as(name))


def pass_file(found: Download, name: str, media_type: str = "text/csv") -> Response:
    """A file of the API, passed on as it comes. One that breaks off is shorter than it says."""
    headers = _kept_as(name)
    if found.length_bytes is not None:
        headers["Content-Length"] = str(found.length_bytes)
    return StreamingResponse(aiter(found), media_type=media_type, headers=headers)


def _kept_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}


def errors_by_field(problem: ProblemError | None) -> dict[str, str]:
    """What the API says of each field of a form, by the name of the parameter or the member."""
    errors: dict[str, str] = {}
    for one in problem.errors if problem else []:
        place = one.get("parameter") or one.get("pointer", "#/").removeprefix("#/")
        errors.setdefault(place.partition(".")[0].partition("/")[0], one.get("message", ""))
    return errors
