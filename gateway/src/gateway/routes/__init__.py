"""HTTP: the gateway's own paths first, then the services'."""

from typing import Final

from gateway.routes import (
    account,
    changes,
    countries,
    deliveries,
    derived_figures,
    documents,
    figures,
    grants,
    jobs,
    proxy,
    sessions,
    tokens,
    users,
)

ROUTERS: Final = [
    countries.router,
    figures.router,
    derived_figures.router,
    deliveries.router,
    account.router,
    sessions.router,
    users.router,
    grants.router,
    tokens.router,
    changes.router,
    documents.router,
    jobs.router,
    proxy.router,  # the last: it takes every path that is left
]
