"""The status of funds: every cell is the sum of exactly the entries that it names, however the ledger is cut."""

from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Any

from chassis.testing import Api
from funding.domain import FIELDS, ReportDimension, burn_rate, months_before


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
    assert (of_money["unliquidated"]["amount"], of_money["unobligated"]["amount"]) == ("700.00", "550.00")
    rows = (await report(api, "group_by=fiscal_year&country_code=MX&fiscal_year=2012&fiscal_year=2013"))["rows"]
    shown = {row["fiscal_year"]: {one["stage"]: one["amount"]["amount"] for one in row["totals"]} for row in rows}
    assert shown == {
        2012: {"allotted": "1000.00", "obligated": "700.00"},
        2013: {"obligated": "-50.00", "disbursed": "250.00"},
    }
    # A year has no authority of its own.
    assert [row["unobligated"] for row in rows] == [None, None]


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
        "unliquidated": {"amount": "700.00", "currency": "USD"}, "unobligated": None,
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


async def test_pipeline_says_what_is_to_come_and_how_long_it_lasts(api: Api, make: Any) -> None:
    line = {"agreement_line_id": (await make.controlled())["id"]}
    await make.posted("allotment", "100.00")
    await make.posted("obligation", "90.00", **line)
    for month in range(1, 13):
        await make.posted("disbursement", "5.00", f"2016-{month:02}-15", **line)
    address = "/v1/reports/pipeline?country_code=MX&as_of=2016-12-31"
    (row,) = (await api.viewer().get(address)).json()["rows"]
    amounts = {name: row[name]["amount"] for name in ("unliquidated", "unobligated", "pipeline", "paid_per_month")}
    assert amounts == {"unliquidated": "30.00", "unobligated": "10.00", "pipeline": "40.00", "paid_per_month": "5.00"}
    assert (row["months_counted"], row["months_of_pipeline"], row["phase"]) == (12, "6.0", "current")
    assert [(one["stage"], one["entries"]) for one in row["totals"]] == [
        ("allotted", 1), ("obligated", 1), ("disbursed", 12),
    ]  # fmt: skip
    found = {}
    for day in ("2017-04-02", "2017-04-03", "2017-10-01", "2022-04-03", "2022-04-04"):
        (row,) = (await api.viewer().get(f"/v1/reports/pipeline?as_of={day}")).json()["rows"]
        found[day] = (row["is_expiring"], row["is_canceling"])
    assert found == {
        "2017-04-02": (False, False), "2017-04-03": (True, False), "2017-10-01": (False, False),
        "2022-04-03": (False, False), "2022-04-04": (False, True),
    }  # fmt: skip
