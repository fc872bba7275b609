"""Rosters in the scripts of the field, with units, and of several trainings at once."""

from typing import Any

import pytest

from .imports import Importer, as_csv

# Header of the original name, and people: in their script, as a search finds them, and in Latin letters.
FILES = {
    "Arabic": ("name in arabic", ("فاطمة الزهراء العلوي", "محمد أمين الإدريسي"), "العلوى"),
    "Georgian": ("name in georgian", ("ნინო ჭავჭავაძე", "გიორგი წერეთელი"), "წერეთელი"),
    "Cyrillic": ("name in cyrillic", ("Ольга Щербакова", "Юрий Хвостов"), "щербакова"),
}


@pytest.fixture
def importer(office: Any) -> Importer:
    return Importer(office.api)


@pytest.mark.parametrize("script", FILES)
async def test_names_keep_their_script_and_are_found_in_it(office: Any, importer: Importer, script: str) -> None:
    header, people, asked = FILES[script]
    training = await office.training()
    content = as_csv((header, "sex", "year of birth"), [(name, "", "1980") for name in people])
    one = await importer.upload(content, training_id=training["id"])
    assert [column["field"] for column in one["columns"]] == ["full_name_original", "sex", "birth_date"]
    one = await importer.do(await importer.do(one, "check"), "commit")
    assert one["result"]["people_created"] == 2, one["problem"]
    found = (await importer.client.get("/v1/people", params={"q": asked})).json()["items"]
    assert [person["full_name_original"] for person in found] == [
        name for name in people if asked.casefold()[:5] in name.casefold()
    ]
    same = await importer.do(await importer.upload(content, training_id=training["id"]), "check")
    assert same["counts"]["unchanged"] == 2


async def test_one_file_is_of_several_trainings_and_of_units(office: Any, importer: Importer) -> None:
    first, second = await office.training(code="MX-A"), await office.training(code="MX-B")
    for code in ("GUARDS", "ESCORTS"):
        unit = {"code": code, "name": code.title(), "country_code": "MX", "is_security_force": True}
        await office.post("units", unit)
    headers = ("training code", "given_name", "surname_1", "surname_2", "birth_date", "sex", "nationality", "unit code")
    rows = [
        ("MX-A", "Ana", "Primera", "Bravo", "1980-05-12", "female", "Mexico", "GUARDS"),
        ("MX-B", "Eva", "Segunda", "Charro", "1981-06-13", "female", "Mexico", "ESCORTS"),
        ("MX-B", "Luz", "Tercera", "Durazno", "1982-07-14", "female", "Mexico", ""),
        ("mx-b", "Sol", "Cuarta", "Encina", "1983-08-15", "female", "Mexico", "GUARDS"),
        ("MX-B", "Mar", "Quinta", "Fresno", "1984-09-16", "female", "Mexico", "GUARD"),
    ]
    one = await importer.upload(as_csv(headers, rows), country_code="MX")
    one = await importer.do(one, "check")
    assert {
        (row["row"], error["field"], error["code"])
        for row in await importer.rows(one, outcome="error")
        for error in row["errors"]
    } == {(5, "training_code", "unknown_code"), (6, "unit_code", "unknown_code")}
    one = await importer.correct(
        one,
        {"kind": "value", "row": 5, "field": "training_code", "text": "MX-B"},
        {"kind": "value", "row": 6, "field": "unit_code", "text": "GUARDS"},
    )
    one = await importer.do(one, "commit")
    assert one["result"]["seats_created"] == 5, one["problem"]
    units = {unit["code"]: unit["id"] for unit in (await importer.client.get("/v1/units")).json()["items"]}
    for training, of_unit, count in ((first, "GUARDS", 1), (second, "GUARDS", 2), (second, "ESCORTS", 1)):
        query = {"training_id": training["id"], "unit_id": units[of_unit]}
        assert len((await importer.client.get("/v1/enrollments", params=query)).json()["items"]) == count
    # By either name, the file is known.
    again = await importer.do(await importer.upload(as_csv(headers, rows[:3]), country_code="MX"), "check")
    assert again["counts"]["unchanged"] == 3
