"""What headers and cells of a table mean: proposed by likeness, asked where two readings are possible, never guessed."""

from datetime import date
from enum import StrEnum

import pytest
from chassis.errors import Conflict, FieldError, Invalid
from chassis.tables.dates import DateOrder, UnreadableDate, read_day
from chassis.tables.faults import refusals_of_body, refusals_of_rule
from chassis.tables.mapping import (
    Headers,
    Looks,
    asks_date_order,
    cells_of,
    found_date_order,
    map_columns,
    mapping_of,
    texts_of,
)
from chassis.tables.reading import read_table
from chassis.tables.words import UnknownWord, Vocabulary, clean
from pydantic import BaseModel, Field, ValidationError


class Thing(StrEnum):
    """What a column may be."""

    color = "color"
    bought_on = "bought_on"
    price = "price"


class Color(StrEnum):
    """What a cell may say."""

    dark_red = "dark_red"
    blue = "blue"


HEADERS = Headers({Thing.color: "hue|colour", Thing.bought_on: "date|bought", Thing.price: "cost|amount"}, "no|#")
COLORS = Vocabulary(Color, {Color.dark_red: "maroon|rojo oscuro", Color.blue: "azul navy"})


def details_of(content: str) -> dict[str, object]:
    table = read_table(content.encode(), file_name="things.csv")
    looks = Looks(table)
    for row in table.rows():
        looks.see(row)
    return looks.describe(HEADERS)


def test_columns_are_proposed_by_the_likeness_of_their_headers() -> None:
    assert [(one.field, one.score) for one in HEADERS.propose(["#", "Hué", "BOUGHT ON", "Costs", "Weather"])] == [
        (None, None), ("color", 100), ("bought_on", 100), ("price", 88), (None, None),
    ]  # fmt: skip
    # A field is one column: the one that is most like it.
    assert [one.field for one in HEADERS.propose(["colours", "colour"])] == [None, "color"]
    assert HEADERS.layout_of(["Hue", "DATE"]) == HEADERS.layout_of(["hué ", "date"])


def test_looks_have_samples_and_what_dates_leave_open() -> None:
    details = details_of("Hue,Date,Cost\nblue,03/04/2016,5\nblue,05/04/2016,6\n")
    assert asks_date_order(details, {Thing.bought_on})
    assert found_date_order(details, {Thing.bought_on}) is None
    assert not asks_date_order(details, set())
    settled = details_of("Hue,Date,Cost\nblue,03/04/2016,5\nblue,25/04/2016,6\n")
    assert found_date_order(settled, {Thing.bought_on}) is DateOrder.dmy
    columns = settled["columns"]
    assert isinstance(columns, list)
    assert [(one["field"], one["samples"]) for one in columns][:2] == [
        ("color", ["blue"]), ("bought_on", ["03/04/2016", "25/04/2016"]),
    ]  # fmt: skip


def test_a_field_is_one_column() -> None:
    details = details_of("Hue,Shade\nblue,blue\n")
    with pytest.raises(Invalid) as twice:
        map_columns(details, [(2, Thing.color)])
    assert twice.value.errors[0].code == "mapped_twice"
    with pytest.raises(Invalid) as unknown:
        map_columns(details, [(9, Thing.color)])
    assert unknown.value.errors[0].pointer == "#/fields/0/number"


def test_rows_say_what_was_corrected() -> None:
    table = read_table(b"Hue,Cost\n=1+1,5\n", file_name="things.csv")
    (row,) = table.rows()
    cells = cells_of(row)
    assert [code for _, code, _ in cells["f"]] == ["formula_text"]
    mapping = mapping_of({"columns": [{"field": "color"}, {"field": None}]})
    assert texts_of(cells, mapping) == {"color": "=1+1"}
    assert texts_of(cells | {"c": {"color": "blue", "price": "5"}}, mapping) == {"color": "blue"}


def test_words_are_known_or_proposed() -> None:
    assert [COLORS.read(text) for text in ("Dark-Red", "rojo  oscuro", "AZUL", "navy")] == [
        "dark_red", "dark_red", "blue", "blue",
    ]  # fmt: skip
    with pytest.raises(UnknownWord, match="Did you mean dark_red"):
        COLORS.read("maron")
    with pytest.raises(UnknownWord, match="Write one of: dark_red, blue"):
        COLORS.read("7")
    assert (COLORS.find("the navy column"), COLORS.find("navy or maroon")) == (Color.blue, None)
    assert clean(" '=a \n b ") == "=a b"


@pytest.mark.parametrize(("text", "day"), [("42430", date(2016, 3, 1)), ("42430.0", date(2016, 3, 1)), ("\u0664\u0662\u0664\u0663\u0660", date(2016, 3, 1)), ("1 March 2016", date(2016, 3, 1))])  # fmt: skip
def test_a_number_of_five_digits_is_a_count_of_days(text: str, day: date) -> None:
    assert read_day(text, None).earliest == day


def test_a_day_of_two_readings_is_no_day() -> None:
    with pytest.raises(UnreadableDate) as refused:
        read_day("03/04/2016", None)
    assert refused.value.code == "ambiguous"


def test_refusals_are_told_by_the_names_of_the_body() -> None:
    class Body(BaseModel):
        price: int = Field(gt=0)

    with pytest.raises(ValidationError) as refused:
        Body.model_validate({"price": 0})
    assert [(one.field, one.code) for one in refusals_of_body(refused.value)] == [("price", "greater_than")]
    rule = Conflict("No.", [FieldError("too_late", "Too late.", pointer="#/price/amount")])
    assert [(one.field, one.code) for one in refusals_of_rule(rule)] == [("price/amount", "too_late")]
    assert [(one.field, one.message) for one in refusals_of_rule(Conflict("No."))] == [("", "No.")]
