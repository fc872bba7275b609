"""Templates: whatever they are given is escaped, and what they are not given is an error."""

from pathlib import Path
from typing import Any, Final

from chassis.logs import current_request_id
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse
from tributary.card import write_date, write_span

from web import words

FRAGMENT: Final = "HX-Request"
_FILTERS: Final = {
    "amount": words.write_amount,
    "code": words.write_code,
    "countries": words.write_countries,
    "day": words.write_day,
    "instant": words.write_instant,
    "number": words.write_number,
    "title_of": words.write_title,
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
        comparisons=words.COMPARISONS,
        reasons=words.REASONS,
        states=words.STATES,
        services=words.SERVICES,
        roles=words.ROLES,
        is_demo=is_demo,
    )
    return made


def render(request: Request, name: str, *, status: int = 200, **content: Any) -> HTMLResponse:  # noqa: ANN401 - whatever the template shows
    """A page. None is kept by a browser or by anything between: each says who is signed in."""
    state = request.app.state
    text = state.templates.get_template(name).render(
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
