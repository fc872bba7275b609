"""Calling the API from a program that does many things at once. What a call means is told in `tributary.client`."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from copy import copy
from types import TracebackType
from typing import Any, Final, Self

import httpx

from tributary.client import (
    LONGEST_PAUSE_SECONDS,
    PAGE_ROWS,
    RETRIES,
    RETRY_PAUSE_SECONDS,
    content_of,
    headers_of,
    is_loopback,
    next_page_of,
    seconds_to_wait,
    unreachable,
    write_headers,
)

SILENCE_SECONDS: Final = 30.0  # of a stream of events, which says that it is there every few seconds


class AsyncTributary:
    """Connections to the API at `base_url`, acting for whoever the token belongs to. Close it, or use `async with`."""

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        *,
        timeout_seconds: float = 30,
        retries: int = RETRIES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._headers = headers_of(token)
        self._retries = retries
        self._http = httpx.AsyncClient(
            base_url=self.base_url,
            timeout=timeout_seconds,
            transport=transport,
            trust_env=not is_loopback(base_url),
        )

    async def __aenter__(self) -> Self:
        """Use the connections in a block."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Close them after the block."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def acting_for(self, token: str | None, request_id: str | None = None) -> Self:
        """The same connections for another caller, and for one request of theirs. Closed with the first."""
        other = copy(self)
        other._headers = headers_of(token) | ({"X-Request-Id": request_id} if request_id else {})  # noqa: SLF001 - our own
        return other

    async def get_country(self, code: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the API takes
        """The card of a country."""
        return await self.get(f"/v1/countries/{code.upper()}", **parameters)

    async def get(self, path: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        """Read one resource."""
        given = {name: value for name, value in parameters.items() if value is not None}
        outgoing = self._http.build_request("GET", path, params=given or None, headers=self._headers)
        return await self._ask(outgoing, is_repeatable=True)

    async def download(self, path: str, **parameters: Any) -> bytes:  # noqa: ANN401 - as above
        """What a list answers as a file, such as `format="csv"`: all rows that match, as bytes."""
        given = {name: value for name, value in parameters.items() if value is not None}
        outgoing = self._http.build_request("GET", path, params=given or None, headers=self._headers)
        response = await self._send(outgoing, is_repeatable=True)
        if not response.is_success:
            content_of(response)
        return response.content

    @asynccontextmanager
    async def stream_events(self, path: str, last_event_id: str | None = None) -> AsyncIterator[AsyncIterator[bytes]]:
        """The server-sent events at an address as they come, until the server or the block ends."""
        headers = self._headers | {"Accept": "text/event-stream"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        timeout = httpx.Timeout(SILENCE_SECONDS)
        outgoing = self._http.build_request("GET", path, headers=headers, timeout=timeout)
        try:
            response = await self._http.send(outgoing, stream=True)
        except httpx.HTTPError as error:
            raise unreachable(self.base_url, error) from error
        try:
            if not response.is_success:
                await response.aread()
                content_of(response)
            yield self._read(response)
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response) -> AsyncIterator[bytes]:
        try:
            async for chunk in response.aiter_raw():
                yield chunk
        except httpx.HTTPError as error:
            raise unreachable(self.base_url, error) from error

    async def list(self, path: str, **filters: Any) -> AsyncIterator[dict[str, Any]]:  # noqa: ANN401 - as above
        """All rows of a list, page after page."""
        page = await self.get(path, **{"limit": PAGE_ROWS, **filters})
        for row in page["items"]:
            yield row
        while following := next_page_of(page, path):
            page = await self.get(following)
            for row in page["items"]:
                yield row

    async def post(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
        is_repeatable: bool = True,
        version: int | None = None,
    ) -> dict[str, Any]:
        """Create a resource, once."""
        headers = self._headers | write_headers(idempotency_key, version, is_repeatable=is_repeatable)
        outgoing = self._http.build_request("POST", path, json=body, headers=headers)
        return await self._ask(outgoing, is_repeatable=is_repeatable)

    async def patch(self, path: str, body: Mapping[str, Any], *, version: int) -> dict[str, Any]:
        """Change fields of a resource in the version that was read. Sent once: a second time it would be another's."""
        headers = self._headers | write_headers(None, version, is_repeatable=False)
        return await self._ask(self._http.build_request("PATCH", path, json=body, headers=headers), is_repeatable=False)

    async def upload(
        self,
        path: str,
        content: bytes | AsyncIterator[bytes],
        *,
        media_type: str,
        idempotency_key: str | None = None,
        **parameters: Any,  # noqa: ANN401 - as above
    ) -> dict[str, Any]:
        """Hand over a file as it is. One that comes in pieces is sent once: its pieces are gone by then."""
        given = {name: value for name, value in parameters.items() if value is not None}
        headers = self._headers | write_headers(idempotency_key, None, is_repeatable=True)
        headers["Content-Type"] = media_type
        outgoing = self._http.build_request("POST", path, params=given or None, content=content, headers=headers)
        return await self._ask(outgoing, is_repeatable=isinstance(content, bytes))

    async def _ask(self, outgoing: httpx.Request, *, is_repeatable: bool) -> dict[str, Any]:
        """The object that is answered."""
        return content_of(await self._send(outgoing, is_repeatable=is_repeatable))

    async def _send(self, outgoing: httpx.Request, *, is_repeatable: bool) -> httpx.Response:
        """Send it; again where the connection is lost or the answer is to come back later."""
        retries = self._retries if is_repeatable else 0
        for attempt in range(retries + 1):
            is_last = attempt == retries
            try:
                response = await self._http.send(outgoing)
            except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
                if is_last:
                    raise unreachable(self.base_url, error) from error
                pause_seconds = RETRY_PAUSE_SECONDS * (attempt + 1)
            except httpx.HTTPError as error:
                raise unreachable(self.base_url, error) from error
            else:
                pause_seconds = seconds_to_wait(response)
                if is_last or pause_seconds < 0:
                    return response
            await asyncio.sleep(min(pause_seconds, LONGEST_PAUSE_SECONDS))
        raise AssertionError  # the last attempt returned or raised
