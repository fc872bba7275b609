"""Dates as people type them: read where they say one day, asked about where they say two, never guessed."""

from datetime import date

import pytest
from chassis.tables.dates import DateOrder, ParsedDate, Precision, UnreadableDate, find_order, parse_date
from hypothesis import given
from hypothesis import strategies as some

DMY, MDY, YMD = DateOrder.dmy, DateOrder.mdy, DateOrder.ymd
DAYS = some.dates(min_value=date(1000, 1, 1), max_value=date(2999, 12, 31))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2016-03-01", date(2016, 3, 1)),
        ("2016/3/1", date(2016, 3, 1)),
        ("20160301", date(2016, 3, 1)),
        ("2016-03-01T10:20:00", date(2016, 3, 1)),
        ("2016-03-01 10:20:00.5Z", date(2016, 3, 1)),
        ("13/02/2016", date(2016, 2, 13)),
        ("02/13/2016", date(2016, 2, 13)),
        ("03.03.2016", date(2016, 3, 3)),
        ("3 March 2016", date(2016, 3, 3)),
        ("March 3, 2016", date(2016, 3, 3)),
        ("3rd of Mar. 2016", date(2016, 3, 3)),
        ("Sat, 21 Nov 2026", date(2026, 11, 21)),
        ("3 de marzo de 2016", date(2016, 3, 3)),
        ("mar 3 2016", date(2016, 3, 3)),
        ("1 ENE 2016", date(2016, 1, 1)),
        ("05-dic-2016", date(2016, 12, 5)),
        ("1er février 2016", date(2016, 2, 1)),
        ("7 de março de 2016", date(2016, 3, 7)),
        ("29/02/2016", date(2016, 2, 29)),
        ("\uff12\uff10\uff11\uff16-03-01", date(2016, 3, 1)),
        ("\u0662\u0660\u0661\u0666/\u0663/\u0661", date(2016, 3, 1)),
    ],
)
def test_text_that_says_one_day_needs_no_order(text: str, day: date) -> None:
    assert parse_date(text) == (day, day, Precision.day)


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("03/04/2016", DMY, date(2016, 4, 3)),
        ("03/04/2016", MDY, date(2016, 3, 4)),
        ("3.4.2016 10:00", DMY, date(2016, 4, 3)),
        ("2016-03-04", MDY, date(2016, 3, 4)),
    ],
)
def test_stated_order_settles_the_rest(text: str, order: DateOrder, day: date) -> None:
    assert parse_date(text, order).earliest == day


@pytest.mark.parametrize(
    ("text", "earliest", "latest", "precision"),
    [
        ("2013", date(2013, 1, 1), date(2013, 12, 31), Precision.year),
        ("2012-02", date(2012, 2, 1), date(2012, 2, 29), Precision.month),
        ("02/2012", date(2012, 2, 1), date(2012, 2, 29), Precision.month),
        ("marzo de 2016", date(2016, 3, 1), date(2016, 3, 31), Precision.month),
        ("Sept 2016", date(2016, 9, 1), date(2016, 9, 30), Precision.month),
    ],
)
def test_less_precise_dates_are_as_wide_as_they_are(
    text: str, earliest: date, latest: date, precision: Precision
) -> None:
    assert parse_date(text) == (earliest, latest, precision)


@pytest.mark.parametrize(
    ("text", "order", "code"),
    [
        ("03/04/2016", None, "ambiguous"),
        ("03/04/2016", YMD, "ambiguous"),
        ("03/04/16", DMY, "two_digit_year"),
        ("3 March 16", None, "two_digit_year"),
        ("30/02/2016", None, "no_such_day"),
        ("13/02/2016", MDY, "no_such_day"),
        ("2015-02-29", None, "no_such_day"),
        ("2016-13", None, "no_such_day"),
        ("31 April 2016", None, "no_such_day"),
        ("", None, "not_a_date"),
        ("soon", None, "not_a_date"),
        ("42430", None, "not_a_date"),
        ("0001-01-01", None, "no_such_day"),
        ("3 jui 2016", None, "not_a_date"),
        ("2016-03-01 and 2016-04-01", None, "not_a_date"),
        ("1/2-2016", None, "not_a_date"),
    ],
)
def test_text_that_is_no_day_or_two_is_refused_in_words(text: str, order: DateOrder | None, code: str) -> None:
    with pytest.raises(UnreadableDate) as refused:
        parse_date(text, order)
    assert refused.value.code == code
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    ("texts", "order", "is_ambiguous", "is_contradictory"),
    [
        (["03/04/2016", "05/06/2016"], None, True, False),
        (["03/04/2016", "13/06/2016"], DMY, False, False),
        (["03/04/2016", "06/13/2016"], MDY, False, False),
        (["13/06/2016", "06/13/2016"], None, False, True),
        (["2016-03-04", ""], YMD, False, False),
        (["2016-03-04", "03/04/2016"], None, True, False),
        (["03/03/2016", "soon"], None, False, False),
        (["3 March 2016", "2013"], None, False, False),
    ],
)
def test_order_of_a_column_is_found_or_asked(
    texts: list[str], order: DateOrder | None, is_ambiguous: bool, is_contradictory: bool
) -> None:
    found = find_order(texts)
    assert (found.order, found.is_ambiguous, found.is_contradictory) == (order, is_ambiguous, is_contradictory)


def test_examples_of_what_is_asked_are_few() -> None:
    found = find_order([f"0{at}/05/2016" for at in range(1, 9) if at != 5])
    assert (found.is_ambiguous, found.examples, found.count) == (True, ("01/05/2016", "02/05/2016", "03/05/2016"), 7)


@given(DAYS, some.sampled_from([(DMY, "%d/%m/%Y"), (MDY, "%m/%d/%Y"), (YMD, "%Y-%m-%d"), (DMY, "%d.%m.%Y")]))
def test_any_day_comes_back_by_the_order_it_was_written_in(day: date, form: tuple[DateOrder, str]) -> None:
    order, pattern = form
    assert parse_date(day.strftime(pattern), order).earliest == day


def read(text: str, order: DateOrder | None = None) -> ParsedDate | str:
    """The date, or the code of why there is none."""
    try:
        return parse_date(text, order)
    except UnreadableDate as refused:
        return refused.code


@given(DAYS)
def test_without_an_order_a_day_is_never_another(day: date) -> None:
    found = read(day.strftime("%d/%m/%Y"))
    assert found == (day, day, Precision.day) or (found == "ambiguous" and day.day <= 12)


@given(some.text(max_size=60), some.sampled_from([None, *DateOrder]))
def test_any_text_is_a_date_or_refused(text: str, order: DateOrder | None) -> None:
    found = read(text, order)
    if isinstance(found, str):
        assert found in {"not_a_date", "ambiguous", "two_digit_year", "no_such_day"}
    else:
        assert found.earliest <= found.latest
