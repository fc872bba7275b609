"""A card in a terminal names what is missing, and says who said what."""

from typing import Any

import pytest
from tributary.card import write_card, write_date, write_headlines, write_span

CLAIM = {
    "display": "more than 505",
    "source": {"code": "p", "title": "INL corrections page", "publisher": "INL", "locator": "paragraph 3"},
    "as_of": {"earliest": "2015-10-07", "latest": "2021-01-20", "label": None},
    "rank": "preferred",
    "superseded_by_code": None,
    "is_voided": False,
    "voided_at": None,
    "voided_by": None,
    "void_reason": None,
}
OLDER = CLAIM | {"display": "370", "rank": "normal", "superseded_by_code": "S0-18"}


def make_card(**over: Any) -> dict[str, Any]:
    figure = {
        "label": "Instructors trained",
        "is_headline": True,
        "headline": {"display": "more than 505", "kind": "reported"},
        "reported": CLAIM | {"history": [OLDER]},
        "recorded": {"display": "3 so far", "as_of": "2026-01-01", "method": "Distinct persons."},
        "comparison": {"result": "not_comparable", "reasons": ["as_of_window_open"], "compared": "505 against 3."},
        "conflicts": [],
    }
    money = {"status": "recorded", "note": "By stage.", "totals": [], "reported": []}
    return {
        "country_code": "MX",
        "name": "Mexico",
        "as_of": "2026-01-01",
        "known_at": None,
        "note": None,
        "figures": [figure],
        "programs": [],
        "partners": [],
        "money": {"us": money, "host_investment": {"note": "Apart.", "reported": []}},
        "statements": [],
        "statements_next": None,
        "missing": [],
        "services": {"trainings": {"status": "timeout"}},
        **over,
    }


def test_a_figure_has_its_source_its_history_and_its_comparison() -> None:
    shown = write_card(make_card()).splitlines()
    assert shown[2:8] == [
        "Figures",
        "  Instructors trained: more than 505",
        "    reported  more than 505, INL corrections page (INL, paragraph 3), 2015-10-07 to 2021-01-20, preferred",
        "    history   370, INL corrections page (INL, paragraph 3), 2015-10-07 to 2021-01-20, superseded by S0-18",
        "    recorded  3 so far on 2026-01-01, by the rule: Distinct persons.",
        "    compared  not_comparable (as_of_window_open): 505 against 3.",
    ]


def test_a_voided_claim_is_told_with_its_reason() -> None:
    wrong = OLDER | {
        "rank": "preferred",
        "superseded_by_code": None,
        "is_voided": True,
        "voided_at": "2026-01-02T10:00:00Z",
        "voided_by": "Ana Analyst",
        "void_reason": "Misread.",
    }
    card = make_card()
    card["figures"][0]["reported"] = CLAIM | {"history": [wrong]}
    assert (
        "    history   370, INL corrections page (INL, paragraph 3), 2015-10-07 to 2021-01-20, preferred, "
        "voided by Ana Analyst on 2026-01-02: Misread."
    ) in write_card(card).splitlines()


def test_a_missing_part_is_named_and_never_zero() -> None:
    line = "  The trainings service did not answer (timeout): its part is missing here, not zero."
    card = make_card(missing=["trainings"])
    assert write_card(card).endswith(f"Missing\n{line}")
    assert write_headlines(card)[-1] == line


def test_a_card_of_the_past_says_of_when_it_is() -> None:
    assert write_card(make_card()).splitlines()[0] == "Mexico (MX), as of 2026-01-01"
    then = write_card(make_card(known_at="2026-03-01T12:00:00Z")).splitlines()[0]
    assert then == "Mexico (MX), as of 2026-01-01, as recorded by 2026-03-01T12:00:00Z"


def test_a_list_that_goes_on_says_so() -> None:
    assert "  More statements: /v1/statements?cursor=x" in write_card(
        make_card(statements_next="/v1/statements?cursor=x")
    )


def test_a_country_without_data_says_so() -> None:
    card = make_card(figures=[], note="Nothing has been recorded about Mexico yet.")
    assert write_headlines(card) == ["Mexico", "  Nothing has been recorded about Mexico yet."]


@pytest.mark.parametrize(
    ("vague", "words"),
    [
        (None, ""),
        ({"earliest": "2008-01-01", "latest": "2008-12-31", "label": "2008"}, "2008"),
        ({"earliest": "2008-01-01", "latest": "2008-01-01", "label": None}, "2008-01-01"),
        ({"earliest": "2008-01-01", "latest": None, "label": None}, "2008-01-01 to ?"),
    ],
)
def test_vague_dates(vague: dict[str, Any] | None, words: str) -> None:
    assert write_date(vague) == words
    assert write_span(vague, None) == (f"since {words}" if words else "")
    assert write_span(None, vague) == (f"? to {words}" if words else "")
