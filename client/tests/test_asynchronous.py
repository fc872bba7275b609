"""The asynchronous client asks as the other does, for one caller after the other over the same connections."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from tributary import AsyncTributary, ProblemError, TributaryError, UnreachableError, asynchronous
from tributary.roster_imports import PASTED, RosterImports

BASE = "http://api.test/tributary"
Answers = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []

    async def pause(seconds: float) -> None:
        taken.append(seconds)

    monkeypatch.setattr(asynchronous.asyncio, "sleep", pause)
    return taken


def connect(*given: httpx.Response | Exception) -> tuple[AsyncTributary, list[httpx.Request]]:
    """A client that gets one answer after the other, and what it asked."""
    asked: list[httpx.Request] = []
    following = iter(given)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        one = next(following)
        if isinstance(one, Exception):
            raise one
        return one

    return AsyncTributary(BASE, "first", transport=httpx.MockTransport(answer)), asked


async def test_each_caller_has_a_token_and_a_request_id_of_their_own() -> None:
    api, asked = connect(*(httpx.Response(200, json={}) for _ in range(3)))
    async with api:
        await api.acting_for("second", "r2").get_country("mx", as_of=None)
        await api.acting_for(None).get("/v1/account")
        await api.get("/v1/account", limit=1)
    assert [one.headers.get("authorization") for one in asked] == ["Bearer second", None, "Bearer first"]
    assert [one.headers.get("x-request-id") for one in asked] == ["r2", None, None]
    assert [str(one.url).removeprefix(BASE) for one in asked] == [
        "/v1/countries/MX",
        "/v1/account",
        "/v1/account?limit=1",
    ]


async def test_list_follows_every_page_and_no_other_host() -> None:
    api, asked = connect(
        httpx.Response(200, json={"items": [{"code": "A"}], "next": "/v1/agencies?cursor=x"}),
        httpx.Response(200, json={"items": [{"code": "B"}], "next": "//evil.test/v1/agencies"}),
    )
    async with api:
        with pytest.raises(TributaryError, match="another host"):
            _ = [row async for row in api.list("/v1/agencies")]
    assert [str(one.url).removeprefix(BASE) for one in asked] == ["/v1/agencies?limit=500", "/v1/agencies?cursor=x"]


async def test_a_write_is_sent_again_with_the_same_key_and_version(pauses: list[float]) -> None:
    busy = httpx.Response(503, headers={"Retry-After": "2"}, json={"code": "unavailable"})
    api, asked = connect(httpx.ReadError("lost"), busy, httpx.Response(201, json={"id": "1"}))
    async with api:
        assert await api.post("/v1/tokens/1/revoke", version=3) == {"id": "1"}
    assert len({one.headers["idempotency-key"] for one in asked}) == 1
    assert [one.headers["if-match"] for one in asked] == ['"3"'] * 3
    assert pauses == [0.2, 2]


async def test_what_must_not_be_repeated_is_sent_once() -> None:
    api, asked = connect(httpx.ReadError("lost"))
    async with api:
        with pytest.raises(UnreachableError, match="No answer from http"):
            await api.post("/v1/sessions", {}, is_repeatable=False)
    assert len(asked) == 1
    assert "idempotency-key" not in asked[0].headers


async def test_a_problem_says_what_is_wrong() -> None:
    api, _ = connect(httpx.Response(404, json={"code": "not_found", "title": "Not found", "request_id": "r"}))
    async with api:
        with pytest.raises(ProblemError) as caught:
            await api.get("/v1/countries/ZZ")
    assert (caught.value.status, caught.value.title, caught.value.request_id) == (404, "Not found", "r")


async def test_a_list_is_downloaded_as_the_file_that_it_is() -> None:
    api, asked = connect(
        httpx.Response(200, content=b"code\r\nA\r\n"), httpx.Response(403, json={"code": "forbidden", "detail": "No."})
    )
    async with api:
        assert await api.download("/v1/agencies", format="csv", code=None) == b"code\r\nA\r\n"
        with pytest.raises(ProblemError, match="403 forbidden"):
            await api.download("/v1/agencies")
    assert str(asked[0].url).removeprefix(BASE) == "/v1/agencies?format=csv"


async def test_a_change_is_sent_once_and_in_the_version_that_was_read() -> None:
    api, asked = connect(httpx.ConnectError("lost"))
    async with api:
        with pytest.raises(UnreachableError):
            await api.patch("/v1/enrollments/x", {"note": None}, version=3)
    assert (asked[0].method, asked[0].headers["if-match"], asked[0].content) == ("PATCH", '"3"', b'{"note":null}')
    assert len(asked) == 1


async def test_a_file_that_comes_in_pieces_is_sent_once_and_a_whole_one_again_under_its_key() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a\t"
        yield b"b"

    api, asked = connect(httpx.ConnectError("lost"), httpx.ConnectError("lost"), httpx.Response(202, json={"id": "x"}))
    async with api:
        imports = RosterImports(api)
        with pytest.raises(UnreachableError):
            await imports.create(pieces(), file_name="a.tsv", media_type=PASTED)
        assert len(asked) == 1
        made = await imports.create(b"a\tb", file_name="a.tsv", media_type=PASTED, training_id="t", idempotency_key="k")
    assert made == {"id": "x"}
    assert [one.headers["idempotency-key"] for one in asked[1:]] == ["k", "k"]
    assert asked[2].url.params == httpx.QueryParams({"file_name": "a.tsv", "training_id": "t"})
    assert (asked[2].headers["content-type"], asked[2].content) == (PASTED, b"a\tb")
