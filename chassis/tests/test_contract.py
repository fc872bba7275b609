"""The checks that services inherit find nothing in a good app, and each fault in a bad one."""

from pathlib import Path

import pytest
from chassis.resources import make_metadata
from chassis.testing import Api, Database, check_catalog, describe_catalog, schema_drift
from chassis.testing.contract import answer_faults, document_faults
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from sqlalchemy import Column, Integer, Table


async def test_good_app_has_no_faults(api: Api) -> None:
    assert document_faults(api.app) == []
    assert await answer_faults(api) == []


class Careless(BaseModel):
    """An answer whose field is always there but not required."""

    name: str = "x"


@pytest.fixture
def careless(app: FastAPI, api: Api) -> Api:
    """The same service with routes written past the chassis."""
    router = APIRouter(prefix="/v1")

    @router.get("/careless")
    async def careless_things(limit: int = 5) -> list[Careless]:
        return []

    @router.delete("/careless/{careless_id}")
    async def remove(careless_id: int) -> None:
        return None

    app.include_router(router)
    app.openapi_schema = None
    return api


async def test_document_faults_are_found(careless: Api) -> None:
    assert document_faults(careless.app) == [
        "GET /v1/careless: a GET is not called 'careless_things'.",
        "GET /v1/careless: it needs a tag and a summary.",
        "GET /v1/careless: it does not say that it needs a token.",
        "GET /v1/careless: it does not declare 401, 403.",
        "DELETE /v1/careless/{careless_id}: the operation id 'remove' is not verb_noun.",
        "DELETE /v1/careless/{careless_id}: nothing is deleted over HTTP.",
        "DELETE /v1/careless/{careless_id}: it needs a tag and a summary.",
        "DELETE /v1/careless/{careless_id}: it does not say that it needs a token.",
        "DELETE /v1/careless/{careless_id}: it does not declare 401, 403.",
        "Careless: `name` is always answered but not required.",
    ]


async def test_answer_faults_are_found(careless: Api) -> None:
    assert await answer_faults(careless) == [
        "GET /v1/careless: without a token: answered 200 application/json, not 401 application/problem+json.",
        "GET /v1/careless: with an unknown parameter: answered 200 application/json, not 400 application/problem+json.",
        "GET /v1/careless: with limit twice: answered 200 application/json, not 400 application/problem+json.",
        "DELETE /v1/careless/{careless_id}: without a token: answered 422 application/problem+json, not 401 application/problem+json.",
        "DELETE /v1/careless/{careless_id}: with an unknown parameter: answered 422 application/problem+json, not 400 application/problem+json.",
    ]


async def test_drift_between_models_and_migrations_is_found(database: Database) -> None:
    other = make_metadata()
    Table("trinkets", other, Column("id", Integer, primary_key=True))
    found = await schema_drift(database.owner_url, other)
    assert sorted(change[0] for change in found) == ["add_table", "remove_table"]


async def test_catalog_is_compared_line_by_line(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = tmp_path / "catalog.txt"
    found = await describe_catalog(database.superuser_url)
    monkeypatch.delenv("UPDATE_CATALOG", raising=False)
    with pytest.raises(AssertionError, match="UPDATE_CATALOG=1"):
        check_catalog(found, snapshot)
    monkeypatch.setenv("UPDATE_CATALOG", "1")
    check_catalog(found, snapshot)
    monkeypatch.delenv("UPDATE_CATALOG")
    check_catalog(found, snapshot)
    with pytest.raises(AssertionError, match=r"\+things to things_app: INSERT, SELECT, UPDATE"):
        check_catalog(found, tmp_path / "absent.txt")
