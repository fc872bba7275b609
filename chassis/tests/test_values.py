"""Decimals and dates on the wire: written one way, read in that way only."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from chassis.values import Amount, Day, PlainDecimal, VagueDate, plain
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

DECIMAL: TypeAdapter[Decimal] = TypeAdapter(PlainDecimal)
AMOUNT: TypeAdapter[Decimal] = TypeAdapter(Amount)
DAY: TypeAdapter[date] = TypeAdapter(Day)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**17), max_value=10**17))
def test_decimal_comes_back_as_it_was_and_without_an_exponent(value: Decimal) -> None:
    written = DECIMAL.dump_json(value).decode().strip('"')
    assert "E" not in written.upper()
    assert DECIMAL.validate_json(f'"{written}"') == value


def test_large_round_number_has_no_exponent() -> None:
    assert plain(Decimal("1.1E+6")) == "1100000"
    assert DECIMAL.dump_json(Decimal("1E+3")) == b'"1000"'


@pytest.mark.parametrize(
    "sent",
    [1, 1.5, True, "1e3", "1E+3", "NaN", "Infinity", "-inf", "", " 1", "1 ", "1,000", "+1", ".5", "5.", "٣", "0x1"],
)
def test_decimal_is_plain_text(sent: Any) -> None:
    for kind in (DECIMAL, AMOUNT):
        with pytest.raises(ValidationError):
            kind.validate_python(sent)


@pytest.mark.parametrize("sent", ["0", "0.00", "-1", "1.001", "1" + "0" * 16])
def test_amount_is_positive_with_two_decimals_and_fits_its_column(sent: str) -> None:
    with pytest.raises(ValidationError):
        AMOUNT.validate_python(sent)


def test_largest_amount() -> None:
    assert AMOUNT.validate_python("9999999999999999.99") == Decimal("9999999999999999.99")


@pytest.mark.parametrize(
    "sent",
    [0, 20160930, 1.0, True, "0", "2016", "20160301", "2016-3-1", "2016-02-30", "2016-03-01T00:00:00Z", "1456790400"],
)
def test_day_is_written_one_way(sent: Any) -> None:
    with pytest.raises(ValidationError):
        DAY.validate_python(sent)


def test_day_is_a_date() -> None:
    assert DAY.validate_python("2016-02-29") == date(2016, 2, 29)
    assert DAY.validate_python(date(2016, 2, 29)) == date(2016, 2, 29)
    assert DAY.json_schema() == {"type": "string", "format": "date"}


def test_vague_date_is_a_window_with_its_words() -> None:
    given = {"earliest": "2013-04-01", "latest": "2013-09-30", "label": "mid-2013"}
    assert VagueDate.model_validate(given).model_dump() == given
    unknown = {"earliest": None, "latest": None, "label": "long ago"}
    assert VagueDate.model_validate(unknown).model_dump(mode="json") == unknown


def test_vague_date_is_not_empty() -> None:
    with pytest.raises(ValidationError, match="`latest` is before `earliest`"):
        VagueDate.model_validate({"earliest": "2013-04-02", "latest": "2013-04-01", "label": None})
