"""Certifications: what they say on a day, and who may lead a training by them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from chassis.errors import Invalid
from chassis.testing import ACTING
from chassis.testing.voids import STANDS, check_void
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from trainings.domain import CertificationTerm, Suspension, check_leader

TODAY = datetime.now(UTC).date()
NOBODY = "01920000-0000-7000-8000-0000000000ff"
WHY = {"reason": "Entered twice."}


def faults(answer: Any) -> tuple[int, list[tuple[str, str]]]:
    return answer.status_code, [(one["pointer"], one["code"]) for one in answer.json()["errors"]]


async def act(office: Any, record: dict[str, Any], verb: str, body: dict[str, Any] | None = None) -> Any:
    version = (await office.again("certifications", record))["version"]
    headers = {"If-Match": f'"{version}"'}
    return await office.api.officer("MX").post(f"/v1/certifications/{record['id']}/{verb}", json=body, headers=headers)


async def status_on(office: Any, record: dict[str, Any], day: str) -> str | None:
    shown = (await office.api.officer("MX").get(f"/v1/certifications/{record['id']}?as_of={day}")).json()
    assert shown["as_of"] == day
    (listed,) = [
        one
        for one in (await office.api.officer("MX").get(f"/v1/certifications?as_of={day}")).json()["items"]
        if one["id"] == record["id"]
    ]
    assert listed == shown
    status: str | None = shown["status"]
    return status


def day(text: str) -> date:
    return date.fromisoformat(text)


def test_status_follows_from_the_term() -> None:
    plain = CertificationTerm(issued_on=day("2010-01-01"), expires_on=day("2012-12-31"))
    for on, status in (
        ("2009-12-31", None),
        ("2010-01-01", "active"),
        ("2012-10-01", "active"),
        ("2012-10-02", "expiring"),
        ("2012-12-31", "expiring"),
        ("2013-01-01", "expired"),
    ):
        assert plain.status_on(day(on), 90) == status, on
    for_ever = CertificationTerm(issued_on=day("2010-01-01"), is_provisional=True)
    assert for_ever.status_on(day("2099-01-01"), 90) == "provisional"
    renewed = CertificationTerm(day("2010-01-01"), day("2012-12-31"), renewed_on=day("2012-11-01"))
    assert [renewed.status_on(day(on), 90) for on in ("2012-10-31", "2012-11-01", "2013-06-01")] == [
        "expiring", "renewed", "renewed",
    ]  # fmt: skip
    troubled = CertificationTerm(
        day("2010-01-01"),
        day("2012-12-31"),
        revoked_on=day("2012-06-01"),
        suspensions=[Suspension(day("2011-01-01"), day("2011-01-31")), Suspension(day("2012-05-01"), None)],
    )
    for on, status, holds in (
        ("2010-12-31", "active", True),
        ("2011-01-01", "suspended", False),
        ("2011-01-31", "suspended", False),
        ("2011-02-01", "active", True),
        ("2012-05-01", "suspended", False),
        ("2012-06-01", "revoked", False),
        ("2013-01-01", "revoked", False),
    ):
        assert (troubled.status_on(day(on), 90), troubled.holds_on(day(on))) == (status, holds), on
    assert [plain.holds_on(day(on)) for on in ("2009-12-31", "2010-01-01", "2012-12-31", "2013-01-01")] == [
        False, True, True, False,
    ]  # fmt: skip
    assert for_ever.holds_on(day("2099-01-01"))
    assert renewed.holds_on(day("2012-12-31"))
    # Who was never certified is not asked for it; of several one is enough.
    check_leader([], day("2011-01-15"))
    check_leader([troubled, plain], day("2011-01-15"))
    with pytest.raises(Invalid):
        check_leader([troubled], day("2011-01-15"))


async def test_certification_is_read_back_whole_and_lives_its_life(office: Any) -> None:
    course, person = await office.course(), await office.person()
    training = await office.training(course_code=course["code"])
    body = {
        "kind": "instructor", "person_id": person["id"], "course_code": course["code"], "training_id": training["id"],
        "issuer_agency_code": "US-NM-CD", "issued_on": "2010-01-01", "expires_on": "2012-12-31",
        "is_provisional": True, "renews_certification_id": None,
    }  # fmt: skip
    made = await office.post("certifications", body)
    assert made == body | STANDS | {
        "revoked_on": None, "revoke_reason": None, "suspensions": [], "status": "expired", "as_of": f"{TODAY}",
        "id": made["id"], "version": 1, "created_at": made["created_at"], "updated_at": made["created_at"],
    }  # fmt: skip
    assert await status_on(office, made, "2010-06-01") == "provisional"
    assert await status_on(office, made, "2009-12-31") is None
    confirmed = await act(office, made, "confirm")
    assert (confirmed.status_code, confirmed.json()["is_provisional"]) == (200, False)
    assert (await act(office, made, "confirm")).status_code == 409
    assert (await act(office, made, "reinstate", {"ends_on": "2010-06-01"})).status_code == 409
    early = await act(office, made, "suspend", {"starts_on": "2009-12-31", "reason": "Away."})
    assert faults(early) == (422, [("#/starts_on", "before_issue")])
    suspended = await act(office, made, "suspend", {"starts_on": "2010-06-01", "reason": "Away."})
    assert suspended.json()["suspensions"] == [{"starts_on": "2010-06-01", "ends_on": None, "reason": "Away."}]
    assert (await act(office, made, "suspend", {"starts_on": "2010-07-01", "reason": "Away."})).status_code == 409
    short = await act(office, made, "reinstate", {"ends_on": "2010-05-31"})
    assert faults(short) == (422, [("#/ends_on", "before_start")])
    assert (await act(office, made, "reinstate", {"ends_on": "2010-06-30"})).status_code == 200
    again = await act(office, made, "suspend", {"starts_on": "2010-06-30", "reason": "Away."})
    assert faults(again) == (422, [("#/starts_on", "suspensions_apart")])
    assert [await status_on(office, made, on) for on in ("2010-05-31", "2010-06-30", "2010-07-01", "2012-12-01")] == [
        "active", "suspended", "active", "expiring",
    ]  # fmt: skip
    renewal = await office.certification(
        person, course["code"], issued_on="2012-12-01", renews_certification_id=made["id"]
    )
    assert [await status_on(office, made, on) for on in ("2012-11-30", "2012-12-01")] == ["expiring", "renewed"]
    assert (await office.again("certifications", renewal))["status"] == "active"
    revoked = await act(office, made, "revoke", {"revoked_on": "2012-12-15", "reason": "Left."})
    assert (revoked.json()["status"], revoked.json()["revoke_reason"]) == ("revoked", "Left.")
    assert [await status_on(office, made, on) for on in ("2012-12-14", "2012-12-15")] == ["renewed", "revoked"]
    for verb, sent in (
        ("suspend", {"starts_on": "2011-01-01", "reason": "x"}),
        ("revoke", {"revoked_on": "2013-01-01", "reason": "x"}),
        ("confirm", None),
    ):
        refused = await act(office, made, verb, sent)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict"), verb
    stale = await office.api.officer("MX").post(
        f"/v1/certifications/{renewal['id']}/revoke",
        json={"revoked_on": "2013-01-01", "reason": "x"},
        headers={"If-Match": '"7"'},
    )
    assert stale.status_code == 412
    listed = (
        await office.api.officer("MX").get(f"/v1/certifications?person_id={person['id']}&as_of=2012-12-01")
    ).json()
    assert [(one["id"], one["status"]) for one in listed["items"]] == [
        (renewal["id"], "active"), (made["id"], "renewed"),
    ]  # fmt: skip
    for query, expected in (
        ("expires_on_is_null=true", [renewal]),
        ("revoked_on_is_null=false", [made]),
        (f"training_id={training['id']}", [made]),
        ("issued_on_gte=2012-01-01&kind=instructor&issuer_agency_code=US-NM-CD", [renewal]),
        ("is_provisional=true", []),
    ):
        page = (await office.api.officer("MX").get(f"/v1/certifications?{query}")).json()
        assert [one["id"] for one in page["items"]] == [one["id"] for one in expected], query
    csv = await office.api.officer("MX").get("/v1/certifications?format=csv&as_of=2012-12-01")
    assert (csv.status_code, csv.text.count("renewed"), csv.text.count("\r\n")) == (200, 1, 3)
    # A renewal that was an error renews nothing, and makes room for the right one.
    void = await act(office, renewal, "void", WHY)
    assert (void.json()["is_voided"], void.json()["status"]) == (True, None)
    assert await status_on(office, made, "2012-12-01") == "expiring"


async def test_bad_certification_names_what_is_wrong(office: Any) -> None:
    course, other = await office.course(), await office.course()
    person, somebody = await office.person(), await office.person()
    first = await office.certification(person, course["code"])
    await office.certification(person, course["code"], issued_on="2009-01-01", renews_certification_id=first["id"])
    body = {
        "kind": "instructor", "person_id": person["id"], "course_code": course["code"],
        "issuer_agency_code": "US-NM-CD", "issued_on": "2010-01-01",
    }  # fmt: skip
    renews = {"renews_certification_id": (await office.certification(person, course["code"]))["id"]}
    for over, expected in (
        ({"person_id": NOBODY}, (422, [("#/person_id", "unknown_id")])),
        ({"course_code": "NONE"}, (422, [("#/course_code", "unknown_code")])),
        ({"training_id": NOBODY}, (422, [("#/training_id", "unknown_id")])),
        ({"kind": "medal"}, (422, [("#/kind", "enum")])),
        ({"issued_on": f"{TODAY + timedelta(days=1)}"}, (422, [("#/issued_on", "in_future")])),
        ({"expires_on": "2010-01-01"}, (422, [("#/expires_on", "before_issue")])),
        ({"renews_certification_id": NOBODY}, (422, [("#/renews_certification_id", "unknown_id")])),
        (
            {"renews_certification_id": first["id"]},
            (409, [("#/renews_certification_id", "uq_certifications_renews_certification_id")]),
        ),
        (renews | {"person_id": somebody["id"]}, (422, [("#/renews_certification_id", "renewal_is_of_the_same")])),
        (renews | {"course_code": other["code"]}, (422, [("#/renews_certification_id", "renewal_is_of_the_same")])),
        (renews | {"issued_on": "2008-01-01"}, (422, [("#/renews_certification_id", "renewal_is_of_the_same")])),
    ):
        assert faults(await office.api.officer("MX").post("/v1/certifications", json=body | over)) == expected, over
    unknown = await office.api.officer("MX").post("/v1/certifications", json=body | {"issuer_agency_code": "NEW"})
    assert unknown.status_code == 503


async def test_lead_was_certified_for_the_course_or_never(office: Any) -> None:
    """Certified on 5 March, leads on 1 March: refused; who was never certified is where a cascade begins."""
    course = await office.course()
    training = await office.training(course_code=course["code"], starts_on="2009-03-01")
    early, person = await office.person(), await office.person()
    award = await office.certification(person, course["code"], issued_on="2009-03-05")
    body = {"training_id": training["id"], "person_id": person["id"]}
    officer = office.api.officer("MX")
    refused = await officer.post("/v1/instructor-assignments", json=body)
    assert faults(refused) == (422, [("#/person_id", "certification_not_valid")])
    assert refused.json()["errors"][0]["message"] == (
        "None of the certifications of this person for the course holds on 1 March 2009, when the training starts. "
        "Record a renewal, or another lead."
    )
    for role in ("co_instructor", "observer", "interpreter"):
        made = await office.post("instructor-assignments", body | {"role": role})
        assert made["role"] == role
    assert (await office.lead(training, early))["role"] == "lead"
    later = await office.training(course_code=course["code"], starts_on="2009-03-05")
    lead = await office.lead(later, person)
    earlier = await office.api.officer("US").patch(
        f"/v1/trainings/{later['id']}", json={"starts_on": "2009-03-04"}, headers={"If-Match": '"1"'}
    )
    assert faults(earlier) == (422, [("#/starts_on", "training_lead_is_certified")])
    # Of another course, for a completion, or entered in error: it says nothing of this one.
    await office.certification(early, course["code"], kind="completion", issued_on="2010-01-01")
    assert (await office.lead(later, early))["role"] == "lead"
    assert (await act(office, award, "void", WHY)).status_code == 200
    assert (await office.lead(training, person))["role"] == "lead"
    address = f"/v1/instructor-assignments/{lead['id']}"
    await check_void(office.api, address)
    note = await officer.patch(address, json={"note": "x"}, headers={"If-Match": '"2"'})
    assert (note.status_code, note.json()["code"]) == (409, "voided")
    # Where an assignment was an error, the person may be assigned again, or take part.
    assert (await office.lead(later, person))["id"] != lead["id"]
    third = await office.training(course_code=course["code"])
    wrong = await office.lead(third, person)
    assert faults(await officer.post("/v1/enrollments", json=body | {"training_id": third["id"]})) == (
        422,
        [("#/person_id", "instructor_is_no_participant")],
    )
    address = f"/v1/instructor-assignments/{wrong['id']}/void"
    assert (await officer.post(address, json=WHY, headers={"If-Match": '"1"'})).status_code == 200
    assert (await office.enrollment(third["id"], person["id"]))["status"] == "enrolled"


async def test_voided_certification_stays(office: Any) -> None:
    made = await office.certification(await office.person(), (await office.course())["code"])
    void = await act(office, made, "void", WHY)
    assert void.json() == made | {
        "is_voided": True, "voided_at": void.json()["voided_at"], "voided_by": "Test officer",
        "void_reason": "Entered twice.", "status": None, "version": 2, "updated_at": void.json()["updated_at"],
    }  # fmt: skip
    for verb, body in (("void", WHY), ("confirm", None), ("revoke", {"revoked_on": "2013-01-01", "reason": "x"})):
        refused = await act(office, made, verb, body)
        assert (refused.status_code, refused.json()["code"]) == (409, "voided"), verb


REFUSED = {
    "UPDATE certifications SET issued_on = '2001-01-01'": None,
    "UPDATE certifications SET revoked_on = '2007-12-31', revoke_reason = 'x'": "ck_certifications_revoked_after_issue",
    "UPDATE certifications SET revoked_on = '2010-01-01'": "ck_certifications_revocation_has_reason",
    "UPDATE certification_suspensions SET ends_on = '2009-12-31'": "ck_certification_suspensions_ends_after_start",
    "INSERT INTO certification_suspensions (certification_id, starts_on, reason) VALUES (:award, '2011-01-01', 'x')": "uq_certification_suspensions_certification_id",
    "INSERT INTO certification_suspensions (certification_id, starts_on, ends_on, reason) VALUES (:award, '2007-01-01', '2008-02-01', 'x')": "suspended_while_issued",
    "INSERT INTO certification_suspensions (certification_id, starts_on, ends_on, reason) VALUES (:award, '2009-01-01', '2010-01-01', 'x')": "suspensions_apart",
    "INSERT INTO certifications (person_id, kind, course_code, issuer_agency_code, issued_on) VALUES (:person, 'instructor', :code, 'US-BOP', '2100-01-01')": "certified_in_past",
    "INSERT INTO certifications (person_id, kind, course_code, issuer_agency_code, issued_on, renews_certification_id) VALUES (:person, 'instructor', :code, 'US-BOP', '2008-01-01', :award)": "renewal_is_of_the_same",
    "INSERT INTO instructor_assignments (training_id, person_id, role) VALUES (:training, :person, 'lead')": "lead_is_certified",
    "DELETE FROM certifications": None,
}  # fmt: skip


async def test_database_itself_keeps_certifications(office: Any, app_engine: AsyncEngine) -> None:
    course, person = await office.course(), await office.person()
    award = await office.certification(person, course["code"])
    assert (await act(office, award, "suspend", {"starts_on": "2010-01-01", "reason": "x"})).status_code == 200
    training = await office.training(course_code=course["code"], starts_on="2010-01-02", ends_on="2010-02-02")
    for statement, rule in REFUSED.items():
        whole = statement.replace(":code", f"'{course['code']}'")
        for name, record in (("award", award), ("person", person), ("training", training)):
            whole = whole.replace(f":{name}", f"'{record['id']}'")
        with pytest.raises(DBAPIError) as refusal:
            async with app_engine.begin() as connection:
                await connection.execute(text(ACTING))
                await connection.execute(text(whole))
        origin = refusal.value.orig.__cause__ if refusal.value.orig else None
        found = getattr(origin, "constraint_name", None)
        assert (found == rule) if rule else ("permission denied" in str(refusal.value.orig)), (statement, found)
