"""HTTP: the addresses of the pages."""

from typing import Final

from web.routes import (
    account,
    agencies,
    cascades,
    completions,
    countries,
    duplicates,
    figures,
    funding,
    health,
    home,
    import_steps,
    imports,
    ledger,
    people,
    reports,
    rosters,
    sign_in,
    training_forms,
    trainings,
)

ROUTERS: Final = [
    home.router,
    countries.router,
    figures.router,
    training_forms.router,
    rosters.router,
    imports.router,
    import_steps.router,
    completions.router,
    trainings.router,
    cascades.router,
    agencies.router,
    funding.router,
    ledger.router,
    people.router,
    duplicates.router,
    account.router,
    sign_in.router,
    reports.router,
    health.router,
]
