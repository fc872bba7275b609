"""How the pages are put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from chassis.app import RequestLine
from chassis.hosts import KnownHosts
from chassis.logs import configure_logs
from chassis.refusals import Door, StartRefused
from chassis.streams import EndingStreams
from fastapi import FastAPI
from starlette.middleware import Middleware
from tributary import AsyncTributary

from web.assets import Assets
from web.errors import install_error_pages, refused, unexpected_page
from web.guards import OwnForms, SecurityHeaders
from web.rendering import make_templates
from web.routes import ROUTERS
from web.routes.imports import UPLOADS
from web.sessions import Sessions
from web.settings import STATIC, WebSettings

logger = structlog.get_logger()


def create_app() -> FastAPI:
    """The app, with its settings from the environment."""
    settings = WebSettings()
    configure_logs("web", settings.log_level)
    assets = Assets(STATIC)
    if assets.missing:
        logger.warning("assets_missing", missing=assets.missing, remedy="make assets")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncTributary(settings.gateway_url, timeout_seconds=settings.api_timeout_seconds, retries=1) as api:
            app.state.api = api
            yield

    app = FastAPI(
        title="Tributary: web",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(SecurityHeaders, settings=settings),
            Middleware(
                RequestLine,
                max_body_bytes=settings.max_body_bytes,
                answer_unexpected=unexpected_page,
                large_bodies={UPLOADS: settings.max_upload_bytes},
            ),
            Middleware(EndingStreams),
            Middleware(KnownHosts, hosts=settings.known_hosts),
            Middleware(OwnForms, refuse=refused),
        ],
    )

    async def check_start(door: Door) -> None:
        if refusals := settings.find_refusals(door):
            raise StartRefused("\n".join(refusals))

    app.state.check_start = check_start
    app.state.settings = settings
    app.state.assets = assets
    app.state.sessions = Sessions(settings)
    app.state.templates = make_templates(is_demo=settings.demo)
    install_error_pages(app)
    for router in ROUTERS:
        app.include_router(router)
    app.mount(assets.prefix, assets.app(), name="static")
    return app
