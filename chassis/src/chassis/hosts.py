"""Which names a public process answers to."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.errors import BadRequest
from chassis.problems import problem_response


class KnownHosts:
    """Refuses a request for a host we are not: a forged Host header must not reach a link or a check."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            host = dict(scope["headers"]).get(b"host", b"").decode("latin-1").rpartition(":")
            name = host[0] if host[1] and host[2].isdigit() else "".join(host)
            if name not in self.hosts:
                error = BadRequest(f"This server is not {name!r}. Known names are set with TRIBUTARY_ALLOWED_HOSTS.")
                await problem_response(Request(scope), error)(scope, receive, send)
                return
        await self.app(scope, receive, send)
