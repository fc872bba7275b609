"""How the funding service is put together."""

from chassis.app import make_app
from fastapi import FastAPI

from funding.routes import ROUTERS
from funding.service import CONSTRAINT_WORDS
from funding.settings import MIGRATIONS, FundingSettings


def create_app() -> FastAPI:
    """The app, with its settings from the environment."""
    return make_app(
        name="funding",
        description="Fund lines, the append-only ledger of their money, and totals that name their stage.",
        routers=ROUTERS,
        settings=FundingSettings(),
        migrations=MIGRATIONS,
        constraint_words=CONSTRAINT_WORDS,
    )
