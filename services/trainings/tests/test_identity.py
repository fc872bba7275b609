"""Who is who: search, documents, duplicates, merges and erasing, in the API and in the database."""

import asyncio
from typing import Any

import pytest
from chassis.anchors import KeptAnchors
from chassis.audit import audit_database
from chassis.testing import ACTING, Database, caller
from chassis.testing.voids import STANDS, check_void
from chassis.unit_of_work import open_session
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from trainings.privacy import SEALED

NOBODY = "01920000-0000-7000-8000-0000000000ff"
CURP = "BOXW310820HNERXN09"
BORN = {"birth_date": "1980-07-31", "birth_precision": "day"}
NAMED = {"given_name": "Synthetic", "surname_1": "Quintanilla", "surname_2": "Zwölf"}


def version(number: int) -> dict[str, str]:
    return {"If-Match": f'"{number}"'}


async def items(client: Any, address: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/{address}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def refused(client: Any, noun: str, body: dict[str, Any]) -> tuple[int, str]:
    answer = await client.post(f"/v1/{noun}", json=body)
    errors = answer.json()["errors"]
    return answer.status_code, errors[0]["pointer"] if errors else ""


async def document(office: Any, person: dict[str, Any], number: str = "G 123 456", **over: Any) -> dict[str, Any]:
    body = {"person_id": person["id"], "type": "passport", "issuer_country_code": "MX", "number": number} | over
    return dict(await office.post("identity-documents", body))


async def merge(office: Any, one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    body = {"person_id": one["id"], "canonical_person_id": other["id"], "evidence": "Both passports were compared."}
    return dict(await office.post("merges", body))


async def canonical(office: Any, person: dict[str, Any], client: Any = None) -> str | None:
    answer = await (client or office.api.officer()).get(f"/v1/people/{person['id']}")
    found: str | None = answer.json()["canonical_person_id"]
    return found


async def test_people_are_found_by_words_of_their_names_in_any_script(office: Any, app_engine: AsyncEngine) -> None:
    ids = {}
    for name, over in {
        "a": {"given_name": "José Luis", "surname_1": "Hernández", "surname_2": "García"},
        "b": {"given_name": "Jose", "surname_1": "Garcia", "surname_2": "Hernandez", "country_code": "GE"},
        "c": {"given_name": "Ketevan", "surname_1": None, "surname_2": None, "full_name_original": "ქეთევან ჭავჭავაძე"},
    }.items():
        ids[(await office.person(**over))["id"]] = name

    async def found(asked: str, client: Any = None) -> str:
        answer = await (client or office.api.officer()).get("/v1/people", params={"q": asked, "sort": "created_at"})
        return "".join(ids[one["id"]] for one in answer.json()["items"])

    for asked, expected in {
        "hernandez jose": "ab",
        "JOSÉ LUIS": "a",
        "jose hern": "ab",
        "hern jose": "",
        "chavchav": "c",
        "ჭავჭ": "c",
        "de Garcia": "ab",
    }.items():
        assert await found(asked) == expected, asked
    assert await found("hernandez jose", office.api.officer("MX")) == "a"
    both = await office.api.officer().get(
        "/v1/people", params={"q": "jose", "country_code": "GE", "with_total": "true"}
    )
    assert (both.json()["total_count"], ids[both.json()["items"][0]["id"]]) == (1, "b")
    # Found by the new name and no longer by the old one.
    one = next(key for key, name in ids.items() if name == "a")
    changed = await office.api.officer().patch(f"/v1/people/{one}", json={"surname_1": "Zwölf"}, headers=version(1))
    assert changed.status_code == 200
    assert (await found("zwolf"), await found("hernandez")) == ("a", "b")
    # A record from before there were marks gets its own with its next change, whatever that is.
    async with app_engine.begin() as connection:
        await connection.execute(text(ACTING))
        await connection.execute(
            text("UPDATE people SET name_marks = '{}', match_marks = '{}' WHERE id = :id"), {"id": one}
        )
    assert await found("zwolf") == ""
    assert (await office.api.officer().patch(f"/v1/people/{one}", json={}, headers=version(2))).status_code == 200
    assert await found("zwolf") == "a"
    empty = await office.api.officer().get("/v1/people", params={"q": "'"})
    assert (empty.status_code, empty.json()["errors"][0]["parameter"]) == (422, "q")


async def test_document_is_kept_as_a_digest_and_checked(office: Any, superuser_engine: AsyncEngine) -> None:
    person = await office.person(sex="male", birth_date="1931-08-20", birth_precision="day")
    curp = {"type": "mx_curp", "number": " boxw310820-HNERXN09 "}
    made = await document(office, person, **curp)
    expected = {
        **STANDS,
        "id": made["id"],
        "version": 1,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "person_id": person["id"],
        "type": "mx_curp",
        "issuer_country_code": "MX",
        "last_characters": "N09",
    }
    assert made == expected | {"merge_id": None}
    assert (await office.api.officer("MX").get(f"/v1/identity-documents/{made['id']}")).json() == expected
    assert await items(office.api.officer(), f"identity-documents?person_id={person['id']}&type=mx_curp") == [expected]
    async with superuser_engine.connect() as connection:
        stored = (await connection.execute(text("SELECT t::text, number_mark FROM identity_documents t"))).one()
        feed = (await connection.execute(text("SELECT string_agg(f::text, ' ') FROM feed f"))).scalar_one()
    assert CURP not in stored[0] + feed
    assert "N09" not in feed
    assert len(stored.number_mark) == 16
    body = {"person_id": person["id"], "issuer_country_code": "MX"} | curp
    officer = office.api.officer()
    for over, status, pointer in (
        ({"number": CURP[:-1] + "8"}, 422, "#/number"),
        ({"issuer_country_code": "US"}, 422, "#/issuer_country_code"),
        ({"number": "12"}, 422, "#/number"),
        ({"person_id": NOBODY}, 422, "#/person_id"),
    ):
        assert await refused(officer, "identity-documents", body | over) == (status, pointer)
    for over in ({"sex": "female"}, {"birth_date": "1931-08-21", "birth_precision": "day"}):
        other = await office.person(**over)
        answer = await officer.post("/v1/identity-documents", json=body | {"person_id": other["id"]})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/number")
        assert CURP not in answer.text
        assert "1931" not in str(answer.json()["errors"]) + answer.json()["detail"]  # a request id may hold any digits
    for client in (office.api.officer("GE"), officer):
        one = person["id"] if client is not officer else NOBODY
        assert await refused(client, "identity-documents", body | {"person_id": one}) == (422, "#/person_id")
    assert (await office.api.officer("GE").get(f"/v1/identity-documents/{made['id']}")).status_code == 404
    await check_void(office.api, f"/v1/identity-documents/{made['id']}")


async def test_same_document_links_two_unless_something_speaks_against_it(office: Any) -> None:
    first, second = await office.person(**BORN), await office.person(surname_1="Entirely", surname_2="Other")
    assert (await document(office, first))["merge_id"] is None
    made = await document(office, second, "g-123456")
    found = (await office.api.officer().get(f"/v1/merges/{made['merge_id']}")).json()
    assert (found["person_id"], found["canonical_person_id"]) == (second["id"], first["id"])
    assert (found["basis"], found["decided_by"]) == ("same_identity_document", "Test officer")
    assert await canonical(office, second) == first["id"]
    (candidate,) = await items(office.api.officer(), f"duplicate-candidates?person_id={second['id']}")
    assert (candidate["status"], candidate["reasons"]) == ("merged", ["identity document is the same"])
    # Another number, or another kind of document, says nothing.
    third = await office.person(surname_1="Third")
    assert (await document(office, third, "G123457"))["merge_id"] is None
    assert (await document(office, third, type="national_id"))["merge_id"] is None
    assert await canonical(office, third) == third["id"]
    # Sex or birth year speaks against it: a proposal, with the reasons.
    for over, reason in (
        ({"sex": "male"}, "sex differs"),
        ({"birth_date": "1970-01-01", "birth_precision": "year"}, "birth year differs"),
    ):
        other = await office.person(surname_1="Fourth", **over)
        assert (await document(office, other))["merge_id"] is None
        proposed = await items(office.api.officer(), f"duplicate-candidates?person_id={other['id']}&status=open")
        against = next(one for one in proposed if first["id"] in {one["person_id"], one["other_person_id"]})
        assert {reason, "identity document is the same"} <= set(against["reasons"])
    # What somebody took back is not linked again by itself.
    undone = await office.api.officer().post(
        f"/v1/merges/{found['id']}/void", json={"reason": "Two people."}, headers=version(1)
    )
    assert undone.status_code == 200
    assert await canonical(office, second) == second["id"]
    again = await document(office, second, "G123456")
    assert again["merge_id"] is None
    proposed = await items(office.api.officer(), f"duplicate-candidates?person_id={second['id']}&status=open")
    back = next(one for one in proposed if first["id"] in {one["person_id"], one["other_person_id"]})
    assert (back["id"], back["status"]) == (candidate["id"], "open")


async def test_of_two_who_record_one_document_at_once_the_second_sees_the_first(office: Any) -> None:
    people = [await office.person(surname_1=name) for name in ("Entirely", "Different", "Names")]
    made = await asyncio.gather(*(document(office, one) for one in people))
    assert sorted(one["merge_id"] is None for one in made) == [False, False, True]
    assert len({await canonical(office, one) for one in people}) == 1


async def test_same_document_of_a_foreign_person_is_not_told_of(office: Any) -> None:
    georgian = await office.person(country_code="GE", **BORN)
    await document(office, georgian)
    mexican, lonely = await office.person(**NAMED), await office.person(surname_1="Lonely")
    mexico = office.api.officer("MX")
    answers = []
    for person, number in ((mexican, "G123456"), (lonely, "X999999")):
        body = {"person_id": person["id"], "type": "passport", "issuer_country_code": "MX", "number": number}
        answer = await mexico.post("/v1/identity-documents", json=body)
        assert answer.status_code == 201
        answers.append({name for name, value in answer.json().items() if value is None})
        assert await items(mexico, f"duplicate-candidates?person_id={person['id']}") == []
        changes = (await mexico.get("/v1/changes?type=duplicate-candidates")).json()["items"]
        assert changes == []
    assert answers[0] == answers[1]
    assert await canonical(office, mexican) == mexican["id"]
    # It is there for whoever may see both.
    (candidate,) = await items(office.api.officer("MX", "GE"), "duplicate-candidates?status=open")
    assert {candidate["person_id"], candidate["other_person_id"]} == {georgian["id"], mexican["id"]}
    assert (candidate["band"], candidate["reasons"]) == ("likely_same", ["identity document is the same"])
    for client in (mexico, office.api.officer("GE")):
        assert (await client.get(f"/v1/duplicate-candidates/{candidate['id']}")).status_code == 404
    # Merged by them, the record shows no root to whoever may not see it.
    await merge(office, mexican, georgian)
    assert await canonical(office, mexican) == georgian["id"]
    assert await canonical(office, mexican, mexico) is None
    body = {"person_id": lonely["id"], "canonical_person_id": mexican["id"], "evidence": "x"}
    answer = await mexico.post("/v1/merges", json=body)
    assert answer.status_code == 409
    assert georgian["id"] not in answer.text
    for foreign in (georgian["id"], NOBODY):
        assert await refused(mexico, "merges", body | {"canonical_person_id": foreign}) == (
            422,
            "#/canonical_person_id",
        )


async def test_likeness_is_proposed_and_decided(office: Any) -> None:
    first = await office.person(**NAMED, **BORN)
    assert await items(office.api.officer(), "duplicate-candidates") == []
    second = await office.person(**NAMED | {"given_name": "SYNTHETIC"}, **BORN)
    (made,) = await items(office.api.officer("MX"), "duplicate-candidates?status=open&band=likely_same&country_code=MX")
    pair = sorted([first["id"], second["id"]])
    assert made == {
        "id": made["id"],
        "version": 1,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "person_id": pair[0],
        "other_person_id": pair[1],
        "score": 10,
        "band": "likely_same",
        "reasons": ["birth date is the same", "names alike (100)"],
        "status": "open",
        "note": None,
    }
    assert await canonical(office, second) == second["id"]  # never by itself
    officer = office.api.officer()

    async def change(number: int, **body: Any) -> dict[str, Any]:
        answer = await officer.patch(f"/v1/people/{second['id']}", json=body, headers=version(number))
        assert answer.status_code == 200, answer.text
        found = await officer.get(f"/v1/duplicate-candidates/{made['id']}")
        return {name: found.json()[name] for name in ("score", "band", "status", "version")}

    # What is known of an open pair is said anew; what somebody decided stays.
    assert await change(1, birth_date="1980-03-04") == {"score": 6, "band": "possible", "status": "open", "version": 2}
    assert await change(2, position="Guard") == {"score": 6, "band": "possible", "status": "open", "version": 2}
    address = f"/v1/duplicate-candidates/{made['id']}/dismiss"
    note = {"note": "Cousins."}
    assert (await officer.post(address, json=note)).status_code == 428
    assert (await officer.post(address, json=note, headers=version(1))).status_code == 412
    assert (await officer.post(address, json={"note": ""}, headers=version(2))).status_code == 422
    assert (await office.api.officer("GE").post(address, json=note, headers=version(2))).status_code == 404
    done = await officer.post(address, json=note, headers=version(2))
    assert (done.status_code, done.json()["status"], done.json()["note"]) == (200, "dismissed", "Cousins.")
    assert (await officer.post(address, json=note, headers=version(3))).status_code == 409
    assert (await change(3, birth_date="1980-07-31"))["status"] == "dismissed"
    # An open one ends where nothing speaks for it any more.
    third = await office.person(**NAMED, **BORN)
    assert len(await items(officer, f"duplicate-candidates?person_id={third['id']}&status=open")) == 2
    body = {"birth_date": "1950-01-02", "given_name": "Other", "surname_1": "Name", "surname_2": None}
    assert (await officer.patch(f"/v1/people/{third['id']}", json=body, headers=version(1))).status_code == 200
    assert await items(officer, f"duplicate-candidates?person_id={third['id']}&status=open") == []


async def test_two_who_change_their_records_at_once_are_both_answered(office: Any) -> None:
    people = [await office.person(**NAMED), await office.person(**NAMED, country_code="GE", nationality_code="GE")]

    async def change(person: dict[str, Any]) -> int:
        body = {"country_code": "MX", "nationality_code": "MX", **BORN}
        answer = await office.api.officer().patch(f"/v1/people/{person['id']}", json=body, headers=version(1))
        return int(answer.status_code)

    assert await asyncio.gather(*map(change, people)) == [200, 200]


async def test_merges_link_roots_make_no_circle_and_are_taken_back(
    office: Any, app_engine: AsyncEngine, superuser_engine: AsyncEngine
) -> None:
    a, b, c, d = [await office.person(**NAMED, **BORN) for _ in range(4)]
    made = await merge(office, a, b)
    assert made == {
        **STANDS,
        "id": made["id"],
        "version": 1,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "person_id": a["id"],
        "canonical_person_id": b["id"],
        "basis": "decision",
        "evidence": "Both passports were compared.",
        "decided_by": "Test officer",
    }
    # The record that `a` is counted as is linked under the one that `d` is counted as.
    await merge(office, c, d)
    second = await merge(office, a, c)
    assert (second["person_id"], second["canonical_person_id"]) == (b["id"], d["id"])
    assert [await canonical(office, one) for one in (a, b, c, d)] == [d["id"]] * 4
    listed = await items(office.api.officer(), "people?sort=created_at&country_code=MX")
    assert {one["canonical_person_id"] for one in listed} == {d["id"]}
    assert await items(office.api.officer(), "duplicate-candidates?status=open") == []
    for one, other in ((a, d), (d, a), (b, c)):
        body = {"person_id": one["id"], "canonical_person_id": other["id"], "evidence": "x"}
        assert (await office.api.officer().post("/v1/merges", json=body)).status_code == 409
    body = {"person_id": a["id"], "canonical_person_id": a["id"], "evidence": "x"}
    assert (await office.api.officer().post("/v1/merges", json=body)).status_code == 409
    # The database refuses the same of anybody.
    insert = (
        "INSERT INTO merges (person_id, canonical_person_id, basis, evidence, decided_by)"
        " VALUES (:one, :other, 'decision', 'x', 'x')"
    )
    for one, other, rule in (
        (d, a, "merges_make_no_circle"),
        (a, d, "uq_merges_person_id"),
        (d, d, "ck_merges_two_records"),
    ):
        async with open_session(app_engine, caller("officer", "*")) as session:
            with pytest.raises(DBAPIError, match=rule if rule.startswith(("uq", "ck")) else "merged into it"):
                await (await session.connection()).execute(text(insert), {"one": one["id"], "other": other["id"]})
    # For counts: who is part of whom, now and then.
    async with superuser_engine.connect() as connection:
        query = "SELECT person_id::text, canonical_id::text FROM canonical_people({})"
        assert dict((await connection.execute(text(query.format("")))).all()) == {
            one["id"]: d["id"] for one in (a, b, c)
        }
        number = await connection.scalar(text("SELECT number FROM feed_head"))
    undone = await check_void(office.api, f"/v1/merges/{second['id']}")
    assert undone["is_voided"]
    assert [await canonical(office, one) for one in (a, b, c, d)] == [b["id"], b["id"], d["id"], d["id"]]
    pairs = {
        tuple(sorted((one["person_id"], one["other_person_id"]))): one["status"]
        for one in await items(office.api.officer(), "duplicate-candidates?limit=10")
    }
    ids = [one["id"] for one in (a, b, c, d)]
    assert len(pairs) == 6
    for pair, status in pairs.items():
        together = {*pair} <= {*ids[:2]} or {*pair} <= {*ids[2:]}
        assert status == ("merged" if together else "open"), pair
    async with superuser_engine.connect() as connection:
        await connection.execute(text(ACTING))
        now = dict((await connection.execute(text(query.format("")))).all())
        then = dict((await connection.execute(text(query.format(number)))).all())
    assert now == {a["id"]: b["id"], c["id"]: d["id"]}
    assert then == {one["id"]: d["id"] for one in (a, b, c)}
    with_app = "SELECT has_function_privilege('trainings_app', 'canonical_people(bigint)', 'EXECUTE')"
    async with superuser_engine.connect() as connection:
        assert await connection.scalar(text(with_app)) is False


async def test_merges_of_a_pair_both_ways_at_once_are_one(office: Any) -> None:
    a, b, c = [await office.person() for _ in range(3)]

    async def link(one: dict[str, Any], other: dict[str, Any]) -> int:
        body = {"person_id": one["id"], "canonical_person_id": other["id"], "evidence": "x"}
        return int((await office.api.officer().post("/v1/merges", json=body)).status_code)

    statuses = await asyncio.gather(link(a, b), link(b, a), link(b, c), link(c, a))
    assert sorted(statuses) == [201, 201, 409, 409]
    assert len({await canonical(office, one) for one in (a, b, c)}) == 1


async def test_erased_person_leaves_what_was_counted_and_nothing_else(
    office: Any, database: Database, superuser_engine: AsyncEngine
) -> None:
    course = await office.course(type="training_of_trainers")
    training = await office.training(course_code=course["code"])
    officer = office.api.officer()
    person = await office.person(position="Guard", **NAMED, **BORN)
    await office.completed(training, person)
    lead = await office.lead(await office.training(), person)
    noted = {"note": "Quintanilla sits in front"}
    seat = (await items(officer, f"enrollments?person_id={person['id']}"))[0]
    for address, row in ((f"enrollments/{seat['id']}", seat), (f"instructor-assignments/{lead['id']}", lead)):
        changed = await officer.patch(f"/v1/{address}", json=noted, headers=version(row["version"]))
        assert changed.status_code == 200
    made = await document(office, person)
    wrong = await document(office, person, "G999999")
    void = f"/v1/identity-documents/{wrong['id']}/void"
    assert (await officer.post(void, json={"reason": "Typing error."}, headers=version(1))).status_code == 200
    figures = "/v1/recorded-figures?measure=instructors_trained&nationality_code=MX&explain=true"
    before = (await officer.get(figures)).json()
    address = f"/v1/people/{person['id']}"
    why = {"reason": "Asked for by the person."}
    assert (await officer.post(f"{address}/erase", json=why)).status_code == 428
    assert (await officer.post(f"{address}/erase", json=why, headers=version(9))).status_code == 412
    assert (await officer.post(f"{address}/erase", json={}, headers=version(1))).status_code == 422
    assert (await office.api.officer("GE").post(f"{address}/erase", json=why, headers=version(1))).status_code == 404
    done = await officer.post(f"{address}/erase", json=why, headers=version(1))
    gone = dict.fromkeys((*NAMED, "full_name_original", "birth_date", "position"))
    after = person | gone | {
        "version": 2, "updated_at": done.json()["updated_at"], "erased_at": done.json()["erased_at"],
        "erase_reason": why["reason"],
    }  # fmt: skip
    assert (done.status_code, done.json()) == (200, after)
    assert done.json()["erased_at"] is not None
    assert (await officer.get(address)).json() == after
    assert (await officer.get(figures)).json() == before
    async with superuser_engine.connect() as connection:
        row = (
            (await connection.execute(text("SELECT * FROM people WHERE id = :id"), {"id": person["id"]}))
            .mappings()
            .one()
        )
        held = (await connection.execute(text("SELECT string_agg(t::text, '') FROM enrollments t"))).scalar_one()
    sealed = ("data_key", *gone)
    assert {row[column] for column in sealed} == {None}
    assert (row["name_marks"], row["match_marks"], row["birth_precision"]) == ([], [], "day")
    assert "Quintanilla" not in held
    for one in (made, wrong):
        read = (await officer.get(f"/v1/identity-documents/{one['id']}")).json()
        assert read["last_characters"] is None
    assert (await officer.get(f"/v1/instructor-assignments/{lead['id']}")).json()["note"] is None
    report = await audit_database(database.superuser_url, "trainings", KeptAnchors())
    assert report.faults == []


async def test_erased_person_is_found_changed_and_linked_no_more(office: Any, superuser_engine: AsyncEngine) -> None:
    officer = office.api.officer()
    keyed = {"Idempotency-Key": "first"}
    why = {"reason": "Asked for by the person."}
    body = {"country_code": "MX", "nationality_code": "MX", "sex": "female", **NAMED, **BORN}
    person = (await officer.post("/v1/people", json=body, headers=keyed)).json()
    address = f"/v1/people/{person['id']}"
    twin = await office.person(**NAMED, **BORN)
    wrong = await document(office, person)
    void = f"/v1/identity-documents/{wrong['id']}/void"
    assert (await officer.post(void, json={"reason": "Typing error."}, headers=version(1))).status_code == 200
    assert (await officer.post(f"{address}/erase", json=why, headers=version(1))).status_code == 200
    found = await officer.get("/v1/people", params={"q": "quintanilla"})
    assert [one["id"] for one in found.json()["items"]] == [twin["id"]]
    assert [one["status"] for one in await items(officer, "duplicate-candidates")] == ["dismissed"]
    await office.person(**NAMED, **BORN)
    proposed = await items(officer, "duplicate-candidates?status=open")
    assert len(proposed) == 1
    assert person["id"] not in {proposed[0]["person_id"], proposed[0]["other_person_id"]}
    merge_body = {"person_id": person["id"], "canonical_person_id": twin["id"], "evidence": "x"}
    training = await office.training()
    of_training = {"training_id": training["id"], "person_id": person["id"]}
    award = {"kind": "instructor", "person_id": person["id"], "course_code": training["course_code"]}
    award |= {"issuer_agency_code": "US-NM-CD", "issued_on": "2008-01-01"}
    vetting = {"person_id": person["id"], "requested_on": "2008-01-01"}
    unit = {"name": "A unit", "country_code": "MX", "is_security_force": True, "commander_person_id": person["id"]}
    new_document = {"person_id": person["id"], "type": "passport", "issuer_country_code": "MX", "number": "G123456"}
    for answer in (
        await officer.patch(address, json={"given_name": "Again"}, headers=version(2)),
        await officer.post(f"{address}/erase", json=why, headers=version(2)),
        await officer.post("/v1/merges", json=merge_body),
        await officer.post(
            "/v1/merges", json=merge_body | {"person_id": twin["id"], "canonical_person_id": person["id"]}
        ),
        await officer.post("/v1/identity-documents", json=new_document),
        await officer.post("/v1/enrollments", json=of_training),
        await officer.post("/v1/instructor-assignments", json=of_training),
        await officer.post("/v1/certifications", json=award),
        await office.api.vetter().post("/v1/vetting-records", json=vetting),
        await officer.post("/v1/units", json=unit),
        # The answer that was kept about them is gone, and its key stays taken.
        await officer.post("/v1/people", json=body, headers=keyed),
    ):
        assert answer.status_code == 409, answer.text
        assert "Quintanilla" not in answer.text
    # The same is refused by the database.
    insert = (
        "INSERT INTO identity_documents (person_id, type, issuer_country_code, number_mark)"
        " VALUES (:id, 'passport', 'MX', 'x')"
    )
    for statement, rule in (
        ("UPDATE people SET sex = 'male' WHERE id = :id", "stays so"),
        ("UPDATE people SET erased_at = NULL WHERE id = :id", "stays so"),
        (insert, "nothing is recorded"),
        ("UPDATE identity_documents SET void_reason = 'y' WHERE id = :document", "stays as it is"),
    ):
        async with superuser_engine.connect() as connection:
            await connection.execute(text(ACTING))
            with pytest.raises(DBAPIError, match=rule):
                values = {"id": person["id"], "document": wrong["id"]}
                await connection.execute(
                    text(statement), {name: value for name, value in values.items() if f":{name}" in statement}
                )


async def test_nothing_is_recorded_of_somebody_who_is_being_erased(office: Any, superuser_engine: AsyncEngine) -> None:
    person, training = await office.person(), await office.training()
    seat = {"training_id": training["id"], "person_id": person["id"], "note": "Sits by the door."}
    forgotten = ", ".join(f"{column} = NULL" for column in (*SEALED, "data_key"))
    async with superuser_engine.connect() as erasing, superuser_engine.connect() as watching:
        await erasing.execute(text(ACTING))
        erase = f"UPDATE people SET {forgotten}, name_marks = '{{}}', match_marks = '{{}}', erased_at = now(), erase_reason = 'x'"
        await erasing.execute(text(erase + " WHERE id = :id"), {"id": person["id"]})
        answering = asyncio.create_task(office.api.officer().post("/v1/enrollments", json=seat))
        waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        while not await watching.scalar(text(waits)):
            assert not answering.done(), answering.result().text
            await watching.rollback()
            await asyncio.sleep(0)
        await erasing.commit()
    answer = await answering
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict"), answer.text
    assert (await office.api.officer().get("/v1/enrollments")).json()["items"] == []
