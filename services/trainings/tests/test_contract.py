"""What every service promises, whatever it is about."""

import re
from collections.abc import AsyncIterator
from typing import Any

from chassis.feed import NOT_CAPTURED
from chassis.testing import ACTING, Api, Database
from chassis.testing.contract import Write, check_answers, check_document, check_writes
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from trainings.models import metadata
from trainings.routes.changes import KINDS

from .imports import Importer, as_csv


async def test_document_keeps_the_style(api: Api) -> None:
    check_document(api.app)


async def test_answers_keep_the_style(api: Api) -> None:
    await check_answers(api)


TRAINING = {
    "course_code": "BASIC", "provider_agency_code": "US-NM-CD", "program_code": "MX-CORR", "host_country_code": "US",
    "beneficiary_country_codes": ["MX"], "starts_on": "2009-03-15", "ends_on": "2009-04-24",
    "venue_kind": "united_states",
}  # fmt: skip
PERSON = {
    "country_code": "MX", "nationality_code": "MX", "sex": "female", "given_name": "Xochiquetzal",
    "surname_1": "Quintanilla", "birth_date": "1980-02-03", "birth_precision": "day",
}  # fmt: skip


async def writes(office: Any) -> AsyncIterator[Write]:  # noqa: PLR0915 - one after the other, each on what was written
    async def newest(noun: str) -> dict[str, Any]:
        return dict((await office.api.officer().get(f"/v1/{noun}?sort=-created_at")).json()["items"][0])

    async def write(operation: str, body: dict[str, Any] | None = None) -> Write:
        """The operation on the newest record of its noun, or one that makes a record."""
        address = operation.split()[1]
        if "{" not in address:
            return Write(operation, address, body)
        record = await newest(operation.split("/")[2])
        return Write(operation, re.sub("{.*}", record["id"], address), body, record["version"])

    why = {"reason": "Entered twice."}
    note = {"note": "By hand."}
    yield await write("POST /v1/courses", {"code": "BASIC", "title": "Basic", "type": "basic"})
    yield await write("PATCH /v1/courses/{course_id}", {"title": "Basics"})
    taught = {"course_code": "BASIC", "label": "First", "introduced_on": "2008-01-01"}
    yield await write("POST /v1/course-versions", taught)
    yield await write("PATCH /v1/course-versions/{course_version_id}", {"language_code": "es"})
    yield await write("POST /v1/trainings", TRAINING)
    yield await write("PATCH /v1/trainings/{training_id}", {"title": "First"})
    yield await write("POST /v1/trainings/{training_id}/transitions", {"to": "confirmed", "note": "Agreed."})
    yield await write("POST /v1/people", PERSON)
    yield await write("PATCH /v1/people/{person_id}", {"surname_2": "Two"})
    training_id, person_id = (await newest("trainings"))["id"], (await newest("people"))["id"]
    yield await write("POST /v1/training-sessions", {"training_id": training_id, "held_on": "2009-03-16", "hours": "6"})
    yield await write("PATCH /v1/training-sessions/{training_session_id}", {"topic": "Use of force"})
    seat = {"training_id": training_id, "person_id": person_id}
    yield await write("POST /v1/enrollments", seat | {"note": "Xochiquetzal asked for the front row"})
    yield await write("PATCH /v1/enrollments/{enrollment_id}", note)
    yield await write("POST /v1/enrollments/{enrollment_id}/transitions", {"to": "attending"})
    enrollment_id, session_id = (await newest("enrollments"))["id"], (await newest("training-sessions"))["id"]
    yield await write("POST /v1/attendances", {"enrollment_id": enrollment_id, "session_id": session_id, "hours": "5"})
    yield await write("PATCH /v1/attendances/{attendance_id}", {"hours": "6"})
    yield await write("POST /v1/completions", {"enrollment_id": enrollment_id, "completed_on": "2009-04-24"})
    lead = {"training_id": training_id, "person_id": (await office.person())["id"]}
    yield await write("POST /v1/instructor-assignments", lead)
    yield await write("PATCH /v1/instructor-assignments/{instructor_assignment_id}", note)
    award = {"kind": "instructor", "person_id": person_id, "course_code": "BASIC", "is_provisional": True}
    yield await write("POST /v1/certifications", award | {"issuer_agency_code": "US-NM-CD", "issued_on": "2009-04-24"})
    certification = "POST /v1/certifications/{certification_id}"
    yield await write(f"{certification}/confirm")
    yield await write(f"{certification}/suspend", {"starts_on": "2010-01-01", "reason": "Xochiquetzal was away"})
    yield await write(f"{certification}/reinstate", {"ends_on": "2010-02-01"})
    yield await write(f"{certification}/revoke", {"revoked_on": "2011-01-01", "reason": "Quintanilla left"})
    yield await write(f"{certification}/void", why)
    yield await write("POST /v1/instructor-assignments/{instructor_assignment_id}/void", why)
    yield await write("POST /v1/completions/{completion_id}/void", why)
    yield await write("POST /v1/training-sessions/{training_session_id}/void", why)
    document = {"person_id": person_id, "type": "passport", "issuer_country_code": "MX", "number": "XQ 1980 77"}
    yield await write("POST /v1/identity-documents", document)
    yield await write("POST /v1/identity-documents/{identity_document_id}/void", why)
    twin = await office.person(**PERSON)
    cousin = {"note": "Xochiquetzal has a cousin"}
    yield await write("POST /v1/duplicate-candidates/{duplicate_candidate_id}/dismiss", cousin)
    merge = {"person_id": twin["id"], "canonical_person_id": person_id, "evidence": "Xochiquetzal says so herself"}
    yield await write("POST /v1/merges", merge)
    yield await write("POST /v1/merges/{merge_id}/void", why)
    unit = {"name": "Guard company", "country_code": "MX", "is_security_force": True, "agency_code": "US-BOP"}
    yield await write("POST /v1/units", unit)
    yield await write("PATCH /v1/units/{unit_id}", {"name": "Guards"})
    vetting = {"person_id": person_id, "requested_on": "2024-02-01", "case_reference": "Quintanilla 1"}
    yield await write("POST /v1/vetting-records", vetting)
    result = {"result": "approved", "result_on": "2024-03-01"}
    found = (await office.api.vetter().get("/v1/vetting-records")).json()["items"][0]["id"]
    yield Write("PATCH /v1/vetting-records/{vetting_record_id}", f"/v1/vetting-records/{found}", result)
    wrong = (await office.api.vetter().post("/v1/vetting-records", json=vetting)).json()["id"]
    yield Write("POST /v1/vetting-records/{vetting_record_id}/void", f"/v1/vetting-records/{wrong}/void", why)
    erase = {"reason": "Asked for by the person."}
    yield Write("POST /v1/people/{person_id}/erase", f"/v1/people/{twin['id']}/erase", erase)
    spare = await office.enrollment(training_id, (await office.person())["id"])
    yield Write("POST /v1/enrollments/{enrollment_id}/void", f"/v1/enrollments/{spare['id']}/void", why)
    roster = await office.training()
    async for each in writes_of_imports(office, roster["id"]):
        yield each
    await office.training()
    yield await write("POST /v1/trainings/{training_id}/void", why)


async def writes_of_imports(office: Any, training_id: str) -> AsyncIterator[Write]:
    importer = Importer(office.api)
    content = ("text/csv", as_csv(("given_name", "surname_1"), [("Citlali", "Quintanilla")]))
    address = f"/v1/roster-imports?training_id={training_id}"
    yield Write("POST /v1/roster-imports", address, content=content)
    found = (await importer.client.get("/v1/roster-imports?sort=-created_at")).json()["items"][0]

    def ask(verb: str, one: dict[str, Any], body: dict[str, Any] | None = None) -> Write:
        path = "/v1/roster-imports/{roster_import_id}" + (f"/{verb}" if verb else "")
        method = "POST" if verb else "PATCH"
        return Write(f"{method} {path}", path.replace("{roster_import_id}", found["id"]), body, one["version"])

    one = await importer.work(found)
    yield ask("", one, {"date_order": "dmy"})
    yield ask("check", await importer.get(found))
    one = await importer.work(await importer.get(found))
    fault = {"items": [{"kind": "value", "row": 2, "field": "surname_1", "text": "Quintanar"}]}
    yield ask("corrections", one, fault)
    yield ask("commit", await importer.get(found))
    one = await importer.work(await importer.get(found))
    yield ask("undo", one)
    yield ask("cancel", await importer.get(found))


async def test_every_write_can_be_validated_only_and_repeated_by_key(office: Any, database: Database) -> None:
    await check_writes(office.api, database.superuser_url, writes(office))


async def test_answers_about_people_are_kept_sealed(
    office: Any, database: Database, superuser_engine: AsyncEngine
) -> None:
    await check_writes(office.api, database.superuser_url, writes(office))
    async with superuser_engine.connect() as connection:
        rows = (await connection.execute(text("SELECT *, t::text AS printed FROM idempotency_keys t"))).mappings().all()
    operations = {(re.sub(r"[0-9a-f-]{36}", "{id}", row["operation"]), row["is_sealed"]) for row in rows}
    open_to_all = ("courses", "course-versions", "trainings", "training-sessions")
    posts = {one for one in office.api.app.openapi()["paths"] if "post" in office.api.app.openapi()["paths"][one]}
    expected = {re.sub(r"\{.*\}", "{id}", path).removeprefix("/v1/") for path in posts}
    assert operations == {(f"POST /v1/{path}", path.split("/")[0] not in open_to_all) for path in expected}
    for row in rows:
        assert (b'"created_at":' in bytes(row["body"])) is not row["is_sealed"]
        assert len(row["request_hash"]) == (60 if row["is_sealed"] else 32)  # a bare digest of a name can be guessed
        for word in ("Xochiquetzal", "Quintanilla", "1980-02-03"):
            # Bytes are printed as hexadecimal digits.
            assert word not in row["printed"]
            assert word.encode().hex() not in row["printed"]


async def test_sealed_answer_is_bound_to_its_request(office: Any, superuser_engine: AsyncEngine) -> None:
    officer = office.api.officer()
    for key in ("first", "second"):
        assert (await officer.post("/v1/people", json=PERSON, headers={"Idempotency-Key": key})).status_code == 201
    async with superuser_engine.begin() as connection:
        await connection.execute(text(ACTING))
        await connection.execute(
            text(
                "UPDATE idempotency_keys SET body = (SELECT body FROM idempotency_keys WHERE key = 'first')"
                " WHERE key = 'second'"
            )
        )
    moved = await officer.post("/v1/people", json=PERSON, headers={"Idempotency-Key": "second"})
    assert (moved.status_code, moved.json()["code"]) == (409, "conflict")


async def test_answer_about_a_person_is_gone_with_the_grant(office: Any) -> None:
    headers = {"Idempotency-Key": "person"}
    first = await office.api.officer("MX", "GE").post("/v1/people", json=PERSON, headers=headers)
    assert first.status_code == 201
    for client in (office.api.officer("GE"), office.api.viewer()):
        refused = await client.post("/v1/people", json=PERSON, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert first.json()["id"] not in refused.text


def test_changes_of_every_table_can_be_read() -> None:
    assert {kind.table.name for kind in KINDS} == set(metadata.tables) - NOT_CAPTURED
