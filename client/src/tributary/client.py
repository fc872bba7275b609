"""Calling the API: one small class over httpx. Every answer that is not a success is an exception that says why."""

import ipaddress
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self

import httpx

RETRIES: Final = 2
DEMO_HEADER: Final = "X-Tributary-Demo"
RETRY_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 10.0
PAGE_ROWS: Final = 500


class TributaryError(Exception):
    """Something that was asked for did not come about."""


class UnreachableError(TributaryError):
    """No answer came: nobody listens there, or the connection broke."""


class ProblemError(TributaryError):
    """The API answered with a problem: its `status`, stable `code`, `detail` in words, and `errors` field by field."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", "unknown"))
        self.detail = str(problem.get("detail") or problem.get("title") or f"The answer was HTTP status {status}.")
        self.title = str(problem.get("title", ""))
        self.errors: list[dict[str, str]] = list(problem.get("errors") or [])
        self.request_id = str(problem.get("request_id", ""))
        super().__init__(self._in_words())

    def _in_words(self) -> str:
        places = [one.get("pointer") or one.get("parameter") or "" for one in self.errors]
        lines = [f"{place}: {one.get('message', '')}" for place, one in zip(places, self.errors, strict=True)]
        # One error often says word for word what the detail says.
        said = [line for line in lines if not (len(lines) == 1 and line.endswith(f": {self.detail}"))]
        return " ".join([f"{self.status} {self.code}: {self.detail}", *said])


class Tributary:
    """A connection to the API at `base_url`, acting for whoever the token belongs to. Close it, or use `with`."""

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        *,
        timeout_seconds: float = 30,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = headers_of(token)
        self.base_url = base_url.rstrip("/")
        self.is_demo = False
        """Whether the last answer came of a demonstration, in which every person is synthetic."""
        self._http = httpx.Client(
            base_url=self.base_url,
            headers=headers,
            timeout=timeout_seconds,
            transport=transport,
            trust_env=not is_loopback(base_url),  # a proxy of the environment cannot reach this machine's loopback
        )

    def __enter__(self) -> Self:
        """Use the connection in a block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close it after the block."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get_country(self, code: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the API takes
        """The card of a country: its figures with where they come from, partners, money, statements."""
        return self.get(f"/v1/countries/{code.upper()}", **parameters)

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
        """Read one resource."""
        given = {name: value for name, value in parameters.items() if value is not None}
        return self._ask(self._http.build_request("GET", path, params=given or None), is_repeatable=True)

    def list(self, path: str, **filters: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - as above
        """All rows of a list, page after page."""
        page = self.get(path, **{"limit": PAGE_ROWS, **filters})
        yield from page["items"]
        while following := next_page_of(page, path):
            page = self.get(following)
            yield from page["items"]

    def post(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
        is_repeatable: bool = True,
        version: int | None = None,
    ) -> dict[str, Any]:
        """Create a resource, once: sent again under the same key, a fresh one unless given, where its answer is lost.

        `is_repeatable=False` is for what knows no keys: it is sent once, and a lost answer says nothing. `version` is
        the one that is changed, where a resource that is there changes its state.
        """
        headers = write_headers(idempotency_key, version, is_repeatable=is_repeatable)
        outgoing = self._http.build_request("POST", path, json=body, headers=headers)
        return self._ask(outgoing, is_repeatable=is_repeatable)

    def patch(self, path: str, body: Mapping[str, Any], *, version: int) -> dict[str, Any]:
        """Change fields of a resource in the version that was read. Sent once: a second time it would be another's."""
        headers = write_headers(None, version, is_repeatable=False)
        return self._ask(self._http.build_request("PATCH", path, json=body, headers=headers), is_repeatable=False)

    def upload(
        self,
        path: str,
        content: bytes,
        *,
        media_type: str,
        idempotency_key: str | None = None,
        **parameters: Any,  # noqa: ANN401 - as above
    ) -> dict[str, Any]:
        """Hand over a file as it is, once, as `post` does."""
        given = {name: value for name, value in parameters.items() if value is not None}
        headers = write_headers(idempotency_key, None, is_repeatable=True) | {"Content-Type": media_type}
        outgoing = self._http.build_request("POST", path, params=given or None, content=content, headers=headers)
        return self._ask(outgoing, is_repeatable=True)

    def _ask(self, outgoing: httpx.Request, *, is_repeatable: bool) -> dict[str, Any]:
        """Send it; again, twice at most, where the connection is lost or the answer is to come back later."""
        retries = RETRIES if is_repeatable else 0
        for attempt in range(retries + 1):
            is_last = attempt == retries
            try:
                response = self._http.send(outgoing)
            except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
                if is_last:
                    raise unreachable(self.base_url, error) from error
                pause_seconds = RETRY_PAUSE_SECONDS * (attempt + 1)
            except httpx.HTTPError as error:
                raise unreachable(self.base_url, error) from error
            else:
                self.is_demo = response.headers.get(DEMO_HEADER) == "true"
                pause_seconds = seconds_to_wait(response)
                if is_last or pause_seconds < 0:
                    return content_of(response)
            time.sleep(min(pause_seconds, LONGEST_PAUSE_SECONDS))
        raise AssertionError  # the last attempt returned or raised


def is_loopback(url: str) -> bool:
    """Whether the address is on this machine."""
    host = httpx.URL(url).host
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def headers_of(token: str | None) -> dict[str, str]:
    """What each request of a caller carries."""
    return {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})


def write_headers(idempotency_key: str | None, version: int | None, *, is_repeatable: bool) -> dict[str, str]:
    """What a write carries beside that: its key, and the version that it changes."""
    headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())} if is_repeatable else {}
    return headers if version is None else headers | {"If-Match": f'"{version}"'}


def next_page_of(page: Mapping[str, Any], path: str) -> str | None:
    """Where the page after this one is, None after the last. The token goes to no other host."""
    following: str | None = page.get("next")
    if following and (not following.startswith("/") or following.startswith("//")):
        raise TributaryError(f"The next page of {path} is at another host: {following}.")
    return following


def unreachable(base_url: str, error: httpx.HTTPError) -> UnreachableError:
    """No answer came, in words."""
    return UnreachableError(f"No answer from {base_url}: {str(error) or type(error).__name__}.")


def seconds_to_wait(response: httpx.Response) -> float:
    """How long the answer asks to wait before the same is sent again; below zero where it does not ask."""
    with suppress(KeyError, ValueError):
        if response.status_code in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.CONFLICT}:
            return float(response.headers["Retry-After"])
    return -1


def content_of(response: httpx.Response) -> dict[str, Any]:
    """The object that was answered; `ProblemError` where it is a problem."""
    try:
        content = response.json()
    except ValueError:
        content = {}
    if not response.is_success:
        raise ProblemError(response.status_code, content if isinstance(content, dict) else {})
    if not isinstance(content, dict):
        raise TributaryError(f"{response.url} did not answer with a JSON object.")
    return content
