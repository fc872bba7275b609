"""What every service promises, whatever it is about."""

from collections.abc import AsyncIterator

from chassis.feed import NOT_CAPTURED
from chassis.testing import Api, Database
from chassis.testing.contract import Write, check_answers, check_document, check_writes
from funding.models import metadata
from funding.routes.changes import KINDS


async def test_document_keeps_the_style(api: Api) -> None:
    check_document(api.app)


async def test_answers_keep_the_style(api: Api) -> None:
    await check_answers(api)


async def writes(api: Api) -> AsyncIterator[Write]:
    line = {"code": "MX-CORR", "title": "Corrections, Mexico", "country_code": "MX"}
    yield Write("POST /v1/fund-lines", "/v1/fund-lines", line)
    made = (await api.viewer().get("/v1/fund-lines")).json()["items"][0]
    yield Write("PATCH /v1/fund-lines/{fund_line_id}", f"/v1/fund-lines/{made['id']}", {"title": "Prisons, Mexico"})
    entry = {"fund_line_code": "MX-CORR", "kind": "obligation", "amount": {"amount": "1.00", "currency": "USD"}}
    yield Write("POST /v1/ledger-entries", "/v1/ledger-entries", entry | {"effective_date": "2016-03-01"})


async def test_every_write_can_be_validated_only_and_repeated_by_key(api: Api, database: Database) -> None:
    await check_writes(api, database.superuser_url, writes(api))


def test_changes_of_every_table_can_be_read() -> None:
    assert {kind.table.name for kind in KINDS} == set(metadata.tables) - NOT_CAPTURED
