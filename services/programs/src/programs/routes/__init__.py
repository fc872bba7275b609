"""HTTP: paths, codes, who may call. No SQL, no rules."""

from typing import Final

from programs.routes import (
    agencies,
    changes,
    conflicts,
    coverage_declarations,
    dossiers,
    measures,
    partnerships,
    programs,
    reported_figures,
    series,
    sources,
    statements,
)

ROUTERS: Final = [
    programs.router,
    agencies.router,
    partnerships.router,
    sources.router,
    measures.router,
    series.router,
    reported_figures.router,
    statements.router,
    conflicts.router,
    coverage_declarations.router,
    dossiers.router,
    changes.router,
]
