"""The ledger over HTTP: read and add. There is no way to change or delete an entry."""

import uuid
from typing import Annotated, Final

from chassis.idempotency import KeyRequired
from chassis.known import look_back
from chassis.paging import Page, answer_list
from chassis.resources import created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Depends, Query, Request, Response

from funding import queries, service
from funding.models import LedgerEntry
from funding.schemas.ledger_entries import LedgerEntryCreate, LedgerEntryPage, LedgerEntryQuery, LedgerEntryRead

router: Final = work_router("Ledger entries")


@router.get("/ledger-entries", response_model=LedgerEntryPage, dependencies=[Depends(look_back)])
async def list_ledger_entries(
    request: Request, session: Session, query: Annotated[LedgerEntryQuery, Query()]
) -> Page | Response:
    """List the movements of money on fund lines."""
    return await answer_list(request, session, query, queries.ledger_entries(), LedgerEntryPage)


@router.post("/ledger-entries", status_code=201, response_model=LedgerEntryRead, dependencies=[KeyRequired])
async def create_ledger_entry(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: LedgerEntryCreate
) -> LedgerEntry:
    """Record a movement of money, for good."""
    entry = await service.create_ledger_entry(session, caller, body)
    created(request, response, entry)
    return entry


@router.get("/ledger-entries/{ledger_entry_id}", response_model=LedgerEntryRead)
async def get_ledger_entry(
    request: Request, response: Response, session: Session, ledger_entry_id: uuid.UUID
) -> LedgerEntry:
    """Read one entry of the ledger."""
    entry = await get_row(session, LedgerEntry, ledger_entry_id)
    send_etag(request, response, entry)
    return entry
