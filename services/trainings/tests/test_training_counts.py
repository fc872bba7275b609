"""Counts over HTTP: the worked cases, ranges, what is hidden from whom, and what is refused."""

from typing import Any

import pytest


async def count(client: Any, **query: Any) -> dict[str, Any]:
    answer = await client.get("/v1/training-counts", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def one(client: Any, **query: Any) -> dict[str, Any]:
    """The only group, without what is always null."""
    (found,) = (await count(client, **query))["items"]
    return {name: value for name, value in found.items() if value is not None}


@pytest.fixture
async def classes(office: Any) -> dict[str, Any]:
    """A and B complete E1, A completes E2 and C does not come; E3 is a headcount of ten."""
    course = await office.course()
    made: dict[str, Any] = {"course": course["code"]}
    for name, over in (
        ("E1", {"starts_on": "2012-01-01", "ends_on": "2012-02-01"}),
        ("E2", {"starts_on": "2012-03-01", "ends_on": "2012-12-01"}),
        (
            "E3",
            {"starts_on": "2012-05-01", "ends_on": "2012-06-01", "headcount": {"total": 10, "female": 3, "male": 5}},
        ),
    ):
        made[name] = await office.training(course_code=course["code"], **over)
    a, b, c = [await office.person(sex=sex) for sex in ("female", "male", "male")]
    for name, person in (("E1", a), ("E1", b), ("E2", a)):
        await office.completed(made[name], person)
    seat = await office.enrollment(made["E2"]["id"], c["id"])
    answer = await office.api.officer().post(
        f"/v1/enrollments/{seat['id']}/transitions",
        json={"to": "no_show"},
        headers={"If-Match": f'"{seat["version"]}"'},
    )
    assert answer.status_code == 200, answer.text
    return made


async def test_four_counts_are_four_numbers(office: Any, classes: dict[str, Any]) -> None:
    officer = office.api.officer()
    asked = {"nationality_code": "MX", "as_of": "2013-01-01"}
    attendances = await one(officer, measure="attendances", **asked)
    assert (attendances["rostered"], attendances["headcount"], attendances["value"]) == (3, 10, "13")
    completions = await one(officer, measure="completions", **asked)
    assert (completions["rostered"], completions["headcount"], completions["value"]) == (3, 0, "3")
    persons = await count(officer, measure="persons", explain=True, **asked)
    (group,) = persons["items"]
    assert (group["value"], group["lower"], group["upper"], group["rostered"]) == (None, "10", "12", 2)
    assert (group["trainings"], group["headcount_trainings"], persons["is_additive"]) == (2, 1, False)
    assert persons["explain"] == {
        "counted": {"parts": 3, "persons": 2, "trainings": 2},
        "left_out": [
            {
                "parts": 1, "persons": 1, "trainings": 1, "reason": "not_attended", "message": "The person did not attend.",
            }
        ],
    }  # fmt: skip
    hours = await one(officer, measure="contact_hours", **asked)
    assert (hours["lower"], "value" in hours, "upper" in hours, hours["without_hours"]) == ("0", False, False, 13)


async def test_headcounts_sum_to_their_total_by_sex(office: Any, classes: dict[str, Any]) -> None:
    asked = {"measure": "attendances", "group_by": "sex", "course_code": classes["course"]}
    found = {item["sex"]: item["headcount"] for item in (await count(office.api.officer(), **asked))["items"]}
    assert found == {"female": 3, "male": 5, "not_recorded": 2}


async def test_person_who_completes_in_two_years_is_one_in_each_and_one_over_both(
    office: Any, classes: dict[str, Any]
) -> None:
    a_year = {"measure": "completions", "group_by": "fiscal_year", "course_code": classes["course"]}
    found = {item["fiscal_year"]: item["value"] for item in (await count(office.api.officer(), **a_year))["items"]}
    assert found == {2012: "2", 2013: "1"}
    by_year = a_year | {"measure": "persons"}
    persons = {
        item["fiscal_year"]: item["rostered"] for item in (await count(office.api.officer(), **by_year))["items"]
    }
    assert persons == {2012: 2, 2013: 1}
    both = await one(office.api.officer(), measure="persons", course_code=classes["course"])
    assert both["rostered"] == 2
    only = await one(office.api.officer(), measure="persons", course_code=classes["course"], fiscal_year=2013)
    assert (only["rostered"], only["value"]) == (1, "1")


async def test_small_numbers_are_for_who_may_see_the_people(office: Any, classes: dict[str, Any]) -> None:
    asked = {"measure": "completions", "nationality_code": "MX", "explain": True}
    for client in (office.api.officer(), office.api.officer("MX")):
        (group,) = (await count(client, **asked))["items"]
        assert (group["value"], group["suppressed"]) == ("3", False)
    for client in (office.api.viewer(), office.api.officer("GE"), office.api.admin()):
        answer = await count(client, **asked)
        (group,) = answer["items"]
        assert {value for name, value in group.items() if name != "suppressed"} == {None}
        assert group["suppressed"]
        assert answer["explain"]["counted"] == {"parts": None, "persons": None, "trainings": None}


async def test_nothing_recorded_is_null_and_nothing_counted_is_zero(office: Any) -> None:
    officer = office.api.officer()
    (nothing,) = (await count(officer, measure="persons"))["items"]
    assert (nothing["value"], nothing["rostered"], nothing["suppressed"]) == (None, None, False)
    training = await office.training()
    await office.completed(training, await office.person())
    (zero,) = (await count(officer, measure="persons", nationality_code="GE"))["items"]
    assert (zero["value"], zero["lower"], zero["upper"], zero["rostered"]) == ("0", "0", "0", 0)
    assert (await count(officer, measure="persons", nationality_code="GE", group_by="sex"))["items"] == []


async def test_what_is_known_later_is_not_counted_before(office: Any, classes: dict[str, Any]) -> None:
    officer = office.api.officer()
    asked = {"measure": "completions", "course_code": classes["course"]}
    now = await count(officer, **asked)
    instant = (await officer.get("/v1/changes?limit=500")).json()["items"][-1]["recorded_at"]
    await office.completed(await office.training(course_code=classes["course"]), await office.person())
    assert (await one(officer, **asked))["value"] == "4"
    then = await count(officer, known_at=instant, as_of=now["as_of"], **asked)
    assert then["items"] == now["items"]
    assert then["feed_number"] is not None


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("measure=heads", 422, "validation"),
        ("measure=persons&group_by=rank", 422, "validation"),
        ("measure=persons&fiscal_year=2012&from_date=2011-01-01", 422, "validation"),
        ("measure=persons&tier=0", 422, "validation"),
        ("measure=persons&country=MX", 400, "unknown_parameter"),
        ("measure=persons&measure=completions", 400, "repeated_parameter"),
    ],
)
async def test_bad_question_is_refused(office: Any, query: str, status: int, code: str) -> None:
    answer = await office.api.viewer().get(f"/v1/training-counts?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
