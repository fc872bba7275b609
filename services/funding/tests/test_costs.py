"""What disbursements were for: never more than the whole, whoever writes at once; what reversals and refunds do."""

import asyncio
import uuid
from decimal import Decimal
from typing import Any, Final

import httpx
import pytest
from chassis.errors import DomainError
from chassis.testing import ACTING, Api, Database
from chassis.testing.voids import check_void
from funding import domain
from funding.domain import CostTarget
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

ADDRESS: Final = "/v1/cost-allocations"
KEEP: Final = text(
    "INSERT INTO training_refs (id, etag, checked_at, code, course_code, program_code, beneficiary_country_codes, "
    "starts_on, ends_on, is_voided) SELECT id, '\"1\"', now(), 'T', 'BASIC', 'MX-CORR', ARRAY[country], '2012-01-01', "
    "'2012-02-01', voided FROM unnest(CAST(:ids AS uuid[]), CAST(:countries AS text[]), CAST(:voided AS boolean[])) "
    "AS t (id, country, voided)"
)


class Costs:
    """Trainings that were looked up, and allocations to them, as an officer for all countries."""

    def __init__(self, api: Api, trainings: list[str]) -> None:
        self.api = api
        self.mexican, self.georgian, self.voided = trainings

    async def try_add(
        self, entry: dict[str, Any], client: httpx.AsyncClient | None = None, **over: Any
    ) -> httpx.Response:
        body = {"ledger_entry_id": entry["id"], "target_kind": "training", "training_id": self.mexican} | over
        if isinstance(body.get("amount"), str):
            body["amount"] = {"amount": body["amount"], "currency": "USD"}
        if body["target_kind"] != "training":
            body.pop("training_id")
        return await (client or self.api.officer()).post(ADDRESS, json=body)

    async def add(self, entry: dict[str, Any], **over: Any) -> dict[str, Any]:
        answer = await self.try_add(entry, **over)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def totals(self, **query: Any) -> dict[str, Any]:
        answer = await self.api.viewer().get("/v1/cost-totals", params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def amount(self, **query: Any) -> str | None:
        found = (await self.totals(**query))["totals"]
        return found[0]["amount"]["amount"] if found else None


@pytest.fixture
async def costs(api: Api, database: Database) -> Costs:
    """As after look-ups: a training for Mexico, one for Georgia, and one that was entered in error."""
    ids = [str(uuid.uuid4()) for _ in range(3)]
    engine = create_async_engine(database.app_url)
    async with engine.begin() as connection:
        await connection.execute(text(ACTING))
        await connection.execute(KEEP, {"ids": ids, "countries": ["MX", "GE", "MX"], "voided": [False, False, True]})
    await engine.dispose()
    return Costs(api, ids)


async def test_shares_of_a_disbursement_are_no_more_than_the_whole(costs: Costs, make: Any) -> None:
    await make.fund_line()
    entry = await make.entry("disbursement", "1000.00")
    made = await costs.add(entry, percent="33.333333")
    assert (made["amount"], made["disbursed"]["amount"], made["training"]["code"]) == (
        {"amount": "333.33", "currency": "USD"}, "1000.00", "T",
    )  # fmt: skip
    await costs.add(entry, target_kind="equipment_lot", target_code="LOT-1", amount="600.00")
    refused = await costs.try_add(entry, target_kind="deployment", target_code="D-1", amount="66.68")
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["rule"]) == (409, "ledger_rule", "F13")
    assert problem["amounts"] == {"disbursed": "1000.00", "allocated": "1000.01"}
    assert "allocated 1000.01 of the disbursed 1000.00" in problem["detail"]
    await costs.add(entry, target_kind="deployment", target_code="D-1", amount="66.67")
    twice = await costs.try_add(entry, target_kind="deployment", target_code="D-1", amount="0.01")
    assert (twice.status_code, twice.json()["code"]) == (409, "duplicate")
    # What is voided is free again.
    await check_void(costs.api, f"{ADDRESS}/{made['id']}")
    await costs.add(entry, percent="33.333")
    assert (
        await costs.api.officer("GE").post(
            f"{ADDRESS}/{made['id']}/void", json={"reason": "x"}, headers={"If-Match": '"2"'}
        )
    ).status_code == 403


async def test_writers_at_once_never_allocate_more_than_the_whole(costs: Costs, make: Any) -> None:
    await make.fund_line()
    entry = await make.entry("disbursement", "100.00")
    sent = (
        costs.try_add(entry, target_kind="activity", target_code=f"A-{number}", percent="30") for number in range(8)
    )
    statuses = sorted(one.status_code for one in await asyncio.gather(*sent))
    assert statuses == [201, 201, 201, 409, 409, 409, 409, 409]
    assert await costs.amount(target_kind="activity") == "90.00"


async def test_what_is_no_share_of_a_disbursement_is_refused(costs: Costs, make: Any, database: Database) -> None:
    await make.fund_line()
    paid = await make.entry("disbursement", "100.00")
    obliged = await make.entry("obligation", "100.00")
    undone = await make.entry("disbursement", "100.00")
    reversal = await make.entry("disbursement", "100.00", reverses_entry_id=undone["id"])
    for entry, over, pointer in (
        (obliged, {"percent": "5"}, "#/ledger_entry_id"),
        (undone, {"percent": "5"}, "#/ledger_entry_id"),
        (reversal, {"percent": "5"}, "#/ledger_entry_id"),
        ({"id": str(uuid.uuid4())}, {"percent": "5"}, "#/ledger_entry_id"),
        (paid, {}, "#/percent"),
        (paid, {"percent": "5", "amount": "5.00"}, "#/percent"),
        (paid, {"percent": "0.000001"}, "#/percent"),
        (paid, {"amount": {"amount": "5.00", "currency": "MXN"}}, "#/amount/currency"),
        (paid, {"percent": "100.1"}, "#/percent"),
        (paid, {"percent": "5", "target_code": "X"}, "#/target_code"),
        (paid, {"percent": "5", "training_id": None}, "#/training_id"),
        (paid, {"percent": "5", "training_id": costs.voided}, "#/training_id"),
        (paid, {"percent": "5", "target_kind": "activity"}, "#/target_code"),
    ):
        answer = await costs.try_add(entry, **over)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), (over, answer.text)
    # Nobody can say whether there is such a training, and nothing is recorded.
    assert (await costs.try_add(paid, percent="5", training_id=str(uuid.uuid4()))).status_code == 503
    assert (await costs.try_add(paid, costs.api.officer("GE"), percent="5")).status_code == 403
    assert (await costs.try_add(paid, costs.api.analyst(), percent="5")).status_code == 403
    # The database says the same to whoever comes by another way.
    engine = create_async_engine(database.app_url)
    for entry, amount, percent, told in (
        (obliged, 5, None, "not reversed"), (undone, 5, None, "not reversed"), (paid, 5, 6, "that percentage"),
        (paid, 101, None, "F13"),
    ):  # fmt: skip
        with pytest.raises(DBAPIError, match=told):
            async with engine.begin() as connection:
                await connection.execute(text(ACTING))
                await connection.execute(
                    text(
                        "INSERT INTO cost_allocations (ledger_entry_id, target_kind, target_code, amount, percent) "
                        "VALUES (CAST(:entry AS uuid), 'activity', 'A', :amount, :percent)"
                    ),
                    {
                        "entry": entry["id"],
                        "amount": Decimal(amount),
                        "percent": None if percent is None else Decimal(percent),
                    },
                )
    await engine.dispose()
    assert (await costs.totals())["totals"] == []


async def test_reversal_takes_the_allocations_out_and_a_refund_its_share(costs: Costs, make: Any) -> None:
    await make.fund_line()
    paid = await make.entry("disbursement", "100.00", "2016-01-01")
    other = await make.entry("disbursement", "50.00", "2016-01-01")
    await costs.add(paid, percent="40")
    last = await costs.add(other, percent="100")
    assert await costs.amount() == "90.00"
    refund = await make.entry("refund", "10.00", "2016-02-01", adjusts_entry_id=paid["id"])
    assert (await costs.amount(), await costs.amount(as_of="2016-01-31")) == ("86.00", "90.00")
    await make.entry("refund", "10.00", "2016-03-01", reverses_entry_id=refund["id"])
    await make.entry("disbursement", "50.00", "2016-04-01", reverses_entry_id=other["id"])
    assert [await costs.amount(as_of=f"2016-0{month}-15") for month in (1, 2, 3, 4)] == [
        "90.00",
        "86.00",
        "90.00",
        "40.00",
    ]
    assert await costs.amount(as_of="2015-12-31") is None
    (target,) = (await costs.totals())["targets"]
    assert (target["training"]["id"], [one["entries"] for one in target["totals"]]) == (costs.mexican, [1])
    # As it was known: before the second share was recorded.
    assert await costs.amount(known_at=last["created_at"], as_of="2016-01-15") == "40.00"


async def test_total_says_what_it_leaves_out_and_lists_exactly_what_it_sums(costs: Costs, make: Any) -> None:
    await make.fund_code()
    await make.fund_code(code="PDS", title="Program support", is_program_support=True)
    await make.fund_line(function_code="CORRECTIONS")
    await make.fund_line(code="MX-PDS", function_code="PDS")
    paid = await make.entry("disbursement", "1000.00")
    pds = await make.entry("disbursement", "200.00", fund_line_code="MX-PDS")
    await costs.add(paid, percent="50")
    await costs.add(paid, training_id=costs.georgian, percent="10")
    await costs.add(paid, target_kind="equipment_lot", target_code="LOT-1", percent="15")
    await costs.add(pds, percent="25")
    found = await costs.totals(training_id=costs.mexican)
    (total,) = found["totals"]
    assert {name: total[name] for name in ("stage", "tier", "currency", "amount", "entries")} == {
        "stage": "disbursed", "tier": "primary", "currency": "USD", "entries": 1,
        "amount": {"amount": "500.00", "currency": "USD"},
    }  # fmt: skip
    left = {one["reason"]: one["totals"][0] for one in found["left_out"]}
    assert {reason: one["amount"]["amount"] for reason, one in left.items()} == {
        "program_support": "50.00", "other_trainings": "100.00", "other_targets": "150.00", "unallocated": "400.00",
    }  # fmt: skip
    for one in (total, left["program_support"], left["other_trainings"], left["other_targets"]):
        listed = (await costs.api.viewer().get(one["entries_url"])).json()["items"]
        assert sum(Decimal(row["amount"]["amount"]) for row in listed) == Decimal(one["amount"]["amount"]), one
    listed = (await costs.api.viewer().get(left["unallocated"]["entries_url"])).json()["items"]
    assert len(listed) == 2
    asked = await costs.totals(training_id=costs.mexican, include_program_support="true")
    assert (asked["totals"][0]["amount"]["amount"], [one["reason"] for one in asked["left_out"]]) == (
        "550.00", ["other_trainings", "other_targets", "unallocated"],
    )  # fmt: skip
    assert await costs.amount(beneficiary_country_code="GE") == "100.00"
    assert await costs.amount(program_code="MX-CORR") == "600.00"
    assert await costs.amount(country_code="GE") is None
    nothing = await costs.totals(country_code="MX", target_code="NONE")
    assert (nothing["totals"], {one["reason"] for one in nothing["left_out"]}) == (
        [], {"other_trainings", "other_targets", "unallocated"},
    )  # fmt: skip


async def test_program_support_is_a_function(make: Any, api: Api) -> None:
    body = {"kind": "initiative", "code": "MERIDA", "title": "Merida", "is_program_support": True}
    answer = await api.officer().post("/v1/fund-codes", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/is_program_support")


def test_percentage_is_rounded_to_the_cent_and_never_to_nothing() -> None:
    assert domain.share_of(Decimal("0.05"), Decimal(50), None) == Decimal("0.03")
    assert domain.share_of(Decimal("1000.00"), Decimal("33.333333"), None) == Decimal("333.33")
    with pytest.raises(DomainError):
        domain.share_of(Decimal("0.01"), Decimal(1), None)
    with pytest.raises(DomainError):
        domain.check_target(CostTarget.deployment, has_training=True, has_code=True)
