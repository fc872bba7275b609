"""Units and vetting: who may record it, until when it holds, and which seats are at risk."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from chassis.testing import ACTING, caller
from chassis.testing.voids import STANDS, check_void
from chassis.unit_of_work import open_session
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from trainings.clearance import is_cleared

NOBODY = "01920000-0000-7000-8000-0000000000ff"
TODAY = datetime.now(UTC).date()
UNIT = {"name": "Guard company", "country_code": "MX", "is_security_force": True}


def version(number: int) -> dict[str, str]:
    return {"If-Match": f'"{number}"'}


def on(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


async def vet(office: Any, **over: Any) -> dict[str, Any]:
    body = {"requested_on": "2024-02-01", "result": "approved", "result_on": "2024-03-01"} | over
    answer = await office.api.vetter().post("/v1/vetting-records", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_units_are_kept_by_their_country_and_make_no_circle(office: Any, app_engine: AsyncEngine) -> None:
    commander = await office.person()
    body = UNIT | {"code": "MX-GUARD", "agency_code": "US-BOP", "commander_person_id": commander["id"]}
    made = await office.post("units", body)
    assert made == body | {
        "id": made["id"],
        "version": 1,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "parent_id": None,
    }
    mexico, georgia = office.api.officer("MX"), office.api.officer("GE")
    address = f"/v1/units/{made['id']}"
    assert (await mexico.get(address)).json() == made
    assert (await mexico.get("/v1/units?q=guard&agency_code=US-BOP&parent_id_is_null=true")).json()["items"] == [made]
    assert (await georgia.get("/v1/units")).json()["items"] == []
    assert (await georgia.get(address)).status_code == 404
    assert (await georgia.post("/v1/units", json=UNIT)).status_code == 403
    assert (await mexico.patch(address, json={"country_code": "GE"}, headers=version(1))).status_code == 403
    foreign = await office.person(country_code="GE")
    for over, status, pointer in (
        ({"code": "MX-GUARD"}, 409, "#/code"),
        ({"commander_person_id": foreign["id"]}, 422, "#/commander_person_id"),
        ({"commander_person_id": NOBODY}, 422, "#/commander_person_id"),
        ({"parent_id": NOBODY}, 422, "#/parent_id"),
    ):
        answer = await mexico.post("/v1/units", json=UNIT | over)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer)
    part = await office.post("units", UNIT | {"parent_id": made["id"]})
    smaller = await office.post("units", UNIT | {"parent_id": part["id"]})
    for parent in (made, part, smaller):
        answer = await mexico.patch(address, json={"parent_id": parent["id"]}, headers=version(1))
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/parent_id")
    async with open_session(app_engine, caller("officer", "MX")) as session:
        circle = f"UPDATE units SET parent_id = '{smaller['id']}' WHERE id = '{made['id']}'"
        with pytest.raises(DBAPIError, match="part of it"):
            await (await session.connection()).execute(text(circle))
    changed = await mexico.patch(address, json={"name": "Guards", "is_security_force": False}, headers=version(1))
    assert (changed.status_code, changed.json()["name"], changed.json()["version"]) == (200, "Guards", 2)
    person = await office.person(unit_id=made["id"])
    assert person["unit_id"] == made["id"]
    refused = await georgia.post(
        "/v1/people", json={"country_code": "GE", "nationality_code": "GE", "surname_1": "P", "unit_id": made["id"]}
    )
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/unit_id")


async def test_vetting_is_for_officers_with_the_flag(office: Any) -> None:
    person = await office.person()
    made = await vet(office, person_id=person["id"], case_reference="Case 1")
    assert made == {
        **STANDS,
        "id": made["id"],
        "version": 1,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "person_id": person["id"],
        "unit_id": None,
        "requested_on": "2024-02-01",
        "result": "approved",
        "result_on": "2024-03-01",
        "valid_until": "2025-02-28",
        "case_reference": "Case 1",
    }
    address = f"/v1/vetting-records/{made['id']}"
    body = {"person_id": person["id"], "requested_on": "2024-02-01"}
    # A grant alone is not enough; the flag of another country is none.
    mixed = office.api.as_caller(caller("officer", "MX", "GE", vetting=["GE"]))
    for client in (office.api.officer("MX"), mixed):
        assert (await client.get("/v1/vetting-records")).json()["items"] == []
        assert (await client.get(address)).status_code == 404
        assert (await client.post("/v1/vetting-records", json=body)).status_code == 403
        assert (await client.patch(address, json={}, headers=version(1))).status_code == 404
        void = await client.post(f"{address}/void", json={"reason": "x"}, headers=version(1))
        assert void.status_code == 404
    foreign = await office.api.vetter("GE").post("/v1/vetting-records", json=body)
    assert (foreign.status_code, foreign.json()["errors"][0]["pointer"]) == (422, "#/person_id")
    assert (await office.api.as_caller(caller("analyst", "MX", vetting=["MX"])).get(address)).status_code == 403
    mexico = office.api.vetter("MX")
    assert (await mexico.get(address)).json() == made
    assert (await mexico.get("/v1/vetting-records?result=approved&valid_until_lte=2025-02-28")).json()["items"] == [
        made
    ]
    unit = await office.post("units", UNIT)
    of_unit = await vet(office, unit_id=unit["id"], result="pending", result_on=None)
    assert (of_unit["unit_id"], of_unit["valid_until"]) == (unit["id"], None)
    for over, pointer in (
        ({"unit_id": unit["id"]}, "#/"),
        ({"person_id": None}, "#/"),
        ({"requested_on": on(1)}, "#/requested_on"),
        ({"result": "approved"}, "#/result_on"),
        ({"result_on": "2024-03-01"}, "#/result_on"),
        ({"result": "approved", "result_on": "2024-01-31"}, "#/result_on"),
        ({"result": "approved", "result_on": on(1)}, "#/result_on"),
        ({"reason": "derogatory"}, "#/reason"),
    ):
        answer = await mexico.post("/v1/vetting-records", json=body | over)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), answer.text
    result = {"result": "approved", "result_on": "2024-03-02"}
    of_unit = (await mexico.patch(f"/v1/vetting-records/{of_unit['id']}", json=result, headers=version(1))).json()
    assert (of_unit["result"], of_unit["valid_until"]) == ("approved", "2025-03-01")
    for change, status in (
        ({"result": "canceled", "result_on": "2024-03-02"}, 409),
        ({"result": "suspended", "result_on": "2024-05-01"}, 200),
    ):
        answer = await mexico.patch(f"/v1/vetting-records/{of_unit['id']}", json=change, headers=version(2))
        assert answer.status_code == status, answer.text
    assert answer.json()["valid_until"] is None
    assert (
        await mexico.patch(f"/v1/vetting-records/{of_unit['id']}", json=result, headers=version(2))
    ).status_code == 412
    await check_void(office.api, address)
    # One subject, and only an approval is valid: said by the database too.
    columns = "INSERT INTO vetting_records (person_id, unit_id, requested_on, result, result_on, valid_until) VALUES "
    for values in (
        "(NULL, NULL, '2024-01-01', 'pending', NULL, NULL)",
        f"('{person['id']}', '{unit['id']}', '2024-01-01', 'pending', NULL, NULL)",
        f"('{person['id']}', NULL, '2024-01-01', 'rejected', '2024-01-02', '2024-02-01')",
        f"('{person['id']}', NULL, '2024-01-02', 'approved', '2024-01-01', '2024-02-01')",
    ):
        async with office.api.app.state.engine.connect() as connection:
            await connection.execute(text(ACTING))
            with pytest.raises(DBAPIError, match="ck_vetting_records"):
                await connection.execute(text(columns + values))


async def test_clearance_is_of_person_unit_and_commander_on_the_day(office: Any, app_engine: AsyncEngine) -> None:
    person, commander = await office.person(), await office.person()
    force = await office.post("units", UNIT | {"commander_person_id": commander["id"]})
    school = await office.post("units", UNIT | {"is_security_force": False, "commander_person_id": commander["id"]})

    async def faults(unit: dict[str, Any] | None, day: str, who: dict[str, Any] = person) -> list[str]:
        async with open_session(app_engine, caller("officer", "MX")) as session:
            unit_id = uuid.UUID(unit["id"]) if unit else None
            return await is_cleared(session, uuid.UUID(who["id"]), unit_id, date.fromisoformat(day))

    start = "2025-02-28"
    assert await faults(None, start) == ["The person has no clearance by 28 February 2025."]
    await vet(office, person_id=person["id"], result="pending", result_on=None)
    made = await vet(office, person_id=person["id"])
    assert await faults(None, start) == []
    assert await faults(school, start) == []
    # The approval of 1 March 2024 is a day too short for 1 March 2025, and none before it was given.
    assert await faults(None, "2025-03-01") == [
        "The person has a clearance until 28 February 2025 only, not on 1 March 2025."
    ]
    assert await faults(None, "2024-02-29") == ["The person has no clearance by 29 February 2024."]
    assert await faults(force, start) == [
        "The unit has no clearance by 28 February 2025.",
        "The unit's commander has no clearance by 28 February 2025.",
    ]
    await vet(office, unit_id=force["id"])
    late = await vet(office, person_id=commander["id"], result="suspended", result_on="2024-04-01")
    assert await faults(force, start) == [
        "The unit's commander has no clearance: the last vetting was suspended on 1 April 2024."
    ]
    await vet(office, person_id=commander["id"], result_on="2024-05-01")
    assert await faults(force, start) == []
    assert late["valid_until"] is None
    # Of a person all records count, whichever the vetting was recorded for; a merge taken back takes it with it.
    twin = await office.person()
    link = {"person_id": twin["id"], "canonical_person_id": person["id"], "evidence": "x"}
    merge = await office.post("merges", link)
    assert await faults(None, start, twin) == []
    await vet(office, person_id=twin["id"], result="rejected", result_on="2024-06-01")
    assert await faults(None, start) == ["The person has no clearance: the last vetting was rejected on 1 June 2024."]
    undone = await office.api.officer().post(f"/v1/merges/{merge['id']}/void", json={"reason": "x"}, headers=version(1))
    assert undone.status_code == 200
    assert await faults(None, start) == []
    void = f"/v1/vetting-records/{made['id']}/void"
    assert (await office.api.vetter().post(void, json={"reason": "x"}, headers=version(1))).status_code == 200
    assert await faults(None, start) == ["The person has no clearance by 28 February 2025."]
    # Of whom one may not see nobody is told that they are cleared.
    async with open_session(app_engine, caller("officer", "GE")) as session:
        found = await is_cleared(session, uuid.UUID(commander["id"]), uuid.UUID(force["id"]), date(2025, 2, 28))
    assert [one.split(" has ")[0] for one in found] == ["The person", "The unit"]


async def test_seats_at_risk_follow_the_training(office: Any, app_engine: AsyncEngine) -> None:
    course = await office.course()
    coming = await office.training(course_code=course["code"], starts_on=on(30), ends_on=on(40))
    past = await office.training(course_code=course["code"])
    approved = await vet(office, person_id=(await office.person())["id"], requested_on=on(-320), result_on=on(-320))
    people = [await office.person(), approved["person_id"], await office.person(country_code="GE")]
    ids = [one if isinstance(one, str) else one["id"] for one in people]
    seats = [await office.enrollment(coming["id"], one) for one in ids]
    for one in ids[:2]:
        await office.enrollment(past["id"], one)

    async def at_risk(query: str = "", *countries: str) -> dict[str, list[str]]:
        answer = await office.api.officer(*countries).get(f"/v1/seats-at-risk?{query}")
        assert answer.status_code == 200, answer.text
        return {one["id"]: one["reasons"] for one in answer.json()["items"]}

    (mexican,) = (await office.api.officer("MX").get("/v1/seats-at-risk?limit=1&with_total=true")).json()["items"]
    start = f"{(TODAY + timedelta(days=30)).day} {TODAY + timedelta(days=30):%B %Y}"
    assert mexican == {
        "id": seats[0]["id"],
        "training_id": coming["id"],
        "person_id": ids[0],
        "unit_id": None,
        "status": "nominated",
        "starts_on": on(30),
        "country_code": "MX",
        "reasons": [f"The person has no clearance by {start}."],
    }
    assert set(await at_risk()) == {seats[0]["id"], seats[2]["id"]}
    page = (await office.api.officer().get("/v1/seats-at-risk?limit=1&sort=-starts_on&with_total=true")).json()
    rest = (await office.api.officer().get(page["next"])).json()
    assert {one["id"] for one in page["items"] + rest["items"]} == {seats[0]["id"], seats[2]["id"]}
    assert (page["total_count"], rest["next"]) == (2, None)
    assert set(await at_risk("country_code=GE")) == {seats[2]["id"]}
    assert await at_risk("country_code=GE", "MX") == {}
    assert set(await at_risk(f"training_id={coming['id']}", "GE")) == {seats[2]["id"]}
    assert await at_risk(f"training_id={past['id']}") == {}
    listed = (await office.api.officer("MX").get("/v1/seats-at-risk?format=csv")).text.splitlines()
    assert len(listed) == 2
    assert listed[1].startswith(seats[0]["id"])
    # Moved by a month the clearance of the second no longer holds.
    moved = {"starts_on": on(60), "ends_on": on(70)}
    answer = await office.api.officer().patch(f"/v1/trainings/{coming['id']}", json=moved, headers=version(1))
    assert answer.status_code == 200
    risky = await at_risk("", "MX")
    assert set(risky) == {seats[0]["id"], seats[1]["id"]}
    assert "has a clearance until" in risky[seats[1]["id"]][0]
    # Who needs none, or has left, is at no risk.
    async with app_engine.begin() as connection:
        await connection.execute(text(ACTING))
        change = "UPDATE enrollments SET status = 'withdrawn' WHERE id = :id"
        await connection.execute(text(change), {"id": seats[0]["id"]})
        change = "UPDATE enrollments SET vetting_basis = 'not_required', vetting_reason = 'A judge.' WHERE id = :id"
        await connection.execute(text(change), {"id": seats[1]["id"]})
    assert await at_risk("", "MX") == {}
    assert (await office.api.viewer().get("/v1/seats-at-risk")).status_code == 403
