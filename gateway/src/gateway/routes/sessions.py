"""Sessions over HTTP: what somebody signed in with, in exchange for a token of some hours."""

from typing import Final

from chassis.resources import etag
from chassis.tokens import Caller
from chassis.unit_of_work import CurrentCaller, PrivateRoute, Session, work_router
from fastapi import Request, Response

from gateway import service
from gateway.access import authenticate_link, link_hash_of
from gateway.schemas.sessions import SessionCreate
from gateway.schemas.tokens import TokenMade


class SignInRoute(PrivateRoute):
    """A route that the code of a sign-in link opens too, and no other does."""

    async def authenticate(self, request: Request) -> Caller:
        """Whom the link signs in, else who is calling."""
        return await authenticate_link(request) or await super().authenticate(request)


router: Final = work_router("Sessions", SignInRoute)


@router.post("/sessions", status_code=201, response_model=TokenMade)
async def start_session(
    request: Request, response: Response, session: Session, caller: CurrentCaller, body: SessionCreate
) -> TokenMade:
    """Sign in: a token for some hours, shown once. Sent in a token's place, the code of a sign-in link is used up."""
    link_hash = link_hash_of(request.headers.get("authorization"))
    token, row = await service.start_session(session, caller, body, link_hash)
    response.headers["Location"] = f"/v1/tokens/{row.id}"
    response.headers["ETag"] = etag(row.version)
    return TokenMade.model_validate(row.model_dump(exclude={"secret_hash"}) | {"token": token})
