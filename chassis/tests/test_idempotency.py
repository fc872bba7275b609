"""The same request sent again: one effect, one answer; what failed kept nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from chassis.idempotency import KeyedRequest
from chassis.testing import Api, Database, caller
from chassis.testing.contract import problem_fault
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from chassis import idempotency

KEY = {"Idempotency-Key": "7f9c2a"}
ONE = {"name": "one", "ticket": "T1"}
HELD = KeyedRequest("test-officer", "POST /v1/things", "7f9c2a", b"", b"", None)


async def names(api: Api) -> list[str]:
    return [row["name"] for row in (await api.viewer().get("/v1/things?limit=500")).json()["items"]]


async def post(api: Api, body: Any, key: str = "7f9c2a", query: str = "", **over: Any) -> httpx.Response:
    return await api.officer().post(f"/v1/things{query}", json=body, headers={"Idempotency-Key": key} | over)


async def rows(app: FastAPI) -> list[Any]:
    async with app.state.engine.connect() as connection:
        return list((await connection.execute(text("SELECT * FROM idempotency_keys ORDER BY key"))).all())


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(database.owner_url)
    yield engine
    await engine.dispose()


async def test_first_answer_is_given_again_byte_for_byte(api: Api) -> None:
    first = await post(api, ONE)
    again = await post(api, ONE)
    assert (first.status_code, first.headers.get("idempotency-replayed")) == (201, None)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.content == first.content
    for name in ("location", "etag", "content-type", "cache-control"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert await names(api) == ["one"]


async def test_answer_stays_the_first_one_after_the_record_changed(api: Api) -> None:
    first = await post(api, ONE)
    await api.officer().patch(first.headers["location"], json={"name": "changed"}, headers={"If-Match": '"1"'})
    assert (await post(api, ONE)).content == first.content
    assert await names(api) == ["changed"]


async def test_body_that_says_the_same_is_the_same(api: Api) -> None:
    first = await post(api, ONE)
    content = b'{ "ticket":"T1",\n "name":"\\u006fne"}'
    again = await api.officer().post("/v1/things", content=content, headers=KEY | {"Content-Type": "application/json"})
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")


async def test_key_stands_for_one_request_of_one_caller(api: Api) -> None:
    await post(api, ONE)
    for body, query in (({"name": "two"}, ""), (ONE | {"place": 1}, ""), (ONE, "?validate_only=false")):
        other = await post(api, body, query=query)
        assert problem_fault(other, 422, "idempotency_key_reused") is None
    assert (await post(api, {"name": "two"}, key="another")).status_code == 201
    somebody = api.as_caller(caller("viewer"))
    theirs = await somebody.post("/v1/things", json={"name": "three"}, headers=KEY)
    assert (theirs.status_code, theirs.headers.get("idempotency-replayed")) == (201, None)
    elsewhere = await api.officer().post("/v1/failures", json={"how": "domain"}, headers=KEY)
    assert problem_fault(elsewhere, 409, "conflict") is None
    assert await names(api) == ["one", "three", "two"]


async def test_answer_is_not_given_again_to_other_rights(api: Api) -> None:
    first = await post(api, ONE)  # an officer for all countries
    for changed in (caller("officer", "MX"), caller("officer", "MX", "GE")):
        refused = await api.as_caller(changed).post("/v1/things", json=ONE, headers=KEY)
        assert problem_fault(refused, 403, "forbidden") is None
        assert first.json()["id"] not in refused.text
    assert (await post(api, ONE)).content == first.content


@pytest.mark.parametrize("key", ["", " ", "a" * 256, "é", "a\tb", " a", "a ", "a\x7f"])
async def test_malformed_key_is_refused(api: Api, key: str) -> None:
    answer = await api.officer().post(
        "/v1/things", json=ONE, headers=httpx.Headers([(b"Idempotency-Key", key.encode("latin-1"))])
    )
    assert problem_fault(answer, 400, "bad_request") is None
    assert answer.json()["errors"][0]["parameter"] == "Idempotency-Key"
    assert await names(api) == []


async def test_two_keys_are_refused_and_longest_key_is_taken(api: Api, app: FastAPI) -> None:
    two = httpx.Headers([("Idempotency-Key", "a"), ("Idempotency-Key", "b")])
    assert problem_fault(await api.officer().post("/v1/things", json=ONE, headers=two), 400, "bad_request") is None
    longest = "~" + " !" * 127
    for _ in range(2):
        assert (await post(api, ONE, key=longest)).status_code == 201
    assert [row.key for row in await rows(app)] == [longest]


async def test_storm_of_one_key_has_one_effect_and_one_answer(api: Api) -> None:
    for wave in range(5):
        answers = await asyncio.gather(*(post(api, {"name": f"wave {wave}"}, key=f"storm {wave}") for _ in range(16)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        assert (
            sorted(answer.headers.get("idempotency-replayed", "first") for answer in answers)
            == ["first"] + ["true"] * 15
        )
    assert await names(api) == [f"wave {wave}" for wave in range(5)]


async def test_storm_over_two_processes_has_one_effect(api: Api, app: FastAPI) -> None:
    # Turns are of one process: without them only the database keeps order, as it does between replicas.
    class NoTurns:
        def take(self, _keyed: object) -> Any:
            return asyncio.Semaphore(100)

    app.state.turns = NoTurns()
    for wave in range(5):
        answers = await asyncio.gather(*(post(api, {"name": f"wave {wave}"}, key=f"storm {wave}") for _ in range(16)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
    assert await names(api) == [f"wave {wave}" for wave in range(5)]


async def test_storm_of_different_requests_with_one_key_does_one_of_them(api: Api) -> None:
    answers = await asyncio.gather(*(post(api, {"name": str(n)}) for n in range(16)))
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 15
    assert len(await names(api)) == 1


@pytest.mark.parametrize(
    ("how", "status"),
    [("domain", 409), ("http", 404), ("bug", 500), ("answer", 500), ("database", 500), ("slow", 503), ("killed", 503)],
)
async def test_failed_request_keeps_nothing_and_frees_its_key(api: Api, app: FastAPI, how: str, status: int) -> None:
    for _ in range(2):
        answer = await api.officer().post("/v1/failures", json={"how": how}, headers=KEY)
        assert (answer.status_code, answer.headers.get("idempotency-replayed")) == (status, None)
    assert (await names(api), await rows(app)) == ([], [])
    # Another body under the same key is a first request still.
    other = await api.officer().post("/v1/failures", json={"how": "domain"}, headers=KEY)
    assert other.status_code == 409


async def test_request_that_could_not_be_done_is_done_when_sent_again(api: Api) -> None:
    await post(api, {"name": "holder", "ticket": "T1"}, key="holder")
    refused = await post(api, ONE)
    assert problem_fault(refused, 409, "duplicate") is None  # at commit: the constraint is deferred
    holder = (await api.viewer().get("/v1/things")).json()["items"][0]
    address = f"/v1/things/{holder['id']}"
    await api.officer().patch(address, json={"ticket": None}, headers={"If-Match": '"1"'})
    first = await post(api, ONE)
    assert (first.status_code, first.headers.get("idempotency-replayed")) == (201, None)
    assert (await post(api, ONE)).content == first.content


async def test_key_in_flight_is_a_conflict_after_a_short_wait(
    api: Api, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.1)
    async with app.state.turns.take(HELD):
        answer = await post(api, ONE)
        assert problem_fault(answer, 409, "request_in_flight") is None
        assert answer.headers["retry-after"] == "1"
        assert app.state.engine.pool.checkedout() == 0
    assert (await post(api, ONE)).status_code == 201


async def test_key_held_by_another_process_is_a_conflict_and_then_free(
    api: Api, app: FastAPI, owner: AsyncEngine
) -> None:
    async with owner.connect() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": HELD.lock_id})
        answer = await post(api, ONE)
        assert problem_fault(answer, 409, "request_in_flight") is None
        assert await names(api) == []
    assert (await post(api, ONE)).status_code == 201


async def test_server_killed_between_effect_and_answer_leaves_neither(
    api: Api, app: FastAPI, owner: AsyncEngine, database: Database
) -> None:
    killer = create_async_engine(database.superuser_url, isolation_level="AUTOCOMMIT")
    async with killer.connect() as superuser, owner.connect() as holder:
        await holder.execute(text("LOCK TABLE idempotency_keys IN SHARE MODE"))
        waiting = asyncio.create_task(post(api, ONE))
        await asyncio.sleep(0.2)  # it has written the thing, and waits to keep its answer
        await superuser.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'things_app'")
        )
        answer = await waiting
    await killer.dispose()
    assert problem_fault(answer, 503, "unavailable") is None
    assert (await names(api), await rows(app)) == ([], [])
    first = await post(api, ONE)
    assert (first.status_code, first.headers.get("idempotency-replayed")) == (201, None)


async def test_connection_lost_while_committing_is_of_unknown_outcome(
    api: Api, app: FastAPI, owner: AsyncEngine, database: Database
) -> None:
    async with owner.begin() as connection:
        await connection.execute(
            text(
                "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
                " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
            )
        )
        await connection.execute(
            text(
                "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON things DEFERRABLE INITIALLY DEFERRED"
                " FOR EACH ROW EXECUTE FUNCTION die()"
            )
        )
    killer = create_async_engine(database.superuser_url, isolation_level="AUTOCOMMIT")
    async with killer.connect() as superuser:
        await superuser.execute(text("ALTER FUNCTION die() OWNER TO postgres"))
    await killer.dispose()
    answer = await post(api, ONE)
    assert problem_fault(answer, 503, "outcome_unknown") is None
    async with owner.begin() as connection:
        await connection.execute(text("DROP TRIGGER die ON things"))
    assert await names(api) == []
    assert (await post(api, ONE)).status_code == 201


async def test_old_keys_are_dropped_and_young_ones_kept(api: Api, app: FastAPI, owner: AsyncEngine) -> None:
    async with owner.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO idempotency_keys SELECT 'test-officer', 'POST /v1/things', n::text, '', '', 201, '{}', '',"
                " false, now() - n * interval '1 day' FROM generate_series(1, 60) n"
            )
        )
    kept = []
    for n in range(4):
        assert (await post(api, {"name": str(n)}, key=f"new {n}")).status_code == 201
        kept.append(len(await rows(app)) - n - 1)
    assert kept == [40, 20, 6, 6]


async def test_kept_row_holds_what_it_says(api: Api, app: FastAPI) -> None:
    made = await post(api, ONE)
    (row,) = await rows(app)
    assert (row.subject, row.operation, row.key, row.status) == ("test-officer", "POST /v1/things", "7f9c2a", 201)
    assert json.loads(bytes(row.body)) == made.json()
    assert row.headers == {"content-type": "application/json", "etag": '"1"', "location": made.headers["location"]}
    assert row.is_sealed is False


async def test_reading_and_changing_take_no_key(api: Api, app: FastAPI) -> None:
    made = await post(api, ONE, key="first")
    read = await api.viewer().get("/v1/things", headers=KEY)
    changed = await api.officer().patch(made.headers["location"], json={"name": "x"}, headers=KEY | {"If-Match": '"1"'})
    assert (read.status_code, changed.status_code) == (200, 200)
    assert [row.key for row in await rows(app)] == ["first"]


async def test_serving_role_keeps_reads_and_drops_answers_and_changes_none(api: Api, app: FastAPI) -> None:
    async with app.state.engine.connect() as connection:
        found = await connection.execute(
            text(
                "SELECT string_agg(privilege_type, ', ' ORDER BY privilege_type) FROM information_schema.role_table_grants"
                " WHERE table_name = 'idempotency_keys' AND grantee = current_user"
            )
        )
        assert found.scalar() == "DELETE, INSERT, SELECT"
