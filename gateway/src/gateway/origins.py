"""Pages of other origins in a browser: which may call, what they may send, and what they may read of an answer.

And what each answer of a demonstration says of itself, whoever reads it.

No cookies and no other credentials of the browser: a page that calls has a token and sends it itself.
"""

from collections.abc import Iterable
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS: Final = "GET, HEAD, POST, PATCH"
SENT: Final = "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id"
READ: Final = "ETag, Idempotency-Replayed, Link, Location, Retry-After, X-Request-Id, X-Tributary-Demo"
DEMO: Final = "X-Tributary-Demo"
MAX_AGE_SECONDS: Final = 600


class ReadableAnswers:
    """Outermost: lets pages of the allowed origins read any answer, above all those that say what went wrong."""

    def __init__(self, app: ASGIApp, origins: Iterable[str]) -> None:
        self.app = app
        self.origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        origin = _header(scope, b"origin")

        async def send_with_origin(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.add_vary_header("Origin")  # also without one: a cache must not give this answer to a page
                if origin in self.origins:
                    headers["Access-Control-Allow-Origin"] = origin
                    headers["Access-Control-Expose-Headers"] = READ
            await send(message)

        await self.app(scope, receive, send_with_origin)


class DemoAnswers:
    """Outermost of a demonstration: no answer, good or bad, goes out without saying that its people are synthetic."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[DEMO] = "true"
            await send(message)

        await self.app(scope, receive, send_marked if scope["type"] == "http" else send)


class Preflights:
    """Innermost: answers a browser's question whether a page may call. The browser asks without a token."""

    def __init__(self, app: ASGIApp, origins: Iterable[str]) -> None:
        self.app = app
        self.origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_question = (
            scope["type"] == "http"
            and scope["method"] == "OPTIONS"
            and _header(scope, b"origin") in self.origins
            and _header(scope, b"access-control-request-method")
        )
        if not is_question:
            await self.app(scope, receive, send)
            return
        message: Message = {"type": "http.response.start", "status": 204, "headers": []}
        headers = MutableHeaders(scope=message)
        headers["Access-Control-Allow-Methods"] = METHODS
        headers["Access-Control-Allow-Headers"] = SENT
        headers["Access-Control-Max-Age"] = str(MAX_AGE_SECONDS)
        headers["Vary"] = "Access-Control-Request-Method, Access-Control-Request-Headers"
        await send(message)
        await send({"type": "http.response.body", "body": b""})


def _header(scope: Scope, name: bytes) -> str:
    return str(dict(scope["headers"]).get(name, b"").decode("latin-1"))
