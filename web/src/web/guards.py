"""What stands before every page: headers that bind the browser, and no form of another site."""

from collections.abc import Awaitable, Callable
from typing import Final

from chassis.errors import Forbidden
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.settings import WebSettings

REPORTS: Final = "/csp-reports"
# Nothing but what we serve ourselves, and of that no line of script or style that stands in a page.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; report-uri /csp-reports"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not none at all: a browser would then send forms from an unknown origin.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class ForeignForm(Forbidden):
    """A form that did not come from one of our pages, or not from a page of this session."""

    code = "foreign_form"
    title = "This form did not come from these pages"

    def __init__(self) -> None:
        super().__init__("Nothing was changed. Open the page again here and send its form once more.")


class SecurityHeaders:
    """Adds the headers to every answer."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self.app = app
        self.headers = dict(HEADERS)
        if settings.is_encrypted:
            self.headers["Strict-Transport-Security"] = "max-age=63072000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class OwnForms:
    """Refuses what would change something and does not come from a page of ours. A token in the form comes on top."""

    def __init__(self, app: ASGIApp, refuse: Callable[[Request, Exception], Awaitable[Response]]) -> None:
        self.app = app
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and not is_from_here(request := Request(scope)):
            answer = await self.refuse(request, ForeignForm())
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)


def is_from_here(request: Request) -> bool:
    """Whether a request may change something as far as its browser tells. One that tells nothing may not."""
    if request.method in SAFE_METHODS or request.url.path == REPORTS:
        return True
    if site := request.headers.get("sec-fetch-site"):
        return site == "same-origin"
    return request.headers.get("origin") == f"{request.url.scheme}://{request.headers.get('host')}"
