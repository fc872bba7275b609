"""HTTP: the addresses of the pages."""

from typing import Final

from web.routes import (
    account,
    agencies,
    cascades,
    countries,
    duplicates,
    figures,
    health,
    home,
    people,
    reports,
    sign_in,
    trainings,
)

ROUTERS: Final = [
    home.router,
    countries.router,
    figures.router,
    trainings.router,
    cascades.router,
    agencies.router,
    people.router,
    duplicates.router,
    account.router,
    sign_in.router,
    reports.router,
    health.router,
]
