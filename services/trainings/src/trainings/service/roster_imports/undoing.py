"""What an import wrote, taken back: all that is still as it left it. What somebody did since is kept, and named."""

import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from chassis.tokens import Caller
from sqlalchemy import Uuid, bindparam, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.domain import BirthPrecision
from trainings.models import Enrollment, Person, RosterImport
from trainings.privacy import SEALED
from trainings.service.identity import marks_of
from trainings.service.roster_imports.evaluating import load_rows
from trainings.service.roster_imports.papers import Tools, update_rows

REASON: Final = "Import undone."
_TOUCHED: Final = "version = t.version + 1, updated_at = now()"
_VOIDED: Final = f"voided_at = now(), {_TOUCHED}"
_CHANGED: Final = "Somebody changed this since the import."
_ATTENDED: Final = "Attendance was recorded on this seat since the import."
_REFERRED: Final = "Other records refer to this person: a seat, a certificate, a lead, a vetting, a merge or a unit."
_CERTIFIED: Final = "A certificate was issued to this person in this training."
_SEAT: Final[tuple[str, ...]] = (
    "status", "level", "unit_id", "vetting_basis", "vetting_reason", "pre_score", "post_score", "hours_attended",
    "note",
)  # fmt: skip
# Who is referred to by anything but what is voided. A seat that goes with the import is voided by then.
_REFERENCES: Final = text("""
    SELECT p.id FROM unnest(:ids) AS p (id) WHERE
      EXISTS (SELECT FROM enrollments e WHERE e.person_id = p.id AND e.voided_at IS NULL)
      OR EXISTS (SELECT FROM instructor_assignments a WHERE a.person_id = p.id AND a.voided_at IS NULL)
      OR EXISTS (SELECT FROM certifications c WHERE c.person_id = p.id AND c.voided_at IS NULL)
      OR EXISTS (SELECT FROM vetting_records v WHERE v.person_id = p.id AND v.voided_at IS NULL)
      OR EXISTS (
        SELECT FROM merges m WHERE p.id IN (m.person_id, m.canonical_person_id) AND m.voided_at IS NULL
      )
      OR EXISTS (SELECT FROM units u WHERE u.commander_person_id = p.id)
      OR EXISTS (
        SELECT FROM identity_documents d
        WHERE d.person_id = p.id AND d.voided_at IS NULL AND NOT d.id = ANY (:documents)
      )
""")
_WITH_ATTENDANCE: Final = text("SELECT DISTINCT enrollment_id FROM attendances WHERE enrollment_id = ANY (:ids)")
_WITH_CERTIFICATE: Final = text("""
    SELECT e.id FROM enrollments e JOIN certifications c ON c.person_id = e.person_id AND c.training_id = e.training_id
    WHERE e.id = ANY (:ids) AND c.voided_at IS NULL
""")


@dataclass(slots=True)
class Undone:
    """What is taken back, and what is kept."""

    completions: list[uuid.UUID] = field(default_factory=list)
    seats: list[uuid.UUID] = field(default_factory=list)
    restored_seats: list[dict[str, Any]] = field(default_factory=list)
    restored_people: list[dict[str, Any]] = field(default_factory=list)
    documents: list[uuid.UUID] = field(default_factory=list)
    people: dict[uuid.UUID, int] = field(default_factory=dict)
    kept: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def keep(self, row: int, of_field: str | None, reason: str) -> None:
        """Note what is kept."""
        self.kept.append({"row": row, "field": of_field, "reason": reason})


async def undo_rows(session: AsyncSession, caller: Caller, tools: Tools, one: RosterImport) -> dict[str, Any]:
    """Take back what the rows wrote, in this transaction; what was, as the receipt says it."""
    papers = [paper for paper in await load_rows(session, one.id) if paper.written is not None]
    notes = {paper.number: tools.open(paper.written, "written", one.id, paper.number) for paper in papers}
    seats = await _lock_seats(session, [paper.enrollment_id for paper in papers if paper.enrollment_id])
    people = await _lock_people(session, [paper.person_id for paper in papers if paper.person_id])
    attended = await _ids(session, _WITH_ATTENDANCE, ids=list(seats))
    certified = await _ids(session, _WITH_CERTIFICATE, ids=list(seats))
    undone = Undone()
    for paper in papers:
        note = notes[paper.number]
        seat = seats.get(paper.enrollment_id) if paper.enrollment_id else None
        if seat is not None:
            _plan_seat(undone, paper.number, note, seat, attended, certified)
        person = people.get(paper.person_id) if paper.person_id else None
        if person is not None:
            _plan_person(undone, paper.number, note, person, tools)
    await _write_seats(session, caller, undone)
    await _write_people(session, caller, undone, notes, {paper.person_id: paper.number for paper in papers})
    return {
        "people_removed": undone.counts["people"],
        "seats_removed": len(undone.seats),
        "completions_voided": len(undone.completions),
        "values_restored": undone.counts["values"],
        "kept": sorted(undone.kept, key=lambda kept: (kept["row"], kept["field"] or "")),
    }


def _plan_seat(
    undone: Undone,
    number: int,
    note: Mapping[str, Any],
    seat: Enrollment,
    attended: Collection[uuid.UUID],
    certified: Collection[uuid.UUID],
) -> None:
    if not note.keys() & {"seat_created", "seat", "completion"} or seat.voided_at is not None:
        return
    is_as_left = seat.version == note["seat_version"]
    if note.get("seat_created") and (not is_as_left or seat.id in attended or seat.id in certified):
        reason = _ATTENDED if seat.id in attended else _CERTIFIED if seat.id in certified else _CHANGED
        undone.keep(number, None, reason)
        return
    status = seat.status
    if note.get("completion"):
        if seat.status == "completed" and seat.id not in certified:
            undone.completions.append(uuid.UUID(note["completion"]))
            status = "attending"
        else:
            undone.keep(number, "completed_on", _CERTIFIED if seat.id in certified else _CHANGED)
    if note.get("seat_created"):
        undone.seats.append(seat.id)
        return
    values = {name: getattr(seat, name) for name in _SEAT} | {"status": status}
    changed = dict(note.get("seat", {}))
    if status == "attending" and note.get("status_before"):
        changed["status"] = [note["status_before"], "attending"]
    restored = {}
    for name, (before, after) in changed.items():
        if (None if values[name] is None else str(values[name])) == after or _is_same(values[name], after):
            restored[name] = _typed(name, before)
            undone.counts["values"] += 1
        else:
            undone.keep(number, "unit_code" if name == "unit_id" else name, _CHANGED)
    if restored:
        undone.restored_seats.append({"id": seat.id} | values | restored)


def _plan_person(undone: Undone, number: int, note: Mapping[str, Any], person: Person, tools: Tools) -> None:
    if person.erased_at is not None:
        return
    if note.get("person_created"):
        if person.version != note["person_version"]:
            undone.keep(number, None, _CHANGED)
        else:
            undone.people[person.id] = number
        if note.get("document"):
            undone.documents.append(uuid.UUID(note["document"]))
        return
    if note.get("document"):
        undone.documents.append(uuid.UUID(note["document"]))
        undone.counts["values"] += 1
    if not note.get("person"):
        return
    revealed = tools.key.reveal(person)
    clear = {name: getattr(person, name) for name in ("sex", "birth_precision", "nationality_code")}
    now: dict[str, Any] = revealed | clear
    restored = {}
    for name, (before, after) in note["person"].items():
        if now[name] == after:
            restored[name] = before
            undone.counts["values"] += name != "birth_precision"
        else:
            undone.keep(number, name, _CHANGED)
    if not restored:
        return
    after_all = now | restored
    personal = {name: after_all[name] for name in SEALED}
    assert person.data_key is not None  # noqa: S101 - they were not erased
    precision = BirthPrecision(after_all["birth_precision"])
    row: dict[str, Any] = {"id": person.id} | {name: after_all[name] for name in clear}
    row |= tools.key.seal(person.id, person.data_key, personal)
    row |= marks_of(tools.key, person.country_code, after_all["nationality_code"], personal, precision)
    undone.restored_people.append(row)


async def _write_seats(session: AsyncSession, caller: Caller, undone: Undone) -> None:
    """Completions before their seats. A seat goes back to any status that it had: that is a rule of undoing alone."""
    connection = await session.connection()
    await connection.execute(text("SELECT set_config('app.undoing', 'on', true)"))
    void = {"voided_by": caller.name, "void_reason": REASON}
    await update_rows(session, "completions", ("id",), [{"id": one} | void for one in undone.completions], also=_VOIDED)
    await update_rows(session, "enrollments", ("id",), undone.restored_seats, also=_TOUCHED)
    await update_rows(session, "enrollments", ("id",), [{"id": one} | void for one in undone.seats], also=_VOIDED)
    await connection.execute(text("SELECT set_config('app.undoing', '', true)"))


async def _write_people(
    session: AsyncSession,
    caller: Caller,
    undone: Undone,
    notes: Mapping[int, Mapping[str, Any]],
    numbers: Mapping[uuid.UUID | None, int],
) -> None:
    """People whom nothing else refers to are erased: what counted them is voided."""
    await update_rows(session, "people", ("id",), undone.restored_people, also=_TOUCHED)
    referred = await _ids(session, _REFERENCES, ids=list(undone.people), documents=undone.documents)
    for person_id in referred:
        undone.keep(undone.people[person_id], None, _REFERRED)
    erased = [person_id for person_id in undone.people if person_id not in referred]
    undone.counts["people"] = len(erased)
    stays = {numbers[person_id] for person_id in referred}
    kept_documents = {notes[number].get("document") for number in stays}
    void = {"voided_by": caller.name, "void_reason": REASON}
    documents = [one for one in undone.documents if str(one) not in kept_documents]
    await update_rows(session, "identity_documents", ("id",), [{"id": one} | void for one in documents], also=_VOIDED)
    nothing = dict.fromkeys((*SEALED, "data_key"))
    rows = [{"id": one, "erase_reason": REASON} | nothing | {"name_marks": [], "match_marks": []} for one in erased]
    await update_rows(session, "people", ("id",), rows, also=f"erased_at = now(), {_TOUCHED}")


async def _lock_seats(session: AsyncSession, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Enrollment]:
    wanted = text("SELECT id FROM enrollments WHERE id = ANY (:ids) ORDER BY id FOR UPDATE")
    found = await _ids(session, wanted, ids=ids)
    statement = select(Enrollment).where(Enrollment.id == _any(found))
    return {seat.id: seat for seat in (await session.exec(statement)).all()}


async def _lock_people(session: AsyncSession, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Any]:
    wanted = text("SELECT id FROM people WHERE id = ANY (:ids) ORDER BY id FOR NO KEY UPDATE")
    found = await _ids(session, wanted, ids=ids)
    table = Person.__table__  # type: ignore[attr-defined]
    rows = await (await session.connection()).execute(select(table).where(table.c.id == _any(found)))
    return {person.id: person for person in rows}


def _any(ids: Collection[uuid.UUID]) -> Any:  # noqa: ANN401 - an expression
    return func.any(bindparam(None, list(ids), ARRAY(Uuid), unique=True))


async def _ids(session: AsyncSession, statement: Any, **ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:  # noqa: ANN401
    bound = statement.bindparams(*(bindparam(name, list(values), ARRAY(Uuid)) for name, values in ids.items()))
    return set((await (await session.connection()).execute(bound)).scalars())


def _is_same(value: Any, written: str | None) -> bool:  # noqa: ANN401 - of a column
    """Whether a number is the one that was written, however many zeros it ends in."""
    try:
        return value is not None and written is not None and float(value) == float(written)
    except (TypeError, ValueError):
        return False


def _typed(name: str, written: str | None) -> Any:  # noqa: ANN401 - of a column
    if written is None:
        return None
    if name == "unit_id":
        return uuid.UUID(written)
    return Decimal(written) if name in {"pre_score", "post_score", "hours_attended"} else written
