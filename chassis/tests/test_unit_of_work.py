"""One request, one transaction: what was answered is committed, what failed left nothing."""

import asyncio
from typing import Any

from chassis.testing import Api, caller
from chassis.testing.contract import problem_fault
from fastapi import FastAPI


async def names(api: Api) -> list[str]:
    return [row["name"] for row in (await api.viewer().get("/v1/things")).json()["items"]]


async def test_commit_that_fails_is_an_error_and_never_a_success(api: Api) -> None:
    first = await api.officer().post("/v1/things", json={"name": "first", "ticket": "T1"})
    assert first.status_code == 201
    second = await api.officer().post("/v1/things", json={"name": "second", "ticket": "T1"})
    assert (second.status_code, second.headers["content-type"]) == (409, "application/problem+json")
    assert "location" not in second.headers
    assert second.json()["errors"] == [
        {"pointer": "#/ticket", "code": "uq_things_ticket", "message": "This ticket is taken."}
    ]
    assert await names(api) == ["first"]


async def test_change_whose_commit_fails_leaves_the_row_as_it_was(api: Api) -> None:
    await api.officer().post("/v1/things", json={"name": "first", "ticket": "T1"})
    made = (await api.officer().post("/v1/things", json={"name": "second"})).json()
    address = f"/v1/things/{made['id']}"
    changed = await api.officer().patch(address, json={"ticket": "T1"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["code"]) == (409, "duplicate")
    assert (await api.viewer().get(address)).json() == made


async def test_nothing_is_written_where_the_function_fails(api: Api) -> None:
    for how, status, code in (
        ("domain", 409, "conflict"),
        ("http", 404, "not_found"),
        ("bug", 500, "internal_error"),
        ("answer", 500, "internal_error"),
        ("database", 500, "internal_error"),
        ("slow", 503, "unavailable"),
        ("killed", 503, "unavailable"),
    ):
        answer = await api.officer().post("/v1/failures", json={"how": how})
        assert problem_fault(answer, status, code) is None, how
        assert "secret" not in answer.text
        assert await names(api) == []


async def test_stale_change_is_refused_and_two_changers_take_turns(api: Api) -> None:
    made = (await api.officer().post("/v1/things", json={"name": "first"})).json()
    address, headers = f"/v1/things/{made['id']}", {"If-Match": '"1"'}
    answers = await asyncio.gather(
        *(api.officer().patch(address, json={"name": f"by {n}"}, headers=headers) for n in range(2))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    assert (await api.viewer().get(address)).json()["version"] == 2


async def test_every_transaction_carries_the_identity_of_its_own_caller(api: Api) -> None:
    clients: list[Any] = [api.as_caller(caller(role)) for role in ("viewer", "analyst", "officer", "admin")]
    for _ in range(3):
        answers = await asyncio.gather(*(client.get("/v1/identity") for client in clients))
        assert [answer.json()["subject"] for answer in answers] == [
            "test-viewer",
            "test-analyst",
            "test-officer",
            "test-admin",
        ]
        assert all(answer.json()["request_id"] == answer.headers["x-request-id"] for answer in answers)


async def test_more_callers_than_connections_take_turns(api: Api) -> None:
    answers = await asyncio.gather(*(api.officer().post("/v1/things", json={"name": str(n)}) for n in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len(await names(api)) == 20


async def test_connection_is_free_once_a_file_is_made(app: FastAPI, api: Api) -> None:
    for _ in range(3):
        assert (await api.viewer().get("/v1/things?format=csv")).status_code == 200
        assert app.state.engine.pool.checkedout() == 0


async def test_answers_may_be_kept_only_to_be_asked_about_again(api: Api) -> None:
    made = await api.officer().post("/v1/things", json={"name": "first"})
    read = await api.viewer().get(made.headers["location"])
    assert (read.headers["cache-control"], read.headers["etag"]) == ("private, no-cache", '"1"')
    for offered in ('"1"', 'W/"1"', '"7", "1"', "*"):
        again = await api.viewer().get(made.headers["location"], headers={"If-None-Match": offered})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", '"1"')
    changed = await api.viewer().get(made.headers["location"], headers={"If-None-Match": '"2"'})
    assert changed.status_code == 200


async def test_order_of_refusals(api: Api) -> None:
    for client, address, kind, status in (
        (api.anonymous(), "/v1/things?nonsense=1", "text/plain", 401),
        (api.officer(), "/v1/things?nonsense=1", "text/plain", 400),
        (api.officer(), "/v1/things", "text/plain", 415),
        (api.officer(), "/v1/things", "application/json", 422),
        (api.officer(), "/v1/things", "application/merge-patch+json", 422),
    ):
        answer = await client.post(address, content=b"{}", headers={"Content-Type": kind})
        assert answer.status_code == status
