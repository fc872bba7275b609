"""People: what is recorded, and that nothing personal is readable anywhere but in an officer's answer."""

import asyncio
import io
import json
import logging
from typing import Any

import pytest
from chassis.testing import ACTING, Api
from cryptography.exceptions import InvalidTag
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from trainings.models import Person
from trainings.privacy import SEALED, MasterKey

WHOLE = {
    "country_code": "MX",
    "nationality_code": "GT",
    "sex": "female",
    "given_name": "Synthetic",
    "surname_1": "Personne",
    "surname_2": "Zwölf",
    "full_name_original": "სინთეტიკური პირი 12",
    "birth_date": "1980-07-31",
    "birth_precision": "day",
    "person_type": "partner_instructor",
    "unit_id": None,
    "position": "Inspectrice",
}
UNKNOWN = "01920000-0000-7000-8000-0000000000ff"
NOT_MERGED_NOR_ERASED = {"erased_at": None, "erase_reason": None}
SECRETS = ["Synthetic", "Personne", "Zwölf", "სინთეტიკური", "1980-07-31", "Inspectrice"]


async def test_created_person_is_read_back_whole(api: Api) -> None:
    answer = await api.officer("MX").post("/v1/people", json=WHOLE)
    made = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/people/{made['id']}")
    assert made == {
        **WHOLE,
        **NOT_MERGED_NOR_ERASED,
        "canonical_person_id": made["id"],
        "id": made["id"],
        "version": 1,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
    }
    assert made["id"][14] == "7"
    read = await api.officer("MX").get(f"/v1/people/{made['id']}")
    assert (read.status_code, read.json(), read.headers["etag"]) == (200, made, '"1"')
    own = {"id": "01920000-0000-7000-8000-00000000000a", "country_code": "MX", "nationality_code": "MX"}
    least = (await api.officer("MX").post("/v1/people", json=own | {"surname_1": "Person"})).json()
    assert least == {
        **own,
        "sex": "not_recorded",
        "given_name": None,
        "surname_1": "Person",
        "surname_2": None,
        "full_name_original": None,
        "birth_date": None,
        "birth_precision": "not_recorded",
        "person_type": "foreign_participant",
        "unit_id": None,
        "position": None,
        "canonical_person_id": own["id"],
        **NOT_MERGED_NOR_ERASED,
        "version": 1,
        "created_at": least["created_at"],
        "updated_at": least["created_at"],
    }
    listed = (await api.officer().get("/v1/people")).json()
    assert sorted(listed["items"], key=lambda one: one["created_at"]) == [made, least]
    again = await api.officer("MX").post("/v1/people", json=own | {"surname_1": "Person"})
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (409, "#/id")


async def test_changed_person_is_sealed_again(api: Api) -> None:
    made = (await api.officer("MX").post("/v1/people", json=WHOLE)).json()
    address = f"/v1/people/{made['id']}"
    body = {"surname_1": "Other", "surname_2": None, "birth_date": "1981-01-01", "birth_precision": "year"}
    changed = await api.officer("MX").patch(address, json=body, headers={"If-Match": '"1"'})
    after = made | body | {"version": 2, "updated_at": changed.json()["updated_at"]}
    assert (changed.status_code, changed.json(), changed.headers["etag"]) == (200, after, '"2"')
    assert (await api.officer("MX").get(address)).json() == after
    stale = await api.officer("MX").patch(address, json=body, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["current_version"]) == (412, 2)
    assert (await api.officer("MX").patch(address, json=body)).status_code == 428


BAD_PEOPLE = [
    ({"unit_id": "01920000-0000-7000-8000-0000000000ff"}, "#/unit_id", "unknown_id"),
    ({"given_name": None, "surname_1": None, "surname_2": None, "full_name_original": None}, "#/given_name", "name_needed"),
    ({"birth_precision": "not_recorded"}, "#/birth_precision", "precision_needed"),
    ({"birth_precision": "year"}, "#/birth_date", "not_a_year"),
    ({"birth_date": None}, "#/birth_date", "missing"),
    ({"birth_date": "2199-01-01"}, "#/birth_date", "in_future"),
    ({"birth_date": "31 July 1980"}, "#/birth_date", "value_error"),
    ({"sex": "Synthetic"}, "#/sex", "enum"),
    ({"given_name": "x" * 301}, "#/given_name", "string_too_long"),
]  # fmt: skip


async def test_bad_person_is_refused_without_quoting_them(api: Api) -> None:
    made = (await api.officer("MX").post("/v1/people", json=WHOLE)).json()
    address = f"/v1/people/{made['id']}"
    for change, pointer, code in BAD_PEOPLE:
        refused = await api.officer("MX").post("/v1/people", json=WHOLE | change)
        unchanged = await api.officer("MX").patch(address, json=change, headers={"If-Match": '"1"'})
        for answer in (refused, unchanged):
            assert answer.status_code == 422, answer.text
            assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)], answer.text
            assert not any(secret in answer.text for secret in [*SECRETS, "31 July"])
    assert (await api.officer("MX").get(address)).json() == made
    assert len((await api.officer("MX").get("/v1/people")).json()["items"]) == 1


async def test_tables_hold_no_name_and_no_birth_date(api: Api, superuser_engine: AsyncEngine) -> None:
    made = (await api.officer("MX").post("/v1/people", json=WHOLE)).json()
    await api.officer("MX").patch(
        f"/v1/people/{made['id']}", json={"surname_1": "Personne2"}, headers={"If-Match": '"1"'}
    )
    async with superuser_engine.connect() as connection:
        tables = (
            await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        ).scalars()
        row = (await connection.execute(text("SELECT * FROM people"))).mappings().one()
        held = b""
        for table in tables.all():
            for cells in (await connection.execute(text(f'SELECT * FROM "{table}"'))).all():
                held += b"\n".join(cell if isinstance(cell, bytes) else str(cell).encode() for cell in cells)
    assert made["id"].encode() in held  # it did look
    assert not any(secret.encode() in held for secret in SECRETS)
    assert {type(row[column]) for column in (*SEALED, "data_key")} == {bytes}
    assert len({row[column][:12] for column in (*SEALED, "data_key")}) == len(SEALED) + 1, "a nonce stands twice"


def make_sealed(key: MasterKey, **over: Any) -> Person:
    person_id = "01920000-0000-7000-8000-00000000000b"
    data_key = key.new_data_key(person_id)  # type: ignore[arg-type]
    values = {column: f"Synthetic {column}" for column in SEALED} | over
    return Person(id=person_id, data_key=data_key, **key.seal(person_id, data_key, values))  # type: ignore[arg-type]


def test_sealed_person_opens_with_the_right_key_only() -> None:
    key = MasterKey(b"k" * 32)
    person = make_sealed(key, surname_2=None)
    assert key.reveal(person) == {column: f"Synthetic {column}" for column in SEALED} | {"surname_2": None}
    with pytest.raises(InvalidTag):
        MasterKey(b"l" * 32).reveal(person)


@pytest.mark.parametrize("fault", ["other_person", "other_column", "other_data_key", "flipped_bit", "cut_short"])
def test_sealed_value_opens_in_its_own_place_only(fault: str) -> None:
    key = MasterKey(b"k" * 32)
    person, other = make_sealed(key), make_sealed(key)
    if fault == "other_person":
        person.id = "01920000-0000-7000-8000-00000000000c"  # type: ignore[assignment]
    elif fault == "other_column":
        person.given_name = person.surname_1
    elif fault == "other_data_key":
        person.data_key = other.data_key
    elif fault == "flipped_bit":
        person.surname_1 = person.surname_1[:-1] + bytes([person.surname_1[-1] ^ 1])  # type: ignore[index]
    else:
        person.surname_1 = person.surname_1[:-1]  # type: ignore[index]
    with pytest.raises(InvalidTag):
        key.reveal(person)


def test_each_person_has_a_key_of_their_own() -> None:
    key = MasterKey(b"k" * 32)
    assert make_sealed(key).data_key != make_sealed(key).data_key
    assert "kkk" not in repr(key)


async def test_logs_and_errors_hold_no_name(api: Api, superuser_engine: AsyncEngine) -> None:
    lines = io.StringIO()
    handler = next(one for one in logging.getLogger().handlers if type(one) is logging.StreamHandler)
    handler.setStream(lines)
    logging.getLogger().setLevel(logging.DEBUG)
    officer = api.officer("MX")
    made = (await officer.post("/v1/people", json=WHOLE)).json()
    answers = [
        await officer.post("/v1/people", json=WHOLE | {"id": made["id"]}),
        await officer.post("/v1/people", json=WHOLE | {"sex": "Personne", "unknown": "Synthetic"}),
        await officer.post("/v1/people", content=json.dumps(WHOLE)[:-5], headers={"Content-Type": "application/json"}),
        await officer.patch(
            f"/v1/people/{made['id']}", json={"given_name": ["Synthetic"]}, headers={"If-Match": '"1"'}
        ),
        await officer.get("/v1/people?q=Synthetic&sort=Personne"),
        await officer.get("/v1/people?q=%27"),
    ]
    # What only a fault on our side can bring about: a stored value that cannot be opened, one that cannot be shown.
    async with superuser_engine.begin() as connection:
        await connection.execute(text(ACTING))
        await connection.execute(text("UPDATE people SET given_name = surname_1"))
    answers.append(await officer.get(f"/v1/people/{made['id']}"))
    key: MasterKey = api.app.state.people_key
    async with superuser_engine.begin() as connection:
        await connection.execute(text(ACTING))
        stored = (await connection.execute(text("SELECT id, data_key FROM people"))).one()
        sealed = key.seal(stored.id, stored.data_key, {"birth_date": "Synthetic", "given_name": "Synthetic"})
        await connection.execute(text("UPDATE people SET birth_date = :birth_date, given_name = :given_name"), sealed)
        await connection.execute(text("ALTER TABLE people DROP CONSTRAINT ck_people_has_name"))
    answers.append(await officer.get(f"/v1/people/{made['id']}"))
    answers.append(await officer.get("/v1/people?format=csv"))
    assert [one.status_code for one in answers] == [409, 422, 400, 422, 422, 422, 500, 500, 500]
    assert all(one.headers["content-type"] == "application/problem+json" for one in answers)
    logged = lines.getvalue()
    assert logged.count('"event": "unexpected_error"') == 3, logged
    for place in [logged, *(one.text for one in answers)]:
        assert not any(secret in place for secret in SECRETS), place
        assert not any(json.dumps(secret)[1:-1] in place for secret in SECRETS), place


async def test_people_are_exported_as_they_are_listed(api: Api) -> None:
    for number in range(3):
        await api.officer("MX").post("/v1/people", json=WHOLE | {"given_name": f"Synthetic {number}"})
    listed = (await api.officer("MX").get("/v1/people?sort=-created_at&limit=2")).json()
    rest = (await api.officer("MX").get(listed["next"])).json()
    assert [one["given_name"] for one in listed["items"] + rest["items"]] == [f"Synthetic {n}" for n in (2, 1, 0)]
    ndjson = await api.officer("MX").get("/v1/people?format=ndjson&sort=-created_at")
    assert [json.loads(line) for line in ndjson.text.splitlines()] == listed["items"] + rest["items"]
    csv = await api.officer("MX").get("/v1/people?format=csv&sort=created_at")
    lines = csv.text.split("\r\n")
    assert lines[0] == (
        "id,version,created_at,updated_at,country_code,nationality_code,sex,given_name,surname_1,surname_2,"
        "full_name_original,birth_date,birth_precision,person_type,unit_id,position,canonical_person_id,erased_at,"
        "erase_reason"
    )
    names = (
        ",MX,GT,female,Synthetic 0,Personne,Zwölf,სინთეტიკური პირი 12,1980-07-31,day,partner_instructor,,Inspectrice,"
    )
    assert lines[1].endswith(f"{names}{lines[1].split(',')[0]},,")


async def test_people_are_found_by_each_of_their_filters(api: Api) -> None:
    ids = {}
    for name, over in {
        "a": {"country_code": "MX", "nationality_code": "MX"},
        "b": {"country_code": "US", "nationality_code": "MX", "sex": "male"},
        "c": {
            "country_code": "GE",
            "nationality_code": "GE",
            "birth_date": "1980-01-01",
            "birth_precision": "year",
            "person_type": "foreign_participant",
        },
    }.items():
        ids[(await api.officer().post("/v1/people", json=WHOLE | over)).json()["id"]] = name
    for query, expected in {
        "": "abc",
        "country_code=MX&country_code=GE": "ac",
        "nationality_code=MX": "ab",
        "sex=male": "b",
        "birth_precision=year": "c",
        "person_type=foreign_participant": "c",
        f"unit_id={UNKNOWN}": "",
        f"id={UNKNOWN}": "",
        "sort=-country_code": "bac",
    }.items():
        page = (await api.officer().get(f"/v1/people?{query}")).json()
        assert "".join(ids[one["id"]] for one in page["items"]) == expected, query
    known = {name: one for one, name in ids.items()}
    several = "&".join(f"id={known[name]}" for name in "ab")
    assert [ids[one["id"]] for one in (await api.officer().get(f"/v1/people?{several}")).json()["items"]] == ["a", "b"]
    # Of whom the caller may not see nothing is said, as of an id that nobody has.
    hidden = (await api.officer("MX").get(f"/v1/people?{several}&id={UNKNOWN}")).json()
    assert [ids[one["id"]] for one in hidden["items"]] == ["a"]
    many = "&".join(f"id={UNKNOWN}" for _ in range(501))
    refused = await api.officer().get(f"/v1/people?{many}")
    assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (422, "id")


async def test_two_changes_of_one_version_are_one_change(api: Api) -> None:
    made = (await api.officer("MX").post("/v1/people", json=WHOLE)).json()

    async def change(name: str) -> int:
        answer = await api.officer("MX").patch(
            f"/v1/people/{made['id']}", json={"given_name": name}, headers={"If-Match": '"1"'}
        )
        return answer.status_code

    statuses = await asyncio.gather(*(change(f"Synthetic {number}") for number in range(4)))
    assert sorted(statuses) == [200, 412, 412, 412]
