"""Who is calling: API tokens as Bearer or as the password of Basic, looked up for each request."""

import base64
import hashlib
import hmac
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import Final

from chassis.codes import COUNTRY_NAMES
from chassis.errors import Conflict, Invalid, Unauthenticated, invalid
from chassis.resources import write_row
from chassis.tokens import EVERYWHERE, Caller
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request

from gateway.models import ROLES, ApiToken, Grant, User

_PREFIX: Final = "trib"
MAX_DAYS: Final = 90
# Whoever may open the control socket: the machine does not say who that is.
OPERATOR: Final = Caller(subject="control", name="the operator of this machine", role="admin", countries=frozenset())
# What each role may do, as the roles it includes. An administrator sees no people and writes no records.
COVERS: Final[dict[str, frozenset[str]]] = {
    "viewer": frozenset({"viewer"}),
    "analyst": frozenset({"viewer", "analyst"}),
    "officer": frozenset({"viewer", "analyst", "officer"}),
    "admin": frozenset({"viewer", "admin"}),
}


def write_token(key: str, secret: str) -> str:
    """The text of a token: a prefix that secret scanners find, the key it is looked up by, and the secret."""
    return f"{_PREFIX}_{key}_{secret}"


def hash_secret(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def token_of(authorization: str | None) -> str:
    """The token of an Authorization header: Bearer, or the password of Basic, which is all that Excel can send."""
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
        except ValueError:  # not base64, not ASCII, or not text when decoded
            pass
    raise Unauthenticated("Send a token: `Authorization: Bearer <token>`, or Basic with the token as the password.")


async def authenticate(request: Request) -> Caller:
    """The user behind the token of `request`. Read anew each time: a revoked token ends at once."""
    refused = Unauthenticated("The token is unknown, expired or revoked. Make a new one with `tributary token create`.")
    parts = token_of(request.headers.get("authorization")).split("_", 2)
    if len(parts) != 3 or parts[0] != _PREFIX or not (parts[1].isascii() and parts[1].isalnum()):  # noqa: PLR2004 - prefix, key, secret
        raise refused
    async with AsyncSession(request.app.state.engine) as session:
        token = (await session.exec(select(ApiToken).where(ApiToken.key == parts[1]))).first()
    now = datetime.now(UTC)
    # The hash is compared in constant time, and compared also where there is no such key.
    kept = token.secret_hash if token else bytes(32)
    if not hmac.compare_digest(kept, hash_secret(parts[2])) or token is None:
        raise refused
    if token.revoked_at is not None or token.expires_at <= now or not token.user.is_active:
        raise refused
    user = token.user
    granted = frozenset(grant.country_code for grant in user.grants)
    return Caller(
        str(user.id),
        user.name,
        lower_role(user.role, token.role or user.role),
        granted if token.country_codes is None else common_countries(granted, frozenset(token.country_codes)),
    )


def lower_role(one: str, other: str) -> str:
    """The highest role that both cover."""
    return max(COVERS[one] & COVERS[other], key=ROLES.index)


def common_countries(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """The countries that both name; `*` names all."""
    if EVERYWHERE in one:
        return other
    return one if EVERYWHERE in other else one & other


async def create_token(
    session: AsyncSession, name: str, role: str, countries: list[str], expires_days: float
) -> tuple[str, datetime]:
    """A new token of the script user `name`, who is made where there is none. The token is shown only here."""
    if role not in ROLES:
        raise invalid("#/role", "unknown_role", f"{role!r} is not a role. Use one of {', '.join(ROLES)}.")
    unknown = [code for code in countries if code != EVERYWHERE and code not in COUNTRY_NAMES]
    if unknown:
        raise invalid("#/countries", "unknown_code", f"{unknown[0]!r} is not a country code. Use ISO alpha-2, or *.")
    if not 0 < expires_days <= MAX_DAYS:
        raise invalid("#/expires_days", "out_of_range", f"A token lives from now to at most {MAX_DAYS} days.")
    if not name.strip():
        raise Invalid("A token needs a name, to know it by later.")
    user = (await session.exec(select(User).where(User.name == name))).first()
    if user is None:
        grants = [Grant(country_code=code) for code in sorted(set(countries))]
        user = await write_row(session, User(name=name, kind="script", role=role, grants=grants))
    elif (user.role, {grant.country_code for grant in user.grants}) != (role, set(countries)):
        held = ", ".join(grant.country_code for grant in user.grants) or "no country"
        raise Conflict(f"{name} exists with the role {user.role} and grants for {held}. Use another name.")
    token, row = await issue_token(session, user.id, name, expires_days)
    return token, row.expires_at


async def issue_token(
    session: AsyncSession,
    user_id: uuid.UUID,
    name: str,
    expires_days: float,
    *,
    role: str | None = None,
    country_codes: list[str] | None = None,
    token_id: uuid.UUID | None = None,
) -> tuple[str, ApiToken]:
    """A new token of a user, and what is kept of it. Nobody can read the token from what is kept."""
    key, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = ApiToken(
        user_id=user_id,
        name=name,
        key=key,
        secret_hash=hash_secret(secret),
        expires_at=datetime.now(UTC) + timedelta(days=expires_days),
        role=role,
        country_codes=country_codes,
    )
    if token_id is not None:
        row.id = token_id
    return write_token(key, secret), await write_row(session, row)
