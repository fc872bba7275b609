"""What may be done to the ledger: entries are recorded, or proposed by one and posted by another. None is changed."""

import json
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from chassis.errors import Forbidden, invalid
from chassis.resources import check_version, get_row, new_row, touch_row, write_row
from chassis.tokens import Caller
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from funding import domain
from funding.domain import EntryKind, ProposalStatus
from funding.models import AgreementLine, EntryProposal, FundLine, LedgerEntry
from funding.queries import list_shares
from funding.schemas.entry_proposals import EntryProposalCreate, EntryProposalDecline
from funding.schemas.ledger_entries import LedgerEntryCreate
from funding.service.words import NO_ENTRY, NO_FUND_LINE, NO_LINE, WRITER

# What a proposal says that the entry says too.
_SAID = (
    "fund_line_code", "kind", "amount_value", "currency", "effective_date", "agreement_line_id", "adjusts_entry_id",
    "reverses_entry_id", "commitment_entry_id", "document_reference", "note",
)  # fmt: skip
_COLUMNS = {"amount_value": "amount"}


ENTRY_REFERENCES: Final = ("adjusts_entry_id", "reverses_entry_id", "commitment_entry_id")
EntryBody = LedgerEntryCreate | EntryProposalCreate


@dataclass(frozen=True, slots=True)
class Known:
    """The records that entries name, as far as there are any."""

    fund_lines: Mapping[str, FundLine]
    agreement_lines: Mapping[uuid.UUID, AgreementLine]
    entries: Collection[uuid.UUID]


async def load_known(session: AsyncSession, bodies: Sequence[EntryBody]) -> Known:
    """The records that these bodies name."""
    codes = {body.fund_line_code for body in bodies}
    lines = await session.exec(select(FundLine).where(col(FundLine.code).in_(codes)))
    line_ids = {wanted for body in bodies if (wanted := getattr(body, "agreement_line_id", None)) is not None}
    of_agreements = select(AgreementLine).where(col(AgreementLine.id).in_(line_ids))
    entry_ids = {
        wanted for body in bodies for name in ENTRY_REFERENCES if (wanted := getattr(body, name, None)) is not None
    }
    entries = select(LedgerEntry.id).where(col(LedgerEntry.id).in_(entry_ids))
    return Known(
        {line.code: line for line in lines},
        {line.id: line for line in await session.exec(of_agreements)} if line_ids else {},
        set(await session.exec(entries)) if entry_ids else set(),
    )


def check_entry(caller: Caller, known: Known, body: EntryBody) -> None:
    """Raise where an entry cannot be what a form, an import or a script says. What it comes to the database checks."""
    line = known.fund_lines.get(body.fund_line_code)
    if line is None:
        raise invalid("#/fund_line_code", "unknown_code", NO_FUND_LINE)
    caller.require_country(line.country_code)
    domain.check_effective_date(body.effective_date, datetime.now(UTC).date())
    is_proposal = isinstance(body, EntryProposalCreate)
    if is_proposal and not line.is_controlled:
        raise invalid("#/fund_line_code", "no_account", "The account of this fund line is not known; record the entry.")
    if not is_proposal and (line.is_controlled or body.kind is EntryKind.cancellation_close):
        raise domain.NeedsApproval(
            f"The fund line {line.code} is of an account of the Treasury: propose the entry at /v1/entry-proposals, "
            "and somebody else posts it."
            if line.is_controlled
            else "Only money of an account of the Treasury is closed; this fund line has none."
        )
    for name in ENTRY_REFERENCES:
        wanted = getattr(body, name, None)
        if wanted is not None and wanted not in known.entries:
            raise invalid(f"#/{name}", "unknown_id", NO_ENTRY)
    wanted = getattr(body, "agreement_line_id", None)
    if wanted is not None and wanted not in known.agreement_lines:
        raise invalid("#/agreement_line_id", "unknown_id", NO_LINE)


async def create_ledger_entry(session: AsyncSession, caller: Caller, body: LedgerEntryCreate) -> LedgerEntry:
    """Add an entry to the ledger of a fund line whose account is not known, for good."""
    caller.require_role(WRITER)
    check_entry(caller, await load_known(session, [body]), body)
    entry = new_row(LedgerEntry, body, amount_value=body.amount.amount, currency=body.amount.currency)
    with breaches_in_words():
        return await write_row(session, entry)


async def create_entry_proposal(session: AsyncSession, caller: Caller, body: EntryProposalCreate) -> EntryProposal:
    """Propose an entry of a fund line whose account is known. It counts nowhere until somebody else posts it."""
    caller.require_role(WRITER)
    check_entry(caller, await load_known(session, [body]), body)
    said: dict[str, Any] = {"amount_value": body.amount.amount, "currency": body.amount.currency}
    return await write_row(
        session, new_row(EntryProposal, body, **said, proposer_id=caller.subject, proposed_by=caller.name)
    )


async def post_entry_proposal(
    session: AsyncSession, caller: Caller, proposal_id: uuid.UUID, version: int
) -> EntryProposal:
    """Put what somebody else proposed into the ledger, for good. The database holds it to the rules, for every day."""
    proposal = await _decide(session, caller, proposal_id, version)
    if proposal.proposer_id == caller.subject:
        raise Forbidden(f"{caller.name} proposed this; somebody else posts it.")
    proposal.status = ProposalStatus.posted
    await touch_row(session, proposal)
    if proposal.kind == EntryKind.cancellation_close:
        entries = await _close(session, proposal)
    else:
        entries = [{name: getattr(proposal, name) for name in _SAID}]
        if proposal.commitment_entry_id is not None:
            release = {"kind": EntryKind.commitment_release, "adjusts_entry_id": proposal.commitment_entry_id}
            commitment = await get_row(session, LedgerEntry, proposal.commitment_entry_id)
            release |= {"commitment_entry_id": None, "agreement_line_id": commitment.agreement_line_id}
            entries.append(entries[0] | release)
    await _add_entries(session, [one | {"proposal_id": proposal.id} for one in entries])
    return proposal


async def decline_entry_proposal(
    session: AsyncSession, caller: Caller, proposal_id: uuid.UUID, version: int, body: EntryProposalDecline
) -> EntryProposal:
    """Decide that a proposal is not posted: whoever made it takes it back so, others return it."""
    proposal = await _decide(session, caller, proposal_id, version)
    proposal.status, proposal.decline_reason = ProposalStatus.declined, body.reason
    return await touch_row(session, proposal)


async def _decide(session: AsyncSession, caller: Caller, proposal_id: uuid.UUID, version: int) -> EntryProposal:
    caller.require_role(WRITER)
    statement = select(EntryProposal).where(EntryProposal.id == proposal_id).with_for_update(of=EntryProposal)
    proposal = (await session.exec(statement)).first() or await get_row(session, EntryProposal, proposal_id)
    caller.require_country(proposal.country_code)
    check_version(proposal, version)
    if proposal.status != ProposalStatus.proposed:
        raise domain.AlreadyDecided(f"{proposal.decided_by} has {proposal.status} this proposal.")
    proposal.decider_id, proposal.decided_by, proposal.decided_at = caller.subject, caller.name, datetime.now(UTC)
    return proposal


async def _close(session: AsyncSession, proposal: EntryProposal) -> list[dict[str, Any]]:
    """The entries that leave no balance, under the lock of the fund line; what returns must be what was proposed."""
    lock = select(FundLine).where(FundLine.code == proposal.fund_line_code).with_for_update(key_share=True)
    await session.exec(lock)
    closings = domain.close(await list_shares(session, proposal.fund_line_code, proposal.effective_date))
    returned = domain.closed_amount(closings)
    if returned != proposal.amount_value:
        raise domain.LedgerRefused(
            f"F7: {returned} of {proposal.fund_line_code} is allotted and not disbursed on {proposal.effective_date}, "
            f"not {proposal.amount_value}. Decline this proposal, and propose to close that."
        )
    said = {name: getattr(proposal, name) for name in _SAID}
    return [
        said | {"amount_value": one.amount, "agreement_line_id": one.line, "closes_stage": one.stage}
        for one in closings
    ]


async def _add_entries(session: AsyncSession, entries: Sequence[dict[str, Any]]) -> None:
    """All in one statement: the rules look at what they come to together."""
    rows = [
        {_COLUMNS.get(name, name): value for name, value in ({"closes_stage": None} | one).items()} for one in entries
    ]
    with breaches_in_words():
        await session.exec(insert(LedgerEntry.__table__).values(rows))  # type: ignore[attr-defined]


@contextmanager
def breaches_in_words() -> Iterator[None]:
    """A block that writes: where the database finds a breach of a rule, tell of it in the words of that rule."""
    try:
        yield
    except DBAPIError as error:
        refuse_breach(error)
        raise


def refuse_breach(error: DBAPIError) -> None:
    """Where the database found a breach of a rule, tell of it in the words of that rule."""
    origin = getattr(error.orig, "__cause__", None) or error.orig
    if str(getattr(origin, "constraint_name", "") or "").startswith("ledger_f") and getattr(origin, "detail", None):
        found = json.loads(str(getattr(origin, "detail", "")))
        day = datetime.fromisoformat(found["day"]).date()
        breach = domain.Breach(found["rule"], found["subject"], day, found["amounts"])
        raise domain.refuse(breach) from error
