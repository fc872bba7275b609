"""What changed after a number, and the versions of a record, as a reader over HTTP sees them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from chassis.testing import ACTING, Api, Database
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from chassis import changes

NAMED = "INSERT INTO things (name, place, weight, seen_on, note) VALUES ('{}', 0, 1.50, '2016-03-01', 'secret words')"
MANY = (
    "INSERT INTO things (name, place, weight, seen_on) "
    "SELECT '{}' || i, i, 0, '2016-03-01' FROM generate_series(1, {}) i"
)


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


async def read_all(client: httpx.AsyncClient, address: str) -> list[dict[str, Any]]:
    """Every page from `address` on."""
    pages = []
    following: str | None = address
    while following:
        answer = await client.get(following)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        following = pages[-1]["next"]
        assert answer.headers.get("link") == (f'<{following}>; rel="next"' if following else None)
    return pages


def names_of(pages: list[dict[str, Any]]) -> list[list[str]]:
    """The names that each transaction of the pages wrote."""
    return [[one["after"]["name"] for one in item["changes"]] for page in pages for item in page["items"]]


async def test_change_is_told_with_who_when_and_what(api: Api, superuser: AsyncEngine) -> None:
    body = {"name": "one", "place": 3, "weight": "12345678901234.50", "note": "secret words"}
    thing = (await api.viewer().post("/v1/things", json=body)).json()
    address, headers = f"/v1/things/{thing['id']}", {"If-Match": '"1"'}
    patched = await api.officer("MX").patch(address, json={"name": "two", "ticket": "T"}, headers=headers)
    await write(superuser, "UPDATE things SET note = 'other words'", "DELETE FROM things")
    answer = await api.viewer().get("/v1/changes")
    assert answer.status_code == 200
    page = answer.json()
    times = [item["recorded_at"] for item in page["items"]]
    assert times == sorted(times)
    first = {
        "created_at": thing["created_at"],
        "id": thing["id"],
        "name": "one",
        "place": 3,
        "seen_on": "2016-03-01",
        "ticket": None,
        "updated_at": thing["updated_at"],
        "version": 1,
        "weight": "12345678901234.50",
    }
    second = first | {"name": "two", "ticket": "T", "version": 2, "updated_at": patched.json()["updated_at"]}
    set_at_first = ["created_at", "id", "name", "note", "place", "seen_on", "updated_at", "version", "weight"]
    last = sorted([*set_at_first, "ticket"])
    insert = {"operation": "insert", "before": None, "after": first, "changed": set_at_first}
    rename = ["name", "ticket", "updated_at", "version"]
    update = {"operation": "update", "before": first, "after": second, "changed": rename}
    noted = {"operation": "update", "before": second, "after": second, "changed": ["note"]}
    delete = {"operation": "delete", "before": second, "after": None, "changed": last}
    here = {"type": "things", "id": thing["id"]}
    actors = [("test-viewer", page["items"][0]["request_id"]), ("test-officer", patched.headers["x-request-id"])]
    actors.append(("somebody", "a test"))
    told = [[insert], [update], [noted, delete]]
    assert page == {
        "items": [
            {
                "number": number,
                "recorded_at": times[number - 1],
                "actor_id": actor,
                "request_id": request_id,
                "changes": [here | one for one in told[number - 1]],
            }
            for number, (actor, request_id) in enumerate(actors, 1)
        ],
        "position": 3,
        "head": 3,
        "next": None,
    }
    versions = [delete, noted, update, insert]
    headings = [{name: item[name] for name in item if name != "changes"} for item in page["items"]]
    history = [heading | one for heading, one in zip([headings[at] for at in (2, 2, 1, 0)], versions, strict=True)]
    subject = f"/v1/history?subject=things/{thing['id']}"
    assert (await api.viewer().get(subject)).json() == {"items": history, "next_cursor": None, "next": None}
    walked = await read_all(api.viewer(), f"{subject}&limit=1")
    assert [item for one in walked for item in one["items"]] == history
    assert [len(one["items"]) for one in walked] == [1, 1, 1, 1]
    for address in ("/v1/changes", subject):
        found = await api.viewer().get(address)
        assert found.headers["cache-control"] == "private, no-cache"
        again = await api.viewer().get(address, headers={"If-None-Match": found.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_limit_counts_transactions_and_positions_go_on(api: Api, superuser: AsyncEngine) -> None:
    for name in "abcde":
        await write(superuser, NAMED.format(f"{name}1"), NAMED.format(f"{name}2"))
    pages = await read_all(api.viewer(), "/v1/changes?limit=2")
    assert names_of(pages) == [[f"{name}1", f"{name}2"] for name in "abcde"]
    assert [(page["position"], page["head"], page["next"]) for page in pages] == [
        (2, 5, "/v1/changes?limit=2&after=2"),
        (4, 5, "/v1/changes?limit=2&after=4"),
        (5, 5, None),
    ]
    assert (await api.viewer().get("/v1/changes?after=5")).json() == {
        "items": [], "position": 5, "head": 5, "next": None,
    }  # fmt: skip


async def test_large_transaction_is_whole_and_a_page_of_its_own(api: Api, superuser: AsyncEngine) -> None:
    await write(superuser, NAMED.format("before"))
    await write(superuser, MANY.format("row", changes.MOST_ROWS + 1))
    await write(superuser, NAMED.format("after"))
    pages = await read_all(api.viewer(), "/v1/changes")
    assert [[len(item["changes"]) for item in page["items"]] for page in pages] == [[1], [changes.MOST_ROWS + 1], [1]]
    assert [one["after"]["place"] for one in pages[1]["items"][0]["changes"]] == list(range(1, changes.MOST_ROWS + 2))


async def test_page_looks_through_so_many_numbers(
    api: Api, superuser: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "WINDOW", 2)
    for name in "abcde":
        await write(superuser, NAMED.format(name))
    pages = await read_all(api.viewer(), "/v1/changes?type=things&type=things")
    assert names_of(pages) == [[name] for name in "abcde"]
    assert [page["position"] for page in pages] == [2, 4, 5]


async def test_what_cannot_be_answered_is_refused(api: Api, superuser: AsyncEngine) -> None:
    await write(superuser, NAMED.format("one"))
    for query, status, code in (
        ("changes?after=2", 409, "position_ahead"),
        ("changes?after=-1", 422, "validation"),
        ("changes?after=9223372036854775808", 422, "validation"),
        ("changes?type=thing", 422, "validation"),
        ("changes?limit=501", 422, "validation"),
        ("history", 422, "validation"),
        ("history?subject=things", 422, "validation"),
        ("history?subject=thing/1", 422, "validation"),
        ("history?subject=things/%00", 422, "validation"),
        ("history?subject=things/1", 404, "not_found"),
        ("history?subject=things/1&cursor=AAAA", 400, "invalid_cursor"),
    ):
        answer = await api.viewer().get(f"/v1/{query}")
        assert (answer.status_code, answer.json()["code"]) == (status, code), query
    ahead = (await api.viewer().get("/v1/changes?after=2")).json()
    assert (ahead["head"], ahead["downloads"]) == (1, ["/v1/things?format=ndjson"])
    assert "restored from a backup older" in ahead["detail"]


async def test_position_older_than_the_retention_is_gone(api: Api, superuser: AsyncEngine) -> None:
    for name in "abc":
        await write(superuser, NAMED.format(name))
    await write(superuser, "UPDATE feed_tx SET sealed_at = sealed_at - interval '8 days' WHERE number < 3")
    state = api.app.state
    state.settings = state.settings.model_copy(update={"feed_retention_days": 7.5})
    for after, status in ((0, 410), (1, 410), (2, 200), (3, 200)):
        answer = await api.viewer().get(f"/v1/changes?after={after}")
        assert answer.status_code == status, after
    gone = (await api.viewer().get("/v1/changes")).json()
    assert (gone["code"], gone["head"]) == ("position_expired", 3)
    assert gone["detail"] == (
        "What came after 0 is older than the 7.5 days that changes are answered for. "
        "Take a full download, and go on from 3."
    )
    for download in gone["downloads"]:
        assert (await api.viewer().get(download)).text.count("\n") == 3
    state.settings = state.settings.model_copy(update={"feed_retention_days": 9})
    assert (await api.viewer().get("/v1/changes")).status_code == 200


async def test_reader_misses_nothing_while_others_write(api: Api, superuser: AsyncEngine) -> None:
    """Writers of three rows a transaction and one of many; a reader polls meanwhile, from where it was."""
    sizes = {**{f"{writer}-{n}-": 3 for writer in "abcd" for n in range(12)}, "large-": 2_000}

    async def write_some(writer: str) -> None:
        for name in [one for one in sizes if one.startswith(writer)]:
            await write(
                superuser, *(MANY.format(f"{name}{part}-", size) for part, size in enumerate((1, sizes[name] - 1)))
            )

    writing = asyncio.gather(*(write_some(writer) for writer in ("a", "b", "c", "d", "large")))
    seen: list[dict[str, Any]] = []
    position, polls = 0, 0
    page: dict[str, Any] = {}
    while not writing.done() or page["next"]:
        answer = await api.viewer().get(f"/v1/changes?limit=7&after={position}")
        page = answer.json()
        assert answer.status_code == 200, page
        assert page["position"] >= position
        seen += page["items"]
        position = page["position"]
        polls += 1
    await writing
    rest = (await api.viewer().get(f"/v1/changes?after={position}&limit=500")).json()
    seen += rest["items"]
    assert (rest["position"], rest["next"]) == (len(sizes), None)
    assert polls > 2
    assert [item["number"] for item in seen] == list(range(1, len(sizes) + 1))
    found = {}
    for item in seen:
        names = {one["after"]["name"] for one in item["changes"]}
        found[next(name for name in sizes if next(iter(names)).startswith(name))] = len(names)
    assert found == sizes
