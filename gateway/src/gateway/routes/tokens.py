"""Tokens over HTTP: one's own; all of them to an administrator."""

import uuid
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, send_etag
from chassis.unit_of_work import CurrentCaller, PrivateRoute, Session, work_router
from fastapi import Query, Request, Response

from gateway import queries, service
from gateway.models import ApiToken
from gateway.schemas.tokens import TokenCreate, TokenMade, TokenPage, TokenQuery, TokenRead

# Private: the answer that makes a token holds it.
router: Final = work_router("Tokens", PrivateRoute)


@router.get("/tokens", response_model=TokenPage)
async def list_tokens(
    request: Request, session: Session, caller: CurrentCaller, query: Annotated[TokenQuery, Query()]
) -> Page | Response:
    """List your tokens; all tokens, if you are an administrator."""
    return await answer_list(request, session, query, queries.tokens(caller), TokenPage)


@router.post("/tokens", status_code=201, response_model=TokenMade)
async def create_token(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: TokenCreate
) -> TokenMade:
    """Make a token of your own, for what you may do or less. It is shown this once."""
    token, row = await service.create_token(session, caller, body)
    created(request, response, row)
    return TokenMade.model_validate(row.model_dump(exclude={"secret_hash"}) | {"token": token})


@router.get("/tokens/{token_id}", response_model=TokenRead)
async def get_token(
    request: Request, response: Response, session: Session, caller: CurrentCaller, token_id: uuid.UUID
) -> ApiToken:
    """Read one token, without what makes it one."""
    token = await queries.get_token(session, caller, token_id)
    send_etag(request, response, token)
    return token


@router.post("/tokens/{token_id}/revoke", response_model=TokenRead)
async def revoke_token(
    request: Request, response: Response, session: Session, caller: CurrentCaller, token_id: uuid.UUID, version: IfMatch
) -> ApiToken:
    """End a token: the next request with it is refused."""
    token = await service.revoke_token(session, caller, token_id, version)
    send_etag(request, response, token)
    return token
