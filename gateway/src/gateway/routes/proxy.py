"""Everything else under /v1: signed for, and passed to the service that answers it."""

from http import HTTPStatus
from typing import Final

from chassis.errors import NotFound
from chassis.logs import current_request_id
from chassis.problems import nearest
from chassis.tokens import mint_token
from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from gateway.routing import NOUNS, OWN, find_service

router: Final = APIRouter(include_in_schema=False)


@router.api_route("/v1/{path:path}", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def forward(request: Request, path: str) -> Response:
    """Pass the request to its service with a token that says who is asking."""
    caller = await request.app.state.authenticate(request)
    service = find_service(request.scope["path"])
    if service is None:
        if any(route.matches(request.scope)[0] is Match.PARTIAL for route in request.app.routes):
            raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED)  # the address is our own, and does not take the method
        known = sorted([*OWN, *(noun for nouns in NOUNS.values() for noun in nouns)])
        raise NotFound(f"There is nothing at this address.{nearest(path.split('/', maxsplit=1)[0], known)}")
    token = mint_token(request.app.state.token_private_key, caller, current_request_id())
    answer: Response = await request.app.state.services.forward(service, request, token)
    return answer
