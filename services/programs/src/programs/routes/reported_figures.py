"""Reported figures over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.known import look_back
from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from chassis.voids import VoidCreate
from fastapi import Depends, Query, Request, Response

from programs import queries, service
from programs.models import ReportedFigure
from programs.schemas.claims import RankCreate
from programs.schemas.reported_figures import (
    ReportedFigureCreate,
    ReportedFigurePage,
    ReportedFigureQuery,
    ReportedFigureRead,
)

router: Final = work_router("Reported figures")


@router.get("/reported-figures", response_model=ReportedFigurePage, dependencies=[Depends(look_back)])
async def list_reported_figures(
    request: Request, session: Session, query: Annotated[ReportedFigureQuery, Query()]
) -> Page | Response:
    """List the numbers that documents state."""
    return await answer_list(request, session, query, queries.reported_figures(), ReportedFigurePage)


@router.post("/reported-figures", status_code=201, response_model=ReportedFigureRead)
async def create_reported_figure(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: ReportedFigureCreate
) -> ReportedFigure:
    """Record a number that a document states."""
    reported_figure = await service.create_reported_figure(session, caller, body)
    created(request, response, reported_figure)
    return reported_figure


@router.get("/reported-figures/{reported_figure_id}", response_model=ReportedFigureRead)
async def get_reported_figure(
    request: Request, response: Response, session: Session, reported_figure_id: uuid.UUID
) -> ReportedFigure:
    """Read one reported figure."""
    reported_figure = await get_row(session, ReportedFigure, reported_figure_id)
    send_etag(request, response, reported_figure)
    return reported_figure


@router.post("/reported-figures/{reported_figure_id}/ranks", status_code=201, response_model=ReportedFigureRead)
async def rank_reported_figure(
    session: Session, caller: CurrentCaller, reported_figure_id: uuid.UUID, body: RankCreate
) -> ReportedFigure:
    """Give it another rank from now on, with the reason; earlier decisions stay."""
    return await service.rank_reported_figure(session, caller, reported_figure_id, body)


@router.post("/reported-figures/{reported_figure_id}/void", response_model=ReportedFigureRead)
async def void_reported_figure(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    reported_figure_id: uuid.UUID,
    version: IfMatch,
    body: VoidCreate,
) -> ReportedFigure:
    """Void a figure that was entered in error, not one that is only out of date: it is never shown as the claim again.

    What it superseded leads again, with the rank it had. Its code is never free: record anew under another.
    """
    reported_figure = await service.void_reported_figure(session, caller, reported_figure_id, version, body)
    send_etag(request, response, reported_figure)
    return reported_figure
