"""The gateway on a database of its own; the services it would ask are out of reach."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from chassis.testing import Database, Databases
from fastapi import FastAPI
from gateway.app import create_app
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
