"""Money of other currencies in US dollars, by a stored rate that goes along with the value. Pure, as all of this."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from chassis.errors import DomainError, FieldError, invalid

from funding.domain.money import US_FUNDS, Money

CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Rate:
    """How many units of a currency one US dollar was worth on a day, and who says so."""

    currency: str
    rate_date: date
    units_per_usd: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Converted:
    """What an amount is in US dollars. `original` is kept; without a `rate` it was in US dollars already."""

    original: Money
    amount: Money
    rate: Rate | None


class RateMissing(DomainError):
    """An amount that cannot be converted: it is neither itself nor zero."""

    code = "rate_missing"
    title = "There is no exchange rate for this"


def rate_rule(max_age_days: int) -> str:
    """Which rate applies, in words."""
    return (
        "The latest rate of the currency on or before the day of the amount that is not voided, at most "
        f"{max_age_days} days old; the amount divided by its units per US dollar, rounded to the cent, half up."
    )


def find_rate(rates: Sequence[Rate], currency: str, day: date, max_age_days: int) -> Rate | None:
    """The rate that applies to an amount of `day`: the latest of then or before, unless it is too old."""
    oldest = day - timedelta(days=max_age_days)
    fitting = [one for one in rates if one.currency == currency and oldest <= one.rate_date <= day]
    return max(fitting, key=lambda one: one.rate_date, default=None)


def to_dollars(money: Money, day: date, rates: Sequence[Rate], max_age_days: int) -> Converted:
    """`money` of `day` in US dollars; `RateMissing` where no rate applies."""
    if money.currency == US_FUNDS:
        return Converted(money, money, None)
    rate = find_rate(rates, money.currency, day, max_age_days)
    if rate is None:
        told = (
            f"No rate of {money.currency} is recorded for {day} or the {max_age_days} days before it. "
            "Record one at /v1/exchange-rates, or ask without conversion."
        )
        raise RateMissing(told, [FieldError("rate_missing", told, parameter="convert_to")])
    dollars = (money.amount / rate.units_per_usd).quantize(CENT, ROUND_HALF_UP)
    return Converted(money, Money(dollars, US_FUNDS), rate)


def check_rate(currency: str, rate_date: date, today: date) -> None:
    """Raise where a rate says nothing, or of a day to come."""
    if currency == US_FUNDS:
        raise invalid("#/currency", "is_the_dollar", "A US dollar is a US dollar: it has no rate.")
    if rate_date > today:
        raise invalid("#/rate_date", "in_the_future", f"A rate is of a day that has come; today is {today} (UTC).")


def group_by_rate(converted: Sequence[Converted]) -> list[tuple[Rate, list[Converted]]]:
    """What was converted by each rate, in the order of currency and day."""
    rates = sorted({one.rate for one in converted if one.rate}, key=lambda rate: (rate.currency, rate.rate_date))
    return [(rate, [one for one in converted if one.rate == rate]) for rate in rates]
