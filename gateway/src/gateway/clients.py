"""Talking to the services, and to the issuer: one client each. The only module that knows the HTTP library."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx
import structlog
from chassis.errors import BadRequest, OutcomeUnknown, Unavailable
from chassis.logs import current_request_id
from chassis.problems import MEDIA_TYPE
from chassis.refusals import is_loopback
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gateway.settings import GatewaySettings

logger = structlog.get_logger()
SERVICES: Final = ("programs", "trainings", "funding")
_FORWARDED: Final = (b"accept", b"content-type", b"idempotency-key", b"if-match", b"if-none-match", b"last-event-id")
JITTER_SECONDS: Final = 0.25
ISSUER_TIMEOUT_SECONDS: Final = 4
ISSUER_MAX_BYTES: Final = 1_048_576
# What stays as it is in an address: what is encoded already, and every other printable character but # and space.
_KEPT: Final = "%!\"$&'()*+,/:;<=>?@[\\]^`{|}"
_RETURNED: Final = (
    "allow", "cache-control", "content-disposition", "content-length", "content-type", "etag", "idempotency-replayed",
    "link", "location", "retry-after", "x-accel-buffering",
)  # fmt: skip


class ServiceDown(Exception):
    """A service did not answer, or did not answer sense. `state` says which, `refusal` is its problem if it has one."""

    def __init__(self, service: str, state: str, refusal: Response | None = None) -> None:
        super().__init__(f"{service}: {state}")
        self.service = service
        self.state = state
        self.refusal = refusal

    @property
    def problem(self) -> dict[str, Any]:
        """What the refusal says."""
        said: dict[str, Any] = json.loads(bytes(self.refusal.body)) if self.refusal else {}
        return said


class Services:
    """The clients of all services."""

    def __init__(self, settings: GatewaySettings) -> None:
        urls = {name: getattr(settings, f"{name}_url") for name in SERVICES}
        self._timeout_seconds = settings.proxy_timeout_seconds
        self._clients = {name: _make_client(url) for name, url in urls.items()}

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            await client.aclose()

    async def read(
        self,
        service: str,
        path: str,
        token: str,
        timeout_seconds: float,
        params: Any = None,  # noqa: ANN401 - as httpx takes them
    ) -> Mapping[str, Any]:
        """The JSON object at `path`; `ServiceDown` where it does not come whole within the time."""
        started = time.monotonic()
        try:
            answer = await self._clients[service].get(
                path, params=params, headers=_headers(token), timeout=max(timeout_seconds, 0.001)
            )
        except httpx.TimeoutException as error:
            raise ServiceDown(service, "timeout") from error
        except httpx.HTTPError as error:
            raise ServiceDown(service, "unavailable") from error
        elapsed_ms = round((time.monotonic() - started) * 1000, 1)
        if answer.status_code != httpx.codes.OK:
            logger.warning(
                "service_answered", target=service, path=path, status=answer.status_code, elapsed_ms=elapsed_ms
            )
            state = "unavailable" if answer.status_code >= 500 else "refused"  # noqa: PLR2004
            raise ServiceDown(service, state, _refusal(answer))
        try:
            found = answer.json()
        except ValueError as error:
            raise ServiceDown(service, "invalid_answer") from error
        if not isinstance(found, dict):
            raise ServiceDown(service, "invalid_answer")
        return found

    async def is_ready(self, service: str) -> bool:
        """Whether the service and its database answer."""
        try:
            answer = await self._clients[service].get("/readyz", timeout=1)
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    async def _send(self, service: str, outgoing: httpx.Request) -> httpx.Response:
        """The answer to `outgoing`; what may be repeated is sent once more, in its time, if the connection is lost."""
        is_read = outgoing.method in {"GET", "HEAD"}
        ends_at = time.monotonic() + self._timeout_seconds
        lost: httpx.HTTPError | None = None
        for is_last in (False, True) if is_read or _is_keyed(outgoing) else (True,):
            timeout = httpx.Timeout(max(ends_at - time.monotonic(), 0.001))
            outgoing.extensions["timeout"] = timeout.as_dict()
            try:
                return await self._clients[service].send(outgoing, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                if lost is None:
                    text = f"The {service} service cannot be reached just now. Nothing was changed."
                    raise Unavailable(text) from error
                break
            except httpx.HTTPError as error:
                lost = error
                if is_last or isinstance(error, httpx.TimeoutException):
                    break
                logger.warning("sent_again", target=service, method=outgoing.method, error=type(error).__name__)
                await asyncio.sleep(random.uniform(0, JITTER_SECONDS))  # noqa: S311 - so that not all come back at once
        if is_read:
            raise Unavailable(f"The {service} service did not answer in time. Try again.") from lost
        advice = (
            "Send it again with the same Idempotency-Key: it happens once."
            if _is_keyed(outgoing)
            else "Read the record to see whether the change was made, before you send it again."
        )
        raise OutcomeUnknown(f"The connection to the {service} service was lost before it answered. {advice}") from lost

    async def forward(self, service: str, request: Request, token: str) -> Response:
        """The service's own answer to `request`, streamed through unchanged."""
        client = self._clients[service]
        # As bytes: what a caller writes there need not be text of any encoding.
        forwarded = [(name, value) for name, value in request.headers.raw if name in _FORWARDED]
        headers = httpx.Headers([*httpx.Headers(_headers(token)).raw, *forwarded])
        content = await request.body()
        try:
            target = httpx.URL("/").copy_with(raw_path=address_of(request))
            outgoing = client.build_request(request.method, target, headers=headers, content=content)
        except httpx.InvalidURL as error:
            raise BadRequest("The address is too long, or not one at all.") from error
        answer = await self._send(service, outgoing)
        returned = {name: answer.headers[name] for name in _RETURNED if name in answer.headers}
        return StreamingResponse(_body(answer), status_code=answer.status_code, headers=returned)


def _refusal(answer: httpx.Response) -> Response | None:
    """The problem that a service answered, to be passed on unchanged."""
    if answer.headers.get("content-type") != MEDIA_TYPE:
        return None
    returned = {name: answer.headers[name] for name in _RETURNED if name in answer.headers}
    return Response(answer.content, status_code=answer.status_code, headers=returned)


class IssuerDown(Exception):
    """The issuer did not answer, or not what an issuer answers. Says which, for the log."""


class IssuerClient:
    """Reads what an OpenID Connect issuer publishes. It follows no redirects: what is at the address is what counts."""

    def __init__(self, url: str) -> None:
        is_here = is_loopback(urlsplit(url).hostname or "")
        self._client = httpx.AsyncClient(trust_env=not is_here)  # a proxy may stand before others, not before ourselves

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def read(self, address: str) -> Mapping[str, Any]:
        """The JSON object at `address`; `IssuerDown` where there is none, in time and of a sane size."""
        try:
            async with asyncio.timeout(ISSUER_TIMEOUT_SECONDS):
                found = json.loads(await self._read_bytes(address))
        except TimeoutError as error:
            raise IssuerDown("it does not answer in time") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise IssuerDown(type(error).__name__) from error
        except (ValueError, RecursionError) as error:
            raise IssuerDown(f"{address} is not JSON") from error
        if not isinstance(found, dict):
            raise IssuerDown(f"{address} is not a JSON object")
        return found

    async def _read_bytes(self, address: str) -> bytes:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        async with self._client.stream("GET", address, headers=headers) as answer:
            if answer.status_code != httpx.codes.OK:
                raise IssuerDown(f"{address} answers {answer.status_code}")
            content = b""
            async for chunk in answer.aiter_raw():
                content += chunk
                if len(content) > ISSUER_MAX_BYTES:
                    raise IssuerDown(f"{address} is too large")
            return content


def _is_keyed(request: httpx.Request) -> bool:
    return request.method == "POST" and "idempotency-key" in request.headers


def address_of(request: Request) -> bytes:
    """The path and query of `request` as they were written: decoded, `%3F` would begin a query and `%0A` be refused."""
    path, query = request.scope["raw_path"], request.scope["query_string"]
    address = quote(path, safe=_KEPT) + (f"?{quote(query, safe=_KEPT)}" if query else "")
    return address.encode("ascii")


async def _body(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()


def _headers(token: str) -> dict[str, str]:
    # Not compressed: between processes of one machine that only costs, and the body is passed through as it is.
    return {"Authorization": f"Bearer {token}", "X-Request-Id": current_request_id(), "Accept-Encoding": "identity"}


def _make_client(url: str) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=32, max_keepalive_connections=16)
    if url.startswith("unix:"):
        transport = httpx.AsyncHTTPTransport(uds=url.removeprefix("unix:"), limits=limits)
        return httpx.AsyncClient(transport=transport, base_url="http://service")
    return httpx.AsyncClient(base_url=url, limits=limits)
