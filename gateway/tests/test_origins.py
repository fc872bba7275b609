"""Pages of other origins: the allowed ones may call and read, also what went wrong; for all others nothing changes."""

from collections.abc import AsyncIterator

import httpx
import pytest
from chassis.testing import Database, caller
from chassis.unit_of_work import open_session
from fastapi import FastAPI
from gateway.access import create_token
from gateway.app import create_app
from gateway.settings import GatewaySettings
from pydantic import ValidationError

PAGE = "https://maps.example.org"
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, idempotency-key"}
READABLE = {
    "access-control-allow-origin": PAGE,
    "access-control-expose-headers": "ETag, Idempotency-Replayed, Link, Location, Retry-After, X-Request-Id, X-Tributary-Demo",
    "vary": "Origin",
}


def about_origins(answer: httpx.Response) -> dict[str, str]:
    return {
        name: value for name, value in answer.headers.items() if name.startswith("access-control") or name == "vary"
    }


@pytest.fixture
def app(database: Database, service_environment: pytest.MonkeyPatch) -> FastAPI:
    """A gateway that lets the pages of two origins call. Not running yet."""
    service_environment.setenv("TRIBUTARY_ALLOWED_ORIGINS", f"{PAGE}, http://127.0.0.1:3000")
    return create_app()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
            yield made


@pytest.fixture
async def token(app: FastAPI, client: httpx.AsyncClient) -> str:
    """A token of an administrator."""
    async with open_session(app.state.engine, caller("admin")) as session, session.begin():
        made, _ = await create_token(session, "page", "admin", [], 1)
    return made


async def test_page_may_ask_before_it_calls_without_a_token(client: httpx.AsyncClient) -> None:
    for path in ("/v1/agencies", "/v1/users", "/v1/nothing", "/livez"):
        answer = await client.options(path, headers=ASKS | {"Origin": PAGE})
        assert (answer.status_code, answer.content) == (204, b"")
        assert about_origins(answer) == {
            "access-control-allow-origin": PAGE,
            "access-control-allow-methods": "GET, HEAD, POST, PATCH",
            "access-control-allow-headers": (
                "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id"
            ),
            "access-control-expose-headers": READABLE["access-control-expose-headers"],
            "access-control-max-age": "600",
            "vary": "Access-Control-Request-Method, Access-Control-Request-Headers, Origin",
        }
        assert answer.headers["x-request-id"]


async def test_page_reads_answers_and_errors(client: httpx.AsyncClient, token: str, app: FastAPI) -> None:
    known, page = {"Authorization": f"Bearer {token}"}, {"Origin": PAGE}

    async def fail(_request: object) -> None:
        raise LookupError

    answers = {
        200: await client.get("/v1/users", headers=known | page),
        400: await client.get("/v1/users?x=1", headers=known | page),
        401: await client.get("/v1/users", headers=page),
        404: await client.get("/v1/nothing", headers=known | page),
        422: await client.post("/v1/users", json={}, headers=known | page),
        503: await client.get("/v1/agencies", headers=known | page),
    }
    app.state.authenticate = fail
    answers[500] = await client.get("/v1/users", headers=known | page)
    for status, answer in answers.items():
        assert (answer.status_code, about_origins(answer)) == (status, READABLE)
    forged = await client.get("/v1/users", headers=known | page | {"Host": "evil.example"})
    assert (forged.status_code, about_origins(forged)) == (400, READABLE)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://maps.example.org",
        "https://maps.example.org:8443",
        "https://maps.example.org.evil.example",
        "https://evil.example/https://maps.example.org",
        "HTTPS://MAPS.EXAMPLE.ORG",
        "https://127.0.0.1:3000",
        "null",
        "*",
        "",
    ],
)
async def test_pages_of_other_origins_are_told_nothing(client: httpx.AsyncClient, token: str, origin: str) -> None:
    known = {"Authorization": f"Bearer {token}", "Origin": origin}
    answer = await client.get("/v1/users", headers=known)
    assert (answer.status_code, about_origins(answer)) == (200, {"vary": "Origin"})
    asked = await client.options("/v1/users", headers=ASKS | {"Origin": origin})
    assert (asked.status_code, about_origins(asked)) == (401, {"vary": "Origin"})


async def test_request_without_an_origin_is_not_for_every_cache(client: httpx.AsyncClient, token: str) -> None:
    answer = await client.get("/v1/users", headers={"Authorization": f"Bearer {token}"})
    assert about_origins(answer) == {"vary": "Origin"}
    assert (await client.options("/v1/users", headers={"Origin": PAGE})).status_code == 401, "this asks nothing"


async def test_by_default_there_are_no_such_headers(
    database: Database, service_environment: pytest.MonkeyPatch
) -> None:
    service_environment.delenv("TRIBUTARY_ALLOWED_ORIGINS", raising=False)
    closed = create_app()
    async with closed.router.lifespan_context(closed):
        transport = httpx.ASGITransport(app=closed, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            for answer in (
                await client.get("/v1/users", headers={"Origin": PAGE}),
                await client.options("/v1/users", headers=ASKS | {"Origin": PAGE}),
            ):
                assert (answer.status_code, about_origins(answer)) == (401, {})


@pytest.mark.parametrize(
    "listed",
    [
        "*",
        f"{PAGE},*",
        "https://*.example.org",
        "null",
        "https://maps.example.org/",
        "https://maps.example.org:443",
        "http://maps.example.org:80",
        "https://Maps.example.org",
        "maps.example.org",
        "ftp://maps.example.org",
        "https://user@maps.example.org",
        "https://",
        "https://[bad",
        "https://maps.example.org:port",
    ],
)
def test_only_exact_origins_are_taken(database: Database, service_environment: pytest.MonkeyPatch, listed: str) -> None:
    service_environment.setenv("TRIBUTARY_ALLOWED_ORIGINS", listed)
    with pytest.raises(ValidationError, match="allowed_origins"):
        GatewaySettings()


@pytest.mark.parametrize("is_demo", [False, True])
async def test_every_answer_of_a_demonstration_says_so_and_no_other_does(
    database: Database, service_environment: pytest.MonkeyPatch, is_demo: bool
) -> None:
    service_environment.setenv("TRIBUTARY_ALLOWED_ORIGINS", PAGE)
    service_environment.setenv("TRIBUTARY_DEMO", str(is_demo).lower())
    app = create_app()
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            for path, status in (("/livez", 200), ("/v1/agencies", 401), ("/nothing", 404)):
                answer = await client.get(path, headers={"Origin": PAGE})
                assert (answer.status_code, answer.headers.get("X-Tributary-Demo")) == (
                    status,
                    "true" if is_demo else None,
                )
                assert answer.headers["access-control-allow-origin"] == PAGE
