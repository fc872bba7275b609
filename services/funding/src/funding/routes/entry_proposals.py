"""Proposed entries over HTTP: one proposes, another posts."""

import uuid
from dataclasses import replace
from typing import Annotated, Final

from chassis.idempotency import KeyRequired
from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Query, Request, Response

from funding import queries, service
from funding.models import EntryProposal
from funding.schemas.entry_proposals import (
    EntryProposalCreate,
    EntryProposalDecline,
    EntryProposalPage,
    EntryProposalQuery,
    EntryProposalRead,
)

router: Final = work_router("Entry proposals")


def show(proposal: EntryProposal) -> EntryProposalRead:
    """A proposal with the address of what it became."""
    shown = proposal.model_dump() | {
        "amount": proposal.amount,
        "country_code": proposal.country_code,
        "entries_url": f"/v1/ledger-entries?proposal_id={proposal.id}",
    }
    return EntryProposalRead.model_validate(shown)


@router.get("/entry-proposals", response_model=EntryProposalPage)
async def list_entry_proposals(
    request: Request, session: Session, query: Annotated[EntryProposalQuery, Query()]
) -> Page | Response:
    """List the proposed entries of the ledger: open, posted and declined."""
    listing = replace(queries.entry_proposals(), present=show)
    return await answer_list(request, session, query, listing, EntryProposalPage)


@router.post("/entry-proposals", status_code=201, response_model=EntryProposalRead, dependencies=[KeyRequired])
async def create_entry_proposal(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: EntryProposalCreate
) -> EntryProposalRead:
    """Propose an entry of a fund line whose account is known. It counts nowhere until somebody else posts it."""
    proposal = await service.create_entry_proposal(session, caller, body)
    created(request, response, proposal)
    return show(proposal)


@router.get("/entry-proposals/{entry_proposal_id}", response_model=EntryProposalRead)
async def get_entry_proposal(
    request: Request, response: Response, session: Session, entry_proposal_id: uuid.UUID
) -> EntryProposalRead:
    """Read one proposal."""
    proposal = await get_row(session, EntryProposal, entry_proposal_id)
    send_etag(request, response, proposal)
    return show(proposal)


@router.post("/entry-proposals/{entry_proposal_id}/post", response_model=EntryProposalRead)
async def post_entry_proposal(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    entry_proposal_id: uuid.UUID,
    version: IfMatch,
) -> EntryProposalRead:
    """Put what somebody else proposed into the ledger, for good, where every rule holds on every day."""
    proposal = await service.post_entry_proposal(session, caller, entry_proposal_id, version)
    send_etag(request, response, proposal)
    return show(proposal)


@router.post("/entry-proposals/{entry_proposal_id}/decline", response_model=EntryProposalRead)
async def decline_entry_proposal(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    entry_proposal_id: uuid.UUID,
    version: IfMatch,
    body: EntryProposalDecline,
) -> EntryProposalRead:
    """Decide that a proposal is not posted, and why. Whoever made it takes it back in the same way."""
    proposal = await service.decline_entry_proposal(session, caller, entry_proposal_id, version, body)
    send_etag(request, response, proposal)
    return show(proposal)
