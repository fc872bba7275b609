"""Asks the services for what a cost per person is made of: the same trainings for the money and for the people."""

import asyncio
from typing import Any, Final

from gateway.figures import Json
from gateway.gather import Asking
from gateway.unit_costs import MOST_TRAININGS, UNITS, CostFindings

# What the funding service knows of trainings, by the name that the trainings service has for it.
_ASKED: Final = {
    "beneficiary_country_code": "beneficiary_country_code",
    "program_code": "program_code",
    "id": "training_id",
}
_TOO_MANY: Final = "too_many_trainings"


async def find_costs(asking: Asking, findings: CostFindings) -> None:
    """Fill `findings`: which trainings have costs, what they cost, and who is counted in them."""
    wanted = [(_ASKED[name], value) for name, value in findings.scope_filters if name in _ASKED]
    candidates, in_scope = await asyncio.gather(
        asking.ask("funding", "/v1/cost-totals", [("target_kind", "training"), *wanted, *findings.cost_options]),
        asking.ask("trainings", "/v1/trainings", [*findings.scope_filters, ("limit", "1"), ("with_total", "true")]),
    )
    if in_scope is not None:
        findings.trainings_in_scope = int(in_scope["total_count"])
    if candidates is None:
        findings.is_too_many = _is_too_many(asking)
        return
    ids = [one["training"]["id"] for one in candidates["targets"]]
    findings.costed = await _list_costed(asking, findings, ids)
    if findings.costed:
        await asyncio.gather(_ask_costs(asking, findings), _ask_heads(asking, findings), *_ask_counts(asking, findings))


def _is_too_many(asking: Asking) -> bool:
    """Whether the funding service would answer, were it asked for less. Then nothing is missing."""
    errors: list[Json] = asking.problems.get("funding", {}).get("errors", [])
    if not any(one["code"] == _TOO_MANY for one in errors):
        return False
    asking.states["funding"]["status"] = "ok"
    return True


async def _list_costed(asking: Asking, findings: CostFindings, ids: list[str]) -> list[Json] | None:
    """Those of the trainings with costs that are of the scope and the period as their own service knows them now."""
    if not ids:
        return []
    filters = [pair for pair in findings.scope_filters if pair[0] != "id"]
    wanted = [*filters, *(("id", one) for one in ids), ("limit", str(MOST_TRAININGS))]
    found = await asking.ask("trainings", "/v1/trainings", wanted)
    return None if found is None else list(found["items"])


async def _ask_costs(asking: Asking, findings: CostFindings) -> None:
    found = await asking.ask("funding", "/v1/cost-totals", findings.cost_filters)
    findings.costs = dict(found) if found else None


def _ask_counts(asking: Asking, findings: CostFindings) -> list[Any]:
    async def count(name: str) -> None:
        found = await asking.ask("trainings", "/v1/training-counts", findings.count_filters(name))
        findings.counts[name] = dict(found) if found else None

    return [count(unit.count) for unit in UNITS]


async def _ask_heads(asking: Asking, findings: CostFindings) -> None:
    """In how many of the trainings without a headcount somebody is counted by name."""
    without = [str(one["id"]) for one in findings.costed or () if one["headcount"] is None]
    findings.without_headcount = len(without)
    if not without:
        return
    named = [("measure", "persons"), *(("training_id", one) for one in without)]
    found = await asking.ask("trainings", "/v1/training-counts", [*named, ("as_of", findings.as_of.isoformat())])
    if found:
        counted = found["items"][0]
        findings.is_hidden = bool(counted["suppressed"])
        findings.with_completions = None if findings.is_hidden else int(counted["trainings"] or 0)
