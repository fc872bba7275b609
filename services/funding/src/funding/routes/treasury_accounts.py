"""Treasury accounts over HTTP."""

import uuid
from datetime import UTC, date, datetime
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from chassis.values import Day
from fastapi import Query, Request, Response

from funding import queries, service
from funding.models import TreasuryAccount
from funding.schemas.treasury_accounts import (
    TreasuryAccountCreate,
    TreasuryAccountPage,
    TreasuryAccountQuery,
    TreasuryAccountRead,
    TreasuryAccountUpdate,
)

router: Final = work_router("Treasury accounts")
AsOf = Annotated[Day | None, Query(description="The day that `phase` is of, today (UTC) by default.")]


def show(account: TreasuryAccount, as_of: date | None = None) -> TreasuryAccountRead:
    """An account with what its symbol says, and its phase on a day."""
    day = as_of or datetime.now(UTC).date()
    symbol = account.symbol
    parts = {
        name: getattr(symbol, name)
        for name in (
            "allocation_transfer_agency",
            "agency_identifier",
            "first_fiscal_year",
            "last_fiscal_year",
            "availability_type",
            "main_account",
            "sub_account",
        )
    }
    shown = account.model_dump() | parts | {"phase": symbol.phase_on(day), "as_of": day}
    return TreasuryAccountRead.model_validate(shown)


@router.get("/treasury-accounts", response_model=TreasuryAccountPage)
async def list_treasury_accounts(
    request: Request, session: Session, query: Annotated[TreasuryAccountQuery, Query()]
) -> Page | Response:
    """List the accounts of the Treasury, as they are on a day."""
    day = query.as_of or datetime.now(UTC).date()
    listing = queries.treasury_accounts(day, lambda row: show(row, day))
    return await answer_list(request, session, query, listing, TreasuryAccountPage)


@router.post("/treasury-accounts", status_code=201, response_model=TreasuryAccountRead)
async def create_treasury_account(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: TreasuryAccountCreate
) -> TreasuryAccountRead:
    """Record an account by its symbol."""
    account = await service.create_treasury_account(session, caller, body)
    created(request, response, account)
    return show(account)


@router.get("/treasury-accounts/{treasury_account_id}", response_model=TreasuryAccountRead)
async def get_treasury_account(
    request: Request, response: Response, session: Session, treasury_account_id: uuid.UUID, as_of: AsOf = None
) -> TreasuryAccountRead:
    """Read one account."""
    account = await get_row(session, TreasuryAccount, treasury_account_id)
    send_etag(request, response, account)
    return show(account, as_of)


@router.patch("/treasury-accounts/{treasury_account_id}", response_model=TreasuryAccountRead)
async def update_treasury_account(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    treasury_account_id: uuid.UUID,
    version: IfMatch,
    body: TreasuryAccountUpdate,
) -> TreasuryAccountRead:
    """Change the title of an account, or from when to when its symbol was in use."""
    account = await service.update_treasury_account(session, caller, treasury_account_id, version, body)
    send_etag(request, response, account)
    return show(account)
