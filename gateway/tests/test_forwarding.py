"""What is passed on to a service is what the caller wrote; an address of our own answers for itself."""

import httpx
import pytest
from chassis.errors import BadRequest
from fastapi import FastAPI
from gateway.access import create_token
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.types import Message


async def nothing_more() -> Message:
    """The body of a request without one."""
    return {"type": "http.request", "body": b"", "more_body": False}


@pytest.fixture
async def headers(app: FastAPI) -> dict[str, str]:
    """Of somebody who is signed in."""
    async with AsyncSession(app.state.engine) as session, session.begin():
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
