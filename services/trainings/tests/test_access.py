"""Who may read and write what is about people: officers, for people of countries they have a grant for."""

import re
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from chassis.testing import Api, caller

PERSONAL = (
    "people", "enrollments", "attendances", "completions", "instructor-assignments", "certifications",
)  # fmt: skip
OFFICERS_ONLY = (
    *PERSONAL, "identity-documents", "duplicate-candidates", "merges", "units", "vetting-records", "seats-at-risk",
)  # fmt: skip
NOBODY = "01920000-0000-7000-8000-0000000000ff"


@dataclass
class Rosters:
    """For each of two countries, one record of each noun."""

    mexico: dict[str, dict[str, Any]]
    georgia: dict[str, dict[str, Any]]


@pytest.fixture
async def rosters(office: Any) -> Rosters:
    training = await office.training(beneficiary_country_codes=["MX", "GE"])
    held = await office.session(training)
    made: list[dict[str, dict[str, Any]]] = []
    for country in ("MX", "GE"):
        person = await office.person(country_code=country, nationality_code=country)
        leader = await office.person(country_code=country, nationality_code=country)
        seat = await office.enrollment(training["id"], person["id"])
        present = await office.attendance(seat, held)
        done = await office.completion(seat["id"], training["ends_on"])
        lead = await office.lead(training, leader)
        made.append({
            "people": person,
            "enrollments": await office.again("enrollments", seat),
            "attendances": present,
            "certifications": await office.certification(person, training["course_code"]),
            "completions": done,
            "instructor-assignments": lead,
            "training": training,
            "leader": leader,
        })  # fmt: skip
    return Rosters(*made)


def personal_operations(api: Api) -> list[tuple[str, str]]:
    return [
        (method, re.sub(r"\{[^}]*\}", NOBODY, path))
        for path, operations in api.app.openapi()["paths"].items()
        for method in operations
        if path.split("/")[2] in OFFICERS_ONLY
    ]


async def test_only_officers_reach_what_is_about_people(api: Api) -> None:
    operations = personal_operations(api)
    assert len(operations) == 54
    for client in (api.viewer(), api.analyst(), api.admin()):
        for method, address in operations:
            # Refused before the body is read: a malformed one is refused the same.
            answer = await client.request(method, address, json={"nonsense": True}, headers={"If-Match": '"1"'})
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (method, address, answer.text)
    for method, address in operations:
        assert (await api.anonymous().request(method, address)).status_code == 401


async def test_everybody_reads_what_is_about_nobody(office: Any) -> None:
    training = await office.training()
    for client in (office.api.viewer(), office.api.analyst(), office.api.admin(), office.api.officer("GE")):
        for address in (
            "courses",
            "trainings",
            f"trainings/{training['id']}",
            "recorded-figures?measure=officers_trained",
        ):
            assert (await client.get(f"/v1/{address}")).status_code == 200, address


async def test_lists_and_files_hold_granted_countries_only(office: Any, rosters: Rosters) -> None:
    for noun in PERSONAL:
        mine = [rosters.mexico[noun]["id"]] + ([rosters.mexico["leader"]["id"]] if noun == "people" else [])
        mexico = office.api.officer("MX")
        page = (await mexico.get(f"/v1/{noun}?with_total=true&sort=created_at")).json()
        assert ([one["id"] for one in page["items"]], page["total_count"]) == (mine, len(mine)), noun
        csv = (await mexico.get(f"/v1/{noun}?format=csv&sort=created_at")).text.split("\r\n")
        assert [line.split(",")[0] for line in csv[1:-1]] == mine, noun
        ndjson = (await mexico.get(f"/v1/{noun}?format=ndjson")).text
        assert ndjson.count("\n") == len(mine), noun
        assert (await office.api.officer("FR").get(f"/v1/{noun}")).json()["items"] == [], noun
        no_grant = office.api.as_caller(caller("officer"))
        assert (await no_grant.get(f"/v1/{noun}")).json()["items"] == [], noun
        both = (await office.api.officer("MX", "GE").get(f"/v1/{noun}")).json()["items"]
        everywhere = (await office.api.officer().get(f"/v1/{noun}")).json()["items"]
        assert both == everywhere, noun
        assert len(both) == 2 * len(mine), noun


async def test_filters_do_not_reach_foreign_people(office: Any, rosters: Rosters) -> None:
    foreign = rosters.georgia
    mexico = office.api.officer("MX")
    for query in (
        "people?country_code=GE",
        "people?nationality_code=GE",
        f"enrollments?person_id={foreign['people']['id']}",
        f"completions?person_id={foreign['people']['id']}",
        f"completions?enrollment_id={foreign['enrollments']['id']}",
        f"instructor-assignments?person_id={foreign['leader']['id']}",
        f"attendances?person_id={foreign['people']['id']}",
        f"attendances?enrollment_id={foreign['enrollments']['id']}",
        f"certifications?person_id={foreign['people']['id']}",
    ):
        page = await mexico.get(f"/v1/{query}&with_total=true")
        assert page.json() == {"items": [], "next_cursor": None, "next": None, "total_count": 0}, query
        csv = await mexico.get(f"/v1/{query}&format=csv")
        assert (csv.status_code, csv.text.count("\r\n")) == (200, 1), query
        ndjson = await mexico.get(f"/v1/{query}&format=ndjson")
        assert (ndjson.status_code, ndjson.text) == (200, ""), query


async def test_foreign_record_is_as_absent(office: Any, rosters: Rosters) -> None:
    mexico = office.api.officer("MX")
    for noun in PERSONAL:
        foreign = rosters.georgia[noun]["id"]
        for method in ("GET", "PATCH"):
            if noun in {"completions", "certifications"} and method == "PATCH":
                continue
            answers = []
            for one in (foreign, NOBODY):
                answer = await mexico.request(method, f"/v1/{noun}/{one}", json={}, headers={"If-Match": '"1"'})
                answers.append(neutral(answer, one))
            assert answers[0] == answers[1], (noun, method)
            assert answers[0][0] == 404, (noun, method)
        assert (await office.api.officer("GE").get(f"/v1/{noun}/{foreign}")).json() == rosters.georgia[noun]


async def test_writing_about_foreign_people_is_as_about_nobody(office: Any, rosters: Rosters) -> None:
    mexico = office.api.officer("MX")
    training = await office.training()
    foreign = rosters.georgia
    free_seat = await office.enrollment(training["id"], foreign["people"]["id"])
    held = {"session_id": (await office.session(training))["id"], "hours": "1"}
    award = {"kind": "completion", "course_code": training["course_code"], "issued_on": "2010-01-01"}
    for noun, name, foreign_id, body in (
        ("enrollments", "person_id", foreign["leader"]["id"], {"training_id": training["id"]}),
        ("instructor-assignments", "person_id", foreign["leader"]["id"], {"training_id": training["id"]}),
        ("completions", "enrollment_id", free_seat["id"], {"completed_on": training["ends_on"]}),
        ("attendances", "enrollment_id", free_seat["id"], held),
        ("certifications", "person_id", foreign["people"]["id"], award | {"issuer_agency_code": "US-NM-CD"}),
    ):
        answers = [
            neutral(await mexico.post(f"/v1/{noun}", json=body | {name: one}), one) for one in (foreign_id, NOBODY)
        ]
        assert answers[0] == answers[1], noun
        assert answers[0][0] == 422, noun
    # The same by somebody with the grant.
    body = {"enrollment_id": free_seat["id"], "completed_on": training["ends_on"]}
    assert (await office.api.officer("GE").post("/v1/completions", json=body)).status_code == 201


async def test_people_are_recorded_with_a_grant_for_their_country(office: Any, rosters: Rosters) -> None:
    body = {"country_code": "GE", "nationality_code": "MX", "surname_1": "Person"}
    assert (await office.api.officer("MX").post("/v1/people", json=body)).status_code == 403
    assert (await office.api.as_caller(caller("officer")).post("/v1/people", json=body)).status_code == 403
    made = (await office.api.officer("GE").post("/v1/people", json=body)).json()
    assert (
        await office.api.officer("MX").get(f"/v1/people/{made['id']}")
    ).status_code == 404  # nationality is no grant
    address = f"/v1/people/{rosters.mexico['people']['id']}"
    for client, status in ((office.api.officer("MX"), 403), (office.api.officer("MX", "GE"), 200)):
        moved = await client.patch(address, json={"country_code": "GE"}, headers={"If-Match": '"1"'})
        assert moved.status_code == status
    assert (await office.api.officer("MX").get(address)).status_code == 404


async def test_no_cache_keeps_what_is_about_people(office: Any, rosters: Rosters) -> None:
    officer = office.api.officer("MX")
    for noun in PERSONAL:
        record = rosters.mexico[noun]
        address = f"/v1/{noun}/{record['id']}"
        answers = [
            await officer.get(f"/v1/{noun}"),
            await officer.get(f"/v1/{noun}?format=csv"),
            await officer.get(address),
            await officer.get(address, headers={"If-None-Match": f'"{record["version"]}"'}),
            await officer.get(f"/v1/{noun}/{NOBODY}"),
            await officer.patch(address, json={}, headers={"If-Match": '"1"'}),
            await officer.post(f"/v1/{noun}", json={}),
        ]
        assert {one.headers["cache-control"] for one in answers} == {"no-store"}, noun
        assert [one.status_code for one in answers[:4]] == [200, 200, 200, 304], noun
    assert (await officer.get("/v1/trainings")).headers["cache-control"] == "private, no-cache"


def neutral(answer: httpx.Response, name: str) -> tuple[int, dict[str, str], str]:
    """An answer without what differs by the id that was asked for."""
    headers = {key: value for key, value in answer.headers.items() if key != "x-request-id"}
    text = answer.text.replace(name, "ID").replace(answer.headers["x-request-id"], "REQUEST")
    return answer.status_code, headers, text
