"""Enrollments, completions and instructor assignments: who is in a training, and what the database itself refuses."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncpg import PostgresError
from chassis.testing import ACTING
from chassis.testing.voids import STANDS
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

TODAY = datetime.now(UTC).date()
NOBODY = "01920000-0000-7000-8000-0000000000ff"


def problem_of(answer: Any) -> tuple[int, str, str]:
    (error,) = answer.json()["errors"]
    return answer.status_code, error["pointer"], error["code"]


def stored(record: dict[str, Any]) -> dict[str, Any]:
    return {"id": record["id"], "version": 1, "created_at": record["created_at"], "updated_at": record["created_at"]}


async def test_created_enrollment_is_read_back_whole(office: Any) -> None:
    training, person = await office.training(), await office.person()
    body = {
        "training_id": training["id"], "person_id": person["id"], "role": "participant", "status": "nominated",
        "level": "mid", "unit_id": None, "vetting_basis": "not_required", "vetting_reason": "Judges use no force.",
        "pre_score": "40.50", "post_score": "87.00", "hours_attended": "32.00", "note": "From post.",
    }  # fmt: skip
    made = await office.post("enrollments", body)
    stands = {"is_voided": False, "voided_at": None, "voided_by": None, "void_reason": None}
    assert made == body | stored(made) | stands
    read = await office.api.officer("MX").get(f"/v1/enrollments/{made['id']}")
    assert (read.json(), read.headers["etag"]) == (made, '"1"')
    changed = await office.api.officer("MX").patch(
        f"/v1/enrollments/{made['id']}", json={"note": None}, headers={"If-Match": '"1"'}
    )
    assert changed.json() == made | {"note": None, "version": 2, "updated_at": changed.json()["updated_at"]}
    for fixed in ("training_id", "person_id", "role", "status"):
        refused = await office.api.officer("MX").patch(
            f"/v1/enrollments/{made['id']}", json={fixed: made[fixed]}, headers={"If-Match": '"2"'}
        )
        assert problem_of(refused) == (422, f"#/{fixed}", "unknown_field")


async def test_created_assignment_is_read_back_whole(office: Any) -> None:
    training, person = await office.training(), await office.person()
    body = {"training_id": training["id"], "person_id": person["id"], "role": "lead", "note": None}
    made = await office.lead(training, person)
    assert made == body | stored(made) | STANDS
    address = f"/v1/instructor-assignments/{made['id']}"
    changed = await office.api.officer("MX").patch(address, json={"note": "Chief."}, headers={"If-Match": '"1"'})
    assert changed.json() == made | {"note": "Chief.", "version": 2, "updated_at": changed.json()["updated_at"]}
    assert (await office.api.officer("MX").get(address)).json() == changed.json()


async def test_created_completion_is_read_back_whole_and_stays(office: Any) -> None:
    training, person = await office.training(), await office.person()
    seat = await office.enrollment(training["id"], person["id"])
    made = await office.completion(seat["id"], training["starts_on"])
    assert made == {"enrollment_id": seat["id"], "completed_on": "2009-03-15"} | stored(made) | STANDS
    address = f"/v1/completions/{made['id']}"
    assert (await office.api.officer("MX").get(address)).json() == made
    for method in ("PATCH", "PUT", "DELETE"):
        assert (await office.api.officer().request(method, address, json={})).status_code == 405


async def test_bad_roster_names_what_is_wrong(office: Any) -> None:
    training, person, leader = await office.training(), await office.person(), await office.person()
    seat = await office.enrollment(training["id"], person["id"])
    await office.lead(training, leader)
    other = await office.training()
    open_seat = await office.enrollment(other["id"], person["id"])
    await office.completion(open_seat["id"], other["ends_on"])
    tomorrow = TODAY + timedelta(days=1)
    taken = {"training_id": training["id"], "person_id": person["id"]}
    leads = {"training_id": training["id"], "person_id": leader["id"]}
    for noun, body, expected in (
        ("enrollments", taken | {"training_id": NOBODY}, (422, "#/training_id", "unknown_id")),
        ("enrollments", taken | {"person_id": NOBODY}, (422, "#/person_id", "unknown_id")),
        ("enrollments", taken | {"role": "guest"}, (422, "#/role", "enum")),
        ("enrollments", taken, (409, "#/person_id", "uq_enrollments_training_id_person_id")),
        ("enrollments", leads, (422, "#/person_id", "instructor_is_no_participant")),
        ("instructor-assignments", leads | {"training_id": NOBODY}, (422, "#/training_id", "unknown_id")),
        ("instructor-assignments", leads | {"person_id": NOBODY}, (422, "#/person_id", "unknown_id")),
        ("instructor-assignments", leads | {"role": "boss"}, (422, "#/role", "enum")),
        ("instructor-assignments", leads, (409, "#/person_id", "uq_instructor_assignments_training_id_person_id_role")),
        ("instructor-assignments", taken, (422, "#/person_id", "participant_is_no_instructor")),
        ("completions", {"enrollment_id": NOBODY, "completed_on": "2009-04-24"}, (422, "#/enrollment_id", "unknown_id")),
        ("completions", {"enrollment_id": seat["id"], "completed_on": "2009-03-14"}, (422, "#/completed_on", "before_start")),
        ("completions", {"enrollment_id": seat["id"], "completed_on": f"{tomorrow}"}, (422, "#/completed_on", "in_future")),
        ("completions", {"enrollment_id": open_seat["id"], "completed_on": "2009-04-24"}, (409, "#/enrollment_id", "uq_completions_enrollment_id")),
    ):  # fmt: skip
        answer = await office.api.officer().post(f"/v1/{noun}", json=body)
        found = problem_of(answer)
        assert (found[0], found[1]) == expected[:2], (noun, body, answer.text)
        assert found[2] == expected[2], (noun, body, answer.text)
    today = await office.completion(seat["id"], f"{TODAY}")
    assert today["completed_on"] == f"{TODAY}"


async def test_rosters_are_found_by_each_of_their_filters(office: Any) -> None:
    first, second = await office.training(), await office.training(starts_on="2010-01-01", ends_on="2010-02-01")
    ana, ben, leader = await office.person(), await office.person(), await office.person()
    seats = {}
    for name, training, person in (("a1", first, ana), ("b1", first, ben), ("a2", second, ana)):
        seats[(await office.enrollment(training["id"], person["id"]))["id"]] = name
    done = {}
    for seat, name in seats.items():
        done[(await office.completion(seat, "2010-01-15" if name == "a2" else "2009-04-24"))["id"]] = name
    by_name = {name: seat for seat, name in seats.items()}
    for noun, names, query, expected in (
        ("enrollments", seats, "", ["a1", "b1", "a2"]),
        ("enrollments", seats, f"training_id={first['id']}", ["a1", "b1"]),
        ("enrollments", seats, f"person_id={ana['id']}&sort=-created_at", ["a2", "a1"]),
        ("enrollments", seats, f"person_id={ana['id']}&training_id={second['id']}", ["a2"]),
        ("completions", done, f"training_id={first['id']}&sort=created_at", ["a1", "b1"]),
        ("completions", done, f"person_id={ben['id']}", ["b1"]),
        ("completions", done, f"enrollment_id={by_name['a2']}", ["a2"]),
        ("completions", done, "completed_on_gte=2009-04-25", ["a2"]),
        ("completions", done, "completed_on_lte=2009-04-24&sort=completed_on,created_at", ["a1", "b1"]),
    ):
        page = (await office.api.officer("MX").get(f"/v1/{noun}?{query}")).json()
        assert [names[one["id"]] for one in page["items"]] == expected, query
    lead = await office.lead(first, leader)
    for query, expected in (
        (f"training_id={first['id']}", [lead]),
        (f"person_id={leader['id']}&role=lead", [lead]),
        (f"person_id={ana['id']}", []),
    ):
        page = (await office.api.officer("MX").get(f"/v1/instructor-assignments?{query}")).json()
        assert page["items"] == expected, query
    walked, address = [], "/v1/completions?limit=1&sort=-completed_on"
    while address:
        page = (await office.api.officer("MX").get(address)).json()
        walked += [done[one["id"]] for one in page["items"]]
        address = page["next"]
    assert walked == ["a2", "b1", "a1"]


TRAINING, PERSON, SEAT = (f"01920000-0000-7000-8000-00000000000{number}" for number in (1, 2, 3))
SETUP = f"""
INSERT INTO courses (code, title, type) VALUES ('C', 'C', 'basic');
INSERT INTO trainings (id, course_code, provider_agency_code, host_country_code, beneficiary_country_codes, starts_on,
  ends_on, venue_kind) VALUES ('{TRAINING}', 'C', 'US-NM-CD', 'US', '{{MX}}', '2020-01-10', '2020-01-20', 'online');
INSERT INTO people (id, country_code, nationality_code, sex, birth_precision, data_key, given_name)
  VALUES ('{PERSON}', 'MX', 'MX', 'male', 'not_recorded', 'x', 'x');
INSERT INTO enrollments (id, training_id, person_id, role, status)
  VALUES ('{SEAT}', '{TRAINING}', '{PERSON}', 'participant', 'enrolled');
INSERT INTO completions (enrollment_id, completed_on) VALUES ('{SEAT}', '2020-01-15')
"""
ANOTHER_SEAT = f"""
WITH another AS (
  INSERT INTO people (country_code, nationality_code, sex, birth_precision, data_key, given_name)
  VALUES ('MX', 'MX', 'male', 'not_recorded', 'x', 'x') RETURNING id
)
INSERT INTO enrollments (id, training_id, person_id, role, status)
SELECT '{PERSON}', '{TRAINING}', id, 'participant', 'enrolled' FROM another
"""
REFUSED = {
    # What the serving role may not do at all.
    "UPDATE completions SET completed_on = '2020-01-16'": "permission denied",
    "DELETE FROM completions": "permission denied",
    "DELETE FROM people": "permission denied",
    f"UPDATE enrollments SET person_id = '{PERSON}'": "permission denied",
    "UPDATE enrollments SET country_code = 'GE'": "permission denied",
    "UPDATE enrollments SET completed_on = '2009-03-20'": "permission denied",
    f"UPDATE instructor_assignments SET training_id = '{TRAINING}'": "permission denied",
    "TRUNCATE people": "permission denied",
    # What nobody may do.
    f"INSERT INTO instructor_assignments (training_id, person_id, role) VALUES ('{TRAINING}', '{PERSON}', 'lead')": "leads a training that they take part in",
    f"INSERT INTO instructor_assignments (training_id, person_id, role) VALUES ('{TRAINING}', '{PERSON}', 'x')": "role_known",
    f"INSERT INTO completions (enrollment_id, completed_on) VALUES ('{SEAT}', '2020-01-15')": "uq_completions_enrollment_id",
    "UPDATE trainings SET starts_on = '2020-01-16'": "does not start after one of its completions",
    "UPDATE trainings SET ends_on = '2020-01-09'": "ends_after_start",
    "UPDATE trainings SET beneficiary_country_codes = '{}'": "beneficiary_country_codes_form",
    "UPDATE trainings SET beneficiary_country_codes = '{MX,NULL}'": "beneficiary_country_codes_form",
    "UPDATE trainings SET beneficiary_country_codes = '{Mexico}'": "beneficiary_country_codes_form",
    "UPDATE trainings SET provider_agency_code = 'NONE'": "fk_trainings_provider_agency_code",
    "UPDATE trainings SET program_code = 'NONE'": "fk_trainings_program_code",
    "UPDATE trainings SET venue_kind = 'abroad'": "venue_kind_known",
    "UPDATE courses SET qualifies_for_course_code = 'X'": "only_trainers_qualify",
    "UPDATE courses SET type = 'training_of_trainers', qualifies_for_course_code = 'C'": "not_for_itself",
    "UPDATE courses SET designed_hours = 0": "designed_hours_positive",
    "UPDATE people SET given_name = NULL": "has_name",
    "UPDATE people SET birth_date = 'x'": "birth_precision_fits",
    "UPDATE people SET birth_precision = 'day'": "birth_precision_fits",
    "UPDATE people SET country_code = 'Mexico'": "country_code_form",
}  # fmt: skip


async def test_database_itself_refuses_what_the_tables_promise(known_references: None, app_engine: AsyncEngine) -> None:
    await run(app_engine, *SETUP.strip().split(";\n"))
    refused = {(statement,): words for statement, words in REFUSED.items()}
    for day, words in (("2020-01-09", "before its training starts"), (f"{TODAY + timedelta(days=1)}", "in the future")):
        completing = f"INSERT INTO completions (enrollment_id, completed_on) VALUES ('{PERSON}', '{day}')"
        refused[ANOTHER_SEAT, completing] = words
    for statements, words in refused.items():
        with pytest.raises(DBAPIError) as refusal:
            await run(app_engine, *statements)
        assert words in str(refusal.value.orig), statements


async def run(engine: AsyncEngine, *statements: str) -> None:
    async with engine.begin() as connection:
        for statement in (ACTING, *statements):
            await connection.execute(text(statement))


async def test_of_two_who_enroll_and_assign_the_same_person_one_is_refused(office: Any) -> None:
    for _ in range(5):
        training, person = await office.training(), await office.person()
        body = {"training_id": training["id"], "person_id": person["id"]}
        answers = await asyncio.gather(
            *(office.api.officer().post(f"/v1/{noun}", json=body) for noun in ("enrollments", "instructor-assignments"))
        )
        assert sorted(one.status_code for one in answers) == [201, 422], [one.text for one in answers]


async def test_of_two_who_complete_and_postpone_a_training_the_second_sees_the_first(
    office: Any, app_engine: AsyncEngine
) -> None:
    training, person = await office.training(), await office.person()
    seat = await office.enrollment(training["id"], person["id"])

    async def hold_open(statement: str, *, hold: asyncio.Event, started: asyncio.Event | None = None) -> str:
        try:
            async with app_engine.begin() as connection:
                await connection.execute(text(ACTING))
                await connection.execute(text(statement))
                if started is not None:
                    started.set()
                await hold.wait()
        except DBAPIError as refusal:
            origin = refusal.orig.__cause__ if refusal.orig else None
            assert isinstance(origin, PostgresError)
            return str(origin.as_dict()["constraint_name"])
        return "done"

    started, hold = asyncio.Event(), asyncio.Event()
    completing = f"INSERT INTO completions (enrollment_id, completed_on) VALUES ('{seat['id']}', '2009-03-20')"
    postponing = f"UPDATE trainings SET starts_on = '2009-03-21' WHERE id = '{training['id']}'"
    first = asyncio.create_task(hold_open(completing, hold=hold, started=started))
    await asyncio.wait([asyncio.create_task(started.wait()), first], return_when=asyncio.FIRST_COMPLETED)
    second = asyncio.create_task(hold_open(postponing, hold=hold))
    await asyncio.sleep(0.2)
    assert not second.done(), "it did not wait"
    hold.set()
    assert (await first, await second) == ("done", "training_starts_before_completions")
