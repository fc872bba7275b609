"""Cost per person, joined from what the services hold: the same trainings on both sides, or the reason why not."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from chassis.testing import Database, Databases

from tests.access.house import House, make_databases, open_house

ADDRESS = "/v1/derived-figures/cost-per-person"
COUNTED = ("persons", "completions", "contact_hours")


@pytest.fixture
def own_databases(databases: Databases) -> Iterator[dict[str, Database]]:
    """One of each app."""
    with make_databases(databases) as made:
        yield made


@pytest.fixture
async def house(own_databases: dict[str, Database], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """The four apps in one process, with their records."""
    async with open_house(own_databases, monkeypatch) as opened:
        yield opened


async def train(house: House, code: str, people: int, **over: Any) -> dict[str, Any]:
    """A training for Mexico that so many complete, with four hours each."""
    names = ("course_code", "provider_agency_code", "host_country_code", "venue_kind", "program_code")
    body = {name: house.records["MX"]["trainings"][name] for name in names}
    body |= {"code": code, "beneficiary_country_codes": ["MX"], "starts_on": "2013-05-01", "ends_on": "2013-06-01"}
    training = await house.post("trainings", body | over)
    session = {"training_id": training["id"], "held_on": "2013-05-03", "hours": "4.00"}
    held = await house.post("training-sessions", session) if people else None
    for number in range(people):
        person = {
            "country_code": "MX",
            "nationality_code": "MX",
            "given_name": "Synthetic",
            "surname_1": f"{code} {number}",
        }
        made = await house.post("people", person)
        seat = await house.post("enrollments", {"training_id": training["id"], "person_id": made["id"]})
        assert held is not None
        await house.post("attendances", {"enrollment_id": seat["id"], "session_id": held["id"], "hours": "4.00"})
        await house.post("completions", {"enrollment_id": seat["id"], "completed_on": "2013-06-01"})
    return training


async def pay(house: House, training: dict[str, Any], amount: str, percent: str, on: str = "2013-07-01") -> None:
    """A disbursement of which a share is allocated to a training."""
    entry = {"fund_line_code": "MX-LINE", "kind": "disbursement", "effective_date": on}
    money = {"amount": {"amount": amount, "currency": "USD"}}
    paid = await house.post("ledger-entries", entry | money, **{"Idempotency-Key": f"{training['code']} {amount}"})
    cost = {"ledger_entry_id": paid["id"], "target_kind": "training", "training_id": training["id"]}
    await house.post("cost-allocations", cost | {"percent": percent})


async def ask(house: House, column: str = "viewer", **query: Any) -> dict[str, Any]:
    answer = await house.clients[column].get(ADDRESS, params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def said(found: dict[str, Any]) -> list[str]:
    return [one["value"] or " ".join(reason["code"] for reason in one["reasons"]) for one in found["items"]]


async def test_money_and_people_are_of_the_same_trainings(house: House) -> None:
    first = await train(house, "COST-1", 6)
    await pay(house, first, "1200.00", "50")
    period = {"country_code": "MX", "from_date": "2013-01-01", "as_of": "2013-12-31"}
    found = await ask(house, **period)
    assert said(found) == ["100.00", "100.00", "200.00"]  # 600 by 6 persons, 6 completions, 24 hours or 3 days
    assert found == await ask(house, "officer MX", **period)
    assert found["coverage"] == {"trainings": 1, "with_costs": 1, "is_whole": True, "shared": 0}
    (total,) = found["numerator"]["totals"]
    assert (total["stage"], total["tier"], total["amount"]["amount"]) == ("disbursed", "primary", "600.00")
    excluded = {one["reason"]: one["totals"][0]["amount"]["amount"] for one in found["excluded"]}
    assert excluded == {"unallocated": "600.00"}
    viewer = house.clients["viewer"]
    for address in (total["entries_url"], found["numerator"]["costs_url"]):
        assert (await viewer.get(address)).status_code == 200
    for item, counted in zip(found["items"], COUNTED, strict=True):
        explained = (await viewer.get(item["denominator"]["explain_url"])).json()
        assert (explained["measure"], explained["explain"]["counted"]["persons"]) == (counted, 6)
    assert said(await ask(house, training_id=first["id"], as_of="2013-12-31")) == said(found)
    assert said(await ask(house, program_code="MX-CORR", **period)) == said(found)
    # A training without costs is named, and is on neither side.
    await train(house, "COST-2", 5)
    found = await ask(house, **period)
    assert (said(found)[0], found["coverage"]["trainings"], found["coverage"]["is_whole"]) == ("100.00", 2, False)
    # What was paid later is not of this day; a training that ended before is not of this period.
    await pay(house, first, "1000.00", "100", "2014-01-01")
    assert said(await ask(house, **period)) == said(found)
    assert said(await ask(house, **(period | {"as_of": "2014-02-01"})))[0] == "266.67"
    assert said(await ask(house, **(period | {"from_date": "2013-06-02"}))) == ["no_trainings"] * 3
    assert said(await ask(house, country_code="GE", from_date="2013-01-01")) == ["no_trainings"] * 3
    # Of a training that is paid for and has only a headcount nobody knows how many completed it.
    heads = await train(house, "COST-3", 0, headcount={"total": 10})
    await pay(house, heads, "500.00", "100")
    assert said(await ask(house, **period)) == ["denominator_is_a_range"] * 3
    # One that is paid for and in which nobody is recorded would charge its cost to others.
    nobody = await train(house, "COST-4", 0, starts_on="2012-05-01", ends_on="2012-06-01")
    await pay(house, nobody, "400.00", "100")
    assert said(await ask(house, training_id=nobody["id"])) == ["nobody_recorded"] * 3
    # Who may not see the people is not told what would tell how few they are.
    few = await train(house, "COST-5", 3, starts_on="2013-05-02", ends_on="2013-05-20")
    await pay(house, few, "300.00", "100")
    assert said(await ask(house, training_id=few["id"])) == ["denominator_is_hidden"] * 3
    assert said(await ask(house, "officer *", training_id=few["id"]))[0] == "100.00"
    # A service that does not answer is named.
    clients = house.apps["gateway"].state.services._clients
    for name in ("trainings", "funding"):
        kept = clients[name]
        clients[name] = httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds="/nonexistent"), base_url="http://x")
        found = await ask(house, **period)
        assert (found["missing"], said(found)) == ([name], [f"{name}_missing"] * 3)
        await clients[name].aclose()
        clients[name] = kept
