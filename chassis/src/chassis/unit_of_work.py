"""One request, one transaction: authenticate, validate, run, serialize, keep the answer, commit, and only then send."""

import hashlib
import json
import math
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from fastapi import APIRouter, Depends, Query, Security, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSessionTransaction, create_async_engine
from sqlalchemy.orm import Session as SyncSession
from sqlalchemy.orm import SessionTransaction
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from chassis.errors import FieldError, OutcomeUnknown, RepeatedParameter, UnknownParameter, UnsupportedMediaType
from chassis.idempotency import (
    AnsweredAlready,
    KeyedRequest,
    KeyRequired,
    claim_key,
    describe_request,
    find_answer,
    keep_answer,
    read_key,
    take_key,
)
from chassis.logs import current_request_id
from chassis.problems import nearest
from chassis.resources import NotModified
from chassis.sealing import Sealer
from chassis.settings import Settings
from chassis.tokens import Caller, bearer_of, verify_token

bearer_scheme: Final = HTTPBearer(auto_error=False, description="A token of the gateway.")
_IDENTITY: Final = text(
    "SELECT set_config('app.subject', :subject, true), set_config('app.request_id', :request_id, true), "
    "set_config('app.role', :role, true), set_config('app.countries', :countries, true)"
)


_CHECK_DEFERRED: Final = text("SET CONSTRAINTS ALL IMMEDIATE")
_BOOLEAN: Final = TypeAdapter(bool)


Handle = Callable[[Request], Coroutine[Any, Any, Response]]


def make_engine(settings: Settings, **server_settings: str) -> AsyncEngine:
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
                **server_settings,
            },
        },
    )


def open_session(
    engine: AsyncEngine, caller: Caller, on_begin: Callable[[Connection], None] | None = None
) -> AsyncSession:
    """A session whose every transaction carries the caller's identity. It takes a connection at its first statement.

    `on_begin` runs then, before that statement.
    """
    session = AsyncSession(engine, expire_on_commit=False)

    def identify(_session: SyncSession, _transaction: SessionTransaction, connection: Connection) -> None:
        connection.execute(
            _IDENTITY,
            {
                "subject": caller.subject,
                "request_id": current_request_id() or str(uuid.uuid4()),  # outside a request: a job, a command
                "role": caller.role,
                "countries": ",".join(sorted(caller.countries)),
            },
        )
        if on_begin is not None:
            on_begin(connection)

    event.listen(session.sync_session, "after_begin", identify)
    return session


class Validation(BaseModel):
    """The answer to `validate_only=true`: every check passed. Nothing was written."""

    is_valid: Literal[True]


def take_validate_only(
    _validate_only: Annotated[
        bool, Query(alias="validate_only", description="Run every check and write nothing: 200 where all pass.")
    ] = False,
) -> None:
    """Declare the parameter on everything that writes. It is read in `only_validates`."""


class UnitOfWorkRoute(APIRoute):
    """A route whose function runs in one transaction, committed after its answer is serialized and before it is sent.

    A dependency cannot do this: with the default scope a failing commit would still answer 201, with the function's
    scope it would never see the answer. Nobody else calls `commit`.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        methods: set[str] | list[str] | None = None,
        dependencies: Sequence[params.Depends] = (),
        **options: Any,  # noqa: ANN401 - the framework's, passed on
    ) -> None:
        """A POST takes an idempotency key, and every write `validate_only`."""
        added = [Depends(take_validate_only)] if {"POST", "PATCH"} & set(methods or ()) else []
        if "POST" in (methods or ()) and KeyRequired not in dependencies:
            added.append(Depends(take_key))
        super().__init__(path, endpoint, methods=methods, dependencies=[*dependencies, *added], **options)

    def get_route_handler(self) -> Handle:
        """FastAPI's handler of this route, inside a transaction."""
        handle = super().get_route_handler()
        parameters = query_parameters(self.dependant)
        reads_json = self.body_field is not None
        takes_key = "POST" in (self.methods or ())
        needs_key = KeyRequired in self.dependencies

        async def in_one_transaction(request: Request) -> Response:
            caller = await self.authenticate(request)
            refuse_other_parameters(request, parameters)
            if reads_json:
                refuse_other_media_types(request)
                request = JsonRequest(request.scope, request.receive)
            key = read_key(request, is_required=needs_key) if takes_key else None
            if key is None or only_validates(request):
                response = await work(handle, request, caller)
            else:
                keyed = await describe_request(request, caller, key, self.sealer_of(request))
                response = await work_once(handle, request, caller, keyed)
            response.headers.setdefault("Cache-Control", "private, no-cache")
            if address := getattr(request.state, "next_address", None):
                response.headers["Link"] = f'<{address}>; rel="next"'
            return tag_answer(request, response)

        return in_one_transaction

    async def authenticate(self, request: Request) -> Caller:
        """Who is calling: as everywhere in the app, unless an address knows another way."""
        caller: Caller = await request.app.state.authenticate(request)
        return caller

    def sealer_of(self, _request: Request) -> Sealer | None:
        """What seals an answer that is kept for its key; nothing, unless the answer is private."""
        return None


class PrivateRoute(UnitOfWorkRoute):
    """A unit of work whose answer no cache keeps, and which is sealed where it is kept for its key."""

    def get_route_handler(self) -> Handle:
        """The handler of this route; its answer is not to be stored."""
        handle = super().get_route_handler()

        async def keep_out_of_caches(request: Request) -> Response:
            try:
                response = await handle(request)
            except NotModified as unchanged:
                response = Response(status_code=304, headers={"ETag": unchanged.tag})
            response.headers["Cache-Control"] = "no-store"
            return response

        return keep_out_of_caches

    def sealer_of(self, request: Request) -> Sealer | None:
        """The app's; without one nothing private may be kept."""
        sealer: Sealer | None = request.app.state.sealer
        if sealer is None:
            raise RuntimeError("an app with private routes needs a sealer")
        return sealer


async def work(handle: Handle, request: Request, caller: Caller, keyed: KeyedRequest | None = None) -> Response:
    """Run `handle` in a transaction that also keeps its answer, where the request has a key."""
    on_begin = partial(claim_key, keyed=keyed) if keyed else None
    async with open_session(request.app.state.engine, caller, on_begin) as session:
        request.state.caller = caller
        request.state.session = session
        async with session.begin() as transaction:
            response = await handle(request)
            if only_validates(request):
                await (await session.connection()).execute(_CHECK_DEFERRED)
                await transaction.rollback()
                return JSONResponse({"is_valid": True})
            if keyed is not None:
                await keep_answer(session, keyed, response, request.app.state.settings.idempotency_days)
            await commit(request, transaction)
    return response


async def work_once(handle: Handle, request: Request, caller: Caller, keyed: KeyedRequest) -> Response:
    """Run `handle`, unless its answer is kept already: then that is the answer."""
    async with request.app.state.turns.take(keyed):
        async with open_session(request.app.state.engine, caller) as session, session.begin():
            connection = await session.connection()
            kept = await connection.run_sync(find_answer, keyed)
        if kept is not None:
            return kept
        try:
            return await work(handle, request, caller, keyed)
        except AnsweredAlready as already:
            return already.response


def only_validates(request: Request) -> bool:
    """Whether the caller wants the checks and no effect. What is neither true nor false is refused by the route."""
    try:
        return _BOOLEAN.validate_python(request.query_params.get("validate_only", False))
    except ValidationError:
        return False


async def commit(request: Request, transaction: AsyncSessionTransaction) -> None:
    """Commit. Where the connection is lost meanwhile nobody knows whether it happened, and nobody says otherwise."""
    try:
        await transaction.commit()
    except (DBAPIError, OSError) as error:
        if request.method == "GET" or (isinstance(error, DBAPIError) and not error.connection_invalidated):
            raise
        raise OutcomeUnknown(
            "The connection to the database was lost while the change was being written, so it may have been made. "
            "Send it again with the same Idempotency-Key, or read the record first."
        ) from error


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


def work_router(tag: str, route_class: type[UnitOfWorkRoute] = UnitOfWorkRoute) -> APIRouter:
    """A router under `/v1` whose routes are units of work."""
    return APIRouter(prefix="/v1", tags=[tag], route_class=route_class, dependencies=[Security(bearer_scheme)])


async def authenticate_by_token(request: Request) -> Caller:
    """The caller of a service: whoever the gateway's token names."""
    return verify_token(request.app.state.token_public_key, bearer_of(request.headers.get("authorization")))


def query_parameters(dependant: Dependant) -> dict[str, bool]:
    """All query parameters of a route, those of query models included; whether each may be repeated."""
    found: dict[str, bool] = {}
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found |= {name: is_list(inner.annotation) for name, inner in annotation.model_fields.items()}
        else:
            found[field.alias] = is_list(annotation)
    for inner in dependant.dependencies:
        found |= query_parameters(inner)
    return found


def is_list(annotation: object) -> bool:
    """Whether a type is, or may be, a list of something."""
    return get_origin(annotation) is list or any(is_list(one) for one in get_args(annotation))


def refuse_other_parameters(request: Request, parameters: Mapping[str, bool]) -> None:
    """Raise for a parameter this route does not have or takes once: neither may answer another question."""
    known = sorted(parameters)
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
    given = Counter(name for name, _ in request.query_params.multi_items())
    if repeated := [name for name, times in given.items() if times > 1 and not parameters[name]]:
        raise RepeatedParameter(
            f"{repeated[0]!r} is given {given[repeated[0]]} times; this address takes it once.",
            [FieldError("repeated_parameter", f"Give {name!r} once.", parameter=name) for name in repeated],
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
