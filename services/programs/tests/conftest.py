"""The programs service on a database of its own."""

from collections.abc import AsyncIterator, Iterator

import pytest
from chassis.testing import Api, Database, Databases
from chassis.testing.api import running
from joserfc.jwk import OKPKey
from programs.app import create_app
from programs.settings import MIGRATIONS


@pytest.fixture
def database(databases: Databases, service_environment: pytest.MonkeyPatch) -> Iterator[Database]:
    """A fresh database, named in the environment."""
    made = databases.new("programs", MIGRATIONS)
    service_environment.setenv("TRIBUTARY_DATABASE_URL", made.app_url)
    yield made
    databases.drop(made)


@pytest.fixture
async def api(database: Database, signing_key: OKPKey) -> AsyncIterator[Api]:
    """The running service."""
    async with running(create_app(), signing_key) as clients:
        yield clients
