"""The funding service on a database of its own."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from chassis.testing import ACTING, Api, Database, Databases
from chassis.testing.api import running
from chassis.tokens import Caller
from funding.app import create_app
from funding.settings import MIGRATIONS
from joserfc.jwk import OKPKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

NOBODY_LISTENS = "unix:/nonexistent/programs.sock"
AGENCIES = ("US-INL", "US-NM-CD", "US-BOP", "MX-SSP")
KEEP_AGENCIES = text(
    "INSERT INTO agency_refs (code, id, etag, checked_at, name, kind) "
    "SELECT code, gen_random_uuid(), '\"1\"', now(), code, 'us_federal' FROM unnest(CAST(:codes AS text[])) code"
)


async def keep_agencies(database: Database) -> None:
    """As after a look-up: what is known here needs no other service."""
    engine = create_async_engine(database.app_url)
    async with engine.begin() as connection:
        await connection.execute(text(ACTING))
        await connection.execute(KEEP_AGENCIES, {"codes": list(AGENCIES)})
    await engine.dispose()


@pytest.fixture
def database(databases: Databases, service_environment: pytest.MonkeyPatch) -> Iterator[Database]:
    """A fresh database, named in the environment."""
    made = databases.new("funding", MIGRATIONS)
    service_environment.setenv("TRIBUTARY_DATABASE_URL", made.app_url)
    for owner in ("PROGRAMS", "TRAININGS"):
        service_environment.setenv(f"TRIBUTARY_{owner}_URL", NOBODY_LISTENS)
    asyncio.run(keep_agencies(made))
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

    async def propose(self, kind: str, amount: str, effective_date: str = "2012-03-01", **over: Any) -> httpx.Response:
        """The answer to a proposal, on the fund line MX-CORR unless told otherwise."""
        entry = {"fund_line_code": "MX-CORR", "kind": kind, "amount": {"amount": amount}}
        body = entry | {"effective_date": effective_date} | over
        return await self.officer.post("/v1/entry-proposals", json=body, headers=fresh_key())

    @property
    def approver(self) -> httpx.AsyncClient:
        """Another officer, who posts what the first proposes."""
        return self.api.as_caller(Caller("test-approver", "Test approver", "officer", frozenset({"*"})))

    async def decide(self, proposal: dict[str, Any], verb: str = "post", **body: Any) -> httpx.Response:
        """The answer to the decision of the other officer."""
        headers = {"If-Match": f'"{proposal["version"]}"'}
        address = f"/v1/entry-proposals/{proposal['id']}/{verb}"
        return await self.approver.post(address, json=body or None, headers=headers)

    async def try_post(self, kind: str, amount: str, effective_date: str = "2012-03-01", **over: Any) -> httpx.Response:
        """The answer to posting an entry that was proposed."""
        proposed = await self.propose(kind, amount, effective_date, **over)
        return proposed if proposed.status_code != 201 else await self.decide(proposed.json())

    async def posted(self, kind: str, amount: str, effective_date: str = "2012-03-01", **over: Any) -> dict[str, Any]:
        """The entry of a kind that was proposed by one officer and posted by another."""
        answer = await self.try_post(kind, amount, effective_date, **over)
        assert answer.status_code == 200, answer.text
        found = (await self.officer.get(answer.json()["entries_url"])).json()["items"]
        return dict(next(one for one in found if one["kind"] == kind))

    async def controlled(self, **over: Any) -> dict[str, Any]:
        """The fund line MX-CORR of the account 2012/2017, a signed letter of agreement LOA, and its line."""
        await self.account()
        await self.fund_line(treasury_account_code="019-011-2012/2017-1022-000")
        await self.signed_agreement(**over)
        return await self.agreement_line()

    async def balances(self, as_of: str = "2026-01-01", code: str = "MX-CORR") -> dict[str, str]:
        """What a fund line holds, by the names of the amounts."""
        (line,) = (await self.officer.get(f"/v1/fund-lines?code={code}")).json()["items"]
        found = (await self.officer.get(f"/v1/fund-lines/{line['id']}/balances?as_of={as_of}")).json()
        return {name: value["amount"]["amount"] for name, value in found.items() if isinstance(value, dict)}

    async def agreement(self, **over: Any) -> dict[str, Any]:
        """A draft of a letter of agreement with Mexico unless told otherwise."""
        agreement = {"code": "LOA", "type": "loa", "title": "Letter of agreement", "country_code": "MX"}
        parties = {"awarding_agency_code": "US-INL", "recipient_agency_code": "MX-SSP"}
        return await self._post("/v1/agreements", agreement | parties | over)

    async def advance(self, record: dict[str, Any], verb: str, body: dict[str, Any]) -> dict[str, Any]:
        """An agreement after a signature or a transition that must be accepted."""
        answer = await self.try_to(record, verb, body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def try_to(self, record: dict[str, Any], verb: str, body: dict[str, Any]) -> httpx.Response:
        """The answer to a signature or a transition."""
        headers = {"If-Match": f'"{record["version"]}"'}
        return await self.officer.post(f"/v1/agreements/{record['id']}/{verb}", json=body, headers=headers)

    async def signed_agreement(self, signed_on: str = "2012-01-15", **over: Any) -> dict[str, Any]:
        """An agreement that each party has signed, in force."""
        made = await self.advance(await self.agreement(**over), "transitions", {"to": "cleared"})
        parties = ("awarding",) if made["type"] in {"purchase_order", "travel_order"} else ("awarding", "recipient")
        for party in parties:
            signature = {"party": party, "signed_on": signed_on, "document_reference": "Page 9"}
            made = await self.advance(made, "sign", signature)
        made = await self.advance(made, "transitions", {"to": "signed"})
        return await self.advance(made, "transitions", {"to": "active"})

    async def agreement_line(self, **over: Any) -> dict[str, Any]:
        """A line of LOA that MX-CORR pays unless told otherwise."""
        line = {"agreement_code": "LOA", "number": 1, "fund_line_code": "MX-CORR"}
        return await self._post("/v1/agreement-lines", line | over)

    async def _post(self, address: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.officer.post(address, json=body, headers=fresh_key())
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


@pytest.fixture
def make(api: Api) -> Make:
    """Records fund lines and entries over the API."""
    return Make(api)
