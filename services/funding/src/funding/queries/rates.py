"""Questions about exchange rates."""

from collections.abc import Iterable
from datetime import date, timedelta

from chassis.paging import Listing
from chassis.voids import is_voided_filter
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from funding.domain import US_FUNDS, Money, Rate
from funding.models import ExchangeRate


def exchange_rates() -> Listing:
    """All rates, voided ones too."""
    return Listing(
        statement=select(ExchangeRate),
        filters={
            "currency": ExchangeRate.currency,
            "rate_date": ExchangeRate.rate_date,
            "is_voided": is_voided_filter(col(ExchangeRate.voided_at)),
        },
        sorts={
            "rate_date": ExchangeRate.rate_date,
            "currency": ExchangeRate.currency,
            "created_at": ExchangeRate.created_at,
            "updated_at": ExchangeRate.updated_at,
        },
        id=ExchangeRate.id,
        text=[ExchangeRate.rate_source, ExchangeRate.note],
    )


async def list_rates_for(session: AsyncSession, amounts: Iterable[tuple[Money, date]], max_age_days: int) -> list[Rate]:
    """The rates that may apply to amounts of those days."""
    foreign = [(money.currency, day) for money, day in amounts if money.currency != US_FUNDS]
    if not foreign:
        return []
    days = [day for _, day in foreign]
    statement = select(ExchangeRate).where(
        col(ExchangeRate.currency).in_({currency for currency, _ in foreign}),
        col(ExchangeRate.rate_date).between(min(days) - timedelta(days=max_age_days), max(days)),
        col(ExchangeRate.voided_at).is_(None),
    )
    return [one.rate for one in (await session.exec(statement)).all()]
