"""What may be done to Treasury accounts, codes and fund lines."""

import uuid
from datetime import date

from chassis.errors import invalid
from chassis.resources import change_row, get_row, new_row, write_row
from chassis.tokens import Caller
from sqlmodel.ext.asyncio.session import AsyncSession

from funding import domain
from funding.domain import AccountSymbol, FundCodeKind
from funding.models import FundCode, FundLine, TreasuryAccount
from funding.queries import find_fund_code, find_treasury_account
from funding.schemas.fund_codes import FundCodeCreate, FundCodeUpdate
from funding.schemas.fund_lines import FundLineCreate, FundLineUpdate
from funding.schemas.treasury_accounts import TreasuryAccountCreate, TreasuryAccountUpdate
from funding.service.ledger import breaches_in_words
from funding.service.words import NO_ACCOUNT, WRITER


async def create_treasury_account(
    session: AsyncSession, caller: Caller, body: TreasuryAccountCreate
) -> TreasuryAccount:
    """Record an account. It is of no country."""
    caller.require_role(WRITER)
    domain.parse_symbol(body.code)
    domain.check_validity(body.valid_from, body.valid_to)
    return await write_row(session, new_row(TreasuryAccount, body))


async def update_treasury_account(
    session: AsyncSession, caller: Caller, account_id: uuid.UUID, version: int, body: TreasuryAccountUpdate
) -> TreasuryAccount:
    """Change an account that the caller has read at `version`."""
    caller.require_role(WRITER)
    account = await get_row(session, TreasuryAccount, account_id, lock=True)
    _check_validity_after(account, body.model_dump(exclude_unset=True))
    return await change_row(session, account, version, body)


async def create_fund_code(session: AsyncSession, caller: Caller, body: FundCodeCreate) -> FundCode:
    """Record a code. It is of no country."""
    caller.require_role(WRITER)
    domain.check_validity(body.valid_from, body.valid_to)
    return await write_row(session, new_row(FundCode, body))


async def update_fund_code(
    session: AsyncSession, caller: Caller, code_id: uuid.UUID, version: int, body: FundCodeUpdate
) -> FundCode:
    """Change a code that the caller has read at `version`."""
    caller.require_role(WRITER)
    code = await get_row(session, FundCode, code_id, lock=True)
    _check_validity_after(code, body.model_dump(exclude_unset=True))
    return await change_row(session, code, version, body)


def _check_validity_after(row: TreasuryAccount | FundCode, changes: dict[str, date | None]) -> None:
    domain.check_validity(changes.get("valid_from", row.valid_from), changes.get("valid_to", row.valid_to))


async def create_fund_line(session: AsyncSession, caller: Caller, body: FundLineCreate) -> FundLine:
    """Record a fund line of a country that the caller has a grant for."""
    caller.require_role(WRITER)
    caller.require_country(body.country_code)
    await _require_codes(session, body, body.treasury_account_code)
    return await write_row(session, new_row(FundLine, body))


async def update_fund_line(
    session: AsyncSession, caller: Caller, fund_line_id: uuid.UUID, version: int, body: FundLineUpdate
) -> FundLine:
    """Change a fund line that the caller has read at `version`. Its account is set once."""
    caller.require_role(WRITER)
    line = await get_row(session, FundLine, fund_line_id, lock=True)
    caller.require_country(line.country_code)
    if "treasury_account_code" in body.model_fields_set:
        domain.check_account_stays(line.treasury_account_code, body.treasury_account_code)
    await _require_codes(session, body, body.treasury_account_code or line.treasury_account_code)
    with breaches_in_words():
        return await change_row(session, line, version, body)


async def _require_codes(
    session: AsyncSession, body: FundLineCreate | FundLineUpdate, treasury_account_code: str | None
) -> None:
    """What a fund line names is recorded, and was in use while its money may be obligated."""
    symbol = await _require_account(session, treasury_account_code)
    for kind in FundCodeKind:
        pointer = f"#/{kind}_code"
        wanted: str | None = getattr(body, f"{kind}_code")
        if wanted is None:
            continue
        code = await find_fund_code(session, kind, wanted)
        if code is None:
            words = kind.replace("_", " ")
            raise invalid(pointer, "unknown_code", f"There is no {words} with the code {wanted}; record it first.")
        domain.check_in_use(pointer, code.code, code.valid_from, code.valid_to, symbol)


async def _require_account(session: AsyncSession, code: str | None) -> AccountSymbol | None:
    if code is None:
        return None
    account = await find_treasury_account(session, code)
    if account is None:
        raise invalid("#/treasury_account_code", "unknown_code", NO_ACCOUNT)
    pointer = "#/treasury_account_code"
    domain.check_in_use(pointer, account.code, account.valid_from, account.valid_to, account.symbol)
    return account.symbol
