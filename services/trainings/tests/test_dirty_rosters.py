"""Rosters as they come: each fault that a generator put in is reported at its row and column, none missed, none false."""

import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from .imports import Importer, as_csv

ROWS = 5_000
HEADERS = {
    "given_name": "Nombre(s)",
    "surname_1": "Apellido Paterno",
    "surname_2": "Apellido Materno",
    "sex": "Sexo",
    "birth_date": "Fecha de Nacimiento",
    "nationality_code": "Nacionalidad",
    "unit_code": "Unidad",
    "status": "Estatus",
    "completed_on": "Fecha de conclusión",
    "post_score": "Calificación final",
    "hours_attended": "Horas",
    "id_number": "CURP",
    "vetting_basis": "Vetting",
    "vetting_reason": "Vetting reason",
}
SYLLABLES = [
    "ra",
    "mo",
    "li",
    "ta",
    "ne",
    "ku",
    "sa",
    "vi",
    "do",
    "pe",
    "lo",
    "chi",
    "mar",
    "gon",
    "zal",
    "ber",
    "bra",
    "tri",
    "ñe",
    "jo",
    "quí",
    "xa",
]
# A fault: what is written into which fields, and what must be said of which.
FAULTS: tuple[tuple[dict[str, str], str | None, str], ...] = (
    ({"sex": "Femal"}, "sex", "unknown_value"),
    ({"sex": "M"}, "sex", "unknown_value"),
    ({"nationality_code": "Mexcio"}, "nationality_code", "unknown_value"),
    ({"nationality_code": ""}, "nationality_code", "missing"),
    ({"birth_date": "31/02/1980"}, "birth_date", "no_such_day"),
    ({"birth_date": "03/04/80"}, "birth_date", "two_digit_year"),
    ({"birth_date": "no sabe"}, "birth_date", "not_a_date"),
    ({"birth_date": "01/02/1998"}, "birth_date", "too_young"),
    ({"unit_code": "NOWHERE"}, "unit_code", "unknown_code"),
    ({"status": "graduatd"}, "status", "unknown_value"),
    ({"status": "completado", "completed_on": ""}, "completed_on", "missing"),
    ({"completed_on": "14/03/2009"}, "completed_on", "before_start"),
    ({"completed_on": "14/03/2199"}, "completed_on", "in_future"),
    ({"post_score": "150"}, "post_score", "less_than_equal"),
    ({"post_score": "muy bien"}, "post_score", "not_a_number"),
    ({"hours_attended": "10"}, "hours_attended", "hours_short"),
    ({"id_number": "XXXX000000HDFXXX00"}, "id_number", "not_a_number"),
    ({"vetting_basis": "not required"}, "vetting_reason", "missing"),
    ({"given_name": "", "surname_1": "", "surname_2": ""}, "given_name", "name_needed"),
)


@dataclass
class Roster:
    """Rows as they are written, and what is wrong with which."""

    rows: list[dict[str, str]] = field(default_factory=list)
    faults: set[tuple[int, str | None, str]] = field(default_factory=set)


def make_roster(count: int, seed: int, first_row: int) -> Roster:
    """Synthetic people, one in twelve with a fault."""
    chance = random.Random(seed)
    roster = Roster()
    used: set[tuple[str, ...]] = set()

    def word() -> str:
        return "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(3, 5))).title()

    for number in range(first_row, first_row + count):
        row = {
            "given_name": word(),
            "surname_1": word(),
            "surname_2": word() if chance.random() < 0.9 else "",
            "sex": chance.choice(("Femenino", "mujer", "Hombre", "masc")),
            "birth_date": f"{chance.randint(1, 28):02}/{chance.randint(1, 12):02}/{chance.randint(1950, 1985)}",
            "nationality_code": chance.choice(("México", "Mexico", "MX", "MEX", "guatemala")),
            "unit_code": chance.choice(("", "GUARDS")),
            "status": "completado",
            "completed_on": "24/04/2009",
            "post_score": chance.choice(("", "87,5", "90", "100 %")),
            "hours_attended": chance.choice(("40", "38.5", "")),
            "id_number": "",
            "vetting_basis": "",
            "vetting_reason": "",
        }
        if roster.rows and chance.random() < 0.005:
            before = chance.choice(roster.rows)
            if any(before is each for each in roster.rows) and tuple(before.values()) in used:
                roster.rows.append(dict(before))
                roster.faults.add((number, None, "repeated_row"))
                continue
        if chance.random() < 1 / 12:
            over, of_field, code = chance.choice(FAULTS)
            row |= over
            roster.faults.add((number, of_field, code))
        else:
            used.add(tuple(row.values()))
        roster.rows.append(row)
    return roster


@pytest.fixture
def importer(office: Any) -> Importer:
    return Importer(office.api)


async def test_each_fault_is_reported_at_its_row_and_column(office: Any, importer: Importer) -> None:
    course = await office.course(designed_hours=40)
    training = await office.training(course_code=course["code"])
    await office.post("units", {"code": "GUARDS", "name": "Guards", "country_code": "MX", "is_security_force": True})
    seed = 20_090_315
    columns = list(HEADERS)
    random.Random(seed).shuffle(columns)
    roster = make_roster(ROWS, seed, first_row=4)
    lines = [[row[name] for name in columns] for row in roster.rows]
    table = as_csv([HEADERS[name] for name in columns], lines, delimiter=";").decode()
    title = "Academia de prueba;;\r\nLista de participantes;;\r\n"
    content = ("\ufeff" + title + table).encode()
    one = await importer.upload(content, training_id=training["id"])
    assert one["header_row"] == 3
    assert {column["header"]: column["field"] for column in one["columns"]} == {
        header: name for name, header in HEADERS.items()
    }
    await importer.ask(one, "", {"date_order": "dmy"})
    one = await importer.do(one, "check")
    assert one["status"] == "succeeded", one["problem"]
    found = {
        (row["row"], error["field"], error["code"])
        for row in await importer.rows(one, outcome="error")
        for error in row["errors"]
    }
    assert (sorted(roster.faults - found, key=str), sorted(found - roster.faults, key=str)) == ([], []), f"seed {seed}"
    assert one["counts"]["error"] == len({row for row, _, _ in roster.faults})
    by_column = {(fault["field"], fault["code"]): fault["rows"] for fault in one["faults"]}
    assert by_column[("nationality_code", "unknown_value")] == sum(
        (of_field, code) == ("nationality_code", "unknown_value") for _, of_field, code in roster.faults
    )
