"""The merged OpenAPI document: the services' documents and the gateway's own as one, or a failure that says why not.

`python -m gateway.openapi` writes openapi/*.json from the code; with --check it only says what differs.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from chassis.openapi import text_of
from joserfc.jwk import OKPKey

from gateway.routing import JOINED, NOUNS, check_documents

MERGED: Final = "tributary.json"
DESCRIPTION: Final = (
    "Partner programs and their funding: country programs, partner agencies, training cascades and money. "
    "Every figure carries its unit, scope, as-of date, source or records, qualifier and history; people are counted "
    "once; stages of money never mix; what is missing is named, never shown as zero."
)

# However somebody signs in, an operation takes the token in either of two ways.
SECURITY_SCHEMES: Final = {
    "BearerToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API token (`trib_...`), or an access token (a JWT) that the OpenID Connect issuer of this "
        "installation made out for this API. Never in an address.",
    },
    "BasicToken": {
        "type": "http",
        "scheme": "basic",
        "description": "Any user name, and the token as the password: for Excel, Power Query and what else knows no "
        "bearer tokens.",
    },
}


class MergeConflict(Exception):
    """Two documents mean different things by one name."""


def merge(documents: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """One document of `documents`. Schemas that are deeply equal are one; any other clash raises `MergeConflict`."""
    merged: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Tributary",
            "version": next(iter(documents.values()))["info"]["version"],
            "description": DESCRIPTION,
        },
        "paths": {},
        "components": {"schemas": {}, "securitySchemes": SECURITY_SCHEMES},
    }
    operations: dict[str, str] = {}
    for service, document in documents.items():
        for path, item in document["paths"].items():
            if path in merged["paths"]:
                raise MergeConflict(f"{path} is served by two services, {service} is one of them")
            merged["paths"][path] = item
            for operation in item.values():
                name = operation["operationId"]
                if name in operations:
                    raise MergeConflict(f"the operation {name} is in {operations[name]} and in {service}")
                operations[name] = service
        for name, schema in document["components"]["schemas"].items():
            if merged["components"]["schemas"].setdefault(name, schema) != schema:
                raise MergeConflict(f"{service} means another thing by the schema {name} than a service before it")
    return merged | {"paths": {path: _at_the_gateway(item) for path, item in merged["paths"].items()}}


def _at_the_gateway(item: dict[str, Any]) -> dict[str, Any]:
    """The operations of a path, with the tokens that the gateway takes where the service takes the gateway's."""
    either: dict[str, Any] = {"security": [{name: []} for name in SECURITY_SCHEMES]}
    return {method: operation | either if "security" in operation else operation for method, operation in item.items()}


def without_joined(document: dict[str, Any]) -> dict[str, Any]:
    """A service's document without what the gateway answers in its place, and without the schemas of only that."""
    paths = {path: item for path, item in document["paths"].items() if path.split("/")[2] not in JOINED}
    schemas = document["components"]["schemas"]
    waiting, kept = [text_of(paths)], set[str]()
    while waiting:
        named = set(re.findall(r'"#/components/schemas/([^"]+)"', waiting.pop())) - kept
        waiting += [text_of(schemas[name]) for name in named]
        kept |= named
    components = {**document["components"], "schemas": {name: schemas[name] for name in schemas if name in kept}}
    return {**document, "paths": paths, "components": components}


def generate() -> dict[str, str]:
    """The text of each document, by file name, made from the code by one process a service."""
    key = OKPKey.generate_key("Ed25519")
    environment = {
        **os.environ,
        "TRIBUTARY_DATABASE_URL": "postgresql+asyncpg://nobody@/none",
        "TRIBUTARY_CURSOR_KEY": "only-for-describing-the-application",
        "TRIBUTARY_TOKEN_PUBLIC_KEY": key.as_pem(private=False).decode(),
        "TRIBUTARY_TOKEN_PRIVATE_KEY": key.as_pem(private=True).decode(),
        "TRIBUTARY_PEOPLE_KEY": "00" * 32,
        **{f"TRIBUTARY_{service.upper()}_URL": "http://127.0.0.1:9" for service in NOUNS},
    }
    documents = {}
    for service in (*NOUNS, "gateway"):
        command = [sys.executable, "-m", "chassis.openapi", f"{service}.app:create_app"]
        made = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
        documents[service] = json.loads(made.stdout)
    problems = check_documents(documents)
    if problems:
        raise MergeConflict("; ".join(problems))
    texts = {f"{service}.json": text_of(document) for service, document in documents.items()}
    parts = {name: without_joined(one) if name in NOUNS else one for name, one in documents.items()}
    return texts | {MERGED: text_of(merge(parts))}


def main() -> int:
    """Write the documents, or with --check compare them; 1 where they differ."""
    folder = Path(__file__).parents[3] / "openapi"
    differing = []
    for name, text in generate().items():
        path = folder / name
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            differing.append(name)
    if differing:
        sys.stderr.write(
            f"openapi/{', '.join(differing)} is not what the code says. Run `make openapi`, look at the diff.\n"
        )
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
