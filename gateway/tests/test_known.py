"""What was known at an instant: the services are asked for that instant, and the answer says so."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from chassis.known import write_instant
from chassis.testing import Api
from fastapi import FastAPI

THEN = "2016-03-01T12:00:00Z"
ANSWERS: dict[str, dict[str, Any]] = {
    "programs": {
        "programs": [], "partnerships": [], "measures": [], "series": [], "sources": [], "reported_figures": [],
        "statements": [], "statements_next": None, "coverage_declarations": [], "feed_number": 7,
    },
    "trainings": {
        "measure": "instructors_trained", "method": "m", "method_version": "1", "explain": None, "feed_number": 8,
        "points": [{"as_of": "2016-03-01", "value": "3", "lower": "3", "upper": "3", "records": 3}],
    },
    "funding": {"boundary": "", "as_of": "2016-03-01", "entries": 0, "totals": [], "feed_number": 9},
}  # fmt: skip


@pytest.fixture
def asked(app: FastAPI) -> list[tuple[str, httpx.QueryParams]]:
    """What the services are asked for; each gives one answer."""
    received: list[tuple[str, httpx.QueryParams]] = []

    def stand_in(name: str) -> httpx.AsyncClient:
        def answer(request: httpx.Request) -> httpx.Response:
            received.append((name, request.url.params))
            found = ANSWERS[name] | ({} if "known_at" in request.url.params else {"feed_number": None})
            return httpx.Response(200, stream=httpx.ByteStream(json.dumps(found).encode()))

        return httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://service")

    app.state.services._clients.update({name: stand_in(name) for name in ANSWERS})
    return received


async def test_every_service_is_asked_for_the_same_instant(api: Api, asked: list[Any]) -> None:
    card = (await api.viewer().get("/v1/countries/MX", params={"known_at": "2016-03-01T07:00:00-05:00"})).json()
    assert {(name, params["known_at"]) for name, params in asked} == {(name, THEN) for name in ANSWERS}
    assert {params["as_of"] for name, params in asked if name != "programs"} == {"2016-03-01"}
    assert (card["as_of"], card["known_at"], card["missing"]) == ("2016-03-01", THEN, [])
    assert {name: state["feed_number"] for name, state in card["services"].items()} == {
        "programs": 7,
        "trainings": 8,
        "funding": 9,
    }
    assert {figure["explain_url"].partition("?")[2] for figure in card["figures"]} == {
        f"as_of=2016-03-01&known_at={THEN}"
    }


async def test_figures_and_their_explanation_say_when_they_were_known(api: Api, asked: list[Any]) -> None:
    query = {"country_code": "MX", "known_at": THEN, "as_of": "2016-03-01"}
    figures = (await api.viewer().get("/v1/figures", params=query)).json()
    assert (figures["as_of"], figures["known_at"]) == ("2016-03-01", THEN)
    explained = (await api.viewer().get(figures["items"][0]["explain_url"])).json()
    assert (explained["as_of"], explained["known_at"], explained["services"]["trainings"]["feed_number"]) == (
        "2016-03-01",
        THEN,
        8,
    )
    assert {params.get("known_at") for _name, params in asked} == {THEN}


async def test_without_an_instant_nobody_is_asked_for_one(api: Api, asked: list[Any]) -> None:
    card = (await api.viewer().get("/v1/countries/MX", params={"as_of": "2016-03-01"})).json()
    assert [name for name, params in asked if "known_at" in params] == []
    assert (card["known_at"], card["services"]["programs"]) == (None, {"status": "ok", "feed_number": None})
    assert "known_at" not in card["figures"][0]["explain_url"]


@pytest.mark.parametrize(
    "address", ["/v1/countries/MX?", "/v1/figures?country_code=MX&", "/v1/figures/country~MX~x~-/explain?"]
)
async def test_instant_to_come_is_refused_before_anybody_is_asked(api: Api, asked: list[Any], address: str) -> None:
    for known_at in ("2999-01-01", write_instant(datetime.now(UTC) + timedelta(minutes=5))):
        answer = await api.viewer().get(f"{address}known_at={known_at}")
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["parameter"], error["code"]) == (422, "known_at", "in_the_future")
    assert (await api.viewer().get(f"{address}known_at=yesterday")).status_code == 422
    assert asked == []
