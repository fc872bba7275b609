"""The funding service on a database of its own."""

import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from chassis.testing import Api, Database, Databases
from chassis.testing.api import running
from funding.app import create_app
from funding.settings import MIGRATIONS
from joserfc.jwk import OKPKey


@pytest.fixture
def database(databases: Databases, service_environment: pytest.MonkeyPatch) -> Iterator[Database]:
    """A fresh database, named in the environment."""
    made = databases.new("funding", MIGRATIONS)
    service_environment.setenv("TRIBUTARY_DATABASE_URL", made.app_url)
    yield made
    databases.drop(made)


@pytest.fixture
async def api(database: Database, signing_key: OKPKey) -> AsyncIterator[Api]:
    """The running service."""
    async with running(create_app(), signing_key) as clients:
        yield clients


def fresh_key() -> dict[str, str]:
    """The header of a request that was not sent before."""
    return {"Idempotency-Key": str(uuid.uuid4())}


class Make:
    """Records what tests need, as an officer with all grants."""

    def __init__(self, api: Api) -> None:
        self.api = api

    @property
    def officer(self) -> httpx.AsyncClient:
        """A client with a fresh token: a long test outlives one."""
        return self.api.officer()

    async def account(self, **over: Any) -> dict[str, Any]:
        """An account of the years 2012 to 2017 unless told otherwise."""
        account = {"code": "019-011-2012/2017-1022-000", "title": "International Narcotics Control and Law Enforcement"}
        return await self._post("/v1/treasury-accounts", account | over)

    async def fund_code(self, **over: Any) -> dict[str, Any]:
        """A function unless told otherwise."""
        code = {"kind": "function", "code": "CORRECTIONS", "title": "Corrections"}
        return await self._post("/v1/fund-codes", code | over)

    async def fund_line(self, **over: Any) -> dict[str, Any]:
        """A fund line of Mexico unless told otherwise."""
        line = {"code": "MX-CORR", "title": "Corrections, Mexico", "country_code": "MX"}
        return await self._post("/v1/fund-lines", line | over)

    async def entry(
        self, kind: str, amount: str, effective_date: str = "2016-03-01", currency: str = "USD", **over: Any
    ) -> dict[str, Any]:
        """An entry on the fund line MX-CORR unless told otherwise."""
        money = {"amount": amount, "currency": currency}
        entry = {"fund_line_code": "MX-CORR", "kind": kind, "amount": money, "effective_date": effective_date}
        return await self._post("/v1/ledger-entries", entry | over)

    async def _post(self, address: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.officer.post(address, json=body, headers=fresh_key())
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


@pytest.fixture
def make(api: Api) -> Make:
    """Records fund lines and entries over the API."""
    return Make(api)
