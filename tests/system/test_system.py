"""What holds however the system is run: by `tributary serve`, or as separate processes over TCP."""

import time
from typing import Any

import httpx
import pytest
from tributary import ProblemError

pytestmark = pytest.mark.both_ways


def test_everything_is_ready(system: Any) -> None:
    assert system.is_ready()
    with system.client() as client:
        assert client.get_country("MX")["missing"] == []


def test_nothing_is_answered_without_a_token(system: Any) -> None:
    answer = httpx.get(f"{system.base_url}/v1/countries/MX")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_all_pages_of_a_list_give_each_row_once(system: Any) -> None:
    with system.client() as client:
        codes = [row["code"] for row in client.list("/v1/statements", limit=50)]
        total = client.get("/v1/statements", limit=1, with_total="true")["total_count"]
    assert len(codes) == len(set(codes)) == total >= 120


def test_a_problem_of_a_service_reaches_the_caller(system: Any) -> None:
    with system.client("officer", "*") as client, pytest.raises(ProblemError) as caught:
        client.post("/v1/agencies", {"code": "US-NM-CD", "name": "Again", "kind": "us_state"})
    assert (caught.value.status, caught.value.code) == (409, "duplicate")


@pytest.mark.parametrize("name", ["programs", "trainings", "funding"])
def test_the_part_of_a_service_that_does_not_answer_is_named_and_the_rest_stands(system: Any, name: str) -> None:
    with system.client() as client:
        with system.without(name):
            began_at = time.monotonic()
            card = client.get_country("MX")
            assert time.monotonic() - began_at < 5  # the deadline is two; the machine may be busy
            assert card["missing"] == [name]
            assert not system.is_ready()
        assert client.get_country("MX")["missing"] == []
