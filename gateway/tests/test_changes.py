"""What changed, joined: the gateway's own part, positions that stay where a service is missing, and names of actors."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from chassis.feed import NOT_CAPTURED
from chassis.problems import MEDIA_TYPE
from chassis.testing import Api
from fastapi import FastAPI
from gateway.access import OPERATOR
from gateway.changes import KINDS, read_position, write_position
from gateway.models import metadata
from gateway.routing import TYPES

Answer = Callable[[httpx.Request], httpx.Response]
NOWHERE = "programs:0,trainings:0,funding:0"


def put_in_place(app: FastAPI, service: str, answer: Answer) -> list[httpx.Request]:
    """Let `answer` stand where a service would; the requests that reach it."""
    received: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        received.append(request)
        return answer(request)

    app.state.services._clients[service] = httpx.AsyncClient(
        transport=httpx.MockTransport(take), base_url="http://service"
    )
    return received


def recorded(number: int, second: int, actor: str = "control") -> dict[str, Any]:
    """A transaction as a service tells it."""
    change = {"type": "agencies", "id": "x", "operation": "insert", "before": None, "after": {}, "changed": []}
    return {
        "number": number,
        "recorded_at": f"2026-03-01T00:00:{second:02}Z",
        "actor_id": actor,
        "request_id": "r",
        "changes": [change],
    }


def pages(*items: dict[str, Any]) -> Answer:
    """A service that has recorded `items`, and answers pages of them."""

    def answer(request: httpx.Request) -> httpx.Response:
        after, limit = int(request.url.params["after"]), int(request.url.params["limit"])
        found = [one for one in items if one["number"] > after]
        head = items[-1]["number"]
        position = head if len(found) <= limit else found[limit - 1]["number"]
        page = {"items": found[:limit], "position": position, "head": head, "next": None}
        return httpx.Response(200, json=page)

    return answer


async def read(client: httpx.AsyncClient, address: str) -> dict[str, Any]:
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_changes_of_every_table_can_be_read() -> None:
    assert {kind.table.name for kind in KINDS} == set(metadata.tables) - NOT_CAPTURED
    assert tuple(kind.type for kind in KINDS) == TYPES["gateway"]


def test_position_names_a_number_a_service() -> None:
    numbers = {"programs": 12, "trainings": 0, "funding": 3, "gateway": 4}
    assert read_position("gateway:4,programs:12,funding:3") == numbers
    assert write_position(numbers) == "programs:12,trainings:0,funding:3,gateway:4"
    assert read_position("") == dict.fromkeys(TYPES, 0)
    assert read_position("programs:12,programs:7")["programs"] == 7


async def test_missing_services_are_named_and_their_positions_stay(api: Api) -> None:
    page = await read(api.admin(), "/v1/changes?after=programs:12,funding:3&limit=500")
    assert page["missing"] == ["funding", "programs", "trainings"]
    head = int(page["head"].removeprefix("gateway:"))
    assert page["position"] == f"programs:12,trainings:0,funding:3,gateway:{head}"
    assert page["next"] is None
    assert [item["number"] for item in page["items"]] == list(range(1, head + 1))
    only = await read(api.admin(), "/v1/changes?type=users&type=grants")
    assert only["missing"] == []
    assert {one["type"] for item in only["items"] for one in item["changes"]} == {"users", "grants"}


async def test_own_changes_are_for_administrators(api: Api) -> None:
    users = (await read(api.admin(), "/v1/users"))["items"]
    tokens = (await read(api.admin(), "/v1/tokens"))["items"]
    told = json.dumps(await read(api.admin(), "/v1/changes?limit=500"))
    history = await read(api.admin(), f"/v1/history?subject=tokens/{tokens[0]['id']}")
    [made] = history["items"]
    assert made["actor"] == {"id": "test-admin", "kind": "unknown", "name": "unknown (test-admin)"}
    assert "secret_hash" in made["changed"]
    assert "secret_hash" not in made["after"]
    for row in (*users, *tokens):
        assert row["id"] in told
    for client in (api.viewer(), api.analyst(), api.officer()):
        page = await read(client, "/v1/changes?limit=500")
        assert page["items"] == []
        assert page["position"] == f"{NOWHERE},{page['head']}"
        answers = [await client.get(f"/v1/history?subject=users/{one}") for one in (users[0]["id"], "nobody")]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json()["detail"].replace(users[0]["id"], "nobody") == answers[1].json()["detail"]


async def test_actors_are_named(app: FastAPI, api: Api) -> None:
    user = (await read(api.admin(), "/v1/users?name=the%20admin"))["items"][0]
    actors = (user["id"], OPERATOR.subject, "migration 0005", "11111111-1111-7111-8111-111111111111")
    put_in_place(app, "programs", pages(*(recorded(at, at, actor) for at, actor in enumerate(actors, 1))))
    page = await read(api.viewer(), "/v1/changes?type=agencies")
    assert [item["actor"] for item in page["items"]] == [
        {"id": user["id"], "kind": "script", "name": "the admin"},
        {"id": "control", "kind": "operator", "name": "the operator of this machine"},
        {"id": "migration 0005", "kind": "migration", "name": "migration 0005"},
        {"id": actors[3], "kind": "unknown", "name": f"unknown ({actors[3]})"},
    ]


async def test_parts_are_merged_by_time_and_each_goes_on_where_it_stood(app: FastAPI, api: Api) -> None:
    put_in_place(app, "programs", pages(recorded(2, 10), recorded(5, 5), recorded(6, 30)))
    put_in_place(app, "trainings", pages(recorded(1, 20), recorded(9, 21)))
    put_in_place(app, "funding", pages(recorded(1, 1)))
    walked: list[tuple[str, int]] = []
    positions = []
    following = "/v1/changes?limit=2&after="
    while following:
        page = await read(api.viewer(), following)
        walked += [(item["service"], item["number"]) for item in page["items"]]
        positions.append(page["position"].rpartition(",")[0])
        following = page["next"]
    # The fifth of programs was recorded by a clock that had gone back: it still comes after the second.
    assert walked == [
        ("funding", 1), ("programs", 2), ("programs", 5), ("trainings", 1), ("trainings", 9), ("programs", 6),
    ]  # fmt: skip
    assert positions == [
        "programs:4,trainings:0,funding:1",
        "programs:5,trainings:8,funding:1",
        "programs:6,trainings:9,funding:1",
    ]
    whole = await read(api.viewer(), "/v1/changes?limit=6")
    assert [(item["service"], item["number"]) for item in whole["items"]] == walked
    assert whole["next"] is None


@pytest.mark.parametrize(("status", "code"), [(409, "position_ahead"), (410, "position_expired")])
async def test_refusal_of_a_part_names_the_service(app: FastAPI, api: Api, status: int, code: str) -> None:
    problem = {"status": status, "code": code, "detail": "No.", "head": 5, "downloads": ["/v1/agencies?format=ndjson"]}
    given = httpx.Response(status, json=problem, headers={"content-type": MEDIA_TYPE})
    put_in_place(app, "programs", lambda _: given)
    answer = await api.viewer().get("/v1/changes?after=programs:7")
    said = answer.json()
    assert (answer.status_code, said["code"], said["detail"]) == (status, code, "In `after`, programs: No.")
    assert (said["service"], said["head"], said["downloads"]) == ("programs", 5, problem["downloads"])


async def test_own_part_refuses_as_a_service_does(api: Api) -> None:
    ahead = await api.admin().get("/v1/changes?after=gateway:999")
    assert (ahead.status_code, ahead.json()["code"], ahead.json()["service"]) == (409, "position_ahead", "gateway")
    for query in ("after=12", "after=programs:x", "after=programs:1,,", "type=nonsense", "limit=0"):
        answer = await api.admin().get(f"/v1/changes?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "validation"), query


async def test_history_is_the_owners_with_names(app: FastAPI, api: Api) -> None:
    change = {"operation": "insert", "before": None, "after": {"code": "X"}, "changed": ["code"]}
    version = {"number": 3, "recorded_at": "2026-03-01T00:00:00Z", "actor_id": "control", "request_id": "r", **change}
    following = "/v1/history?subject=agencies/1&cursor=c"
    page = {"items": [version], "next_cursor": "c", "next": following}
    received = put_in_place(app, "programs", lambda _: httpx.Response(200, json=page))
    answer = await api.viewer().get("/v1/history?subject=agencies/1&limit=1")
    named = {name: value for name, value in version.items() if name != "actor_id"}
    actor = {"id": "control", "kind": "operator", "name": "the operator of this machine"}
    assert answer.json() == page | {"items": [named | {"actor": actor}]}
    assert answer.headers["link"] == f'<{following}>; rel="next"'
    assert answer.headers["cache-control"] == "no-store"
    assert [str(request.url) for request in received] == ["http://service/v1/history?subject=agencies%2F1&limit=1"]
    again = await api.viewer().get(
        "/v1/history?subject=agencies/1&limit=1", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304


async def test_refusal_of_history_passes_unchanged(app: FastAPI, api: Api) -> None:
    refusal = httpx.Response(404, json={"code": "not_found"}, headers={"content-type": MEDIA_TYPE})
    put_in_place(app, "trainings", lambda _: refusal)
    answer = await api.viewer().get("/v1/history?subject=people/1")
    assert (answer.status_code, answer.content) == (404, refusal.content)
    assert answer.headers["content-type"] == MEDIA_TYPE
    down = await api.viewer().get("/v1/history?subject=agencies/1")
    assert (down.status_code, down.json()["code"], down.headers["retry-after"]) == (503, "unavailable", "2")
