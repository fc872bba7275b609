"""What is passed on to a service is what the caller wrote; an address of our own answers for itself."""

import httpx
import pytest
from chassis.errors import BadRequest
from chassis.testing import caller
from chassis.unit_of_work import open_session
from fastapi import FastAPI
from gateway.access import create_token
from starlette.requests import Request
from starlette.types import Message


async def nothing_more() -> Message:
    """The body of a request without one."""
    return {"type": "http.request", "body": b"", "more_body": False}


@pytest.fixture
async def headers(app: FastAPI) -> dict[str, str]:
    """Of somebody who is signed in."""
    async with open_session(app.state.engine, caller("admin")) as session, session.begin():
        token, _ = await create_token(session, "reader", "viewer", [], 1)
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def passed_on(app: FastAPI) -> list[httpx.Request]:
    """The requests that reach the programs service, which answers each with 200."""
    received: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        received.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b"{}"))

    app.state.services._clients["programs"] = httpx.AsyncClient(
        transport=httpx.MockTransport(answer), base_url="http://service"
    )
    return received


@pytest.mark.parametrize(
    "address",
    [
        "/v1/dossiers/country/M%3FX",
        "/v1/agencies/%09%18%C2%9D%FF",
        "/v1/agencies/a%252Fb%2Fc",
        "/v1/agencies?q=%C3%A9%26%23+%20&kind=a&kind=b",
        "/v1/agencies/{x}|^",
    ],
)
async def test_address_is_passed_on_as_it_was_written(
    client: httpx.AsyncClient, headers: dict[str, str], passed_on: list[httpx.Request], address: str
) -> None:
    written = httpx.URL("http://test").copy_with(raw_path=address.encode())
    assert (await client.get(written, headers=headers)).status_code == 200
    assert [request.url.raw_path for request in passed_on] == [written.raw_path]


async def test_header_that_is_no_text_is_passed_on(
    client: httpx.AsyncClient, headers: dict[str, str], passed_on: list[httpx.Request]
) -> None:
    tag = b'"\xe9\xff"'
    written = httpx.Headers([*httpx.Headers(headers).raw, (b"If-None-Match", tag)])
    assert (await client.get("/v1/agencies", headers=written)).status_code == 200
    received = [header for request in passed_on for header in request.headers.raw]
    assert [value for name, value in received if name.lower() == b"if-none-match"] == [tag]


async def test_address_that_is_too_long_is_malformed(app: FastAPI, passed_on: list[httpx.Request]) -> None:
    scope = {"type": "http", "method": "GET", "raw_path": b"/v1/agencies", "headers": []}
    long = Request(scope | {"query_string": b"q=" + b"x" * 70_000}, nothing_more)
    with pytest.raises(BadRequest):
        await app.state.services.forward("programs", long, "token")
    assert passed_on == []


class Flaky:
    """A service that loses its connection, by turns as `faults` says, and then answers 201."""

    def __init__(self, *faults: type[httpx.HTTPError]) -> None:
        self.faults = list(faults)
        self.received: list[httpx.Request] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Lose the connection, or answer."""
        self.received.append(request)
        if self.faults:
            raise self.faults.pop(0)("lost", request=request)
        return httpx.Response(201, stream=httpx.ByteStream(b"{}"), headers={"Idempotency-Replayed": "true"})


def put_in(app: FastAPI, flaky: Flaky) -> None:
    app.state.services._clients["programs"] = httpx.AsyncClient(
        transport=httpx.MockTransport(flaky.answer), base_url="http://service"
    )


@pytest.mark.parametrize("fault", [httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError])
async def test_keyed_write_whose_connection_is_lost_is_sent_once_more(
    app: FastAPI, client: httpx.AsyncClient, headers: dict[str, str], fault: type[httpx.HTTPError]
) -> None:
    flaky = Flaky(fault)
    put_in(app, flaky)
    keyed = headers | {"Idempotency-Key": "k1"}
    answer = await client.post("/v1/agencies?validate_only=false", json={"code": "X"}, headers=keyed)
    assert (answer.status_code, answer.headers["idempotency-replayed"]) == (201, "true")
    sent = [(one.method, one.url.raw_path, one.content, one.headers["idempotency-key"]) for one in flaky.received]
    assert sent == [("POST", b"/v1/agencies?validate_only=false", b'{"code":"X"}', "k1")] * 2


async def test_read_whose_connection_is_lost_is_sent_once_more(
    app: FastAPI, client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    flaky = Flaky(httpx.ReadError)
    put_in(app, flaky)
    assert (await client.get("/v1/agencies", headers=headers)).status_code == 201
    flaky.faults = [httpx.ReadError, httpx.ReadError]
    lost = await client.get("/v1/agencies", headers=headers)
    assert (lost.status_code, lost.json()["code"]) == (503, "unavailable")


@pytest.mark.parametrize(
    ("faults", "method", "key", "sends", "code"),
    [
        ([httpx.ReadError], "POST", None, 1, "outcome_unknown"),
        ([httpx.ReadError], "PATCH", "k1", 1, "outcome_unknown"),
        ([httpx.ReadError, httpx.ReadError], "POST", "k1", 2, "outcome_unknown"),
        ([httpx.ReadError, httpx.ConnectError], "POST", "k1", 2, "outcome_unknown"),
        ([httpx.ReadTimeout], "POST", "k1", 1, "outcome_unknown"),
        ([httpx.ConnectError], "POST", "k1", 1, "unavailable"),
        ([httpx.PoolTimeout], "POST", None, 1, "unavailable"),
    ],
)
async def test_what_may_have_happened_is_never_said_not_to_have(
    app: FastAPI,
    client: httpx.AsyncClient,
    headers: dict[str, str],
    faults: list[type[httpx.HTTPError]],
    method: str,
    key: str | None,
    sends: int,
    code: str,
) -> None:
    flaky = Flaky(*faults)
    put_in(app, flaky)
    keyed = headers | ({"Idempotency-Key": key} if key else {})
    answer = await client.request(method, "/v1/agencies", json={}, headers=keyed)
    assert (answer.status_code, answer.json()["code"], len(flaky.received)) == (503, code, sends)
    assert ("same Idempotency-Key" in answer.json()["detail"]) is (
        code == "outcome_unknown" and key == "k1" and method == "POST"
    )


@pytest.mark.parametrize("address", ["/v1/countries", "/v1/countries/MX", "/v1/figures", "/v1/openapi.json"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_method_that_our_own_address_does_not_take(
    client: httpx.AsyncClient, headers: dict[str, str], method: str, address: str
) -> None:
    answer = await client.request(method, address, headers=headers)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.json()["code"] == "method_not_allowed"


async def test_host_that_is_no_host_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/countries", headers={"Host": "[test"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["instance"] == "/v1/countries"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
