"""What the addresses of those who are signed in share: the API in their name, and their forms."""

from typing import Annotated
from urllib.parse import parse_qsl

from chassis.logs import current_request_id
from fastapi import Depends, Request
from tributary import AsyncTributary

from web.errors import SignInNeeded
from web.forms import Form
from web.guards import ForeignForm
from web.sessions import Session, same


def current_session(request: Request) -> Session:
    """Who is signed in."""
    session: Session | None = request.app.state.sessions.find(request)
    if session is None:
        raise SignInNeeded
    return session


CurrentSession = Annotated[Session, Depends(current_session)]


def connect(request: Request, session: CurrentSession) -> AsyncTributary:
    """The API, asked in the name of whoever is signed in, under the id of this request."""
    api: AsyncTributary = request.app.state.api
    return api.acting_for(session.token, current_request_id())


Api = Annotated[AsyncTributary, Depends(connect)]


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form; of one that stands twice the last."""
    return dict(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))


async def read_own_form(request: Request, session: CurrentSession) -> dict[str, str]:
    """The fields of a form that was given out in this very session."""
    form = await read_form(request)
    if not same(form.get("form_token", ""), session.form_token):
        raise ForeignForm
    return form


OwnForm = Annotated[dict[str, str], Depends(read_own_form)]


async def read_kept_form(request: Request) -> Form:
    """The fields of a form that must not be lost: whatever goes wrong from here on, its page has them to send again.

    Ask for it before anything else that may fail, such as the API.
    """
    pairs = parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True)
    form = request.state.kept = Form(tuple(pairs))
    session: Session | None = request.app.state.sessions.find(request)
    if session is None:
        raise SignInNeeded
    if not same(form.get("form_token"), session.form_token):
        raise ForeignForm
    return form


KeptForm = Annotated[Form, Depends(read_kept_form)]
