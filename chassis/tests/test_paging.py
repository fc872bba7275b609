"""Lists: each row once, whatever is written meanwhile; cursors that fit one list only; files that are whole."""

import json
import random
from typing import Any

import pytest
from chassis.testing import ACTING, Api, Database
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

NAMES = ["a", "A", "b", "é", "z", "Z", "_", "10", "9", "日"]


def random_thing(source: random.Random) -> dict[str, Any]:
    return {
        "name": source.choice(NAMES),
        "place": source.randint(-3, 3),
        "weight": f"{source.randint(0, 300) / 100:.2f}",
        "seen_on": f"2016-03-{source.randint(1, 5):02d}",
    }


async def make_things(api: Api, source: random.Random, count: int) -> list[str]:
    client, made = api.officer(), []
    for _ in range(count):
        answer = await client.post("/v1/things", json=random_thing(source))
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["id"])
    return made


@pytest.mark.parametrize("sort", ["name", "-name", "place,-weight", "-weight,name", "seen_on", "-created_at,place"])
async def test_walk_finds_each_row_of_the_start_once_while_others_are_added(api: Api, sort: str) -> None:
    source = random.Random(sort)
    at_start = await make_things(api, source, 25)
    expected = [row["id"] for row in (await api.viewer().get(f"/v1/things?sort={sort}&limit=500")).json()["items"]]
    assert sorted(expected) == sorted(at_start)
    found, added, address = [], [], f"/v1/things?sort={sort}&limit=4"
    while address:
        answer = await api.viewer().get(address)
        page = answer.json()
        found += [row["id"] for row in page["items"]]
        address = page["next"]
        assert answer.headers.get("link") == (f'<{address}>; rel="next"' if address else None)
        added += await make_things(api, source, 2)
    assert [row for row in found if row not in added] == expected
    assert len(set(found)) == len(found)


async def test_cursor_fits_only_the_list_the_filters_and_the_sort_it_was_made_for(api: Api) -> None:
    await make_things(api, random.Random(1), 6)
    client = api.viewer()
    base = "/v1/things?sort=-place,name&place=-3&place=-2&place=-1&place=0&place=1&place=2&place=3"
    cursor = (await client.get(f"{base}&limit=2")).json()["next_cursor"]
    for same in (base, f"{base}&limit=3", f"{base}&with_total=true", f"{base}&format=json"):
        assert (await client.get(f"{same}&cursor={cursor}")).status_code == 200
    other_filter = base.replace("&place=3", "")
    other_sort = base.replace("-place", "place")
    for address in (other_filter, other_sort, f"{base}&q=a", f"{base}&note_is_null=true", "/v1/things"):
        joint = "&" if "?" in address else "?"
        answer = await client.get(f"{address}{joint}cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor"), address


async def test_changed_cursor_is_refused(api: Api) -> None:
    await make_things(api, random.Random(1), 3)
    client = api.viewer()
    cursor = (await client.get("/v1/things?limit=1")).json()["next_cursor"]
    other = {"A": "B"}
    changed = [cursor[:at] + other.get(cursor[at], "A") + cursor[at + 1 :] for at in range(len(cursor) - 1)]
    changed += ["", "A", "é", "=", cursor[:-4], cursor[4:], cursor + "AAAA", "%00", "A" * 2000]
    for one in changed:
        answer = await client.get("/v1/things", params={"cursor": one})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor"), one


async def test_cursor_of_another_deployment_is_refused(app: Any, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await make_things(api, random.Random(1), 3)
    cursor = (await api.viewer().get("/v1/things?limit=1")).json()["next_cursor"]
    monkeypatch.setattr(app.state, "cursor_key", b"another key of more than 32 bytes ....")
    answer = await api.viewer().get("/v1/things", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


async def test_total_counts_all_rows_that_match_only_when_asked(api: Api) -> None:
    await make_things(api, random.Random(1), 5)
    assert (await api.viewer().get("/v1/things?limit=2")).json()["total_count"] is None
    page = (await api.viewer().get("/v1/things?limit=2&with_total=true")).json()
    assert (len(page["items"]), page["total_count"]) == (2, 5)
    none = (await api.viewer().get("/v1/things?q=nothing-like-it&with_total=true")).json()
    assert none == {"items": [], "next_cursor": None, "next": None, "total_count": 0}


async def test_text_search_takes_wildcards_literally(api: Api) -> None:
    for name in ("100%", "100 percent", "a_b", "aXb", "back\\slash"):
        await api.officer().post("/v1/things", json={"name": name})
    for q, expected in {"0%": ["100%"], "a_b": ["a_b"], "k\\s": ["back\\slash"], "PERCENT": ["100 percent"]}.items():
        page = (await api.viewer().get("/v1/things", params={"q": q})).json()
        assert [row["name"] for row in page["items"]] == expected, q


@pytest.fixture
async def many(database: Database) -> int:
    """More rows than a page holds and more bytes than the spool keeps in memory."""
    engine = create_async_engine(database.owner_url)
    async with engine.begin() as connection:
        await connection.execute(text(ACTING))
        await connection.execute(
            text(
                "INSERT INTO things (name, place, weight, seen_on, note)"
                " SELECT '=é' || i, i, i, '2016-03-01', repeat('x', 2000) FROM generate_series(1, 1200) i"
            )
        )
    await engine.dispose()
    return 1200


async def test_file_is_whole_and_says_how_long_it_is(api: Api, many: int) -> None:
    csv = await api.viewer().get("/v1/things?format=csv&limit=1&sort=place")
    assert int(csv.headers["content-length"]) == len(csv.content) > 2_000_000
    assert "transfer-encoding" not in csv.headers
    assert csv.headers["content-disposition"] == 'attachment; filename="things.csv"'
    lines = csv.text.split("\r\n")
    assert (len(lines), lines[0], lines[-1]) == (
        many + 2,
        "id,version,created_at,updated_at,name,place,weight,seen_on,note,ticket",
        "",
    )
    assert lines[1].endswith(f",=é1,1,1.00,2016-03-01,{'x' * 2000},")
    ndjson = await api.viewer().get("/v1/things?format=ndjson&sort=-place")
    assert int(ndjson.headers["content-length"]) == len(ndjson.content)
    rows = [json.loads(line) for line in ndjson.text.splitlines()]
    assert [row["place"] for row in rows] == list(range(many, 0, -1))
    assert (rows[0]["weight"], rows[0]["seen_on"]) == ("1200.00", "2016-03-01")


async def test_excel_gets_harmless_text(api: Api, many: int) -> None:
    csv = await api.viewer().get("/v1/things?format=csv&excel=true&place=7")
    assert csv.content.startswith(b"\xef\xbb\xbf")
    assert ",'=é7,7," in csv.content.decode("utf-8-sig")


async def test_empty_file_has_its_header(api: Api) -> None:
    csv = await api.viewer().get("/v1/things?format=csv")
    assert csv.text == "id,version,created_at,updated_at,name,place,weight,seen_on,note,ticket\r\n"
    assert (await api.viewer().get("/v1/things?format=ndjson")).headers["content-length"] == "0"


async def test_page_holds_what_fits(api: Api, many: int) -> None:
    page = (await api.viewer().get("/v1/things?limit=500")).json()
    assert len(page["items"]) == 500
    assert page["next"].startswith("/v1/things?limit=500&cursor=")
