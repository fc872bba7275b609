"""Money divided by people: what is computed, and for which reason it is not. Missing is never zero."""

from datetime import date
from typing import Any

import pytest
from chassis.testing import Api
from gateway.unit_costs import CostFindings, make_cost_per_person

TOTAL: dict[str, Any] = {"currency": "USD", "amount": {"amount": "1000.00", "currency": "USD"}}


def count(value: str | None, lower: str | None = None, **over: Any) -> dict[str, Any]:
    group = {"value": value, "lower": lower or value, "upper": value, "suppressed": False, "headcount": 0} | over
    return {"unit": "persons", "method": "Distinct persons.", "items": [group]}


def findings(**over: Any) -> CostFindings:
    """A training of eight who completed it, with ten hours each."""
    made = CostFindings(
        "MX", None, None, None, date(2016, 1, 1), False, {name: {"status": "ok"} for name in ("funding", "trainings")}
    )
    made.trainings_in_scope = 2
    made.costed = [{"id": "T", "beneficiary_country_codes": ["MX", "GE"], "headcount": None}]
    made.costs = {"totals": [TOTAL], "left_out": []}
    made.counts = {"persons": count("8"), "completions": count("8"), "contact_hours": count("80.5")}
    made.without_headcount, made.with_completions = 1, 1
    for name, value in over.items():
        setattr(made, name, value)
    return made


def said(made: CostFindings) -> list[str]:
    """Of each cost its value, or why there is none."""
    items = make_cost_per_person(made)["items"]
    assert all((one["value"] is None) == bool(one["reasons"]) == (one["result"] != "computed") for one in items)
    return [one["value"] or " ".join(reason["code"] for reason in one["reasons"]) for one in items]


def test_cost_is_divided_to_the_cent_and_names_what_it_is_made_of() -> None:
    made = make_cost_per_person(findings())
    assert said(findings()) == ["125.00", "125.00", "99.38"]  # 1,000 / (80.5 / 8) = 99.378...
    assert made["coverage"] == {"trainings": 2, "with_costs": 1, "is_whole": False, "shared": 1}
    person = made["items"][0]
    assert person["formula"].endswith("/ distinct persons who completed one of them")
    assert person["denominator"]["explain_url"] == (
        "/v1/training-counts?measure=persons&training_id=T&as_of=2016-01-01&explain=true"
    )
    assert made["numerator"]["costs_url"].startswith("/v1/cost-totals?training_id=T&left_out_country_code=MX&")


@pytest.mark.parametrize(
    ("over", "reasons"),
    [
        ({"trainings_in_scope": 0, "costed": [], "costs": None}, "no_trainings"),
        ({"costed": [], "costs": None}, "no_costs"),
        ({"costs": {"totals": [], "left_out": []}}, "no_costs"),
        ({"is_too_many": True, "costs": None}, "too_many_trainings"),
        ({"costs": {"totals": [TOTAL, TOTAL | {"currency": "MXN"}], "left_out": []}}, "currency_differs"),
        ({"with_completions": 0}, "nobody_recorded"),
        ({"with_completions": None, "is_hidden": True}, "denominator_is_hidden"),
        ({"states": {"funding": {"status": "timeout"}, "trainings": {"status": "ok"}}}, "funding_missing"),
        (
            {"states": {"funding": {"status": "unavailable"}, "trainings": {"status": "unavailable"}}, "costs": None},
            "funding_missing trainings_missing",
        ),
    ],
)
def test_what_stands_against_all_three_is_said_of_each(over: dict[str, Any], reasons: str) -> None:
    assert said(findings(**over)) == [reasons] * 3


def test_missing_is_neither_refused_nor_zero() -> None:
    down = findings(states={"funding": {"status": "ok"}, "trainings": {"status": "timeout"}}, counts={})
    made = make_cost_per_person(down)
    assert [one["result"] for one in made["items"]] == ["missing"] * 3
    assert (made["missing"], made["items"][0]["denominator"]["value"]) == (["trainings"], None)


@pytest.mark.parametrize(
    ("persons", "reasons"),
    [
        (count(None, "10", headcount=10), ["denominator_is_a_range", "denominator_is_a_range", "99.38"]),
        (count("8", headcount=3), ["125.00", "denominator_is_a_range", "99.38"]),
        (count(None, None, suppressed=True), ["denominator_is_hidden", "125.00", "99.38"]),
        (count(None), ["denominator_not_recorded", "125.00", "99.38"]),
        (count("0"), ["denominator_is_zero", "125.00", "99.38"]),
    ],
)
def test_count_that_is_no_number_divides_nothing(persons: dict[str, Any], reasons: list[str]) -> None:
    counts = findings().counts | {"persons": persons}
    assert said(findings(counts=counts)) == reasons


async def test_scope_and_period_are_asked_for(api: Api) -> None:
    address = "/v1/derived-figures/cost-per-person"
    for query, parameter in (
        ("", "country_code"),
        ("?country_code=MX&as_of=2016-01-01&from_date=2016-01-02", "from_date"),
        ("?country_code=MX&as_of=2999-01-01", "as_of"),
        ("?training_id=T", "training_id"),
    ):
        answer = await api.viewer().get(address + query)
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, parameter), answer.text
    # Nobody answers: both are named, and nothing is zero.
    made = (await api.viewer().get(f"{address}?country_code=MX")).json()
    assert (made["missing"], {one["result"] for one in made["items"]}) == (["funding", "trainings"], {"missing"})
    assert made["coverage"] == dict.fromkeys(("trainings", "with_costs", "is_whole", "shared"))
