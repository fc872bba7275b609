"""Totals of money as they were known: at each moment of a random history, what was answered then."""

import random
from typing import Any, Final

from chassis.testing import Api, Database
from chassis.testing.known import Memory, reader
from funding.domain import POSTINGS
from sqlalchemy.ext.asyncio import create_async_engine

MOMENTS: Final = 100
DAYS: Final = ("2015-10-01", "2016-03-01", "2016-09-30", "2017-05-05")
TOTALS: Final = (
    "/v1/money-totals?country_code=MX&as_of=2016-09-30",
    "/v1/money-totals?country_code=GE&as_of=2020-01-01",
    "/v1/ledger-entries?country_code=MX&sort=-amount&limit=3&with_total=true",
)


async def step(make: Any, chance: random.Random, lines: list[dict[str, Any]]) -> None:
    """Money moves, mostly; a line is opened, or its purpose changes."""
    event = chance.random()
    if event < 0.1 or not lines:
        code = f"L{len(lines)}"
        lines.append(await make.fund_line(code=code, country_code=chance.choice(("MX", "MX", "GE"))))
    elif event < 0.2:
        place = chance.randrange(len(lines))
        answer = await make.officer.patch(
            f"/v1/fund-lines/{lines[place]['id']}",
            json={"purpose": str(chance.random())},
            headers={"If-Match": f'"{lines[place]["version"]}"'},
        )
        assert answer.status_code == 200, answer.text
        lines[place] = answer.json()
    else:
        await make.entry(
            chance.choice([str(kind) for kind in POSTINGS]),
            f"{chance.randrange(1, 10**6)}.{chance.randrange(100):02}",
            chance.choice(DAYS),
            chance.choice(("USD", "USD", "MXN")),
            fund_line_code=chance.choice(lines)["code"],
        )


async def test_each_moment_of_a_history_is_answered_as_it_was(api: Api, database: Database, make: Any) -> None:
    engine = create_async_engine(database.app_url)
    chance = random.Random(20160301)
    memory = Memory(reader(api.viewer), engine)
    lines: list[dict[str, Any]] = []
    await memory.remember(*TOTALS)
    for _ in range(MOMENTS - 1):
        await step(make, chance, lines)
        await memory.remember(*TOTALS)
    await memory.recall()
    differing = [memory.differing(address) for address in TOTALS]
    assert min(differing) > 10, differing
    await engine.dispose()


async def test_total_of_the_past_names_exactly_the_entries_that_were_summed(api: Api, make: Any) -> None:
    await make.fund_line()
    first = await make.entry("obligation", "700.00")
    second = await make.entry("deobligation", "100.00")
    # A row's own time is that of its transaction's beginning, when the one before was recorded and itself was not.
    known = {"country_code": "MX", "known_at": second["created_at"]}
    (stage,) = (await api.viewer().get("/v1/money-totals", params=known)).json()["totals"]
    assert (stage["amount"]["amount"], stage["entries"]) == ("700.00", 1)
    listed = (await api.viewer().get(stage["entries_url"])).json()
    assert [one["id"] for one in listed["items"]] == [first["id"]]


async def test_before_the_first_record_no_total_is_zero(api: Api, make: Any) -> None:
    await make.fund_line()
    await make.entry("obligation", "700.00")
    answer = (await api.viewer().get("/v1/money-totals?country_code=MX&known_at=2016-12-31")).json()
    assert {name: answer[name] for name in ("as_of", "known_at", "feed_number", "entries", "totals")} == {
        "as_of": "2016-12-31",
        "known_at": "2016-12-31T23:59:59.999999Z",
        "feed_number": 0,
        "entries": 0,
        "totals": [],
    }


async def test_instant_to_come_is_refused(api: Api) -> None:
    answer = await api.viewer().get("/v1/money-totals?country_code=MX&known_at=2999-01-01")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "in_the_future")
