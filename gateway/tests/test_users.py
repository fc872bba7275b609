"""Users, grants and tokens: who may sign in, where they may write, and what a token is good for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from chassis.testing import Database, caller
from chassis.testing.contract import problem_fault
from chassis.tokens import verify_token
from chassis.unit_of_work import open_session
from fastapi import FastAPI
from gateway.access import common_countries, lower_role
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

PERSON = {"name": "Ana", "kind": "person", "role": "officer", "issuer": "https://id.example", "subject": "1"}
NOBODY = "01920000-0000-7000-8000-00000000dead"


async def make(api: Any, noun: str, **body: Any) -> dict[str, Any]:
    answer = await api.admin().post(f"/v1/{noun}", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def make_token(api: Any, maker: str, **body: Any) -> dict[str, Any]:
    answer = await getattr(api, maker)().post("/v1/tokens", json={"name": "mine"} | body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def id_of(api: Any, role: str) -> str:
    return str((await api.admin().get(f"/v1/users?name=the {role}")).json()["items"][0]["id"])


def version(record: dict[str, Any]) -> dict[str, str]:
    return {"If-Match": f'"{record["version"]}"'}


@pytest.fixture
def passed_on(app: FastAPI) -> list[Any]:
    """Whom the services are told that a request acts for."""
    callers: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        token = request.headers["authorization"].partition(" ")[2]
        callers.append(verify_token(app.state.token_public_key, token))
        return httpx.Response(200, stream=httpx.ByteStream(b"{}"))

    app.state.services._clients["programs"] = httpx.AsyncClient(
        transport=httpx.MockTransport(answer), base_url="http://service"
    )
    return callers


async def test_user_is_read_back_whole(api: Any) -> None:
    made = await make(api, "users", **PERSON)
    assert {name: made[name] for name in PERSON} == PERSON
    assert (made["is_active"], made["version"]) == (True, 1)
    read = await api.admin().get(f"/v1/users/{made['id']}")
    assert (read.json(), read.headers["etag"]) == (made, '"1"')
    found = (await api.admin().get("/v1/users?kind=person&q=an&issuer=https://id.example")).json()["items"]
    assert found == [made]


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"issuer": "https://id.example", "subject": "2"}, 409, "#/name"),
        ({"name": "Bea"}, 409, "#/subject"),
        ({"name": "Bea", "subject": None}, 422, "#/"),
        ({"name": "Bea", "kind": "script", "subject": "2"}, 422, "#/"),
        ({"name": "Bea", "issuer": "id.example"}, 422, "#/issuer"),
        ({"name": "Bea", "role": "king"}, 422, "#/role"),
        ({"name": ""}, 422, "#/name"),
    ],
)
async def test_name_and_identity_stand_for_one_user(
    api: Any, change: dict[str, Any], status: int, pointer: str
) -> None:
    await make(api, "users", **PERSON)
    answer = await api.admin().post("/v1/users", json=PERSON | change)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer)
    await make(api, "users", **PERSON | {"name": "Bea", "issuer": "https://other.example"})
    await make(api, "users", name="Cleo", kind="script", role="viewer")
    await make(api, "users", name="Dora", kind="script", role="viewer")


@pytest.mark.parametrize("role", ["viewer", "analyst", "officer"])
async def test_users_and_grants_are_for_administrators(api: Any, role: str) -> None:
    client = getattr(api, role)()
    user_id = await id_of(api, role)
    for method, address, body in (
        ("GET", "/v1/users", None),
        ("GET", f"/v1/users/{user_id}", None),
        ("POST", "/v1/users", PERSON),
        ("PATCH", f"/v1/users/{user_id}", {"role": "admin"}),
        ("GET", "/v1/grants", None),
        ("POST", "/v1/grants", {"user_id": user_id, "country_code": "*"}),
        ("POST", f"/v1/grants/{NOBODY}/revoke", None),
    ):
        answer = await client.request(method, address, json=body, headers={"If-Match": '"1"'})
        assert problem_fault(answer, 403, "forbidden") is None, address
    assert len((await api.admin().get("/v1/users")).json()["items"]) == 4


async def test_role_and_activity_hold_from_the_next_request_on(api: Any, passed_on: list[Any]) -> None:
    user = (await api.admin().get("/v1/users?name=the viewer")).json()["items"][0]
    address = f"/v1/users/{user['id']}"
    await api.viewer().get("/v1/agencies")
    stale = await api.admin().patch(address, json={"role": "analyst"}, headers={"If-Match": '"7"'})
    assert problem_fault(stale, 412, "stale_version") is None
    changed = await api.admin().patch(address, json={"role": "analyst"}, headers=version(user))
    assert (changed.status_code, changed.json()["role"], changed.headers["etag"]) == (200, "analyst", '"2"')
    await api.viewer().get("/v1/agencies")
    assert [one.role for one in passed_on] == ["viewer", "analyst"]
    ended = await api.admin().patch(address, json={"is_active": False}, headers=version(changed.json()))
    assert ended.json()["is_active"] is False
    assert problem_fault(await api.viewer().get("/v1/agencies"), 401, "unauthenticated") is None
    assert len(passed_on) == 2


async def test_grants_hold_and_end_from_the_next_request_on(api: Any, passed_on: list[Any]) -> None:
    user_id = await id_of(api, "officer")
    kenya = await make(api, "grants", user_id=user_id, country_code="KE")
    await api.officer().get("/v1/agencies")
    revoked = await api.admin().post(f"/v1/grants/{kenya['id']}/revoke", headers=version(kenya))
    assert (revoked.status_code, revoked.json()["revoked_at"] is not None, revoked.headers["etag"]) == (
        200,
        True,
        '"2"',
    )
    await api.officer().get("/v1/agencies")
    assert [sorted(one.countries) for one in passed_on] == [["GE", "KE", "MX"], ["GE", "MX"]]
    # What is over stays as a record, and the country may be granted again.
    again = await make(api, "grants", user_id=user_id, country_code="KE")
    for query, expected in (
        ("", ["GE", "KE", "KE", "MX"]),
        ("&revoked_at_is_null=true", ["GE", "KE", "MX"]),
        ("&revoked_at_is_null=false", ["KE"]),
        ("&country_code=MX&country_code=GE", ["GE", "MX"]),
    ):
        found = (await api.admin().get(f"/v1/grants?user_id={user_id}{query}")).json()["items"]
        assert [one["country_code"] for one in found] == expected
    assert again["id"] != kenya["id"]


async def test_grant_is_unique_known_and_changed_only_while_it_holds(api: Any) -> None:
    user_id = await id_of(api, "officer")
    for body, status, pointer in (
        ({"user_id": user_id, "country_code": "MX"}, 409, "#/country_code"),
        ({"user_id": NOBODY, "country_code": "MX"}, 422, "#/user_id"),
        ({"user_id": user_id, "country_code": "Mexico"}, 422, "#/country_code"),
    ):
        answer = await api.admin().post("/v1/grants", json=body)
        assert answer.status_code == status
        assert answer.json()["errors"][0]["pointer"].startswith(pointer)
    made = await make(api, "grants", user_id=user_id, country_code="*", is_vetting=True)
    assert (made["is_vetting"], made["is_approver"], made["revoked_at"]) == (True, False, None)
    address = f"/v1/grants/{made['id']}"
    assert (await api.admin().post(f"{address}/revoke")).status_code == 428
    assert (await api.admin().post(f"{address}/revoke", headers={"If-Match": '"9"'})).status_code == 412
    changed = (await api.admin().patch(address, json={"is_approver": True}, headers=version(made))).json()
    assert (changed["is_vetting"], changed["is_approver"]) == (True, True)
    over = (await api.admin().post(f"{address}/revoke", headers=version(changed))).json()
    for answer in (
        await api.admin().post(f"{address}/revoke", headers=version(over)),
        await api.admin().patch(address, json={"is_approver": False}, headers=version(over)),
    ):
        assert problem_fault(answer, 409, "conflict") is None


async def test_token_is_shown_once_and_works(api: Any, passed_on: list[Any]) -> None:
    made = await make_token(api, "officer", expires_days=90)
    assert (made["role"], made["country_codes"], made["revoked_at"]) == ("officer", ["GE", "MX"], None)
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=89) < left <= timedelta(days=90)
    assert made["token"].split("_")[1] == made["key"]
    assert (await api.with_token(made["token"]).get("/v1/agencies")).status_code == 200
    assert (passed_on[0].name, passed_on[0].role, sorted(passed_on[0].countries)) == (
        "the officer",
        "officer",
        ["GE", "MX"],
    )
    read = await api.officer().get(f"/v1/tokens/{made['id']}")
    assert read.json() == {name: value for name, value in made.items() if name != "token"}
    assert read.headers["cache-control"] == "no-store"
    listed = (await api.officer().get("/v1/tokens")).text
    assert made["id"] in listed
    assert made["token"] not in listed
    assert "secret" not in listed


@pytest.mark.parametrize(
    ("role", "body", "pointer"),
    [
        ("viewer", {"role": "analyst"}, "#/role"),
        ("analyst", {"role": "officer"}, "#/role"),
        ("officer", {"role": "admin"}, "#/role"),
        ("admin", {"role": "officer"}, "#/role"),
        ("officer", {"country_codes": ["KE"]}, "#/country_codes"),
        ("officer", {"country_codes": ["MX", "*"]}, "#/country_codes"),
        ("viewer", {"country_codes": ["MX"]}, "#/country_codes"),
        ("viewer", {"expires_days": 91}, "#/expires_days"),
        ("viewer", {"expires_days": 0}, "#/expires_days"),
    ],
)
async def test_token_never_exceeds_its_maker(api: Any, role: str, body: dict[str, Any], pointer: str) -> None:
    answer = await getattr(api, role)().post("/v1/tokens", json={"name": "more"} | body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_token_for_less_is_good_for_less_and_makes_no_more(api: Any, passed_on: list[Any]) -> None:
    less = await make_token(api, "officer", role="viewer", country_codes=["MX"])
    client = api.with_token(less["token"])
    await client.get("/v1/agencies")
    assert (passed_on[0].role, sorted(passed_on[0].countries)) == ("viewer", ["MX"])
    for body in ({"role": "officer"}, {"country_codes": ["GE"]}):
        assert (await client.post("/v1/tokens", json={"name": "more"} | body)).status_code == 422
    child = (await client.post("/v1/tokens", json={"name": "same"})).json()
    assert (child["role"], child["country_codes"]) == ("viewer", ["MX"])


async def test_token_never_exceeds_what_its_user_may_do_today(api: Any, passed_on: list[Any]) -> None:
    made = await make_token(api, "officer", role="analyst")
    client = api.with_token(made["token"])
    mexico = (await api.admin().get("/v1/grants?country_code=MX")).json()["items"][0]
    await api.admin().post(f"/v1/grants/{mexico['id']}/revoke", headers=version(mexico))
    user_id = await id_of(api, "officer")
    await make(api, "grants", user_id=user_id, country_code="KE")
    await api.admin().patch(f"/v1/users/{user_id}", json={"role": "viewer"}, headers={"If-Match": '"1"'})
    await client.get("/v1/agencies")
    assert (passed_on[0].role, sorted(passed_on[0].countries)) == ("viewer", ["GE"])


async def test_vetting_is_passed_on_for_the_countries_whose_grants_have_the_flag(
    api: Any, passed_on: list[Any]
) -> None:
    mexico = (await api.admin().get("/v1/grants?country_code=MX")).json()["items"][0]
    less = api.with_token((await make_token(api, "officer", country_codes=["GE"]))["token"])
    for client in (api.officer(), less):
        await client.get("/v1/agencies")
    flagged = await api.admin().patch(f"/v1/grants/{mexico['id']}", json={"is_vetting": True}, headers=version(mexico))
    assert flagged.status_code == 200
    for client in (api.officer(), less):
        await client.get("/v1/agencies")
    assert [sorted(one.vetting) for one in passed_on] == [[], [], ["MX"], []]


def test_lower_role_and_common_countries() -> None:
    roles = ["viewer", "analyst", "officer"]
    for one in roles:
        for other in roles:
            assert lower_role(one, other) == min(one, other, key=roles.index)
        assert lower_role(one, "admin") == lower_role("admin", one) == "viewer"
    assert lower_role("admin", "admin") == "admin"
    everywhere, mexico, none = frozenset("*"), frozenset({"MX"}), frozenset[str]()
    for one, other, common in (
        (everywhere, mexico, mexico),
        (mexico, everywhere, mexico),
        (everywhere, everywhere, everywhere),
        (mexico, none, none),
        (everywhere, none, none),
        (mexico, frozenset({"GE"}), none),
    ):
        assert common_countries(one, other) == common


async def test_revoked_token_is_refused_at_once(api: Any) -> None:
    made = await make_token(api, "viewer")
    client, address = api.with_token(made["token"]), f"/v1/tokens/{made['id']}"
    assert (await client.get("/v1/tokens")).status_code == 200
    assert (await client.post(f"{address}/revoke")).status_code == 428
    ended = await client.post(f"{address}/revoke", headers=version(made))  # with itself
    assert (ended.status_code, ended.json()["revoked_at"] is not None) == (200, True)
    assert problem_fault(await client.get("/v1/tokens"), 401, "unauthenticated") is None
    again = await api.viewer().post(f"{address}/revoke", headers=version(ended.json()))
    assert problem_fault(again, 409, "conflict") is None


async def test_tokens_of_others_are_absent_except_to_administrators(api: Any) -> None:
    made = await make_token(api, "officer")
    address, user_id = f"/v1/tokens/{made['id']}", await id_of(api, "officer")
    for client in (api.viewer(), api.analyst()):
        assert problem_fault(await client.get(address), 404, "not_found") is None
        assert problem_fault(await client.post(f"{address}/revoke", headers=version(made)), 404, "not_found") is None
        assert (await client.get(f"/v1/tokens?user_id={user_id}")).json()["items"] == []
        assert len((await client.get("/v1/tokens")).json()["items"]) == 1
        absent = await client.get(f"/v1/tokens/{NOBODY}")
        hidden = await client.get(address)
        assert absent.json()["detail"].replace(NOBODY, "") == hidden.json()["detail"].replace(made["id"], "")
    assert len((await api.admin().get("/v1/tokens")).json()["items"]) == 5
    found = (await api.admin().get(f"/v1/tokens?user_id={user_id}&key={made['key']}")).json()["items"]
    assert [one["id"] for one in found] == [made["id"]]
    assert (await api.admin().post(f"{address}/revoke", headers=version(made))).status_code == 200
    assert (await api.with_token(made["token"]).get("/v1/tokens")).status_code == 401


async def test_token_is_kept_nowhere_in_clear(api: Any, database: Database) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await api.viewer().post("/v1/tokens", json={"name": "mine"}, headers=headers)
    again = await api.viewer().post("/v1/tokens", json={"name": "mine"}, headers=headers)
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert again.headers["cache-control"] == "no-store"
    token = first.json()["token"]
    secret = token.split("_", 2)[2]
    engine = create_async_engine(database.superuser_url)
    async with engine.connect() as connection:
        for table in ("idempotency_keys", "api_tokens", "users"):
            printed = text(f"SELECT t::text FROM {table} t")
            rows = (await connection.execute(printed)).scalars().all()
            assert rows
            for word in (token, secret, token.encode().hex(), secret.encode().hex()):
                assert all(word not in row for row in rows)
    await engine.dispose()


async def test_answer_with_a_token_is_not_given_again_to_other_rights(api: Any) -> None:
    headers = {"Idempotency-Key": "once"}
    await api.officer().post("/v1/tokens", json={"name": "mine"}, headers=headers)
    less = api.with_token((await make_token(api, "officer", role="viewer"))["token"])
    refused = await less.post("/v1/tokens", json={"name": "mine"}, headers=headers)
    assert problem_fault(refused, 403, "forbidden") is None
    assert "trib_" not in refused.text


async def test_name_made_over_http_gets_its_token_from_the_command(api: Any, app: FastAPI) -> None:
    from gateway.access import create_token  # noqa: PLC0415

    user = await make(api, "users", name="nightly", kind="script", role="viewer")
    async with open_session(app.state.engine, caller("admin")) as session, session.begin():
        token, _ = await create_token(session, "nightly", "viewer", [], 1)
    listed = (await api.with_token(token).get("/v1/tokens")).json()["items"]
    assert [(one["user_id"], one["role"], one["country_codes"]) for one in listed] == [(user["id"], None, None)]
