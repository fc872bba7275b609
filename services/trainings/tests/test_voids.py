"""Completions and trainings that were entered in error: what stays, what is refused from then on, what is counted."""

import asyncio
from typing import Any

import pytest
from asyncpg import PostgresError
from chassis.testing import ACTING, caller
from chassis.testing.voids import check_void, check_voided_once
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

WHY = {"reason": "Entered twice."}


async def void(office: Any, noun: str, record: dict[str, Any]) -> dict[str, Any]:
    answer = await office.api.officer().post(
        f"/v1/{noun}/{record['id']}/void", json=WHY, headers={"If-Match": f'"{record["version"]}"'}
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def completed(office: Any) -> dict[str, Any]:
    training, person = await office.training(), await office.person()
    seat = await office.enrollment(training["id"], person["id"])
    return dict(await office.completion(seat["id"], training["ends_on"]))


async def test_completion_is_voided_once_and_recorded_anew(office: Any) -> None:
    wrong = await completed(office)
    voided = await check_void(office.api, f"/v1/completions/{wrong['id']}")
    right = await office.completion(wrong["enrollment_id"], "2009-04-20")
    again = await office.api.officer().post(
        "/v1/completions", json={"enrollment_id": wrong["enrollment_id"], "completed_on": "2009-04-20"}
    )
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "uq_completions_enrollment_id")
    page = (await office.api.officer("MX").get("/v1/completions?sort=created_at")).json()
    assert page["items"] == [voided, right]
    await void(office, "completions", right)
    assert not (await office.completion(wrong["enrollment_id"], "2009-04-21"))["is_voided"]


async def test_training_is_voided_once_completed_or_not(office: Any) -> None:
    done = await completed(office)
    (training,) = (await office.api.viewer().get("/v1/trainings")).json()["items"]
    voided = await check_void(office.api, f"/v1/trainings/{training['id']}")
    assert (await office.api.viewer().get(f"/v1/trainings/{training['id']}")).json() == voided
    assert (await office.api.officer().get(f"/v1/completions/{done['id']}")).json() == done
    for etag in ('"1"', '"2"'):
        changed = await office.api.officer().patch(
            f"/v1/trainings/{training['id']}", json={"title": "Other"}, headers={"If-Match": etag}
        )
        assert (changed.status_code, changed.json()["code"]) == (409, "voided")


async def test_nobody_joins_a_voided_training(office: Any) -> None:
    training, seated, other = await office.training(), await office.person(), await office.person()
    seat = await office.enrollment(training["id"], seated["id"])
    await void(office, "trainings", training)
    join = {"training_id": training["id"], "person_id": other["id"]}
    for noun, body, pointer, code in (
        ("enrollments", join, "#/training_id", "training_is_voided"),
        ("instructor-assignments", join, "#/training_id", "training_is_voided"),
        (
            "completions",
            {"enrollment_id": seat["id"], "completed_on": "2009-04-24"},
            "#/enrollment_id",
            "completed_training_is_voided",
        ),
    ):
        for query in ("", "?validate_only=true"):
            answer = await office.api.officer().post(f"/v1/{noun}{query}", json=body)
            assert (answer.status_code, answer.json()["code"]) == (409, "conflict"), answer.text
            (error,) = answer.json()["errors"]
            assert (error["pointer"], error["code"]) == (pointer, code)


async def test_who_may_not_write_a_record_may_not_void_it(office: Any) -> None:
    done = await completed(office)
    (training,) = (await office.api.viewer().get("/v1/trainings")).json()["items"]
    for client, of_completion, of_training in (
        (office.api.viewer(), 403, 403),
        (office.api.analyst(), 403, 403),
        (office.api.admin(), 403, 403),
        (office.api.officer("GE"), 404, 403),
        (office.api.as_caller(caller("officer")), 404, 403),
        (office.api.officer("MX"), 200, 200),
        # Whoever may not know of the record is not told that, when and by whom it was voided.
        (office.api.officer("GE"), 404, 403),
    ):
        headers = {"If-Match": '"1"'}
        answer = await client.post(f"/v1/completions/{done['id']}/void", json=WHY, headers=headers)
        assert answer.status_code == of_completion, answer.text
        assert answer.headers["cache-control"] == "no-store"
        answer = await client.post(f"/v1/trainings/{training['id']}/void", json=WHY, headers=headers)
        assert answer.status_code == of_training, answer.text


async def test_of_several_who_void_one_does(office: Any) -> None:
    done = await completed(office)
    await check_voided_once(office.api, f"/v1/completions/{done['id']}")
    await check_voided_once(office.api, f"/v1/trainings/{(await office.training())['id']}")


VOIDED = "SET voided_at = now(), voided_by = 'x', void_reason = 'x'"
JOININGS = {
    "INSERT INTO enrollments (training_id, person_id, role) VALUES (:training, :person, 'participant')": (
        "training_is_voided"
    ),
    "INSERT INTO instructor_assignments (training_id, person_id, role) VALUES (:training, :person, 'lead')": (
        "training_is_voided"
    ),
    "INSERT INTO completions (enrollment_id, completed_on) VALUES (:seat, '2009-04-24')": (
        "completed_training_is_voided"
    ),
}


@pytest.mark.parametrize("joining", JOININGS)
async def test_who_joins_a_training_while_it_is_voided_waits_and_is_refused(
    office: Any, app_engine: AsyncEngine, joining: str
) -> None:
    training, person = await office.training(), await office.person()
    seat = await office.enrollment(training["id"], (await office.person())["id"])
    for name, row in (("training", training), ("person", person), ("seat", seat)):
        joining = joining.replace(f":{name}", f"'{row['id']}'")

    async def join() -> str:
        try:
            async with app_engine.begin() as connection:
                await connection.execute(text(ACTING))
                await connection.execute(text(joining))
        except DBAPIError as refusal:
            origin = refusal.orig.__cause__ if refusal.orig else None
            assert isinstance(origin, PostgresError)
            return str(origin.as_dict()["constraint_name"])
        return "done"

    async with app_engine.connect() as voiding, app_engine.connect() as watching:
        await voiding.execute(text(ACTING))
        await voiding.execute(text(f"UPDATE trainings {VOIDED} WHERE id = '{training['id']}'"))
        joined = asyncio.create_task(join())
        while not await watching.scalar(text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")):
            assert not joined.done(), f"it did not wait: {joined.result()}"
            await asyncio.sleep(0)
        await voiding.commit()
        assert await joined in JOININGS.values()
    answer = await office.api.viewer().get(f"/v1/trainings/{training['id']}")
    assert answer.json()["is_voided"]


@pytest.mark.parametrize("noun", ["enrollments", "instructor-assignments", "completions"])
async def test_of_two_who_join_and_void_a_training_both_or_the_one_who_voids(office: Any, noun: str) -> None:
    for _ in range(5):
        training, person = await office.training(), await office.person()
        seat = await office.enrollment(training["id"], (await office.person())["id"])
        body = {"training_id": training["id"], "person_id": person["id"]}
        if noun == "completions":
            body = {"enrollment_id": seat["id"], "completed_on": "2009-04-24"}
        joined, voided = await asyncio.gather(
            office.api.officer().post(f"/v1/{noun}", json=body),
            office.api.officer().post(f"/v1/trainings/{training['id']}/void", json=WHY, headers={"If-Match": '"1"'}),
        )
        assert (voided.status_code, joined.status_code) in {(200, 201), (200, 409)}, joined.text


async def test_database_itself_keeps_what_was_voided(office: Any, app_engine: AsyncEngine) -> None:
    done = await completed(office)
    (training,) = (await office.api.viewer().get("/v1/trainings")).json()["items"]
    halves = ("SET voided_at = now()", "SET voided_by = 'x', void_reason = 'x'")
    unvoid = "SET voided_at = NULL, voided_by = NULL, void_reason = NULL"
    for table, row in (("completions", done), ("trainings", training)):
        for half in halves:
            await refused(app_engine, f"UPDATE {table} {half}", "void_is_whole")
        await void(office, table, row)
        for change in (unvoid, VOIDED, "SET version = 7", "SET void_reason = 'another'"):
            await refused(app_engine, f"UPDATE {table} {change}", "a voided record stays as it is")
    await refused(app_engine, "UPDATE completions SET completed_on = '2009-04-01'", "permission denied")


async def refused(engine: AsyncEngine, statement: str, words: str) -> None:
    with pytest.raises(DBAPIError) as refusal:
        async with engine.begin() as connection:
            await connection.execute(text(ACTING))
            await connection.execute(text(statement))
    assert words in str(refusal.value.orig), statement


async def test_training_may_start_after_a_completion_that_was_voided(office: Any) -> None:
    wrong = await completed(office)
    (training,) = (await office.api.viewer().get("/v1/trainings")).json()["items"]
    address, later = f"/v1/trainings/{training['id']}", {"starts_on": "2009-05-01", "ends_on": "2009-06-01"}
    blocked = await office.api.officer().patch(address, json=later, headers={"If-Match": '"1"'})
    assert (blocked.status_code, blocked.json()["errors"][0]["code"]) == (422, "training_starts_before_completions")
    await void(office, "completions", wrong)
    moved = await office.api.officer().patch(address, json=later, headers={"If-Match": '"1"'})
    assert moved.status_code == 200, moved.text


INSTRUCTORS = "/v1/recorded-figures?measure=instructors_trained&nationality_code=MX&as_of=2020-01-01&explain=true"


async def figure(client: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    answer = (await client.get(INSTRUCTORS)).json()
    return answer["points"][0], answer["explain"]


async def test_explanation_names_what_was_voided_and_no_count_has_it(office: Any) -> None:
    trainers = await office.course(code="TRAINERS", type="training_of_trainers")
    first, second = [await office.training(course_code=trainers["code"]) for _ in range(2)]
    people = [await office.person() for _ in range(7)]
    for person in people:
        await office.completed(first, person)
    for person in people[:6]:
        await office.completed(second, person)
    point, explain = await figure(office.api.viewer())
    assert (point["value"], point["records"], explain["left_out"]) == ("7", 13, [])
    await void(office, "trainings", second)
    wrong = (await office.api.officer().get(f"/v1/completions?person_id={people[6]['id']}")).json()["items"][0]
    await void(office, "completions", wrong)
    point, explain = await figure(office.api.viewer())
    assert point == {
        "as_of": "2020-01-01", "value": "6", "lower": "6", "upper": "6", "records": 6, "suppressed": False,
    }  # fmt: skip
    assert explain["counted"] == {"persons": 6, "completions": 6, "trainings": 1}
    assert explain["left_out"] == [
        {
            "reason": "voided",
            "message": "The completion or its training was entered in error and voided.",
            "completions": 7,
            "persons": 7,
        }
    ]


async def test_records_entered_in_error_alone_are_no_records(office: Any) -> None:
    trainers = await office.course(code="TRAINERS", type="training_of_trainers")
    training = await office.training(course_code=trainers["code"])
    await office.completed(training, await office.person())
    await void(office, "trainings", training)
    point, explain = await figure(office.api.officer("MX"))
    assert point == {
        "as_of": "2020-01-01", "value": None, "lower": None, "upper": None, "records": 0, "suppressed": False,
    }  # fmt: skip
    assert [(one["reason"], one["persons"]) for one in explain["left_out"]] == [("voided", 1)]
    # Fewer than five people, voided or not, are hidden from whoever has no grant for them.
    point, explain = await figure(office.api.viewer())
    assert (point["records"], [(one["reason"], one["persons"]) for one in explain["left_out"]]) == (
        0,
        [("voided", None)],
    )
