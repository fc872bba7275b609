"""The feed of things: whole transactions, numbered without gaps, chained, and the tables at any number."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from chassis.feed import FIRST_HASH, ROW_TEXT, TX_TEXT
from chassis.testing import ACTING, Api, Database
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

THING = "INSERT INTO things (name, place, weight, seen_on, note) VALUES ('{}', 0, 0, '2016-03-01', 'secret words')"


@pytest.fixture
async def served(database: Database) -> AsyncIterator[AsyncEngine]:
    """The database as the serving role sees it."""
    engine = create_async_engine(database.app_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def superuser(database: Database) -> AsyncIterator[AsyncEngine]:
    """The database as it is."""
    engine = create_async_engine(database.superuser_url)
    yield engine
    await engine.dispose()


async def write(engine: AsyncEngine, *statements: str) -> None:
    """Run statements as somebody, in one transaction."""
    async with engine.begin() as connection:
        for statement in (ACTING, *statements):
            await connection.execute(text(statement))


async def read(engine: AsyncEngine, question: str, **values: Any) -> list[Any]:
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(question), values)]


async def test_transaction_is_one_number_with_its_rows_in_order(served: AsyncEngine) -> None:
    await write(served, THING.format("one"), THING.format("two"), "UPDATE things SET place = 7, note = 'other words'")
    await write(served, "UPDATE things SET place = 8 WHERE false", THING.format("three"))
    assert await read(served, "SELECT number, actor, request_id, row_count FROM feed_tx ORDER BY number") == [
        (1, "somebody", "a test", 4),
        (2, "somebody", "a test", 1),
    ]
    found = await read(
        served,
        "SELECT number, ord, entity, operation, before ->> 'name', before -> 'place', after ->> 'name', after -> 'place'"
        " FROM feed JOIN feed_tx USING (tx_key) ORDER BY number, ord",
    )
    assert found[:2] == [
        (1, 0, "things", "insert", None, None, "one", 0),
        (1, 1, "things", "insert", None, None, "two", 0),
    ]
    assert sorted(found[2:4], key=lambda row: row[4]) == [
        (1, found[2][1] if found[2][4] == "one" else found[3][1], "things", "update", "one", 0, "one", 7),
        (1, found[2][1] if found[2][4] == "two" else found[3][1], "things", "update", "two", 0, "two", 7),
    ]
    assert [row[1] for row in found[2:4]] == [2, 3]
    assert found[4:] == [(2, 0, "things", "insert", None, None, "three", 0)]


async def test_rolled_back_changes_leave_no_gap_and_savepoints_no_trace(served: AsyncEngine) -> None:
    with pytest.raises(ZeroDivisionError):
        async with served.begin() as connection:
            await connection.execute(text(ACTING))
            await connection.execute(text(THING.format("never")))
            raise ZeroDivisionError
    await write(
        served,
        "SAVEPOINT first",
        THING.format("undone"),
        "ROLLBACK TO SAVEPOINT first",
        THING.format("kept"),
        "SAVEPOINT second",
        THING.format("undone too"),
        "ROLLBACK TO SAVEPOINT second",
    )
    assert await read(served, "SELECT number, row_count FROM feed_tx") == [(1, 1)]
    assert await read(served, "SELECT after ->> 'name' FROM feed") == [("kept",)]


async def test_change_without_somebody_who_makes_it_is_refused(served: AsyncEngine, superuser: AsyncEngine) -> None:
    for engine in (served, superuser):
        for setting in ("", "SELECT set_config('app.subject', 'somebody', true)"):
            with pytest.raises(DBAPIError, match="a change needs somebody who makes it"):
                async with engine.begin() as connection:
                    if setting:
                        await connection.execute(text(setting))
                    await connection.execute(text(THING.format("nobody")))
    assert await read(superuser, "SELECT count(*) FROM things") == [(0,)]


async def test_serving_role_writes_no_feed(served: AsyncEngine) -> None:
    await write(served, THING.format("one"))
    for statement in (
        "INSERT INTO feed_tx (tx_key, actor, request_id) VALUES (99, 'x', 'x')",
        "UPDATE feed_tx SET actor = 'x'",
        "DELETE FROM feed_tx",
        "UPDATE feed SET after = NULL",
        "DELETE FROM feed",
        "UPDATE feed_head SET number = 0",
        "SELECT key FROM feed_key",
        "SELECT feed_begin()",
        "TRUNCATE things",
        "ALTER TABLE things DISABLE TRIGGER ALL",
    ):
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            await write(served, statement)


async def test_table_with_a_feed_is_truncated_by_nobody(superuser: AsyncEngine) -> None:
    with pytest.raises(DBAPIError, match="things cannot be truncated"):
        await write(superuser, "TRUNCATE things")


async def test_sealed_transaction_makes_no_more_changes(served: AsyncEngine) -> None:
    with pytest.raises(DBAPIError, match="are sealed"):
        await write(served, THING.format("one"), "SET CONSTRAINTS ALL IMMEDIATE", THING.format("two"))
    assert await read(served, "SELECT count(*) FROM feed_tx") == [(0,)]


async def test_validation_seals_nothing(api: Api, served: AsyncEngine) -> None:
    answer = await api.officer().post("/v1/things?validate_only=true", json={"name": "one"})
    assert answer.json() == {"is_valid": True}
    assert await read(served, "SELECT number FROM feed_head") == [(0,)]
    assert await read(served, "SELECT count(*) FROM feed_tx") == [(0,)]


async def test_request_is_told_with_its_caller_and_id(api: Api, served: AsyncEngine) -> None:
    answer = await api.officer().post("/v1/things", json={"name": "one"}, headers={"Idempotency-Key": "k"})
    again = await api.officer().post("/v1/things", json={"name": "one"}, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert await read(served, "SELECT number, actor, request_id, row_count FROM feed_tx") == [
        (1, "test-officer", answer.headers["x-request-id"], 1)
    ]


async def test_personal_column_is_a_digest_that_changes_with_it(served: AsyncEngine, superuser: AsyncEngine) -> None:
    await write(served, THING.format("one"), "UPDATE things SET place = 1")
    await write(served, "UPDATE things SET note = 'other words'")
    await write(served, "UPDATE things SET note = NULL")
    notes = [note for (note,) in await read(superuser, "SELECT after ->> 'note' FROM feed ORDER BY tx_key, ord")]
    assert notes[0] == notes[1] != notes[2]
    assert notes[3] is None
    ((key,),) = await read(superuser, "SELECT key FROM feed_key")
    inner = hashlib.sha256(key + b"secret words").digest()
    assert notes[0] == "\\x" + hashlib.sha256(key + inner).hexdigest()
    assert len(key) == 32
    assert "words" not in str(await read(superuser, "SELECT feed::text FROM feed"))


async def test_chain_can_be_recomputed_from_what_is_stored(served: AsyncEngine, superuser: AsyncEngine) -> None:
    for name in ("one", "two", "three"):
        await write(served, THING.format(name), "UPDATE things SET place = place + 1")
    ((last,),) = await read(superuser, f"SELECT {FIRST_HASH}")
    for number, key, stated, stored in await read(
        superuser, f"SELECT number, tx_key, {TX_TEXT}, hash FROM feed_tx ORDER BY number"
    ):
        rows = await read(superuser, f"SELECT {ROW_TEXT}, row_hash FROM feed WHERE tx_key = :key ORDER BY ord", key=key)
        assert [hashlib.sha256(row.encode()).digest() for row, _ in rows] == [row_hash for _, row_hash in rows]
        digest = hashlib.sha256(b"".join(row_hash for _, row_hash in rows)).digest()
        last = hashlib.sha256(last + digest + stated.encode()).digest()
        assert stored == last
        assert json.loads(stated)[0] == number
    assert await read(superuser, "SELECT number, hash FROM feed_head") == [(3, last)]


async def test_writers_at_once_are_numbered_in_the_order_of_their_commits(served: AsyncEngine) -> None:
    async def write_some(name: str) -> None:
        for _ in range(10):
            await write(served, THING.format(name))

    await asyncio.gather(*(write_some(name) for name in "abcd"))
    found = await read(served, "SELECT number, sealed_at FROM feed_tx ORDER BY number")
    assert [number for number, _ in found] == list(range(1, 41))
    assert all(earlier < later for (_, earlier), (_, later) in pairwise(found))


async def test_readers_miss_nothing_and_see_each_transaction_whole_while_one_has_20_000_rows(
    served: AsyncEngine,
) -> None:
    seen: dict[int, int] = {}
    numbers: list[int] = []
    following = "SELECT number, row_count, count(f.tx_key) FROM feed_tx t LEFT JOIN feed f USING (tx_key) {} {}"
    question = following.format("WHERE number > :after", "GROUP BY t.tx_key ORDER BY number")

    async def follow() -> None:
        for number, row_count, rows in await read(served, question, after=len(seen)):
            assert rows == row_count  # whole at first sight
            numbers.append(number)
            seen[number] = rows

    async def write_some(name: str) -> None:
        for _ in range(5):
            await write(served, THING.format(name))
            await follow_in_turn()

    turn = asyncio.Lock()

    async def follow_in_turn() -> None:
        async with turn:
            await follow()

    many = THING.partition("VALUES")[0] + (
        "SELECT 'one of many', 0, 0, '2016-03-01', 'secret words' FROM generate_series(1, 20000)"
    )
    async with served.begin() as connection:
        await connection.execute(text(ACTING))
        await connection.execute(text(many))
        # Nobody waits for a transaction that is only under way, and nobody sees any of it.
        await asyncio.gather(*(write_some(name) for name in "abcd"))
        assert sorted(seen.values()) == [1] * 20
        committing = asyncio.gather(*(write_some(name) for name in "abcd"))
        await connection.commit()
    await committing
    await follow()
    assert numbers == list(range(1, 42))
    assert sorted(seen.values()) == [1] * 40 + [20_000]


async def test_table_is_known_as_it_was_at_each_number(served: AsyncEngine) -> None:
    table = "SELECT name, place FROM {} ORDER BY name"
    seen = [await read(served, table.format("things"))]
    for statements in (
        [THING.format("one"), THING.format("two")],
        ["UPDATE things SET place = 1 WHERE name = 'one'", "UPDATE things SET place = 2 WHERE name = 'one'"],
        [THING.format("three"), "UPDATE things SET place = 3 WHERE name = 'three'"],
        ["UPDATE things SET place = 9"],
    ):
        await write(served, *statements)
        seen.append(await read(served, table.format("things")))
    for number, then in enumerate(seen):
        assert await read(served, table.format(f"known_things({number})")) == then


async def test_deletion_is_told_and_undone_in_what_is_known(superuser: AsyncEngine) -> None:
    await write(superuser, THING.format("one"))
    await write(superuser, "DELETE FROM things")
    assert await read(superuser, "SELECT operation, before ->> 'name' FROM feed ORDER BY tx_key") == [
        ("insert", None),
        ("delete", "one"),
    ]
    assert await read(superuser, "SELECT name, note FROM known_things(1)") == [("one", None)]
    assert await read(superuser, "SELECT name FROM known_things(2)") == []
