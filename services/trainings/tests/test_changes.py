"""What changed, to different readers: of people to their office, of what is personal only that it changed."""

import json
from typing import Any

import httpx
import pytest
from chassis.testing import caller
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from trainings.routes.changes import KINDS

NOBODY = "01920000-0000-7000-8000-0000000000ff"
ABOUT_PEOPLE = ("people", "enrollments", "completions", "instructor-assignments", "attendances", "certifications")
SECRETS = ("Synthetic", "Person", "1971-02-03", "a note", "\\\\x")


@pytest.fixture
async def made(office: Any) -> dict[str, list[tuple[str, str]]]:
    """By country the records about its people, as type and id."""
    training = await office.training(beneficiary_country_codes=["MX", "GE"])
    held = await office.session(training)
    found: dict[str, list[tuple[str, str]]] = {"MX": [], "GE": []}
    known = {"birth_date": "1971-02-03", "birth_precision": "day"}
    # The two of one country are not alike: who is has proposals, which are changes too.
    for country, born in (("MX", known), ("GE", known), ("MX", {})):
        person = await office.person(country_code=country, nationality_code=country, **born)
        seat = await office.enrollment(training["id"], person["id"])
        present = await office.attendance(seat, held)
        done = await office.completion(seat["id"], training["ends_on"])
        award = await office.certification(person, training["course_code"])
        lead = await office.lead(await office.training(course_code=training["course_code"]), person)
        for noun, row in zip(ABOUT_PEOPLE, (person, seat, done, lead, present, award), strict=True):
            found[country].append((noun, row["id"]))
        for noun, row in (("enrollments", seat), ("instructor-assignments", lead)):
            address = f"/v1/{noun}/{row['id']}"
            version = {"If-Match": f'"{(await office.again(noun, row))["version"]}"'}
            noted = await office.api.officer().patch(address, json={"note": "a note"}, headers=version)
            assert noted.status_code == 200
    return found


async def read_all(client: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    """All transactions, page after page."""
    items: list[dict[str, Any]] = []
    following: str | None = f"/v1/changes?{query}"
    while following:
        page = (await client.get(following)).json()
        items += page["items"]
        following = page["next"]
    return items


def records_of(items: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(one["type"], one["id"]) for item in items for one in item["changes"] if one["type"] in ABOUT_PEOPLE}


async def test_foreign_people_leave_no_trace(office: Any, made: dict[str, list[tuple[str, str]]]) -> None:
    everything = await read_all(office.api.officer())
    assert records_of(everything) == {*made["MX"], *made["GE"]}
    nobody: dict[str, Any] = {name: office.api.as_caller(caller(name, "*")) for name in ("viewer", "analyst", "admin")}
    for client, countries in (
        (office.api.officer("MX"), ["MX"]),
        (office.api.officer("GE", "FR"), ["GE"]),
        (office.api.officer("MX", "GE"), ["MX", "GE"]),
        (office.api.officer("FR"), []),
        (office.api.as_caller(caller("officer")), []),
        *((client, []) for client in nobody.values()),
    ):
        readable = {record for country in countries for record in made[country]}
        hidden = {record_id for country in made for _, record_id in made[country]} - {one for _, one in readable}
        kept = [
            {**item, "changes": [one for one in item["changes"] if one["type"] not in ABOUT_PEOPLE or one["id"] in
                                 {record_id for _, record_id in readable}]}
            for item in everything
        ]  # fmt: skip
        expected = [item for item in kept if item["changes"]]
        for query in ("", "limit=1", "limit=3"):
            items = await read_all(client, query)
            assert items == expected
            assert not [record_id for record_id in hidden if record_id in json.dumps(items)]
        # A page ends where the reader's own transactions end, and says nothing of what stands between.
        first = (await client.get("/v1/changes?limit=1")).json()
        assert first["position"] == first["items"][0]["number"]
        for noun in ABOUT_PEOPLE:
            items = await read_all(client, f"type={noun}")
            assert records_of(items) == {record for record in readable if record[0] == noun}
            assert bool(items) == bool(readable)


async def test_history_is_read_by_whoever_may_read_the_record(
    office: Any, made: dict[str, list[tuple[str, str]]]
) -> None:
    mexico = office.api.officer("MX")
    for noun, record_id in made["MX"]:
        page = (await mexico.get(f"/v1/history?subject={noun}/{record_id}")).json()
        operations = [item["operation"] for item in page["items"]]
        # A completion completes its seat, in the same transaction.
        changes = {"enrollments": 2, "instructor-assignments": 1}.get(noun, 0)
        assert operations == [*["update"] * changes, "insert"]
        if len(operations) > 1:
            assert page["items"][0]["changed"] == ["note", "updated_at", "version"]
    readers = [mexico, office.api.officer("FR"), office.api.viewer(), office.api.analyst(), office.api.admin()]
    for noun, record_id in made["GE"]:
        for client in readers:
            answers = []
            for one in (record_id, NOBODY, "no-id-at-all"):
                for query in ("", "&limit=1"):
                    answer = await client.get(f"/v1/history?subject={noun}/{one}{query}")
                    headers = {key: value for key, value in answer.headers.items() if key != "x-request-id"}
                    headers.pop("content-length")
                    shown = answer.text.replace(one, "ID").replace(answer.headers["x-request-id"], "REQUEST")
                    answers.append((answer.status_code, headers, shown))
            assert answers[1:] == answers[:1] * 5
            assert answers[0][0] == 404


async def test_nothing_personal_is_shown_and_nothing_about_people_is_kept_by_a_cache(
    office: Any, made: dict[str, list[tuple[str, str]]]
) -> None:
    answers = [await office.api.officer().get("/v1/changes?limit=500")]
    answers += [
        await office.api.officer().get(f"/v1/history?subject={noun}/{record_id}") for noun, record_id in made["MX"]
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert [secret for secret in SECRETS if secret in answer.text] == []
    person = answers[1].json()["items"][0]
    assert sorted(person["after"]) == [
        "birth_precision", "country_code", "created_at", "erased_at", "id", "nationality_code", "person_type", "sex",
        "unit_id", "updated_at", "version",
    ]  # fmt: skip
    assert set(person["changed"]) - set(person["after"]) == {
        "birth_date", "data_key", "given_name", "match_marks", "name_marks", "surname_1", "surname_2",
    }  # fmt: skip


async def test_what_is_left_out_is_what_the_feed_keeps_a_digest_of(
    made: dict[str, list[tuple[str, str]]], superuser_engine: AsyncEngine
) -> None:
    columns = "SELECT DISTINCT key FROM feed, jsonb_each(after) WHERE entity = :table"
    digests = f"{columns} AND value #>> '{{}}' ~ '^.x[0-9a-f]{{64}}$'"
    async with superuser_engine.connect() as connection:
        for kind in KINDS:
            asked = {"table": kind.table.name}
            names = set((await connection.execute(text(columns), asked)).scalars())
            digested = set((await connection.execute(text(digests), asked)).scalars())
            assert not names or names >= set(kind.clear or ())
            assert digested <= names - set(kind.clear or names), kind.type


async def test_person_who_moved_is_the_new_offices(office: Any) -> None:
    person = await office.person(country_code="MX")
    training = await office.training()
    seat = await office.enrollment(training["id"], person["id"])
    both = office.api.officer("MX", "GE")
    moved = await both.patch(f"/v1/people/{person['id']}", json={"country_code": "GE"}, headers={"If-Match": '"1"'})
    assert moved.status_code == 200
    mexico, georgia = office.api.officer("MX"), office.api.officer("GE")
    subject = f"/v1/history?subject=people/{person['id']}"
    whole = (await both.get(subject)).json()
    assert [item["after"]["country_code"] for item in whole["items"]] == ["GE", "MX"]
    assert (await georgia.get(subject)).json() == whole
    assert (await mexico.get(subject)).status_code == 404
    seats = f"/v1/history?subject=enrollments/{seat['id']}"
    assert [(await client.get(seats)).status_code for client in (mexico, georgia)] == [404, 200]
    # A change is read by whoever has grants for all countries that it was about at that time.
    told = [
        [one["after"]["country_code"] for item in await read_all(client, "type=people") for one in item["changes"]]
        for client in (mexico, georgia, both)
    ]
    assert told == [["MX"], [], ["MX", "GE"]]
