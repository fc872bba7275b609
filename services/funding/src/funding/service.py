"""What may be done to fund lines and their ledger: load, decide, write. No HTTP, no commit."""

import uuid
from datetime import UTC, datetime
from typing import Final

from chassis.errors import invalid
from chassis.resources import change_row, get_row, new_row, write_row
from chassis.tokens import Caller
from sqlmodel.ext.asyncio.session import AsyncSession

from funding.domain import check_effective_date
from funding.models import FundLine, LedgerEntry
from funding.queries import find_fund_line
from funding.schemas.fund_lines import FundLineCreate, FundLineUpdate
from funding.schemas.ledger_entries import LedgerEntryCreate

CONSTRAINT_WORDS: Final = {
    "pk_fund_lines": ("#/id", "This id is taken."),
    "uq_fund_lines_code": ("#/code", "There is a fund line with this code already."),
    "pk_ledger_entries": ("#/id", "This id is taken."),
    "fk_ledger_entries_fund_line_code": ("#/fund_line_code", "There is no fund line with this code; record it first."),
    "ck_ledger_entries_amount_positive": ("#/amount/amount", "An amount is positive; the kind gives the sign."),
    "ck_ledger_entries_effective_date_not_later": ("#/effective_date", "The ledger records what has happened."),
}
WRITER: Final = "officer"


async def create_fund_line(session: AsyncSession, caller: Caller, body: FundLineCreate) -> FundLine:
    """Record a fund line of a country that the caller has a grant for."""
    caller.require_role(WRITER)
    caller.require_country(body.country_code)
    return await write_row(session, new_row(FundLine, body))


async def update_fund_line(
    session: AsyncSession, caller: Caller, fund_line_id: uuid.UUID, version: int, body: FundLineUpdate
) -> FundLine:
    """Change a fund line that the caller has read at `version`."""
    caller.require_role(WRITER)
    line = await get_row(session, FundLine, fund_line_id, lock=True)
    caller.require_country(line.country_code)
    return await change_row(session, line, version, body)


async def create_ledger_entry(session: AsyncSession, caller: Caller, body: LedgerEntryCreate) -> LedgerEntry:
    """Add an entry to the ledger of a fund line, for good."""
    caller.require_role(WRITER)
    line = await find_fund_line(session, body.fund_line_code)
    if line is None:
        raise invalid("#/fund_line_code", "unknown_code", "There is no fund line with this code; record it first.")
    caller.require_country(line.country_code)
    check_effective_date(body.effective_date, datetime.now(UTC).date())
    entry = new_row(LedgerEntry, body, amount_value=body.amount.amount, currency=body.amount.currency)
    return await write_row(session, entry)
