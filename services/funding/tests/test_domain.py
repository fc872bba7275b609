"""The rules of money, without a database."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from chassis.errors import Invalid
from funding.domain import (
    LABELS,
    POSTINGS,
    EntryKind,
    Stage,
    Tier,
    check_effective_date,
    fiscal_year_days,
    fy,
    kinds_of,
    rule_of,
    signed_amount,
    tier_of,
)
from hypothesis import given
from hypothesis import strategies as st


def test_every_kind_has_one_posting_and_every_stage_a_label_and_a_kind() -> None:
    # A closing is of the stage that it names.
    assert [*POSTINGS, EntryKind.cancellation_close] == list(EntryKind)
    assert list(LABELS) == list(Stage)
    assert sorted(kind for stage in Stage for kind in kinds_of(stage)) == sorted(POSTINGS)


def test_kind_gives_stage_and_sign() -> None:
    assert {kind: (posting.stage, posting.sign) for kind, posting in POSTINGS.items()} == {
        "appropriation": ("appropriated", 1),
        "allotment": ("allotted", 1),
        "allotment_withdrawal": ("allotted", -1),
        "commitment": ("committed", 1),
        "commitment_release": ("committed", -1),
        "obligation": ("obligated", 1),
        "upward_adjustment": ("obligated", 1),
        "deobligation": ("obligated", -1),
        "sub_obligation": ("sub_obligated", 1),
        "sub_deobligation": ("sub_obligated", -1),
        "disbursement": ("disbursed", 1),
        "refund": ("disbursed", -1),
    }
    assert signed_amount(EntryKind.refund, Decimal("2.50")) == Decimal("-2.50")
    assert signed_amount(EntryKind.refund, Decimal("2.50"), is_reversal=True) == Decimal("2.50")
    assert signed_amount(EntryKind.cancellation_close, Decimal("2.50")) == Decimal("-2.50")


def test_only_awards_under_a_bulk_obligation_are_the_second_tier() -> None:
    assert [stage for stage in Stage if tier_of(stage) is Tier.sub] == [Stage.sub_obligated]


def test_rule_is_worded_from_the_kinds() -> None:
    assert rule_of(Stage.appropriated) == "appropriations, each less its reversals"
    assert (
        rule_of(Stage.obligated)
        == "obligations + upward adjustments - deobligations - closings at cancellation, each less its reversals"
    )
    assert rule_of(Stage.disbursed) == "disbursements - refunds, each less its reversals"


def test_commitment_is_labeled_as_a_reservation() -> None:
    assert (LABELS[Stage.committed], LABELS[Stage.obligated]) == ("Committed (reserved)", "Obligated")


@pytest.mark.parametrize(
    ("day", "year"),
    [
        (date(2015, 9, 30), 2015),
        (date(2015, 10, 1), 2016),
        (date(2015, 12, 31), 2016),
        (date(2016, 1, 1), 2016),
        (date(2016, 9, 30), 2016),
        (date(2016, 10, 1), 2017),
    ],
)
def test_fiscal_year_is_named_by_the_year_it_ends_in(day: date, year: int) -> None:
    assert fy(day) == year


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 1, 1)))
def test_a_day_lies_in_its_fiscal_year_and_the_days_before_and_after_that_year_in_others(day: date) -> None:
    first, last = fiscal_year_days(fy(day))
    assert first <= day <= last
    assert (fy(first - timedelta(days=1)), fy(last + timedelta(days=1))) == (fy(day) - 1, fy(day) + 1)


def test_entry_is_dated_today_at_the_latest() -> None:
    today = date(2026, 3, 1)
    check_effective_date(today, today)
    with pytest.raises(Invalid) as refused:
        check_effective_date(today + timedelta(days=1), today)
    assert [(one.pointer, one.code) for one in refused.value.errors] == [("#/effective_date", "in_the_future")]
