"""What may be done to the ledger."""

from datetime import UTC, datetime

from chassis.errors import invalid
from chassis.resources import new_row, write_row
from chassis.tokens import Caller
from sqlmodel.ext.asyncio.session import AsyncSession

from funding.domain import check_effective_date
from funding.models import LedgerEntry
from funding.queries import find_fund_line
from funding.schemas.ledger_entries import LedgerEntryCreate
from funding.service.words import NO_FUND_LINE, WRITER


async def create_ledger_entry(session: AsyncSession, caller: Caller, body: LedgerEntryCreate) -> LedgerEntry:
    """Add an entry to the ledger of a fund line, for good."""
    caller.require_role(WRITER)
    line = await find_fund_line(session, body.fund_line_code)
    if line is None:
        raise invalid("#/fund_line_code", "unknown_code", NO_FUND_LINE)
    caller.require_country(line.country_code)
    check_effective_date(body.effective_date, datetime.now(UTC).date())
    entry = new_row(LedgerEntry, body, amount_value=body.amount.amount, currency=body.amount.currency)
    return await write_row(session, entry)
