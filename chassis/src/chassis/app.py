"""The application factory: logs, request ids, problems, health, the unit of work. No domain."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import structlog
from asyncpg import PostgresError
from fastapi import APIRouter, FastAPI
from joserfc.jwk import OKPKey
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.anchoring import keep_anchors
from chassis.events import Streams
from chassis.idempotency import Turns
from chassis.logs import begin_request, configure_logs
from chassis.migrate import check_schema
from chassis.openapi import describe
from chassis.problems import ConstraintWords, install_problem_handlers, unexpected_problem
from chassis.refusals import Door, StartRefused, check_role
from chassis.resources import NotModified
from chassis.settings import Settings
from chassis.streams import EndingStreams
from chassis.tokens import Caller
from chassis.unit_of_work import authenticate_by_token, make_engine

logger = structlog.get_logger()


def make_app(
    *,
    name: str,
    description: str,
    routers: Sequence[APIRouter],
    settings: Settings,
    migrations: Path,
    constraint_words: ConstraintWords | None = None,
    authenticate: Callable[[Request], Awaitable[Caller]] = authenticate_by_token,
    lifespan: Callable[[FastAPI], Any] | None = None,
    readiness: Callable[[FastAPI], Awaitable[dict[str, bool]]] | None = None,
) -> FastAPI:
    """An app that serves `routers` and refuses to start on a database that is not at the head of `migrations`.

    An app with private routes sets `app.state.sealer`, which seals what they keep for their keys. What else it refuses
    to start with, `app.state.check_start` says to whoever knows where it will listen: `chassis.serve`.
    """
    configure_logs(name, settings.log_level)
    engine = make_engine(settings)

    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        await check_database(engine, migrations)
        try:
            async with AsyncExitStack() as stack:
                app.state.anchors = await stack.enter_async_context(keep_anchors(name, engine, settings))
                if lifespan is not None:
                    await stack.enter_async_context(lifespan(app))
                yield
        finally:
            await engine.dispose()

    app = FastAPI(
        title=f"Tributary: {name}",
        version=version(name),
        description=description,
        lifespan=run,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.check_start = start_check(settings, engine, migrations)
    app.state.settings = settings
    app.state.engine = engine
    app.state.authenticate = authenticate
    app.state.sealer = None
    app.state.turns = Turns()
    app.state.streams = Streams(settings.events_at_once)
    app.state.anchors = None
    app.state.cursor_key = settings.cursor_key.get_secret_value().encode()
    app.state.token_public_key = OKPKey.import_key(settings.token_public_key)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    app.add_middleware(EndingStreams)
    app.add_middleware(RequestLine, max_body_bytes=settings.max_body_bytes, large_bodies=settings.large_bodies)
    install_problem_handlers(app, constraint_words or {})
    app.add_exception_handler(NotModified, _not_modified)
    app.include_router(health_router(app, engine, readiness))
    for router in routers:
        app.include_router(router)
    return app


async def check_database(engine: AsyncEngine, migrations: Path) -> None:
    """Raise `StartRefused` unless the schema is the one this code needs and the database's rules bind us."""
    await check_schema(engine, migrations)
    await check_role(engine)


def start_check(settings: Settings, engine: AsyncEngine, migrations: Path) -> Callable[[Door], Awaitable[None]]:
    """What raises `StartRefused`, with all reasons, where an app must not listen behind a door."""

    async def check_start(door: Door) -> None:
        if refusals := settings.find_refusals(door):
            raise StartRefused("\n".join(refusals))
        try:
            await check_database(engine, migrations)
        except (OSError, DBAPIError, PostgresError) as error:
            reason = type(getattr(error, "orig", None) or error).__name__
            raise StartRefused(
                f"The database cannot be reached ({reason}): see that it runs and that TRIBUTARY_DATABASE_URL is right."
            ) from error
        finally:
            await engine.dispose()  # its connections belong to the loop that this runs in

    return check_start


def health_router(
    app: FastAPI, engine: AsyncEngine, readiness: Callable[[FastAPI], Awaitable[dict[str, bool]]] | None
) -> APIRouter:
    """`/livez`: the process runs. `/readyz`: its database answers too, and whatever else `readiness` names.

    Anchors that cannot be written are a warning there: taking the service away would not bring them back.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz() -> Response:
        ready = {"database": await _is_reachable(engine)}
        if readiness is not None:
            ready |= await readiness(app)
        missing = sorted(name for name, is_ready in ready.items() if not is_ready)
        if missing:
            return JSONResponse({"status": "not_ready", "missing": missing}, status_code=503)
        if app.state.anchors is not None and app.state.anchors.fault is not None:
            return JSONResponse({"status": "ok", "warnings": ["anchors"]})
        return JSONResponse({"status": "ok"})

    return router


async def _is_reachable(engine: AsyncEngine) -> bool:
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is that we are not ready
        logger.warning("not_ready", error=type(error).__name__)
        return False
    return True


async def _not_modified(_request: Request, error: Exception) -> Response:
    assert isinstance(error, NotModified)  # noqa: S101 - registered for this class only
    return Response(status_code=304, headers={"ETag": error.tag, "Cache-Control": "private, no-cache"})


class RequestLine:
    """Outermost: gives each request its id, echoes it, and logs one line when it is answered.

    It limits bodies too: the framework's own limit answers plain text, and without the request's id.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_body_bytes: int,
        answer_unexpected: Callable[[Request, Exception], Response] = unexpected_problem,
        large_bodies: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """`large_bodies`: the limit of an address that reads more than all others."""
        self.app = app
        self.large_bodies = large_bodies
        self.max_body_bytes = max_body_bytes
        self.answer_unexpected = answer_unexpected

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        offered = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = begin_request(offered or None)
        started = time.perf_counter()
        status = 500
        read_bytes = 0
        limit = self.large_bodies.get(scope["path"], self.max_body_bytes)

        async def receive_within_limit() -> Message:
            nonlocal read_bytes
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > limit:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        is_started = False

        async def send_with_id(message: Message) -> None:
            nonlocal status, is_started
            if message["type"] == "http.response.start":
                status, is_started = message["status"], True
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            await self.app(scope, receive_within_limit, send_with_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
            # Handled here and not by the framework, which would hand it on to be logged with its message.
            answer = self.answer_unexpected(Request(scope), error)
            if is_started:
                raise RuntimeError("an answer broke off") from None
            await answer(scope, receive, send_with_id)
        finally:
            if scope["path"] not in {"/livez", "/readyz"}:
                elapsed_ms = round((time.perf_counter() - started) * 1000, 1)
                logger.info("request", method=scope["method"], path=scope["path"], status=status, elapsed_ms=elapsed_ms)
