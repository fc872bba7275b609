"""What every service promises, for the gateway's own addresses."""

from collections.abc import AsyncIterator

from chassis.testing import Api, Database
from chassis.testing.contract import Write, check_answers, check_document, check_writes
from gateway.routing import OWN


async def test_document_keeps_the_style(api: Api) -> None:
    check_document(api.app)


async def test_answers_keep_the_style(api: Api) -> None:
    await check_answers(api)


async def test_table_of_own_addresses_is_the_document(api: Api) -> None:
    assert {path.split("/")[2] for path in api.app.openapi()["paths"]} | {"openapi.json"} == set(OWN)


async def writes(api: Api) -> AsyncIterator[Write]:
    async def newest(noun: str) -> str:
        return str((await api.admin().get(f"/v1/{noun}?sort=-created_at")).json()["items"][0]["id"])

    schemas = api.app.openapi()["components"]["schemas"]
    yield Write("POST /v1/users", "/v1/users", schemas["UserCreate"]["examples"][0])
    user_id = await newest("users")
    yield Write("PATCH /v1/users/{user_id}", f"/v1/users/{user_id}", {"role": "analyst"})
    yield Write("POST /v1/grants", "/v1/grants", schemas["GrantCreate"]["examples"][0] | {"user_id": user_id})
    grant_id = await newest("grants")
    yield Write("PATCH /v1/grants/{grant_id}", f"/v1/grants/{grant_id}", {"is_approver": True})
    yield Write("POST /v1/grants", "/v1/grants", {"user_id": user_id, "country_code": "*"})
    yield Write("POST /v1/grants/{grant_id}/revoke", f"/v1/grants/{await newest('grants')}/revoke")
    yield Write("POST /v1/sessions", "/v1/sessions", schemas["SessionCreate"]["examples"][0])
    yield Write("POST /v1/tokens", "/v1/tokens", schemas["TokenCreate"]["examples"][0])
    yield Write("POST /v1/tokens/{token_id}/revoke", f"/v1/tokens/{await newest('tokens')}/revoke")


async def test_every_write_can_be_validated_only_and_repeated_by_key(api: Api, database: Database) -> None:
    await check_writes(api, database.superuser_url, writes(api))
