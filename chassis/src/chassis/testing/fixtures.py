"""Pytest fixtures for all members; the root conftest loads them."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey

from chassis.postgres import Postgres
from chassis.testing.databases import Databases


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """The PostgreSQL of this run: a given server, a container where asked for, else the embedded one."""
    given = os.environ.get("TRIBUTARY_TEST_DATABASE_URL")
    if given:
        yield Databases(given)
    elif os.environ.get("TRIBUTARY_TEST_CONTAINERS"):
        from testcontainers.postgres import PostgresContainer  # noqa: PLC0415 - heavy, and seldom asked for

        with PostgresContainer("postgres:18", driver="asyncpg") as container:
            yield Databases(container.get_connection_url())
    else:
        with tempfile.TemporaryDirectory(prefix="tributary-test-") as folder:
            Path(folder).chmod(0o755)  # the server may run as another user
            with Postgres(Path(folder) / "data", durable=False) as server:
                yield Databases(server.url("postgres", server.superuser, server.superuser_password))


@pytest.fixture(scope="session")
def signing_key() -> OKPKey:
    """The gateway's key in this run."""
    return OKPKey.generate_key("Ed25519")


@pytest.fixture
def service_environment(monkeypatch: pytest.MonkeyPatch, signing_key: OKPKey) -> pytest.MonkeyPatch:
    """The settings every service needs, but for its database."""
    monkeypatch.setenv("TRIBUTARY_CURSOR_KEY", "test-cursor-key-of-more-than-32-bytes")
    monkeypatch.setenv("TRIBUTARY_TOKEN_PUBLIC_KEY", signing_key.as_pem(private=False).decode())
    return monkeypatch
