"""What may be done to contributions of host nations and recipients."""

import uuid
from datetime import UTC, datetime
from typing import Any

from chassis.errors import invalid
from chassis.resources import check_version, get_row, new_row, touch_row, write_row
from chassis.tokens import Caller
from chassis.voids import VoidCreate, check_not_voided, void_row
from sqlmodel.ext.asyncio.session import AsyncSession

from funding import domain, queries, references
from funding.domain import ContributionKind, ContributionStage, ContributionStream, EvidenceGrade, FundCodeKind
from funding.models import AgencyRef, HostContribution, ProgramRef
from funding.references import Owner
from funding.schemas.host_contributions import (
    HostContributionCreate,
    HostContributionTransition,
    HostContributionUpdate,
)
from funding.service.words import NO_AGREEMENT, NO_FUNCTION, WRITER


async def create_host_contribution(
    session: AsyncSession, caller: Caller, body: HostContributionCreate, owner: Owner
) -> HostContribution:
    """Record a contribution. Agency and program are looked up before a connection is taken."""
    caller.require_role(WRITER)
    caller.require_country(body.country_code)
    stage = ContributionStage(body.stage)
    domain.check_contribution_days(None, body.stage_on, datetime.now(UTC).date(), "#/stage_on")
    domain.check_period(body.starts_on, body.ends_on)
    _check_evidence(body.kind, stage, body.model_dump())
    if body.stream is ContributionStream.cost_share and body.agreement_code is None:
        raise invalid("#/agreement_code", "missing", "A cost share is promised in an agreement: name it.")
    wanted: dict[str, tuple[type[references.Ref], str]] = {}
    if body.contributor_agency_code is not None:
        wanted["#/contributor_agency_code"] = (AgencyRef, body.contributor_agency_code)
    if body.program_code is not None:
        wanted["#/program_code"] = (ProgramRef, body.program_code)
    await references.keep(session, await references.look_up(owner, wanted))
    await _require_scope(session, body)
    reached: dict[str, Any] = {f"{stage}_value": body.amount.amount, f"{stage}_on": body.stage_on}
    return await write_row(session, new_row(HostContribution, body, currency=body.amount.currency, **reached))


async def update_host_contribution(
    session: AsyncSession, caller: Caller, contribution_id: uuid.UUID, version: int, body: HostContributionUpdate
) -> HostContribution:
    """Change what is said of a contribution that the caller has read at `version`, but no amount and no stage."""
    contribution = await _load(session, caller, contribution_id, version)
    changes = body.model_dump(exclude_unset=True)
    after = contribution.model_dump() | changes
    domain.check_period(after["starts_on"], after["ends_on"])
    _check_evidence(ContributionKind(contribution.kind), ContributionStage(contribution.stage), after)
    for name, value in changes.items():
        setattr(contribution, name, value)
    return await touch_row(session, contribution)


async def advance_host_contribution(
    session: AsyncSession, caller: Caller, contribution_id: uuid.UUID, version: int, body: HostContributionTransition
) -> HostContribution:
    """Let a contribution go on: delivered or lapsed what was pledged, verified what was delivered."""
    contribution = await _load(session, caller, contribution_id, version)
    domain.check_stage_follows(ContributionStage(contribution.stage), body.to)
    before = contribution.pledged_on if contribution.stage == ContributionStage.pledged else contribution.delivered_on
    domain.check_contribution_days(before, body.stage_on, datetime.now(UTC).date(), "#/stage_on")
    if body.amount is not None and body.amount.currency != contribution.currency:
        raise invalid("#/amount/currency", "other_currency", f"This contribution is in {contribution.currency}.")
    said = body.model_dump(include={"evidence_grade", "document_reference"}, exclude_none=True)
    _check_evidence(ContributionKind(contribution.kind), body.to, contribution.model_dump() | said)
    for name, value in said.items():
        setattr(contribution, name, value)
    _reach(contribution, body)
    return await touch_row(session, contribution)


async def void_host_contribution(
    session: AsyncSession, caller: Caller, contribution_id: uuid.UUID, version: int, body: VoidCreate
) -> HostContribution:
    """Void a contribution that the caller has read at `version`."""
    caller.require_role(WRITER)
    contribution = await get_row(session, HostContribution, contribution_id, lock=True)
    caller.require_country(contribution.country_code)
    return await void_row(session, caller, contribution, version, body)


def _reach(contribution: HostContribution, body: HostContributionTransition) -> None:
    amount = None if body.amount is None else body.amount.amount
    match body.to:
        case ContributionStage.lapsed:
            if amount is not None:
                raise invalid("#/amount", "lapses_whole", "A pledge lapses whole.")
        case ContributionStage.delivered:
            contribution.delivered_value = amount or contribution.pledged_value
        case ContributionStage.verified:
            delivered = contribution.delivered_value
            verified = amount or delivered
            if delivered is not None and verified is not None:
                domain.check_verified_amount(delivered, verified)
            contribution.verified_value = verified
    setattr(contribution, f"{body.to}_on", body.stage_on)
    contribution.stage = body.to


async def _load(session: AsyncSession, caller: Caller, contribution_id: uuid.UUID, version: int) -> HostContribution:
    caller.require_role(WRITER)
    contribution = await get_row(session, HostContribution, contribution_id, lock=True)
    caller.require_country(contribution.country_code)
    check_not_voided(contribution)
    check_version(contribution, version)
    return contribution


async def _require_scope(session: AsyncSession, body: HostContributionCreate) -> None:
    """The agreement and the function are recorded, and the agreement is of the same country."""
    if body.agreement_code is not None:
        agreement = await queries.find_agreement(session, body.agreement_code)
        if agreement is None:
            raise invalid("#/agreement_code", "unknown_code", NO_AGREEMENT)
        if agreement.country_code != body.country_code:
            raise invalid("#/agreement_code", "other_country", f"This agreement is of {agreement.country_code}.")
    if body.function_code is not None:
        code = await queries.find_fund_code(session, FundCodeKind.function, body.function_code)
        if code is None:
            raise invalid("#/function_code", "unknown_code", NO_FUNCTION)


def _check_evidence(kind: ContributionKind, stage: ContributionStage, said: dict[str, Any]) -> None:
    domain.check_evidence(
        kind,
        stage,
        EvidenceGrade(said["evidence_grade"]),
        has_valuation=said["valuation_method"] is not None,
        has_document=said["document_reference"] is not None,
    )
