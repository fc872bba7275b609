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
