"""What may be done to cost allocations: added and voided, never changed."""

import uuid

from chassis.errors import invalid
from chassis.resources import get_row, new_row, write_row
from chassis.tokens import Caller
from chassis.voids import VoidCreate, void_row
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from funding import domain, queries, references
from funding.domain import EntryKind
from funding.models import CostAllocation, LedgerEntry, TrainingRef
from funding.references import TrainingsOwner
from funding.schemas.cost_allocations import CostAllocationCreate
from funding.service.ledger import breaches_in_words
from funding.service.words import NO_ENTRY, WRITER


async def create_cost_allocation(
    session: AsyncSession, caller: Caller, body: CostAllocationCreate, owner: TrainingsOwner
) -> CostAllocation:
    """Allocate a share of a disbursement. A training is looked up before a connection is taken."""
    caller.require_role(WRITER)
    domain.check_target(
        body.target_kind, has_training=body.training_id is not None, has_code=body.target_code is not None
    )
    refs = await references.look_up(owner, _wanted(body.training_id))
    entry = await session.get(LedgerEntry, body.ledger_entry_id)
    if entry is None:
        raise invalid("#/ledger_entry_id", "unknown_id", NO_ENTRY)
    caller.require_country(entry.country_code)
    domain.check_allocatable(
        EntryKind(entry.kind),
        is_reversal=entry.reverses_entry_id is not None,
        is_reversed=await queries.is_reversed(session, entry.id),
    )
    if body.amount is not None and body.amount.currency != entry.currency:
        raise invalid("#/amount/currency", "other_currency", f"This disbursement is in {entry.currency}.")
    share = domain.share_of(entry.amount_value, body.percent, None if body.amount is None else body.amount.amount)
    await references.keep(session, refs)
    await _require_standing(session, body.training_id)
    with breaches_in_words():
        return await write_row(session, new_row(CostAllocation, body, amount_value=share))


async def void_cost_allocation(
    session: AsyncSession, caller: Caller, allocation_id: uuid.UUID, version: int, body: VoidCreate
) -> CostAllocation:
    """Void an allocation that the caller has read at `version`: its share is free again."""
    caller.require_role(WRITER)
    statement = select(CostAllocation).where(CostAllocation.id == allocation_id).with_for_update(of=CostAllocation)
    allocation = (await session.exec(statement)).first() or await get_row(session, CostAllocation, allocation_id)
    caller.require_country(allocation.country_code)
    return await void_row(session, caller, allocation, version, body)


def _wanted(training_id: uuid.UUID | None) -> dict[str, tuple[type[references.Ref], uuid.UUID]]:
    return {} if training_id is None else {"#/training_id": (TrainingRef, training_id)}


async def _require_standing(session: AsyncSession, training_id: uuid.UUID | None) -> None:
    training = None if training_id is None else await session.get(TrainingRef, training_id)
    if training is not None and training.is_voided:
        raise invalid("#/training_id", "voided", "This training was entered in error.")
