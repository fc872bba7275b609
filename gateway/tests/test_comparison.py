"""Rules R4 and R10: what a document claims against what the records show."""

from datetime import date
from decimal import Decimal

import pytest
from gateway.comparison import Claim, Comparison, Count, Coverage, Reason, Result, compare, outcome, round_like
from hypothesis import given
from hypothesis import strategies as st

TODAY = date(2026, 11, 20)
EARLIEST, LATEST = date(2015, 10, 7), date(2021, 1, 20)
COMPLETE = [Coverage(date(2008, 1, 1), None)]


def make_claim(
    value: str | None = "505", qualifier: str | None = "more_than", bound: str = "gt", **over: object
) -> Claim:
    fields: dict[str, object] = {
        "value": None if value is None else Decimal(value),
        "value_min": None,
        "value_max": None,
        "qualifier": qualifier,
        "bound": bound,
        "period_start": date(2008, 1, 1),
        "as_of_earliest": EARLIEST,
        "as_of_latest": LATEST,
    }
    return Claim(**(fields | over))  # type: ignore[arg-type]


HUNDREDS = make_claim(None, "hundreds", "range", value_min=Decimal(200), value_max=Decimal(999))


def at_ends(early: int, late: int) -> list[Count]:
    return [Count(EARLIEST, Decimal(early), Decimal(early)), Count(LATEST, Decimal(late), Decimal(late))]


@pytest.mark.parametrize(
    ("claim", "counted", "expected"),
    [
        (make_claim(), "505", Result.borderline),
        (make_claim(), "506", Result.consistent),
        (make_claim(), "504", Result.short),
        (make_claim("23400000", "just_over"), "23500000", Result.consistent),
        (make_claim("23400000", "just_over"), "25000000", Result.exceeds),
        (make_claim("23400000", "just_over"), "23400000", Result.short),
        (make_claim("23400000", "just_over"), "24570000", Result.consistent),
        (make_claim("100", "at_least", "ge"), "100", Result.consistent),
        (make_claim("100", "at_least", "ge"), "99", Result.short),
        (make_claim("7000", "approx", "approx"), "6300", Result.consistent),
        (make_claim("7000", "about", "approx"), "7701", Result.exceeds),
        (make_claim("7000", "about", "approx"), "6299", Result.short),
        (make_claim("50", "about", "lt"), "45", Result.consistent),
        (make_claim("50", "about", "lt"), "50", Result.exceeds),
        (make_claim("50", "about", "lt"), "44", Result.short),
        (make_claim("488", "exact", "eq"), "488", Result.consistent),
        (make_claim("488", "exact", "eq"), "489", Result.exceeds),
        (make_claim("25000000", "exact", "eq"), "25400000", Result.consistent),
        (make_claim("25000000", "exact", "eq"), "24400000", Result.short),
        (HUNDREDS, "199", Result.short),
        (HUNDREDS, "200", Result.consistent),
        (HUNDREDS, "999", Result.consistent),
        (HUNDREDS, "1000", Result.exceeds),
        (make_claim(None, None, "unquantified"), "2", Result.consistent),
        (make_claim(None, None, "unquantified"), "1", Result.not_comparable),
    ],
)
def test_each_word_has_its_own_rule(claim: Claim, counted: str, expected: Result) -> None:
    assert outcome(claim, Decimal(counted)) is expected


def test_nothing_recorded_comes_before_every_other_reason() -> None:
    assert compare(make_claim(), [], [], TODAY) == Comparison(Result.not_recorded)
    assert compare(make_claim(), [], COMPLETE, TODAY) == Comparison(Result.not_recorded)


def test_without_a_declaration_nothing_is_compared() -> None:
    expected = Comparison(Result.not_comparable, (Reason.records_not_declared_complete,))
    assert compare(make_claim(), at_ends(600, 700), [], TODAY) == expected
    late = [Coverage(date(2008, 1, 2), None)]
    assert compare(make_claim(), at_ends(600, 700), late, TODAY) == expected
    ended = [Coverage(date(2008, 1, 1), date(2021, 1, 19))]
    assert compare(make_claim(), at_ends(600, 700), ended, TODAY) == expected


@pytest.mark.parametrize(
    ("early", "late", "expected"),
    [
        (512, 520, Comparison(Result.consistent)),
        (400, 498, Comparison(Result.short)),
        (498, 520, Comparison(Result.not_comparable, (Reason.as_of_window_open,))),
        (505, 505, Comparison(Result.borderline)),
        (505, 506, Comparison(Result.not_comparable, (Reason.as_of_window_open,))),
    ],
)
def test_a_vague_date_is_settled_by_both_ends_of_its_window(early: int, late: int, expected: Comparison) -> None:
    assert compare(make_claim(), at_ends(early, late), COMPLETE, TODAY) == expected


def test_an_open_window_ends_today() -> None:
    counts = [Count(EARLIEST, Decimal(600), Decimal(600)), Count(TODAY, Decimal(700), Decimal(700))]
    claim = make_claim(as_of_latest=None)
    assert compare(claim, counts, COMPLETE, TODAY) == Comparison(Result.consistent)


def test_a_range_settles_only_where_both_its_ends_agree() -> None:
    day = make_claim(as_of_earliest=LATEST)
    straddling = [Count(LATEST, Decimal(500), Decimal(510))]
    assert compare(day, straddling, COMPLETE, TODAY) == Comparison(Result.not_comparable, (Reason.range_straddles,))
    above = [Count(LATEST, Decimal(506), Decimal(510))]
    assert compare(day, above, COMPLETE, TODAY) == Comparison(Result.consistent)


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(1, 10_000))
def test_a_settled_window_gives_what_every_day_in_it_gives(low: int, growth: int, claimed: int) -> None:
    claim = make_claim(str(claimed))
    comparison = compare(claim, at_ends(low, low + growth), COMPLETE, TODAY)
    between = outcome(claim, Decimal(low + growth // 2))
    assert comparison.result in {Result.not_comparable, between}


@given(st.integers(1, 10**9), st.integers(0, 10**10))
def test_rounding_like_a_value_keeps_its_significant_digits(value: int, counted: int) -> None:
    rounded = round_like(Decimal(counted), Decimal(value))
    zeros = len(str(value)) - len(str(value).rstrip("0"))
    assert rounded % 10**zeros == 0
    assert abs(rounded - counted) * 2 <= 10**zeros
