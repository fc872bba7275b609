"""Every failure as one shape: RFC 9457 problem documents. Nothing here decides; it only words what went wrong."""

import difflib
import traceback
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from asyncpg import exceptions as postgres_errors
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from chassis.errors import (
    BadRequest,
    Conflict,
    DomainError,
    Duplicate,
    FieldError,
    Forbidden,
    Invalid,
    TooLarge,
    Unavailable,
)
from chassis.logs import current_request_id

MEDIA_TYPE: Final = "application/problem+json"
# A constraint's name -> the words for a user. A function, so that it may look at what the database said.
ConstraintWords = Mapping[str, tuple[str, str]]
logger = structlog.get_logger()


class ProblemError(BaseModel):
    """One thing that is wrong with a request."""

    pointer: str | None = Field(default=None, description="JSON pointer into the body, such as `#/end_date`.")
    parameter: str | None = Field(default=None, description="The query or path parameter.")
    code: str = Field(description="Stable code of what is wrong.")
    message: str = Field(description="What is wrong and how to mend it, in plain words.")


class Problem(BaseModel):
    """A problem document (RFC 9457): what went wrong, where, and what to do."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "/problems/validation",
                    "title": "Some fields are not valid",
                    "status": 422,
                    "code": "validation",
                    "detail": "1 field needs attention.",
                    "instance": "/v1/trainings",
                    "request_id": "01920000-0000-7000-8000-000000000000",
                    "errors": [
                        {"pointer": "#/ends_on", "code": "before_start", "message": "End date is before 1 March 2016."}
                    ],
                }
            ]
        },
    )

    type: str = Field(description="Address of a page that explains this kind of problem.")
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(description="The HTTP status.")
    code: str = Field(description="Stable code of the kind of problem; part of the API.")
    detail: str = Field(description="What happened and what to do, in plain words.")
    instance: str = Field(description="The path that was asked for.")
    request_id: str = Field(description="Quote this when asking for help.")
    errors: list[ProblemError] = Field(description="Each thing that is wrong, where it is.")


def problem_response(request: Request, error: DomainError) -> JSONResponse:
    """`error` as a response."""
    document: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": int(error.status),
        "code": error.code,
        "detail": error.detail,
        "instance": request.scope["path"],
        "request_id": current_request_id(),
        "errors": [{key: value for key, value in vars_of(one).items() if value is not None} for one in error.errors],
        **error.extra,
    }
    headers = {**error.headers, "Cache-Control": "no-store"}
    return JSONResponse(document, status_code=int(error.status), headers=headers, media_type=MEDIA_TYPE)


def vars_of(error: FieldError) -> dict[str, str | None]:
    """The members of one error in the order of the documents."""
    return {"pointer": error.pointer, "parameter": error.parameter, "code": error.code, "message": error.message}


def nearest(name: str, known: list[str]) -> str:
    """` Did you mean "x"?` where a known name is close, else nothing."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f' Did you mean "{close[0]}"?' if close else ""


def install_problem_handlers(app: FastAPI, constraint_words: ConstraintWords) -> None:
    """Make every failure of `app` a problem document. `constraint_words` names each constraint's meaning."""

    async def domain_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, DomainError)  # noqa: S101 - registered for this class only
        return problem_response(request, error)

    async def validation_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
        return problem_response(request, _from_validation(error))

    async def http_exception(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101 - as above
        return problem_response(request, _from_http(request, app, error))

    async def database_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, DBAPIError)  # noqa: S101 - as above
        return problem_response(request, from_database(error, constraint_words))

    async def unreachable_database(request: Request, error: Exception) -> JSONResponse:
        logger.warning("database_unreachable", error=type(error).__name__, errno=getattr(error, "errno", None))
        return problem_response(request, _database_unavailable())

    handlers: list[tuple[type[Exception], Callable[[Request, Exception], Awaitable[JSONResponse]]]] = [
        (DomainError, domain_error),
        (RequestValidationError, validation_error),
        (HTTPException, http_exception),
        (DBAPIError, database_error),
        # Connection refused, no such socket, no such host, timed out; and no free connection in the pool in time.
        (OSError, unreachable_database),
        (postgres_errors.PostgresError, unreachable_database),
        (PoolTimeout, unreachable_database),
    ]
    for kind, handler in handlers:
        app.add_exception_handler(kind, handler)


def unexpected_problem(request: Request, error: Exception) -> JSONResponse:
    """The answer to a failure nobody foresaw. The log gets the place and not the message, which may be personal."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-8:]]
    logger.error("unexpected_error", error=type(error).__name__, places=places)
    return problem_response(request, _Unexpected("Something failed on our side. Quote the request id to report it."))


class _Unexpected(DomainError):
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "internal_error"
    title = "Something failed on our side"


def _database_unavailable() -> Unavailable:
    return Unavailable("The database cannot be reached just now. Nothing was changed; try again in a moment.")


def _from_validation(error: RequestValidationError) -> DomainError:
    problems = error.errors()
    if problems and problems[0]["type"] == "json_invalid":
        return BadRequest(f"The body is not valid JSON: {problems[0]['ctx']['error']}.")
    errors = [_field_error(one) for one in problems]
    count = len(errors)
    return Invalid(f"{count} field{' needs' if count == 1 else 's need'} attention.", errors)


def _field_error(one: dict[str, Any]) -> FieldError:
    where, *path = one["loc"]
    message = str(one["msg"]).removeprefix("Value error, ")
    if not message.endswith((".", "?")):
        message += "."
    code = one["type"]
    if code == "extra_forbidden":
        code, message = "unknown_field", "There is no such field."
    if where == "body":
        # A discriminator's tag or a validator's name may stand in the path; only names and indexes are pointers.
        return FieldError(code, message, pointer="#/" + "/".join(_escape(str(part)) for part in path))
    return FieldError(code, message, parameter=str(path[0]) if path else str(where))


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _from_http(request: Request, app: FastAPI, error: HTTPException) -> DomainError:
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return TooLarge("The body is larger than this endpoint reads.")

    class Http(DomainError):
        status = HTTPStatus(error.status_code)
        code = {400: "bad_request", 404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        title = HTTPStatus(error.status_code).phrase

    detail = {
        400: "The body could not be read.",
        404: "There is nothing at this address.",
    }.get(error.status_code, str(error.detail))
    problem = Http(detail)
    problem.headers.update(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # The framework names only the methods of the first route that matched; a path has one route a method.
        allowed = methods_of(app, request.scope["path"])
        problem.headers["Allow"] = ", ".join(allowed)
        problem.detail = f"This address takes {' and '.join(allowed)}."
    return problem


def methods_of(app: FastAPI, path: str) -> list[str]:
    """The methods that the document declares for `path`."""
    parts = path.strip("/").split("/")
    for template, operations in app.openapi()["paths"].items():
        pattern = template.strip("/").split("/")
        if len(pattern) == len(parts) and all(a.startswith("{") or a == b for a, b in zip(pattern, parts, strict=True)):
            return sorted(method.upper() for method in operations if method != "parameters")
    return ["GET"]


_INTEGRITY_CODES: Final = {
    "23505": Duplicate,
    "23503": Conflict,
    "23P01": Conflict,
    "23514": Invalid,
    "23502": Invalid,
    "55000": Conflict,  # not in a state for this: what our own triggers raise
}
# Of any table: a client may bring its own id.
_ID_TAKEN: Final = ("#/id", "This id is taken.")
# Connection lost, admin shutdown, too many connections, statement timeout, lock timeout, serialization, deadlock.
_RETRY_CODES: Final = ("08", "57", "53", "55P03", "40001", "40P01")

# Of row security, or of a right that the serving role lacks. The code refuses first, so it is a fault of ours too.
_NO_PRIVILEGE: Final = "42501"


def sqlstate_of(error: DBAPIError) -> str:
    """PostgreSQL's code of what went wrong, empty where the error is not its own."""
    origin = getattr(error.orig, "__cause__", None) or error.orig
    return str(getattr(origin, "sqlstate", "") or "")


def from_database(error: DBAPIError, words: ConstraintWords) -> DomainError:
    """What the database refused, in the words of `words`; what it could not do just now as `Unavailable`."""
    origin = getattr(error.orig, "__cause__", None) or error.orig
    state = sqlstate_of(error)
    constraint = str(getattr(origin, "constraint_name", "") or "")
    if isinstance(error, IntegrityError) or state in _INTEGRITY_CODES:
        kind = _INTEGRITY_CODES.get(state, Conflict)
        unforeseen = ("#/", f"This breaks the rule {constraint or state}.")
        pointer, message = words.get(constraint, _ID_TAKEN if constraint.startswith("pk_") else unforeseen)
        return kind(message, [FieldError(constraint or kind.code, message, pointer=pointer)])
    if state in {"22021", "22P05"}:
        return Invalid("Text may not hold the NUL character.", [FieldError("nul", "Remove the NUL character.", "#/")])
    if state == "22003" or isinstance(getattr(origin, "__cause__", None), OverflowError):
        return Invalid("A number is too large to be recorded.", [FieldError("too_large", "Use a smaller one.", "#/")])
    if (
        error.connection_invalidated
        or isinstance(error, InterfaceError | OperationalError)
        or state.startswith(_RETRY_CODES)
    ):
        logger.warning("database_unavailable", sqlstate=state)
        return _database_unavailable()
    logger.error("database_error", sqlstate=state, constraint=constraint, error=type(origin).__name__)
    if state == _NO_PRIVILEGE:
        return Forbidden("The database does not let you do this. Nothing was changed.")
    return _Unexpected("Something failed on our side. Quote the request id to report it.")
