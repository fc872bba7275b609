"""Seats: who may take one, how it goes on, attendance, and what a completion asks for."""

import asyncio
import re
from typing import Any

import pytest
from chassis.testing import ACTING, Database
from chassis.testing.voids import STANDS, check_void
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from trainings.domain import COMPLETABLE_STATUSES, NEXT_ENROLLMENT_STATUS, NEXT_TRAINING_STATUS

from .conftest import execute

LATE = {"starts_on": "2025-03-01", "ends_on": "2025-03-28"}
NOBODY = "01920000-0000-7000-8000-0000000000ff"


def faults(answer: Any) -> tuple[int, list[tuple[str, str]]]:
    return answer.status_code, [(one["pointer"], one["code"]) for one in answer.json()["errors"]]


async def move(office: Any, noun: str, record: dict[str, Any], to: str, **more: Any) -> Any:
    """Let the record, as it is now, go on."""
    version = (await office.again(noun, record))["version"]
    headers = {"If-Match": f'"{version}"'}
    return await office.api.officer("MX").post(
        f"/v1/{noun}/{record['id']}/transitions", json={"to": to} | more, headers=headers
    )


async def change(office: Any, noun: str, record: dict[str, Any], body: dict[str, Any]) -> Any:
    version = (await office.again(noun, record))["version"]
    headers = {"If-Match": f'"{version}"'}
    return await office.api.officer("MX").patch(f"/v1/{noun}/{record['id']}", json=body, headers=headers)


async def complete(office: Any, seat: dict[str, Any], on: str = "2009-04-24") -> Any:
    return await office.api.officer("MX").post(
        "/v1/completions", json={"enrollment_id": seat["id"], "completed_on": on}
    )


async def clear(database: Database, column: str, record_id: str, result_on: str, valid_until: str) -> None:
    """A clearance of a person or a unit."""
    await execute(
        database.owner_url,
        f"INSERT INTO vetting_records ({column}, requested_on, result, result_on, valid_until)"
        f" VALUES ('{record_id}', '2024-01-01', 'approved', '{result_on}', '{valid_until}')",
    )


async def test_seat_goes_on_by_its_statuses_and_by_no_others(office: Any) -> None:
    training = await office.training()
    seat = await office.enrollment(training["id"], (await office.person())["id"], status="nominated")
    refused = await move(office, "enrollments", seat, "attending")
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")
    assert refused.json()["detail"] == (
        "An enrollment that is nominated cannot become attending; it may become cleared, vetting, withdrawn."
    )
    for to in ("vetting", "cleared", "enrolled", "attending"):
        moved = await move(office, "enrollments", seat, to)
        assert (moved.status_code, moved.json()["status"]) == (200, to)
    by_hand = await move(office, "enrollments", seat, "completed")
    assert (by_hand.status_code, by_hand.json()["code"]) == (409, "illegal_transition")
    assert by_hand.json()["detail"] == "A seat is completed by recording its completion, not by hand."
    ended = await move(office, "enrollments", seat, "failed")
    assert ended.json() == seat | {
        "status": "failed",
        "version": 6,
        "updated_at": ended.json()["updated_at"],
    }
    closed = await move(office, "enrollments", seat, "attending")
    assert closed.json()["detail"].endswith("it may become nothing else.")
    stale = await office.api.officer("MX").post(
        f"/v1/enrollments/{seat['id']}/transitions", json={"to": "attending"}, headers={"If-Match": '"1"'}
    )
    assert stale.status_code == 412
    body = {"training_id": training["id"], "person_id": (await office.person())["id"], "status": "completed"}
    assert faults(await office.api.officer().post("/v1/enrollments", json=body)) == (
        422,
        [("#/status", "by_completion")],
    )
    found = (await office.api.officer("MX").get("/v1/enrollments?status=failed&vetting_basis=not_recorded")).json()
    assert found["items"] == [ended.json()]


async def test_completion_completes_the_seat_and_its_void_returns_it(office: Any) -> None:
    training = await office.training()
    seat = await office.enrollment(training["id"], (await office.person())["id"], status="nominated")
    waiting = await complete(office, seat)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "conflict")
    assert waiting.json()["detail"] == (
        "The seat is nominated; only one that is cleared, enrolled or attending is completed. "
        "It may become cleared, vetting, withdrawn first."
    )
    assert (await move(office, "enrollments", seat, "cleared")).status_code == 200
    done = await complete(office, seat)
    assert done.status_code == 201
    completed = await office.again("enrollments", seat)
    assert (completed["status"], completed["version"]) == ("completed", 3)
    assert (await move(office, "enrollments", seat, "withdrawn")).json()["code"] == "illegal_transition"
    assert faults(await complete(office, seat)) == (409, [("#/enrollment_id", "uq_completions_enrollment_id")])
    void = await office.api.officer("MX").post(
        f"/v1/completions/{done.json()['id']}/void", json={"reason": "Twice."}, headers={"If-Match": '"1"'}
    )
    assert void.status_code == 200
    returned = await office.again("enrollments", seat)
    assert (returned["status"], returned["version"]) == ("attending", 4)
    assert (await complete(office, seat)).status_code == 201


async def test_seat_needs_a_clearance_that_holds_on_the_first_day(office: Any, database: Database) -> None:
    training, person = await office.training(**LATE), await office.person()
    unit = "01920000-0000-7000-8000-0000000000aa"
    await execute(
        database.owner_url,
        f"INSERT INTO units (id, name, country_code, is_security_force) VALUES ('{unit}', 'Guards', 'MX', true)",
    )
    seat = await office.enrollment(training["id"], person["id"], unit_id=unit)
    assert (seat["status"], seat["vetting_basis"], seat["unit_id"]) == ("nominated", "required", unit)
    refused = await move(office, "enrollments", seat, "cleared")
    assert (refused.status_code, refused.json()["code"]) == (409, "seat_not_cleared")
    assert refused.json()["detail"] == (
        "The seat needs a clearance that holds on 1 March 2025, when the training starts. "
        "The person has no clearance by 1 March 2025. The unit has no clearance by 1 March 2025. "
        "Where none is needed, give the basis `not_required` with its reason."
    )
    # One day short, and then long enough; the unit too.
    await clear(database, "person_id", person["id"], "2024-03-01", "2025-02-28")
    assert len((await move(office, "enrollments", seat, "cleared")).json()["errors"]) == 2
    await clear(database, "person_id", person["id"], "2024-03-02", "2025-03-01")
    assert [one["message"] for one in (await move(office, "enrollments", seat, "cleared")).json()["errors"]] == [
        "The unit has no clearance by 1 March 2025."
    ]
    await clear(database, "unit_id", unit, "2025-03-01", "2026-02-28")
    assert (await move(office, "enrollments", seat, "cleared")).json()["status"] == "cleared"
    # Where it is not needed that is said with its reason, and not by looking back to a time before it was kept.
    other = {"training_id": training["id"], "person_id": (await office.person())["id"]}
    officer = office.api.officer("MX")
    for over, expected in (
        ({"status": "attending"}, (409, [("#/vetting_basis", "not_cleared")])),
        ({"vetting_basis": "not_required"}, (422, [("#/vetting_reason", "missing")])),
        ({"vetting_basis": "not_recorded"}, (422, [("#/vetting_basis", "kept_here")])),
        ({"unit_id": NOBODY}, (422, [("#/unit_id", "unknown_id")])),
    ):
        assert faults(await officer.post("/v1/enrollments", json=other | over)) == expected, over
    judge = await office.post("enrollments", other | {"vetting_basis": "not_required", "vetting_reason": "A judge."})
    assert judge["status"] == "enrolled"
    back = await change(office, "enrollments", judge, {"vetting_basis": "required"})
    assert (back.status_code, back.json()["code"]) == (409, "seat_not_cleared")
    assert faults(await change(office, "enrollments", judge, {"vetting_reason": None})) == (
        422,
        [("#/vetting_reason", "missing")],
    )
    # Earlier trainings are from before clearances were kept.
    early = await office.training(starts_on="2024-12-31", ends_on="2025-01-31")
    kept = await office.enrollment(early["id"], person["id"])
    assert (kept["status"], kept["vetting_basis"]) == ("enrolled", "not_recorded")
    later = await office.api.officer().patch(
        f"/v1/trainings/{early['id']}", json={"starts_on": "2025-01-01"}, headers={"If-Match": '"1"'}
    )
    assert later.status_code == 200
    refused = await complete(office, kept, "2025-01-31")
    assert (refused.status_code, refused.json()["code"]) == (409, "seat_not_cleared")


async def test_nobody_takes_a_seat_too_young(office: Any) -> None:
    training = await office.training(starts_on="2018-06-01", ends_on="2018-06-30")
    for birth_date, precision, is_taken in (
        ("2000-06-01", "day", True),
        ("2000-06-02", "day", False),
        ("2000-01-01", "year", True),
        ("2001-01-01", "year", False),
    ):
        person = await office.person(birth_date=birth_date, birth_precision=precision)
        body = {"training_id": training["id"], "person_id": person["id"]}
        answer = await office.api.officer("MX").post("/v1/enrollments", json=body)
        assert answer.status_code == (201 if is_taken else 422), birth_date
        if not is_taken:
            assert faults(answer) == (422, [("#/person_id", "too_young")])
            assert "200" not in answer.json()["errors"][0]["message"]


async def test_completion_asks_for_hours_and_a_score(office: Any) -> None:
    course = await office.course(designed_hours=20)
    version = await office.post(
        "course-versions",
        {"course_code": course["code"], "label": "2009", "introduced_on": "2009-01-01", "designed_hours": 10,
         "pass_mark": "70", "required_share": "0.75"},
    )  # fmt: skip
    training = await office.training(course_code=course["code"], course_version_id=version["id"])
    seats = [await office.enrollment(training["id"], (await office.person())["id"]) for _ in range(2)]
    # Nobody takes attendance yet: hours are not asked for, the score is.
    assert faults(await complete(office, seats[0])) == (422, [("#/enrollment_id", "score_missing")])
    held = await office.session(training, "8")
    wrong = await office.session(training, "8")
    await office.attendance(seats[0], wrong, "8")
    first = await office.attendance(seats[0], held, "7")
    why = {"reason": "Entered twice."}
    void = await office.api.officer().post(
        f"/v1/training-sessions/{wrong['id']}/void", json=why, headers={"If-Match": '"1"'}
    )
    assert void.status_code == 200
    assert (await change(office, "enrollments", seats[0], {"post_score": "69.99"})).status_code == 200
    refused = await complete(office, seats[0])
    assert faults(refused) == (
        422,
        [("#/enrollment_id", "hours_short"), ("#/enrollment_id", "score_below_pass_mark")],
    )
    assert refused.json()["errors"][0]["message"].startswith("7 hours were attended; 7.5 of 10 are needed.")
    assert (await change(office, "enrollments", seats[0], {"post_score": "70"})).status_code == 200
    assert (await change(office, "attendances", first, {"hours": "7.5"})).status_code == 200
    assert (await complete(office, seats[0])).status_code == 201
    # Whoever is in no session of a training in which attendance is taken was absent.
    assert (await change(office, "enrollments", seats[1], {"post_score": "99"})).status_code == 200
    assert faults(await complete(office, seats[1])) == (422, [("#/enrollment_id", "hours_short")])
    # What a seat was completed by stays good enough, and so does the version.
    assert faults(await change(office, "attendances", first, {"hours": "7"}))[1] == [("#/enrollment_id", "hours_short")]
    assert faults(await change(office, "enrollments", seats[0], {"post_score": None}))[1] == [
        ("#/enrollment_id", "score_missing")
    ]
    harder = await change(office, "course-versions", version, {"pass_mark": "60"})
    assert faults(harder) == (409, [("#/", "completed_version_stays")])
    reworded = await change(office, "course-versions", version, {"objectives": "Teach."})
    assert reworded.json() == version | {
        "objectives": "Teach.",
        "version": 2,
        "updated_at": reworded.json()["updated_at"],
    }


async def test_hours_in_all_count_where_no_attendance_is_taken(office: Any) -> None:
    course = await office.course(designed_hours=20)
    training = await office.training(course_code=course["code"])
    seat = await office.enrollment(training["id"], (await office.person())["id"], hours_attended="15.99")
    assert faults(await complete(office, seat)) == (422, [("#/enrollment_id", "hours_short")])
    assert (await change(office, "enrollments", seat, {"hours_attended": "16"})).status_code == 200
    assert (await complete(office, seat)).status_code == 201


async def test_sessions_and_attendances_are_read_back_whole_and_keep_their_rules(office: Any) -> None:
    training, other = await office.training(), await office.training()
    body = {"training_id": training["id"], "held_on": "2009-03-16", "hours": "6.50", "topic": "Use of force"}
    held = await office.post("training-sessions", body)
    stored = {"version": 1, "updated_at": held["created_at"]}
    assert held == body | STANDS | stored | {"id": held["id"], "created_at": held["created_at"]}
    assert (await office.api.viewer().get(f"/v1/training-sessions?training_id={training['id']}")).json()["items"] == [
        held
    ]
    seat = await office.enrollment(training["id"], (await office.person())["id"])
    taken = {"enrollment_id": seat["id"], "session_id": held["id"], "hours": "6.50"}
    present = await office.post("attendances", taken)
    assert present == taken | {
        "training_id": training["id"],
        "id": present["id"],
        "version": 1,
        "created_at": present["created_at"],
        "updated_at": present["created_at"],
    }
    foreign = await office.session(other)
    nominated = await office.enrollment(training["id"], (await office.person())["id"], status="nominated")
    for noun, change_of, expected in (
        ("training-sessions", {"training_id": NOBODY}, (422, [("#/training_id", "unknown_id")])),
        ("training-sessions", {"held_on": "2009-03-14"}, (422, [("#/held_on", "outside_training")])),
        ("training-sessions", {"held_on": "2009-04-25"}, (422, [("#/held_on", "outside_training")])),
        ("training-sessions", {"hours": "0"}, (422, [("#/hours", "greater_than")])),
        ("training-sessions", {"hours": 6}, (422, [("#/hours", "value_error")])),
        ("attendances", {}, (409, [("#/session_id", "uq_attendances_enrollment_id_session_id")])),
        ("attendances", {"hours": "6.51"}, (422, [("#/hours", "longer_than_session")])),
        ("attendances", {"session_id": foreign["id"]}, (422, [("#/session_id", "of_another_training")])),
        ("attendances", {"session_id": NOBODY}, (422, [("#/session_id", "unknown_id")])),
        ("attendances", {"enrollment_id": NOBODY}, (422, [("#/enrollment_id", "unknown_id")])),
        ("attendances", {"enrollment_id": nominated["id"]}, (409, [("#/enrollment_id", "attended_seat_is_confirmed")])),
    ):
        sent = (body if noun == "training-sessions" else taken) | change_of
        assert faults(await office.api.officer("MX").post(f"/v1/{noun}", json=sent)) == expected, (noun, change_of)
    assert faults(await change(office, "training-sessions", held, {"hours": "6"})) == (
        422,
        [("#/hours", "session_covers_attendances")],
    )
    moved = await change(office, "trainings", training, {"starts_on": "2009-03-17"})
    assert faults(moved) == (422, [("#/starts_on", "training_covers_sessions")])
    absent = await office.api.viewer().get(f"/v1/training-sessions/{NOBODY}")
    assert (absent.status_code, absent.json()["detail"]) == (404, f"There is no training session {NOBODY}.")
    for client in (office.api.viewer(), office.api.officer("GE")):
        assert (await client.post("/v1/training-sessions", json=body)).status_code == 403
    absent = await change(office, "attendances", present, {"hours": "0"})
    assert (absent.status_code, absent.json()["hours"]) == (200, "0.00")
    await check_void(office.api, f"/v1/training-sessions/{held['id']}")
    late = await change(office, "attendances", present, {"hours": "1"})
    assert faults(late) == (409, [("#/session_id", "attended_session_stands")])
    assert (await change(office, "trainings", training, {"starts_on": "2009-03-17"})).status_code == 200


async def test_training_is_completed_when_its_seats_are_closed(office: Any) -> None:
    training = await office.training()
    seats = [await office.enrollment(training["id"], (await office.person())["id"]) for _ in range(2)]
    refused = await move(office, "trainings", training, "completed")
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")
    assert refused.json()["detail"] == (
        "A training that is planned cannot become completed; it may become canceled, confirmed, postponed."
    )
    for to in ("postponed", "planned", "confirmed", "in_progress"):
        moved = await move(office, "trainings", training, to, note=f"Now {to}.")
        assert (moved.status_code, moved.json()["status"], moved.json()["status_note"]) == (200, to, f"Now {to}.")
    assert (await complete(office, seats[0])).status_code == 201
    # Seats that are hidden from whoever asks are looked at too.
    still_open = await office.api.officer("US").post(
        f"/v1/trainings/{training['id']}/transitions", json={"to": "completed"}, headers={"If-Match": '"5"'}
    )
    assert faults(still_open) == (409, [("#/to", "completed_seats_are_closed")])
    assert (await move(office, "enrollments", seats[1], "no_show")).status_code == 200
    done = await move(office, "trainings", training, "completed")
    assert (done.json()["status"], done.json()["status_note"]) == ("completed", None)
    assert (await move(office, "trainings", training, "reported")).json()["status"] == "reported"
    assert (await move(office, "trainings", training, "canceled")).json()["code"] == "illegal_transition"
    foreign = await office.api.officer("GE").post(
        f"/v1/trainings/{training['id']}/transitions", json={"to": "canceled"}, headers={"If-Match": '"7"'}
    )
    assert foreign.status_code == 403


async def test_headcount_covers_the_attendees_of_the_roster(office: Any) -> None:
    training = await office.training(headcount={"total": 2, "female": 1, "male": 1})
    seats = [await office.enrollment(training["id"], (await office.person())["id"]) for _ in range(4)]
    assert (await complete(office, seats[0])).status_code == 201
    assert (await move(office, "enrollments", seats[1], "attending")).status_code == 200
    # Enrolled is not there yet; whoever comes on top of the headcount is refused by whatever way they come.
    held = await office.session(training)
    body = {"enrollment_id": seats[2]["id"], "session_id": held["id"]}
    above = (422, [("#/", "attendees_above_headcount")])
    officer = office.api.officer("MX")
    assert faults(await complete(office, seats[2])) == above
    assert faults(await move(office, "enrollments", seats[2], "attending")) == above
    assert faults(await change(office, "enrollments", seats[2], {"hours_attended": "1"})) == above
    assert faults(await officer.post("/v1/attendances", json=body | {"hours": "1"})) == above
    absent = await office.post("attendances", body | {"hours": "0"})
    assert faults(await change(office, "attendances", absent, {"hours": "1"})) == above
    failed = {"training_id": training["id"], "person_id": (await office.person())["id"], "status": "failed"}
    assert faults(await officer.post("/v1/enrollments", json=failed)) == above
    lower = await office.api.officer("US").patch(
        f"/v1/trainings/{training['id']}", json={"headcount": {"total": 1}}, headers={"If-Match": '"1"'}
    )
    assert faults(lower) == (422, [("#/headcount", "headcount_covers_attendees")])
    raised = await change(office, "trainings", training, {"headcount": {"total": 3, "male": 1}})
    assert raised.json()["headcount"] == {"total": 3, "female": 0, "male": 1, "not_recorded": 2}
    assert (await complete(office, seats[2])).status_code == 201
    assert faults(await complete(office, seats[3])) == above
    none = await change(office, "trainings", training, {"headcount": None})
    assert none.json()["headcount"] is None
    assert (await complete(office, seats[3])).status_code == 201


async def test_of_two_who_come_last_one_is_above_the_headcount(office: Any) -> None:
    for _ in range(3):
        training = await office.training(headcount={"total": 1})
        seats = [await office.enrollment(training["id"], (await office.person())["id"]) for _ in range(2)]
        answers = await asyncio.gather(complete(office, seats[0]), move(office, "enrollments", seats[1], "attending"))
        assert sorted(one.status_code // 100 for one in answers) == [2, 4], [one.text for one in answers]
    # Where nothing speaks against it, all are recorded at once, and nobody waits for ever.
    training = await office.training()
    seats = [await office.enrollment(training["id"], (await office.person())["id"]) for _ in range(6)]
    answers = await asyncio.gather(
        *(complete(office, seat) for seat in seats[:3]),
        *(move(office, "enrollments", seat, "attending") for seat in seats[3:]),
        change(office, "trainings", training, {"headcount": {"total": 6}}),
    )
    assert {one.status_code // 100 for one in answers} == {2}, [one.text for one in answers]


REFUSED = {
    "UPDATE enrollments SET status = 'completed' WHERE id = :open": "ck_enrollments_completed_has_day",
    "UPDATE enrollments SET status = 'attending' WHERE id = :done": "ck_enrollments_completed_has_day",
    "INSERT INTO enrollments (training_id, person_id, role, status, completed_on) SELECT :training, id, 'participant', 'completed', '2009-03-20' FROM people WHERE id = :person": "completed_by_completion",
    "UPDATE enrollments SET status = 'withdrawn' WHERE id = :done": "ck_enrollments_completed_has_day",
    "UPDATE enrollments SET status = 'nominated' WHERE id = :open": "enrollment_status_follows",
    "UPDATE enrollments SET status = 'waiting' WHERE id = :open": "ck_enrollments_status_known",
    "UPDATE enrollments SET vetting_basis = 'not_required' WHERE id = :open": "ck_enrollments_not_vetted_has_reason",
    "UPDATE enrollments SET post_score = 101 WHERE id = :open": "ck_enrollments_score_range",
    "INSERT INTO enrollments (training_id, person_id, role, status) SELECT :training, id, 'participant', 'completed' FROM people WHERE id = :person": "ck_enrollments_completed_has_day",
    "INSERT INTO enrollments (training_id, person_id, role, status) SELECT :training, id, 'participant', 'failed' FROM people WHERE id = :person": "attendees_above_headcount",
    "INSERT INTO completions (enrollment_id, completed_on) SELECT :nominated, '2009-04-24'": "seat_is_completable",
    "INSERT INTO completions (enrollment_id, completed_on) SELECT :open, '2009-04-24'": "attendees_above_headcount",
    "UPDATE trainings SET status = 'reported' WHERE id = :training": "training_status_follows",
    "UPDATE trainings SET status = 'completed' WHERE id = :training": "completed_seats_are_closed",
    "UPDATE trainings SET headcount_male = 0 WHERE id = :training": "headcount_covers_attendees",
    "UPDATE trainings SET headcount_male = NULL WHERE id = :training": "ck_trainings_headcount_whole",
    "UPDATE trainings SET headcount_male = -1 WHERE id = :training": "ck_trainings_headcount_counts",
    "UPDATE trainings SET starts_on = '2009-03-16' WHERE id = :training": "training_covers_sessions",
    "UPDATE trainings SET funder_agency_codes = '{US-BOP,NONE}' WHERE id = :training": "training_agencies_known",
    "UPDATE trainings SET co_provider_agency_codes = '{NULL}' WHERE id = :training": "training_agencies_known",
    "UPDATE trainings SET co_provider_agency_codes = '{US-NM-CD}' WHERE id = :training": "co_providers_are_others",
    "INSERT INTO training_sessions (training_id, held_on, hours) VALUES (:training, '2009-03-14', 1)": "held_while_training_lasts",
    "INSERT INTO training_sessions (training_id, held_on, hours) VALUES (:training, '2009-03-16', 25)": "ck_training_sessions_hours_range",
    "UPDATE training_sessions SET hours = 5 WHERE id = :session": "session_covers_attendances",
    "UPDATE attendances SET hours = 7 WHERE session_id = :session": "attended_within_session",
    "INSERT INTO attendances (training_id, enrollment_id, session_id, hours) VALUES (:training, :nominated, :session, 1)": "attended_seat_is_confirmed",
    "INSERT INTO attendances (training_id, enrollment_id, session_id, hours) VALUES (:training, :elsewhere, :session, 1)": "fk_attendances_enrollment_id_training_id",
    "UPDATE course_versions SET designed_hours = 1 WHERE id = :version": "completed_version_stays",
    "UPDATE trainings SET course_code = 'OTHER' WHERE id = :training": "fk_trainings_course_version_id_course_code",
}  # fmt: skip


async def test_database_itself_refuses_what_breaks_a_rule(office: Any, app_engine: AsyncEngine) -> None:
    await office.course(code="OTHER")
    course = await office.course()
    taught = {"course_code": course["code"], "label": "1", "introduced_on": "2009-01-01"}
    version = await office.post("course-versions", taught)
    training = await office.training(
        course_code=course["code"], course_version_id=version["id"], status="in_progress",
        headcount={"total": 1, "male": 1},
    )  # fmt: skip
    done, still_open, nominated = [
        await office.enrollment(training["id"], (await office.person())["id"], status=status)
        for status in ("enrolled", "enrolled", "nominated")
    ]
    held = await office.session(training)
    await office.attendance(done, held)
    await office.completion(done["id"], "2009-04-24")
    elsewhere = await office.enrollment((await office.training())["id"], (await office.person())["id"])
    names = {
        "open": still_open, "done": done, "nominated": nominated, "training": training, "session": held,
        "version": version, "elsewhere": elsewhere, "person": await office.person(),
    }  # fmt: skip
    for statement, rule in REFUSED.items():
        whole = statement
        for name, record in names.items():
            whole = whole.replace(f":{name}", f"'{record['id']}'::uuid")
        with pytest.raises(DBAPIError) as refusal:
            async with app_engine.begin() as connection:
                await connection.execute(text(ACTING))
                await connection.execute(text(whole))
        origin = refusal.value.orig.__cause__ if refusal.value.orig else None
        assert getattr(origin, "constraint_name", None) == rule, (statement, str(refusal.value.orig))


async def test_database_and_domain_let_the_same_statuses_follow(app_engine: AsyncEngine) -> None:
    by_completion = {("completed", "attending"), *((one, "completed") for one in COMPLETABLE_STATUSES)}
    for rule, following, more in (
        ("check_seats", NEXT_ENROLLMENT_STATUS, by_completion),
        ("check_training_changes", NEXT_TRAINING_STATUS, set()),
    ):
        async with app_engine.connect() as connection:
            source = await connection.scalar(text(f"SELECT prosrc FROM pg_proc WHERE proname = '{rule}'"))
        pairs = set(re.findall(r"\('(\w+)', '(\w+)'\)", str(source)))
        assert pairs == {(one, to) for one in following for to in following[one]} | more


async def test_bad_version_and_bad_training_fields_name_what_is_wrong(office: Any) -> None:
    course, other = await office.course(), await office.course()
    body = {
        "course_code": course["code"], "label": "2012", "introduced_on": "2012-01-01", "designed_hours": 240,
        "pass_mark": "70.00", "required_share": "0.800", "language_code": "es", "objectives": "Teach.",
    }  # fmt: skip
    version = await office.post("course-versions", body)
    stored = {"id": version["id"], "version": 1, "created_at": version["created_at"]}
    assert version == body | stored | {"updated_at": version["created_at"]}
    foreign = await office.post("course-versions", body | {"course_code": other["code"]})
    found = (await office.api.viewer().get(f"/v1/course-versions?course_code={course['code']}")).json()["items"]
    assert found == [version]
    training = {
        "course_code": course["code"], "provider_agency_code": "US-NM-CD", "host_country_code": "US",
        "beneficiary_country_codes": ["MX"], "starts_on": "2012-03-15", "ends_on": "2012-04-24",
        "venue_kind": "united_states",
    }  # fmt: skip
    for noun, over, expected in (
        ("course-versions", {"course_code": "NONE"}, (422, [("#/course_code", "unknown_code")])),
        ("course-versions", {}, (409, [("#/label", "uq_course_versions_course_code_label")])),
        ("course-versions", {"pass_mark": "100.01"}, (422, [("#/pass_mark", "less_than_equal")])),
        ("course-versions", {"required_share": "0"}, (422, [("#/required_share", "greater_than")])),
        ("course-versions", {"language_code": "Spanish"}, (422, [("#/language_code", "string_pattern_mismatch")])),
        ("trainings", {"course_version_id": foreign["id"]}, (422, [("#/course_version_id", "of_another_course")])),
        ("trainings", {"course_version_id": NOBODY}, (422, [("#/course_version_id", "unknown_id")])),
        ("trainings", {"headcount": {"total": 4, "female": 3, "male": 2}}, (422, [("#/headcount/total", "below_parts")])),
        ("trainings", {"headcount": {"female": 3}}, (422, [("#/headcount/total", "missing")])),
        ("trainings", {"capacity": 0}, (422, [("#/capacity", "greater_than_equal")])),
        ("trainings", {"co_provider_agency_codes": ["US-BOP", "US-NM-CD"]}, (422, [("#/co_provider_agency_codes/1", "itself")])),
        ("trainings", {"funder_agency_codes": ["US-BOP", "US-BOP"]}, (422, [("#/funder_agency_codes", "value_error")])),
        ("trainings", {"status": "over"}, (422, [("#/status", "enum")])),
    ):  # fmt: skip
        sent = (body if noun == "course-versions" else training) | over
        assert faults(await office.api.officer("MX").post(f"/v1/{noun}", json=sent)) == expected, over
    made = await office.post("trainings", training | {"course_version_id": version["id"], "status": "postponed"})
    assert (made["course_version_id"], made["status"]) == (version["id"], "postponed")
    moved = await change(office, "trainings", made, {"course_code": other["code"]})
    assert faults(moved) == (422, [("#/course_version_id", "of_another_course")])
    both = await change(office, "trainings", made, {"course_code": other["code"], "course_version_id": foreign["id"]})
    assert both.status_code == 200
    # A version that nobody completed may still change.
    free = await change(office, "course-versions", version, {"pass_mark": None, "label": "2012a"})
    assert (free.status_code, free.json()["pass_mark"]) == (200, None)


async def test_trainings_are_found_by_who_gives_and_pays_for_them(office: Any) -> None:
    await office.training(
        code="A", co_provider_agency_codes=["US-CO-DOC"], funder_agency_codes=["US-BOP"], cohort="Class 19",
        status="reported", delivery_mode="online", headcount={"total": 0},
    )  # fmt: skip
    await office.training(code="B", provider_agency_code="US-CO-DOC", starts_on="2009-03-16")
    for query, expected in {
        "agency_code=US-CO-DOC": ["B", "A"],
        "agency_code=US-NM-CD": ["A"],
        "agency_code=US-BOP": [],
        "funder_agency_code=US-BOP": ["A"],
        "cohort=Class 19": ["A"],
        "status=planned": ["B"],
        "status=planned&status=reported": ["B", "A"],
        "delivery_mode=online": ["A"],
        "has_headcount=true": ["A"],
        "has_headcount=false": ["B"],
    }.items():
        page = (await office.api.viewer().get(f"/v1/trainings?{query}")).json()
        assert [one["code"] for one in page["items"]] == expected, query
    csv = (await office.api.viewer().get("/v1/trainings?format=csv&sort=starts_on")).text.split("\r\n")
    columns = csv[0].split(",")
    assert {"headcount_total", "headcount_not_recorded", "status"} <= set(columns)
    assert [line.split(",")[columns.index("status")] for line in csv[1:3]] == ["reported", "planned"]
