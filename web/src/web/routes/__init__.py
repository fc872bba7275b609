"""HTTP: the addresses of the pages."""

from typing import Final

from web.routes import account, cascades, countries, figures, health, home, reports, sign_in, trainings

ROUTERS: Final = [
    home.router,
    countries.router,
    figures.router,
    trainings.router,
    cascades.router,
    account.router,
    sign_in.router,
    reports.router,
    health.router,
]
