"""Counts of people over HTTP: the whole answer, its explanation, and what is hidden from whom."""

from datetime import UTC, datetime
from typing import Any

import pytest

INSTRUCTORS = (
    "/v1/recorded-figures?measure=instructors_trained&nationality_code=MX&agency_code=US-NM-CD&venue_kind=united_states"
)
OFFICERS = "/v1/recorded-figures?measure=officers_trained&nationality_code=MX&agency_code=US-NM-CD"


@pytest.fixture
async def cascade(office: Any) -> Any:
    """Six Mexicans and a Georgian trained as trainers by New Mexico, one Mexican by Colorado; six officers after."""
    trainers = await office.course(code="TRAINERS", type="training_of_trainers")
    basic = await office.course(code="BASIC")
    first = await office.training(course_code=trainers["code"])
    leads = [await office.person() for _ in range(6)]
    for lead in leads:
        await office.completed(first, lead)
    await office.completed(first, await office.person(country_code="GE", nationality_code="GE"))
    elsewhere = await office.training(course_code=trainers["code"], provider_agency_code="US-CO-DOC")
    await office.completed(elsewhere, leads[0])
    await office.completed(elsewhere, await office.person())
    led = await office.training(
        course_code=basic["code"],
        host_country_code="MX",
        venue_kind="host_country",
        starts_on="2010-01-10",
        ends_on="2010-02-01",
    )
    await office.lead(led, leads[0])
    for _ in range(6):
        await office.completed(led, await office.person())
    unled = await office.training(course_code=basic["code"], starts_on="2010-01-10", ends_on="2010-02-01")
    await office.completed(unled, leads[1])
    return office


async def test_answer_is_whole(cascade: Any) -> None:
    answer = await cascade.api.viewer().get(f"{INSTRUCTORS}&as_of=2009-04-23&as_of=2021-01-20&as_of=2009-04-24")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "measure": "instructors_trained",
        "unit": "persons",
        "nationality_code": "MX",
        "agency_codes": ["US-NM-CD"],
        "venue_kind": "united_states",
        "program_code": None,
        "method": "Distinct persons with a completion of a training whose course is a training of trainers and whose "
        "provider is one of the agencies.",
        "method_version": "2",
        "points": [
            {"as_of": "2009-04-23", "value": None, "lower": None, "upper": None, "records": 0, "suppressed": False},
            {"as_of": "2021-01-20", "value": "6", "lower": "6", "upper": "6", "records": 8, "suppressed": False},
            {"as_of": "2009-04-24", "value": "6", "lower": "6", "upper": "6", "records": 8, "suppressed": False},
        ],
        "explain": None,
        "known_at": None,
        "feed_number": None,
    }
    assert "names" not in answer.text


async def test_today_is_the_default_date(cascade: Any) -> None:
    answer = (await cascade.api.viewer().get(OFFICERS)).json()
    today = datetime.now(UTC).date().isoformat()
    assert answer["points"] == [
        {"as_of": today, "value": "6", "lower": "6", "upper": "6", "records": 7, "suppressed": False}
    ]


async def test_explanation_accounts_for_every_completion(cascade: Any) -> None:
    officer = cascade.api.officer("MX")
    answer = (await officer.get(f"{OFFICERS}&program_code=MX-CORR&as_of=2010-02-01&explain=true")).json()
    assert answer["explain"] == {
        "as_of": "2010-02-01",
        "counted": {"persons": 6, "completions": 6, "trainings": 1},
        "left_out": [
            {
                "reason": "no_lead",
                "message": "No lead instructor is recorded for the training.",
                "completions": 1,
                "persons": 1,
            }
        ],
        "rule": "Distinct persons with a completion of a training that is not a training of trainers and that was led "
        "by somebody who, before it began, had completed a training of trainers provided by one of the agencies. Here: "
        "nationality MX, trainers trained by US-NM-CD, any venue, program MX-CORR; completed on or before "
        "1 February 2010.",
    }
    answer = (await officer.get(f"{INSTRUCTORS}&as_of=2021-01-01&as_of=2009-01-01&explain=true")).json()
    assert answer["explain"]["as_of"] == "2009-01-01"
    assert answer["explain"]["counted"] == {"persons": 0, "completions": 0, "trainings": 0}
    assert answer["explain"]["left_out"] == [
        {"reason": "after_as_of", "message": "Completed after the as-of date.", "completions": 8, "persons": 7}
    ]
    answer = (await officer.get(f"{INSTRUCTORS}&explain=true")).json()
    assert [(one["reason"], one["completions"], one["persons"]) for one in answer["explain"]["left_out"]] == [
        ("other_provider", 2, 2)
    ]


async def test_filter_that_is_not_given_does_not_filter(cascade: Any) -> None:
    for query, value in {
        "measure=instructors_trained": "8",
        "measure=instructors_trained&nationality_code=MX": "7",
        "measure=instructors_trained&nationality_code=MX&agency_code=US-NM-CD&agency_code=US-CO-DOC": "7",
        "measure=instructors_trained&agency_code=US-NM-CD": "7",
        "measure=instructors_trained&venue_kind=online": "0",
        "measure=instructors_trained&program_code=GE-CORR": "0",
        "measure=officers_trained": "6",
        "measure=officers_trained&venue_kind=host_country": "6",
        "measure=officers_trained&venue_kind=united_states": "0",
        "measure=officers_trained&agency_code=US-BOP": "0",
    }.items():
        answer = await cascade.api.officer().get(f"/v1/recorded-figures?{query}")
        assert answer.json()["points"][0]["value"] == value, query


async def test_small_numbers_are_hidden_without_a_grant(cascade: Any) -> None:
    address = (
        "/v1/recorded-figures?measure=instructors_trained&nationality_code=MX&agency_code=US-CO-DOC&as_of=2021-01-20"
    )
    hidden = {"as_of": "2021-01-20", "value": None, "lower": "1", "upper": "4", "records": 8, "suppressed": True}
    shown = hidden | {"value": "2", "lower": "2", "upper": "2", "suppressed": False}
    for client, expected in (
        (cascade.api.viewer(), hidden),
        (cascade.api.admin(), hidden),
        (cascade.api.officer("GE"), hidden),
        (cascade.api.officer("MX"), shown),
        (cascade.api.officer(), shown),
    ):
        assert (await client.get(address)).json()["points"] == [expected]
    # So few that the number of records would tell: that is hidden too.
    georgia = "/v1/recorded-figures?measure=instructors_trained&nationality_code=GE&as_of=2021-01-20"
    (point,) = (await cascade.api.officer("MX").get(georgia)).json()["points"]
    assert point == hidden | {"records": None}
    # A grant for one country is none for all nationalities together.
    everybody = "/v1/recorded-figures?measure=instructors_trained&agency_code=US-CO-DOC&as_of=2021-01-20"
    assert (await cascade.api.officer("MX", "GE").get(everybody)).json()["points"][0]["suppressed"] is True
    assert (await cascade.api.officer().get(everybody)).json()["points"][0]["value"] == "2"


async def test_explanation_gives_no_small_number_away(cascade: Any) -> None:
    """Counted and left out add up to the records: one hidden alone could be worked out."""
    answer = (await cascade.api.viewer().get(f"{OFFICERS}&explain=true")).json()
    assert answer["points"][0]["value"] == "6"
    assert answer["explain"]["counted"] == {"persons": None, "completions": None, "trainings": None}
    assert [(one["reason"], one["completions"], one["persons"]) for one in answer["explain"]["left_out"]] == [
        ("no_lead", None, None)
    ]


BAD_QUESTIONS = [
    ("measure=managers_trained", "measure", "'instructors_trained' or 'officers_trained'"),
    ("", "measure", "required"),
    ("measure=officers_trained&nationality_code=Mexico", "nationality_code", "Did you mean MX?"),
    ("measure=officers_trained&as_of=yesterday", "as_of", "date"),
    ("measure=officers_trained" + "&as_of=2020-01-01" * 11, "as_of", "10"),
    ("measure=officers_trained&venue_kind=abroad", "venue_kind", "'host_country'"),
]  # fmt: skip


async def test_bad_question_names_what_is_wrong(office: Any) -> None:
    for query, parameter, words in BAD_QUESTIONS:
        answer = await office.api.viewer().get(f"/v1/recorded-figures?{query}")
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert error["parameter"] == parameter
        assert words in error["message"]


async def test_unchanged_answer_is_not_sent_again(cascade: Any) -> None:
    first = await cascade.api.viewer().get(INSTRUCTORS)
    again = await cascade.api.viewer().get(INSTRUCTORS, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
