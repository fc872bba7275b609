"""HTTP: the gateway's own paths first, then the services'."""

from typing import Final

from gateway.routes import countries, documents, figures, proxy

ROUTERS: Final = [countries.router, figures.router, documents.router, proxy.router]
