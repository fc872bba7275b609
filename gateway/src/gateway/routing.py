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
        "attendances",
        "certifications",
        "cascades",
        "completions",
        "course-versions",
        "courses",
        "duplicate-candidates",
        "enrollments",
        "identity-documents",
        "instructor-assignments",
        "merges",
        "people",
        "recorded-figures",
        "roster-imports",
        "training-sessions",
        "training-counts",
        "seats-at-risk",
        "trainings",
        "units",
        "vetting-records",
    ),
    "funding": (
        "agreement-amendments",
        "agreement-deliverables",
        "agreement-lines",
        "agreements",
        "cost-allocations",
        "cost-totals",
        "entry-proposals",
        "exchange-rates",
        "fund-codes",
        "fund-lines",
        "host-contribution-totals",
        "host-contributions",
        "ledger-entries",
        "ledger-imports",
        "money-totals",
        "reports",
        "treasury-accounts",
    ),
}
# What a service answers about the records of another: noun and last word of the address.
ABOUT: Final = {("agencies", "reach"): "trainings"}
# The gateway's own.
OWN: Final = (
    "account", "agreement-deliveries", "changes", "countries", "derived-figures", "figures", "grants", "history",
    "openapi.json", "sessions", "tokens", "users",
)  # fmt: skip
# Of those, what every service answers for its own part, and the gateway joins.
JOINED: Final = ("changes", "history")
# The types of changes, by service: nouns, and what is part of them.
TYPES: Final = {
    "programs": (
        "agencies",
        "conflicts",
        "coverage-declarations",
        "measures",
        "partnerships",
        "programs",
        "reported-figures",
        "series",
        "sources",
        "statements",
        "program-countries",
        "rank-decisions",
        "supersessions",
        "conflict-members",
    ),
    "trainings": (
        "courses",
        "course-versions",
        "trainings",
        "training-sessions",
        "people",
        "units",
        "identity-documents",
        "merges",
        "duplicate-candidates",
        "vetting-records",
        "enrollments",
        "attendances",
        "completions",
        "instructor-assignments",
        "certifications",
        "certification-suspensions",
        "roster-imports",
        "agency-refs",
        "program-refs",
    ),
    "funding": (
        "fund-lines",
        "ledger-entries",
        "treasury-accounts",
        "fund-codes",
        "agreements",
        "agreement-amendments",
        "agreement-lines",
        "agreement-deliverables",
        "entry-proposals",
        "exchange-rates",
        "host-contributions",
        "cost-allocations",
        "ledger-imports",
        "funding-agency-refs",
        "funding-program-refs",
        "training-refs",
    ),
    "gateway": ("grants", "tokens", "users", "sign-in-links"),
}
_SERVICE_OF: Final = {noun: service for service, nouns in NOUNS.items() for noun in nouns}


def find_service(path: str) -> str | None:
    """The service that answers `/v1/<noun>/...`, None where there is none."""
    match path.split("/"):
        case ["", "v1", noun, _, word] if (noun, word) in ABOUT:
            return ABOUT[noun, word]
        case ["", "v1", noun, *_]:
            return _SERVICE_OF.get(noun)
        case _:
            return None


def find_about(path: str) -> str | None:
    """The service that answers this address about another's record."""
    parts = path.split("/")
    return ABOUT.get((parts[2], parts[-1]))


def check_documents(documents: dict[str, dict[str, Any]]) -> list[str]:
    """What the table and the services' OpenAPI documents disagree on; empty where nothing."""
    problems = []
    for service, nouns in NOUNS.items():
        about = {path for path in documents[service]["paths"] if find_about(path) == service}
        served = {path.split("/")[2] for path in documents[service]["paths"].keys() - about}
        told = {(path.split("/")[2], path.split("/")[-1]) for path in about}
        problems += [
            f"{service} does not serve /v1/{noun}/.../{word}, which the table routes to it"
            for (noun, word), owner in ABOUT.items()
            if owner == service and (noun, word) not in told
        ]
        declared = served - set(JOINED)
        problems += [f"{service} does not serve /v1/{noun}, which is joined" for noun in set(JOINED) - served]
        if tuple(types_of(documents[service])) != TYPES[service]:
            problems.append(f"{service} and the table disagree on the types of its changes")
        problems += [f"{service} serves /v1/{noun}, which the table does not route" for noun in declared - set(nouns)]
        problems += [
            f"the table routes /v1/{noun} to {service}, which does not serve it" for noun in set(nouns) - declared
        ]
    return sorted(problems)


def types_of(document: dict[str, Any]) -> list[str]:
    """The types of changes that a service's document declares."""
    for one in document["paths"].get("/v1/changes", {}).get("get", {}).get("parameters", []):
        if one["name"] == "type":
            return list(one["schema"]["items"]["enum"])
    return []
