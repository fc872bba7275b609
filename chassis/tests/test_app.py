"""Starting, stopping, health and request ids."""

import uuid
from pathlib import Path

import pytest
from chassis.migrate import StaleSchemaError
from chassis.settings import Settings
from chassis.testing import Api, Database
from fastapi import FastAPI
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


@pytest.mark.parametrize("change", ["DELETE FROM alembic_version", "UPDATE alembic_version SET version_num = '0000'"])
async def test_app_refuses_to_start_on_another_schema(app: FastAPI, database: Database, change: str) -> None:
    engine = create_async_engine(database.owner_url)
    async with engine.begin() as connection:
        await connection.execute(text(change))
    await engine.dispose()
    with pytest.raises(StaleSchemaError, match="this code needs 0015"):
        async with app.router.lifespan_context(app):
            pytest.fail("it started")


async def test_health_needs_no_token(api: Api) -> None:
    for address in ("/livez", "/readyz"):
        answer = await api.anonymous().get(address)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_request_id_is_the_callers_uuid_or_a_new_one(api: Api) -> None:
    offered = str(uuid.uuid4())
    for address in ("/livez", "/v1/things", "/v1/nothing"):
        answer = await api.viewer().get(address, headers={"X-Request-Id": offered})
        assert answer.headers["x-request-id"] == offered
        for bad in ("", "x", "<script>", "a" * 5000):
            answer = await api.viewer().get(address, headers={"X-Request-Id": bad})
            assert answer.headers.get_list("x-request-id") == [str(uuid.UUID(answer.headers["x-request-id"]))]
            assert answer.headers["x-request-id"] != offered


async def test_failure_on_our_side_has_one_request_id_too(api: Api) -> None:
    offered = str(uuid.uuid4())
    answer = await api.officer().post("/v1/failures", json={"how": "bug"}, headers={"X-Request-Id": offered})
    assert answer.headers.get_list("x-request-id") == [offered]


def test_secret_may_stand_in_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("TRIBUTARY_DATABASE_URL", "postgresql+asyncpg://x")
    environment.delenv("TRIBUTARY_CURSOR_KEY")
    with pytest.raises(ValidationError, match="cursor_key"):
        Settings()
    (tmp_path / "key").write_text("k" * 40 + "\n")
    environment.setenv("TRIBUTARY_CURSOR_KEY_FILE", str(tmp_path / "key"))
    assert Settings().cursor_key.get_secret_value() == "k" * 40
    assert "k" * 40 not in repr(Settings())
