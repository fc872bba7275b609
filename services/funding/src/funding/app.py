"""How the funding service is put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.app import make_app
from chassis.references import open_client
from fastapi import FastAPI

from funding.routes import ROUTERS
from funding.service import CONSTRAINT_WORDS
from funding.settings import MIGRATIONS, FundingSettings


def create_app() -> FastAPI:
    """The app, with its settings from the environment."""
    settings = FundingSettings()

    @asynccontextmanager
    async def connect_to_owners(app: FastAPI) -> AsyncIterator[None]:
        async with (
            open_client(settings.programs_url, settings.programs_timeout_seconds, "programs") as programs,
            open_client(settings.trainings_url, settings.trainings_timeout_seconds, "trainings") as trainings,
        ):
            app.state.programs_client, app.state.trainings_client = programs, trainings
            yield

    return make_app(
        name="funding",
        description="Treasury accounts, fund lines, agreements, the append-only ledger of their money, and totals that "
        "name their stage.",
        routers=ROUTERS,
        settings=settings,
        migrations=MIGRATIONS,
        constraint_words=CONSTRAINT_WORDS,
        lifespan=connect_to_owners,
    )
