"""What can be wrong with a request. Pure: no framework. Each error knows its status, its stable code and its words."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong, where (`pointer` into the body or `parameter` of the URL), and how to mend it."""

    code: str
    message: str
    pointer: str | None = None
    parameter: str | None = None


class DomainError(Exception):
    """A request that was refused. `detail` says in plain words what happened and what to do."""

    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    code: ClassVar[str] = "validation"
    title: ClassVar[str] = "Some fields are not valid"

    def __init__(self, detail: str, errors: Sequence[FieldError] = (), **extra: Any) -> None:  # noqa: ANN401 - members of a problem document are free
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        self.extra = extra
        self.headers: dict[str, str] = {}


class Invalid(DomainError):
    """A value that cannot be right; says which."""


def invalid(pointer: str, code: str, message: str) -> Invalid:
    """The common case of `Invalid`: one field of the body."""
    return Invalid("1 field needs attention.", [FieldError(code, message, pointer=pointer)])


class BadRequest(DomainError):
    """The request itself is malformed."""

    status = HTTPStatus.BAD_REQUEST
    code = "bad_request"
    title = "The request is malformed"


class UnknownParameter(BadRequest):
    """A query parameter that does not exist: ignoring it would answer another question."""

    code = "unknown_parameter"
    title = "Unknown query parameter"


class RepeatedParameter(BadRequest):
    """A query parameter that takes one value is given several: to take one of them would answer another question."""

    code = "repeated_parameter"
    title = "Query parameter given more than once"


class InvalidCursor(BadRequest):
    """A cursor that was not made here, or was made for another list, filter or sort."""

    code = "invalid_cursor"
    title = "This cursor does not belong to this list"


class IdempotencyKeyRequired(BadRequest):
    """A request that must not happen twice by mistake comes without a key."""

    code = "idempotency_key_required"
    title = "This request needs an Idempotency-Key"


class Unauthenticated(DomainError):
    """Nobody, or nobody we can recognize, is calling."""

    status = HTTPStatus.UNAUTHORIZED
    code = "unauthenticated"
    title = "Sign in first"

    def __init__(self, detail: str, errors: Sequence[FieldError] = (), **extra: Any) -> None:  # noqa: ANN401 - as above
        super().__init__(detail, errors, **extra)
        self.headers["WWW-Authenticate"] = "Bearer"


class Forbidden(DomainError):
    """The caller may not do this."""

    status = HTTPStatus.FORBIDDEN
    code = "forbidden"
    title = "Not allowed"


class NotFound(DomainError):
    """No such thing, or none this caller may know of."""

    status = HTTPStatus.NOT_FOUND
    code = "not_found"
    title = "Not found"


class Conflict(DomainError):
    """It clashes with what is there: a state, or a duplicate."""

    status = HTTPStatus.CONFLICT
    code = "conflict"
    title = "This clashes with what is recorded"


class Duplicate(Conflict):
    """The value is taken."""

    code = "duplicate"
    title = "Already recorded"


class Voided(Conflict):
    """The record was entered in error and voided: it stays as it is."""

    code = "voided"
    title = "This record is voided"


class RequestInFlight(Conflict):
    """The same request, with the same key, is being worked on."""

    code = "request_in_flight"
    title = "The same request is being worked on"

    def __init__(self, detail: str, errors: Sequence[FieldError] = (), **extra: Any) -> None:  # noqa: ANN401 - as above
        super().__init__(detail, errors, **extra)
        self.headers["Retry-After"] = "1"


class PositionAhead(Conflict):
    """Somebody has read further than there is anything to read."""

    code = "position_ahead"
    title = "Nothing has been recorded up to this position"


class PositionExpired(DomainError):
    """What came after the position is no longer answered."""

    status = HTTPStatus.GONE
    code = "position_expired"
    title = "This position is too old"


class IdempotencyKeyReused(DomainError):
    """The key stands for another request of this caller."""

    code = "idempotency_key_reused"
    title = "This key stands for another request"


class StaleVersion(DomainError):
    """Somebody changed the record since this caller read it."""

    status = HTTPStatus.PRECONDITION_FAILED
    code = "stale_version"
    title = "The record has changed since you read it"


class PreconditionRequired(DomainError):
    """A change must say which version it changes."""

    status = HTTPStatus.PRECONDITION_REQUIRED
    code = "precondition_required"
    title = "Say which version you are changing"


class TooLarge(DomainError):
    """The body is larger than this endpoint reads."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "too_large"
    title = "The body is too large"


class UnsupportedMediaType(DomainError):
    """The body is not in a format this endpoint reads."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "unsupported_media_type"
    title = "The body is not JSON"


class Unavailable(DomainError):
    """Something this answer needs is out of reach just now. Nothing happened; try again."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "unavailable"
    title = "Not available just now"

    def __init__(self, detail: str, errors: Sequence[FieldError] = (), **extra: Any) -> None:  # noqa: ANN401 - as above
        super().__init__(detail, errors, **extra)
        self.headers["Retry-After"] = "2"


class OutcomeUnknown(Unavailable):
    """A write whose answer was lost: it may have happened."""

    code = "outcome_unknown"
    title = "It is not known whether this happened"
