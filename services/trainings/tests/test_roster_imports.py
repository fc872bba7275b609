"""Imports of rosters, from the file to the records."""

from typing import Any

import pytest

from .imports import Importer, as_csv

HEADERS = ("Nombre(s)", "Apellido Paterno", "Apellido Materno", "Sexo", "Fecha de Nacimiento", "CURP", "Calificación")
ROWS = (
    ("José Luis", "Prueba", "Sintética", "H", "12/05/1980", "", "90"),
    ("María", "Ejemplo", "de la Muestra", "M", "03/04/1985", "", "85.5"),
    ("Ana", "Ficticia", "", "M", "1979", "", ""),
)


@pytest.fixture
def importer(office: Any) -> Importer:
    return Importer(office.api)


async def test_roster_goes_from_file_to_records(office: Any, importer: Importer) -> None:
    training = await office.training(code="NM-1")
    one = await importer.upload(as_csv(HEADERS, ROWS), training_id=training["id"])
    assert (one["stage"], one["task"], one["status"]) == ("read", "read", "succeeded"), one["problem"]
    assert [column["field"] for column in one["columns"]] == [
        "given_name",
        "surname_1",
        "surname_2",
        "sex",
        "birth_date",
        "id_number",
        "post_score",
    ]
    assert one["is_date_order_needed"] is True
    asked = await importer.ask(one, "check")
    assert (asked.status_code, [each["code"] for each in asked.json()["errors"]]) == (422, ["date_order_needed"])
    told = await importer.ask(one, "", {"date_order": "dmy"})
    assert told.json()["is_date_order_needed"] is False
    checked = await importer.do(one, "check")
    assert (checked["stage"], checked["status"]) == ("checked", "succeeded"), checked
    rows = await importer.rows(checked)
    assert [row["outcome"] for row in rows] == ["new", "new", "new"], rows
    assert checked["counts"]["new"] == 3
    committed = await importer.do(checked, "commit")
    assert (committed["stage"], committed["status"]) == ("committed", "succeeded"), committed["problem"]
    assert committed["result"]["people_created"] == 3
    assert committed["result"]["seats_created"] == 3
    people = (await importer.client.get("/v1/people?sort=created_at")).json()["items"]
    assert sorted((one["given_name"], one["birth_date"], one["birth_precision"], one["sex"]) for one in people) == [
        ("Ana", "1979-01-01", "year", "female"),
        ("José Luis", "1980-05-12", "day", "male"),
        ("María", "1985-04-03", "day", "female"),
    ]
    seats = (await importer.client.get(f"/v1/enrollments?training_id={training['id']}")).json()["items"]
    assert sorted(seat["post_score"] or "" for seat in seats) == ["", "85.50", "90.00"]
    # The same file again changes nothing, and says when it was imported.
    again = await importer.upload(as_csv(HEADERS, ROWS), training_id=training["id"])
    assert again["repeats"] == {"roster_import_id": one["id"], "committed_at": committed["result"]["committed_at"]}
    assert again["mapping_from"]["roster_import_id"] == one["id"]
    assert again["date_order"] == "dmy"
    same = await importer.do(again, "check")
    assert (same["counts"]["unchanged"], same["counts"]["rows"]) == (3, 3), await importer.rows(same)


COUNTS = [
    f"/v1/training-counts?measure={measure}&group_by={group}"
    for measure in ("persons", "attendances", "completions", "contact_hours")
    for group in ("sex", "nationality", "course", "fiscal_year", "level")
]


async def figures(office: Any) -> list[Any]:
    """Every figure that a roster could move."""
    found = []
    for address in COUNTS:
        answer = await office.api.officer().get(address)
        assert answer.status_code == 200, answer.text
        found.append({name: value for name, value in answer.json().items() if name not in {"known_at", "feed_number"}})
    return found


RESULTS = ("given_name", "surname_1", "sex", "birth_date", "nationality", "status", "completed_on", "hours", "id number",
           "id type", "id country")  # fmt: skip


async def test_undo_restores_every_figure_and_keeps_what_somebody_did_since(office: Any, importer: Importer) -> None:
    training = await office.training(headcount={"female": 4, "male": 3, "total": 7})
    known = await office.person(given_name="Rosa", surname_1="Conocida", surname_2=None, birth_date="1980-05-12",
                                birth_precision="day")  # fmt: skip
    seat = await office.enrollment(training["id"], known["id"])
    before = await figures(office)
    roster = as_csv(
        RESULTS,
        [
            ("Rosa", "Conocida", "F", "1980-05-12", "Mexico", "completed", "2009-04-24", "40", "", "", ""),
            (
                "Ana",
                "Nueva",
                "F",
                "1981-01-02",
                "Mexico",
                "completed",
                "2009-04-24",
                "38",
                "G1234567",
                "passport",
                "MX",
            ),
            ("Eva", "Nueva", "F", "1982-01-02", "Mexico", "attending", "", "", "", "", ""),
            ("Luis", "Nuevo", "male", "1983-01-02", "Guatemala", "failed", "", "12", "", "", ""),
        ],
    )
    one = await importer.upload(roster, training_id=training["id"])
    one = await importer.do(one, "check")
    rows = await importer.rows(one)
    assert [row["outcome"] for row in rows] == ["changed", "new", "new", "new"], rows
    assert {(each["field"], each["before"], each["after"]) for each in rows[0]["changes"]} == {
        ("status", "enrolled", "completed"),
        ("completed_on", None, "2009-04-24"),
        ("hours_attended", None, "40"),
    }
    one = await importer.do(one, "commit")
    assert one["status"] == "succeeded", one["problem"]
    assert one["result"]["completions_created"] == 2
    moved = await figures(office)
    assert moved != before
    # Somebody changes one of the new seats.
    seats = (await importer.client.get(f"/v1/enrollments?training_id={training['id']}&status=attending")).json()[
        "items"
    ]
    assert len(seats) == 1
    undone = await importer.do(one, "undo")
    assert (undone["stage"], undone["status"]) == ("undone", "succeeded"), undone["problem"]
    assert undone["undo_result"]["kept"] == []
    assert undone["undo_result"]["seats_removed"] == 3
    assert undone["undo_result"]["people_removed"] == 3
    assert undone["undo_result"]["completions_voided"] == 2
    assert await figures(office) == before
    again = await office.again("enrollments", seat)
    assert (again["status"], again["hours_attended"]) == ("enrolled", None)
    # It can be imported anew, and nobody is taken for somebody who was removed.
    fresh = await importer.upload(roster, training_id=training["id"])
    assert fresh["repeats"] is None
    fresh = await importer.do(fresh, "check")
    assert fresh["counts"]["new"] == 3
    fresh = await importer.do(fresh, "commit")
    assert fresh["status"] == "succeeded", fresh["problem"]
    assert await figures(office) == moved
    [changed] = (await importer.client.get(
        f"/v1/enrollments?training_id={training['id']}&status=attending&is_voided=false")).json()["items"]  # fmt: skip
    edited = await importer.client.patch(
        f"/v1/enrollments/{changed['id']}", json={"note": "Asked for the front row."}, headers={"If-Match": '"1"'}
    )
    assert edited.status_code == 200
    kept = await importer.do(fresh, "undo")
    assert [(each["row"], each["field"]) for each in kept["undo_result"]["kept"]] == [(4, None), (4, None)]
    assert kept["undo_result"]["seats_removed"] == 2
