"""The OpenAPI document of an app: problems declared on every operation, nothing the generators trip over."""

import importlib
import json
import sys
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from chassis.exports import MEDIA_TYPES
from chassis.idempotency import REPLAYED
from chassis.problems import MEDIA_TYPE, Problem
from chassis.unit_of_work import Validation

_DESCRIPTIONS: Final = {
    "400": "The request is malformed, or names a parameter that does not exist.",
    "401": "No valid token.",
    "403": "The caller may not do this.",
    "404": "There is no such thing, or none the caller may know of.",
    "409": "It clashes with what is recorded, or the same request is being worked on.",
    "410": "What came after this position is no longer answered: take a full download.",
    "412": "The record has changed since the caller read it.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "Some values are not valid; `errors` says which and why.",
    "428": "The change does not say which version it changes.",
    "500": "A failure on our side.",
    "503": "Something this answer needs is out of reach. Nothing happened; try again after `Retry-After` seconds.",
}
_REPLAYED: Final = {
    "description": "`true` where this is the first answer to the key, given again.",
    "schema": {"type": "string"},
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The document of `app`, made once. Takes the place of `app.openapi`."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
            separate_input_output_schemas=False,
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs"))
        schemas["Problem"] = problem
        schemas["Validation"] = Validation.model_json_schema()
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                _declare_answers(path, method, operation)
        document["components"]["schemas"] = dict(sorted(schemas.items()))
        app.openapi_schema = document
    return app.openapi_schema


def _declare_answers(path: str, method: str, operation: dict[str, Any]) -> None:
    responses: dict[str, Any] = operation["responses"]
    names = {parameter["name"].lower() for parameter in operation.get("parameters", [])}
    if method == "get" and "security" in operation:
        responses.setdefault("304", {"description": "The caller's copy is current (`If-None-Match`)."})
    if "format" in names:
        for media_type in MEDIA_TYPES.values():
            responses["200"]["content"].setdefault(media_type, {"schema": {"type": "string"}})
    if responses.get("422", {}).get("description") == "Validation Error":
        del responses["422"]
    if "validate_only" in names:
        _declare_validation(responses)
    if "idempotency-key" in names:
        for status, answer in responses.items():
            if status in {"200", "201"}:
                answer["headers"] = {REPLAYED: _REPLAYED}
    for status in sorted(_problems_of(path, operation, names)):
        problem = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        responses.setdefault(status, {"description": _DESCRIPTIONS[status], "content": problem})


def _declare_validation(responses: dict[str, Any]) -> None:
    passed = {"$ref": "#/components/schemas/Validation"}
    said = "With `validate_only=true`: every check passed, nothing was written."
    if "200" in responses:
        answer = responses["200"]
        answer["description"] = f"{answer['description']}. {said}"
        content = answer["content"]["application/json"]
        content["schema"] = {"anyOf": [content["schema"], passed]}
    else:
        responses["200"] = {"description": said, "content": {"application/json": {"schema": passed}}}


def _problems_of(path: str, operation: dict[str, Any], names: set[str]) -> set[str]:
    statuses = {"400", "500"}
    if "security" in operation:
        statuses |= {"401", "403", "503"}
    if "{" in path:
        statuses |= {"404", "422"}
    if names:
        statuses.add("422")
    if "subject" in names:
        statuses.add("404")
    if "after" in names:
        statuses |= {"409", "410"}
    if "idempotency-key" in names:
        statuses |= {"409", "422"}
    if "requestBody" in operation:
        statuses |= {"409", "413", "415", "422"}
    if "if-match" in names:
        statuses |= {"404", "412", "428"}
    return statuses


def text_of(document: dict[str, Any]) -> str:
    """The document as it is committed, the same bytes on every machine."""
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":  # python -m chassis.openapi MODULE:FACTORY prints the document of one app
    module, _, factory = sys.argv[1].partition(":")
    sys.stdout.write(text_of(getattr(importlib.import_module(module), factory)().openapi()))
