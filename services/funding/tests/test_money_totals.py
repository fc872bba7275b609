"""Totals of money: one stage, one currency and one tier each, over exactly the entries that they name."""

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from chassis.testing import Api, caller
from chassis.unit_of_work import open_session
from funding.models import FundLine, LedgerEntry
from funding.totals import list_cut_totals

# What each kind does, written out a second time: the recount below must not share the code it checks.
RECOUNT = {
    "appropriation": ("appropriated", 1),
    "allotment": ("allotted", 1),
    "allotment_withdrawal": ("allotted", -1),
    "commitment": ("committed", 1),
    "commitment_release": ("committed", -1),
    "obligation": ("obligated", 1),
    "upward_adjustment": ("obligated", 1),
    "deobligation": ("obligated", -1),
    "sub_obligation": ("sub_obligated", 1),
    "sub_deobligation": ("sub_obligated", -1),
    "disbursement": ("disbursed", 1),
    "refund": ("disbursed", -1),
}


async def totals(api: Api, query: str = "country_code=MX") -> dict[str, str]:
    answer = await api.viewer().get(f"/v1/money-totals?{query}")
    assert answer.status_code == 200, answer.text
    return {f"{one['stage']} {one['currency']}": one["amount"]["amount"] for one in answer.json()["totals"]}


async def test_nothing_recorded_is_no_total_rather_than_zero(api: Api) -> None:
    today = datetime.now(UTC).date().isoformat()
    assert (await api.viewer().get("/v1/money-totals?country_code=MX")).json() == {
        "country_code": "MX",
        "as_of": today,
        "boundary": "All fund lines of country MX; transfers between them are not netted.",
        "entries": 0,
        "totals": [],
        "known_at": None,
        "feed_number": None,
    }


async def test_total_says_what_it_is(api: Api, make: Any) -> None:
    await make.fund_line()
    await make.entry("obligation", "700.00")
    await make.entry("upward_adjustment", "0.50")
    await make.entry("deobligation", "100.00", "2016-09-30")
    await make.entry("obligation", "1.00", "2016-10-01")
    boundary = "All fund lines of country MX; transfers between them are not netted."
    answer = await api.viewer().get("/v1/money-totals?country_code=MX&as_of=2016-09-30")
    assert answer.json() == {
        "country_code": "MX",
        "as_of": "2016-09-30",
        "boundary": boundary,
        "entries": 3,
        "totals": [
            {
                "stage": "obligated",
                "label": "Obligated",
                "tier": "primary",
                "currency": "USD",
                "amount": {"amount": "600.50", "currency": "USD"},
                "entries": 3,
                "boundary": boundary,
                "as_of": "2016-09-30",
                "rule": "obligations + upward adjustments - deobligations - closings at cancellation, each less its reversals",
                "entries_url": "/v1/ledger-entries?country_code=MX&stage=obligated&currency=USD"
                "&effective_date_lte=2016-09-30",
            }
        ],
        "known_at": None,
        "feed_number": None,
    }


async def test_ladder(api: Api, make: Any) -> None:
    await make.fund_line()
    await make.entry("allotment", "1000.00")
    await make.entry("commitment", "800.00")
    await make.entry("obligation", "700.00")
    await make.entry("commitment_release", "700.00")
    await make.entry("disbursement", "250.00")
    await make.entry("deobligation", "100.00")
    assert await totals(api) == {
        "allotted USD": "1000.00",
        "committed USD": "100.00",
        "obligated USD": "600.00",
        "disbursed USD": "250.00",
    }


async def test_awards_under_a_letter_of_agreement_are_not_added_to_its_obligation(api: Api, make: Any) -> None:
    await make.fund_line()
    await make.entry("obligation", "500.00")
    await make.entry("sub_obligation", "200.00")
    await make.entry("sub_obligation", "250.00")
    await make.entry("disbursement", "120.00")
    assert await totals(api) == {"obligated USD": "500.00", "sub_obligated USD": "450.00", "disbursed USD": "120.00"}
    found = (await api.viewer().get("/v1/money-totals?country_code=MX")).json()["totals"]
    assert [one["tier"] for one in found] == ["primary", "sub", "primary"]


async def test_years_add_up_over_time_and_one_year_may_be_negative(api: Api, make: Any) -> None:
    await make.fund_line()
    await make.entry("obligation", "300.00", "2016-09-30")
    await make.entry("deobligation", "50.00", "2016-10-01")
    await make.entry("disbursement", "100.00", "2017-09-30")
    assert await totals(api, "country_code=MX&as_of=2016-09-29") == {}
    assert await totals(api, "country_code=MX&as_of=2016-09-30") == {"obligated USD": "300.00"}
    assert await totals(api, "country_code=MX&as_of=2017-09-30") == {
        "obligated USD": "250.00",
        "disbursed USD": "100.00",
    }
    second_year = (await api.viewer().get("/v1/ledger-entries?fiscal_year=2017&sort=effective_date")).json()["items"]
    assert [(one["kind"], one["amount"]["amount"]) for one in second_year] == [
        ("deobligation", "50.00"),
        ("disbursement", "100.00"),
    ]


async def test_stage_that_nets_to_zero_is_zero_because_it_has_entries(api: Api, make: Any) -> None:
    await make.fund_line()
    await make.entry("disbursement", "100.00")
    await make.entry("refund", "100.00")
    assert await totals(api) == {"disbursed USD": "0.00"}
    await make.entry("refund", "0.01")
    assert await totals(api) == {"disbursed USD": "-0.01"}


async def test_currencies_and_countries_are_never_mixed(api: Api, make: Any) -> None:
    await make.fund_line()
    await make.fund_line(code="MX-POL", title="Police, Mexico")
    await make.fund_line(code="PK-POL", title="Police, Pakistan", country_code="PK")
    await make.entry("obligation", "1.00")
    await make.entry("obligation", "2.00", fund_line_code="MX-POL")
    await make.entry("obligation", "4.00", currency="MXN")
    await make.entry("obligation", "8.00", fund_line_code="PK-POL")
    assert await totals(api) == {"obligated MXN": "4.00", "obligated USD": "3.00"}
    assert await totals(api, "country_code=PK") == {"obligated USD": "8.00"}


async def test_country_is_needed_and_bad_values_are_named(api: Api) -> None:
    for query, parameter in {
        "": "country_code",
        "country_code=Mexico": "country_code",
        "country_code=MX&as_of=0": "as_of",
    }.items():
        answer = await api.viewer().get(f"/v1/money-totals?{query}")
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, parameter), query


def random_entries(source: random.Random, count: int) -> list[LedgerEntry]:
    return [
        LedgerEntry(
            fund_line_code=source.choice(["A", "B"]),
            kind=source.choice(list(RECOUNT)),
            amount_value=Decimal(source.randint(1, 10 ** source.randint(1, 17))) / 100,
            currency=source.choice(["USD", "USD", "USD", "MXN"]),
            effective_date=date(2015, 10, 1) + timedelta(days=source.randint(0, 800)),
        )
        for _ in range(count)
    ]


def recount(entries: Iterable[LedgerEntry], as_of: date) -> dict[tuple[str, str], tuple[Decimal, int]]:
    found: dict[tuple[str, str], tuple[Decimal, int]] = {}
    for entry in entries:
        if entry.effective_date <= as_of:
            stage, sign = RECOUNT[entry.kind]
            amount, count = found.get((stage, entry.currency), (Decimal(0), 0))
            found[stage, entry.currency] = (amount + sign * entry.amount_value, count + 1)
    return found


async def stored_totals(session: Any, country_code: str, as_of: date) -> dict[tuple[str, str], tuple[Decimal, int]]:
    found = await list_cut_totals(session, [], {"country_code": [country_code]}, as_of)
    return {(one.stage, one.currency): (one.sum.amount, one.sum.entries) for one in found}


async def test_totals_are_the_recount_of_any_entries_in_any_order(api: Api) -> None:
    for seed in range(12):
        await check_recount(api, random.Random(seed))


async def check_recount(api: Api, source: random.Random) -> None:
    entries = random_entries(source, 60)
    days = [entry.effective_date for entry in source.sample(entries, 5)] + [date(2015, 1, 1), date(2020, 1, 1)]
    async with open_session(api.app.state.engine, caller()) as session:
        # The same entries in another order on the lines of another country.
        for country_code, suffix in (("MX", ""), ("PK", "-2")):
            session.add_all(
                FundLine(code=f"{line}{suffix}", title="Line", country_code=country_code) for line in ("A", "B")
            )
            await session.flush()
            for entry in source.sample(entries, len(entries)):
                copy = entry.model_dump(exclude={"id", "created_at", "updated_at", "fund_line_code"})
                session.add(LedgerEntry(**copy, fund_line_code=entry.fund_line_code + suffix))
        await session.flush()
        for as_of in days:
            expected = recount(entries, as_of)
            assert await stored_totals(session, "MX", as_of) == expected
            assert await stored_totals(session, "PK", as_of) == expected
        # One more entry moves its own stage and currency, and nothing else.
        before = await stored_totals(session, "MX", date(2020, 1, 1))
        for kind, (stage, sign) in RECOUNT.items():
            more = random_entries(source, 1)[0]
            session.add(LedgerEntry(**more.model_dump(exclude={"id", "created_at", "updated_at", "kind"}), kind=kind))
            await session.flush()
            after = await stored_totals(session, "MX", date(2020, 1, 1))
            amount, count = before.get((stage, more.currency), (Decimal(0), 0))
            assert after == before | {(stage, more.currency): (amount + sign * more.amount_value, count + 1)}
            before = after


async def test_entries_url_lists_exactly_the_entries_of_the_total(api: Api) -> None:
    source = random.Random(1)
    entries = random_entries(source, 80)
    async with open_session(api.app.state.engine, caller()) as session, session.begin():
        session.add(FundLine(code="A", title="Line", country_code="MX"))
        session.add(FundLine(code="B", title="Line", country_code="PK"))
        await session.flush()
        session.add_all(entries)
    answer = (await api.viewer().get("/v1/money-totals?country_code=MX&as_of=2016-12-31")).json()
    assert answer["entries"] == sum(one["entries"] for one in answer["totals"]) > 0
    for total in answer["totals"]:
        listed = (await api.viewer().get(f"{total['entries_url']}&limit=500")).json()["items"]
        assert len(listed) == total["entries"]
        amounts = [RECOUNT[one["kind"]][1] * Decimal(one["amount"]["amount"]) for one in listed]
        assert {one["stage"] for one in listed} == {total["stage"]}
        assert str(sum(amounts)) == total["amount"]["amount"]
