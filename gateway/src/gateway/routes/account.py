"""The caller's own account over HTTP."""

import uuid
from typing import Any, Final

from chassis.resources import get_row
from chassis.unit_of_work import CurrentCaller, PrivateRoute, Session, work_router
from fastapi import Request

from gateway import queries
from gateway.access import token_key_of
from gateway.models import User
from gateway.schemas.account import AccountRead

router: Final = work_router("Account", PrivateRoute)


@router.get("/account", response_model=AccountRead)
async def get_account(request: Request, session: Session, caller: CurrentCaller) -> dict[str, Any]:
    """Read who you are, what you may do here, and the token you came with."""
    user = await get_row(session, User, uuid.UUID(caller.subject))
    key = token_key_of(request.headers.get("authorization"))
    return {
        "id": user.id,
        "name": user.name,
        "kind": user.kind,
        "role": caller.role,
        "country_codes": sorted(caller.countries),
        "grants": user.grants,
        "token": await queries.find_token(session, key) if key else None,
    }
