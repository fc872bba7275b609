"""Exchange rates: recorded, voided, and what they make of an amount."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from chassis.testing import Api
from chassis.testing.voids import check_void, check_voided_once
from funding.domain import Money, Rate, RateMissing, find_rate, to_dollars

RATES = [
    Rate("MXN", date(2015, 9, 30), Decimal("16.9"), "Sample"),
    Rate("MXN", date(2015, 12, 31), Decimal("17.3"), "Sample"),
    Rate("GEL", date(2015, 12, 31), Decimal("2.4"), "Sample"),
]


def converted(amount: str, currency: str, day: date) -> tuple[str, str | None]:
    made = to_dollars(Money(Decimal(amount), currency), day, RATES, 100)
    assert made.original == Money(Decimal(amount), currency)
    return format(made.amount.amount, "f"), made.rate and made.rate.rate_date.isoformat()


def test_latest_rate_on_or_before_the_day_applies_and_goes_along() -> None:
    assert converted("1000.00", "MXN", date(2015, 12, 30)) == ("59.17", "2015-09-30")
    assert converted("1000.00", "MXN", date(2015, 12, 31)) == ("57.80", "2015-12-31")
    assert converted("1000.00", "USD", date(1990, 1, 1)) == ("1000.00", None)
    assert converted("0.012", "GEL", date(2016, 1, 1)) == ("0.01", "2015-12-31")  # half up
    (rate,) = [one for one in RATES if one.currency == "GEL"]
    assert to_dollars(Money(Decimal(24), "GEL"), date(2016, 1, 1), RATES, 100).rate == rate


@pytest.mark.parametrize(
    ("currency", "day"),
    [("MXN", date(2015, 9, 29)), ("MXN", date(2016, 4, 10)), ("PKR", date(2016, 1, 1)), ("GEL", date(2015, 12, 30))],
)
def test_missing_rate_is_an_error_and_neither_one_nor_nothing(currency: str, day: date) -> None:
    with pytest.raises(RateMissing, match=f"No rate of {currency}"):
        converted("1000.00", currency, day)


def test_rate_may_be_as_old_as_is_said_and_not_a_day_older() -> None:
    assert find_rate(RATES, "MXN", date(2016, 4, 9), 100) == RATES[1]
    assert find_rate(RATES, "MXN", date(2016, 4, 10), 100) is None
    assert find_rate(RATES, "MXN", date(2016, 1, 1), 0) is None


async def test_rate_is_recorded_once_a_day_and_voided_never_changed(api: Api) -> None:
    officer = api.officer("GE")  # it is of no country
    body = {"currency": "MXN", "rate_date": "2015-12-31", "units_per_usd": "17.345", "rate_source": "Sample"}
    made = (await officer.post("/v1/exchange-rates", json=body)).json()
    assert {name: made[name] for name in body} == body | {"units_per_usd": "17.345000"}
    again = await officer.post("/v1/exchange-rates", json=body | {"units_per_usd": "18"})
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (409, "#/rate_date")
    assert (await api.analyst().post("/v1/exchange-rates", json=body)).status_code == 403
    address = f"/v1/exchange-rates/{made['id']}"
    assert (await officer.patch(address, json={"units_per_usd": "18"})).status_code == 405
    await check_void(api, address)
    anew = (await officer.post("/v1/exchange-rates", json=body | {"units_per_usd": "18"})).json()
    await check_voided_once(api, f"/v1/exchange-rates/{anew['id']}")
    listed = await api.viewer().get("/v1/exchange-rates?currency=MXN&rate_date_lte=2015-12-31&is_voided=true")
    assert {one["id"] for one in listed.json()["items"]} == {made["id"], anew["id"]}


async def test_what_is_no_rate_is_refused(api: Api) -> None:
    body: dict[str, Any] = {"currency": "MXN", "rate_date": "2015-12-31", "units_per_usd": "17.3", "rate_source": "S"}
    tomorrow = (datetime.now(UTC).date() + timedelta(days=2)).isoformat()
    for over, pointer in (
        ({"currency": "USD"}, "#/currency"),
        ({"currency": "XXZ"}, "#/currency"),
        ({"rate_date": tomorrow}, "#/rate_date"),
        ({"units_per_usd": "0"}, "#/units_per_usd"),
        ({"units_per_usd": "-17.3"}, "#/units_per_usd"),
        ({"units_per_usd": "17.3456789"}, "#/units_per_usd"),
        ({"units_per_usd": 17.3}, "#/units_per_usd"),
        ({"rate_source": ""}, "#/rate_source"),
    ):
        answer = await api.officer().post("/v1/exchange-rates", json=body | over)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), (over, answer.text)
