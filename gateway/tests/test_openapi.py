"""One document of four: what must not be merged is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from chassis.errors import DomainError
from chassis.testing.contract import operations_of
from gateway.openapi import MERGED, MergeConflict, merge, without_joined
from gateway.pages import PROBLEMS
from gateway.routing import NOUNS, TYPES, check_documents, find_service


def make_document(path: str, operation: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "info": {"version": "1"},
        "paths": {path: {"get": {"operationId": operation}}},
        "components": {"schemas": {"Shared": schema}},
    }


def test_schemas_that_are_deeply_equal_are_one() -> None:
    one = make_document("/v1/a", "get_a", {"type": "object", "properties": {"x": {"type": "string"}}})
    two = make_document("/v1/b", "get_b", {"properties": {"x": {"type": "string"}}, "type": "object"})
    merged = merge({"one": one, "two": two})
    assert sorted(merged["paths"]) == ["/v1/a", "/v1/b"]
    assert list(merged["components"]["schemas"]) == ["Shared"]


def test_every_operation_takes_a_token_in_either_way() -> None:
    open_one = make_document("/v1/a", "get_a", {})
    signed = make_document("/v1/b", "get_b", {})
    signed["paths"]["/v1/b"]["get"]["security"] = [{"HTTPBearer": []}]
    signed["components"]["securitySchemes"] = {"HTTPBearer": {"type": "http", "scheme": "bearer"}}
    merged = merge({"one": open_one, "two": signed})
    assert merged["paths"]["/v1/b"]["get"]["security"] == [{"BearerToken": []}, {"BasicToken": []}]
    assert "security" not in merged["paths"]["/v1/a"]["get"]
    schemes = merged["components"]["securitySchemes"]
    assert {name: one["scheme"] for name, one in schemes.items()} == {"BearerToken": "bearer", "BasicToken": "basic"}
    committed = json.loads((Path(__file__).parents[2] / "openapi" / MERGED).read_text())
    for one in operations_of(committed):
        assert one.spec["security"] == [{"BearerToken": []}, {"BasicToken": []}], one


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (make_document("/v1/b", "get_b", {"type": "integer"}), "schema Shared"),
        (make_document("/v1/a", "get_b", {"type": "string"}), "/v1/a is served by two"),
        (make_document("/v1/b", "get_a", {"type": "string"}), "operation get_a"),
    ],
)
def test_any_other_clash_fails(second: dict[str, Any], message: str) -> None:
    first = make_document("/v1/a", "get_a", {"type": "string"})
    with pytest.raises(MergeConflict, match=message):
        merge({"one": first, "two": second})


def test_routing_table_and_documents_must_agree() -> None:
    documents: dict[str, dict[str, Any]] = {
        service: {"paths": {f"/v1/{noun}": {} for noun in (*nouns, "history")}} for service, nouns in NOUNS.items()
    }
    for service, document in documents.items():
        types = {"name": "type", "schema": {"items": {"enum": list(TYPES[service])}}}
        document["paths"]["/v1/changes"] = {"get": {"parameters": [types]}}
    documents["trainings"]["paths"]["/v1/agencies/{agency_id}/reach"] = {}
    assert check_documents(documents) == []
    del documents["trainings"]["paths"]["/v1/agencies/{agency_id}/reach"]
    documents["funding"]["paths"]["/v1/secrets"] = {}
    del documents["programs"]["paths"]["/v1/agencies"]
    del documents["programs"]["paths"]["/v1/history"]
    documents["trainings"]["paths"]["/v1/changes"]["get"]["parameters"][0]["schema"]["items"]["enum"].pop()
    assert check_documents(documents) == [
        "funding serves /v1/secrets, which the table does not route",
        "programs does not serve /v1/history, which is joined",
        "the table routes /v1/agencies to programs, which does not serve it",
        "trainings and the table disagree on the types of its changes",
        "trainings does not serve /v1/agencies/.../reach, which the table routes to it",
    ]


def test_what_the_gateway_answers_in_a_services_place_is_not_merged() -> None:
    def refers(name: str) -> dict[str, Any]:
        return {"get": {"schema": {"$ref": f"#/components/schemas/{name}"}}}

    document = {
        "paths": {"/v1/changes": refers("PartPage"), "/v1/agencies": refers("Page")},
        "components": {"schemas": {"PartPage": {}, "Page": refers("Item"), "Item": refers("Page")}, "other": 1},
    }
    assert without_joined(document) == {
        "paths": {"/v1/agencies": refers("Page")},
        "components": {"schemas": {"Page": refers("Item"), "Item": refers("Page")}, "other": 1},
    }


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v1/agencies", "programs"),
        ("/v1/people/1/x", "trainings"),
        ("/v1/ledger-entries", "funding"),
        ("/v1/countries", None),
        ("/v2/agencies", None),
        ("/agencies", None),
        ("//v1/agencies", None),
    ],
)
def test_only_declared_paths_are_routed(path: str, service: str | None) -> None:
    assert find_service(path) == service


def test_every_problem_of_the_chassis_has_its_page() -> None:
    codes, kinds = set(), [DomainError]
    while kinds:
        kind = kinds.pop()
        if kind.__module__ == "chassis.errors":
            codes.add(kind.code)
            kinds += kind.__subclasses__()
    assert codes - set(PROBLEMS) == set()
