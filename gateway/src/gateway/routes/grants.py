"""Grants over HTTP: for administrators."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Depends, Query, Request, Response

from gateway import queries, service
from gateway.models import Grant
from gateway.routes.managers import require_manager
from gateway.schemas.grants import GrantCreate, GrantPage, GrantQuery, GrantRead, GrantUpdate

router: Final = work_router("Grants")
router.dependencies.append(Depends(require_manager))


@router.get("/grants", response_model=GrantPage)
async def list_grants(request: Request, session: Session, query: Annotated[GrantQuery, Query()]) -> Page | Response:
    """List which user has which country, those that were revoked too."""
    return await answer_list(request, session, query, queries.grants(), GrantPage)


@router.post("/grants", status_code=201, response_model=GrantRead)
async def create_grant(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: GrantCreate
) -> Grant:
    """Grant a country to a user, `*` for all."""
    grant = await service.create_grant(session, caller, body)
    created(request, response, grant)
    return grant


@router.get("/grants/{grant_id}", response_model=GrantRead)
async def get_grant(request: Request, response: Response, session: Session, grant_id: uuid.UUID) -> Grant:
    """Read one grant."""
    grant = await get_row(session, Grant, grant_id)
    send_etag(request, response, grant)
    return grant


@router.patch("/grants/{grant_id}", response_model=GrantRead)
async def update_grant(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    grant_id: uuid.UUID,
    version: IfMatch,
    body: GrantUpdate,
) -> Grant:
    """Change the flags of a grant."""
    grant = await service.update_grant(session, caller, grant_id, version, body)
    send_etag(request, response, grant)
    return grant


@router.post("/grants/{grant_id}/revoke", response_model=GrantRead)
async def revoke_grant(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    grant_id: uuid.UUID,
    version: IfMatch,
) -> Grant:
    """End a grant, from the user's next request on. It stays as a record."""
    grant = await service.revoke_grant(session, caller, grant_id, version)
    send_etag(request, response, grant)
    return grant
