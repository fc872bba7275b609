"""The documentation as plain pages made on the server: no script, nothing loaded from elsewhere."""

import json
from html import escape
from typing import Any, Final

_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
h2{margin-top:2.5rem;border-bottom:1px solid #a9aeb1}code,pre{font-family:ui-monospace,monospace;font-size:.9em}
pre{background:#f0f0f0;padding:.75rem;overflow-x:auto}details{margin:.5rem 0}summary{cursor:pointer}
.method{display:inline-block;min-width:4.5em;font-weight:bold}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #dfe1e2}
a{color:#005ea2}
"""
PROBLEMS: Final = {
    "bad_request": "The request is malformed. The detail says where.",
    "conflict": "What was asked for clashes with what is recorded. The detail says with what.",
    "duplicate": "The value must be unique and is taken. Use another, or change the record that has it.",
    "forbidden": "The token is good, but its role or its countries do not allow this. Ask for a grant.",
    "http_error": "The request was refused by the web server. The title says why.",
    "idempotency_key_required": "This must not happen twice by mistake: name it with a header Idempotency-Key.",
    "idempotency_key_reused": "You sent another request with this key before. Use a fresh key for a new request.",
    "illegal_transition": "The status asked for cannot follow the present one. The detail lists those that can.",
    "internal_error": "Something failed on our side. Quote the request id when you report it.",
    "invalid_cursor": "A cursor belongs to one list, filter and sort. Start again without a cursor.",
    "method_not_allowed": "This address does not take that method. The Allow header lists those it takes.",
    "not_found": "There is no such thing, or none that this token may know of.",
    "outcome_unknown": "The connection was lost before the answer came: the change may have been made. Look first, or "
    "send it again with the same Idempotency-Key.",
    "position_ahead": "You read further than there is anything to read: the database was restored from an older "
    "backup, or the position is another system's. Take a full download and go on from `head`.",
    "position_expired": "What came after this position is older than the days that changes are answered for. Take a "
    "full download (`downloads` lists the addresses) and go on from `head`.",
    "precondition_required": "A change must name the version it changes. Read the record, send its ETag as If-Match.",
    "request_in_flight": "The same request is being worked on. Send it again in a moment, with the same key.",
    "repeated_parameter": "This query parameter takes one value and is given several. Give it once.",
    "seat_not_cleared": "The seat needs a clearance that holds when the training starts, of the person and of their "
    "unit, or a recorded reason why none is needed. The detail says what is missing.",
    "stale_version": "Somebody changed the record since you read it. Read it again and repeat your change.",
    "token_in_address": "A token in an address is kept in logs and histories. Revoke it, and send a new one as Bearer, "
    "or as the password of Basic.",
    "too_large": "The body is larger than this address reads.",
    "unauthenticated": "There is no valid token with the request. Send one as Bearer, or as the password of Basic.",
    "unavailable": "Something this answer needs is out of reach. Nothing was changed; try again after Retry-After.",
    "unknown_parameter": "There is no such query parameter here. Ignoring it would have answered another question.",
    "unknown_user": "The issuer knows you and this system does not. An administrator adds you with your issuer and "
    "subject.",
    "unsupported_media_type": "The body must be JSON: send Content-Type: application/json.",
    "validation": "Some values are not valid. `errors` names each, with its place and how to mend it.",
    "voided": "The record was entered in error and voided; it stays as it is. Record anew what is right.",
}


def problem_page(code: str) -> str | None:
    """The page that explains a problem; None for one that does not exist."""
    if code not in PROBLEMS:
        return None
    return _page(
        code, f"<h1><code>{code}</code></h1><p>{escape(PROBLEMS[code])}</p><p><a href='/docs'>All of the API</a></p>"
    )


def documentation_page(text: str) -> str:
    """The OpenAPI document `text` as a page: each operation with its parameters, body and answers."""
    document = json.loads(text)
    groups: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            tag = operation.get("tags", ["Other"])[0]
            groups.setdefault(tag, []).append(_operation(method, path, operation))
    parts = [
        f"<h1>{escape(document['info']['title'])}</h1><p>{escape(document['info']['description'])}</p>",
        "<p>The document itself: <a href='/v1/openapi.json'>/v1/openapi.json</a> (OpenAPI 3.1).</p><nav><p>",
        " · ".join(f"<a href='#{_anchor(tag)}'>{escape(tag)}</a>" for tag in groups),
        "</p></nav>",
    ]
    for tag, operations in groups.items():
        parts.append(f"<h2 id='{_anchor(tag)}'>{escape(tag)}</h2>{''.join(operations)}")
    parts.append("<h2 id='schemas'>Schemas</h2>")
    for name, schema in document["components"]["schemas"].items():
        body = escape(json.dumps(schema, indent=1, ensure_ascii=False))
        parts.append(f"<details id='{escape(name)}'><summary>{escape(name)}</summary><pre>{body}</pre></details>")
    return _page("API of Tributary", "".join(parts))


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{escape(one['in'])}"
        f"{', required' if one.get('required') else ''}</td><td>{escape(one.get('description', ''))}</td></tr>"
        for one in operation.get("parameters", [])
    )
    table = f"<table><thead><tr><th>Parameter</th><th>In</th><th>Meaning</th></tr></thead><tbody>{rows}</tbody></table>"
    body = _schemas(operation.get("requestBody", {}))
    answers = "".join(
        f"<li><code>{escape(status)}</code> {escape(answer['description'])} {_schemas(answer)}</li>"
        for status, answer in sorted(operation["responses"].items())
    )
    return (
        f"<details><summary><span class='method'>{method.upper()}</span> <code>{escape(path)}</code> "
        f"{escape(operation.get('description', operation.get('summary', '')))}</summary>"
        f"{table if rows else ''}{f'<p>Body: {body}</p>' if body else ''}<ul>{answers}</ul></details>"
    )


def _schemas(holder: dict[str, Any]) -> str:
    schemas = [content.get("schema", {}) for content in holder.get("content", {}).values()]
    either = [one for schema in schemas for one in (schema, *schema.get("anyOf", []))]
    names = {schema["$ref"].rpartition("/")[2] for schema in either if "$ref" in schema}
    return " ".join(f"<a href='#{escape(name)}'>{escape(name)}</a>" for name in sorted(names))


def _anchor(tag: str) -> str:
    return escape(tag.lower().replace(" ", "-"))


def _page(title: str, body: str) -> str:
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title>"
        f"<meta name='viewport' content='width=device-width'><style>{_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )
