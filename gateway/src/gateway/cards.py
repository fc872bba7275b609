"""A country's card: its figures, programs, partners, money and statements, each with where it comes from."""

from datetime import date
from typing import Any, Final

from chassis.codes import COUNTRY_NAMES

from gateway.figures import Findings, Json, make_figures

EMPTY: Final = "Nothing has been recorded about {name} yet."
_TOPICS: Final = {"reform": "reforms", "facility": "facilities", "assistance_type": "assistance"}


def make_card(findings: Findings) -> Json:
    """The card of a country from what the services answered."""
    code = findings.subject_code
    figures = make_figures(findings)
    dossier: Json = findings.dossier or {
        "programs": [],
        "partnerships": [],
        "statements": [],
        "statements_next": None,
        "sources": [],
    }
    states = findings.services
    missing = sorted(name for name, state in states.items() if state["status"] != "ok")
    has_money = bool(findings.money and findings.money["entries"])
    is_empty = not (missing or figures or dossier["programs"] or dossier["statements"] or has_money)
    return {
        "country_code": code,
        "name": COUNTRY_NAMES[code],
        "as_of": findings.as_of,
        "known_at": findings.known_at,
        "note": EMPTY.format(name=COUNTRY_NAMES[code]) if is_empty else None,
        "figures": figures,
        "programs": [_program(one, code) for one in dossier["programs"] if _is_running(one, findings.as_of)],
        "partners": [_partner(one) for one in dossier["partnerships"] if _is_running(one, findings.as_of)],
        "money": _money(findings, figures),
        "statements": _by_topic(_written_by(findings.as_of, dossier)),
        "statements_next": dossier["statements_next"],
        "missing": missing,
        "services": states,
    }


def _is_running(row: Json, as_of: date) -> bool:
    """Whether it may have begun by then and may not have ended before. What is not recorded rules nothing out."""
    begun = (row["starts"] or {}).get("earliest")
    ended = (row["ends"] or {}).get("latest")
    return (begun is None or date.fromisoformat(begun) <= as_of) and (
        ended is None or date.fromisoformat(ended) >= as_of
    )


def _written_by(as_of: date, dossier: Json) -> list[Json]:
    """The statements whose document may have been written by then."""
    earliest = {one["code"]: date.fromisoformat(one["as_of_earliest"]) for one in dossier["sources"]}
    return [one for one in dossier["statements"] if earliest[one["source_code"]] <= as_of]


def _program(program: Json, code: str) -> Json:
    share = next((one["share"] for one in program["countries"] if one["country_code"] == code), None)
    names = ("code", "title", "kind", "sector", "status", "subdivision_code", "starts", "ends", "lead_agency_code")
    return {name: program[name] for name in names} | {
        "country_codes": [one["country_code"] for one in program["countries"]],
        "share": share,
        "program_url": f"/v1/programs/{program['id']}",
    }


def _partner(partnership: Json) -> Json:
    names = (
        "agency_code", "agency_name", "agency_kind", "program_code", "roles", "starts", "ends", "scope", "instrument",
        "source_code", "locator",
    )  # fmt: skip
    return {name: partnership[name] for name in names}


def _money(findings: Findings, figures: list[Json]) -> Json:
    totals = findings.money
    if totals is None:
        status = "missing"
        note = "The funding service did not answer: the ledger's totals are missing here, not zero."
    elif totals["entries"]:
        status, note = "recorded", "Each total is of one stage and one tier; stages are never added to each other."
    else:
        status, note = "not_recorded", f"The ledger has no entry for {COUNTRY_NAMES[findings.subject_code]}."
    return {
        "us": {
            "status": status,
            "note": note,
            "boundary": totals["boundary"] if totals else None,
            "as_of": totals["as_of"] if totals else None,
            "totals": totals["totals"] if totals else [],
            "reported": _references(figures, "us_assistance"),
        },
        "host_investment": {
            "note": "A host nation's own money: a stream of its own, never added to US money.",
            "reported": _references(figures, "host_investment"),
        },
    }


def _references(figures: list[Json], measure: str) -> list[Json]:
    return [
        {
            "figure_id": figure["id"],
            "label": figure["label"],
            "display": figure["headline"]["display"],
            "currency": figure["currency"],
            "stage": figure["stage"],
            "source": figure["reported"]["source"] if figure["reported"] else None,
        }
        for figure in figures
        if figure["measure"] == measure
    ]


def _by_topic(statements: list[Json]) -> list[Json]:
    groups: dict[str, list[dict[str, Any]]] = {}
    names = (
        "code", "kind", "text", "value", "unit", "qualifier_text", "period_start", "period_end", "dimensions",
        "attribution", "source_code", "source_title", "publisher", "locator", "rank", "rank_reason", "conflicts",
    )  # fmt: skip
    for statement in statements:
        topic = _TOPICS.get(statement["topic"]) or _TOPICS.get(statement["kind"]) or statement["topic"]
        groups.setdefault(topic, []).append({name: statement[name] for name in names})
    return [{"topic": topic, "items": groups[topic]} for topic in sorted(groups)]
