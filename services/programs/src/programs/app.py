"""How the programs service is put together."""

from chassis.app import make_app
from fastapi import FastAPI

from programs.routes import ROUTERS
from programs.service import CONSTRAINT_WORDS
from programs.settings import MIGRATIONS, ProgramsSettings


def create_app() -> FastAPI:
    """The app, with its settings from the environment."""
    return make_app(
        name="programs",
        description="Country programs, partner agencies, and what documents say: sources, figures and statements.",
        routers=ROUTERS,
        settings=ProgramsSettings(),
        migrations=MIGRATIONS,
        constraint_words=CONSTRAINT_WORDS,
    )
