"""Answers kept by key: the same request sent again gets the first answer, and happens once.

The key, the effect and the kept answer are one transaction. A request that fails keeps nothing and frees its key.
"""

import asyncio
import hashlib
import json
import re
import secrets
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final
from weakref import WeakValueDictionary

from cryptography.exceptions import InvalidTag
from fastapi import Depends, Header
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from chassis.errors import (
    BadRequest,
    Conflict,
    FieldError,
    Forbidden,
    IdempotencyKeyRequired,
    IdempotencyKeyReused,
    RequestInFlight,
)
from chassis.problems import sqlstate_of
from chassis.sealing import Sealer
from chassis.tokens import Caller

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
WAIT_SECONDS: Final = 2.0
_PATTERN: Final = r"^[!-~]([ -~]{0,253}[!-~])?$"
_KEPT_HEADERS: Final = ("content-type", "etag", "location")
# The wait for a lock ended: by its own limit, or by that of the statement where it is the shorter one.
_WAITED_TOO_LONG: Final = {"55P03", "57014"}
_UNREADABLE_BYTES: Final = 32  # more than a nonce: opening them fails as of a foreign key
_DESCRIPTION: Final = (
    "Your name for this request, such as a fresh UUID. Sent again with the same key, the same request gets the first "
    "answer and has no second effect."
)


def keys_table(metadata: MetaData) -> Table:
    """The table of kept answers in `metadata`; every service has one."""
    return Table(
        "idempotency_keys",
        metadata,
        *(Column(name, Text(collation="C"), primary_key=True) for name in ("subject", "operation", "key")),
        Column("request_hash", LargeBinary, nullable=False),
        Column("rights_hash", LargeBinary, nullable=False),
        Column("status", Integer, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("is_sealed", Boolean, nullable=False),
        Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False, index=True),
    )


_KEYS: Final = keys_table(MetaData())
# A few at a time, and by one request at a time: no request waits for another's tidying.
_PRUNE: Final = text(
    "WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtextextended('idempotency_keys', 0)) AS is_mine) "
    "DELETE FROM idempotency_keys WHERE (SELECT is_mine FROM turn) AND ctid = ANY(ARRAY("
    "SELECT ctid FROM idempotency_keys WHERE created_at < now() - make_interval(secs => :seconds) "
    "ORDER BY created_at LIMIT 20))"
)


def take_key(
    _key: Annotated[str | None, Header(alias=HEADER, pattern=_PATTERN, description=_DESCRIPTION)] = None,
) -> None:
    """Declare the header on a POST. It is read before the request is validated, in `read_key`."""


def require_key(_key: Annotated[str, Header(alias=HEADER, pattern=_PATTERN, description=_DESCRIPTION)]) -> None:
    """Declare the header on a POST that must not happen twice."""


KeyRequired: Final = Depends(require_key)


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with a key: whose, for what, what exactly was asked, and with which rights."""

    subject: str
    operation: str
    key: str
    request_hash: bytes
    rights_hash: bytes
    sealer: Sealer | None

    @property
    def identity(self) -> tuple[str, str, str]:
        """What one answer is kept under."""
        return self.subject, self.operation, self.key

    @property
    def lock_id(self) -> int:
        """The number that stands for it among PostgreSQL's advisory locks."""
        digest = hashlib.sha256("\0".join(("idempotency_keys", *self.identity)).encode()).digest()
        return int.from_bytes(digest[:8], signed=True)


class AnsweredAlready(Exception):
    """Another request with the same key got there first; `response` is its answer."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def read_key(request: Request, *, is_required: bool) -> str | None:
    """The key of `request`; None where it has none and needs none."""
    given = request.headers.getlist(HEADER)
    if not given:
        if is_required:
            message = f"Send a header `{HEADER}` with a name of your own for this request, such as a fresh UUID."
            raise IdempotencyKeyRequired(
                f"{message} Without it a lost answer could not be told from a lost request, and one entry become two.",
                [FieldError("missing", message, parameter=HEADER)],
            )
        return None
    if len(given) > 1 or not re.fullmatch(_PATTERN, given[0]):
        message = f"Send one {HEADER} of 1 to 255 printable ASCII characters, such as a UUID."
        raise BadRequest(message, [FieldError("invalid_key", message, parameter=HEADER)])
    return given[0]


async def describe_request(request: Request, caller: Caller, key: str, sealer: Sealer | None) -> KeyedRequest:
    """What `key` stands for in this request. Bodies that say the same in other whitespace or order are the same."""
    body = await request.body()
    try:
        said = json.dumps(json.loads(body), sort_keys=True).encode()
    except (ValueError, RecursionError):
        said = body
    operation = f"{request.method} {request.url.path}"
    query = sorted(request.query_params.multi_items())
    asked = json.dumps([operation, query, hashlib.sha256(said).hexdigest()])
    rights = json.dumps([caller.role, sorted(caller.countries), *([sorted(caller.vetting)] if caller.vetting else [])])
    return KeyedRequest(
        subject=caller.subject,
        operation=operation,
        key=key,
        request_hash=hashlib.sha256(asked.encode()).digest(),
        rights_hash=hashlib.sha256(rights.encode()).digest(),
        sealer=sealer,
    )


class Turns:
    """One request at a time for each key in this process: a storm of them waits here and not with connections."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[str, str, str], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def take(self, keyed: KeyedRequest) -> AsyncIterator[None]:
        """Wait for our turn, but not for long."""
        lock = self._locks.setdefault(keyed.identity, asyncio.Lock())
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await lock.acquire()
        except TimeoutError:
            raise _in_flight() from None
        try:
            yield
        finally:
            lock.release()


def find_answer(connection: Connection, keyed: KeyedRequest) -> Response | None:
    """The answer kept for this request, None where there is none; refuses a key that stands for another request."""
    place = (_KEYS.c.subject, _KEYS.c.operation, _KEYS.c.key)
    found = connection.execute(
        select(_KEYS).where(*(column == value for column, value in zip(place, keyed.identity, strict=True)))
    ).first()
    if found is None:
        return None
    if _open(keyed, "request_hash", found) != keyed.request_hash:
        raise IdempotencyKeyReused(
            f"You sent another request with this key at {found.created_at:%Y-%m-%d %H:%M:%S} UTC. Use a fresh key for "
            "a new request; to repeat the first one, send it as it was.",
            [FieldError("reused", "This key stands for another request.", parameter=HEADER)],
        )
    if found.rights_hash != keyed.rights_hash:
        raise Forbidden(
            "This request was made before, and your role or countries have changed since: its answer is not given "
            "again. Read the record instead."
        )
    response = Response(_open(keyed, "body", found), status_code=found.status, headers=found.headers)
    response.headers[REPLAYED] = "true"
    return response


def claim_key(connection: Connection, keyed: KeyedRequest) -> None:
    """Hold the key until the transaction ends; raise `AnsweredAlready` where somebody was faster."""
    try:
        connection.execute(select(func.pg_advisory_xact_lock(keyed.lock_id)))
    except DBAPIError as error:
        if sqlstate_of(error) in _WAITED_TOO_LONG:
            raise _in_flight() from error
        raise
    # A statement of its own, after the lock: it sees what the one before us committed.
    if (response := find_answer(connection, keyed)) is not None:
        raise AnsweredAlready(response)


async def keep_answer(session: AsyncSession, keyed: KeyedRequest, response: Response, keep_days: float) -> None:
    """Keep `response` for its key in the transaction that it tells of, and drop a few that are older than wanted."""
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    values: dict[str, Any] = {
        "subject": keyed.subject,
        "operation": keyed.operation,
        "key": keyed.key,
        "request_hash": _seal(keyed, "request_hash", keyed.request_hash),
        "rights_hash": keyed.rights_hash,
        "status": response.status_code,
        "headers": headers,
        "body": _seal(keyed, "body", bytes(response.body)),
        "is_sealed": keyed.sealer is not None,
    }
    connection = await session.connection()
    await connection.execute(insert(_KEYS).values(values))
    await connection.execute(_PRUNE, {"seconds": keep_days * 86_400})


async def forget_answers(session: AsyncSession, addresses: Collection[str]) -> None:
    """Make the kept answers that are about one of `addresses` unreadable: their keys stay taken."""
    about = or_(
        _KEYS.c.headers["location"].astext.in_(addresses),
        *(_KEYS.c.operation.startswith(f"POST {address}/", autoescape=True) for address in addresses),
    )
    connection = await session.connection()
    unreadable = secrets.token_bytes(_UNREADABLE_BYTES)
    await connection.execute(update(_KEYS).where(_KEYS.c.is_sealed, about).values(body=unreadable))


def _seal(keyed: KeyedRequest, column: str, value: bytes) -> bytes:
    return value if keyed.sealer is None else keyed.sealer.seal(value, _place(keyed, column))


def _open(keyed: KeyedRequest, column: str, found: Any) -> bytes:  # noqa: ANN401 - a row
    value: bytes = getattr(found, column)
    if not found.is_sealed:
        return value
    try:
        if keyed.sealer is not None:
            return keyed.sealer.open(value, _place(keyed, column))
    except InvalidTag:  # sealed with a key that has been replaced, or tampered with
        pass
    raise Conflict("The first answer to this key cannot be read any more. Read the record instead.")


def _place(keyed: KeyedRequest, column: str) -> str:
    return "|".join(("idempotency_keys", column, *keyed.identity))


def _in_flight() -> RequestInFlight:
    return RequestInFlight(
        "The same request is being worked on just now. Send it again in a moment, with the same key, for its answer."
    )
