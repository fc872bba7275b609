"""Writes the plan of a demonstration, in the name of one caller and by everybody's rules, some pieces at a time."""

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from typing import Any, Final

from chassis.resources import etag
from chassis.tokens import Caller
from chassis.unit_of_work import open_session
from sqlalchemy import Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import references
from trainings.demo.plan import (
    AGENCIES,
    COURSES,
    PREFIX,
    PROGRAMS,
    Draft,
    Duplicate,
    Piece,
    Row,
    list_duplicates,
    list_pieces,
    list_references,
)
from trainings.domain import BirthPrecision
from trainings.models import AgencyRef, Course, Person, ProgramRef, Training
from trainings.privacy import MasterKey
from trainings.schemas.people import PersonCreate
from trainings.service.identity import create_person, marks_of

# Who is recorded as having written it.
CALLER: Final = Caller("tributary demo", "tributary demo", "officer", frozenset({"*"}))
# In the order in which they can be written. A lead is certified before they lead.
TABLES: Final = (
    "courses",
    "people",
    "trainings",
    "training_sessions",
    "certifications",
    "instructor_assignments",
    "enrollments",
    "attendances",
    "completions",
)
_PEOPLE_AT_ONCE: Final = 4000
"""Of one transaction, about: its changes are sealed together when it commits."""
_ROWS_AT_ONCE: Final = 10_000
"""Of one statement, which is sent as one text."""
_CACHED_MARKS: Final = 200_000

Say = Callable[[str], None]


class DemoError(Exception):
    """One line: why nothing is generated here."""


@dataclass(frozen=True, slots=True)
class _Insert:
    """Many rows by one statement, so that each rule looks at them once. COPY is closed where row security is on."""

    table: str
    columns: str
    count: int
    rows: str


async def write_demo(
    engine: AsyncEngine, key: MasterKey, known: dict[str, Any], scale: float, say: Say
) -> Counter[str]:
    """Write what is missing of the plan; how many rows by table.

    `known`: agencies and programs as the API lists them. Stopped halfway and run again, it goes on where it stopped.
    """
    there = await _find_codes(engine)
    await _write_references(engine, known, scale)
    written: Counter[str] = Counter()
    bundles = _bundles(piece for piece in list_pieces(scale) if piece.code not in there)
    # The next bundle is made ready in a thread of its own while the database writes this one.
    ready = partial(next, (_inserts_of(pieces, key) for pieces in bundles), None)
    coming = asyncio.create_task(asyncio.to_thread(ready))
    while (inserts := await coming) is not None:
        coming = asyncio.create_task(asyncio.to_thread(ready))
        async with open_session(engine, CALLER) as session, session.begin():
            for insert in inserts:
                await _send(session, insert)
                written[insert.table] += insert.count
        say(f"Generated so far: {written['people']:,} people in {written['trainings']:,} trainings.")
    for duplicate in list_duplicates():
        written["people"] += await _write_duplicate(engine, key, duplicate)
    return +written


class CachedMarksKey(MasterKey):
    """Works out a mark once: most of those of generated people are the same."""

    __slots__ = ("_cached",)

    def __init__(self, key: bytes) -> None:
        """`key`: as of the service."""
        super().__init__(key)
        self._cached = lru_cache(_CACHED_MARKS)(super().mark)

    def mark(self, purpose: str, value: str) -> bytes:
        """As ever."""
        return self._cached(purpose, value)


async def _find_codes(engine: AsyncEngine) -> set[str]:
    """The codes of the pieces that are there. Records that nobody generated are never mixed with such."""
    async with open_session(engine, CALLER) as session:
        others = select(Training.id).where(
            (col(Training.code).is_(None)) | ~col(Training.code).startswith(PREFIX, autoescape=True)
        )
        codes = set((await session.exec(select(Training.code).where(col(Training.code).startswith(PREFIX)))).all())
        found = [(await session.exec(one.limit(1))).first() for one in (others, select(Person.id))]
        is_used = any(found)
    if is_used and not codes:
        raise DemoError(
            "This database holds trainings or people that nobody generated: choose another data folder with "
            "TRIBUTARY_DATA."
        )
    return {code for code in codes if code is not None}


async def _write_references(engine: AsyncEngine, known: dict[str, Any], scale: float) -> None:
    refs: list[references.Ref] = []
    own = {name: {row["code"] for row in rows} for name, rows in list_references(scale).items()}
    for name, kind, wanted, kept in (
        ("agencies", AgencyRef, AGENCIES | own["agencies"], ("code", "id", "name", "kind")),
        ("programs", ProgramRef, PROGRAMS | own["programs"], ("code", "id", "title")),
    ):
        found = {item["code"]: item for item in known[name]}
        if lacking := sorted(wanted - set(found)):
            raise DemoError(f"The reference dataset is not loaded: there is no {', '.join(lacking)}.")
        refs += [
            kind.model_validate(
                {column: found[code][column] for column in kept}
                | {"etag": etag(found[code]["version"]), "checked_at": datetime.now(UTC)}
            )
            for code in sorted(wanted)
        ]
    async with open_session(engine, CALLER) as session, session.begin():
        await references.keep(session, refs)
        there = set((await session.exec(select(Course.code))).all())
        for course in COURSES:
            if course["code"] not in there:
                for insert in _inserts("courses", [course]):
                    await _send(session, insert)


def _bundles(pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
    bundle: list[Piece] = []
    people = 0
    for piece in pieces:
        bundle.append(piece)
        people += len(piece.people)
        if people >= _PEOPLE_AT_ONCE:
            yield bundle
            bundle, people = [], 0
    if bundle:
        yield bundle


def _inserts_of(pieces: Sequence[Piece], key: MasterKey) -> list[_Insert]:
    rows: dict[str, list[Row]] = {"people": [_seal(draft, key) for piece in pieces for draft in piece.people]}
    for piece in pieces:
        for table, more in piece.rows.items():
            rows.setdefault(table, []).extend(more)
    return [insert for table in TABLES for insert in _inserts(table, rows.get(table, []))]


def _seal(draft: Draft, key: MasterKey) -> Row:
    data_key = key.new_data_key(draft.id)
    sealed = key.seal(draft.id, data_key, draft.personal)
    country = draft.country_code
    return {
        "id": draft.id,
        "country_code": country,
        "nationality_code": country,
        "person_type": draft.person_type,
        "sex": draft.sex,
        "birth_precision": BirthPrecision.day,
        "data_key": data_key,
        **sealed,
        **marks_of(key, country, country, draft.personal, BirthPrecision.day),
    }


def _inserts(table: str, rows: Sequence[Row]) -> Iterator[_Insert]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[start : start + _ROWS_AT_ONCE]
        yield _Insert(table, ", ".join(some[0]), len(some), json.dumps(some, default=_as_json))


async def _send(session: AsyncSession, insert: _Insert) -> None:
    statement = text(
        f"INSERT INTO {insert.table} ({insert.columns}) "  # noqa: S608 - names of our own
        f"SELECT {insert.columns} FROM jsonb_populate_recordset(NULL::{insert.table}, CAST(:rows AS jsonb))"
    )
    connection = await session.connection()
    await connection.execute(statement.bindparams(bindparam("rows", insert.rows, Text)))


def _as_json(value: object) -> str:
    if isinstance(value, bytes):
        return rf"\x{value.hex()}"
    if isinstance(value, uuid.UUID | date):
        return str(value)
    raise TypeError(type(value).__name__)


async def _write_duplicate(engine: AsyncEngine, key: MasterKey, duplicate: Duplicate) -> bool:
    """As somebody would who enters a person again; whether it was not there yet."""
    of = duplicate.of
    async with open_session(engine, CALLER) as session, session.begin():
        if await session.get(Person, duplicate.id) is not None:
            return False
        body = PersonCreate(
            id=duplicate.id,
            country_code=of.country_code,
            nationality_code=of.country_code,
            sex=of.sex,
            birth_date=of.birth_date,
            birth_precision=BirthPrecision.day,
            **{name: of.personal[name] for name in ("given_name", "surname_1", "surname_2")},
        )
        await create_person(session, CALLER, body, key)
    return True
