"""How the trainings service is put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.app import make_app
from chassis.sealing import Sealer
from fastapi import FastAPI

from trainings import service
from trainings.privacy import MasterKey
from trainings.references import open_client
from trainings.routes import ROUTERS
from trainings.service.roster_imports.papers import Tools
from trainings.settings import MIGRATIONS, TrainingsSettings


def create_app() -> FastAPI:
    """The app, with its settings from the environment."""
    settings = TrainingsSettings()
    people_key = bytes.fromhex(settings.people_key.get_secret_value())

    @asynccontextmanager
    async def connect_to_programs(app: FastAPI) -> AsyncIterator[None]:
        async with open_client(settings.programs_url, settings.programs_timeout_seconds) as client:
            app.state.programs_client = client
            yield

    app = make_app(
        name="trainings",
        description="Courses, trainings, the people who take and lead them, and every count of people.",
        routers=ROUTERS,
        settings=settings,
        migrations=MIGRATIONS,
        constraint_words=service.CONSTRAINT_WORDS,
        lifespan=connect_to_programs,
    )
    app.state.people_key = MasterKey(people_key)
    app.state.import_tools = Tools.of(settings)
    app.state.sealer = Sealer(people_key, "idempotency_keys")
    return app
