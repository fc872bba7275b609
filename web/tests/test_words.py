"""What the API says in codes is said in words, and no digit is lost on the way."""

import pytest

from web import words


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ({"amount": "1100000.00", "currency": "USD"}, "1,100,000.00 USD"),
        ({"amount": "9007199254740993", "currency": "MXN"}, "9,007,199,254,740,993 MXN"),
        ({"amount": "-5.10", "currency": "USD"}, "-5.10 USD"),
        ({"amount": "-0.10", "currency": "USD"}, "-0.10 USD"),
    ],
)
def test_amounts_keep_every_digit(amount: dict[str, str], said: str) -> None:
    assert words.write_amount(amount) == said


def test_codes_days_and_countries_in_words() -> None:
    assert words.write_title("us_federal") == "US federal"
    assert words.write_title("oversight_body") == "Oversight body"
    assert words.write_day("2026-01-05") == "5 January 2026"
    assert words.write_instant("2026-01-05T14:36:00Z") == "5 January 2026, 14:36 UTC"
    assert words.write_window({"earliest": "2015-10-07", "latest": None, "label": "x"}) == "7 October 2015 to ?"
    assert words.write_window({"earliest": "2015-10-07", "latest": "2015-10-07"}) == "7 October 2015"
    assert words.write_window(None) == ""
    assert words.write_countries(["GE", "MX"]) == "GE, MX"
    assert words.write_countries(["*"]) == "all countries"
    assert words.write_countries([]) == "no country"


def test_every_code_of_a_comparison_has_words() -> None:
    from gateway.comparison import Reason, Result  # noqa: PLC0415 - the pages themselves must not know the gateway

    assert set(words.COMPARISONS) == {str(one) for one in Result}
    assert set(words.REASONS) == {str(one) for one in Reason}


def test_people_are_named_as_far_as_they_may_be() -> None:
    person = {"given_name": "Synthetic", "surname_1": "Person", "surname_2": None, "full_name_original": "X"}
    assert words.write_name(person) == "Synthetic Person"
    assert words.write_name({"full_name_original": "X"}) == "X"
    assert words.write_name({}) == "No name recorded"
    assert words.write_name(person | {"erased_at": "2026-01-05T14:36:00Z"}) == "Erased person"
    assert words.write_name(None) == "Somebody whose record you may not see"
    assert words.write_birth({"birth_date": "1980-01-01", "birth_precision": "year"}) == "1980"
    assert words.write_birth({"birth_date": "1980-07-31", "birth_precision": "day"}) == "31 July 1980"
    assert words.write_birth({"birth_date": None}) == "not recorded"
    assert (words.write_few(None), words.write_few(0), words.write_few(7800)) == ("too few to show", "0", "7,800")
