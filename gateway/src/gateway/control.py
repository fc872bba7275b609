"""The control app: makes tokens and sign-in links for whoever may open its socket, which is a 0600 Unix socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from chassis.app import start_check
from chassis.logs import configure_logs
from chassis.problems import install_problem_handlers
from chassis.refusals import Door, StartRefused
from chassis.resources import Body
from chassis.unit_of_work import make_engine, open_session
from fastapi import FastAPI
from pydantic import BaseModel, Field

from gateway.access import OPERATOR, create_link, create_token
from gateway.settings import MIGRATIONS, GatewaySettings


class TokenCreate(Body):
    """The token to make."""

    name: str = Field(min_length=1, max_length=100)
    role: str
    countries: list[str] = Field(default=[], max_length=250)
    expires_days: float = 30


class LinkCreate(Body):
    """Whom the link is to sign in."""

    name: str = Field(min_length=1, max_length=100)
    role: str
    countries: list[str] = Field(default=[], max_length=250)


class LinkMade(BaseModel):
    """The code of the link, shown this once."""

    code: str
    expires_at: datetime


class TokenMade(BaseModel):
    """The token, shown this once."""

    token: str
    expires_at: datetime


def create_app() -> FastAPI:
    """The app. Opening the socket is the permission, so there is no sign-in."""
    settings = GatewaySettings()
    configure_logs("control", settings.log_level)
    engine = make_engine(settings.model_copy(update={"pool_size": 1}))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    install_problem_handlers(app, {})
    check_all = start_check(settings, engine, MIGRATIONS)

    async def check_start(door: Door) -> None:
        if door is not Door.private:
            raise StartRefused("The control process asks nobody to sign in: give it a Unix socket, --uds, and no port.")
        await check_all(door)

    app.state.check_start = check_start

    @app.get("/readyz")
    async def readyz() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/tokens", status_code=201, response_model=TokenMade)
    async def make_token(body: TokenCreate) -> dict[str, Any]:
        async with open_session(engine, OPERATOR) as session, session.begin():
            token, expires_at = await create_token(session, body.name, body.role, body.countries, body.expires_days)
        return {"token": token, "expires_at": expires_at}

    @app.post("/links", status_code=201, response_model=LinkMade)
    async def make_link(body: LinkCreate) -> dict[str, Any]:
        async with open_session(engine, OPERATOR) as session, session.begin():
            code, expires_at = await create_link(session, body.name, body.role, body.countries)
        return {"code": code, "expires_at": expires_at}

    return app
