"""Certifications over HTTP."""

import uuid
from datetime import date
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, send_etag
from chassis.unit_of_work import CurrentCaller, Session
from chassis.values import Day
from chassis.voids import VoidCreate
from fastapi import Query, Request, Response

from trainings import queries, service
from trainings.models import Certification
from trainings.routes.personal import personal_router
from trainings.routes.rules import Rules
from trainings.routes.trainings import ProgramsService
from trainings.schemas.certifications import (
    CertificationCreate,
    CertificationPage,
    CertificationQuery,
    CertificationRead,
    CertificationReinstate,
    CertificationRevoke,
    CertificationSuspend,
)
from trainings.service.loading import today

router: Final = personal_router("Certifications")
AsOf = Annotated[Day | None, Query(description="The day that `status` is of, today (UTC) by default.")]


def show(certification: Certification, rules: Rules, as_of: date | None = None) -> CertificationRead:
    """A certification with what it is on a day."""
    day = as_of or today()
    status = None
    if not certification.is_voided:
        status = certification.term.status_on(day, rules.certification_expiring_days)
    shown = certification.model_dump() | {
        "is_voided": certification.is_voided,
        "suspensions": [one.model_dump() for one in certification.suspensions],
        "status": status,
        "as_of": day,
    }
    return CertificationRead.model_validate(shown)


@router.get("/certifications", response_model=CertificationPage)
async def list_certifications(
    request: Request,
    session: Session,
    caller: CurrentCaller,
    rules: Rules,
    query: Annotated[CertificationQuery, Query()],
) -> Page | Response:
    """List the certifications of people in countries the caller has a grant for, as they are on a day."""
    listing = queries.certifications(caller, lambda row: show(row, rules, query.as_of))
    return await answer_list(request, session, query, listing, CertificationPage)


@router.post("/certifications", status_code=201, response_model=CertificationRead)
async def create_certification(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    body: CertificationCreate,
    owner: ProgramsService,
    rules: Rules,
) -> CertificationRead:
    """Record an award to a person, a renewal among them. Its issuer must be recorded already."""
    certification = await service.create_certification(session, caller, body, owner)
    created(request, response, certification)
    return show(certification, rules)


@router.get("/certifications/{certification_id}", response_model=CertificationRead)
async def get_certification(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    certification_id: uuid.UUID,
    rules: Rules,
    as_of: AsOf = None,
) -> CertificationRead:
    """Read one certification, as it is on a day."""
    certification = await queries.get_about_person(session, caller, Certification, certification_id)
    send_etag(request, response, certification)
    return show(certification, rules, as_of)


@router.post("/certifications/{certification_id}/suspend", response_model=CertificationRead)
async def suspend_certification(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    certification_id: uuid.UUID,
    version: IfMatch,
    body: CertificationSuspend,
    rules: Rules,
) -> CertificationRead:
    """Let a certification not hold from a day on, until it is reinstated."""
    certification = await service.suspend_certification(session, caller, certification_id, version, body)
    send_etag(request, response, certification)
    return show(certification, rules)


@router.post("/certifications/{certification_id}/reinstate", response_model=CertificationRead)
async def reinstate_certification(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    certification_id: uuid.UUID,
    version: IfMatch,
    body: CertificationReinstate,
    rules: Rules,
) -> CertificationRead:
    """End the suspension of a certification; it holds again from the day after."""
    certification = await service.reinstate_certification(session, caller, certification_id, version, body)
    send_etag(request, response, certification)
    return show(certification, rules)


@router.post("/certifications/{certification_id}/revoke", response_model=CertificationRead)
async def revoke_certification(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    certification_id: uuid.UUID,
    version: IfMatch,
    body: CertificationRevoke,
    rules: Rules,
) -> CertificationRead:
    """Take a certification back from a day on, for good."""
    certification = await service.revoke_certification(session, caller, certification_id, version, body)
    send_etag(request, response, certification)
    return show(certification, rules)


@router.post("/certifications/{certification_id}/confirm", response_model=CertificationRead)
async def confirm_certification(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    certification_id: uuid.UUID,
    version: IfMatch,
    rules: Rules,
) -> CertificationRead:
    """Make a provisional certification a full one."""
    certification = await service.confirm_certification(session, caller, certification_id, version)
    send_etag(request, response, certification)
    return show(certification, rules)


@router.post("/certifications/{certification_id}/void", response_model=CertificationRead)
async def void_certification(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    certification_id: uuid.UUID,
    version: IfMatch,
    body: VoidCreate,
    rules: Rules,
) -> CertificationRead:
    """Void a certification that was entered in error, once and for good."""
    certification = await service.void_certification(session, caller, certification_id, version, body)
    send_etag(request, response, certification)
    return show(certification, rules)
