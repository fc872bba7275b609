"""Money divided by people, of the same trainings on both sides, or why not. Decides; asks nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from urllib.parse import urlencode

from gateway.figures import Json

DOLLARS: Final = "USD"
HOURS_A_DAY: Final = 8
MOST_TRAININGS: Final = 200
CENT: Final = Decimal("0.01")
Pairs = list[tuple[str, str]]
REASONS: Final[Mapping[str, str]] = {
    "funding_missing": "The funding service did not answer: the cost is missing, not zero.",
    "trainings_missing": "The trainings service did not answer: who was trained is missing, not zero.",
    "no_trainings": "No training of this scope that ended in this period is recorded.",
    "too_many_trainings": f"More than {MOST_TRAININGS} trainings with costs: ask for a program or a shorter period.",
    "no_costs": "Nothing that was disbursed is allocated to trainings of this scope and period.",
    "currency_differs": "Some of it was disbursed in another currency than US dollars.",
    "nobody_recorded": (
        "Of some trainings with costs nobody is recorded as having completed them, and no headcount: their cost would "
        "fall to others."
    ),
    "denominator_is_a_range": "It is not known how many there were: some are known by a headcount, or without hours.",
    "denominator_not_recorded": "How many there were is not recorded.",
    "denominator_is_zero": "There were none.",
    "denominator_is_hidden": "Fewer than five people: shown to officers with a grant for their country.",
}


@dataclass(frozen=True, slots=True)
class Unit:
    """What money is divided by: a count of the trainings service, divided by so many."""

    measure: str
    count: str
    label: str
    unit: str
    formula: str
    divisor: int = 1


UNITS: Final = (
    Unit(
        "cost_per_person", "persons", "Cost per person trained", "US dollars per person",
        "disbursed and allocated to these trainings / distinct persons who completed one of them",
    ),
    Unit(
        "cost_per_completion", "completions", "Cost per completion", "US dollars per completion",
        "disbursed and allocated to these trainings / completions of them",
    ),
    Unit(
        "cost_per_training_day", "contact_hours", "Cost per training day", "US dollars per day of one participant",
        f"disbursed and allocated to these trainings / (contact hours of their participants / {HOURS_A_DAY})",
        HOURS_A_DAY,
    ),
)  # fmt: skip


@dataclass(slots=True)
class CostFindings:
    """What the services answered. None: not asked, or no answer, and then `states` says why."""

    country_code: str | None
    program_code: str | None
    training_id: str | None
    from_date: date | None
    as_of: date
    include_program_support: bool
    states: dict[str, Json]
    trainings_in_scope: int | None = None
    costed: list[Json] | None = None
    is_too_many: bool = False
    costs: Json | None = None
    counts: dict[str, Json | None] = field(default_factory=dict)
    # Of the trainings that have no headcount: how many they are, and in how many somebody is counted by name.
    without_headcount: int = 0
    with_completions: int | None = None
    is_hidden: bool = False

    @property
    def ids(self) -> list[str]:
        """The trainings that are on both sides."""
        return [str(one["id"]) for one in self.costed or ()]

    @property
    def scope_filters(self) -> Pairs:
        """How the trainings service is asked for the trainings of the scope: a training is of the period it ends in."""
        named = {
            "beneficiary_country_code": self.country_code,
            "program_code": self.program_code,
            "id": self.training_id,
            "ends_on_gte": self.from_date.isoformat() if self.from_date else None,
            "ends_on_lte": self.as_of.isoformat(),
            "is_voided": "false",
        }
        return [(name, value) for name, value in named.items() if value]

    @property
    def cost_filters(self) -> Pairs:
        """How the funding service is asked for the costs of those trainings, and what was paid beside."""
        pairs = [("training_id", one) for one in self.ids]
        pairs += [("left_out_country_code", self.country_code)] if self.country_code else []
        return [*pairs, *self.cost_options]

    @property
    def cost_options(self) -> Pairs:
        """What holds for any question about costs."""
        support = "true" if self.include_program_support else "false"
        return [("include_program_support", support), ("as_of", self.as_of.isoformat())]

    def count_filters(self, count: str) -> Pairs:
        """How the trainings service is asked to count, of those very trainings."""
        return [("measure", count), *(("training_id", one) for one in self.ids), ("as_of", self.as_of.isoformat())]


def make_cost_per_person(findings: CostFindings) -> Json:
    """The three costs with their inputs, or why there are none."""
    general = _general_reasons(findings)
    costed = findings.costed
    shared = [one for one in costed or () if set(one["beneficiary_country_codes"]) - {findings.country_code}]
    return {
        "figure": "cost_per_person",
        "country_code": findings.country_code,
        "program_code": findings.program_code,
        "training_id": findings.training_id,
        "from_date": findings.from_date,
        "as_of": findings.as_of,
        "include_program_support": findings.include_program_support,
        "scope": _say_scope(findings),
        "items": [_item(findings, unit, general) for unit in UNITS],
        "numerator": {
            "totals": findings.costs["totals"] if findings.costs else [],
            "costs_url": f"/v1/cost-totals?{urlencode(findings.cost_filters)}",
        },
        "excluded": findings.costs["left_out"] if findings.costs else [],
        "coverage": {
            "trainings": findings.trainings_in_scope,
            "with_costs": None if costed is None else len(costed),
            "is_whole": None
            if costed is None or findings.trainings_in_scope is None
            else len(costed) == findings.trainings_in_scope,
            "shared": None if costed is None or findings.country_code is None else len(shared),
        },
        "missing": sorted(name for name, state in findings.states.items() if state["status"] != "ok"),
        "services": findings.states,
    }


def _general_reasons(findings: CostFindings) -> list[str]:
    """What stands against all three. Where a service does not answer, nothing else is known."""
    missing = [f"{name}_missing" for name in ("funding", "trainings") if findings.states[name]["status"] != "ok"]
    if missing:
        return missing
    if findings.is_too_many:
        return ["too_many_trainings"]
    if not findings.trainings_in_scope:
        return ["no_trainings"]
    totals = findings.costs["totals"] if findings.costs else []
    if not totals:
        return ["no_costs"]
    reasons = ["currency_differs"] if any(one["currency"] != DOLLARS for one in totals) else []
    if findings.with_completions is not None and findings.with_completions < findings.without_headcount:
        reasons.append("nobody_recorded")
    return [*reasons, "denominator_is_hidden"] if findings.is_hidden else reasons


def _item(findings: CostFindings, unit: Unit, general: Sequence[str]) -> Json:
    answer = findings.counts.get(unit.count)
    group: Json = answer["items"][0] if answer else {}
    reasons = list(general)
    if not reasons:
        reasons = _reasons_of_count(group, findings.counts.get("persons"), unit)
    value = None
    if not reasons and findings.costs:
        money = Decimal(findings.costs["totals"][0]["amount"]["amount"])
        value = (money * unit.divisor / Decimal(group["value"])).quantize(CENT, ROUND_HALF_UP)
    is_missing = any(one.endswith("_missing") for one in reasons)
    url = f"/v1/training-counts?{urlencode(findings.count_filters(unit.count))}"
    return {
        "measure": unit.measure,
        "label": unit.label,
        "result": "computed" if value is not None else "missing" if is_missing else "refused",
        "reasons": [{"code": one, "message": REASONS[one]} for one in reasons],
        "value": None if value is None else format(value, "f"),
        "currency": DOLLARS,
        "unit": unit.unit,
        "formula": unit.formula,
        "denominator": {
            "measure": unit.count,
            **{name: group.get(name) for name in ("value", "lower", "upper")},
            "unit": answer["unit"] if answer else unit.count.replace("_", " "),
            "method": answer["method"] if answer else None,
            "counts_url": url,
            "explain_url": f"{url}&explain=true",
        },
    }


def _reasons_of_count(group: Json, persons: Json | None, unit: Unit) -> list[str]:
    """What stands against dividing by this count."""
    if group["suppressed"]:
        return ["denominator_is_hidden"]
    if group["lower"] is None:
        return ["denominator_not_recorded"]
    # A headcount says nothing of completions, but its training has its cost: a part of the people would be left out.
    unnamed: Any = persons["items"][0]["headcount"] if persons and unit.count == "completions" else 0
    if group["value"] is None or unnamed:
        return ["denominator_is_a_range"]
    return [] if Decimal(group["value"]) else ["denominator_is_zero"]


def _say_scope(findings: CostFindings) -> str:
    said = [f"for people of {findings.country_code}"] if findings.country_code else []
    said += [f"of the program {findings.program_code}"] if findings.program_code else []
    said += [f"the training {findings.training_id}"] if findings.training_id else []
    period = f"that ended {f'from {findings.from_date} ' if findings.from_date else ''}to {findings.as_of}"
    return (
        f"Trainings {', '.join(said)}, {period}, to which something disbursed by then is allocated; all of their "
        "people and all of their cost."
    )
