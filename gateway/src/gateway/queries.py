"""Questions to the gateway's tables. Nothing here changes anything."""

import uuid
from collections.abc import Iterable

from chassis.errors import NotFound
from chassis.paging import Listing
from chassis.resources import get_row
from chassis.tokens import Caller
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.access import OPERATOR
from gateway.models import ApiToken, Grant, User


def users() -> Listing:
    """All users."""
    names = ("name", "kind", "role", "is_active", "issuer", "subject")
    return Listing(
        statement=select(User),
        filters={name: getattr(User, name) for name in names},
        sorts={"name": User.name, "created_at": User.created_at, "updated_at": User.updated_at},
        id=User.id,
        text=[User.name],
    )


def grants() -> Listing:
    """All grants, those that were revoked too."""
    names = ("user_id", "country_code", "is_vetting", "is_approver", "revoked_at")
    return Listing(
        statement=select(Grant),
        filters={name: getattr(Grant, name) for name in names},
        sorts={"country_code": Grant.country_code, "created_at": Grant.created_at, "updated_at": Grant.updated_at},
        id=Grant.id,
    )


def tokens(caller: Caller) -> Listing:
    """The caller's own tokens; all of them to an administrator."""
    statement = select(ApiToken)
    if caller.role != "admin":
        statement = statement.where(col(ApiToken.user_id) == uuid.UUID(caller.subject))
    return Listing(
        statement=statement,
        filters={name: getattr(ApiToken, name) for name in ("user_id", "key", "revoked_at")},
        sorts={name: getattr(ApiToken, name) for name in ("created_at", "updated_at", "expires_at", "name")},
        id=ApiToken.id,
    )


async def find_token(session: AsyncSession, key: str) -> ApiToken | None:
    """The token that has this key."""
    return (await session.exec(select(ApiToken).where(ApiToken.key == key))).first()


async def get_token(session: AsyncSession, caller: Caller, token_id: uuid.UUID, *, lock: bool = False) -> ApiToken:
    """The caller's own token, any to an administrator; somebody else's is as absent as none."""
    token = await session.get(ApiToken, token_id)
    if token is None or (caller.role != "admin" and str(token.user_id) != caller.subject):
        raise NotFound(f"There is no token {token_id}.")
    return await get_row(session, ApiToken, token_id, lock=True) if lock else token


async def find_actors(session: AsyncSession, actor_ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """Id, kind and name of each of those who made changes: users by name, all others as what they are."""
    ids = set(actor_ids)
    user_ids = [user_id for user_id in map(_as_uuid, ids) if user_id is not None]
    users = await session.exec(select(User.id, User.kind, User.name).where(col(User.id).in_(user_ids)))
    actors = {str(user_id): {"id": str(user_id), "kind": kind, "name": name} for user_id, kind, name in users}
    return {actor_id: actors.get(actor_id) or _other_actor(actor_id) for actor_id in ids}


def _other_actor(actor_id: str) -> dict[str, str]:
    if actor_id == OPERATOR.subject:
        return {"id": actor_id, "kind": "operator", "name": OPERATOR.name}
    if actor_id.startswith("migration "):
        return {"id": actor_id, "kind": "migration", "name": actor_id}
    return {"id": actor_id, "kind": "unknown", "name": f"unknown ({actor_id})"}


def _as_uuid(written: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(written)
    except ValueError:
        return None
