"""Rosters as they come: each fault that a generator put in is reported at its row and column, none missed, none false."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from .imports import Importer, as_csv

ROWS = 5_000
SEED = 20_090_315
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
    """Rows as they are written, as they were meant (a repeated one: not at all), and what is wrong with which."""

    rows: list[dict[str, str]] = field(default_factory=list)
    meant: list[dict[str, str] | None] = field(default_factory=list)
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
                roster.meant.append(None)
                roster.faults.add((number, None, "repeated_row"))
                continue
        roster.meant.append(dict(row))
        if chance.random() < 1 / 12:
            over, of_field, code = chance.choice(FAULTS)
            row |= over
            roster.faults.add((number, of_field, code))
        else:
            used.add(tuple(row.values()))
        roster.rows.append(row)
    return roster


# What stands in many rows is corrected wherever it does, in one go; the rest cell by cell.
ALIKE = (
    ("sex", "Femal", "mujer"),
    ("sex", "M", "masc"),
    ("nationality_code", "Mexcio", "Mexico"),
    ("unit_code", "NOWHERE", "GUARDS"),
    ("status", "graduatd", "completado"),
)
FIGURES = tuple(
    f"/v1/training-counts?measure={measure}&group_by={group}"
    for measure in ("persons", "completions", "contact_hours")
    for group in ("nationality", "sex", "fiscal_year")
)
FIRST_ROW = 4
MOST_AT_ONCE = 500


@dataclass
class Desk:
    """A roster of thousands that is handed in for one training."""

    importer: Importer
    training_id: str
    columns: list[str]
    roster: Roster

    def as_file(self, rows: Sequence[Mapping[str, str]]) -> bytes:
        """As a spreadsheet program of a country with decimal commas saves it, under two title rows."""
        lines = [[row[name] for name in self.columns] for row in rows]
        table = as_csv([HEADERS[name] for name in self.columns], lines, delimiter=";").decode()
        return ("\ufeff" + "Academia de prueba;;\r\nLista de participantes;;\r\n" + table).encode()

    async def hand_in(self, rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """Read, its dates told apart, and checked."""
        one = await self.importer.upload(self.as_file(rows), training_id=self.training_id)
        assert one["header_row"] == FIRST_ROW - 1
        assert {column["header"]: column["field"] for column in one["columns"]} == {
            header: name for name, header in HEADERS.items()
        }
        if one["date_order"] is None:
            await self.importer.ask(one, "", {"date_order": "dmy"})
        one = await self.importer.do(one, "check")
        assert one["status"] == "succeeded", one["problem"]
        return one

    def corrections(self) -> list[dict[str, Any]]:
        """What makes of each row what was meant."""
        items: list[dict[str, Any]] = [
            {"kind": "alike", "field": name, "from_text": wrong, "text": right} for name, wrong, right in ALIKE
        ]
        at_once = {(name, wrong) for name, wrong, _ in ALIKE}
        for number, (row, meant) in enumerate(zip(self.roster.rows, self.roster.meant, strict=True), FIRST_ROW):
            if meant is None:
                items.append({"kind": "exclude", "row": number})
                continue
            items += [
                {"kind": "value", "row": number, "field": name, "text": right}
                for name, right in meant.items()
                if row[name] != right and (name, row[name]) not in at_once
            ]
        return items

    async def figures(self) -> list[Any]:
        """All that is counted, whoever it is counted of."""
        answers = [await self.importer.client.get(address) for address in FIGURES]
        assert {answer.status_code for answer in answers} == {200}
        return [answer.json()["items"] for answer in answers]

    async def persons(self) -> int:
        """Counted of the roster's training; nobody has two nationalities."""
        return sum(one["rostered"] for one in (await self.figures())[0])


@pytest.fixture
async def desk(office: Any) -> Desk:
    course = await office.course(designed_hours=40)
    training = await office.training(course_code=course["code"])
    await office.post("units", {"code": "GUARDS", "name": "Guards", "country_code": "MX", "is_security_force": True})
    columns = list(HEADERS)
    random.Random(SEED).shuffle(columns)
    return Desk(Importer(office.api), training["id"], columns, make_roster(ROWS, SEED, FIRST_ROW))


async def test_each_fault_is_reported_and_what_is_corrected_is_recorded_and_undone(desk: Desk) -> None:
    importer, roster = desk.importer, desk.roster
    before = await desk.figures()
    one = await desk.hand_in(roster.rows)
    found = {
        (row["row"], error["field"], error["code"])
        for row in await importer.rows(one, outcome="error")
        for error in row["errors"]
    }
    assert (sorted(roster.faults - found, key=str), sorted(found - roster.faults, key=str)) == ([], []), f"seed {SEED}"
    assert one["counts"]["error"] == len({row for row, _, _ in roster.faults})
    by_column = {(fault["field"], fault["code"]): fault["rows"] for fault in one["faults"]}
    assert by_column[("nationality_code", "unknown_value")] == sum(
        (of_field, code) == ("nationality_code", "unknown_value") for _, of_field, code in roster.faults
    )
    assert (await importer.ask(one, "commit")).status_code == 409
    corrections = desk.corrections()
    for start in range(0, len(corrections), MOST_AT_ONCE):
        one = await importer.correct(one, *corrections[start : start + MOST_AT_ONCE])
    assert one["counts"]["error"] == 0, one["faults"]
    repeated = sum(meant is None for meant in roster.meant)
    assert one["counts"]["excluded"] == repeated
    people = ROWS - repeated
    one = await importer.do(one, "commit")
    assert (one["result"]["people_created"], one["result"]["seats_created"]) == (people, people), one["problem"]
    assert await desk.persons() == people
    one = await importer.do(one, "undo")
    assert one["status"] == "succeeded", one["problem"]
    assert await desk.figures() == before


async def test_the_file_itself_corrected_is_recorded_and_undone(desk: Desk) -> None:
    before = await desk.figures()
    rows = [meant for meant in desk.roster.meant if meant is not None]
    one = await desk.hand_in(rows)
    assert one["counts"]["error"] == 0, one["faults"]
    one = await desk.importer.do(one, "commit")
    assert one["result"]["people_created"] == len(rows), one["problem"]
    assert await desk.persons() == len(rows)
    one = await desk.importer.do(one, "undo")
    assert one["status"] == "succeeded", one["problem"]
    assert await desk.figures() == before
