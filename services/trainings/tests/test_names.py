"""Names: folded, found and compared. Needs no database."""

from datetime import date
from typing import Any

import pytest
from chassis.errors import Invalid
from trainings import names
from trainings.domain import (
    BirthPrecision,
    DuplicateBand,
    IdentityDocumentType,
    Sex,
    VettingResult,
    check_document,
    check_result,
    check_vetting,
    last_valid_day,
    read_number,
)
from trainings.names import Names, Profile, compare_names, fold, key_words, score, search_keys, sound_of, wanted_keys

POSSIBLE, LIKELY = DuplicateBand.possible, DuplicateBand.likely_same
DAY = BirthPrecision.day


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("José Luis HERNÁNDEZ", "jose luis hernandez"),
        ("O'Neil D\u00b4Angelo", "oneil dangelo"),
        ("Al-Idrissi", "al idrissi"),
        ("ქეთევან ჭავჭავაძე", "ketevan chavchavadze"),
        ("Нұрсұлтан", "nursultan"),
        # Vowel signs, tatweel and the forms of alef, ya and ta marbuta are one.
        ("مُحَمَّد", fold("محمد")),
        ("أحمـــد", fold("احمد")),
        ("فاطمة علی", fold("فاطمه علي")),
        ("\uff21\uff22\uff23", "abc"),
        ("--", ""),
    ],
)
def test_names_of_any_script_are_folded(written: str, folded: str) -> None:
    assert fold(written) == folded


def test_keys_have_no_particles_and_no_abbreviations() -> None:
    assert key_words("Ma. Gpe. de la Cruz y López") == ["maria", "guadalupe", "cruz", "lopez"]
    assert key_words("De la") == ["de", "la"]
    assert {sound_of(one) for one in ("Jiménez", "Gimenez", "Ximenez")} == {"jmns"}
    assert len({sound_of(one) for one in ("Mohamed", "Mohammed", "Muhammad", "محمد")}) == 1
    assert sound_of("Abdelkader") == sound_of("Abdulqadir")
    assert sound_of("Ruiz") != sound_of("Rios Vega")


# The pairs of the experiment. Names alone are never more than a possibility.
PAIRS = [
    ("Jose Luis Hernandez Garcia", "HERNANDEZ GARCIA JOSE LUIS", 100, 4, POSSIBLE),
    ("Juan Carlos Rodriguez", "Juan Carlos Rodriguez Martinez", 82, 0, None),
    ("Muhammad Abdul Rahman", "Mohamed Abdelrahman", 81, 0, None),
    ("Mohammed Ben Ali El Idrissi", "Mohamed Benali Idrissi", 93, 1, None),
    ("Juan Garcia Hernandez", "Juan Hernandez Garcia", 100, 4, POSSIBLE),
    ("Maria Guadalupe Sanchez Ruiz", "Maria Guadalupe Sanchez Rios", 92, 2, None),
    ("Muhammad Ali Khan", "Muhammad Asif Khan", 91, 2, None),
]


def profile(**over: Any) -> Profile:
    written = Names(None, None, None, over.pop("name", "Synthetic Person"))
    return Profile(**({"names": written, "sex": Sex.not_recorded} | over))


@pytest.mark.parametrize(("one", "other", "alike", "points", "band"), PAIRS)
def test_seven_pairs_are_banded_and_none_is_sure(
    one: str, other: str, alike: int, points: int, band: DuplicateBand | None
) -> None:
    assert compare_names(Names(None, None, None, one), Names(None, None, None, other)) == alike
    found = score(profile(name=one), profile(name=other))
    assert (found.points, found.band) == (points, band)
    assert score(profile(name=other), profile(name=one)).points == points


def test_each_weight_and_its_words() -> None:
    born = {"birth_date": date(1980, 7, 31), "birth_precision": DAY}
    year = {"birth_date": date(1980, 1, 1), "birth_precision": BirthPrecision.year}
    passport = ("MX", "passport", b"1")
    alike = "names alike (100)"
    for one, other, points, reasons in (
        ({}, {}, 4, (alike,)),
        (born, born, 10, ("birth date is the same", alike)),
        (born, year, 6, ("birth year is the same", alike)),
        # A 1 January is most often a year.
        (year | {"birth_precision": DAY}, year | {"birth_precision": DAY}, 6, ("birth year is the same", alike)),
        (born, {"birth_date": date(1981, 7, 31)}, -2, ("birth year differs", alike)),
        ({"sex": Sex.female}, {"sex": Sex.male}, 0, (alike, "sex differs")),
        ({"unit": 1, "agency": 2}, {"unit": 1, "agency": 2}, 5, (alike, "unit is the same")),
        ({"unit": 1, "agency": 2}, {"unit": 3, "agency": 2}, 5, (alike, "agency is the same")),
        ({"name": "Ana"}, {"name": "Completely Other"}, -4, ("names differ (0)",)),
        (
            {"documents": frozenset({passport})},
            {"documents": frozenset({("MX", "passport", b"2")})},
            -4,
            (alike, "identity documents of one kind differ"),
        ),
        # The same document is proposed whatever speaks against it.
        (
            {"documents": frozenset({passport}), "name": "Ana", "sex": Sex.female} | born,
            {"documents": frozenset({passport}), "name": "Completely Other", "sex": Sex.male, "birth_date": date(1970, 1, 1)},
            4,
            ("birth year differs", "names differ (0)", "sex differs", "identity document is the same"),
        ),
    ):  # fmt: skip
        found = score(profile(**one), profile(**other))
        assert (found.points, found.reasons) == (points, reasons)
    assert [names.Score(points, ()).band for points in (3, 4, 8, 9)] == [None, POSSIBLE, POSSIBLE, LIKELY]


def test_common_surname_says_half_as_much() -> None:
    def named(*surnames: str | None) -> Profile:
        return Profile(Names("Ana", *surnames, None), Sex.not_recorded)  # type: ignore[misc]

    assert score(named("Garcia", None), named("García", None)).points == 2
    assert score(named("Garcia", "Lopez"), named("Garcia", "Lopez")).points == 4
    assert score(named("Quintanilla", None), named("Quintanilla", None)).points == 4


def test_search_finds_words_in_any_order_and_a_beginning_of_the_last() -> None:
    keys = search_keys(Names("Ma. José", "de la Hernández", None, "ჭავჭავაძე"))

    def finds(asked: str) -> bool:
        return all(keys & wanted for wanted in wanted_keys(asked))

    for asked in ("hernandez jose", "JOSÉ HERN", "maria", "ma hernandez", "de la hernandez", "chavch", "ჭავ", "la"):
        assert finds(asked), asked
    for asked in ("hern jose", "he", "josefa", "mario"):
        assert not finds(asked), asked
    assert wanted_keys("'") == []


CURP = "BOXW310820HNERXN09"


def test_numbers_are_checked_where_their_state_says_how() -> None:
    found = read_number(IdentityDocumentType.mx_curp, "MX", " boxw-310820 HNERXN09")
    assert (found.number, found.sex, found.birth_date, found.last_characters) == (
        CURP, Sex.male, date(1931, 8, 20), "N09",
    )  # fmt: skip
    cnic = read_number(IdentityDocumentType.pk_cnic, "PK", "42201-0397640-8")
    assert (cnic.number, cnic.sex, cnic.birth_date) == ("4220103976408", Sex.female, None)
    assert read_number(IdentityDocumentType.passport, "GE", "ab 12-34/5").number == "AB12345"
    for kind, country, number, pointer, code in (
        (IdentityDocumentType.mx_curp, "MX", "BOXW310820HNERXN08", "#/number", "not_a_number"),
        (IdentityDocumentType.mx_curp, "US", CURP, "#/issuer_country_code", "other_issuer"),
        (IdentityDocumentType.pk_cnic, "PK", "42201-0397640-0", "#/number", "not_a_number"),
        (IdentityDocumentType.passport, "GE", "12-34", "#/number", "length"),
    ):
        with pytest.raises(Invalid) as refused:
            read_number(kind, country, number)
        assert [(one.pointer, one.code) for one in refused.value.errors] == [(pointer, code)]
        assert number not in str(refused.value.errors)
    check_document(found, Sex.male, date(1931, 8, 20), DAY)
    check_document(found, Sex.not_recorded, date(1931, 1, 1), BirthPrecision.year)
    for sex, born, precision in (
        (Sex.female, None, BirthPrecision.not_recorded),
        (Sex.male, date(1931, 8, 21), DAY),
        (Sex.male, date(1932, 1, 1), BirthPrecision.year),
    ):
        with pytest.raises(Invalid):
            check_document(found, sex, born, precision)


def test_an_approval_holds_for_365_days_of_which_its_own_is_the_first() -> None:
    approved = VettingResult.approved
    assert last_valid_day(approved, date(2024, 3, 1), 365) == date(2025, 2, 28)
    assert last_valid_day(approved, date(2025, 3, 1), 365) == date(2026, 2, 28)
    assert last_valid_day(approved, date(2024, 3, 1), 1) == date(2024, 3, 1)
    assert last_valid_day(VettingResult.rejected, date(2024, 3, 1), 365) is None
    today = date(2024, 3, 2)
    check_vetting(date(2024, 2, 1), approved, date(2024, 3, 1), today)
    for requested_on, result, result_on in (
        (date(2024, 3, 3), VettingResult.pending, None),
        (date(2024, 2, 1), VettingResult.pending, date(2024, 2, 1)),
        (date(2024, 2, 1), approved, None),
        (date(2024, 2, 1), approved, date(2024, 1, 31)),
        (date(2024, 2, 1), approved, date(2024, 3, 3)),
    ):
        with pytest.raises(Invalid):
            check_vetting(requested_on, result, result_on, today)
    check_result(VettingResult.pending, approved)
    with pytest.raises(Exception, match="cannot become approved"):
        check_result(VettingResult.rejected, approved)
