"""Sources over HTTP."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Query, Request, Response

from programs import queries, service
from programs.models import Source
from programs.schemas.sources import SourceCreate, SourcePage, SourceQuery, SourceRead, SourceUpdate

router: Final = work_router("Sources")


@router.get("/sources", response_model=SourcePage)
async def list_sources(request: Request, session: Session, query: Annotated[SourceQuery, Query()]) -> Page | Response:
    """List the documents that figures and statements come from."""
    return await answer_list(request, session, query, queries.sources(), SourcePage)


@router.post("/sources", status_code=201, response_model=SourceRead)
async def create_source(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: SourceCreate
) -> Source:
    """Record a document."""
    source = await service.create_source(session, caller, body)
    created(request, response, source)
    return source


@router.get("/sources/{source_id}", response_model=SourceRead)
async def get_source(request: Request, response: Response, session: Session, source_id: uuid.UUID) -> Source:
    """Read one source."""
    source = await get_row(session, Source, source_id)
    send_etag(request, response, source)
    return source


@router.patch("/sources/{source_id}", response_model=SourceRead)
async def update_source(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    source_id: uuid.UUID,
    version: IfMatch,
    body: SourceUpdate,
) -> Source:
    """Change what is known of a document."""
    source = await service.update_source(session, caller, source_id, version, body)
    send_etag(request, response, source)
    return source
