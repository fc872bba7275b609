"""HTTP: the addresses of the pages."""

from typing import Final

from web.routes import account, countries, figures, health, home, reports, sign_in

ROUTERS: Final = [
    home.router,
    countries.router,
    figures.router,
    account.router,
    sign_in.router,
    reports.router,
    health.router,
]
