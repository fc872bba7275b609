"""The client follows pages, retries what may be retried and nothing else, and says what went wrong."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest
from tributary import ProblemError, Tributary, TributaryError, UnreachableError, client

BASE = "http://api.test/tributary"
Answers = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr(client.time, "sleep", taken.append)
    return taken


def connect(answer: Answers) -> Tributary:
    return Tributary(BASE, "secret", transport=httpx.MockTransport(answer))


def answers(*given: httpx.Response | Exception) -> tuple[Answers, list[httpx.Request]]:
    """One answer after the other, and what was asked."""
    asked: list[httpx.Request] = []
    following: Iterator[httpx.Response | Exception] = iter(given)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        one = next(following)
        if isinstance(one, Exception):
            raise one
        return one

    return answer, asked


def test_list_follows_every_page_and_sends_the_token_to_one_host() -> None:
    answer, asked = answers(
        httpx.Response(200, json={"items": [{"code": "A"}], "next": "/v1/agencies?kind=ngo&cursor=x"}),
        httpx.Response(200, json={"items": [{"code": "B"}], "next": None}),
    )
    with connect(answer) as api:
        assert [row["code"] for row in api.list("/v1/agencies", kind="ngo")] == ["A", "B"]
    assert [str(request.url) for request in asked] == [
        f"{BASE}/v1/agencies?limit=500&kind=ngo",
        f"{BASE}/v1/agencies?kind=ngo&cursor=x",
    ]
    assert {request.headers["authorization"] for request in asked} == {"Bearer secret"}


@pytest.mark.parametrize("elsewhere", ["https://evil.test/v1/agencies", "//evil.test/v1/agencies"])
def test_a_next_page_at_another_host_is_not_followed(elsewhere: str) -> None:
    answer, asked = answers(httpx.Response(200, json={"items": [], "next": elsewhere}))
    with connect(answer) as api, pytest.raises(TributaryError, match="another host"):
        list(api.list("/v1/agencies"))
    assert len(asked) == 1


def test_a_problem_says_what_is_wrong_and_where() -> None:
    problem = {
        "code": "validation",
        "detail": "1 field needs attention.",
        "request_id": "r1",
        "errors": [{"pointer": "#/code", "code": "bad", "message": "Too long."}],
    }
    answer, _ = answers(httpx.Response(422, json=problem))
    with connect(answer) as api, pytest.raises(ProblemError) as caught:
        api.post("/v1/agencies", {"code": "x" * 99})
    error = caught.value
    assert (error.status, error.code, error.detail) == (422, "validation", "1 field needs attention.")
    assert (error.errors, error.request_id) == (problem["errors"], "r1")
    assert str(error) == "422 validation: 1 field needs attention. #/code: Too long."


def test_an_error_page_that_is_no_problem_document_is_still_an_error() -> None:
    answer, _ = answers(httpx.Response(502, text="<html>"))
    with connect(answer) as api, pytest.raises(ProblemError, match="502"):
        api.get("/v1/agencies")


def test_a_read_is_tried_again_as_the_server_asks(pauses: list[float]) -> None:
    busy = httpx.Response(503, headers={"Retry-After": "2"}, json={"code": "unavailable"})
    answer, asked = answers(httpx.ConnectError("refused"), busy, httpx.Response(200, json={"ok": True}))
    with connect(answer) as api:
        assert api.get("/v1/countries/MX") == {"ok": True}
    assert len(asked) == 3
    assert pauses == [0.2, 2.0]


def test_a_read_is_tried_three_times_at_most() -> None:
    busy = httpx.Response(503, headers={"Retry-After": "1"}, json={"code": "unavailable"})
    answer, asked = answers(busy, busy, busy)
    with connect(answer) as api, pytest.raises(ProblemError, match="503"):
        api.get("/v1/countries/MX")
    assert len(asked) == 3
    answer, asked = answers(*[httpx.ConnectError("refused")] * 3)
    with connect(answer) as api, pytest.raises(UnreachableError, match=r"No answer from .*refused"):
        api.get("/v1/countries/MX")
    assert len(asked) == 3


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("late"), httpx.Response(503, json={}), httpx.Response(500)])
def test_a_failure_that_does_not_invite_a_retry_gets_none(failure: httpx.Response | Exception) -> None:
    answer, asked = answers(failure)
    with connect(answer) as api, pytest.raises(TributaryError):
        api.get("/v1/countries/MX")
    assert len(asked) == 1


def test_a_write_is_sent_again_with_the_key_of_the_first_time(pauses: list[float]) -> None:
    later = httpx.Response(503, headers={"Retry-After": "1"}, json={"code": "outcome_unknown"})
    busy = httpx.Response(409, headers={"Retry-After": "1"}, json={"code": "request_in_flight"})
    done = httpx.Response(201, json={"code": "A"})
    for key in (None, "k"):
        keys = set()
        for faults in (
            [httpx.ConnectError("refused"), httpx.ReadError("lost")],
            [httpx.RemoteProtocolError("closed"), busy],
            [later],
        ):
            answer, asked = answers(*faults, done)
            with connect(answer) as api:
                assert api.post("/v1/agencies", {"code": "A"}, idempotency_key=key) == {"code": "A"}
            assert len(asked) == len(faults) + 1
            assert {request.content for request in asked} == {b'{"code":"A"}'}
            (sent,) = {request.headers["idempotency-key"] for request in asked}
            keys.add(sent)
        assert keys == {"k"} if key else len(keys) == 3
    assert 1.0 in pauses


def test_a_write_is_given_up_after_three_times_and_where_it_is_refused() -> None:
    duplicate = httpx.Response(409, json={"code": "duplicate", "detail": "Taken."})
    for faults, error in (([httpx.ReadError("lost")] * 3, UnreachableError), ([duplicate], ProblemError)):
        answer, asked = answers(*faults)
        with connect(answer) as api, pytest.raises(error):
            api.post("/v1/agencies", {"code": "A"})
        assert len(asked) == len(faults)


def test_what_knows_no_keys_is_sent_once() -> None:
    for failure in (httpx.ConnectError("refused"), httpx.Response(503, headers={"Retry-After": "1"}, json={})):
        answer, asked = answers(failure)
        with connect(answer) as api, pytest.raises(TributaryError):
            api.post("/tokens", {"name": "A"}, is_repeatable=False)
        assert ["idempotency-key" in request.headers for request in asked] == [False]


def test_filters_that_are_none_are_not_sent() -> None:
    answer, asked = answers(httpx.Response(200, json={}))
    with connect(answer) as api:
        api.get_country("mx", as_of=None)
    assert str(asked[0].url) == f"{BASE}/v1/countries/MX"


def test_the_client_alone_needs_nothing_but_httpx() -> None:
    heavy = ["typer", "rich", "chassis", "sqlalchemy", "fastapi", "pydantic", "cryptography"]
    program = f"import sys; sys.modules.update(dict.fromkeys({heavy})); import tributary"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_change_and_a_file_say_version_key_and_kind() -> None:
    answer, asked = answers(httpx.Response(200, json={}), httpx.Response(202, json={}))
    with connect(answer) as api:
        api.patch("/v1/enrollments/x", {"note": "n"}, version=2)
        api.upload("/v1/roster-imports", b"a", media_type="text/csv", idempotency_key="k", file_name="a.csv", x=None)
    assert (asked[0].method, asked[0].headers["if-match"], "idempotency-key" in asked[0].headers) == (
        "PATCH",
        '"2"',
        False,
    )
    assert (asked[1].headers["content-type"], asked[1].headers["idempotency-key"], str(asked[1].url.query)) == (
        "text/csv",
        "k",
        "b'file_name=a.csv'",
    )
