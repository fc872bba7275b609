"""What was recorded by an instant: how an instant is written, which number it has, and lists of the past."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from chassis.known import default_day, read_instant, write_instant
from chassis.testing import ACTING, Api, Database
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

NUMBER_AT = text("SELECT feed_number_at(:known_at)")
THING = text("INSERT INTO things (name, place, weight, seen_on) VALUES (:name, 0, 0, '2016-03-01')")


@pytest.fixture
async def served(database: Database) -> AsyncIterator[AsyncEngine]:
    """The database as the serving role sees it."""
    engine = create_async_engine(database.app_url)
    yield engine
    await engine.dispose()


async def head_of(engine: AsyncEngine) -> datetime:
    """The time of the last change."""
    async with engine.connect() as connection:
        found: datetime = (await connection.execute(text("SELECT sealed_at FROM feed_head"))).scalar_one()
        return found


async def number_at(engine: AsyncEngine, known_at: datetime) -> int | None:
    async with engine.connect() as connection:
        found: int | None = (await connection.execute(NUMBER_AT, {"known_at": known_at})).scalar_one()
        return found


async def post(api: Api, name: str) -> dict[str, Any]:
    answer = await api.officer().post("/v1/things", json={"name": name})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def names(api: Api, **params: Any) -> list[str]:
    answer = await api.viewer().get("/v1/things", params=params)
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["items"]]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"),
        ("2026-03-01t12:00:00.5z", "2026-03-01T12:00:00.500000Z"),
        ("2026-03-01T12:00:00.123456789+02:00", "2026-03-01T10:00:00.123456Z"),
        ("2026-03-01T23:30:00-05:00", "2026-03-02T04:30:00Z"),
        ("2026-03-01", "2026-03-01T23:59:59.999999Z"),
    ],
)
def test_instant_has_an_offset_or_is_the_end_of_a_day(written: str, meant: str) -> None:
    assert write_instant(read_instant(written)) == meant


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-01T12:00:00", "2026-03-01T12:00:00 02:00", "2026-03-01 12:00:00Z", "2026-02-30", "2026-03", "now", "",
        "1772366400", 1772366400, None, "2026-03-01T12:00:61Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
        "2026-03-01\n", "٢٠٢٦-03-01",
    ],
)  # fmt: skip
def test_what_names_no_instant_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_instant(written)


def test_answer_is_as_of_the_day_of_its_instant_in_utc() -> None:
    assert default_day(read_instant("2026-03-01T23:30:00-05:00")) == date(2026, 3, 2)
    assert default_day(None) == datetime.now(UTC).date()


async def test_instant_has_the_number_of_the_last_change_by_then(api: Api, served: AsyncEngine) -> None:
    empty = await head_of(served)
    times = []
    for name in ("one", "two", "three"):
        await post(api, name)
        times.append(await head_of(served))
    assert [await number_at(served, at) for at in times] == [1, 2, 3]
    before = timedelta(microseconds=1)
    assert [await number_at(served, at - before) for at in times] == [0, 1, 2]
    assert await number_at(served, empty) == 0
    assert await number_at(served, datetime.min.replace(tzinfo=UTC)) == 0
    assert await number_at(served, datetime.now(UTC)) == 3
    assert await number_at(served, datetime.max.replace(tzinfo=UTC)) is None


async def test_instant_waits_for_whoever_commits_at_that_moment(served: AsyncEngine) -> None:
    """They have their time already, so without them the answer could not be given again."""
    async with served.connect() as committing:
        transaction = await committing.begin()
        await committing.execute(text(ACTING))
        await committing.execute(THING, {"name": "one"})
        await committing.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))  # what the commit begins with
        asked = asyncio.create_task(number_at(served, datetime.now(UTC)))
        async with served.connect() as watching:
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while not (await watching.execute(waits)).scalar_one():
                await watching.rollback()
        assert not asked.done()
        await transaction.commit()
    assert await asked == 1


async def test_reader_of_this_moment_keeps_nobody_from_committing(served: AsyncEngine) -> None:
    async with served.connect() as reading:
        await reading.execute(text("SET lock_timeout = '1s'"))
        assert (await reading.execute(NUMBER_AT, {"known_at": datetime.now(UTC)})).scalar_one() == 0
        async with served.begin() as writing:
            await writing.execute(text("SET LOCAL lock_timeout = '1s'"))
            await writing.execute(text(ACTING))
            await writing.execute(THING, {"name": "one"})
        assert (await reading.execute(NUMBER_AT, {"known_at": datetime.now(UTC)})).scalar_one() == 1


async def test_list_is_what_it_was_page_by_page_and_as_a_file(api: Api, served: AsyncEngine) -> None:
    one = await post(api, "b")
    await post(api, "d")
    then = write_instant(await head_of(served))
    await post(api, "a")
    renamed = await api.officer().patch(f"/v1/things/{one['id']}", json={"name": "z"}, headers={"If-Match": '"1"'})
    assert renamed.status_code == 200
    assert (await names(api), await names(api, known_at=then)) == (["a", "d", "z"], ["b", "d"])
    page = (await api.viewer().get("/v1/things", params={"known_at": then, "limit": 1, "with_total": True})).json()
    assert ([thing["name"] for thing in page["items"]], page["total_count"]) == (["b"], 2)
    following = (await api.viewer().get(page["next"])).json()
    assert ([thing["name"] for thing in following["items"]], following["next"]) == (["d"], None)
    csv = await api.viewer().get("/v1/things", params={"known_at": then, "format": "csv"})
    assert [line.split(",")[4] for line in csv.text.splitlines()] == ["name", "b", "d"]
    assert await names(api, known_at="2000-01-01") == []
    assert await names(api) == ["a", "d", "z"]  # the connection is the same, the past is over


async def test_cursor_of_the_past_is_no_cursor_of_the_present(api: Api, served: AsyncEngine) -> None:
    for name in ("a", "b"):
        await post(api, name)
    then = write_instant(await head_of(served))
    page = (await api.viewer().get("/v1/things", params={"known_at": then, "limit": 1})).json()
    answer = await api.viewer().get("/v1/things", params={"limit": 1, "cursor": page["next_cursor"]})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


async def test_instant_to_come_is_refused(api: Api) -> None:
    for known_at in ("2999-01-01", write_instant(datetime.now(UTC) + timedelta(minutes=5))):
        answer = await api.viewer().get("/v1/things", params={"known_at": known_at})
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["parameter"], error["code"]) == (422, "known_at", "in_the_future")


async def test_what_is_no_instant_is_refused(api: Api) -> None:
    answer = await api.viewer().get("/v1/things?known_at=2026-03-01T12:00:00+02:00")  # its + is a space
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["parameter"]) == (422, "known_at")
    assert "%2B" in error["message"]


async def test_looking_back_without_a_number_is_an_error_and_no_empty_answer(api: Api, served: AsyncEngine) -> None:
    await post(api, "a")
    for setting in ("SELECT 1", "SELECT set_config('app.known_number', '1', true)"):  # ended, it leaves an empty text
        async with served.begin() as connection:
            await connection.execute(text(setting))
        with pytest.raises(DBAPIError, match=r"app\.known_number|invalid input syntax"):
            async with served.connect() as connection:
                await connection.execute(text("SELECT * FROM known.things"))


async def test_past_is_read_and_never_written(served: AsyncEngine, api: Api) -> None:
    with pytest.raises(DBAPIError, match="cannot delete from view"):
        async with served.begin() as connection:
            await connection.execute(text("DELETE FROM known.things"))
