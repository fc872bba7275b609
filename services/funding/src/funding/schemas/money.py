"""Money on the wire: an amount as plain decimal text, and its currency."""

from typing import Literal

from chassis.codes import CurrencyCode
from chassis.resources import Body
from chassis.values import Amount, PlainDecimal
from pydantic import BaseModel, ConfigDict, Field


class MoneyCreate(Body):
    """A positive amount to record."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "1000.00", "currency": "USD"}]})

    amount: Amount = Field(description="Positive, with at most two decimals; the kind of the entry gives the sign.")
    currency: CurrencyCode = "USD"


class MoneyRead(BaseModel):
    """An amount in its own currency. A total may be negative."""

    model_config = ConfigDict(
        from_attributes=True, json_schema_extra={"examples": [{"amount": "1000.00", "currency": "USD"}]}
    )

    amount: PlainDecimal
    currency: str = Field(description="ISO 4217.")


class DollarsCreate(Body):
    """A positive amount of US funds."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "1000.00", "currency": "USD"}]})

    amount: Amount = Field(description="Positive, with at most two decimals.")
    currency: Literal["USD"] = Field(default="USD", description="US funds are in US dollars.")


class OwnMoneyCreate(Body):
    """A positive amount in the currency in which it was given."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": "1000.00", "currency": "MXN"}]})

    amount: Amount = Field(description="Positive, with at most two decimals.")
    currency: CurrencyCode
