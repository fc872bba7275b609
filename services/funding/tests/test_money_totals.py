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
        "boundary": "All fund lines of country MX; what one of them transfers to another is counted once.",
        "entries": 0,
        "totals": [],
        "internal_transfers": [],
        "known_at": None,
        "feed_number": None,
    }


async def test_total_says_what_it_is(api: Api, make: Any) -> None:
    await make.fund_line()
    await make.entry("obligation", "700.00")
    await make.entry("upward_adjustment", "0.50")
    await make.entry("deobligation", "100.00", "2016-09-30")
    await make.entry("obligation", "1.00", "2016-10-01")
    boundary = "All fund lines of country MX; what one of them transfers to another is counted once."
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
        "internal_transfers": [],
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


async def summed(api: Api, total: dict[str, Any]) -> Decimal:
    """What the entries behind a total come to, as its address lists them."""
    items = (await api.viewer().get(total["entries_url"])).json()["items"]
    assert len(items) == total["entries"]
    return sum((Decimal(one["signed"]["amount"]) for one in items), Decimal(0))


async def test_money_that_one_line_transfers_to_another_is_counted_once(api: Api, make: Any) -> None:
    await make.controlled()
    await make.fund_code()
    (own,) = (await make.officer.get("/v1/fund-lines?code=MX-CORR")).json()["items"]
    await make.officer.patch(
        f"/v1/fund-lines/{own['id']}", json={"function_code": "CORRECTIONS"}, headers={"If-Match": '"1"'}
    )
    await make.signed_agreement(code="TRANSFER", type="iaa_632a", recipient_agency_code="US-BOP")
    sent = {"agreement_line_id": (await make.agreement_line(agreement_code="TRANSFER"))["id"]}
    account = "019-011-2012/2017-1022-000"
    theirs = await make.fund_line(
        code="MX-BOP", title="Prisons, Mexico", treasury_account_code=account, function_code="CORRECTIONS",
        transfer_agreement_code="TRANSFER",
    )  # fmt: skip
    await make.signed_agreement(code="AWARD", type="contract", recipient_agency_code="US-BOP")
    award = await make.agreement_line(agreement_code="AWARD", fund_line_code="MX-BOP")
    received = {"fund_line_code": "MX-BOP", "agreement_line_id": award["id"]}
    await make.posted("allotment", "1000.00")
    await make.posted("commitment", "300.00")
    await make.posted("obligation", "200.00", **sent)
    await make.posted("disbursement", "200.00", **sent)
    await make.posted("allotment", "200.00", fund_line_code="MX-BOP")
    await make.posted("obligation", "150.00", **received)
    await make.posted("disbursement", "50.00", **received)
    counted = {"allotted": "1000.00", "committed": "300.00", "obligated": "150.00", "disbursed": "50.00"}
    left_out = {"allotted": "200.00", "obligated": "200.00", "disbursed": "200.00"}
    answer = (await api.viewer().get("/v1/money-totals?country_code=MX")).json()
    for name, expected in (("totals", counted), ("internal_transfers", left_out)):
        assert {one["stage"]: one["amount"]["amount"] for one in answer[name]} == expected
        for one in answer[name]:
            assert await summed(api, one) == Decimal(one["amount"]["amount"]), one
    assert answer["entries"] == 7
    # A report that has both ends in a cell counts once as well, and says so; one that tells fund lines apart does not net.
    for query in (
        "group_by=country",
        "group_by=country&group_by=fiscal_year",
        "group_by=fiscal_year",
        "country_code=MX",
    ):
        (row,) = (await api.viewer().get(f"/v1/reports/status-of-funds?{query}")).json()["rows"]
        assert {one["stage"]: one["amount"]["amount"] for one in row["totals"]} == counted, query
        assert "is counted once" in row["boundary"]
        for one in row["totals"]:
            assert await summed(api, one) == Decimal(one["amount"]["amount"]), one
    # So is the divisor of leverage of a function, whose ends both have it.
    address = "/v1/reports/leverage?country_code=MX&function_code=CORRECTIONS"
    divisor = (await api.viewer().get(address)).json()["denominator"]
    assert divisor["amount"]["amount"] == "50.00"
    assert await summed(api, divisor) == Decimal("50.00")
    rows = (await api.viewer().get("/v1/reports/status-of-funds?group_by=fund_line")).json()["rows"]
    assert {row["fund_line_code"]: row["totals"][0]["amount"]["amount"] for row in rows} == {
        "MX-BOP": "200.00", "MX-CORR": "1000.00",
    }  # fmt: skip
    assert all("not netted" in row["boundary"] for row in rows)
    # Where nobody says that the line receives it, nothing tells that the two are the same money.
    await make.officer.patch(
        f"/v1/fund-lines/{theirs['id']}", json={"transfer_agreement_code": None}, headers={"If-Match": '"1"'}
    )
    assert (await totals(api))["obligated USD"] == "350.00"


async def test_only_another_line_receives_a_transfer(api: Api, make: Any) -> None:
    await make.controlled()
    await make.signed_agreement(code="TRANSFER", type="iaa_632a", recipient_agency_code="US-BOP")
    await make.agreement_line(agreement_code="TRANSFER")
    line = {"code": "MX-BOP", "title": "Prisons", "country_code": "MX"}
    for code, expected in (("LOA", "receives_a_transfer"), ("NONE", "fk_fund_lines_transfer_agreement_code")):
        answer = await make.officer.post("/v1/fund-lines", json=line | {"transfer_agreement_code": code})
        assert answer.json()["errors"][0]["code"] == expected, answer.text
    (own,) = (await make.officer.get("/v1/fund-lines?code=MX-CORR")).json()["items"]
    answer = await make.officer.patch(
        f"/v1/fund-lines/{own['id']}", json={"transfer_agreement_code": "TRANSFER"}, headers={"If-Match": '"1"'}
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "receives_from_another")
    account = {"treasury_account_code": "019-011-2012/2017-1022-000"}
    abroad = line | account | {"code": "GE-BOP", "country_code": "GE", "transfer_agreement_code": "TRANSFER"}
    answer = await make.officer.post("/v1/fund-lines", json=abroad)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "received_within_a_country")
    made = await make.officer.post("/v1/fund-lines", json=line | account | {"transfer_agreement_code": "TRANSFER"})
    assert made.status_code == 201, made.text
    await make.fund_line(code="GE-CORR", country_code="GE", **account)
    for number, payer, expected in (
        (2, "MX-BOP", "receives_from_another"),
        (3, "GE-CORR", "received_within_a_country"),
    ):
        more = {"agreement_code": "TRANSFER", "number": number, "fund_line_code": payer}
        answer = await make.officer.post("/v1/agreement-lines", json=more)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, expected), answer.text


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
