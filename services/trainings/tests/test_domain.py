"""Rules that need no database."""

from datetime import date
from decimal import Decimal

import pytest
from chassis.errors import Invalid
from pydantic import ValidationError
from trainings.domain import (
    BirthPrecision,
    Cell,
    CompletionRule,
    CourseType,
    Headcount,
    LeftOut,
    check_birth,
    check_completion,
    check_completion_rule,
    check_course,
    check_names,
    check_training_dates,
    hide_small_account,
    hide_small_cells,
    in_words,
    is_small,
    split_headcount,
)
from trainings.settings import TrainingsSettings

TODAY = date(2020, 2, 29)


def test_fewer_than_five_are_small_and_none_is_not() -> None:
    assert [number for number in range(8) if is_small(number)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("persons", "shown"),
    [
        ([10, 20], [10, 20]),
        ([10, 0], [10, 0]),
        # One alone would follow from the total: the smallest of the rest goes with it.
        ([10, 2, 20], [None, None, 20]),
        ([10, 2, 7], [10, None, None]),
        ([10, 2, 0], [None, None, 0]),
        ([10, 2, 4], [10, None, None]),
        ([2], [None]),
        ([2, 0], [None, 0]),
        ([], []),
    ],
)
def test_small_cells_are_hidden_and_never_one_alone(persons: list[int], shown: list[int | None]) -> None:
    hidden = hide_small_cells([Cell(completions=number + 1, persons=number, trainings=1) for number in persons])
    assert [cell.persons for cell in hidden] == shown
    assert [cell.completions for cell in hidden] == [None if number is None else number + 1 for number in shown]


def test_date_in_words() -> None:
    assert in_words(date(2016, 3, 1)) == "1 March 2016"


def test_completion_is_between_the_start_and_today() -> None:
    start = date(2020, 2, 1)
    for day in (start, TODAY):
        check_completion(day, start, TODAY)
    for day, code in ((date(2020, 1, 31), "before_start"), (date(2020, 3, 1), "in_future")):
        with pytest.raises(Invalid) as refusal:
            check_completion(day, start, TODAY)
        assert [one.code for one in refusal.value.errors] == [code]


def test_training_may_end_on_its_first_day_and_not_before() -> None:
    check_training_dates(TODAY, TODAY)
    with pytest.raises(Invalid) as refusal:
        check_training_dates(TODAY, date(2020, 2, 28))
    assert refusal.value.errors[0].message == "The end is before the start, 29 February 2020."


def test_only_a_training_of_trainers_qualifies() -> None:
    check_course(CourseType.training_of_trainers, "A", "B")
    for course_type in CourseType:
        check_course(course_type, "A", None)
        if course_type is not CourseType.training_of_trainers:
            with pytest.raises(Invalid):
                check_course(course_type, "A", "B")


@pytest.mark.parametrize(
    ("birth_date", "precision", "code"),
    [
        (None, "not_recorded", None),
        (date(1980, 7, 31), "day", None),
        (date(1980, 1, 1), "day", None),
        (date(1980, 1, 1), "year", None),
        (date(1980, 1, 1), "not_recorded", "precision_needed"),
        (date(1980, 7, 31), "year", "not_a_year"),
        (None, "year", "missing"),
        (None, "day", "missing"),
        (date(2020, 3, 1), "day", "in_future"),
    ],
)
def test_birth_date_and_precision_fit_each_other(birth_date: date | None, precision: str, code: str | None) -> None:
    if code is None:
        check_birth(birth_date, BirthPrecision(precision), TODAY)
        return
    with pytest.raises(Invalid) as refusal:
        check_birth(birth_date, BirthPrecision(precision), TODAY)
    assert [one.code for one in refusal.value.errors] == [code]
    assert "1980" not in str(vars(refusal.value))


def test_headcount_has_a_remainder_and_no_more_parts_than_a_whole() -> None:
    assert split_headcount(10, 3, 5) == Headcount(female=3, male=5, not_recorded=2)
    assert (split_headcount(0, 0, 0).total, split_headcount(8, 3, 5).total) == (0, 8)
    with pytest.raises(Invalid) as refusal:
        split_headcount(7, 3, 5)
    assert [(one.pointer, one.code) for one in refusal.value.errors] == [("#/headcount/total", "below_parts")]


@pytest.mark.parametrize(
    ("designed", "attended", "mark", "score", "missing"),
    [
        (10, "8", "70", "70", []),
        (10, "7.99", "70", "70", ["hours_short"]),
        (10, "0", "70", None, ["hours_short", "score_missing"]),
        (10, "8", "70", "69.99", ["score_below_pass_mark"]),
        # What no course asks for, or nobody took, is not missing.
        (None, "0", None, None, []),
        (10, None, None, "0", []),
    ],
)
def test_completion_rule_names_all_that_is_missing(
    designed: int | None, attended: str | None, mark: str | None, score: str | None, missing: list[str]
) -> None:
    hours, passing, reached = (None if one is None else Decimal(one) for one in (attended, mark, score))
    rule = CompletionRule(designed, Decimal("0.8"), hours, passing, reached)
    found = []
    try:
        check_completion_rule(rule)
    except Invalid as refusal:
        found = [one.code for one in refusal.errors]
    assert found == missing


def test_one_name_is_enough() -> None:
    check_names([None, "Person", None])
    for names in ([], [None, None], [""]):
        with pytest.raises(Invalid):
            check_names(names)


@pytest.mark.parametrize("wrong", ["ab" * 31, "ab" * 33, "zz" * 32, ""])
def test_people_key_of_another_form_is_refused_without_showing_it(
    service_environment: pytest.MonkeyPatch, wrong: str
) -> None:
    service_environment.setenv("TRIBUTARY_DATABASE_URL", "postgresql+asyncpg://nobody@/nothing")
    service_environment.setenv("TRIBUTARY_PROGRAMS_URL", "http://programs:8001")
    service_environment.setenv("TRIBUTARY_PEOPLE_KEY", wrong)
    with pytest.raises(ValidationError) as refusal:
        TrainingsSettings()
    assert [one["loc"] for one in refusal.value.errors()] == [("people_key",)]
    assert not wrong or wrong not in str(refusal.value)


@pytest.mark.parametrize("missing", ["PEOPLE_KEY", "PROGRAMS_URL"])
def test_settings_that_are_needed_have_no_default(service_environment: pytest.MonkeyPatch, missing: str) -> None:
    service_environment.setenv("TRIBUTARY_DATABASE_URL", "postgresql+asyncpg://nobody@/nothing")
    service_environment.setenv("TRIBUTARY_PROGRAMS_URL", "ftp://elsewhere")
    service_environment.setenv("TRIBUTARY_PEOPLE_KEY", "ab" * 31)
    service_environment.delenv(f"TRIBUTARY_{missing}")
    with pytest.raises(ValidationError) as refusal:
        TrainingsSettings()
    assert {one["loc"][0]: one["type"] for one in refusal.value.errors()}[missing.lower()] == "missing"


def test_small_cell_of_a_total_is_not_alone_because_something_small_was_voided() -> None:
    """The number of records is told and has no voided one in it: 12 less 10 would be the 2 that are hidden."""
    counted, venue = Cell(completions=10, persons=10), Cell(completions=2, persons=2)
    left_out = {LeftOut.voided: Cell(completions=3, persons=3), LeftOut.other_venue: venue}
    hidden = Cell(completions=None, persons=None)
    assert hide_small_account(counted, left_out) == (hidden, {LeftOut.voided: hidden, LeftOut.other_venue: hidden})
    # And what was voided gives nothing else away: it hides by itself.
    assert hide_small_account(counted, {LeftOut.voided: venue}) == (counted, {LeftOut.voided: hidden})
    many = Cell(completions=7, persons=6)
    assert hide_small_account(counted, {LeftOut.voided: many}) == (counted, {LeftOut.voided: many})
