"""The gateway on a database of its own; the services it would ask are out of reach."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from chassis.testing import Api, Database, Databases, caller
from chassis.tokens import Caller
from chassis.unit_of_work import open_session
from fastapi import FastAPI
from gateway.access import create_token
from gateway.app import create_app
from gateway.models import ROLES
from gateway.settings import MIGRATIONS
from joserfc.jwk import OKPKey


@pytest.fixture
def database(
    databases: Databases, service_environment: pytest.MonkeyPatch, signing_key: OKPKey, tmp_path: Path
) -> Iterator[Database]:
    """A fresh database, named in the environment with everything else the gateway needs."""
    made = databases.new("gateway", MIGRATIONS)
    service_environment.setenv("TRIBUTARY_DATABASE_URL", made.app_url)
    service_environment.setenv("TRIBUTARY_TOKEN_PRIVATE_KEY", signing_key.as_pem(private=True).decode())
    service_environment.setenv("TRIBUTARY_ALLOWED_HOSTS", "test")
    for name in ("PROGRAMS", "TRAININGS", "FUNDING"):
        service_environment.setenv(f"TRIBUTARY_{name}_URL", f"unix:{tmp_path}/{name}.sock")
    yield made
    databases.drop(made)


@pytest.fixture
async def app(database: Database) -> AsyncIterator[FastAPI]:
    """The running gateway."""
    made = create_app()
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


class GatewayApi(Api):
    """Clients of the running gateway: each caller has a token of its own, made as an administrator would."""

    def __init__(self, app: FastAPI, tokens: dict[str, str]) -> None:
        super().__init__(app, app.state.token_private_key)
        self.tokens = tokens

    def as_caller(self, who: Caller) -> httpx.AsyncClient:
        """A client that calls as the user of that role."""
        return self.with_token(self.tokens[who.role])

    def with_token(self, token: str) -> httpx.AsyncClient:
        """A client that calls with this very token."""
        return self._client({"Authorization": f"Bearer {token}"})

    def writer(self) -> httpx.AsyncClient:
        """Whoever may do what the gateway does."""
        return self.admin()


@pytest.fixture
async def api(app: FastAPI) -> GatewayApi:
    """Clients of the gateway: a user for each role, the officer with a grant for Mexico and Georgia."""
    tokens = {}
    async with open_session(app.state.engine, caller("admin")) as session, session.begin():
        for role in ROLES:
            countries = ["GE", "MX"] if role == "officer" else []
            tokens[role], _ = await create_token(session, f"the {role}", role, countries, 1)
    return GatewayApi(app, tokens)
