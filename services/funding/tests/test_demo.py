"""The money of a demonstration: written by everybody's rules, once, and the same each time."""

from datetime import date, timedelta
from typing import Any

import pytest
from chassis.testing import Api
from funding.demo.plan import AGENCIES, COUNTRIES, PREFIX, list_parts
from funding.demo.writing import DemoError, write_demo

TODAY = date(2026, 11, 27)
KNOWN = {
    "agencies": [
        {"code": code, "id": f"01920000-0000-7000-8000-{number:012}", "name": code, "kind": "us_federal", "version": 1}
        for number, code in enumerate(sorted(AGENCIES))
    ]
}


def test_plan_is_the_same_each_time_and_of_no_later_day() -> None:
    parts = list(list_parts(TODAY))
    assert parts == list(list_parts(TODAY))
    assert {part.fund_line["country_code"] for part in parts} == {one.code for one in COUNTRIES}
    assert len(COUNTRIES) == 10
    assert {part.code.startswith(PREFIX) for part in parts} == {True}
    for today in (TODAY, date(2026, 9, 30), date(2026, 10, 1), date(2028, 2, 29)):
        days = [row["effective_date"] for part in list_parts(today) for _, row in part.entries]
        assert max(days) <= today


async def test_money_is_proposed_by_one_and_posted_by_another_and_keeps_every_rule(api: Api) -> None:
    engine, viewer = api.app.state.engine, api.viewer()
    written = await write_demo(engine, KNOWN, TODAY - timedelta(days=30))
    assert sum(written.values()) > 300
    assert await write_demo(engine, KNOWN, TODAY - timedelta(days=30)) == {}
    # A month later there is a payment more of each country's money of now, and nothing twice.
    later = await write_demo(engine, KNOWN, TODAY)
    assert later == {"disbursement": 10}

    async def ask(path: str) -> dict[str, Any]:
        answer = await viewer.get(f"/v1/{path}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    people = {
        (one["proposed_by"], one["decided_by"], one["status"])
        for one in (await ask("entry-proposals?limit=500"))["items"]
    }
    assert people == {("tributary demo", "tributary demo, approver", "posted")}
    totals = {one["stage"]: one["tier"] for one in (await ask("money-totals?country_code=MX"))["totals"]}
    assert totals == {
        "appropriated": "primary", "allotted": "primary", "committed": "primary", "obligated": "primary",
        "sub_obligated": "sub", "disbursed": "primary",
    }  # fmt: skip
    # Each kind of end is there to be found.
    ending = (await ask(f"reports/expiring-agreements?as_of={TODAY}&days=180"))["rows"]
    assert {row["country_code"] for row in ending} == {one.code for one in COUNTRIES}
    resting = (await ask(f"reports/deobligation-candidates?as_of={TODAY}"))["rows"]
    assert {row["country_code"] for row in resting} == {one.code for one in COUNTRIES}
    assert len((await ask(f"reports/expiring?as_of={TODAY}&days=365"))["rows"]) == 10
    (closed,) = (await ask("reports/pipeline?fund_line_code=DEMO-MX-OLD"))["rows"]
    assert (closed["phase"], closed["pipeline"]["amount"]["amount"]) == ("canceled", "0.00")


async def test_nothing_is_generated_beside_money_that_somebody_recorded(api: Api, make: Any) -> None:
    await make.fund_line()
    with pytest.raises(DemoError, match="MX-CORR"):
        await write_demo(api.app.state.engine, KNOWN, TODAY)
