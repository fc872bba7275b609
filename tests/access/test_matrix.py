"""Every operation, each role, own and foreign records, with both lines of access control and with either one alone."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest
from chassis.testing import Database, Databases
from chassis.tokens import Caller
from sqlalchemy import text, true
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import select
from trainings.models import Attendance, Completion, Enrollment
from trainings.queries import visibility

from tests.access.house import COUNTRIES, DOCUMENT, House, fresh_id, ids_in, make_databases, neutral, open_house, shown
from tests.access.matrix import COLUMNS, MATRIX, PERSONAL, SEES, Row

PEOPLE_TABLES: Final = (
    "people", "enrollments", "attendances", "completions", "instructor_assignments", "certifications",
    "certification_suspensions",
)  # fmt: skip
IDENTITY_TABLES: Final = (
    "identity_documents", "duplicate_candidates", "merges", "units", "vetting_records",
    "roster_imports", "roster_import_rows", "roster_import_plans", "roster_import_files",
)  # fmt: skip
# Nobody comes to them but by an import that they may see, so the policy of imports stands before theirs.
BEHIND_IMPORTS: Final = {"roster_import_rows", "roster_import_plans", "roster_import_files"}
SECURED: Final = (*PEOPLE_TABLES, *IDENTITY_TABLES, "feed")
BOTH, CODE_ALONE, DATABASE_ALONE = "both lines", "the code alone", "the database alone"
# What the second line protects, and what could give it away.
TRAININGS: Final = PERSONAL | {
    "courses", "course-versions", "trainings", "training-sessions", "recorded-figures", "training-counts", "cascades",
    "figures", "countries",
    "changes", "history",
}  # fmt: skip
VIEW: Final = {"limit", "cursor", "format", "excel", "with_total", "sort"}
MOST_SHOWN: Final = 20


@dataclass(frozen=True)
class Call:
    """A request of one cell. `country` is whose record it is about, None where it is about no single one."""

    row: Row
    column: str
    country: str
    address: str
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    method: str = ""
    expected: int = 0

    def __str__(self) -> str:
        """As it is reported."""
        return f"{self.column}: {self.method or self.row.method} {self.address} (of {self.country})"

    def mentions(self) -> str:
        """All that it says, which an answer may repeat."""
        return f"{self.address} {self.body} {self.headers}"


@dataclass
class Walk:
    """Calls the cells, and collects what is wrong with the answers."""

    house: House
    mode: str = BOTH
    faults: list[str] = field(default_factory=list)
    calls: int = 0

    @property
    def code_protects(self) -> bool:
        """Whether statuses are promised: with the code's checks off, row security answers as it may."""
        return self.mode != DATABASE_ALONE

    async def send(self, call: Call, *, swap: dict[str, str] | None = None) -> httpx.Response:
        """The answer; `swap` puts other ids in place of those of the call."""
        address, body = call.address, json.dumps(call.body)
        for one, other in (swap or {}).items():
            address, body = address.replace(one, other), body.replace(one, other)
        self.calls += 1
        sent = None if call.body is None else json.loads(body)
        client = self.house.client(call.column, call.row.noun, through_gateway=self.mode == BOTH)
        headers = dict(call.headers)
        if call.row.content is not None and call.row.method == "POST":
            kind, content = call.row.content
            headers["Content-Type"] = kind
            return await client.request("POST", address, content=content.encode(), headers=headers)
        return await client.request(call.method or call.row.method, address, json=sent, headers=headers)

    async def check(self, call: Call) -> None:
        """Call, and compare with what was promised; a hidden record must be as absent as none."""
        answer = await self.send(call)
        if self.code_protects and answer.status_code != call.expected:
            self.faults.append(f"{call}: {answer.status_code}, not {call.expected}: {answer.text[:300]}")
        if answer.status_code >= 500:
            self.faults.append(f"{call}: {answer.status_code}: {answer.text[:300]}")
        mentioned = call.mentions()
        for country in set(COUNTRIES) - SEES[call.column]:
            told = [one for one in self.house.canaries[country] if one not in mentioned]
            for part in shown(answer):
                if leaked := [one for one in told if one in part]:
                    self.faults.append(f"{call}: leaks {leaked[:3]} of {country}")
        hidden = set().union(*(self.house.canaries[one] for one in COUNTRIES if one not in SEES[call.column]))
        if foreign := ids_in(mentioned) & hidden:
            swap = {one: fresh_id() for one in foreign}
            absent = await self.send(call, swap=swap)
            if neutral(answer, *foreign) != neutral(absent, *swap.values()):
                self.faults.append(f"{call}: a hidden record is not as absent: {answer.text} / {absent.text}")


def calls_of(house: House, row: Row, column: str, mode: str) -> Iterator[Call]:
    """The requests of a cell: for the records of each country, and through each channel."""
    for country in COUNTRIES:
        own = house.records[country]
        expected = row.status(column, country)
        address = address_of(house, row, country)
        query = row.query.replace("{country}", country)
        if row.of in own:
            query = query.replace("{id}", own[row.of]["id"])
        if row.method == "GET":
            plain = Call(row, column, country, f"{address}?{query}" if query else address, expected=expected)
            yield plain
            yield from channels_of(house, plain, own, is_full=is_full(row, column, mode))
            if "{country}" not in row.query and not row.of:
                return  # a list: one walk through its channels has the values of both
            continue
        body = row.body_for(own)
        if row.example:
            body = house.example(row.example, **(row.over or {}), **(body or {}))
        is_seen = not row.is_about_people or country in SEES[column]
        # What must be refused is sent in earnest, and must change nothing; what is accepted is only validated.
        is_checked = expected == 200 or (mode == DATABASE_ALONE and (is_seen or not row.is_about_people))
        headers = {}
        if row.of and not row.path.endswith("/ranks"):
            headers["If-Match"] = f'"{own[row.of]["version"]}"'
        if row.path in {"/v1/ledger-entries", "/v1/entry-proposals", "/v1/roster-imports", "/v1/ledger-imports"}:
            headers["Idempotency-Key"] = fresh_id()
        parts = [part for part in (query, "validate_only=true" if is_checked else "") if part]
        whole = f"{address}?{'&'.join(parts)}" if parts else address
        yield Call(row, column, country, whole, body, tuple(headers.items()), expected=expected)


def is_full(row: Row, column: str, mode: str) -> bool:
    """Whether each filter and sort of a list is tried: of people for all who are not shown all, of all else for one."""
    if row.is_about_people:
        return column.startswith("officer") if mode != DATABASE_ALONE else column != "anonymous"
    return column == "officer MX" and mode == BOTH


def address_of(house: House, row: Row, country: str) -> str:
    """The address with the country's record in its path."""
    if row.of == "country":
        return row.path.replace("{country_code}", country)
    if row.of == "subject":
        return row.path.replace("{subject_type}", "country").replace("{subject_code}", country)
    if row.of == "figure":
        return row.path.replace("{figure_id}", quote(house.records[country]["figure"]["id"], safe=""))
    return re.sub(r"\{[^}]*\}", lambda _: house.records[country][row.of]["id"], row.path)


def channels_of(house: House, plain: Call, own: dict[str, Any], *, is_full: bool) -> Iterator[Call]:
    """The other ways to ask the same."""

    def by(query: str = "", headers: tuple[tuple[str, str], ...] = (), **over: Any) -> Call:
        joined = f"{plain.address}{'&' if '?' in plain.address else '?'}{query}" if query else plain.address
        given: dict[str, Any] = {"headers": headers, "expected": plain.expected} | over
        return Call(plain.row, plain.column, plain.country, joined, **given)

    row = plain.row
    if row.is_about_people:
        yield by(method="HEAD", expected=401 if plain.column == "anonymous" else 405)
    if row.of:
        if row.path.endswith("}") and row.of in own and "version" in own[row.of]:
            version = (("If-None-Match", f'"{own[row.of]["version"]}"'),)
            yield by(headers=version, expected=304 if plain.expected == 200 else plain.expected)
        return
    parameters = house.document["paths"][row.path]["get"].get("parameters", [])
    if "format" not in {one["name"] for one in parameters}:
        return
    schemas = {one["name"]: one["schema"] for one in parameters}
    if row.is_about_people or is_full:
        choices = (schemas["format"], *schemas["format"].get("anyOf", ()))
        for name in next(one["enum"] for one in choices if "enum" in one):
            yield by(f"format={name}")
    if is_full:
        yield by(headers=(("Accept", "text/csv"),))
        for query in queries_of(house, plain, schemas):
            yield by(query)


def queries_of(house: House, plain: Call, schemas: dict[str, Any]) -> Iterator[str]:
    """A list by its page, by each of its sorts, and by each of its filters with values of hidden records."""
    yield "with_total=true"
    yield "limit=1"
    names = re.findall(r"\(([^()]*)\)", schemas["sort"]["pattern"])[0].split("|")
    yield f"sort={','.join(names)}"
    yield f"sort=-{',-'.join(names)}&limit=1"
    for country in set(COUNTRIES) - SEES[plain.column] or {"MX"}:
        for name in sorted(set(schemas) - VIEW):
            for value in values_of(house.records[country], plain.row.noun, name):
                yield f"{name}={quote(value)}&with_total=true"
                if plain.row.is_about_people:
                    yield f"{name}={quote(value)}&format=ndjson"


def values_of(records: dict[str, Any], noun: str, name: str) -> list[str]:
    """Values of a filter that find the country's record."""
    if name == "q":
        return ["CNRY"]
    bare = re.sub(r"_(gte|gt|lte|lt|is_null)$", "", name)
    record = records.get(noun, {})
    if name.endswith("_is_null") or name.startswith("is_"):
        return ["true", "false"]
    known = {
        "training_id": records["trainings"]["id"], "person_id": records["people"]["id"], "as_of": "2012-01-01",
        "country_code": records["people"]["country_code"],
    }  # fmt: skip
    known |= dict.fromkeys(("unit_id", "parent_id"), records["units"]["id"])
    record = known | {name: value for name, value in record.items() if value is not None}
    value = record.get(bare, record.get(f"{bare}s"))
    if isinstance(value, list):
        value = value[0] if value else None
    if value is None or isinstance(value, dict):
        assert noun not in PERSONAL, f"{noun} has a filter {name} that nobody knows a value of"
        return []
    return [str(value)]


@pytest.fixture
def own_databases(databases: Databases) -> Iterator[dict[str, Database]]:
    """One of each app."""
    with make_databases(databases) as made:
        yield made


@pytest.fixture
async def house(own_databases: dict[str, Database], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """The system with its records, and a figure of each country to be explained."""
    async with open_house(own_databases, monkeypatch) as made:
        for country in COUNTRIES:
            answer = await made.clients["viewer"].get(f"/v1/figures?country_code={country}")
            items = answer.json()["items"] or made.records["MX"]["figures"]
            made.records[country]["figures"] = items
            made.records[country]["figure"] = items[0]
        yield made


async def switch_off_database(house: House) -> None:
    """Row security, in the database of this test alone."""
    await as_owner(house, *(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY" for table in SECURED))


def _is_of(noun: str, row: Row) -> bool:
    return row.noun == noun


async def as_owner(house: House, *statements: str) -> None:
    engine = create_async_engine(house.databases["trainings"].owner_url)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


def switch_off_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every check of the code that asks who is calling, but for the token."""
    monkeypatch.setattr(Caller, "require_role", lambda *_: None)
    monkeypatch.setattr(Caller, "require_country", lambda *_: None)
    monkeypatch.setattr(visibility, "about_people", rows_of)


def rows_of(kind: Any, _caller: Caller) -> Any:
    """A table without the people it is about, whose own policy would hide what the table's should."""
    if kind is Attendance:
        return select(Attendance).outerjoin(Enrollment, Attendance.enrollment_id == Enrollment.id)
    return select(Completion).outerjoin(Enrollment) if kind is Completion else select(kind)


async def walk(house: House, mode: str, wanted: Callable[[Row], bool], columns: tuple[str, ...] = COLUMNS) -> Walk:
    """Every cell of the wanted rows. Nothing may change: what is accepted is only validated."""
    found = Walk(house, mode)
    before = await house.digest()
    for row in filter(wanted, MATRIX):
        for column in columns:
            calls = list(calls_of(house, row, column, mode))
            # Reads a few at once; writes lock what they look at, so one after the other.
            for at in range(0, len(calls), step := 4 if row.method == "GET" else 1):
                await asyncio.gather(*(found.check(call) for call in calls[at : at + step]))
    after = await house.digest()
    for name in before:
        changed = [table for table in before[name] if before[name][table] != after[name][table]]
        if changed:
            found.faults.append(f"something was written to {name}: {changed}")
    return found


def check(found: Walk, least: int) -> None:
    """Fail with what was found; a walk of few calls finds nothing either."""
    if found.faults:
        pytest.fail("\n".join([f"{len(found.faults)} faults", *found.faults[:MOST_SHOWN]]), pytrace=False)
    assert found.calls > least, found.calls


def test_every_operation_has_its_row() -> None:
    document = json.loads(DOCUMENT.read_text())
    operations = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
        if method != "parameters"
    }
    rows = {row.operation for row in MATRIX}
    assert rows == operations, f"without a row: {operations - rows}; without an operation: {rows - operations}"
    for row in MATRIX:
        for country in COUNTRIES:
            assert row.status("anonymous", country) == 401, row.operation
        every = [row.statuses] if isinstance(row.statuses, tuple) else list(row.statuses.values())
        assert all(len(statuses) == len(COLUMNS) for statuses in every), row.operation


async def test_with_both_lines_everybody_gets_what_was_promised(house: House) -> None:
    check(await walk(house, BOTH, lambda _row: True), 2000)
    await check_small_cells(house)


async def test_without_row_security_the_code_protects_alone(house: House) -> None:
    await switch_off_database(house)
    check(await walk(house, CODE_ALONE, lambda row: row.noun in TRAININGS), 1000)
    await check_small_cells(house)


async def test_without_the_code_row_security_protects_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    switch_off_code(monkeypatch)
    check(await walk(house, DATABASE_ALONE, lambda row: row.noun in TRAININGS), 1000)


async def check_small_cells(house: House) -> None:
    """One person counts as such only for who may see people of the country."""
    for column in COLUMNS[1:]:
        for country in COUNTRIES:
            query = f"measure=officers_trained&nationality_code={country}&explain=true"
            answer = (await house.clients[column].get(f"/v1/recorded-figures?{query}")).json()
            (point,) = answer["points"]
            left_out = {one["reason"]: one["persons"] for one in answer["explain"]["left_out"]}
            is_seen = country in SEES[column]
            assert point["records"] == (1 if is_seen else None), (column, country)
            assert left_out["voided"] == (1 if is_seen else None), (column, country)


Hole = Callable[[pytest.MonkeyPatch], None]
HOLES: Final[dict[str, Hole]] = {
    "no where": lambda patch: patch.setattr(visibility, "visible_to", lambda _: true()),
    "no role": lambda patch: patch.setattr(Caller, "require_role", lambda *_: None),
    "no country": lambda patch: patch.setattr(Caller, "require_country", lambda *_: None),
}


async def test_each_hole_in_the_code_is_found(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await switch_off_database(house)
    for name, make_hole in HOLES.items():
        with monkeypatch.context() as patch:
            make_hole(patch)
            found = await walk(house, CODE_ALONE, lambda row: row.noun == "people", ("viewer", "officer MX"))
        assert found.faults, name


async def test_each_table_without_its_policy_is_found(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    switch_off_code(monkeypatch)
    for table in (*PEOPLE_TABLES[:4], *IDENTITY_TABLES):
        if table in BEHIND_IMPORTS:
            continue
        await as_owner(house, f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        noun = table.replace("_", "-")
        found = await walk(house, DATABASE_ALONE, partial(_is_of, noun), ("officer MX",))
        await as_owner(house, f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        assert found.faults, table
