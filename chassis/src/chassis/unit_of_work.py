"""One request, one transaction: authenticate, validate, run, serialize, commit, and only then send."""

import hashlib
import json
import math
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Security
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import Session as SyncSession
from sqlalchemy.orm import SessionTransaction
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from chassis.errors import FieldError, UnknownParameter, UnsupportedMediaType
from chassis.logs import current_request_id
from chassis.problems import nearest
from chassis.settings import Settings
from chassis.tokens import Caller, bearer_of, verify_token

_scheme: Final = HTTPBearer(auto_error=False, description="A token of the gateway.")
_IDENTITY: Final = text(
    "SELECT set_config('app.subject', :subject, true), set_config('app.request_id', :request_id, true)"
)


def make_engine(settings: Settings) -> AsyncEngine:
    """A pool that gives up within its limits rather than queue for ever."""
    return create_async_engine(
        settings.database_url.get_secret_value(),
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=2,
        pool_pre_ping=True,
        hide_parameters=True,  # parameters may be personal; they must not reach a log by way of a message
        connect_args={
            "timeout": 5,
            "server_settings": {
                "statement_timeout": str(int(settings.statement_timeout_seconds * 1000)),
                "lock_timeout": "2000",
                "idle_in_transaction_session_timeout": "15000",
                "timezone": "UTC",
            },
        },
    )


def open_session(engine: AsyncEngine, caller: Caller) -> AsyncSession:
    """A session whose every transaction carries the caller's identity. It takes a connection at its first statement."""
    session = AsyncSession(engine, expire_on_commit=False)

    def identify(_session: SyncSession, _transaction: SessionTransaction, connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's event signature
        connection.execute(_IDENTITY, {"subject": caller.subject, "request_id": current_request_id()})

    event.listen(session.sync_session, "after_begin", identify)
    return session


class UnitOfWorkRoute(APIRoute):
    """A route whose function runs in one transaction, committed after its answer is serialized and before it is sent.

    A dependency cannot do this: with the default scope a failing commit would still answer 201, with the function's
    scope it would never see the answer. Nobody else calls `commit`.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler of this route, inside a transaction."""
        handle = super().get_route_handler()
        known = sorted(query_parameters(self.dependant))
        reads_json = self.body_field is not None

        async def in_one_transaction(request: Request) -> Response:
            caller = await request.app.state.authenticate(request)
            refuse_unknown_parameters(request, known)
            if reads_json:
                refuse_other_media_types(request)
                request = JsonRequest(request.scope, request.receive)
            async with open_session(request.app.state.engine, caller) as session:
                request.state.caller = caller
                request.state.session = session
                async with session.begin():
                    response = await handle(request)
            response.headers.setdefault("Cache-Control", "private, no-cache")
            if address := getattr(request.state, "next_address", None):
                response.headers["Link"] = f'<{address}>; rel="next"'
            return tag_answer(request, response)

        return in_one_transaction


class JsonRequest(Request):
    """A request whose body is JSON as the standard has it: the parser takes more, which nothing can hold."""

    async def json(self) -> Any:  # noqa: ANN401 - whatever was sent
        """The body; `JSONDecodeError` for NaN, a number beyond all floats, or half of a surrogate pair."""
        body = await self.body()
        found = json.loads(body, parse_constant=_refuse_constant, parse_float=_finite)
        if b"\\" in body:  # only an escape can write half of a character
            try:
                json.dumps(found, ensure_ascii=False).encode()
            except UnicodeEncodeError as error:
                raise json.JSONDecodeError("Half of a surrogate pair", "", 0) from error
        return found


def _refuse_constant(name: str) -> None:
    raise json.JSONDecodeError(f"{name} is not JSON", "", 0)


def _finite(written: str) -> float:
    number = float(written)
    if math.isinf(number):
        raise json.JSONDecodeError("A number is too large", "", 0)
    return number


def tag_answer(request: Request, response: Response) -> Response:
    """Give a computed answer an ETag, and answer 304 where the caller has this very answer already."""
    if request.method != "GET" or response.status_code != HTTPStatus.OK or "etag" in response.headers:
        return response
    body = getattr(response, "body", None)
    if body is None:
        return response
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response.headers["ETag"] = tag
    if tag in request.headers.get("if-none-match", ""):
        headers = {"ETag": tag, "Cache-Control": response.headers["Cache-Control"]}
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return response


def work_router(tag: str) -> APIRouter:
    """A router under `/v1` whose routes are units of work."""
    return APIRouter(prefix="/v1", tags=[tag], route_class=UnitOfWorkRoute, dependencies=[Security(_scheme)])


async def authenticate_by_token(request: Request) -> Caller:
    """The caller of a service: whoever the gateway's token names."""
    return verify_token(request.app.state.token_public_key, bearer_of(request.headers.get("authorization")))


def query_parameters(dependant: Dependant) -> set[str]:
    """The names of all query parameters of a route, those of query models included."""
    names: set[str] = set()
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            names.update(annotation.model_fields)
        else:
            names.add(field.alias)
    for inner in dependant.dependencies:
        names |= query_parameters(inner)
    return names


def refuse_unknown_parameters(request: Request, known: list[str]) -> None:
    """Raise for a parameter this route does not have: a typo must never answer another question."""
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        takes = f"It takes {', '.join(known)}." if known else "It takes none."
        raise UnknownParameter(
            f"{unknown[0]!r} is not a query parameter of this address.{nearest(unknown[0], known)} {takes}",
            [
                FieldError(
                    "unknown_parameter", f"There is no parameter {name!r}.{nearest(name, known)}", parameter=name
                )
                for name in unknown
            ],
        )


def refuse_other_media_types(request: Request) -> None:
    """Raise unless the body says that it is JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedMediaType(f"Send `Content-Type: application/json`, not {kind or 'nothing'!r}.")


def current_session(request: Request) -> AsyncSession:
    """The session of this request."""
    session: AsyncSession = request.state.session
    return session


def current_caller(request: Request) -> Caller:
    """Who is asking."""
    caller: Caller = request.state.caller
    return caller


Session = Annotated[AsyncSession, Depends(current_session)]
CurrentCaller = Annotated[Caller, Depends(current_caller)]
