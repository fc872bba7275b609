"""What a check found out that rows would write, kept sealed until the commit, and whether it is still so by then.

What a check read was so at a number of the feed. A commit looks at what has changed since: where nothing of that could
change what a row does, it writes what the check said; else the rows are evaluated again.
"""

import json
import uuid
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from chassis.tokens import Caller
from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.models import RosterImport
from trainings.service.loading import today
from trainings.service.roster_imports.papers import Tools
from trainings.service.roster_imports.writing import Intent, marks_in

_FORM: Final = 1
"""Of what is kept and of the rules it was found out by: where either changes, what was kept before is of no use."""
_MOST_CHANGES: Final = 5_000
_SETTINGS: Final = frozenset({"vetting_validity_days", "vetting_required_from", "least_age_years",
                              "completion_required_share"})  # fmt: skip
# A change of one of these is taken for one that matters. They are few.
_ALWAYS: Final = frozenset({"courses", "course_versions", "units", "merges", "vetting_records"})
_OF_TRAININGS: Final = ("enrollments", "instructor_assignments", "training_sessions", "attendances")
_HEAD: Final = text("SELECT number FROM feed_head")
_CHANGED: Final = text("SELECT entity, entity_id FROM changed_since(:since, :most)")
_COMPLETED: Final = """
    SELECT EXISTS (
      SELECT FROM completions c JOIN enrollments e ON e.id = c.enrollment_id
      WHERE c.id = ANY (:ids) AND e.training_id = ANY (:trainings)
    )
"""
_NAMED: Final = """
    SELECT EXISTS (SELECT FROM roster_import_rows r WHERE r.roster_import_id = :import_id AND r.person_id = ANY (:ids))
"""


async def read_head(session: AsyncSession) -> int:
    """The number of the feed that what is read from now on is at least as new as."""
    return int(await (await session.connection()).scalar(_HEAD) or 0)


async def drop_plans(session: AsyncSession, import_id: uuid.UUID) -> None:
    """Forget what the rows would write."""
    statement = text("DELETE FROM roster_import_plans WHERE roster_import_id = :id")
    await (await session.connection()).execute(statement, {"id": import_id})


def pack(intents: Sequence[Intent], tools: Tools, import_id: uuid.UUID, part: int) -> bytes:
    """Some intents as they are kept. Takes its time: not for the loop of events."""
    written = json.dumps(intents, ensure_ascii=False, separators=(",", ":"), default=str).encode()
    return tools.sealer.seal(zlib.compress(written, 1), _place(import_id, part))


async def keep_part(session: AsyncSession, import_id: uuid.UUID, part: int, content: bytes) -> None:
    """Keep some intents."""
    statement = text("INSERT INTO roster_import_plans (roster_import_id, part, content) VALUES (:id, :part, :content)")
    await (await session.connection()).execute(statement, {"id": import_id, "part": part, "content": content})


async def read_part(session: AsyncSession, import_id: uuid.UUID, part: int) -> bytes | None:
    """Some of what was kept; None after the last."""
    statement = text("SELECT content FROM roster_import_plans WHERE roster_import_id = :id AND part = :part")
    found: bytes | None = await (await session.connection()).scalar(statement, {"id": import_id, "part": part})
    return found


def unpack(content: bytes, tools: Tools, import_id: uuid.UUID, part: int) -> list[Intent]:
    """The intents of a part. Takes its time: not for the loop of events."""
    opened = tools.sealer.open(bytes(content), _place(import_id, part))
    found: list[Intent] = json.loads(zlib.decompress(opened))
    return found


async def note_basis(
    session: AsyncSession, caller: Caller, tools: Tools, one: RosterImport, head: int, trainings: Iterable[uuid.UUID]
) -> None:
    """Note what the plans of an import are made of."""
    basis = _circumstances(caller, tools, one) | {"head": head, "trainings": sorted(str(each) for each in trainings)}
    statement = text("UPDATE roster_import_files SET basis = CAST(:basis AS jsonb) WHERE roster_import_id = :id")
    await (await session.connection()).execute(statement, {"basis": json.dumps(basis), "id": one.id})


async def are_current(session: AsyncSession, caller: Caller, tools: Tools, one: RosterImport) -> bool:
    """Whether an evaluation of all rows would say now what the plans say."""
    statement = text("SELECT basis FROM roster_import_files WHERE roster_import_id = :id")
    connection = await session.connection()
    basis = await connection.scalar(statement, {"id": one.id})
    if basis is None:
        return False
    circumstances = _circumstances(caller, tools, one)
    if {name: basis.get(name) for name in circumstances} != circumstances:
        return False
    changed: dict[str, list[str]] = defaultdict(list)
    rows = (await connection.execute(_CHANGED, {"since": basis["head"], "most": _MOST_CHANGES})).all()
    for entity, entity_id in rows:
        changed[entity].append(entity_id)
    if len(rows) > _MOST_CHANGES or changed.keys() & _ALWAYS or set(changed["trainings"]) & set(basis["trainings"]):
        return False
    trainings = [uuid.UUID(each) for each in basis["trainings"]]
    for table in _OF_TRAININGS:
        wanted = f"SELECT EXISTS (SELECT FROM {table} WHERE id = ANY (:ids) AND training_id = ANY (:trainings))"  # noqa: S608 - names of our own
        if changed[table] and await _ask(session, wanted, ids=changed[table], trainings=trainings):
            return False
    if changed["completions"] and await _ask(session, _COMPLETED, ids=changed["completions"], trainings=trainings):
        return False
    return await _are_others(session, tools, one, changed["people"], changed["identity_documents"])


async def _are_others(
    session: AsyncSession, tools: Tools, one: RosterImport, people: Sequence[str], documents: Sequence[str]
) -> bool:
    """Whether these people, and holders of these documents, are nobody whom a row is, or might be, about."""
    if not people and not documents:
        return True
    connection = await session.connection()
    ids = bindparam("ids", [uuid.UUID(each) for each in documents], ARRAY(Uuid))
    wanted = text("SELECT person_id, number_mark FROM identity_documents WHERE id = ANY (:ids)").bindparams(ids)
    holding = (await connection.execute(wanted)).all()
    touched = {*people, *(str(row.person_id) for row in holding)}
    if await _ask(session, _NAMED, ids=list(touched), import_id=one.id):
        return False
    ids = bindparam("ids", [uuid.UUID(each) for each in people], ARRAY(Uuid))
    wanted = text("SELECT DISTINCT unnest(match_marks) FROM people WHERE id = ANY (:ids)").bindparams(ids)
    marks = {bytes(mark) for mark in (await connection.execute(wanted)).scalars()}
    marks |= {bytes(row.number_mark) for row in holding if row.number_mark is not None}
    part = 0
    while (content := await read_part(session, one.id, part)) is not None:
        if any(_concerns(intent, marks, touched) for intent in unpack(content, tools, one.id, part)):
            return False
        part += 1
    return True


def _concerns(intent: Intent, marks: Collection[bytes], people: Collection[str]) -> bool:
    new = intent.get("new")
    if new is not None and (new["marks"] is None or any(mark in marks for mark in marks_in(new))):
        return True
    if "document" in intent and bytes.fromhex(intent["document"][2]) in marks:
        return True
    return any(other[0] in people for other in intent.get("told_apart", ()))


def _circumstances(caller: Caller, tools: Tools, one: RosterImport) -> dict[str, Any]:
    settings = tools.settings.model_dump(mode="json", include=set(_SETTINGS))
    return {
        "form": _FORM,
        "countries": sorted(caller.countries),
        "country": one.country_code,
        "day": today().isoformat(),
        "settings": settings,
    }


async def _ask(session: AsyncSession, wanted: str, **given: Any) -> bool:  # noqa: ANN401 - values of parameters
    lists = {name: [uuid.UUID(str(each)) for each in value] for name, value in given.items() if isinstance(value, list)}
    bound = text(wanted).bindparams(*(bindparam(name, value, ARRAY(Uuid)) for name, value in lists.items()))
    plain = {name: value for name, value in given.items() if name not in lists}
    return bool(await (await session.connection()).scalar(bound, plain))


def _place(import_id: uuid.UUID, part: int) -> str:
    return f"plans|{import_id}|{part}"
