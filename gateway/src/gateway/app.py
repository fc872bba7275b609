"""How the gateway is put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.app import make_app
from chassis.hosts import KnownHosts
from chassis.sealing import Sealer
from fastapi import FastAPI
from joserfc.jwk import OKPKey
from starlette.middleware import Middleware

from gateway.access import authenticate
from gateway.clients import SERVICES, IssuerClient, Services
from gateway.issuer import Issuer
from gateway.origins import DemoAnswers, Preflights, ReadableAnswers
from gateway.routes import ROUTERS
from gateway.service import CONSTRAINT_WORDS
from gateway.settings import MIGRATIONS, GatewaySettings, items_of


def create_app() -> FastAPI:
    """The app, with its settings from the environment."""
    settings = GatewaySettings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.services = Services(settings)
        async with open_issuer(settings) as issuer:
            app.state.issuer = issuer
            yield
        await app.state.services.close()

    app = make_app(
        name="gateway",
        description="The door of Tributary: signs in, routes, and joins the figures of the services.",
        routers=ROUTERS,
        settings=settings,
        migrations=MIGRATIONS,
        constraint_words=CONSTRAINT_WORDS,
        authenticate=authenticate,
        lifespan=lifespan,
        readiness=_ready_services,
    )
    private_key = settings.token_private_key.get_secret_value()
    app.state.token_private_key = OKPKey.import_key(private_key)
    app.state.sealer = Sealer(private_key.encode(), "idempotency_keys")
    # Innermost, where `add_middleware` would make it the outermost: a refusal is logged and has its request's id too.
    app.user_middleware.append(Middleware(KnownHosts, hosts=frozenset(items_of(settings.allowed_hosts))))
    if origins := items_of(settings.allowed_origins):
        app.user_middleware.append(Middleware(Preflights, origins=origins))
        app.add_middleware(ReadableAnswers, origins=origins)
    if settings.demo:
        app.add_middleware(DemoAnswers)
    return app


@asynccontextmanager
async def open_issuer(settings: GatewaySettings) -> AsyncIterator[Issuer | None]:
    """The issuer that is configured, if one is. It is not asked before a token of its own comes."""
    if settings.issuer_url is None or settings.issuer_audience is None:
        yield None
        return
    client = IssuerClient(settings.issuer_url)
    yield Issuer(settings.issuer_url, settings.issuer_audience, items_of(settings.issuer_algorithms), client.read)
    await client.close()


async def _ready_services(app: FastAPI) -> dict[str, bool]:
    return {name: await app.state.services.is_ready(name) for name in SERVICES}
