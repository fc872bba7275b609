"""Exchange rates on the wire, and what they make of an amount."""

from typing import Annotated

from chassis.codes import CurrencyCode, Line, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import CreateBody
from chassis.values import Day, PlainDecimal
from chassis.voids import VoidableRead, only_voided
from pydantic import BaseModel, ConfigDict, Field

from funding.schemas.money import MoneyRead

UnitsPerUsd = Annotated[
    PlainDecimal,
    Field(
        gt=0,
        max_digits=18,
        decimal_places=6,
        description="How many units of the currency one US dollar was worth: an amount is divided by it.",
        examples=["17.345"],
    ),
]


class ExchangeRateCreate(CreateBody):
    """A rate to record, for good: a mistake is voided, and recorded anew."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "currency": "MXN",
                    "rate_date": "2015-12-31",
                    "units_per_usd": "17.300000",
                    "rate_source": "Illustrative sample, invented",
                    "note": None,
                }
            ]
        }
    )

    currency: CurrencyCode = Field(description="Not USD.")
    rate_date: Day = Field(description="The day that it is of; not after today (UTC).")
    units_per_usd: UnitsPerUsd
    rate_source: Line = Field(description="Who says so; it stands beside each value that is converted by it.")
    note: Text | None = None


class ExchangeRateRead(VoidableRead):
    """What one US dollar was worth on a day."""

    currency: str
    rate_date: Day
    units_per_usd: UnitsPerUsd
    rate_source: str
    note: str | None


class ExchangeRatePage(Page):
    """A page of rates."""

    items: list[ExchangeRateRead]


class ExchangeRateQuery(ListQuery):
    """Filters of rates."""

    sort: str = sort_by("-rate_date,currency", "rate_date", "currency", "created_at", "updated_at")
    currency: list[CurrencyCode] = []
    rate_date_gte: Day | None = None
    rate_date_lte: Day | None = None
    is_voided: bool | None = only_voided()
    q: str | None = Field(default=None, max_length=200, description="Text in the source or the note.")


class RateUsed(BaseModel):
    """A rate that something was converted by, and how much was."""

    currency: str
    units_per_usd: UnitsPerUsd
    rate_date: Day
    rate_source: str
    original: MoneyRead = Field(description="What was converted by it.")
    converted: MoneyRead


class ConvertedRead(BaseModel):
    """An amount in US dollars, beside the original and never in its place."""

    amount: MoneyRead
    rates: list[RateUsed] = Field(description="Each rate that was used; empty where all of it was in US dollars.")
    rule: str = Field(description="Which rate applies, and how it is rounded.")
