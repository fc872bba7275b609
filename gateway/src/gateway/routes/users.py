"""Users over HTTP: for administrators."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, get_row, send_etag
from chassis.unit_of_work import CurrentCaller, Session, work_router
from fastapi import Depends, Query, Request, Response

from gateway import queries, service
from gateway.models import User
from gateway.routes.managers import require_manager
from gateway.schemas.users import UserCreate, UserPage, UserQuery, UserRead, UserUpdate

router: Final = work_router("Users")
router.dependencies.append(Depends(require_manager))


@router.get("/users", response_model=UserPage)
async def list_users(request: Request, session: Session, query: Annotated[UserQuery, Query()]) -> Page | Response:
    """List who may sign in."""
    return await answer_list(request, session, query, queries.users(), UserPage)


@router.post("/users", status_code=201, response_model=UserRead)
async def create_user(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: UserCreate
) -> User:
    """Let somebody, or some script, sign in."""
    user = await service.create_user(session, caller, body)
    created(request, response, user)
    return user


@router.get("/users/{user_id}", response_model=UserRead)
async def get_user(request: Request, response: Response, session: Session, user_id: uuid.UUID) -> User:
    """Read one user."""
    user = await get_row(session, User, user_id)
    send_etag(request, response, user)
    return user


@router.patch("/users/{user_id}", response_model=UserRead)
async def update_user(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    user_id: uuid.UUID,
    version: IfMatch,
    body: UserUpdate,
) -> User:
    """Give a user another role, or let them in no more; it holds from their next request on."""
    user = await service.update_user(session, caller, user_id, version, body)
    send_etag(request, response, user)
    return user
