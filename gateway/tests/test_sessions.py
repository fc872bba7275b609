"""Signing in by a link: once, in time, as the user it was made for, and for no longer than asked."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from chassis.testing import ACTING, caller
from chassis.testing.contract import problem_fault
from chassis.unit_of_work import open_session
from fastapi import FastAPI
from gateway.access import create_link, hash_secret
from gateway.control import create_app as create_control
from sqlalchemy import text

BODY = {"name": "Web pages", "expires_hours": 2}


async def make_link(app: FastAPI, name: str = "Ana", role: str = "viewer", *countries: str) -> str:
    async with open_session(app.state.engine, caller("admin")) as session, session.begin():
        code, _ = await create_link(session, name, role, list(countries))
    return code


async def run(app: FastAPI, statement: str, **values: Any) -> None:
    async with app.state.engine.begin() as connection:
        await connection.execute(text(ACTING))
        await connection.execute(text(statement), values)


async def rows(app: FastAPI, statement: str) -> list[tuple[Any, ...]]:
    async with app.state.engine.begin() as connection:
        await connection.execute(text(ACTING))
        return [tuple(row) for row in await connection.execute(text(statement))]


async def test_a_link_signs_its_user_in_once(app: FastAPI, api: Any) -> None:
    code = await make_link(app, "Ana", "viewer", "*")
    answer = await api.with_token(code).post("/v1/sessions", json=BODY)
    assert answer.status_code == 201
    made = answer.json()
    assert (answer.headers["location"], answer.headers["cache-control"]) == (f"/v1/tokens/{made['id']}", "no-store")
    assert (made["name"], made["role"], made["country_codes"]) == ("Web pages", None, None)
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=1.9) < left <= timedelta(hours=2)
    account = (await api.with_token(made["token"]).get("/v1/account")).json()
    assert {name: account[name] for name in ("name", "kind", "role", "country_codes")} == {
        "name": "Ana",
        "kind": "person",
        "role": "viewer",
        "country_codes": ["*"],
    }
    assert account["grants"] == [{"country_code": "*", "is_vetting": False, "is_approver": False}]
    assert account["token"] == {name: value for name, value in made.items() if name != "token"}
    again = await api.with_token(code).post("/v1/sessions", json=BODY)
    assert problem_fault(again, 401, "unauthenticated") is None


async def test_of_many_at_once_one_gets_in(app: FastAPI, api: Any) -> None:
    code = await make_link(app)
    answers = await asyncio.gather(*(api.with_token(code).post("/v1/sessions", json=BODY) for _ in range(8)))
    assert sorted(one.status_code for one in answers) == [201, *[401] * 7]
    assert await rows(app, "SELECT count(*) FROM api_tokens WHERE name = 'Web pages'") == [(1,)]


async def test_a_link_is_good_for_its_time_its_user_and_nothing_else(app: FastAPI, api: Any) -> None:
    code = await make_link(app)
    client = api.with_token(code)
    for path in ("/v1/account", "/v1/tokens", "/v1/countries/MX"):
        assert problem_fault(await client.get(path), 401, "unauthenticated") is None
    assert (await api.with_token(code[:-1]).post("/v1/sessions", json=BODY)).status_code == 401
    refusals = (
        ("UPDATE sign_in_links SET expires_at = now()", "UPDATE sign_in_links SET expires_at = now() + '1 minute'"),
        ("UPDATE users SET is_active = false WHERE name = 'Ana'", "UPDATE users SET is_active = true"),
    )
    for spoil, mend in refusals:
        await run(app, spoil)
        assert (await client.post("/v1/sessions", json=BODY)).status_code == 401
        await run(app, mend)
    assert (await client.post("/v1/sessions", json=BODY | {"expires_hours": 25})).status_code == 422
    assert (await client.post("/v1/sessions?validate_only=true", json=BODY)).json() == {"is_valid": True}
    assert (await client.post("/v1/sessions", json=BODY)).status_code == 201


async def test_what_is_kept_of_a_link_signs_nobody_in(app: FastAPI) -> None:
    code = await make_link(app)
    assert len(code.removeprefix("triblink_")) == 43  # 256 bits
    kept = await rows(app, "SELECT code_hash, sign_in_links::text FROM sign_in_links")
    assert kept[0][0] == hash_secret(code)
    assert code.removeprefix("triblink_") not in kept[0][1]


async def test_a_session_of_a_token_is_for_no_more_than_the_token(api: Any) -> None:
    token = (
        await api.officer().post("/v1/tokens", json={"name": "low", "role": "viewer", "country_codes": ["MX"]})
    ).json()
    made = (await api.with_token(token["token"]).post("/v1/sessions", json=BODY)).json()
    assert (made["role"], made["country_codes"]) == ("viewer", ["MX"])
    account = (await api.with_token(made["token"]).get("/v1/account")).json()
    assert (account["role"], account["country_codes"]) == ("viewer", ["MX"])
    assert [one["country_code"] for one in account["grants"]] == ["GE", "MX"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "Ana", "role": "viewer", "countries": ["*"]}, 201),
        ({"name": "Ana", "role": "viewer"}, 409),
        ({"name": "Bea", "role": "king"}, 422),
        ({"name": "Bea", "role": "viewer", "countries": ["Mexico"]}, 422),
    ],
)
async def test_whoever_may_open_the_socket_makes_links(app: FastAPI, body: dict[str, Any], status: int) -> None:
    await make_link(app, "Ana", "viewer", "*")
    control = create_control()
    transport = httpx.ASGITransport(app=control)
    async with (
        control.router.lifespan_context(control),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        assert (await client.post("/links", json=body)).status_code == status
