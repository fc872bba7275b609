"""What every service promises, whatever it is about."""

from collections.abc import AsyncIterator
from typing import Any

from chassis.feed import NOT_CAPTURED
from chassis.testing import Api, Database
from chassis.testing.contract import Write, check_answers, check_document, check_writes
from funding.models import metadata
from funding.routes.changes import KINDS


async def test_document_keeps_the_style(api: Api) -> None:
    check_document(api.app)


async def test_answers_keep_the_style(api: Api) -> None:
    await check_answers(api)


async def change(api: Api, noun: str, parameter: str, body: dict[str, Any]) -> Write:
    """Other words for the first record of its noun."""
    made = (await api.viewer().get(f"/v1/{noun}")).json()["items"][0]
    return Write(f"PATCH /v1/{noun}/{{{parameter}}}", f"/v1/{noun}/{made['id']}", body, made["version"])


async def writes(api: Api) -> AsyncIterator[Write]:
    account = {"code": "019-011-2012/2017-1022-000", "title": "Law enforcement"}
    yield Write("POST /v1/treasury-accounts", "/v1/treasury-accounts", account)
    yield await change(api, "treasury-accounts", "treasury_account_id", {"valid_to": "2020-01-01"})
    yield Write("POST /v1/fund-codes", "/v1/fund-codes", {"kind": "function", "code": "POLICE", "title": "Police"})
    yield await change(api, "fund-codes", "fund_code_id", {"title": "Policing"})
    line = {"code": "MX-CORR", "title": "Corrections, Mexico", "country_code": "MX"}
    yield Write("POST /v1/fund-lines", "/v1/fund-lines", line)
    yield await change(api, "fund-lines", "fund_line_id", {"title": "Prisons, Mexico"})
    entry = {"fund_line_code": "MX-CORR", "kind": "obligation", "amount": {"amount": "1.00", "currency": "USD"}}
    yield Write("POST /v1/ledger-entries", "/v1/ledger-entries", entry | {"effective_date": "2016-03-01"})


async def test_every_write_can_be_validated_only_and_repeated_by_key(api: Api, database: Database) -> None:
    await check_writes(api, database.superuser_url, writes(api))


def test_changes_of_every_table_can_be_read() -> None:
    assert {kind.table.name for kind in KINDS} == set(metadata.tables) - NOT_CAPTURED
