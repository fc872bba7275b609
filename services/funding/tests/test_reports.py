"""The status of funds: every cell is the sum of exactly the entries that it names, however the ledger is cut."""

from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Any

from chassis.testing import Api
from funding.domain import (
    FIELDS,
    MADE,
    Age,
    ReportDimension,
    TotalStage,
    age_of,
    burn_rate,
    days_from,
    fiscal_quarter_ends,
    leave_unpaid,
    months_before,
)


async def some_money(make: Any) -> None:
    """Two fund lines of an account, one without, and two agreements."""
    line = await make.controlled()
    await make.fund_code()
    account = {"treasury_account_code": "019-011-2012/2017-1022-000"}
    await make.fund_line(code="PK-2", country_code="PK", function_code="CORRECTIONS", **account)
    await make.fund_line(code="MX-OLD")
    await make.signed_agreement(code="GRANT", type="grant", country_code="PK", recipient_agency_code="US-NM-CD")
    grant = await make.agreement_line(agreement_code="GRANT", fund_line_code="PK-2")
    await make.posted("allotment", "1000.00")
    await make.posted("allotment", "500.00", fund_line_code="PK-2")
    obligation = await make.posted("obligation", "700.00", agreement_line_id=line["id"])
    await make.posted("obligation", "300.00", "2013-03-01", agreement_line_id=grant["id"], fund_line_code="PK-2")
    await make.posted(
        "deobligation", "50.00", "2013-03-01", agreement_line_id=line["id"], adjusts_entry_id=obligation["id"]
    )
    await make.posted("disbursement", "250.00", "2013-03-01", agreement_line_id=line["id"])
    await make.entry("obligation", "11.00", fund_line_code="MX-OLD", currency="MXN")


async def report(api: Api, query: str) -> dict[str, Any]:
    answer = await api.viewer().get(f"/v1/reports/status-of-funds?{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def ask(api: Api, path: str) -> dict[str, Any]:
    answer = await api.viewer().get(f"/v1/{path}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def entries_of(api: Api, total: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries that a total names, which are as many as it says."""
    entries: list[dict[str, Any]] = (await api.viewer().get(f"{total['entries_url']}&limit=500")).json()["items"]
    assert len(entries) == total["entries"], total["entries_url"]
    return entries


async def check_total(api: Api, total: dict[str, Any]) -> str:
    """The entries of a total add up to it, those of a stage that is taken away with the opposite sign; its amount."""
    made = MADE[TotalStage(total["stage"])]
    signed = [
        Decimal(one["signed"]["amount"]) * (1 if one["stage"] in made.adds else -1)
        for one in await entries_of(api, total)
    ]
    assert sum(signed) == Decimal(total["amount"]["amount"]), total
    assert total["tier"] == made.tier
    return str(total["amount"]["amount"])


async def test_every_cell_is_the_sum_of_the_entries_that_it_names(api: Api, make: Any) -> None:
    await some_money(make)
    viewer = api.viewer()
    whole = (await viewer.get("/v1/ledger-entries?limit=500")).json()["items"]
    cuts = [(one,) for one in ReportDimension] + list(combinations(ReportDimension, 2))[::7]
    for cut in cuts:
        asked = "&".join(f"group_by={one}" for one in cut)
        found = await report(api, asked)
        assert found["group_by"] == list(cut)
        seen: list[str] = []
        for row in found["rows"]:
            for total in row["totals"]:
                entries = (await viewer.get(f"{total['entries_url']}&limit=500")).json()["items"]
                assert len(entries) == total["entries"], total["entries_url"]
                assert {(one["stage"], one["tier"]) for one in entries} == {(total["stage"], total["tier"])}
                assert sum(Decimal(one["signed"]["amount"]) for one in entries) == Decimal(total["amount"]["amount"])
                seen += [one["id"] for one in entries]
        # Nothing is left out, and nothing is counted twice.
        assert sorted(seen) == sorted(one["id"] for one in whole), cut


async def test_years_of_the_money_and_of_the_entries_are_two(api: Api, make: Any) -> None:
    await some_money(make)
    (of_money, unknown) = (await report(api, "group_by=fund_fiscal_year"))["rows"]
    assert (of_money["fund_fiscal_year"], unknown["fund_fiscal_year"]) == (2012, None)
    assert (await check_total(api, of_money["unliquidated"]), await check_total(api, of_money["unobligated"])) == (
        "700.00", "550.00",
    )  # fmt: skip
    (rates,) = (await ask(api, "reports/rates?group_by=fund_fiscal_year&fund_fiscal_year=2012"))["rows"]
    assert (rates["obligation_rate"], rates["disbursement_rate"]) == ("0.6333", "0.2632")
    assert [await check_total(api, one) for one in rates["totals"]] == ["1500.00", "950.00", "250.00"]
    rows = (await report(api, "group_by=fiscal_year&country_code=MX&fiscal_year=2012&fiscal_year=2013"))["rows"]
    shown = {row["fiscal_year"]: {one["stage"]: one["amount"]["amount"] for one in row["totals"]} for row in rows}
    assert shown == {
        2012: {"allotted": "1000.00", "obligated": "700.00"},
        2013: {"obligated": "-50.00", "disbursed": "250.00"},
    }
    # A year has no authority of its own, however it is asked for.
    assert [(row["unobligated"], row["unliquidated"]) for row in rows] == [(None, None)] * 2
    (row,) = (await report(api, "country_code=MX&fiscal_year=2012"))["rows"]
    assert (row["unobligated"], row["unliquidated"]) == (None, None)
    rates = (await ask(api, "reports/rates?group_by=agreement"))["rows"]
    assert {(row["obligation_rate"], row["disbursement_rate"]) for row in rates} == {(None, None)}


async def test_cell_says_what_it_takes_in(api: Api, make: Any) -> None:
    await some_money(make)
    found = await report(api, "group_by=agreement&country_code=MX&as_of=2012-12-31")
    assert [row["agreement_code"] for row in found["rows"]] == ["LOA", None]
    (total,) = found["rows"][0]["totals"]
    assert total == {
        "stage": "obligated", "label": "Obligated", "tier": "primary", "currency": "USD",
        "amount": {"amount": "700.00", "currency": "USD"}, "entries": 1, "as_of": "2012-12-31",
        "boundary": "All entries: agreement LOA, country MX; transfers between fund lines are not netted.",
        "rule": "obligations + upward adjustments - deobligations - closings at cancellation, each less its reversals",
        "entries_url": "/v1/ledger-entries?agreement_code=LOA&country_code=MX&stage=obligated&currency=USD"
        "&effective_date_lte=2012-12-31",
    }  # fmt: skip
    assert found["rows"][0] == dict.fromkeys(FIELDS.values()) | {
        "agreement_code": "LOA", "boundary": total["boundary"], "totals": [total],
        "unliquidated": None, "unobligated": None,
    }  # fmt: skip
    assert (await report(api, "country_code=GE"))["rows"] == []


async def test_report_is_read_as_it_was_known(api: Api, make: Any) -> None:
    await some_money(make)
    newest = (await api.viewer().get("/v1/ledger-entries?sort=-created_at&limit=1")).json()["items"][0]
    before = await report(api, f"group_by=fund_line&known_at={newest['created_at']}")
    assert [row["fund_line_code"] for row in before["rows"]] == ["MX-CORR", "PK-2"]
    after = await report(api, "group_by=fund_line")
    assert [row["fund_line_code"] for row in after["rows"]] == ["MX-CORR", "MX-OLD", "PK-2"]


def test_burn_is_a_month_since_the_first_payment() -> None:
    as_of = date(2016, 9, 30)
    burn = burn_rate(Decimal("60.00"), date(2015, 10, 15), as_of, 12)
    assert burn is not None
    assert (burn.per_month, burn.months, burn.months_left(Decimal("30.00"))) == (Decimal("5.00"), 12, Decimal("6.0"))
    late = burn_rate(Decimal("60.00"), date(2016, 7, 1), as_of, 12)
    assert late is not None
    assert (late.per_month, late.months) == (Decimal("20.00"), 3)
    idle = burn_rate(Decimal("0.00"), date(2010, 7, 1), as_of, 12)
    assert idle is not None
    assert idle.months_left(Decimal("30.00")) is None
    assert burn_rate(Decimal("0.00"), None, as_of, 12) is None
    assert [months_before(date(2016, 3, 31), months) for months in (1, 3, 13)] == [
        date(2016, 2, 29), date(2015, 12, 31), date(2015, 2, 28),
    ]  # fmt: skip


def test_what_is_unpaid_is_of_the_youngest_obligations() -> None:
    days = {date(2013, 1, 1): Decimal("50.00"), date(2010, 1, 1): Decimal("100.00")}
    assert leave_unpaid(days, Decimal("100.00")) == {date(2013, 1, 1): Decimal("50.00")}
    assert leave_unpaid(days, Decimal("30.00")) == {
        date(2010, 1, 1): Decimal("70.00"), date(2013, 1, 1): Decimal("50.00"),
    }  # fmt: skip
    assert leave_unpaid(days, Decimal("150.00")) == {}
    as_of = date(2016, 2, 29)
    assert [age_of(day, as_of) for day in (as_of, date(2015, 3, 1), date(2015, 2, 28), date(2014, 2, 28))] == [
        Age.under_one_year, Age.under_one_year, Age.one_to_two_years, Age.two_to_five_years,
    ]  # fmt: skip
    assert age_of(date(2011, 2, 28), as_of) is Age.over_five_years
    assert fiscal_quarter_ends(date(2015, 11, 30), date(2016, 6, 30)) == [
        date(2015, 12, 31), date(2016, 3, 31), date(2016, 6, 30),
    ]  # fmt: skip
    assert (days_from(date.max, 9), days_from(date.min, -9), months_before(date.min, 1)) == (
        date.max, date.min, date.min,
    )  # fmt: skip


async def test_pipeline_says_what_is_to_come_and_how_long_it_lasts(api: Api, make: Any) -> None:
    line = {"agreement_line_id": (await make.controlled())["id"]}
    await make.posted("allotment", "100.00")
    old = await make.posted("obligation", "65.00", **line)
    await make.posted("obligation", "25.00", "2015-06-01", **line)
    for month in range(1, 13):
        await make.posted("disbursement", "5.00", f"2016-{month:02}-15", **line)
    address = "reports/pipeline?country_code=MX&as_of=2016-12-31"
    (row,) = (await ask(api, address))["rows"]
    amounts = {name: await check_total(api, row[name]) for name in ("unliquidated", "unobligated", "pipeline")}
    assert amounts == {"unliquidated": "30.00", "unobligated": "10.00", "pipeline": "40.00"}
    assert row["paid_per_month"]["amount"] == {"amount": "5.00", "currency": "USD"}
    assert len(await entries_of(api, row["paid_per_month"])) == 12
    assert (row["months_counted"], row["months_of_pipeline"], row["phase"]) == (12, "6.0", "current")
    assert [(one["stage"], one["entries"]) for one in row["totals"]] == [
        ("allotted", 1), ("obligated", 2), ("disbursed", 12),
    ]  # fmt: skip
    # What is paid is taken from the oldest obligation; all that adjusts one is of its day.
    ages = {one["age"]: one["unliquidated"]["amount"]["amount"] for one in row["ages"]}
    assert ages == {"one_to_two_years": "25.00", "two_to_five_years": "5.00"}
    assert [(one["obligated_after"], one["obligated_to"]) for one in row["ages"]] == [
        ("2014-12-31", "2015-12-31"), ("2011-12-31", "2014-12-31"),
    ]  # fmt: skip
    assert {len(await entries_of(api, one["unliquidated"])) for one in row["ages"]} == {14}
    await make.posted("deobligation", "5.00", "2016-12-31", adjusts_entry_id=old["id"], **line)
    (row,) = (await ask(api, address))["rows"]
    assert {one["age"]: await check_total(api, one["unliquidated"]) for one in row["ages"]} == {
        "one_to_two_years": "25.00"
    }
    # A year later nothing was paid for twelve months: there is no pace, and so no months.
    (row,) = (await ask(api, "reports/pipeline?as_of=2017-12-31"))["rows"]
    assert (row["paid_per_month"]["amount"]["amount"], row["months_of_pipeline"]) == ("0.00", None)
    found, listed = {}, {}
    for day in ("2017-04-02", "2017-04-03", "2017-10-01", "2022-04-03", "2022-04-04"):
        (row,) = (await ask(api, f"reports/pipeline?as_of={day}"))["rows"]
        found[day] = (row["is_expiring"], row["is_canceling"])
        expiring, canceling = [
            (await ask(api, f"reports/{one}?as_of={day}"))["rows"] for one in ("expiring", "canceling")
        ]
        listed[day] = (bool(expiring), bool(canceling))
    assert found == listed == {
        "2017-04-02": (False, False), "2017-04-03": (True, False), "2017-10-01": (False, False),
        "2022-04-03": (False, False), "2022-04-04": (False, True),
    }  # fmt: skip
    (row,) = (await ask(api, "reports/expiring?as_of=2017-09-29&days=1"))["rows"]
    assert (row["ends_on"], row["days_left"], await check_total(api, row["left"])) == ("2017-09-30", 1, "15.00")
    (row,) = (await ask(api, "reports/canceling?as_of=2022-09-30"))["rows"]
    assert (row["ends_on"], row["days_left"], await check_total(api, row["left"])) == ("2022-10-01", 1, "25.00")
    # Canceled and not closed, it stays until somebody closes it.
    for day, left in (("2022-10-01", 0), ("2023-10-01", -365)):
        (row,) = (await ask(api, f"reports/canceling?as_of={day}"))["rows"]
        assert (row["ends_on"], row["days_left"], await check_total(api, row["left"])) == ("2022-10-01", left, "25.00")
        assert (await ask(api, f"reports/pipeline?as_of={day}"))["rows"][0]["is_canceling"]
    for path in ("reports/pipeline", "reports/expiring", "reports/deobligation-candidates"):
        for day in ("0001-01-01", "9999-12-31"):
            await ask(api, f"{path}?as_of={day}")


async def test_agreements_that_end_or_rest_are_found(api: Api, make: Any) -> None:
    """A letter of agreement with two awards, of which one is paid: its burn, its rest, its end."""
    bulk = await make.controlled(starts_on="2012-01-01", ends_on="2014-06-30")
    letter = (await api.viewer().get("/v1/agreements?code=LOA")).json()["items"][0]
    await make.posted("allotment", "600.00")
    await make.posted("obligation", "500.00", agreement_line_id=bulk["id"])
    lines = []
    for number, amount in enumerate(("200.00", "250.00")):
        dates = {"starts_on": "2012-01-01", "ends_on": f"201{4 + number}-06-30"}
        await make.signed_agreement(code=f"AWARD-{number}", type="contract", parent_code="LOA", **dates)
        lines.append(await make.agreement_line(agreement_code=f"AWARD-{number}", parent_line_id=bulk["id"]))
        await make.posted("sub_obligation", amount, agreement_line_id=lines[-1]["id"])
    await make.posted("disbursement", "120.00", "2013-12-01", agreement_line_id=lines[0]["id"])
    award = (await api.viewer().get("/v1/agreements?code=AWARD-0")).json()["items"][0]
    found = {}
    for one in (letter, award):
        burn = await ask(api, f"agreements/{one['id']}/burn?as_of=2014-03-31")
        found[one["code"]] = [await check_total(api, burn[name]) for name in ("bound", "disbursed", "unliquidated")]
        assert [burn[name]["tier"] for name in ("bound", "unliquidated")] == ["primary" if one is letter else "sub"] * 2
    assert found == {"LOA": ["500.00", "120.00", "380.00"], "AWARD-0": ["200.00", "120.00", "80.00"]}
    # 120.00 in the four months since the first payment.
    assert (burn["paid_per_month"]["amount"]["amount"], burn["months_left"]) == ("30.00", "2.7")
    assert (burn["paid_on_at_this_pace"], burn["ends_on"]) == ("2014-06-20", "2014-06-30")
    assert "80.00 USD / 30.00 USD = 2.7 months after 2014-03-31" in burn["formula"]
    points = [
        (one["as_of"], one["bound"]["amount"]["amount"], one["disbursed"]["amount"]["amount"]) for one in burn["points"]
    ]
    assert (points[0], points[-1], len(points)) == (
        ("2012-03-31", "200.00", "0.00"), ("2014-03-31", "200.00", "120.00"), 9,
    )  # fmt: skip
    await check_total(api, burn["points"][-2]["disbursed"])

    async def candidates(day: str, more: str = "") -> list[tuple[str, str, str]]:
        rows = (await ask(api, f"reports/deobligation-candidates?as_of={day}{more}"))["rows"]
        return [
            (row["agreement_code"], row["unliquidated"]["tier"], await check_total(api, row["unliquidated"]))
            for row in rows
        ]

    # Over for 120 days, and for one more; a payment of the last twelve months keeps a line, and that of an award its letter.
    assert await candidates("2014-10-28") == []
    assert await candidates("2014-11-30") == []
    rested = [("AWARD-0", "sub", "80.00"), ("LOA", "primary", "380.00")]
    assert await candidates("2014-12-01") == rested
    assert await candidates("2014-10-28", "&months=10") == []
    assert await candidates("2014-10-29", "&months=10") == rested
    assert await candidates("2014-12-01", "&agreement_code=LOA&country_code=MX&fund_line_code=MX-CORR") == rested[1:]
    longer = {
        "agreement_code": "LOA",
        "number": 1,
        "kind": "extension",
        "signed_on": "2014-06-01",
        "ends_on": "2015-12-31",
    }
    assert (await make.officer.post("/v1/agreement-amendments", json=longer)).status_code == 201
    assert await candidates("2014-12-01") == rested[:1]

    async def ending(query: str) -> list[tuple[str, str, int]]:
        rows = (await ask(api, f"reports/expiring-agreements?{query}"))["rows"]
        return [(row["agreement_code"], row["ends_on"], row["days_left"]) for row in rows]

    # As of a day, with the amendments signed by that day; what has ended and was not completed stays.
    assert await ending("as_of=2014-05-31&days=30") == [("AWARD-0", "2014-06-30", 30), ("LOA", "2014-06-30", 30)]
    assert await ending("as_of=2014-05-30&days=30") == []
    assert await ending("as_of=2015-12-31&days=0") == [
        ("AWARD-0", "2014-06-30", -549), ("AWARD-1", "2015-06-30", -184), ("LOA", "2015-12-31", 0),
    ]  # fmt: skip
    assert await ending("as_of=2015-12-31&type=loa&country_code=MX") == [("LOA", "2015-12-31", 0)]
    award = (await api.viewer().get("/v1/agreements?code=AWARD-0")).json()["items"][0]
    await make.advance(award, "transitions", {"to": "completed"})
    assert [code for code, _, _ in await ending("as_of=2015-12-31")] == ["AWARD-1", "LOA"]


async def test_what_a_fund_line_holds_leads_to_its_entries(api: Api, make: Any) -> None:
    bulk = await make.controlled()
    await make.posted("allotment", "900.00")
    await make.posted("commitment", "50.00")
    await make.posted("obligation", "500.00", agreement_line_id=bulk["id"])
    await make.signed_agreement(code="AWARD", type="contract", parent_code="LOA")
    award = await make.agreement_line(agreement_code="AWARD", parent_line_id=bulk["id"])
    await make.posted("sub_obligation", "200.00", agreement_line_id=award["id"])
    for code, kind in (("BOP", "iaa_632a"), ("GRANT", "grant")):
        await make.signed_agreement(code=code, type=kind, recipient_agency_code="US-BOP")
        line = await make.agreement_line(agreement_code=code)
        await make.posted("obligation", "100.00", agreement_line_id=line["id"])
    (line,) = (await api.viewer().get("/v1/fund-lines?code=MX-CORR")).json()["items"]
    held = await ask(api, f"fund-lines/{line['id']}/balances")
    assert {name: await check_total(api, one) for name, one in held.items() if isinstance(one, dict)} == {
        "appropriated": "0.00", "allotted": "900.00", "committed": "50.00", "obligated": "700.00",
        "sub_obligated": "200.00", "disbursed": "0.00", "unliquidated": "700.00", "unobligated": "200.00",
        "available": "150.00", "unsubobligated": "300.00", "transferred": "100.00",
    }  # fmt: skip
