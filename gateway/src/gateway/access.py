"""Who is calling: an API token or the issuer's access token, as Bearer or as the password of Basic, at each request."""

import base64
import hashlib
import hmac
import re
import secrets
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from chassis.codes import COUNTRY_NAMES
from chassis.errors import BadRequest, Conflict, FieldError, Forbidden, Invalid, Unauthenticated, invalid
from chassis.resources import write_row
from chassis.tokens import EVERYWHERE, Caller
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request

from gateway.issuer import Identity
from gateway.models import ROLES, ApiToken, Grant, SignInLink, User

_PREFIX: Final = "trib"
_LINK_PREFIX: Final = "triblink_"
LINK_MINUTES: Final = 15
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


_TOKEN_PARAMETERS: Final = frozenset(
    {"token", "access_token", "api_token", "id_token", "auth_token", "authorization", "bearer", "api_key", "apikey"}
)
_LOOKS_LIKE_TOKEN: Final = re.compile(r"trib_[0-9a-f]+_|eyJ[\w-]*\.eyJ[\w-]*\.")


class TokenInAddress(BadRequest):
    """A token where it is seen by whoever sees an address: logs, histories, bookmarks, the next page."""

    code = "token_in_address"
    title = "A token must not stand in an address"


class UnknownUser(Forbidden):
    """The issuer vouches for somebody whom no administrator has let in."""

    code = "unknown_user"
    title = "You are signed in, but not a user here"


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


def refuse_token_in_address(request: Request) -> None:
    """Raise where a token stands in the query, be it one that holds or not."""
    found = [
        name
        for name, value in request.query_params.multi_items()
        if name.lower() in _TOKEN_PARAMETERS or _LOOKS_LIKE_TOKEN.match(value)
    ]
    if found:
        message = "Send it as `Authorization: Bearer <token>`, or as the password of Basic with any user name."
        raise TokenInAddress(
            "Addresses are kept in logs and histories, so a token in one is no secret any more. Revoke it, make a new "
            f"one, and leave it out of the address. {message}",
            [FieldError(TokenInAddress.code, message, parameter=name) for name in dict.fromkeys(found)],
        )


async def authenticate(request: Request) -> Caller:
    """The user behind the token of `request`. Read anew each time: what is revoked ends at once."""
    refuse_token_in_address(request)
    token = token_of(request.headers.get("authorization"))
    issuer = request.app.state.issuer
    if issuer is not None and "." in token:  # which no token of ours has
        return await find_person(request, await issuer.identify(token))
    return await find_token_user(request, token)


async def find_person(request: Request, identity: Identity) -> Caller:
    """The user whom an issuer names. Role and countries are ours to give: no claim of a token is asked for them."""
    statement = select(User).where(User.issuer == identity.issuer, User.subject == identity.subject)
    async with AsyncSession(request.app.state.engine) as session:
        user = (await session.exec(statement)).first()
    if user is None:
        raise UnknownUser(
            "You signed in, but nobody has made you a user here. Ask an administrator to add a user with the issuer "
            f"{identity.issuer} and the subject {identity.subject}."
        )
    if not user.is_active:
        raise UnknownUser("You signed in, but an administrator has ended your access. Ask one to give it back.")
    return caller_of(user)


def caller_of(user: User) -> Caller:
    """A user, for all that is granted to them."""
    return Caller(
        str(user.id),
        user.name,
        user.role,
        frozenset(grant.country_code for grant in user.grants),
        frozenset(grant.country_code for grant in user.grants if grant.is_vetting),
    )


async def find_token_user(request: Request, given: str) -> Caller:
    """The user of an API token, for what the token may do."""
    refused = Unauthenticated("The token is unknown, expired or revoked. Make a new one with `tributary token create`.")
    parts = given.split("_", 2)
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
    whole = caller_of(token.user)
    limit = whole.countries if token.country_codes is None else frozenset(token.country_codes)
    return cut_down(whole, token.role or whole.role, limit, limit)


async def find_submitter(
    request: Request, subject: str, *, role: str, countries: frozenset[str], vetting: frozenset[str]
) -> Caller | None:
    """The user who is the subject of our tokens, for at most what is said; None where no active user is.

    Every caller of a service is a user: people of an issuer, scripts, and whoever a sign-in link or the control process
    made. What an API token, since revoked perhaps, could not do, its job cannot do either.
    """
    try:
        user_id = uuid.UUID(subject)
    except ValueError:  # the operator, who submits nothing
        return None
    async with AsyncSession(request.app.state.engine) as session:
        user = (await session.exec(select(User).where(User.id == user_id))).first()
    if user is None or not user.is_active or role not in COVERS:
        return None
    return cut_down(caller_of(user), role, countries, vetting)


def cut_down(whole: Caller, role: str, countries: frozenset[str], vetting: frozenset[str]) -> Caller:
    """A caller who may do at most so much."""
    return replace(
        whole,
        role=lower_role(whole.role, role),
        countries=common_countries(whole.countries, countries),
        vetting=common_countries(whole.vetting, vetting),
    )


async def authenticate_link(request: Request) -> Caller | None:
    """The user whom the code of a sign-in link signs in; None where the request comes with something else.

    Nothing is used up here: the code is, in the transaction that makes the token.
    """
    given = token_of(request.headers.get("authorization"))
    if not given.startswith(_LINK_PREFIX):
        return None
    async with AsyncSession(request.app.state.engine) as session:
        link = (await session.exec(select(SignInLink).where(SignInLink.code_hash == hash_secret(given)))).first()
    if link is None or link.exchanged_at is not None or link.expires_at <= datetime.now(UTC) or not link.user.is_active:
        raise LinkRefused
    user = link.user
    return caller_of(user)


class LinkRefused(Unauthenticated):
    """The code of a link that is unknown, too old, or was used before; which of them is nobody's business."""

    def __init__(self) -> None:
        super().__init__("The sign-in link is unknown, expired or used already. Make a new one with `tributary link`.")


def link_hash_of(authorization: str | None) -> bytes | None:
    """What is kept of the code of the sign-in link that was sent; None where something else was."""
    given = token_of(authorization)
    return hash_secret(given) if given.startswith(_LINK_PREFIX) else None


def token_key_of(authorization: str | None) -> str | None:
    """The key of the API token that was sent; None where something else was."""
    prefix, _, rest = token_of(authorization).partition("_")
    return rest.partition("_")[0] if prefix == _PREFIX else None


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
    if not 0 < expires_days <= MAX_DAYS:
        raise invalid("#/expires_days", "out_of_range", f"A token lives from now to at most {MAX_DAYS} days.")
    user = await _find_or_make_user(session, name, "script", role, countries)
    token, row = await issue_token(session, user.id, name, expires_days)
    return token, row.expires_at


async def create_link(session: AsyncSession, name: str, role: str, countries: list[str]) -> tuple[str, datetime]:
    """The code of a new sign-in link of the person `name`, who is made where there is none. It is shown only here."""
    user = await _find_or_make_user(session, name, "person", role, countries)
    code = _LINK_PREFIX + secrets.token_urlsafe(32)
    expires_at = datetime.now(UTC) + timedelta(minutes=LINK_MINUTES)
    await write_row(session, SignInLink(user_id=user.id, code_hash=hash_secret(code), expires_at=expires_at))
    return code, expires_at


async def _find_or_make_user(session: AsyncSession, name: str, kind: str, role: str, countries: list[str]) -> User:
    if role not in ROLES:
        raise invalid("#/role", "unknown_role", f"{role!r} is not a role. Use one of {', '.join(ROLES)}.")
    unknown = [code for code in countries if code != EVERYWHERE and code not in COUNTRY_NAMES]
    if unknown:
        raise invalid("#/countries", "unknown_code", f"{unknown[0]!r} is not a country code. Use ISO alpha-2, or *.")
    if not name.strip():
        raise Invalid("A user needs a name, to know them by later.")
    user = (await session.exec(select(User).where(User.name == name))).first()
    if user is None:
        grants = [Grant(country_code=code) for code in sorted(set(countries))]
        return await write_row(session, User(name=name, kind=kind, role=role, grants=grants))
    if (user.kind, user.role, {grant.country_code for grant in user.grants}) != (kind, role, set(countries)):
        held = ", ".join(grant.country_code for grant in user.grants) or "no country"
        raise Conflict(f"{name} exists with the role {user.role} and grants for {held}. Use another name.")
    return user


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
