"""What may be done to agreements, their amendments, lines and promises."""

import uuid
from datetime import UTC, date, datetime
from typing import Any

from chassis.errors import invalid
from chassis.resources import check_version, get_row, new_row, touch_row, write_row
from chassis.tokens import Caller
from sqlmodel.ext.asyncio.session import AsyncSession

from funding import domain, queries, references
from funding.domain import AgreementStatus, AgreementType, DeliverableKind, Party
from funding.models import AgencyRef, Agreement, AgreementAmendment, AgreementDeliverable, AgreementLine
from funding.references import Owner
from funding.schemas.agreement_amendments import AgreementAmendmentCreate
from funding.schemas.agreement_deliverables import AgreementDeliverableCreate, AgreementDeliverableUpdate
from funding.schemas.agreement_lines import AgreementLineCreate
from funding.schemas.agreements import AgreementCreate, AgreementSignature, AgreementTransition, AgreementUpdate
from funding.service.ledger import breaches_in_words
from funding.service.words import NO_AGREEMENT, NO_FUND_LINE, NO_LINE, WRITER

_PARTIES = ("awarding_agency_code", "recipient_agency_code")


async def create_agreement(session: AsyncSession, caller: Caller, body: AgreementCreate, owner: Owner) -> Agreement:
    """Record a draft. Its parties are looked up before a connection is taken."""
    caller.require_role(WRITER)
    caller.require_country(body.country_code)
    domain.check_parties(body.type, body.awarding_agency_code, body.recipient_agency_code)
    domain.check_period(body.starts_on, body.ends_on)
    _check_ceiling(body.type, body.ceiling)
    await references.keep(session, await references.look_up(owner, _wanted(body.model_dump())))
    if body.parent_code is not None:
        await _require_agreement(session, body.parent_code, "#/parent_code")
    return await write_row(session, new_row(Agreement, body, ceiling_value=body.ceiling and body.ceiling.amount))


async def update_agreement(
    session: AsyncSession, caller: Caller, agreement_id: uuid.UUID, version: int, body: AgreementUpdate, owner: Owner
) -> Agreement:
    """Change an agreement that the caller has read at `version`; once it is signed, its words alone."""
    caller.require_role(WRITER)
    changes = body.model_dump(exclude_unset=True)
    refs = await references.look_up(owner, _wanted(changes))
    agreement = await _load(session, caller, agreement_id, version)
    if set(changes) - {"title", "purpose"}:
        domain.check_open(AgreementStatus(agreement.status), domain.OPEN_TO_EDITS, "Parties, ceiling and dates change")
    after = agreement.model_dump() | changes
    kind = AgreementType(agreement.type)
    domain.check_parties(kind, after["awarding_agency_code"], after["recipient_agency_code"])
    domain.check_period(after["starts_on"], after["ends_on"])
    if "ceiling" in changes:
        _check_ceiling(kind, body.ceiling)
        changes.pop("ceiling")
        changes["ceiling_value"] = body.ceiling and body.ceiling.amount
    await references.keep(session, refs)
    for column, value in changes.items():
        setattr(agreement, column, value)
    return await touch_row(session, agreement)


async def sign_agreement(
    session: AsyncSession, caller: Caller, agreement_id: uuid.UUID, version: int, body: AgreementSignature
) -> Agreement:
    """Record the signature of one party."""
    caller.require_role(WRITER)
    agreement = await _load(session, caller, agreement_id, version)
    kind, status = AgreementType(agreement.type), AgreementStatus(agreement.status)
    domain.check_signature(kind, status, body.party, body.signed_on, _today())
    setattr(agreement, f"{body.party}_signed_on", body.signed_on)
    setattr(agreement, f"{body.party}_document", body.document_reference)
    return await touch_row(session, agreement)


async def advance_agreement(
    session: AsyncSession, caller: Caller, agreement_id: uuid.UUID, version: int, body: AgreementTransition
) -> Agreement:
    """Let an agreement go on."""
    caller.require_role(WRITER)
    agreement = await _load(session, caller, agreement_id, version)
    domain.check_transition(AgreementStatus(agreement.status), body.to)
    if body.to is AgreementStatus.signed:
        signed = {Party.awarding: agreement.awarding_signed_on, Party.recipient: agreement.recipient_signed_on}
        domain.check_signatures(AgreementType(agreement.type), signed)
    agreement.status, agreement.status_note = body.to, body.note
    return await touch_row(session, agreement)


async def create_agreement_amendment(
    session: AsyncSession, caller: Caller, body: AgreementAmendmentCreate
) -> AgreementAmendment:
    """Record an amendment, for good."""
    caller.require_role(WRITER)
    agreement = await _require_agreement(session, body.agreement_code, lock=True)
    caller.require_country(agreement.country_code)
    domain.check_open(AgreementStatus(agreement.status), domain.AMENDABLE, "Amendments are")
    domain.check_amendment(body.kind, has_amount=body.amount is not None, has_end=body.ends_on is not None)
    if body.amount is not None and agreement.ceiling_value is None:
        raise invalid("#/amount", "no_ceiling", "This agreement has no ceiling to change.")
    domain.check_period(agreement.starts_on, body.ends_on)
    domain.check_new_end(body.kind, agreement.ends_on_at(body.signed_on, body.number), body.ends_on)
    if agreement.signed_on is not None and body.signed_on < agreement.signed_on:
        raise invalid("#/signed_on", "before_signature", f"The agreement was signed on {agreement.signed_on}.")
    if body.signed_on > _today():
        raise invalid("#/signed_on", "in_the_future", f"Today is {_today()} (UTC); record it when it is signed.")
    amendment = new_row(AgreementAmendment, body, amount_value=body.amount and body.amount.amount)
    with breaches_in_words():
        await write_row(session, amendment)
    # The agreement is another by it: whoever read it before must read it again.
    await touch_row(session, agreement)
    return amendment


async def create_agreement_line(session: AsyncSession, caller: Caller, body: AgreementLineCreate) -> AgreementLine:
    """Record a line, for good."""
    caller.require_role(WRITER)
    agreement = await _require_agreement(session, body.agreement_code, lock=True)
    caller.require_country(agreement.country_code)
    fund_line = await queries.find_fund_line(session, body.fund_line_code)
    if fund_line is None:
        raise invalid("#/fund_line_code", "unknown_code", NO_FUND_LINE)
    caller.require_country(fund_line.country_code)
    if body.parent_line_id is not None and await session.get(AgreementLine, body.parent_line_id) is None:
        raise invalid("#/parent_line_id", "unknown_id", NO_LINE)
    domain.check_open(AgreementStatus(agreement.status), domain.TAKES_LINES, "Lines are")
    return await write_row(session, new_row(AgreementLine, body))


async def create_agreement_deliverable(
    session: AsyncSession, caller: Caller, body: AgreementDeliverableCreate
) -> AgreementDeliverable:
    """Record a promise."""
    caller.require_role(WRITER)
    agreement = await _require_agreement(session, body.agreement_code)
    caller.require_country(agreement.country_code)
    domain.check_delivery(body.kind, body.model_dump())
    return await write_row(session, new_row(AgreementDeliverable, body))


async def update_agreement_deliverable(
    session: AsyncSession, caller: Caller, deliverable_id: uuid.UUID, version: int, body: AgreementDeliverableUpdate
) -> AgreementDeliverable:
    """Change a promise that the caller has read at `version`."""
    caller.require_role(WRITER)
    deliverable = await get_row(session, AgreementDeliverable, deliverable_id, lock=True)
    agreement = await _require_agreement(session, deliverable.agreement_code)
    caller.require_country(agreement.country_code)
    check_version(deliverable, version)
    changes = body.model_dump(exclude_unset=True)
    domain.check_delivery(DeliverableKind(deliverable.kind), deliverable.model_dump() | changes)
    for column, value in changes.items():
        setattr(deliverable, column, value)
    return await touch_row(session, deliverable)


async def _load(session: AsyncSession, caller: Caller, agreement_id: uuid.UUID, version: int) -> Agreement:
    agreement = await get_row(session, Agreement, agreement_id, lock=True)
    caller.require_country(agreement.country_code)
    check_version(agreement, version)
    return agreement


async def _require_agreement(
    session: AsyncSession, code: str, pointer: str = "#/agreement_code", *, lock: bool = False
) -> Agreement:
    agreement = await queries.find_agreement(session, code, lock=lock)
    if agreement is None:
        raise invalid(pointer, "unknown_code", NO_AGREEMENT)
    return agreement


def _wanted(fields: dict[str, Any]) -> dict[str, tuple[type[references.Ref], str]]:
    return {f"#/{name}": (AgencyRef, fields[name]) for name in _PARTIES if fields.get(name) is not None}


def _check_ceiling(agreement_type: AgreementType, ceiling: object | None) -> None:
    if ceiling is not None and agreement_type in domain.OBLIGATES_NOTHING:
        raise invalid("#/ceiling", "obligates_nothing", "A memorandum of understanding obligates nothing.")


def _today() -> date:
    return datetime.now(UTC).date()
