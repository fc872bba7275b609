"""What may be done to certifications."""

import uuid

from chassis.errors import Conflict, invalid
from chassis.resources import check_version, new_row, touch_row, write_row
from chassis.tokens import Caller
from chassis.voids import VoidCreate, check_not_voided, void_row
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import domain, queries, references
from trainings.models import AgencyRef, Certification, CertificationSuspension
from trainings.references import Owner
from trainings.schemas.certifications import (
    CertificationCreate,
    CertificationReinstate,
    CertificationRevoke,
    CertificationSuspend,
)
from trainings.service.loading import WRITER, require_course, require_person, require_training, today
from trainings.service.words import NO_CERTIFICATION


async def create_certification(
    session: AsyncSession, caller: Caller, body: CertificationCreate, owner: Owner
) -> Certification:
    """Record an award. Its issuer is looked up at the programs service before a connection is taken."""
    caller.require_role(WRITER)
    domain.check_certification_dates(body.issued_on, body.expires_on, today())
    refs = await references.look_up(owner, {"#/issuer_agency_code": (AgencyRef, body.issuer_agency_code)})
    await references.keep(session, refs)
    await require_person(session, caller, body.person_id)
    await require_course(session, "#/course_code", body.course_code)
    if body.training_id is not None:
        await require_training(session, body.training_id)
    if body.renews_certification_id is not None:
        await _require_renewable(session, caller, body.renews_certification_id)
    return await write_row(session, new_row(Certification, body))


async def suspend_certification(
    session: AsyncSession, caller: Caller, certification_id: uuid.UUID, version: int, body: CertificationSuspend
) -> Certification:
    """Let a certification that the caller has read at `version` not hold from a day on."""
    certification = await _take(session, caller, certification_id, version)
    if body.starts_on < certification.issued_on:
        raise invalid("#/starts_on", "before_issue", f"It was issued on {domain.in_words(certification.issued_on)}.")
    if await queries.find_open_suspension(session, certification.id) is not None:
        raise Conflict("This certification is suspended already. Reinstate it first.")
    row = CertificationSuspension(certification_id=certification.id, starts_on=body.starts_on, reason=body.reason)
    await write_row(session, row)
    return await touch_row(session, certification)


async def reinstate_certification(
    session: AsyncSession, caller: Caller, certification_id: uuid.UUID, version: int, body: CertificationReinstate
) -> Certification:
    """End the suspension of a certification that the caller has read at `version`."""
    certification = await _take(session, caller, certification_id, version)
    suspension = await queries.find_open_suspension(session, certification.id)
    if suspension is None:
        raise Conflict("This certification is not suspended.")
    if body.ends_on < suspension.starts_on:
        begun = domain.in_words(suspension.starts_on)
        raise invalid("#/ends_on", "before_start", f"The suspension began on {begun}.")
    suspension.ends_on = body.ends_on
    await touch_row(session, suspension)
    return await touch_row(session, certification)


async def revoke_certification(
    session: AsyncSession, caller: Caller, certification_id: uuid.UUID, version: int, body: CertificationRevoke
) -> Certification:
    """Take a certification back, for good, that the caller has read at `version`."""
    certification = await _take(session, caller, certification_id, version)
    if body.revoked_on < certification.issued_on:
        issued = domain.in_words(certification.issued_on)
        raise invalid("#/revoked_on", "before_issue", f"It was issued on {issued}.")
    certification.revoked_on, certification.revoke_reason = body.revoked_on, body.reason
    return await touch_row(session, certification)


async def confirm_certification(
    session: AsyncSession, caller: Caller, certification_id: uuid.UUID, version: int
) -> Certification:
    """Make a provisional certification, which the caller has read at `version`, a full one."""
    certification = await _take(session, caller, certification_id, version)
    if not certification.is_provisional:
        raise Conflict("This certification is not provisional.")
    certification.is_provisional = False
    return await touch_row(session, certification)


async def void_certification(
    session: AsyncSession, caller: Caller, certification_id: uuid.UUID, version: int, body: VoidCreate
) -> Certification:
    """Void a certification that the caller has read at `version`."""
    caller.require_role(WRITER)
    certification = await queries.get_about_person(session, caller, Certification, certification_id, lock=True)
    return await void_row(session, caller, certification, version, body)


async def _take(session: AsyncSession, caller: Caller, certification_id: uuid.UUID, version: int) -> Certification:
    """The certification, locked, where something may still be done to it."""
    caller.require_role(WRITER)
    certification = await queries.get_about_person(session, caller, Certification, certification_id, lock=True)
    check_not_voided(certification)
    check_version(certification, version)
    domain.check_not_revoked(certification.revoked_on)
    return certification


async def _require_renewable(session: AsyncSession, caller: Caller, certification_id: uuid.UUID) -> None:
    if await queries.find_about_person(session, caller, Certification, certification_id) is None:
        raise invalid("#/renews_certification_id", "unknown_id", NO_CERTIFICATION)
