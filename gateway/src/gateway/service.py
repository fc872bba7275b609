"""What may be done to users, grants and tokens: load, decide, write. No HTTP, no commit."""

import uuid
from datetime import UTC, datetime
from typing import Final

from chassis.errors import Conflict, invalid
from chassis.resources import change_row, check_version, get_row, new_row, touch_row, write_row
from chassis.tokens import EVERYWHERE, Caller
from sqlmodel import col, update
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway import queries
from gateway.access import COVERS, LinkRefused, issue_token
from gateway.models import ApiToken, Grant, SignInLink, User
from gateway.schemas.grants import GrantCreate, GrantUpdate
from gateway.schemas.sessions import SessionCreate
from gateway.schemas.tokens import TokenCreate
from gateway.schemas.users import UserCreate, UserUpdate

CONSTRAINT_WORDS: Final = {
    "pk_users": ("#/id", "This id is taken."),
    "uq_users_name": ("#/name", "There is a user with this name already."),
    "uq_users_issuer_subject": ("#/subject", "There is a user with this identity already."),
    "pk_grants": ("#/id", "This id is taken."),
    "uq_grants_user_id_country_code": ("#/country_code", "This user has a grant for this country already."),
    "fk_grants_user_id": ("#/user_id", "There is no user with this id."),
    "pk_api_tokens": ("#/id", "This id is taken."),
}
MANAGER: Final = "admin"


async def create_user(session: AsyncSession, caller: Caller, body: UserCreate) -> User:
    """Let somebody sign in."""
    caller.require_role(MANAGER)
    return await write_row(session, new_row(User, body))


async def update_user(
    session: AsyncSession, caller: Caller, user_id: uuid.UUID, version: int, body: UserUpdate
) -> User:
    """Give a user another role, or let them in no more. It holds from their next request on."""
    caller.require_role(MANAGER)
    return await change_row(session, await get_row(session, User, user_id, lock=True), version, body)


async def create_grant(session: AsyncSession, caller: Caller, body: GrantCreate) -> Grant:
    """Grant a country to a user."""
    caller.require_role(MANAGER)
    if await session.get(User, body.user_id) is None:
        raise invalid("#/user_id", "unknown_id", "There is no user with this id.")
    return await write_row(session, new_row(Grant, body))


async def update_grant(
    session: AsyncSession, caller: Caller, grant_id: uuid.UUID, version: int, body: GrantUpdate
) -> Grant:
    """Change the flags of a grant that holds."""
    caller.require_role(MANAGER)
    return await change_row(session, await _get_held_grant(session, grant_id, version), version, body)


async def revoke_grant(session: AsyncSession, caller: Caller, grant_id: uuid.UUID, version: int) -> Grant:
    """End a grant. It stays as a record of who could do what until when."""
    caller.require_role(MANAGER)
    grant = await _get_held_grant(session, grant_id, version)
    grant.revoked_at = datetime.now(UTC)
    return await touch_row(session, grant)


async def create_token(session: AsyncSession, caller: Caller, body: TokenCreate) -> tuple[str, ApiToken]:
    """A token of the caller's own, for no more than the caller may do now. Later grants are not in it."""
    role = body.role or caller.role
    if role not in COVERS[caller.role]:
        raise invalid("#/role", "exceeds_own", f"You have the role {caller.role}, which does not cover {role}.")
    wanted = caller.countries if body.country_codes is None else frozenset(body.country_codes)
    if beyond := sorted(code for code in wanted if not caller.may_see(code)):
        named = "all countries" if beyond[0] == EVERYWHERE else beyond[0]
        raise invalid("#/country_codes", "exceeds_own", f"You have no grant for {named}.")
    return await issue_token(
        session,
        uuid.UUID(caller.subject),
        body.name,
        body.expires_days,
        role=role,
        country_codes=sorted(wanted),
        token_id=body.id,
    )


async def start_session(
    session: AsyncSession, caller: Caller, body: SessionCreate, link_hash: bytes | None
) -> tuple[str, ApiToken]:
    """A token for some hours, in exchange for a sign-in link, which is used up, or beside what the caller came with.

    A link signs the user in, so the token follows what the user may do; any other is for what the caller may do now.
    """
    user_id = uuid.UUID(caller.subject)
    expires_days = body.expires_hours / 24
    if link_hash is None:
        role, countries = caller.role, sorted(caller.countries)
        return await issue_token(session, user_id, body.name, expires_days, role=role, country_codes=countries)
    await use_link(session, link_hash)
    return await issue_token(session, user_id, body.name, expires_days)


async def use_link(session: AsyncSession, code_hash: bytes) -> None:
    """Use up a link: of two who come at once the database lets in one."""
    now = datetime.now(UTC)
    used = await session.exec(
        update(SignInLink)
        .where(
            col(SignInLink.code_hash) == code_hash,
            col(SignInLink.exchanged_at).is_(None),
            col(SignInLink.expires_at) > now,
        )
        .values(exchanged_at=now, updated_at=now, version=SignInLink.version + 1)
    )
    if used.rowcount != 1:
        raise LinkRefused


async def revoke_token(session: AsyncSession, caller: Caller, token_id: uuid.UUID, version: int) -> ApiToken:
    """End a token at once: one's own, or any as an administrator."""
    token = await queries.get_token(session, caller, token_id, lock=True)
    check_version(token, version)
    if token.revoked_at is not None:
        raise Conflict("This token is revoked already.")
    token.revoked_at = datetime.now(UTC)
    return await touch_row(session, token)


async def _get_held_grant(session: AsyncSession, grant_id: uuid.UUID, version: int) -> Grant:
    grant = await get_row(session, Grant, grant_id, lock=True)
    check_version(grant, version)
    if grant.revoked_at is not None:
        raise Conflict("This grant is revoked. Grant the country anew.")
    return grant
