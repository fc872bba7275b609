"""What may be done to exchange rates."""

import uuid
from datetime import UTC, datetime

from chassis.resources import get_row, new_row, write_row
from chassis.tokens import Caller
from chassis.voids import VoidCreate, void_row
from sqlmodel.ext.asyncio.session import AsyncSession

from funding import domain
from funding.models import ExchangeRate
from funding.schemas.exchange_rates import ExchangeRateCreate
from funding.service.words import WRITER


async def create_exchange_rate(session: AsyncSession, caller: Caller, body: ExchangeRateCreate) -> ExchangeRate:
    """Record a rate. It is of no country."""
    caller.require_role(WRITER)
    domain.check_rate(body.currency, body.rate_date, datetime.now(UTC).date())
    return await write_row(session, new_row(ExchangeRate, body))


async def void_exchange_rate(
    session: AsyncSession, caller: Caller, rate_id: uuid.UUID, version: int, body: VoidCreate
) -> ExchangeRate:
    """Void a rate that the caller has read at `version`."""
    caller.require_role(WRITER)
    return await void_row(session, caller, await get_row(session, ExchangeRate, rate_id, lock=True), version, body)
