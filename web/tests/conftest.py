"""The pages as an app in this process; the API they would ask is out of reach. With one they are tested in tests/system."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import Response
from web.app import create_app

KEY = "a-key-for-tests-of-more-than-32-bytes"
BASE = "http://127.0.0.1:8080"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The settings of pages on loopback."""
    monkeypatch.setenv("TRIBUTARY_GATEWAY_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("TRIBUTARY_PUBLIC_URL", BASE)
    monkeypatch.setenv("TRIBUTARY_SESSION_KEY", KEY)
    monkeypatch.setenv("TRIBUTARY_LOCAL_SIGN_IN", "true")
    return monkeypatch


@pytest.fixture
async def app(environment: pytest.MonkeyPatch) -> AsyncIterator[FastAPI]:
    """The running app."""
    made = create_app()
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of this machine that nobody has signed in with."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers={"Origin": BASE}) as made:
        yield made


@pytest.fixture
def cookies(app: FastAPI) -> dict[str, str]:
    """The cookie of somebody who is signed in."""
    response = Response()
    app.state.sessions.start(response, "trib_x_y", 9_999_999_999, "officer")
    name, _, rest = response.headers["set-cookie"].partition("=")
    return {name: rest.partition(";")[0]}
