"""The door of the workers: who opens it, and what it says of whom."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from chassis.testing import Database
from chassis.tokens import Caller, verify_token
from chassis.unit_of_work import open_session
from fastapi import FastAPI
from gateway.access import OPERATOR, issue_token
from gateway.app import create_app
from gateway.models import Grant, User
from sqlmodel import select

KEY = "the-key-of-the-workers-0123456789abcdef"
ALL: dict[str, Any] = {"role": "officer", "countries": ["*"], "vetting": ["*"]}


@pytest.fixture
async def app(database: Database, service_environment: pytest.MonkeyPatch) -> AsyncIterator[FastAPI]:
    service_environment.setenv("TRIBUTARY_JOBS_KEY", KEY)
    made = create_app()
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def officer(app: FastAPI) -> User:
    """An officer of Mexico and Georgia, who may vet for Mexico."""
    grants = [Grant(country_code="MX", is_vetting=True), Grant(country_code="GE")]
    user = User(name="An officer", kind="person", role="officer", grants=grants)
    async with open_session(app.state.engine, OPERATOR) as session, session.begin():
        session.add(user)
    return user


async def ask(client: httpx.AsyncClient, body: Any, key: str | None = KEY) -> httpx.Response:
    headers = {} if key is None else {"Authorization": f"Bearer {key}".encode()}
    return await client.post("/job-rights", json=body, headers=headers)


def caller_in(app: FastAPI, response: httpx.Response) -> Caller:
    assert response.status_code == 200, response.text
    return verify_token(app.state.token_public_key, response.json()["token"])


async def test_a_worker_learns_what_a_submitter_may_do_now(
    app: FastAPI, client: httpx.AsyncClient, officer: User
) -> None:
    whole = Caller(str(officer.id), "An officer", "officer", frozenset({"MX", "GE"}), frozenset({"MX"}))
    body = ALL | {"subject": str(officer.id)}
    assert caller_in(app, await ask(client, body)) == whole
    async with open_session(app.state.engine, OPERATOR) as session, session.begin():
        kept = (await session.exec(select(User).where(User.id == officer.id))).one()
        kept.grants[1].revoked_at = datetime.now(UTC)  # of Mexico: they are in the order of their codes
    less = Caller(str(officer.id), "An officer", "officer", frozenset({"GE"}))
    assert caller_in(app, await ask(client, body)) == less


async def test_what_its_token_could_not_do_a_job_cannot_either(
    app: FastAPI, client: httpx.AsyncClient, officer: User
) -> None:
    body = {"subject": str(officer.id), "role": "analyst", "countries": ["GE"], "vetting": []}
    assert caller_in(app, await ask(client, body)) == Caller(
        str(officer.id), "An officer", "analyst", frozenset({"GE"})
    )


@pytest.mark.parametrize("why", ["deactivated", "unknown", "the operator", "no role of ours"])
async def test_whoever_is_no_user_has_no_rights(
    app: FastAPI, client: httpx.AsyncClient, officer: User, why: str
) -> None:
    body = ALL | {"subject": str(officer.id)}
    if why == "deactivated":
        async with open_session(app.state.engine, OPERATOR) as session, session.begin():
            (await session.exec(select(User).where(User.id == officer.id))).one().is_active = False
    else:
        change = {
            "unknown": {"subject": str(uuid.uuid4())},
            "the operator": {"subject": OPERATOR.subject},
            "no role of ours": {"role": "root"},
        }
        body |= change[why]
    assert (await ask(client, body)).status_code == 403


async def test_the_door_is_closed_to_everybody_else(app: FastAPI, client: httpx.AsyncClient, officer: User) -> None:
    body = ALL | {"subject": str(officer.id)}
    async with open_session(app.state.engine, OPERATOR) as session, session.begin():
        token, _row = await issue_token(session, officer.id, "a token", 1)
    for key in (None, "x", KEY[:-1], KEY + "0", token, "\u00e9"):
        answer = await ask(client, body, key)
        assert answer.status_code == 401, key
        assert answer.headers["content-type"] == "application/problem+json"
    # Nor does a wrong key learn anything of the body.
    wrong = await client.post("/job-rights", content=b"{", headers={"Authorization": "Bearer x"})
    assert wrong.status_code == 401
    assert (await ask(client, {"subject": 1})).status_code == 422
    basic = httpx.BasicAuth("worker", KEY)
    assert (await client.post("/job-rights", json=body, auth=basic)).status_code == 401
    # It is no address of the API: its key opens nothing else.
    assert (await client.get("/v1/account", headers={"Authorization": f"Bearer {KEY}"})).status_code == 401
    assert "/job-rights" not in str(app.openapi())


async def test_without_a_key_there_is_no_door(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIBUTARY_JOBS_KEY", raising=False)
    made = create_app()
    async with made.router.lifespan_context(made):
        transport = httpx.ASGITransport(app=made, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            assert (await ask(client, ALL | {"subject": str(uuid.uuid4())})).status_code == 404
