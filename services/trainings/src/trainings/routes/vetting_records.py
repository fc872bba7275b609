"""Vetting over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, send_etag
from chassis.unit_of_work import CurrentCaller, Session
from chassis.voids import VoidCreate
from fastapi import Depends, Query, Request, Response

from trainings import queries
from trainings.models import VettingRecord
from trainings.routes.personal import personal_router
from trainings.schemas.seats_at_risk import SeatAtRiskPage, SeatAtRiskQuery
from trainings.schemas.vetting_records import (
    VettingRecordCreate,
    VettingRecordPage,
    VettingRecordQuery,
    VettingRecordRead,
    VettingRecordUpdate,
)
from trainings.service import vetting
from trainings.service.loading import today

router: Final = personal_router("Vetting")


def validity_days(request: Request) -> int:
    """For how many days an approval holds."""
    days: int = request.app.state.settings.vetting_validity_days
    return days


ValidityDays = Annotated[int, Depends(validity_days)]


@router.get("/vetting-records", response_model=VettingRecordPage)
async def list_vetting_records(
    request: Request, session: Session, caller: CurrentCaller, query: Annotated[VettingRecordQuery, Query()]
) -> Page | Response:
    """List the vetting of people and units in countries that the caller may record vetting for."""
    return await answer_list(request, session, query, queries.vetting_records(caller), VettingRecordPage)


@router.post("/vetting-records", status_code=201, response_model=VettingRecordRead)
async def create_vetting_record(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    body: VettingRecordCreate,
    days: ValidityDays,
) -> VettingRecord:
    """Record a vetting of a person or a unit. It needs a grant for their country with the flag `is_vetting`."""
    record = await vetting.create_vetting_record(session, caller, body, days)
    created(request, response, record)
    return record


@router.get("/vetting-records/{vetting_record_id}", response_model=VettingRecordRead)
async def get_vetting_record(
    request: Request, response: Response, session: Session, caller: CurrentCaller, vetting_record_id: uuid.UUID
) -> VettingRecord:
    """Read one vetting record."""
    record = await vetting.get_vetting_record(session, caller, vetting_record_id)
    send_etag(request, response, record)
    return record


@router.patch("/vetting-records/{vetting_record_id}", response_model=VettingRecordRead)
async def update_vetting_record(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    vetting_record_id: uuid.UUID,
    version: IfMatch,
    body: VettingRecordUpdate,
    days: ValidityDays,
) -> VettingRecord:
    """Record what a vetting came to. A seat given on an approval is at risk from then on if it no longer holds."""
    record = await vetting.update_vetting_record(session, caller, vetting_record_id, version, body, days)
    send_etag(request, response, record)
    return record


@router.post("/vetting-records/{vetting_record_id}/void", response_model=VettingRecordRead)
async def void_vetting_record(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    vetting_record_id: uuid.UUID,
    version: IfMatch,
    body: VoidCreate,
) -> VettingRecord:
    """Void a vetting that was entered in error: nobody is cleared by it from then on."""
    record = await vetting.void_vetting_record(session, caller, vetting_record_id, version, body)
    send_etag(request, response, record)
    return record


@router.get("/seats-at-risk", response_model=SeatAtRiskPage)
async def list_seats_at_risk(
    request: Request, session: Session, caller: CurrentCaller, query: Annotated[SeatAtRiskQuery, Query()]
) -> Page | Response:
    """List the seats in trainings to come that need a clearance and will not have one on the first day, and why."""
    listing = queries.seats_at_risk(caller, today())
    return await answer_list(request, session, query, listing, SeatAtRiskPage)
