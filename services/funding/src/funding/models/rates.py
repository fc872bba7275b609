"""Exchange rates: what one US dollar was worth on a day."""

from datetime import date
from decimal import Decimal

from chassis.columns import sorted_text
from chassis.voids import Voidable, void_is_whole
from sqlalchemy import CheckConstraint, Column, Index, Numeric, text
from sqlmodel import Field

from funding import domain
from funding.models.base import Stored


class ExchangeRate(Stored, Voidable, table=True):
    """One rate. Added and voided, never changed: what was converted by it can be explained for ever."""

    __tablename__ = "exchange_rates"
    __table_args__ = (
        CheckConstraint("currency ~ '^[A-Z]{3}$' AND currency <> 'USD'", name="currency_form"),
        CheckConstraint("units_per_usd > 0", name="units_positive"),
        CheckConstraint("rate_date <= (created_at AT TIME ZONE 'UTC')::date", name="rate_date_not_later"),
        void_is_whole(),
        # One rate of a currency and day stands, so nobody has to choose.
        Index(
            "uq_exchange_rates_currency_rate_date",
            "currency",
            "rate_date",
            unique=True,
            postgresql_where=text("voided_at IS NULL"),
        ),
    )

    currency: str = Field(sa_column=sorted_text(nullable=False))
    rate_date: date
    units_per_usd: Decimal = Field(sa_column=Column(Numeric(18, 6), nullable=False))
    rate_source: str
    note: str | None = None

    @property
    def rate(self) -> domain.Rate:
        """What it says."""
        return domain.Rate(self.currency, self.rate_date, self.units_per_usd, self.rate_source)
