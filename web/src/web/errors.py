"""Whatever goes wrong, as a page that says so in plain words, with the id to quote."""

from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from chassis.errors import DomainError
from chassis.problems import unexpected_problem
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from tributary import ProblemError, TributaryError, UnreachableError

from web.forms import Form
from web.rendering import render, wants_fragment

TITLES: Final = {
    HTTPStatus.BAD_REQUEST: "This address makes no sense to us",
    HTTPStatus.FORBIDDEN: "You may not do this",
    HTTPStatus.NOT_FOUND: "There is nothing here",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take that",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "That was too much",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not available just now",
}
FAILED: Final = "Something failed on our side"


class SignInNeeded(Exception):
    """Nobody is signed in."""


def install_error_pages(app: FastAPI) -> None:
    """Make every failure of `app` a page."""
    app.add_exception_handler(SignInNeeded, sign_in_first)
    app.add_exception_handler(TributaryError, api_failed)
    app.add_exception_handler(DomainError, refused)
    app.add_exception_handler(HTTPException, http_failed)


async def sign_in_first(request: Request, _error: Exception) -> Response:
    """Send somebody who is not signed in to where they can be, and a script of ours too.

    With a form that must not be lost they stay where they are: signed in beside it, they go on.
    """
    if find_kept(request) is not None:
        detail = "Nothing was saved, and nothing that you typed is lost: it stands below."
        response: Response = problem_page(request, HTTPStatus.UNAUTHORIZED, "You were signed out meanwhile", detail)
        request.app.state.sessions.end(response)
        return response
    after = quote(request.url.path) if request.method == "GET" else "/"
    address = f"/sign-in?next={after}" if after != "/" else "/sign-in"
    if wants_fragment(request):
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": address})
    response = RedirectResponse(address, HTTPStatus.SEE_OTHER)
    request.app.state.sessions.end(response)
    return response


async def api_failed(request: Request, error: Exception) -> Response:
    """The API's problem in its own words; where it does not answer, that."""
    if isinstance(error, ProblemError):
        if error.status == HTTPStatus.UNAUTHORIZED:
            return await sign_in_first(request, error)
        # A problem about the request is about the address or the form that the reader gave us.
        return problem_page(request, error.status, error.title, error.detail, error.errors)
    status = HTTPStatus.SERVICE_UNAVAILABLE if isinstance(error, UnreachableError) else HTTPStatus.BAD_GATEWAY
    detail = "The API behind these pages does not answer. Nothing was changed. Try again in a moment."
    return problem_page(request, status, TITLES[HTTPStatus.SERVICE_UNAVAILABLE], detail)


async def refused(request: Request, error: Exception) -> Response:
    """What we refuse ourselves."""
    assert isinstance(error, DomainError)  # noqa: S101 - registered for this class only
    return problem_page(request, error.status, error.title, error.detail)


async def http_failed(request: Request, error: Exception) -> Response:
    """What the framework refuses."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    status = HTTPStatus(error.status_code)
    detail = {
        HTTPStatus.NOT_FOUND: "Check the address, or start from the list of countries.",
        HTTPStatus.METHOD_NOT_ALLOWED: "Use the forms of these pages.",
    }.get(status, "Go back and try again.")
    return problem_page(request, status, TITLES.get(status, status.phrase), detail)


def unexpected_page(request: Request, error: Exception) -> Response:
    """A failure that nobody foresaw: logged with its place, shown without it."""
    unexpected_problem(request, error)
    detail = "It has been logged. Quote the request id below to report it."
    return problem_page(request, HTTPStatus.INTERNAL_SERVER_ERROR, FAILED, detail)


def problem_page(
    request: Request, status: int, title: str, detail: str, errors: list[dict[str, str]] | None = None
) -> Response:
    """The page of a problem."""
    title = title or TITLES.get(HTTPStatus(status), FAILED)
    kept = find_kept(request)
    return render(
        request,
        "problem.html",
        status=status,
        title=title,
        detail=detail,
        errors=errors or [],
        kept=kept.kept if kept else None,
        is_signed_out=status == HTTPStatus.UNAUTHORIZED,
    )


def find_kept(request: Request) -> Form | None:
    """The form of this request, where it is one that must not be lost."""
    kept: Form | None = getattr(request.state, "kept", None)
    return kept
