"""What host nations give: stages, evidence, totals beside US money, and leverage only where scope and period match."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest
from chassis.testing import Api, Database
from chassis.testing.voids import check_void
from funding import domain
from funding.domain import ContributionStage, LeverageRefusal, NotSetAgainst, Span
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

ADDRESS: Final = "/v1/host-contributions"


class Host:
    """Records contributions, as an officer for all countries."""

    def __init__(self, api: Api) -> None:
        self.api = api

    async def try_add(self, amount: str = "1000.00", currency: str = "MXN", **over: Any) -> Any:
        body = {
            "contributor": "Secretariat of Public Security", "claimant": "Secretariat of Public Security",
            "country_code": "MX", "kind": "cash", "amount": {"amount": amount, "currency": currency},
            "stage_on": "2015-06-30", "scope": "The academy.",
        }  # fmt: skip
        return await self.api.officer().post(ADDRESS, json=body | over)

    async def add(self, amount: str = "1000.00", currency: str = "MXN", **over: Any) -> dict[str, Any]:
        answer = await self.try_add(amount, currency, **over)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def delivered(self, amount: str, currency: str = "MXN", **over: Any) -> dict[str, Any]:
        documented = {"evidence_grade": "documented", "document_reference": "Report 1", "stage": "delivered"}
        period = {"starts_on": "2015-01-01", "ends_on": "2015-12-31"}
        return await self.add(amount, currency, **(documented | period | over))

    async def advance(self, made: dict[str, Any], to: str, stage_on: str, **over: Any) -> Any:
        headers = {"If-Match": f'"{made["version"]}"'}
        body = {"to": to, "stage_on": stage_on} | over
        return await self.api.officer().post(f"{ADDRESS}/{made['id']}/transitions", json=body, headers=headers)

    async def totals(self, query: str = "") -> dict[str, str]:
        answer = await self.api.viewer().get(f"/v1/host-contribution-totals?country_code=MX{query}")
        assert answer.status_code == 200, answer.text
        found = answer.json()["totals"]
        for one in found:
            listed = (await self.api.viewer().get(one["contributions_url"])).json()["items"]
            assert len(listed) == one["contributions"], one
        return {
            f"{one['stage']} {one['currency']} {one['evidence_grade']}": one["amount"]["amount"] for one in found
        }  # fmt: skip


@pytest.fixture
def host(api: Api) -> Host:
    """Records contributions."""
    return Host(api)


async def test_pledge_is_delivered_in_part_and_verified_in_part(host: Host) -> None:
    made = await host.add("1000.00")
    shown = {
        name: made[name]
        for name in ("stream", "stage", "currency", "pledged", "pledged_on", "delivered", "evidence_grade")
    }
    assert shown == {
        "stream": "host", "stage": "pledged", "currency": "MXN", "pledged": {"amount": "1000.00", "currency": "MXN"},
        "pledged_on": "2015-06-30", "delivered": None, "evidence_grade": "stated",
    }  # fmt: skip
    for to, over, status in (
        ("verified", {}, 409),
        ("delivered", {"stage_on": "2015-06-29"}, 422),
        ("delivered", {"stage_on": "2999-01-01"}, 422),
        ("delivered", {"amount": {"amount": "1.00", "currency": "USD"}}, 422),
        ("lapsed", {"amount": {"amount": "1.00", "currency": "MXN"}}, 422),
    ):
        answer = await host.advance(made, to, **({"stage_on": "2015-07-01"} | over))
        assert answer.status_code == status, (to, over, answer.text)
    part = {"amount": "800.00", "currency": "MXN"}
    made = (await host.advance(made, "delivered", "2015-09-30", amount=part)).json()
    answer = await host.advance(made, "verified", "2015-10-30")
    assert answer.json()["errors"][0]["pointer"] == "#/evidence_grade"
    seen = {"evidence_grade": "reconciled", "document_reference": "Audit 3"}
    too_much = {"amount": {"amount": "800.01", "currency": "MXN"}}
    assert (await host.advance(made, "verified", "2015-10-30", **seen, **too_much)).status_code == 422
    less = {"amount": {"amount": "750.00", "currency": "MXN"}}
    made = (await host.advance(made, "verified", "2015-10-30", **seen, **less)).json()
    assert (made["pledged"]["amount"], made["delivered"]["amount"], made["verified"]["amount"]) == (
        "1000.00",
        "800.00",
        "750.00",
    )
    assert (await host.advance(made, "lapsed", "2015-11-01")).status_code == 409
    # Each stage has its own total, as of a day, and none is added to another.
    assert await host.totals() == {
        "pledged MXN reconciled": "1000.00", "delivered MXN reconciled": "800.00", "verified MXN reconciled": "750.00",
    }  # fmt: skip
    assert await host.totals("&as_of=2015-09-29") == {"pledged MXN reconciled": "1000.00"}
    assert await host.totals("&as_of=2015-06-29") == {}


async def test_evidence_valuation_and_scope_are_asked_for(host: Host, make: Any) -> None:
    for over, pointer in (
        ({"kind": "in_kind"}, "#/valuation_method"),
        ({"evidence_grade": "documented"}, "#/document_reference"),
        ({"stage": "verified"}, "#/stage"),
        ({"stage_on": "2999-01-01"}, "#/stage_on"),
        ({"stream": "cost_share"}, "#/agreement_code"),
        ({"starts_on": "2015-02-01", "ends_on": "2015-01-01"}, "#/ends_on"),
        ({"agreement_code": "NONE"}, "#/agreement_code"),
        ({"function_code": "NONE"}, "#/function_code"),
    ):
        answer = await host.try_add(**over)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), (over, answer.text)
    nowhere = (await host.try_add(currency="XXZ")).json()["errors"][0]
    assert nowhere["pointer"] == "#/amount/currency"
    await make.agreement(country_code="GE", recipient_agency_code="US-NM-CD")
    answer = await host.try_add(agreement_code="LOA")
    assert answer.json()["errors"][0]["code"] == "other_country"
    assert (await host.try_add(program_code="MX-CORR")).status_code == 503  # nobody can say whether there is one
    assert (await host.api.officer("GE").post(ADDRESS, json={})).status_code == 422
    assert (await host.try_add(contributor_agency_code="MX-SSP")).status_code == 201


async def test_what_is_said_changes_and_amounts_stay(host: Host, database: Database) -> None:
    made = await host.delivered("1000.00")
    headers = {"If-Match": f'"{made["version"]}"'}
    address = f"{ADDRESS}/{made['id']}"
    officer = host.api.officer()
    assert (await officer.patch(address, json={"amount": {"amount": "1.00"}}, headers=headers)).status_code == 422
    assert (await officer.patch(address, json={"document_reference": None}, headers=headers)).status_code == 422
    changed = await officer.patch(
        address, json={"evidence_grade": "reconciled", "scope": "Two courses."}, headers=headers
    )
    assert (changed.status_code, changed.json()["evidence_grade"]) == (200, "reconciled")
    assert (await host.api.officer("GE").patch(address, json={"note": "x"}, headers=headers)).status_code == 403
    # The database says the same to whoever comes by another way.
    engine = create_async_engine(database.superuser_url)
    for change in ("delivered_amount = 5", "stage = 'lapsed'", "stage = 'pledged'", "delivered_on = '2015-06-29'"):
        with pytest.raises(DBAPIError, match=r"stays|cannot follow|stage"):
            async with engine.begin() as connection:
                await connection.execute(
                    text("SELECT set_config('app.subject', 'x', true), set_config('app.request_id', 'x', true)")
                )
                await connection.execute(text(f"UPDATE host_contributions SET {change}"))
    await engine.dispose()
    await check_void(host.api, address)
    assert await host.totals() == {}


async def test_money_of_others_is_in_no_total_of_ours(host: Host, make: Any) -> None:
    await make.fund_line()
    await make.entry("disbursement", "10.00")
    ours = (await host.api.viewer().get("/v1/money-totals?country_code=MX")).json()
    status = (await host.api.viewer().get("/v1/reports/status-of-funds?country_code=MX")).json()
    await host.delivered("1000.00", "USD")
    await host.add("2000.00", "USD")
    assert (await host.api.viewer().get("/v1/money-totals?country_code=MX")).json() == ours
    assert (await host.api.viewer().get("/v1/reports/status-of-funds?country_code=MX")).json() == status
    assert await host.totals() == {"pledged USD stated": "2000.00", "delivered USD documented": "1000.00"}


async def test_lapsed_pledge_was_a_pledge_until_it_lapsed(host: Host) -> None:
    made = await host.add("1000.00")
    assert (await host.advance(made, "lapsed", "2016-01-31")).status_code == 200
    assert await host.totals("&as_of=2016-01-30") == {"pledged MXN stated": "1000.00"}
    assert await host.totals("&as_of=2016-01-31") == {"lapsed MXN stated": "1000.00"}


async def test_total_says_whose_word_it_is_and_is_converted_only_where_a_rate_is_known(host: Host) -> None:
    await host.delivered("1000.00", stage_on="2015-10-01")
    await host.delivered("100.00", stage_on="2016-01-15", claimant="An auditor")
    await host.delivered("50.00", "USD")
    missing = await host.api.viewer().get("/v1/host-contribution-totals?country_code=MX&convert_to=USD")
    assert (missing.status_code, missing.json()["code"]) == (422, "rate_missing")
    rate = {"currency": "MXN", "rate_source": "Sample"}
    for day, units in (("2015-09-30", "16"), ("2015-12-31", "20")):
        body = rate | {"rate_date": day, "units_per_usd": units}
        assert (await host.api.officer().post("/v1/exchange-rates", json=body)).status_code == 201
    answer = (await host.api.viewer().get("/v1/host-contribution-totals?country_code=MX&convert_to=USD")).json()
    assert (answer["contributions"], "never added" in answer["note"]) == (3, True)
    pesos, dollars = answer["totals"]
    assert dollars["converted"] == {
        "amount": {"amount": "50.00", "currency": "USD"}, "rates": [], "rule": pesos["converted"]["rule"],
    }  # fmt: skip
    assert pesos["claimants"] == ["An auditor", "Secretariat of Public Security"]
    assert (pesos["amount"], pesos["converted"]["amount"]) == (
        {"amount": "1100.00", "currency": "MXN"},
        {"amount": "67.50", "currency": "USD"},
    )
    assert pesos["converted"]["rates"] == [
        {
            "currency": "MXN", "units_per_usd": units, "rate_date": day, "rate_source": "Sample",
            "original": {"amount": original, "currency": "MXN"}, "converted": {"amount": made, "currency": "USD"},
        }
        for units, day, original, made in (
            ("16.000000", "2015-09-30", "1000.00", "62.50"), ("20.000000", "2015-12-31", "100.00", "5.00"),
        )
    ]  # fmt: skip
    assert pesos["boundary"].endswith("no US money.")


async def test_totals_are_answered_as_they_were_known(host: Host) -> None:
    first = await host.add("1000.00")
    second = await host.add("5.00")
    assert (await host.advance(first, "delivered", "2015-09-30")).status_code == 200
    assert await host.totals() == {"pledged MXN stated": "1005.00", "delivered MXN stated": "1000.00"}
    # A row's own time is that of its transaction's beginning: what came before is known, itself is not.
    assert await host.totals(f"&known_at={second['created_at']}") == {"pledged MXN stated": "1000.00"}


async def leverage(api: Api, **query: Any) -> dict[str, Any]:
    answer = await api.viewer().get("/v1/reports/leverage", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def codes(answer: dict[str, Any]) -> list[str]:
    assert (answer["value"] is None) == (answer["result"] == "refused")
    return [one["code"] for one in answer["reasons"]]


async def test_leverage_is_delivered_by_disbursed_of_one_function_and_period(host: Host, make: Any) -> None:
    await make.fund_code()
    await make.fund_line(function_code="CORRECTIONS")
    await make.entry("disbursement", "400.00", "2015-03-01")
    await make.entry("disbursement", "100.00", "2016-03-01")
    asked = {"country_code": "MX", "function_code": "CORRECTIONS", "from_date": "2015-01-01", "as_of": "2015-12-31"}
    assert codes(await leverage(host.api, **asked)) == ["nothing_delivered"]
    of_function = {"function_code": "CORRECTIONS"}
    counted = await host.delivered("300.00", "USD", **of_function)
    weaker = await host.delivered("9.00", "USD", evidence_grade="stated", **of_function)
    pledged = await host.add("8.00", "USD", **of_function)
    elsewhere = await host.delivered("7.00", "USD")
    before = await host.delivered("6.00", "USD", starts_on="2014-01-01", ends_on="2014-12-31", **of_function)
    found = await leverage(host.api, **asked)
    assert (found["result"], found["value"], found["reasons"]) == ("computed", "0.75", [])
    assert {one["reason"]: one["contribution_ids"] for one in found["left_out"]} == {
        "weaker_evidence": [weaker["id"]], "not_delivered": [pledged["id"]], "other_scope": [elsewhere["id"]],
        "outside_period": [before["id"]],
    }  # fmt: skip
    total = found["denominator"]
    assert (total["stage"], total["tier"], total["amount"]["amount"]) == ("disbursed", "primary", "400.00")
    listed = (await host.api.viewer().get(total["entries_url"])).json()["items"]
    assert [one["effective_date"] for one in listed] == ["2015-03-01"]
    (delivered,) = found["numerator"]
    listed = (await host.api.viewer().get(delivered["contributions_url"])).json()["items"]
    assert [one["id"] for one in listed] == [counted["id"]]
    # A pledge is never set against money that was paid, and a country is no scope.
    assert codes(await leverage(host.api, country_code="MX", as_of="2015-12-31")) == ["scope_differs"]
    assert codes(await leverage(host.api, **(asked | {"from_date": "2015-06-01"}))) == [
        "period_differs",
        "nothing_disbursed",
    ]
    assert codes(await leverage(host.api, **(asked | {"as_of": "2015-11-30"}))) == ["period_differs"]
    await host.delivered("1.00", "USD", starts_on=None, ends_on=None, **of_function)
    (reason,) = (await leverage(host.api, **asked))["reasons"]
    assert (reason["code"], len(reason["contribution_ids"])) == ("period_not_stated", 1)
    refused = await host.api.viewer().get("/v1/reports/leverage")
    assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (422, "country_code")


async def test_leverage_of_an_agreement_has_what_stands_under_it(host: Host, make: Any) -> None:
    await make.controlled()
    line = (await host.api.viewer().get("/v1/agreement-lines")).json()["items"][0]["id"]
    await make.signed_agreement(code="GRANT", type="grant", parent_code="LOA", recipient_agency_code="US-NM-CD")
    award = await make.agreement_line(agreement_code="GRANT", parent_line_id=line)
    await make.posted("allotment", "1000.00")
    await make.posted("obligation", "500.00", agreement_line_id=line)
    await make.posted("sub_obligation", "300.00", agreement_line_id=award["id"])
    await make.posted("disbursement", "200.00", agreement_line_id=award["id"])
    period = {"starts_on": "2012-01-01", "ends_on": "2012-12-31"}
    await host.delivered("50.00", "USD", agreement_code="LOA", **period)
    share = await host.delivered("900.00", "USD", agreement_code="GRANT", stream="cost_share", **period)
    found = await leverage(host.api, agreement_code="LOA")
    assert (found["value"], found["denominator"]["amount"]["amount"]) == ("0.25", "200.00")
    assert share["stream"] == "cost_share"  # which is no money of the host
    unknown = await host.api.viewer().get("/v1/reports/leverage?agreement_code=NONE")
    assert (unknown.status_code, unknown.json()["errors"][0]["parameter"]) == (422, "agreement_code")


def test_periods_match_only_where_one_lies_within_the_other() -> None:
    first, last = date(2015, 1, 1), date(2015, 12, 31)
    for starts, ends, fate in (
        (first, last, None),
        (date(2015, 2, 1), date(2015, 3, 1), None),
        (date(2014, 12, 31), last, LeverageRefusal.period_differs),
        (first, date(2016, 1, 1), LeverageRefusal.period_differs),
        (date(2016, 1, 1), date(2016, 2, 1), NotSetAgainst.outside_period),
        (date(2014, 1, 1), date(2014, 12, 31), NotSetAgainst.outside_period),
        (None, last, LeverageRefusal.period_not_stated),
        (first, None, LeverageRefusal.period_not_stated),
    ):
        assert domain.match_period(Span(starts, ends), first, last) == fate, (starts, ends)
    assert domain.match_period(Span(date(1990, 1, 1), last), None, last) is None


def test_pledges_and_what_became_of_them_by_a_day() -> None:
    reached: dict[ContributionStage, Any] = {
        ContributionStage.pledged: (Decimal(5), date(2015, 1, 1)),
        ContributionStage.delivered: (None, None),
        ContributionStage.lapsed: (Decimal(5), date(2015, 6, 1)),
    }
    for day, stages in ((date(2014, 12, 31), []), (date(2015, 5, 31), ["pledged"]), (date(2015, 6, 1), ["lapsed"])):
        assert [str(one.stage) for one in domain.reached_by(day, "MXN", reached)] == stages
    with pytest.raises(ValueError, match="convert it first"):
        domain.ratio([domain.Money(Decimal(1), "MXN")], Decimal(1))
