"""Signing in by a link that works once, and signing out."""

import secrets
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from typing import Final

from chassis.logs import current_request_id
from chassis.refusals import is_loopback
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response
from tributary import ProblemError, TributaryError

from web.guards import ForeignForm
from web.rendering import render
from web.routes.signed_in import Api, OwnForm, read_form
from web.settings import WebSettings

router: Final = APIRouter(include_in_schema=False)


@router.get("/sign-in")
async def show_sign_in(request: Request, code: str = "") -> Response:
    """Ask before the link is used up: whatever only looks at links, such as a preview, does not sign in."""
    return _form(request, code, request.query_params.get("next", ""))


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Exchange the link's code for a token of some hours, and let the browser keep it."""
    form = await read_form(request)
    sessions, settings = request.app.state.sessions, request.app.state.settings
    if not may_sign_in(request) or not sessions.is_own_form(request, form.get("form_token", "")):
        raise ForeignForm
    code = form.get("code", "")
    if not code.startswith("triblink_") or not code.isascii():  # no token of another kind is taken for a link
        return _form(request, "", "", is_refused=True)
    api = request.app.state.api.acting_for(code, current_request_id())
    try:
        made = await api.post(
            "/v1/sessions", {"name": "Web pages", "expires_hours": settings.session_hours}, is_repeatable=False
        )
    except ProblemError as error:
        if error.status != HTTPStatus.UNAUTHORIZED:
            raise
        return _form(request, "", "", is_refused=True)
    response = RedirectResponse(own_path(form.get("next", "")), HTTPStatus.SEE_OTHER)
    expires_at = int(datetime.fromisoformat(made["expires_at"]).timestamp())
    sessions.start(response, made["token"], expires_at, await _find_role(request, made["token"]))
    sessions.end_form(response)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, api: Api, _own: OwnForm) -> Response:
    """Revoke the token, and let the browser forget it in any case."""
    with suppress(TributaryError):  # it is revoked already, or the API is out of reach and it will expire
        token = (await api.get("/v1/account"))["token"]
        await api.post(f"/v1/tokens/{token['id']}/revoke", version=token["version"])
    response = RedirectResponse("/sign-in?signed_out=true", HTTPStatus.SEE_OTHER)
    request.app.state.sessions.end(response)
    return response


async def _find_role(request: Request, token: str) -> str:
    """The role of whoever signed in; empty where the API does not say it now: their link is used up, so go on."""
    with suppress(TributaryError):
        account = await request.app.state.api.acting_for(token, current_request_id()).get("/v1/account")
        return str(account["role"])
    return ""


def may_sign_in(request: Request) -> bool:
    """Whether a link signs in here: on this machine, and nowhere else."""
    settings: WebSettings = request.app.state.settings
    if not (settings.local_sign_in and settings.is_local):
        return False
    return settings.is_published_on_loopback or (request.client is not None and is_loopback(request.client.host))


def own_path(address: str) -> str:
    """Where to go after signing in: a page of ours, whatever was asked for."""
    is_ours = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if is_ours else "/"


def _form(request: Request, code: str, after: str, *, is_refused: bool = False) -> Response:
    form_token = secrets.token_urlsafe(32)
    response = render(
        request,
        "sign_in.html",
        status=HTTPStatus.UNAUTHORIZED if is_refused else HTTPStatus.OK,
        code=code,
        after=own_path(after),
        form_token=form_token,
        is_refused=is_refused,
        is_local=may_sign_in(request),
        is_signed_out="signed_out" in request.query_params,
    )
    request.app.state.sessions.start_form(response, form_token)
    return response
