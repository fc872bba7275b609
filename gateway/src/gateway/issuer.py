"""Access tokens of an OpenID Connect issuer: who they say is calling. What that user may do stands in our tables.

Nothing of a token is used before its signature holds, under a key that the issuer itself publishes. A key in the header
of the token, or the address of one (`jwk`, `jku`, `x5c`, `x5u`), is not looked at.
"""

import asyncio
import base64
import json
import math
import re
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from chassis.errors import Unauthenticated, Unavailable
from chassis.refusals import is_loopback
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from gateway.clients import IssuerDown

logger = structlog.get_logger()
Key = RSAKey | ECKey | OKPKey
MAX_TOKEN_CHARACTERS: Final = 16_384
MAX_KEYS: Final = 100
MAX_INSTANT: Final = 1e12
LEAST_RSA_BITS: Final = 2048
LEEWAY_SECONDS: Final = 30  # by which clocks may differ
FRESH_SECONDS: Final = 300  # a key that the issuer withdrew is refused after this
STALE_SECONDS: Final = 86_400  # for so long known keys hold while the issuer is out of reach
PAUSE_SECONDS: Final = 30  # between two readings: made-up key ids must not become requests to the issuer
RETRY_SECONDS: Final = 5  # after a reading that failed
_TYPES: Final = ("jwt", "at+jwt")
# What only other kinds of tokens carry: ID tokens, logout tokens; and `cnf`, a token bound to a key we do not check.
_OF_OTHER_TOKENS: Final = ("nonce", "at_hash", "c_hash", "s_hash", "events", "cnf")
_KEY_TYPES: Final[dict[str, type[RSAKey] | type[ECKey] | type[OKPKey]]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-]+")
_SUBJECT: Final = re.compile(r"[^\x00]{1,255}", re.DOTALL)

Read = Callable[[str], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody, by the only name that stays theirs: an e-mail address may be given to another person."""

    issuer: str
    subject: str


class PublishedKeys:
    """The issuer's keys by id: read when first needed, again when they are old, and for an unknown id, but seldom."""

    def __init__(self, issuer: str, read: Read, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._read = read
        self._clock = clock
        self._turn = asyncio.Lock()
        self._keys: dict[str, list[Key]] = {}
        self._read_at = -math.inf
        self._not_before = -math.inf
        self._is_failing = False

    async def find(self, key_id: str) -> list[Key]:
        """The keys with this id. `Unavailable` where the issuer would have to be asked, and does not answer."""
        if self._is_due(key_id):
            async with self._turn:
                if self._is_due(key_id):
                    await self._refresh()
        is_known = key_id in self._keys and self._clock() - self._read_at < STALE_SECONDS
        if self._is_failing and not is_known:
            error = Unavailable(
                "The issuer of your token cannot be reached just now to check it. Try again in a moment."
            )
            error.headers["Retry-After"] = str(RETRY_SECONDS)
            raise error
        return self._keys.get(key_id, [])

    def _is_due(self, key_id: str) -> bool:
        now = self._clock()
        return now >= self._not_before and (now - self._read_at >= FRESH_SECONDS or key_id not in self._keys)

    async def _refresh(self) -> None:
        try:
            self._keys = await self._read_keys()
        except IssuerDown as error:
            logger.warning("issuer_unreachable", issuer=self._issuer, reason=str(error))
            self._is_failing = True
            self._not_before = self._clock() + RETRY_SECONDS
        else:
            self._is_failing = False
            self._read_at = self._clock()
            self._not_before = self._read_at + PAUSE_SECONDS

    async def _read_keys(self) -> dict[str, list[Key]]:
        found = await self._read(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        if found.get("issuer") != self._issuer:
            raise IssuerDown(f"its configuration is that of {str(found.get('issuer'))[:200]!r}")
        address = found.get("jwks_uri")
        if not isinstance(address, str) or not _is_safe(address, self._issuer):
            raise IssuerDown(f"its keys are not at an https address: {str(address)[:200]!r}")
        return import_keys(await self._read(address))


def _is_safe(address: str, issuer: str) -> bool:
    """Whether nobody in between can change what an address answers: https, or this machine for an issuer on it."""
    try:
        parts, host = urlsplit(address), urlsplit(issuer).hostname or ""
    except ValueError:
        return False
    return parts.scheme == "https" or (
        parts.scheme == "http"
        and is_loopback(parts.hostname or "")
        and issuer.startswith("http:")
        and is_loopback(host)
    )


def import_keys(document: Mapping[str, Any]) -> dict[str, list[Key]]:
    """The keys of a JWK set that can verify a signature, by id. What else is in it is passed over, as it should be."""
    found: dict[str, list[Key]] = {}
    listed = document.get("keys")
    for one in listed[:MAX_KEYS] if isinstance(listed, list) else []:
        key_id = one.get("kid") if isinstance(one, dict) else None
        if isinstance(key_id, str) and (key := _import_key(one)) is not None:
            found.setdefault(key_id, []).append(key)
    return found


def _import_key(one: dict[str, Any]) -> Key | None:
    kind = _KEY_TYPES.get(str(one.get("kty")))  # never `oct`: a published secret verifies nothing
    if kind is RSAKey and len(str(one.get("n"))) * 6 < LEAST_RSA_BITS:  # six bits a character of base64
        return None
    try:
        key: Key | None = kind.import_key(one) if kind else None
        public = key.public_key if key else None
    except (JoseError, ValueError, TypeError, LookupError):
        return None
    return None if isinstance(public, RSAPublicKey) and public.key_size < LEAST_RSA_BITS else key


class Issuer:
    """The one issuer whose access tokens are accepted."""

    def __init__(
        self,
        url: str,
        audience: str,
        algorithms: Collection[str],
        read: Read,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = url
        self._audience = audience
        self._algorithms = frozenset(algorithms)
        self._keys = PublishedKeys(url, read, clock)
        self._refused = f"The token is not a valid access token of {url}. Sign in there again."

    async def identify(self, token: str) -> Identity:
        """Whom a token names; `Unauthenticated` unless all of it holds."""
        parts = token.split(".")
        if len(token) > MAX_TOKEN_CHARACTERS or len(parts) != 3 or not all(map(_SEGMENT.fullmatch, parts)):  # noqa: PLR2004 - header, claims, signature
            raise Unauthenticated(self._refused)
        header = self._object_of(parts[0])
        algorithm, key_id = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in self._algorithms or not isinstance(key_id, str):
            raise Unauthenticated(self._refused)
        # No extension is understood here, so whatever is critical is one that is not.
        if "crit" in header or not _is_access_token_type(header.get("typ")):
            raise Unauthenticated(self._refused)
        message = f"{parts[0]}.{parts[1]}".encode()
        if not any(_verifies(key, algorithm, message, parts[2]) for key in await self._keys.find(key_id)):
            raise Unauthenticated(self._refused)
        return self._identity_of(self._object_of(parts[1]))

    def _identity_of(self, claims: Mapping[str, Any]) -> Identity:
        if claims.get("iss") != self.url or any(name in claims for name in _OF_OTHER_TOKENS):
            raise Unauthenticated(self._refused)
        if self._audience not in _audiences_of(claims.get("aud")):
            raise Unauthenticated(f"The token is for another audience. Ask {self.url} for one for {self._audience}.")
        now = time.time()
        issued, starts, ends = (_instant_of(claims.get(name)) for name in ("iat", "nbf", "exp"))
        if issued is None or ends is None or (starts is None and "nbf" in claims):
            raise Unauthenticated(self._refused)
        if ends <= now - LEEWAY_SECONDS:
            raise Unauthenticated(f"The token has expired. Sign in again at {self.url}.")
        if max(issued, starts or issued) > now + LEEWAY_SECONDS:
            raise Unauthenticated("The token does not hold yet. Are the clocks right?")
        subject = claims.get("sub")
        if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject) or not _is_text(subject):
            raise Unauthenticated(self._refused)
        return Identity(self.url, subject)

    def _object_of(self, segment: str) -> Mapping[str, Any]:
        """The JSON object in a segment; a name given twice means two things, so the token means nothing."""
        try:
            found = json.loads(_bytes_of(segment), object_pairs_hook=_without_repeats, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise Unauthenticated(self._refused) from error
        if not isinstance(found, dict):
            raise Unauthenticated(self._refused)
        return found


def _bytes_of(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _is_access_token_type(kind: object) -> bool:
    """`at+jwt` (RFC 9068), or the plain `JWT` of older issuers. Without one it may be an ID token."""
    return isinstance(kind, str) and kind.lower().removeprefix("application/") in _TYPES


def _verifies(key: Key, algorithm: str, message: bytes, signature: str) -> bool:
    # The algorithm is one that is allowed, and the key must be one for it: of its kind and curve, and with no other use
    # or algorithm to its name. The model is called as it is: `jws.deserialize_compact` would warn of EdDSA each time.
    model = JWSRegistry.algorithms[algorithm]
    try:
        model.check_key(key)
        return model.verify(message, _bytes_of(signature), key)
    except (JoseError, ValueError):
        return False


def _audiences_of(value: object) -> list[str]:
    """One, or a list of them; none where it is neither."""
    listed = value if isinstance(value, list) else [value]
    named = [one for one in listed if isinstance(one, str)]
    return named if len(named) == len(listed) else []


def _instant_of(value: object) -> float | None:
    """Seconds since 1970; None for what is no number, or one of no calendar."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < MAX_INSTANT:
        return None
    return value


def _is_text(value: str) -> bool:
    """Whether it can be written: JSON may escape half of a character."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
