"""Numbers as people read them."""

from typing import Any

import pytest
from gateway.words import say_claim, say_count


def make_figure(**over: Any) -> dict[str, Any]:
    return {
        "value": "505", "value_min": None, "value_max": None, "qualifier": "more_than", "qualifier_text": "more than",
        "bound": "gt", "unit": "persons", "currency": None,
    } | over  # fmt: skip


@pytest.mark.parametrize(
    ("over", "is_money", "stage", "said"),
    [
        ({}, False, None, "more than 505"),
        ({"value": "7800"}, False, None, "more than 7,800"),
        ({"value": "7000", "qualifier": "approx"}, False, None, "about 7,000"),
        ({"value": "20", "qualifier": "about", "bound": "lt", "unit": "percent"}, False, None, "almost 20%"),
        (
            {"value": None, "value_min": "200", "value_max": "999", "qualifier": "hundreds", "bound": "range"},
            False,
            None,
            "hundreds",
        ),
        (
            {"value": None, "qualifier": None, "qualifier_text": "many of", "bound": "unquantified"},
            False,
            None,
            "many (no number given)",
        ),
        (
            {"value": "25000000", "qualifier": "exact", "bound": "eq", "currency": "USD"},
            True,
            "unspecified",
            "25,000,000 USD, stage not stated",
        ),
        (
            {"value": "23400000", "qualifier": "just_over", "currency": "USD"},
            True,
            "unspecified",
            "just over 23,400,000 USD, stage not stated",
        ),
        (
            {"value": "8000000000", "qualifier": "exact", "bound": "eq"},
            True,
            "unspecified",
            "8,000,000,000, currency and stage not stated",
        ),
        ({"value": "1.5", "qualifier": "exact", "bound": "eq", "currency": "USD"}, True, "obligated", "1.5 USD"),
    ],
)
def test_a_claim_reads_as_its_document_means_it(
    over: dict[str, Any], is_money: bool, stage: str | None, said: str
) -> None:
    assert say_claim(make_figure(**over), is_money=is_money, stage=stage) == said


@pytest.mark.parametrize(
    ("point", "is_complete", "said"),
    [
        ({"value": "512", "lower": "512", "upper": "512"}, True, "512"),
        ({"value": "512", "lower": "512", "upper": "512"}, False, "512 so far"),
        ({"value": None, "lower": "10", "upper": "12"}, True, "10 to 12"),
        ({"value": None, "lower": "1", "upper": "4", "suppressed": True}, False, "fewer than 5 so far"),
    ],
)
def test_a_count_says_whether_it_is_complete(point: dict[str, Any], is_complete: bool, said: str) -> None:
    assert say_count(point, is_complete=is_complete) == said
