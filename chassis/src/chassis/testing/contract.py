"""What every service promises, checked on any app by its own OpenAPI document. Each fault is one sentence."""

import json
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from chassis.idempotency import HEADER, REPLAYED
from chassis.problems import MEDIA_TYPE
from chassis.testing.api import Api

METHODS: Final = ("get", "post", "put", "patch", "delete")
# The verbs an operation id may begin with, by method. A POST may be any verb of the field but these.
_READS: Final = ("get", "list", "explain")
_LIST_PARAMETERS: Final = {"limit", "cursor", "sort", "format", "with_total"}
_PROBLEM_MEMBERS: Final = {"type", "title", "status", "code", "detail", "instance", "request_id", "errors"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document."""

    method: str
    path: str
    spec: dict[str, Any]
    is_whole: bool = False

    def __str__(self) -> str:
        """As it stands in a fault: `GET /v1/agencies`."""
        return f"{self.method.upper()} {self.path}"

    @property
    def id(self) -> str:
        """Its operation id, empty if it has none."""
        return str(self.spec.get("operationId", ""))

    @property
    def is_list(self) -> bool:
        """Whether it answers pages."""
        return self.id.startswith("list_") and not self.is_whole

    @property
    def reads_body(self) -> bool:
        """Whether it takes a body."""
        return "requestBody" in self.spec

    @property
    def ends_with_id(self) -> bool:
        """Whether it is about one resource, named by a UUID at the end of the path."""
        last = self.path.rsplit("/", 1)[-1].strip("{}")
        return any(
            one["name"] == last and one["in"] == "path" and one["schema"].get("format") == "uuid"
            for one in self.spec.get("parameters", [])
        )

    def parameters(self, where: str) -> set[str]:
        """The names of its parameters in `where`: `path`, `query` or `header`."""
        return {one["name"] for one in self.spec.get("parameters", []) if one["in"] == where}

    @property
    def needs_key(self) -> bool:
        """Whether it is refused without an idempotency key."""
        return any(one["name"] == HEADER and one["required"] for one in self.spec.get("parameters", []))

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method in {"post", "patch"}

    def headers(self) -> dict[str, str]:
        """What it needs to be answered: a version, and a key where one is required."""
        return {"If-Match": '"1"'} | ({HEADER: str(uuid.uuid4())} if self.needs_key else {})

    def address(self) -> str:
        """Its path with a random id for each parameter."""
        return re.sub(r"\{[^}]*\}", lambda _: str(uuid.uuid4()), self.path)


def check_document(app: FastAPI) -> None:
    """Fail with all faults of the OpenAPI document of `app`."""
    faults = document_faults(app)
    assert not faults, "\n".join(faults)


async def check_answers(api: Api) -> None:
    """Fail with all faults of the answers of `api`."""
    faults = await answer_faults(api)
    assert not faults, "\n".join(faults)


def operations_of(document: dict[str, Any]) -> list[Operation]:
    """All operations of a document."""
    # A list whose next cursor is always null is given whole: it has no pages.
    whole = {
        f"#/components/schemas/{name}"
        for name, schema in document["components"]["schemas"].items()
        if schema.get("properties", {}).get("next_cursor", {}).get("type") == "null"
    }
    return [
        Operation(method, path, item[method], is_whole=any(f'"{name}"' in json.dumps(item[method]) for name in whole))
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def document_faults(app: FastAPI) -> list[str]:
    """Where the OpenAPI document breaks the style: names, declared problems, schemas that generators trip over."""
    document = app.openapi()
    operations = operations_of(document)
    faults = [f"{one}: {fault}" for one in operations for fault in _operation_faults(one)]
    ids = [one.id for one in operations]
    faults += [f"The operation id {name!r} stands twice." for name in sorted(set(ids)) if ids.count(name) > 1]
    schemas = document["components"]["schemas"]
    faults += [f"{name}: {fault}" for name in schemas for fault in _schema_name_faults(name)]
    answered = _reachable(schemas, [one.spec["responses"] for one in operations]) - {"Problem", "ProblemError"}
    for name in sorted(answered):
        # An optional field of an answer makes generated clients doubt what is always there.
        optional = set(schemas[name].get("properties", {})) - set(schemas[name].get("required", []))
        faults += [f"{name}: `{field}` is always answered but not required." for field in sorted(optional)]
    return faults


def _operation_faults(one: Operation) -> Iterator[str]:
    verb, _, noun = one.id.partition("_")
    if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", one.id):
        yield f"the operation id {one.id!r} is not verb_noun."
    if one.method == "delete":
        yield "nothing is deleted over HTTP."
    if (one.method == "get") != (verb in _READS) or (one.method == "patch") != (verb == "update"):
        yield f"a {one.method.upper()} is not called {one.id!r}."
    if not noun or not one.spec.get("tags") or not one.spec.get("summary"):
        yield "it needs a tag and a summary."
    if not one.spec.get("security"):
        yield "it does not say that it needs a token."
    if (one.method == "patch" or one.path.endswith("/void")) and "if-match" not in {
        name.lower() for name in one.parameters("header")
    }:
        yield "a change needs If-Match."
    if one.is_list and (missing := _LIST_PARAMETERS - one.parameters("query")):
        yield f"as a list it also needs {', '.join(sorted(missing))}."
    if one.writes and "validate_only" not in one.parameters("query"):
        yield "it cannot be validated only."
    if one.method == "post" and HEADER not in one.parameters("header"):
        yield f"it takes no {HEADER}."
    yield from _answer_declaration_faults(one)


def _answer_declaration_faults(one: Operation) -> Iterator[str]:
    expected = {"400", "401", "403", "500"} | ({"404"} if "{" in one.path else set())
    expected |= {"413", "415", "422"} if one.reads_body else set()
    expected |= {"200", "422"} if one.writes else set()
    expected |= {"409"} if one.method == "post" else set()
    if missing := expected - set(one.spec["responses"]):
        yield f"it does not declare {', '.join(sorted(missing))}."
    for status, answer in one.spec["responses"].items():
        if int(status) >= httpx.codes.BAD_REQUEST and set(answer.get("content", {})) != {MEDIA_TYPE}:
            yield f"{status} is not declared as {MEDIA_TYPE}."


def _schema_name_faults(name: str) -> Iterator[str]:
    if name in {"HTTPValidationError", "ValidationError"}:
        yield "the framework's own errors are never answered."
    if name.endswith(("-Input", "-Output")) or not re.fullmatch(r"[A-Z][A-Za-z0-9]*", name):
        yield "a schema has one plain name."


def _reachable(schemas: dict[str, Any], start: Any) -> set[str]:  # noqa: ANN401 - any part of a document
    found: set[str] = set()
    waiting = [start]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            name = str(part.get("$ref", "")).rpartition("/")[-1]
            if name and name not in found:
                found.add(name)
                waiting.append(schemas[name])
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return found


Check = Callable[[Api, Operation], Awaitable[str | None]]


async def answer_faults(api: Api) -> list[str]:
    """Where the running app answers otherwise than the style says. It changes nothing: it reads, or is refused."""
    operations = operations_of(api.app.openapi())
    faults = [
        f"{one}: {fault}" for one in operations for check in CHECKS if (fault := await check(api, one)) is not None
    ]
    faults += await _method_faults(api, operations)
    faults += await append_only_faults(api)
    return faults


def problem_fault(answer: httpx.Response, status: int, code: str) -> str | None:
    """How `answer` differs from the problem document that it should be."""
    kind = answer.headers.get("content-type", "")
    if (answer.status_code, kind) != (status, MEDIA_TYPE):
        return f"answered {answer.status_code} {kind}, not {status} {MEDIA_TYPE}."
    problem = answer.json()
    if (problem["code"], problem["status"], problem["type"]) != (code, status, f"/problems/{code}"):
        return f"answered the problem {problem['code']!r}, not {code!r}."
    if missing := _PROBLEM_MEMBERS - set(problem):
        return f"the problem has no {', '.join(sorted(missing))}."
    if problem["request_id"] != answer.headers.get("x-request-id"):
        return "the problem names another request id than the header."
    return None


async def check_token_is_needed(api: Api, one: Operation) -> str | None:
    """Without a token the answer is 401, whatever else is wrong."""
    answer = await api.anonymous().request(one.method, one.address() + "?nonsense=1")
    fault = problem_fault(answer, 401, "unauthenticated")
    return fault and f"without a token: {fault}"


async def check_unknown_parameter_is_refused(api: Api, one: Operation) -> str | None:
    """A typo in a parameter's name never answers another question."""
    answer = await api.writer().request(one.method, one.address() + "?nonsense=1")
    fault = problem_fault(answer, 400, "unknown_parameter")
    return fault and f"with an unknown parameter: {fault}"


async def check_repeated_parameter_is_refused(api: Api, one: Operation) -> str | None:
    """A parameter of one value that is given twice is no other question."""
    for parameter in one.spec.get("parameters", ()):
        kinds = [parameter["schema"], *parameter["schema"].get("anyOf", ())]
        if parameter["in"] == "query" and not any(kind.get("type") == "array" for kind in kinds):
            name = parameter["name"]
            answer = await api.writer().request(one.method, f"{one.address()}?{name}=1&{name}=2")
            if fault := problem_fault(answer, 400, "repeated_parameter"):
                return f"with {name} twice: {fault}"
    return None


async def check_request_id_is_echoed(api: Api, one: Operation) -> str | None:
    """The caller's request id comes back; one that is no UUID is replaced."""
    offered = str(uuid.uuid4())
    for sent, wanted in ((offered, re.escape(offered)), ("not-an-id", "[0-9a-f-]{36}")):
        answer = await api.writer().request(one.method, one.address(), headers={"X-Request-Id": sent})
        found = answer.headers.get("x-request-id", "")
        if not re.fullmatch(wanted, found):
            return f"the request id {sent!r} came back as {found!r}."
    return None


async def check_absent_resource_is_not_found(api: Api, one: Operation) -> str | None:
    """An id that nobody has is 404."""
    if not one.ends_with_id or one.method not in {"get", "patch"}:
        return None
    body: dict[str, Any] | None = {} if one.reads_body else None
    answer = await api.writer().request(one.method, one.address(), json=body, headers={"If-Match": '"1"'})
    fault = problem_fault(answer, 404, "not_found")
    return fault and f"with an id that nobody has: {fault}"


async def check_body_is_json(api: Api, one: Operation) -> str | None:
    """Another content type is 415; what only claims to be JSON is 400."""
    if not one.reads_body:
        return None
    reads_json = "application/json" in one.spec["requestBody"]["content"]
    broken = [("application/json", 400, "bad_request")] if reads_json else []
    for kind, status, code in (("image/png", 415, "unsupported_media_type"), *broken):
        headers = one.headers() | {"Content-Type": kind}
        answer = await api.writer().request(one.method, one.address(), content=b'{"a":', headers=headers)
        if fault := problem_fault(answer, status, code):
            return f"with a broken body of {kind}: {fault}"
    return None


async def check_list_refuses_foreign_cursor_and_sort(api: Api, one: Operation) -> str | None:
    """A cursor made elsewhere is 400, a sort or a limit outside the closed list 422."""
    if not one.is_list:
        return None
    # A list of what is part of a record looks for the record first, and here there is none.
    foreign = [] if "{" in one.path else [("cursor=AAAA", 400, "invalid_cursor")]
    for query, status, code in (
        *foreign,
        ("sort=nonsense", 422, "validation"),
        ("limit=501", 422, "validation"),
        ("limit=0", 422, "validation"),
    ):
        if fault := problem_fault(await api.writer().get(f"{one.address()}?{query}"), status, code):
            return f"with {query}: {fault}"
    return None


async def check_date_is_no_number(api: Api, one: Operation) -> str | None:
    """A number where a date belongs is 422: the framework alone would take it for seconds since 1970."""
    for parameter in one.spec.get("parameters", []):
        if parameter["in"] == "query" and '"format": "date"' in json.dumps(parameter["schema"]):
            answer = await api.writer().request(one.method, f"{one.address()}?{parameter['name']}=0")
            if fault := problem_fault(answer, 422, "validation"):
                return f"with {parameter['name']}=0: {fault}"
    return None


async def check_key_is_checked(api: Api, one: Operation) -> str | None:
    """A POST refuses a key that is none; one that must not happen twice refuses to go without."""
    if one.method != "post":
        return None
    answer = await api.writer().post(one.address(), json={}, headers={HEADER: "x" * 256})
    if fault := problem_fault(answer, 400, "bad_request"):
        return f"with a key of 256 characters: {fault}"
    if not one.needs_key:
        return None
    fault = problem_fault(await api.writer().post(one.address(), json={}), 400, "idempotency_key_required")
    return fault and f"without a key: {fault}"


async def check_validation_refuses_as_the_call_does(api: Api, one: Operation) -> str | None:
    """What would be refused is refused with the same problem; `validate_only` itself is true or false."""
    if not one.writes:
        return None
    address, body = one.address(), {"nonsense": 1} if one.reads_body else None
    problems = []
    for query in ("", "?validate_only=true"):
        answer = await api.writer().request(one.method, address + query, json=body, headers=one.headers())
        if answer.status_code < httpx.codes.BAD_REQUEST:
            return f"answered {answer.status_code} to nonsense."
        problems.append({name: value for name, value in answer.json().items() if name != "request_id"})
    if problems[0] != problems[1]:
        return f"validate_only=true answers {problems[1]}, the call itself {problems[0]}."
    nonsense = await api.writer().request(
        one.method, f"{one.address()}?validate_only=perhaps", json=body, headers=one.headers()
    )
    fault = problem_fault(nonsense, 422, "validation")
    return fault and f"with validate_only=perhaps: {fault}"


CHECKS: Final[list[Check]] = [
    check_token_is_needed,
    check_unknown_parameter_is_refused,
    check_repeated_parameter_is_refused,
    check_request_id_is_echoed,
    check_absent_resource_is_not_found,
    check_body_is_json,
    check_list_refuses_foreign_cursor_and_sort,
    check_date_is_no_number,
    check_key_is_checked,
    check_validation_refuses_as_the_call_does,
]


async def _method_faults(api: Api, operations: list[Operation]) -> list[str]:
    """A method that a path does not take is 405 with all the methods that it takes."""
    faults = []
    for path in dict.fromkeys(one.path for one in operations):
        here = [one for one in operations if one.path == path]
        allowed = {one.method.upper() for one in here}
        for method in {one.upper() for one in METHODS} - allowed:
            answer = await api.writer().request(method, here[0].address())
            fault = problem_fault(answer, 405, "method_not_allowed")
            named = set(answer.headers.get("allow", "").split(", "))
            if fault is None and named != allowed:
                fault = f"Allow is {', '.join(sorted(named))}, not {', '.join(sorted(allowed))}."
            if fault is not None:
                faults.append(f"{method} {path}: {fault}")
    return faults


async def append_only_faults(api: Api) -> list[str]:
    """A collection whose table the serving role may not update, but to void, has no address that changes its rows."""
    statement = text(
        "SELECT relname FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped"
        " AND attname NOT IN ('voided_at', 'voided_by', 'void_reason', 'version', 'updated_at')"
        " AND has_column_privilege(c.oid, attnum, 'UPDATE'))"
    )
    async with api.app.state.engine.connect() as connection:
        append_only = set((await connection.execute(statement)).scalars())
    return [
        f"{one}: rows of an append-only table are not changed."
        for one in operations_of(api.app.openapi())
        if one.method in {"put", "patch"} and one.path.split("/")[2].replace("-", "_") in append_only
    ]


@dataclass(frozen=True, slots=True)
class Write:
    """A write that must be accepted: its operation as `POST /v1/things`, address, body, the version it changes.

    `content`: a body that is no JSON, with its media type.
    """

    operation: str
    address: str
    body: dict[str, Any] | None = None
    version: int = 1
    content: tuple[str, bytes] | None = None

    def sent(self) -> dict[str, Any]:
        """The body, for the client."""
        return {"json": self.body} if self.content is None else {"content": self.content[1]}

    def headers(self) -> dict[str, str]:
        """What says of which kind a body is that is no JSON."""
        return {} if self.content is None else {"Content-Type": self.content[0]}


async def check_writes(api: Api, superuser_url: str, writes: AsyncIterator[Write]) -> None:
    """Fail unless each of `writes`, which is every operation that writes, can be validated only, and repeated by key.

    Each is done before the next is asked for, so that one may build on another.
    """
    operations = {str(one): one for one in operations_of(api.app.openapi()) if one.writes}
    seen = set()
    engine = create_async_engine(superuser_url)
    try:
        async for write in writes:
            seen.add(write.operation)
            fault = await _write_fault(api, engine, operations[write.operation], write)
            assert fault is None, f"{write.operation}: {fault}"
    finally:
        await engine.dispose()
    assert seen == set(operations)


async def _write_fault(api: Api, engine: AsyncEngine, one: Operation, write: Write) -> str | None:
    key = {HEADER: str(uuid.uuid4())}
    version = {"If-Match": f'"{write.version}"'}

    async def send(query: str = "", headers: dict[str, str] = key) -> httpx.Response:
        said = one.headers() | version | write.headers() | headers
        glue = "&" if "?" in write.address else "?"
        return await api.writer().request(
            one.method, write.address + query.replace("?", glue), headers=said, **write.sent()
        )

    before = await digest_tables(engine)
    for headers in ({}, key, key):
        checked = await send("?validate_only=true", headers)
        if (checked.status_code, checked.text) != (200, '{"is_valid":true}'):
            return f"validate_only=true answered {checked.status_code} {checked.text}"
    if await digest_tables(engine) != before:
        return "validate_only=true left something behind."
    first = await send()
    if not first.is_success or await digest_tables(engine) == before:
        return f"it had no effect: {first.status_code} {first.text}"
    return await _repetition_fault(first, engine, send) if one.method == "post" else None


async def _repetition_fault(
    first: httpx.Response, engine: AsyncEngine, send: Callable[..., Awaitable[httpx.Response]]
) -> str | None:
    after = await digest_tables(engine)
    again = await send()
    if (again.status_code, again.content, again.headers.get(REPLAYED)) != (first.status_code, first.content, "true"):
        return f"repeated by key it answered {again.status_code} {again.text}, not {first.status_code} {first.text}."
    for name in ("location", "etag", "cache-control", "content-type"):
        if again.headers.get(name) != first.headers.get(name):
            return f"repeated by key it has another {name}."
    other = await send("?validate_only=false")
    if fault := problem_fault(other, 422, "idempotency_key_reused"):
        return f"another request with the same key: {fault}"
    return "repeated by key it had another effect." if await digest_tables(engine) != after else None


async def digest_tables(engine: AsyncEngine) -> dict[str, str]:
    """All that the database holds, as a digest by table."""
    async with engine.connect() as connection:
        tables = await connection.execute(
            text("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')")
        )
        digest = "SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {} t"
        return {table: str(await connection.scalar(text(digest.format(table)))) for table in tables.scalars()}
