"""Imports of rosters, from the file to the records."""

from typing import Any

import pytest
from chassis.testing import caller
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

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


async def test_template_comes_back_with_what_was_changed_in_it(office: Any, importer: Importer) -> None:
    training = await office.training(code="NM-2")
    person = await office.person(
        given_name="Rosa", surname_1="Conocida", birth_date="1980-01-01", birth_precision="year"
    )
    seat = await office.enrollment(training["id"], person["id"], note="=Sits in front", level="mid", post_score="80")
    for kind, media_type in (("csv", "text/csv"), ("xlsx", "application/octet-stream")):
        address = f"/v1/trainings/{training['id']}/roster-template?format={kind}"
        answer = await importer.client.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert f'filename="roster-NM-2.{kind}"' in answer.headers["content-disposition"]
        one = await importer.upload(answer.content, media_type, training_id=training["id"])
        assert one["problem"] is None
        one = await importer.do(one, "check")
        [row] = await importer.rows(one)
        assert (row["outcome"], row["errors"], row["changes"]) == ("unchanged", [], [])
    text = (await importer.client.get(f"/v1/trainings/{training['id']}/roster-template?format=csv")).text
    changed = text.replace(",mid,", ",CLEAR,").replace("80.00", "91").encode()
    one = await importer.do(await importer.upload(changed, training_id=training["id"]), "check")
    [row] = await importer.rows(one)
    assert (row["outcome"], row["enrollment_id"]) == ("changed", seat["id"])
    assert sorted((each["field"], each["before"], each["after"]) for each in row["changes"]) == [
        ("level", "mid", None),
        ("post_score", "80.00", "91"),
    ]
    # Somebody changes the seat first: the line is stale, and says so.
    await importer.client.patch(f"/v1/enrollments/{seat['id']}", json={"level": "senior"}, headers={"If-Match": '"1"'})
    refused = await importer.do(one, "commit")
    assert (refused["status"], refused["problem"]["code"]) == ("failed", "roster_has_errors")
    one = await importer.do(one, "check")
    [row] = await importer.rows(one)
    assert [(each["field"], each["code"]) for each in row["errors"]] == [("seat_version", "changed_meanwhile")]


NAMES = ("given_name", "surname_1", "birth_date", "sex", "nationality")


async def test_rows_are_corrected_in_place_all_alike_or_left_out(office: Any, importer: Importer) -> None:
    training = await office.training()
    rows = [
        ("Ana", "Primera", "1980-05-12", "F", "Mexcio"),
        ("Eva", "Segunda", "1981-05-12", "Femal", "Mexcio"),
        ("Luz", "Tercera", "1982-13-12", "F", "Mexico"),
    ]
    one = await importer.upload(as_csv(NAMES, rows), training_id=training["id"])
    one = await importer.do(one, "check")
    assert (one["counts"]["error"], one["counts"]["rows"]) == (3, 3)
    [fault] = [each for each in one["faults"] if each["field"] == "nationality_code"]
    assert (fault["rows"], fault["example_row"], fault["column"]) == (2, 2, "nationality")
    assert fault["message"] == "“Mexcio” is not a country known here. Did you mean Mexico (MX)?"
    refused = await importer.ask(one, "commit")
    assert (refused.status_code, refused.json()["code"], refused.json()["counts"]["error"]) == (
        409,
        "roster_has_errors",
        3,
    )
    one = await importer.correct(
        one, {"kind": "alike", "field": "nationality_code", "from_text": "Mexcio", "text": "Mexico"}
    )
    assert one["counts"]["error"] == 2
    one = await importer.correct(
        one, {"kind": "value", "row": 3, "field": "sex", "text": "female"}, {"kind": "exclude", "row": 4}
    )
    assert (one["counts"]["new"], one["counts"]["excluded"], one["counts"]["error"]) == (2, 1, 0)
    assert [row["row"] for row in await importer.rows(one, outcome="excluded")] == [4]
    one = await importer.correct(one, {"kind": "include", "row": 4})
    [row] = await importer.rows(one, field="birth_date")
    assert (row["row"], row["errors"][0]["column"]) == (4, "birth_date")
    for item, code in (
        ({"kind": "exclude", "row": 99}, "unknown_row"),
        ({"kind": "value", "row": 2, "field": "note", "text": "x"}, "not_mapped"),
        ({"kind": "alike", "field": "sex", "from_text": "nothing", "text": "F"}, "no_such_value"),
        ({"kind": "person", "row": 2, "person_id": "01920000-0000-7000-8000-0000000000ff"}, "unknown_id"),
    ):
        answer = await importer.ask(one, "corrections", {"items": [item]})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)


async def test_likeness_asks_and_a_document_links(office: Any, importer: Importer) -> None:
    training = await office.training()
    twin = await office.person(given_name="Rosa", surname_1="Hernández", surname_2="Garza", sex="female")
    holder = await office.person(given_name="Luis", surname_1="Portador", surname_2=None, sex="male",
                                 birth_date="1980-05-12", birth_precision="day")  # fmt: skip
    passport = {"type": "passport", "issuer_country_code": "MX", "number": "G 1234567"}
    await office.post("identity-documents", passport | {"person_id": holder["id"]})
    headers = ("given_name", "surname_1", "surname_2", "sex", "birth_date", "passport no", "id type", "id country")
    rows = [
        ("Rosa", "Hernandez", "Garza", "F", "", "", "", ""),
        ("Luis", "Portador", "", "male", "1980-05-12", "g1234567", "passport", "Mexico"),
        ("Luisa", "Portadora", "", "female", "1971-05-12", "G1234567", "passport", "Mexico"),
    ]
    one = await importer.do(await importer.upload(as_csv(headers, rows), training_id=training["id"]), "check")
    asked, linked, conflicting = await importer.rows(one)
    assert asked["outcome"] == "possible_duplicate"
    assert [(each["person_id"], each["reasons"]) for each in asked["candidates"]] == [
        (twin["id"], ["names alike (100)"])
    ]
    assert (linked["outcome"], linked["person_id"]) == ("new", holder["id"])
    assert {(each["field"], each["code"]) for each in conflicting["errors"]} >= {
        ("sex", "conflicts_with_record"),
        ("birth_date", "conflicts_with_record"),
    }
    one = await importer.correct(
        one, {"kind": "person", "row": 2, "person_id": twin["id"]}, {"kind": "exclude", "row": 4}
    )
    assert (one["counts"]["new"], one["counts"]["possible_duplicate"]) == (2, 0)
    one = await importer.correct(one, {"kind": "person", "row": 2, "person_id": None})
    one = await importer.do(one, "commit")
    assert (one["result"]["people_created"], one["result"]["seats_created"]) == (1, 2), one["problem"]
    pairs = (await importer.client.get("/v1/duplicate-candidates?status=dismissed")).json()["items"]
    assert twin["id"] in {pairs[0]["person_id"], pairs[0]["other_person_id"]}


async def test_rights_are_those_of_the_commit_and_two_commits_are_one(office: Any, importer: Importer) -> None:
    training = await office.training()
    content = as_csv(NAMES, [("Ana", "Primera", "1980-05-12", "F", "Mexico")])
    one = await importer.do(await importer.upload(content, training_id=training["id"]), "check")
    lost = caller("officer", "GE")
    for callers in ([lost], [importer.who, lost]):
        refused = await importer.ask(one, "commit")
        assert refused.status_code == 202
        busy = await importer.ask(one, "commit")
        assert (busy.status_code, busy.json()["code"]) == (409, "roster_import_busy")
        stale = await importer.client.post(f"/v1/roster-imports/{one['id']}/commit", headers={"If-Match": '"1"'})
        assert stale.status_code == 412
        failed = await importer.work(refused.json(), callers)
        assert (failed["stage"], failed["status"], failed["problem"]["code"]) == ("checked", "failed", "rights_lost")
        assert (await importer.client.get(f"/v1/enrollments?training_id={training['id']}")).json()["items"] == []
    queued = await importer.ask(one, "check")
    assert queued.status_code == 202
    assert (await importer.ask(one, "cancel")).json()["status"] == "canceled"
    assert (await importer.work(queued.json()))["status"] == "canceled"
    done = await importer.do(one, "commit")
    assert done["status"] == "succeeded"
    again = await importer.ask(one, "commit")
    assert (again.status_code, again.json()["code"]) == (409, "roster_import_stage")
    for who, status in ((office.api.officer("GE"), 404), (office.api.viewer(), 403), (office.api.admin(), 403)):
        for path in ("", "/rows", "/events"):
            assert (await who.get(f"/v1/roster-imports/{one['id']}{path}")).status_code == status
        assert (await who.get("/v1/roster-imports")).status_code == (200 if status == 404 else 403)


async def test_papers_go_with_whoever_is_erased_and_the_file_with_the_commit(
    office: Any, importer: Importer, superuser_engine: AsyncEngine
) -> None:
    training = await office.training()
    rows = [("Ana", "Primera", "1980-05-12", "F", "Mexico"), ("Eva", "Segunda", "1981-05-12", "F", "Mexico")]
    one = await importer.do(await importer.upload(as_csv(NAMES, rows), training_id=training["id"]), "check")
    await importer.do(one, "commit")
    person_id = (await importer.rows(one))[0]["person_id"]
    erased = await importer.client.post(
        f"/v1/people/{person_id}/erase", json={"reason": "Asked for."}, headers={"If-Match": '"1"'}
    )
    assert erased.status_code == 200
    async with superuser_engine.connect() as connection:
        papers = await connection.execute(
            text("SELECT num_nonnulls(cells, findings, written) FROM roster_import_rows ORDER BY number")
        )
        assert list(papers.scalars()) == [0, 3]
        files = await connection.execute(text("SELECT content FROM roster_import_files"))
        assert list(files.scalars()) == [None]
    kept = await importer.do(one, "undo")
    assert (kept["undo_result"]["people_removed"], kept["undo_result"]["seats_removed"]) == (1, 1)
