"""Tokens: made once, kept as a hash, refused when they should be."""

import base64
import json
import re

import httpx
import pytest
from chassis.errors import Conflict, Invalid
from chassis.testing import ACTING, caller
from chassis.testing.contract import operations_of
from chassis.unit_of_work import open_session
from fastapi import FastAPI
from gateway.access import create_token
from gateway.openapi import MERGED
from sqlalchemy import text

NOBODY = "01920000-0000-7000-8000-00000000dead"


async def make_token(app: FastAPI, name: str = "script", role: str = "viewer", *countries: str) -> str:
    async with open_session(app.state.engine, caller("admin")) as session, session.begin():
        token, _ = await create_token(session, name, role, list(countries), 1)
    return token


async def run(app: FastAPI, statement: str) -> list[tuple[object, ...]]:
    async with app.state.engine.begin() as connection:
        await connection.execute(text(ACTING))
        result = await connection.execute(text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


async def get_countries(client: httpx.AsyncClient, authorization: str) -> httpx.Response:
    return await client.get("/v1/countries", headers=[(b"Authorization", authorization.encode("latin-1"))])


async def test_token_is_accepted_as_bearer_and_as_basic_password(app: FastAPI, client: httpx.AsyncClient) -> None:
    token = await make_token(app)
    basic = base64.b64encode(f"anyone:{token}".encode()).decode()
    for authorization in (f"Bearer {token}", f"Basic {basic}"):
        assert (await get_countries(client, authorization)).status_code == 200


async def test_secret_is_not_kept(app: FastAPI) -> None:
    token = await make_token(app)
    secret = token.split("_", 2)[2]
    rows = await run(app, "SELECT encode(secret_hash, 'escape') || key || name FROM api_tokens")
    assert len(rows) == 1
    assert secret not in str(rows[0][0])


async def test_unknown_changed_expired_and_revoked_tokens_are_refused(app: FastAPI, client: httpx.AsyncClient) -> None:
    token = await make_token(app)
    bad = ["", "Bearer", "Bearer x", f"Bearer {token}x", f"Bearer {token[:-1]}", "Basic ???", f"Digest {token}"]
    bad += ["Basic \xff", "Bearer \xff", "Bearer trib_\xe9_\xe9"]
    for authorization in bad:
        answer = await get_countries(client, authorization)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), authorization
    await run(app, "UPDATE api_tokens SET revoked_at = now()")
    assert (await get_countries(client, f"Bearer {token}")).status_code == 401
    await run(app, "UPDATE api_tokens SET revoked_at = NULL, expires_at = now()")
    assert (await get_countries(client, f"Bearer {token}")).status_code == 401
    await run(app, "UPDATE api_tokens SET expires_at = now() + interval '1 day'")
    assert (await get_countries(client, f"Bearer {token}")).status_code == 200
    await run(app, "UPDATE users SET is_active = false")
    assert (await get_countries(client, f"Bearer {token}")).status_code == 401


async def test_name_stands_for_one_role_and_its_countries(app: FastAPI) -> None:
    await make_token(app, "mexico", "officer", "MX")
    await make_token(app, "mexico", "officer", "MX")
    assert await run(app, "SELECT count(*) FROM users") == [(1,)]
    with pytest.raises(Conflict, match="exists with the role officer and grants for MX"):
        await make_token(app, "mexico", "officer", "GE")
    for role, country in (("king", "MX"), ("officer", "Mexico")):
        with pytest.raises(Invalid):
            await make_token(app, "other", role, country)


async def test_foreign_host_is_refused(app: FastAPI, client: httpx.AsyncClient) -> None:
    token = await make_token(app)
    answer = await client.get("/v1/countries", headers={"Authorization": f"Bearer {token}", "Host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    "query", ["token={}", "access_token={}", "Access_Token=x", "api_key=", "q=1&format={}", "q={}"]
)
@pytest.mark.parametrize("path", ["/v1/countries", "/v1/tokens", "/v1/agencies", "/v1/nothing"])
async def test_token_in_the_address_is_refused(app: FastAPI, client: httpx.AsyncClient, path: str, query: str) -> None:
    token = await make_token(app)
    for headers in ({}, {"Authorization": f"Bearer {token}"}):
        answer = await client.get(f"{path}?{query.format(token)}", headers=headers)
        said = "Send it as `Authorization: Bearer <token>`, or as the password of Basic with any user name."
        assert answer.json() == {
            "type": "/problems/token_in_address",
            "title": "A token must not stand in an address",
            "status": 400,
            "code": "token_in_address",
            "detail": "Addresses are kept in logs and histories, so a token in one is no secret any more. Revoke it, "
            f"make a new one, and leave it out of the address. {said}",
            "instance": path,
            "request_id": answer.headers["x-request-id"],
            "errors": [
                {
                    "parameter": query.rpartition("&")[2].partition("=")[0],
                    "code": "token_in_address",
                    "message": said,
                }
            ],
        }
        assert answer.status_code == 400
        assert token not in answer.text


async def test_every_operation_takes_the_token_as_bearer_and_as_the_password_of_basic(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    token = await make_token(app, "everything", "admin")
    basic = base64.b64encode(f"excel@example.org:{token}".encode()).decode()
    document = json.loads((app.state.settings.openapi_folder / MERGED).read_text())
    operations = operations_of(document)
    assert len(operations) > 50
    for one in operations:
        told = {"X-Request-Id": NOBODY}
        address = re.sub(r"\{[^}]*\}", NOBODY, one.path)
        answers = [
            await client.request(one.method, address, headers=told | authorization)
            for authorization in (
                {"Authorization": f"Bearer {token}"},
                {"Authorization": f"Basic {basic}"},
                {"Authorization": f"basic {basic}"},
                {},
            )
        ]
        bearer, *others, none = [(answer.status_code, answer.text) for answer in answers]
        assert bearer[0] not in {401, 500}, one
        assert others == [bearer, bearer], one
        assert none[0] == 401, one


async def test_services_out_of_reach_are_named_and_nothing_is_zero(app: FastAPI, client: httpx.AsyncClient) -> None:
    authorization = f"Bearer {await make_token(app)}"
    countries = (await client.get("/v1/countries?q=mex", headers={"Authorization": authorization})).json()
    assert countries["items"] == [
        {
            "country_code": "MX",
            "name": "Mexico",
            "programs": None,
            "reported_figures": None,
            "statements": None,
            "card_url": "/v1/countries/MX",
        }
    ]
    recorded = await client.get("/v1/countries?is_recorded=true", headers={"Authorization": authorization})
    assert (recorded.status_code, recorded.json()["code"]) == (503, "unavailable")
    card = (await client.get("/v1/countries/MX", headers={"Authorization": authorization})).json()
    assert card["missing"] == ["funding", "programs", "trainings"]
    assert card["note"] is None
    assert card["money"]["us"]["status"] == "missing"
    assert (card["figures"], card["partners"], card["statements"]) == ([], [], [])
    routed = await client.get("/v1/agencies", headers={"Authorization": authorization})
    assert (routed.status_code, routed.json()["code"], routed.headers["retry-after"]) == (503, "unavailable", "2")
    unknown = await client.get("/v1/countries/ZZ", headers={"Authorization": authorization})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    nowhere = await client.get("/v1/countrys", headers={"Authorization": authorization})
    assert nowhere.status_code == 404
    assert 'Did you mean "countries"?' in nowhere.json()["detail"]


async def test_readiness_names_what_is_missing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["funding", "programs", "trainings"])
    assert (await client.get("/livez")).status_code == 200
