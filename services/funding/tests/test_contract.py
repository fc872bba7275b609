"""What every service promises, whatever it is about."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
from chassis.feed import NOT_CAPTURED
from chassis.testing import Api, Database
from chassis.testing.contract import Write, check_answers, check_document, check_writes
from chassis.tokens import Caller
from funding.models import metadata
from funding.routes.changes import KINDS


async def test_document_keeps_the_style(api: Api) -> None:
    check_document(api.app)


async def test_answers_keep_the_style(api: Api) -> None:
    await check_answers(api)


async def change(api: Api, noun: str, parameter: str, body: dict[str, Any], verb: str = "") -> Write:
    """A change of the first record of its noun, by PATCH or by a verb."""
    made = (await api.viewer().get(f"/v1/{noun}")).json()["items"][0]
    method, end = ("POST", f"/{verb}") if verb else ("PATCH", "")
    return Write(f"{method} /v1/{noun}/{{{parameter}}}{end}", f"/v1/{noun}/{made['id']}{end}", body, made["version"])


async def writes(api: Api) -> AsyncIterator[Write]:
    account = {"code": "019-011-2012/2017-1022-000", "title": "Law enforcement"}
    yield Write("POST /v1/treasury-accounts", "/v1/treasury-accounts", account)
    yield await change(api, "treasury-accounts", "treasury_account_id", {"valid_to": "2020-01-01"})
    yield Write("POST /v1/fund-codes", "/v1/fund-codes", {"kind": "function", "code": "POLICE", "title": "Police"})
    yield await change(api, "fund-codes", "fund_code_id", {"title": "Policing"})
    line = {"code": "MX-CORR", "title": "Corrections, Mexico", "country_code": "MX"}
    yield Write("POST /v1/fund-lines", "/v1/fund-lines", line)
    yield await change(api, "fund-lines", "fund_line_id", {"title": "Prisons, Mexico"})
    controlled = {"code": "MX-2012", "title": "Two", "country_code": "MX", "treasury_account_code": account["code"]}
    yield Write("POST /v1/fund-lines", "/v1/fund-lines", controlled)
    letter = {"code": "LOA", "type": "loa", "title": "Letter", "country_code": "MX", "awarding_agency_code": "US-INL"}
    letter |= {"recipient_agency_code": "MX-SSP", "ceiling": {"amount": "500.00"}}
    yield Write("POST /v1/agreements", "/v1/agreements", letter)
    yield await change(api, "agreements", "agreement_id", {"title": "The letter"})
    yield await change(api, "agreements", "agreement_id", {"to": "cleared"}, verb="transitions")
    signature = {"signed_on": "2012-01-15", "document_reference": "Page 9"}
    for party in ("awarding", "recipient"):
        yield await change(api, "agreements", "agreement_id", signature | {"party": party}, verb="sign")
    yield await change(api, "agreements", "agreement_id", {"to": "signed"}, verb="transitions")
    of_letter = {"agreement_code": "LOA", "number": 1}
    more = {"kind": "ceiling_increase", "signed_on": "2013-01-01", "amount": {"amount": "50.00"}}
    yield Write("POST /v1/agreement-amendments", "/v1/agreement-amendments", of_letter | more)
    yield Write("POST /v1/agreement-lines", "/v1/agreement-lines", of_letter | {"fund_line_code": "MX-2012"})
    promise = {"agreement_code": "LOA", "kind": "seats", "promised": 120}
    yield Write("POST /v1/agreement-deliverables", "/v1/agreement-deliverables", promise)
    yield await change(api, "agreement-deliverables", "agreement_deliverable_id", {"promised": 130})
    allotment = {"fund_line_code": "MX-2012", "kind": "allotment", "amount": {"amount": "9.00"}}
    proposal = allotment | {"effective_date": "2012-03-01"}
    yield Write("POST /v1/entry-proposals", "/v1/entry-proposals", proposal)
    why = {"reason": "The advice says 900.00."}
    yield await change(api, "entry-proposals", "entry_proposal_id", why, verb="decline")
    # Somebody else proposes what is posted.
    maker = api.as_caller(Caller("maker", "Maker", "officer", frozenset({"*"})))
    proposed = await maker.post("/v1/entry-proposals", json=proposal, headers={"Idempotency-Key": "maker"})
    operation, address = "POST /v1/entry-proposals/{entry_proposal_id}/post", f"{proposed.headers['location']}/post"
    yield Write(operation, address)
    entry = {"fund_line_code": "MX-CORR", "kind": "obligation", "amount": {"amount": "1.00", "currency": "USD"}}
    yield Write("POST /v1/ledger-entries", "/v1/ledger-entries", entry | {"effective_date": "2016-03-01"})
    paid = await api.officer().post(
        "/v1/ledger-entries",
        json=entry | {"effective_date": "2016-03-01", "kind": "disbursement"},
        headers={"Idempotency-Key": "paid"},
    )
    cost = {"ledger_entry_id": paid.json()["id"], "target_kind": "equipment_lot", "target_code": "LOT", "percent": "5"}
    yield Write("POST /v1/cost-allocations", "/v1/cost-allocations", cost)
    yield await change(api, "cost-allocations", "cost_allocation_id", {"reason": "Another lot."}, verb="void")
    rate = {"currency": "MXN", "rate_date": "2015-12-31", "units_per_usd": "17.3", "rate_source": "Sample"}
    yield Write("POST /v1/exchange-rates", "/v1/exchange-rates", rate)
    yield await change(api, "exchange-rates", "exchange_rate_id", {"reason": "Misread."}, verb="void")
    given = {"contributor": "MX-SSP", "claimant": "MX-SSP", "country_code": "MX", "kind": "cash", "scope": "All."}
    amount = {"amount": {"amount": "5.00", "currency": "MXN"}, "stage_on": "2015-01-01"}
    yield Write("POST /v1/host-contributions", "/v1/host-contributions", given | amount)
    noun, parameter = "host-contributions", "host_contribution_id"
    yield await change(api, noun, parameter, {"note": "Seen."})
    yield await change(api, noun, parameter, {"to": "delivered", "stage_on": "2015-02-01"}, verb="transitions")
    yield await change(api, noun, parameter, {"reason": "Entered twice."}, verb="void")


async def all_writes(api: Api) -> AsyncIterator[Write]:
    """Those of records, and of imports of entries upon them."""
    async for write in writes(api):
        yield write
    async for write in writes_of_imports(api):
        yield write


async def writes_of_imports(api: Api) -> AsyncIterator[Write]:
    """An import on its way to the ledger and back; what the writer commits another proposes."""
    maker = api.as_caller(Caller("maker", "Maker", "officer", frozenset({"*"})))
    rows = b"fund line,kind,amount,date\nMX-2012,allotment,7,2012-03-01\nMX-2012,allotment,8,2012-03-01\n"
    yield Write("POST /v1/ledger-imports", "/v1/ledger-imports", content=("text/csv", rows))
    step = partial(step_of_import, api)
    yield await step("", {"date_order": "ymd"})
    yield await step("check")
    yield await step("corrections", {"items": [{"kind": "exclude", "row": 3}]})
    yield await step("propose")
    yield await step("decline", {"reason": "Look again."})
    await by(maker, await step("propose"))
    yield await step("commit")
    yield await step("undo", {"reason": "Of another office.", "effective_date": "2012-09-30"})
    await by(maker, await step("decline", {"reason": "It is not."}))
    await by(maker, await step("undo", {"reason": "It is.", "effective_date": "2012-09-30"}))
    yield await step("commit-undo")


async def step_of_import(api: Api, verb: str, body: dict[str, Any] | None = None) -> Write:
    """A change of the import as it is now."""
    one = (await api.viewer().get("/v1/ledger-imports")).json()["items"][0]
    path = "/v1/ledger-imports/{ledger_import_id}" + (f"/{verb}" if verb else "")
    method = "POST" if verb else "PATCH"
    return Write(f"{method} {path}", path.replace("{ledger_import_id}", one["id"]), body, one["version"])


async def by(who: httpx.AsyncClient, write: Write) -> None:
    """Done by somebody else than the writer."""
    answer = await who.post(write.address, json=write.body, headers={"If-Match": f'"{write.version}"'})
    assert answer.status_code == 200, answer.text


async def test_every_write_can_be_validated_only_and_repeated_by_key(api: Api, database: Database) -> None:
    await check_writes(api, database.superuser_url, all_writes(api))


def test_changes_of_every_table_can_be_read() -> None:
    assert {kind.table.name for kind in KINDS} == set(metadata.tables) - NOT_CAPTURED
