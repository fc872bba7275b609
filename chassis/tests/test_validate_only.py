"""Every check and no effect: `validate_only=true` on whatever writes."""

from typing import Any

import httpx
import pytest
from chassis.testing import Api
from chassis.testing.contract import problem_fault
from fastapi import FastAPI
from sqlalchemy import text

CHECK = "?validate_only=true"
PASSED = (200, {"is_valid": True})


async def names(api: Api) -> list[str]:
    return [row["name"] for row in (await api.viewer().get("/v1/things")).json()["items"]]


async def post(api: Api, query: str = CHECK, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    return await api.officer().post(f"/v1/things{query}", json=body, headers=headers)


async def test_what_passes_every_check_leaves_nothing(api: Api, app: FastAPI) -> None:
    for headers in ({}, {"Idempotency-Key": "k"}, {"Idempotency-Key": "k"}):
        answer = await post(api, headers=headers, name="one")
        assert (answer.status_code, answer.json()) == PASSED
        assert not {"location", "etag", "idempotency-replayed"} & set(answer.headers)
        assert answer.headers["cache-control"] == "private, no-cache"
    assert await names(api) == []
    async with app.state.engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM idempotency_keys")) == 0
    # The key is free for the call itself.
    done = await post(api, "", {"Idempotency-Key": "k"}, name="one")
    assert (done.status_code, done.headers.get("idempotency-replayed")) == (201, None)
    assert (await post(api, headers={"Idempotency-Key": "k"}, name="two")).json() == {"is_valid": True}
    assert await names(api) == ["one"]


@pytest.mark.parametrize("value", ["true", "1", "True"])
async def test_true_may_be_written_in_several_ways(api: Api, value: str) -> None:
    answer = await post(api, f"?validate_only={value}", name="one")
    assert ((answer.status_code, answer.json()), await names(api)) == (PASSED, [])


@pytest.mark.parametrize("value", ["", "perhaps", "2", "tru"])
async def test_what_is_neither_true_nor_false_is_refused(api: Api, value: str) -> None:
    for headers in ({}, {"Idempotency-Key": "k"}):
        answer = await post(api, f"?validate_only={value}", headers, name="one")
        assert problem_fault(answer, 422, "validation") is None
        assert answer.json()["errors"][0]["parameter"] == "validate_only"
    assert await names(api) == []


async def test_false_is_the_call_itself(api: Api) -> None:
    assert (await post(api, "?validate_only=false", name="one")).status_code == 201
    for both in ("?validate_only=true&validate_only=false", "?validate_only=false&validate_only=true"):
        assert problem_fault(await post(api, both, name="two"), 400, "repeated_parameter") is None
    assert await names(api) == ["one"]


async def test_rules_of_the_database_are_checked_those_at_commit_too(api: Api) -> None:
    await post(api, "", name="holder", ticket="T1")
    for body, status, pointer in (
        ({"name": "x", "ticket": "T1"}, 409, "#/ticket"),  # deferred to commit
        ({"name": "x", "weight": "-1"}, 422, "#/weight"),
        ({}, 422, "#/name"),
    ):
        checked, done = await post(api, **body), await post(api, "", **body)
        assert (checked.status_code, checked.json()["errors"][0]["pointer"]) == (status, pointer)
        assert checked.json() | {"request_id": ""} == done.json() | {"request_id": ""}
    assert await names(api) == ["holder"]


async def test_change_is_checked_and_not_made(api: Api) -> None:
    await post(api, "", name="holder", ticket="T1")
    made = await post(api, "", name="one")
    address = made.headers["location"]
    for body, version, status in (
        ({"name": "two"}, '"1"', 200),
        ({"ticket": "T1"}, '"1"', 409),
        ({"name": "two"}, '"7"', 412),
        ({"nonsense": "two"}, '"1"', 422),
    ):
        answer = await api.officer().patch(address + CHECK, json=body, headers={"If-Match": version})
        assert answer.status_code == status
    assert (await api.officer().patch(address + CHECK, json={})).status_code == 428
    assert (await api.viewer().get(address)).json() == made.json()


async def test_failure_is_a_failure_of_the_check_too(api: Api) -> None:
    for how, status in (("domain", 409), ("bug", 500), ("killed", 503)):
        answer = await api.officer().post(f"/v1/failures{CHECK}", json={"how": how})
        assert answer.status_code == status
    assert await names(api) == []


async def test_reading_cannot_be_validated(api: Api) -> None:
    assert problem_fault(await api.viewer().get(f"/v1/things{CHECK}"), 400, "unknown_parameter") is None
