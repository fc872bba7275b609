"""Which service answers what: the declared table, checked against the committed documents. Nothing else routes."""

from typing import Any, Final

# The first segment after /v1, by service.
NOUNS: Final = {
    "programs": (
        "agencies",
        "conflicts",
        "country-summaries",
        "coverage-declarations",
        "dossiers",
        "measures",
        "partnerships",
        "programs",
        "reported-figures",
        "series",
        "sources",
        "statements",
    ),
    "trainings": (
        "completions",
        "courses",
        "enrollments",
        "instructor-assignments",
        "people",
        "recorded-figures",
        "trainings",
    ),
    "funding": ("fund-lines", "ledger-entries", "money-totals"),
}
# The gateway's own.
OWN: Final = ("account", "countries", "figures", "grants", "openapi.json", "sessions", "tokens", "users")
_SERVICE_OF: Final = {noun: service for service, nouns in NOUNS.items() for noun in nouns}


def find_service(path: str) -> str | None:
    """The service that answers `/v1/<noun>/...`, None where there is none."""
    parts = path.split("/")
    return _SERVICE_OF.get(parts[2]) if len(parts) > 2 and parts[1] == "v1" else None  # noqa: PLR2004 - "", "v1", noun


def check_documents(documents: dict[str, dict[str, Any]]) -> list[str]:
    """What the table and the services' OpenAPI documents disagree on; empty where nothing."""
    problems = []
    for service, nouns in NOUNS.items():
        declared = {path.split("/")[2] for path in documents[service]["paths"]}
        problems += [f"{service} serves /v1/{noun}, which the table does not route" for noun in declared - set(nouns)]
        problems += [
            f"the table routes /v1/{noun} to {service}, which does not serve it" for noun in set(nouns) - declared
        ]
    return sorted(problems)
