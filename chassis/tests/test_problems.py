"""Every failure is a problem document, in words for a user and without secrets."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from chassis.testing import Api, Database, Databases
from chassis.testing.contract import problem_fault
from sqlalchemy.ext.asyncio import create_async_engine

REFUSED_BY_DATABASE = {
    "23505": (409, "duplicate"),
    "23503": (409, "conflict"),
    "23P01": (409, "conflict"),
    "23514": (422, "validation"),
    "23502": (422, "validation"),
    "40001": (503, "unavailable"),
    "40P01": (503, "unavailable"),
    "55P03": (503, "unavailable"),
    "57014": (503, "unavailable"),
    "53300": (503, "unavailable"),
    "42501": (403, "forbidden"),
    "P0001": (500, "internal_error"),
    "22012": (500, "internal_error"),
}


async def test_what_the_database_refuses(api: Api) -> None:
    for sqlstate, (status, code) in REFUSED_BY_DATABASE.items():
        body = {"how": "database", "sqlstate": sqlstate, "constraint": "uq_things_ticket"}
        answer = await api.officer().post("/v1/failures", json=body)
        assert problem_fault(answer, status, code) is None, sqlstate
        assert "secret" not in answer.text
        assert ("retry-after" in answer.headers) == (status == 503)
        worded = [{"pointer": "#/ticket", "code": "uq_things_ticket", "message": "This ticket is taken."}]
        assert answer.json()["errors"] == (worded if status in {409, 422} else []), sqlstate


async def test_rule_without_words_is_named(api: Api) -> None:
    body = {"how": "database", "sqlstate": "23514", "constraint": "some_rule"}
    answer = await api.officer().post("/v1/failures", json=body)
    assert answer.json()["errors"] == [
        {"pointer": "#/", "code": "some_rule", "message": "This breaks the rule some_rule."}
    ]


async def test_database_that_takes_no_more_connections_is_unavailable_and_comes_back(
    api: Api, database: Database, databases: Databases
) -> None:
    assert (await api.viewer().get("/v1/things")).status_code == 200
    gone = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database.name}'"
    await databases._execute(f"ALTER DATABASE {database.name} CONNECTION LIMIT 0", gone)
    answer = await api.viewer().get("/v1/things")
    assert problem_fault(answer, 503, "unavailable") is None
    assert answer.headers["retry-after"] == "2"
    assert (await api.anonymous().get("/readyz")).status_code == 503
    assert (await api.anonymous().get("/livez")).status_code == 200
    await databases._execute(f"ALTER DATABASE {database.name} CONNECTION LIMIT -1")
    assert (await api.viewer().get("/v1/things")).status_code == 200
    assert (await api.anonymous().get("/readyz")).status_code == 200


async def test_unreachable_database_is_unavailable(api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    nobody = create_async_engine(f"postgresql+asyncpg://things_app@/things?host={tmp_path}")
    monkeypatch.setattr(api.app.state, "engine", nobody)
    for answer in (await api.viewer().get("/v1/things"), await api.officer().post("/v1/things", json={"name": "a"})):
        assert problem_fault(answer, 503, "unavailable") is None


async def test_pool_that_is_used_up_is_unavailable(api: Api) -> None:
    async with api.app.state.engine.connect(), api.app.state.engine.connect():
        assert problem_fault(await api.viewer().get("/v1/things"), 503, "unavailable") is None


async def test_large_body_is_refused_whether_its_length_is_declared_or_not(api: Api) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"[" + b" " * 999

    headers = {"Content-Type": "application/json"}
    for content in (b"[" * 20001, chunks()):
        answer = await api.officer().post("/v1/things", content=content, headers=headers)
        assert problem_fault(answer, 413, "too_large") is None


BAD_BODIES = [
    (b"", 422, "validation"),
    (b"{", 400, "bad_request"),
    (b"\xff", 400, "bad_request"),
    (b'{"name": "\xff"}', 400, "bad_request"),
    (b"[]", 422, "validation"),
    (b"null", 422, "validation"),
    (b'"text"', 422, "validation"),
    (b"[" * 20000, 400, "bad_request"),
    (b'{"name": "nul \\u0000"}', 422, "validation"),
    (b'{"name": "half a pair \\ud800"}', 400, "bad_request"),
    (b'{"name": "a", "place": 99999999999999}', 422, "validation"),
    (b'{"name": "a", "weight": "-1"}', 422, "validation"),
    (b'{"name": "a", "weight": 1}', 422, "validation"),
    (b'{"name": "a", "weight": "NaN"}', 422, "validation"),
    (b'{"name": "a", "seen_on": "2016-02-30"}', 422, "validation"),
    (b'{"name": "a", "surprise": 1}', 422, "validation"),
]


async def test_bad_body_is_a_problem_of_the_caller(api: Api) -> None:
    for body, status, code in BAD_BODIES:
        answer = await api.officer().post("/v1/things", content=body, headers={"Content-Type": "application/json"})
        assert problem_fault(answer, status, code) is None, (body[:80], answer.text)
    assert (await api.viewer().get("/v1/things")).json()["items"] == []


async def test_every_wrong_field_is_named_with_its_place(api: Api) -> None:
    answer = await api.officer().post("/v1/things", json={"place": "x", "sur/pr~ise": 1})
    assert answer.json()["detail"] == "3 fields need attention."
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [
        ("#/name", "missing"),
        ("#/place", "int_parsing"),
        ("#/sur~1pr~0ise", "unknown_field"),
    ]


async def test_wrong_parameters_are_named(api: Api) -> None:
    answer = await api.viewer().get("/v1/things?limit=none&weight_gte=heavy")
    assert [(one["parameter"], one["code"]) for one in answer.json()["errors"]] == [
        ("limit", "int_parsing"),
        ("weight_gte", "value_error"),
    ]
    path = await api.viewer().get("/v1/things/7")
    assert [(one["parameter"], one["code"]) for one in path.json()["errors"]] == [("thing_id", "uuid_parsing")]
    unknown = await api.viewer().get("/v1/things?wieght_gte=1&nonsense=2")
    assert [(one["parameter"], one["message"]) for one in unknown.json()["errors"]] == [
        ("wieght_gte", "There is no parameter 'wieght_gte'. Did you mean \"weight_gte\"?"),
        ("nonsense", "There is no parameter 'nonsense'."),
    ]


async def test_what_no_column_can_hold_is_a_problem_of_the_caller(api: Api) -> None:
    for query in ("q=%00", "q=a%00b", "place=99999999999999"):
        answer = await api.viewer().get(f"/v1/things?{query}")
        assert problem_fault(answer, 422, "validation") is None, query


async def test_unknown_address_and_method(api: Api) -> None:
    assert problem_fault(await api.anonymous().get("/v1/nothing"), 404, "not_found") is None
    assert problem_fault(await api.anonymous().get("/"), 404, "not_found") is None
    answer = await api.anonymous().put("/v1/things")
    assert problem_fault(answer, 405, "method_not_allowed") is None
    assert (answer.headers["allow"], answer.json()["detail"]) == ("GET, POST", "This address takes GET and POST.")


async def test_change_must_name_a_version(api: Api) -> None:
    made = await api.officer().post("/v1/things", json={"name": "first"})
    for given, status, code in (
        (None, 428, "precondition_required"),
        ("first", 400, "bad_request"),
        ('"²"', 400, "bad_request"),
        ('"0"', 412, "stale_version"),
        ('W/"1"', 200, ""),
    ):
        headers = {} if given is None else {"If-Match": given.encode()}
        answer: Any = await api.officer().patch(made.headers["location"], json={"name": "second"}, headers=headers)
        assert answer.status_code == status
        if code:
            assert problem_fault(answer, status, code) is None
    assert json.loads(answer.content)["version"] == 2
