"""The plan of a demonstration: Mexico's size is fixed, the others' is the scale's, and it is the same each time."""

from collections import Counter
from datetime import date
from itertools import islice

import pytest
from trainings.demo import plan
from trainings.demo.plan import MEXICO_CLASSES, MEXICO_INSTRUCTORS, MEXICO_OFFICERS, Piece, list_duplicates, list_pieces

SCALE = 0.003
DOCUMENT_MAY_BE_OF = date(2015, 10, 7)


@pytest.fixture(scope="module")
def pieces() -> list[Piece]:
    return list(list_pieces(SCALE))


def test_mexico_has_the_size_that_documents_speak_of(pieces: list[Piece]) -> None:
    done: Counter[str] = Counter()
    for piece in pieces:
        for training in piece.rows["trainings"]:
            if training["beneficiary_country_codes"] == ["MX"] and training["headcount_female"] is None:
                done[training["course_code"]] += len(piece.rows["completions"])
                assert training["ends_on"] < DOCUMENT_MAY_BE_OF
            elif training["beneficiary_country_codes"] == ["MX"]:
                assert training["starts_on"] > date(2021, 1, 20)  # when the document was there already
    assert done == {plan.TRAINERS: MEXICO_INSTRUCTORS, plan.BASIC: MEXICO_OFFICERS}
    assert (MEXICO_INSTRUCTORS, MEXICO_OFFICERS) == (512, 7912)
    assert (sum(MEXICO_CLASSES), MEXICO_CLASSES[0]) == (512, 24)


def test_it_is_the_same_each_time_and_a_larger_scale_only_adds(pieces: list[Piece]) -> None:
    assert list(list_pieces(SCALE)) == pieces
    smaller = {piece.code: piece for piece in list_pieces(0)}
    assert [piece for piece in pieces if piece.code in smaller] == list(smaller.values())
    assert len(smaller) < len(pieces)


def test_each_row_has_an_id_of_its_own_and_one_set_of_columns(pieces: list[Piece]) -> None:
    for table in {table for piece in pieces for table in piece.rows}:
        rows = [row for piece in pieces for row in piece.rows.get(table, [])]
        assert len({row["id"] for row in rows}) == len(rows), table
        assert len({frozenset(row) for row in rows}) == 1, table
    people = [person for piece in pieces for person in piece.people]
    assert len({person.id for person in people}) == len(people)
    assert len({person.code for person in people}) == len(people)
    assert {person.id.version for person in people} == {7}


def test_nobody_has_a_name_and_duplicates_are_of_people_who_are_there(pieces: list[Piece]) -> None:
    people = {person.id: person for piece in pieces for person in piece.people}
    assert {(one.personal["given_name"], one.personal["surname_1"]) for one in people.values()} == {
        ("Synthetic", "Person")
    }
    duplicates = list(list_duplicates())
    assert len(duplicates) == 18
    assert all(one.of == people[one.of.id] and one.id not in people for one in duplicates)


def test_a_large_one_has_eighty_countries_of_very_different_sizes_in_four_tiers() -> None:
    intakes = {country: number for country, _, _, number in plan.list_countries(1)}
    assert (len(intakes | {"MX": 1}), max(intakes.values()), min(intakes.values())) == (80, 1020, 48)
    references = plan.list_references(1)
    assert {name: len(rows) for name, rows in references.items()} == {"agencies": 566, "programs": 448}
    known = {name: {row["code"] for row in rows} for name, rows in references.items()}
    completed: dict[object, date] = {}
    tier_of: dict[object, int] = {}
    tiers: Counter[int] = Counter()
    for piece in islice(plan._country("TN", "US-CA-DOC", None, 24), 60):
        trainings = {training["id"]: training for training in piece.rows["trainings"]}
        seats = {seat["id"]: seat for seat in piece.rows.get("enrollments", ())}
        for training in trainings.values():
            assert training["program_code"] in known["programs"] | {None}
            leads = [
                one for one in piece.rows.get("instructor_assignments", ()) if one["training_id"] == training["id"]
            ]
            # Whoever leads had become an instructor before, or is a partner's own.
            assert all(completed.get(one["person_id"], date.min) < training["starts_on"] for one in leads)
            tier = 1 + max((tier_of.get(one["person_id"], 0) for one in leads), default=-1)
            tiers[tier] += 1
            for completion in piece.rows.get("completions", ()):
                seat = seats[completion["enrollment_id"]]
                if seat["training_id"] == training["id"] and training["course_code"] == plan.TRAINERS:
                    completed[seat["person_id"]] = completion["completed_on"]
                    tier_of.setdefault(seat["person_id"], tier)
    assert tiers == {0: 1, 1: 2, 2: 26, 3: 14, 4: 12}
