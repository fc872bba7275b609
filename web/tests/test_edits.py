"""Forms that edit records: what was changed, where two editors disagree, and what goes to the API."""

import pytest
from trainings.domain import COMPLETABLE_STATUSES, NEXT_ENROLLMENT_STATUS, Level, RosterField
from web.cohorts import next_cohort, next_name
from web.edits import Field, Kind, compare, read_sent, to_texts
from web.forms import Form, label_of
from web.rosters import LABELS, cell_fields, date_examples, proposals_of, read_date, to_corrections, to_update
from web.seats import COMPLETABLE, FOLLOWING, LEVELS

SCORE = Field("score", "Score", Kind.decimal)
NOTE = Field("note", "Note", Kind.area)
CODES = Field("codes", "Codes", Kind.codes)


def sent_of(**given: str) -> Form:
    return Form(tuple((name.replace("__", "."), value) for name, value in given.items()))


def test_only_what_differs_is_changed() -> None:
    form = sent_of(version="3", score="85.0", was__score="85", note=" a\r\nb ", was__note="a\nb", codes="mx ge")
    sent = read_sent([SCORE, NOTE, CODES], form.get)
    assert (sent.version, sent.changed, sent.typed["codes"]) == (3, ["codes"], "MX, GE")


def test_values_go_to_the_api_as_it_takes_them() -> None:
    assert [CODES.to_wire("mx, ge"), CODES.to_wire(""), SCORE.to_wire(" "), SCORE.to_wire("9.50")] == [
        ["MX", "GE"],
        [],
        None,
        "9.5",
    ]
    seats = Field("seats", "Seats", Kind.integer)
    assert [seats.to_wire("40"), seats.to_wire("many"), seats.to_wire("٤")] == [40, "many", "٤"]
    assert to_texts([SCORE, CODES], {"score": "85.00", "codes": ["MX", "GE"]}) == {"score": "85", "codes": "MX, GE"}


@pytest.mark.parametrize(
    ("was", "mine", "theirs", "is_open", "proposed"),
    [
        ("a", "b", "a", False, "mine"),
        ("a", "a", "b", False, "theirs"),
        ("a", "b", "b", False, "mine"),
        ("a", "b", "c", True, ""),
    ],
)
def test_two_editors_are_asked_only_where_both_changed_it(
    was: str, mine: str, theirs: str, is_open: bool, proposed: str
) -> None:
    sent = read_sent([NOTE], sent_of(version="1", note=mine, was__note=was).get)
    (line,) = compare([NOTE], sent, {"note": theirs})
    assert (line.is_open, line.proposed, line.is_changed) == (is_open, proposed, True)


def test_what_was_chosen_is_what_is_sent_and_nothing_chosen_is_said() -> None:
    given = {
        "version": "4",
        "conflict": "1",
        "was__note": "c",
        "base__note": "a",
        "mine__note": "b",
        "theirs__note": "c",
    }
    assert read_sent([NOTE], sent_of(**given).get).undecided == ["note"]
    mine = read_sent([NOTE], sent_of(**given, pick__note="mine").get)
    assert (mine.undecided, mine.typed, mine.changed) == ([], {"note": "b"}, ["note"])
    assert read_sent([NOTE], sent_of(**given, pick__note="theirs").get).changed == []


def test_a_kept_form_tells_what_was_typed_from_what_it_carries() -> None:
    form = sent_of(form_token="secret", version="1", was__note="a", mine__note="b", note="c")
    assert form.kept == [
        ("version", "1", False),
        ("was.note", "a", False),
        ("mine.note", "b", True),
        ("note", "c", True),
    ]
    assert label_of("mine.post_score") == "Post score"


def test_a_seat_goes_on_as_the_records_let_it() -> None:
    assert {str(one): set(FOLLOWING.get(str(one), ())) for one in NEXT_ENROLLMENT_STATUS} == {
        str(one): {str(each) for each in following} for one, following in NEXT_ENROLLMENT_STATUS.items()
    }
    assert set(COMPLETABLE) == {str(one) for one in COMPLETABLE_STATUSES}
    assert tuple(Level) == LEVELS
    assert set(LABELS) == {str(one) for one in RosterField}


def test_the_next_cohort_begins_a_year_later_on_the_same_day_of_the_week() -> None:
    made = next_cohort(
        {"starts_on": "2024-02-26", "ends_on": "2024-03-15", "cohort": "Class 09", "code": "A", "venue": "X"}
    )
    assert (made["starts_on"], made["ends_on"], made["cohort"], made["code"], made["venue"]) == (
        "2025-02-24",
        "2025-03-14",
        "Class 10",
        None,
        "X",
    )
    assert [next_name(None), next_name("Spring"), next_name("2 of 3")] == [None, "Spring", "2 of 4"]


COLUMNS = [
    {"number": 1, "header": "DOB", "field": "birth_date", "proposed_field": "birth_date", "samples": ["03/04/1980"]},
    {"number": 2, "header": "Name", "field": None, "proposed_field": "full_name", "samples": []},
]
IMPORT = {"columns": COLUMNS, "sheets": [], "sheet": None, "date_order": None, "header_row": 1, "country_code": "MX"}


def test_a_mapping_is_told_column_by_column_and_no_column_is_two_fields() -> None:
    assert proposals_of(IMPORT) == {"full_name": "2"}
    typed = {"full_name": "2", "birth_date": "", "date_order": "dmy", "country_code": "GE", "header_row": "2"}
    assert to_update(IMPORT, typed, ["date_order", "header_row", "country_code"]) == {
        "fields": [{"number": 1, "field": None}, {"number": 2, "field": "full_name"}],
        "date_order": "dmy",
        "header_row": 2,
        "country_code": "GE",
    }
    with pytest.raises(ValueError, match="given_name"):
        to_update(IMPORT, {"given_name": "1", "birth_date": "1"}, [])


def test_dates_are_said_in_each_order_that_can_be() -> None:
    assert [each[2] for each in date_examples(IMPORT)] == [
        [("03/04/1980", "3 April 1980")],
        [("03/04/1980", "4 March 1980")],
        [],
    ]
    assert read_date("1980-12-31", "ymd") == "31 December 1980"
    assert read_date("no date", "dmy") == ""


def test_corrections_are_made_of_what_was_typed_and_marked() -> None:
    was = {"value.5.sex": "?", "value.6.sex": "?", "value.7.note": ""}
    typed = {"value.5.sex": "F", "value.6.sex": "F", "value.7.note": "x"}
    marked = {"alike.5.sex": "1", "alike.6.sex": "1", "exclude.8": "1", "include.9": "1", "person.10": "new"}
    assert [one.label for one in cell_fields([*was, "note", "was.value.5.sex"])] == [
        "Row 5, sex",
        "Row 6, sex",
        "Row 7, note",
    ]
    assert to_corrections(was, typed, list(was), marked | {"person.11": "p"}) == [
        {"kind": "alike", "field": "sex", "from_text": "?", "text": "F"},
        {"kind": "value", "row": 7, "field": "note", "text": "x"},
        {"kind": "exclude", "row": 8},
        {"kind": "include", "row": 9},
        {"kind": "person", "row": 10, "person_id": None},
        {"kind": "person", "row": 11, "person_id": "p"},
    ]
