"""Cost allocations over HTTP: read, add, void."""

import uuid
from typing import Annotated, Final

from chassis.known import look_back
from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from chassis.voids import VoidCreate
from fastapi import Depends, Query, Request, Response

from funding import queries, service
from funding.models import CostAllocation
from funding.references import TrainingsOwner
from funding.schemas.cost_allocations import (
    CostAllocationCreate,
    CostAllocationPage,
    CostAllocationQuery,
    CostAllocationRead,
)

router: Final = work_router("Costs")


def trainings_service(request: Request, caller: CurrentCaller) -> TrainingsOwner:
    """The owner of trainings, asked with the caller's own token."""
    settings = request.app.state.settings
    return TrainingsOwner(
        client=request.app.state.trainings_client,
        engine=request.app.state.engine,
        caller=caller,
        authorization=request.headers["authorization"],
        fresh_seconds=settings.reference_fresh_seconds,
        timeout_seconds=settings.trainings_timeout_seconds,
    )


TrainingsService = Annotated[TrainingsOwner, Depends(trainings_service)]


@router.get("/cost-allocations", response_model=CostAllocationPage, dependencies=[Depends(look_back)])
async def list_cost_allocations(
    request: Request, session: Session, query: Annotated[CostAllocationQuery, Query()]
) -> Page | Response:
    """List what disbursements were for: shares of them, by training or other target."""
    return await answer_list(request, session, query, queries.cost_allocations(), CostAllocationPage)


@router.post("/cost-allocations", status_code=201, response_model=CostAllocationRead)
async def create_cost_allocation(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    body: CostAllocationCreate,
    owner: TrainingsService,
) -> CostAllocation:
    """Allocate a share of a disbursement. All shares together are no more than the whole."""
    made = await service.create_cost_allocation(session, caller, body, owner)
    created(request, response, made)
    return made


@router.get("/cost-allocations/{cost_allocation_id}", response_model=CostAllocationRead)
async def get_cost_allocation(
    request: Request, response: Response, session: Session, cost_allocation_id: uuid.UUID
) -> CostAllocation:
    """Read one allocation."""
    found = await get_row(session, CostAllocation, cost_allocation_id)
    send_etag(request, response, found)
    return found


@router.post("/cost-allocations/{cost_allocation_id}/void", response_model=CostAllocationRead)
async def void_cost_allocation(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    cost_allocation_id: uuid.UUID,
    version: IfMatch,
    body: VoidCreate,
) -> CostAllocation:
    """Void an allocation that was entered in error: its share can be allocated again."""
    voided = await service.void_cost_allocation(session, caller, cost_allocation_id, version, body)
    send_etag(request, response, voided)
    return voided
