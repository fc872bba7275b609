"""Units over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, send_etag
from chassis.unit_of_work import CurrentCaller, Session
from fastapi import Query, Request, Response

from trainings import queries
from trainings.models import Unit
from trainings.routes.personal import personal_router
from trainings.routes.trainings import ProgramsService
from trainings.schemas.units import UnitCreate, UnitPage, UnitQuery, UnitRead, UnitUpdate
from trainings.service import vetting

router: Final = personal_router("Units")


@router.get("/units", response_model=UnitPage)
async def list_units(
    request: Request, session: Session, caller: CurrentCaller, query: Annotated[UnitQuery, Query()]
) -> Page | Response:
    """List the units of countries the caller has a grant for."""
    return await answer_list(request, session, query, queries.units(caller), UnitPage)


@router.post("/units", status_code=201, response_model=UnitRead)
async def create_unit(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    body: UnitCreate,
    owner: ProgramsService,
) -> Unit:
    """Record a unit of a host nation's service. Its agency must be recorded already."""
    unit = await vetting.create_unit(session, caller, body, owner)
    created(request, response, unit)
    return unit


@router.get("/units/{unit_id}", response_model=UnitRead)
async def get_unit(
    request: Request, response: Response, session: Session, caller: CurrentCaller, unit_id: uuid.UUID
) -> Unit:
    """Read one unit."""
    unit = await queries.get_about_person(session, caller, Unit, unit_id)
    send_etag(request, response, unit)
    return unit


@router.patch("/units/{unit_id}", response_model=UnitRead)
async def update_unit(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    unit_id: uuid.UUID,
    version: IfMatch,
    body: UnitUpdate,
    owner: ProgramsService,
) -> Unit:
    """Change fields of a unit."""
    unit = await vetting.update_unit(session, caller, unit_id, version, body, owner)
    send_etag(request, response, unit)
    return unit
