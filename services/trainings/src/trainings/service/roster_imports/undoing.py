"""What an import wrote, taken back: all that is still as it left it. What somebody did since is kept, and named."""

import asyncio
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from chassis.tokens import Caller
from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.domain import BirthPrecision
from trainings.models import Enrollment, Person, RosterImport
from trainings.privacy import SEALED
from trainings.queries.filters import any_of
from trainings.service.identity import marks_of
from trainings.service.roster_imports.evaluating import Progress, load_rows
from trainings.service.roster_imports.papers import Tools, update_rows

ROWS_AT_ONCE: Final = 5_000
_PAPER: Final = ("number", "enrollment_id", "person_id", "written")
_SEATS: Final = Enrollment.__table__  # type: ignore[attr-defined]
_PEOPLE: Final = Person.__table__  # type: ignore[attr-defined]
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
# Who is referred to by anything but what is voided, or goes with the import.
_REFERENCES: Final = text("""
    SELECT p.id FROM unnest(:ids) AS p (id) WHERE
      EXISTS (
        SELECT FROM enrollments e WHERE e.person_id = p.id AND e.voided_at IS NULL AND NOT e.id = ANY (:seats)
      )
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
    """What is taken back of some rows, and what is kept."""

    completions: list[uuid.UUID] = field(default_factory=list)
    seats: list[uuid.UUID] = field(default_factory=list)
    restored_seats: list[dict[str, Any]] = field(default_factory=list)
    restored_people: list[dict[str, Any]] = field(default_factory=list)
    documents: list[uuid.UUID] = field(default_factory=list)
    # By person, the row that made them.
    people: dict[uuid.UUID, int] = field(default_factory=dict)
    kept: list[dict[str, Any]] = field(default_factory=list)
    values: int = 0

    def keep(self, row: int, of_field: str | None, reason: str) -> None:
        """Note what is kept."""
        self.kept.append({"row": row, "field": of_field, "reason": reason})


@dataclass(slots=True)
class _Undoing:
    """All rows of an import, some at a time: seats first, then the people whom nothing else refers to by then."""

    session: AsyncSession
    caller: Caller
    tools: Tools
    one: RosterImport
    is_rehearsal: bool
    counts: Counter[str] = field(default_factory=Counter)
    kept: list[dict[str, Any]] = field(default_factory=list)
    # By person, their seats that go.
    going: dict[uuid.UUID, list[uuid.UUID]] = field(default_factory=lambda: defaultdict(list))

    async def read(self, after: int) -> tuple[int, list[Any], dict[int, dict[str, Any]]]:
        """Some rows that wrote something, with what they wrote; the number of the last."""
        papers = await load_rows(self.session, self.one.id, after, ROWS_AT_ONCE, *_PAPER)
        last = papers[-1].number if papers else 0
        writing = [paper for paper in papers if paper.written is not None]
        return last, writing, await asyncio.to_thread(self._open, writing)

    def _open(self, papers: Sequence[Any]) -> dict[int, dict[str, Any]]:
        return {one.number: self.tools.open(one.written, "written", self.one.id, one.number) for one in papers}

    async def undo_seats(self, papers: Sequence[Any], notes: Mapping[int, Mapping[str, Any]]) -> None:
        """Completions and seats, made and changed."""
        ids = [paper.enrollment_id for paper in papers if paper.enrollment_id]
        seats = await self._load(_SEATS, ids, "FOR UPDATE")
        attended = await _ids(self.session, _WITH_ATTENDANCE, ids=list(seats))
        certified = await _ids(self.session, _WITH_CERTIFICATE, ids=list(seats))
        undone = Undone()
        for paper in papers:
            seat = seats.get(paper.enrollment_id) if paper.enrollment_id else None
            if seat is not None:
                _plan_seat(undone, paper.number, notes[paper.number], seat, attended, certified)
        for seat_id in undone.seats:
            self.going[seats[seat_id].person_id].append(seat_id)
        self._count(undone)
        if not self.is_rehearsal:
            await _write_seats(self.session, self.caller, undone)

    async def undo_people(self, papers: Sequence[Any], notes: Mapping[int, Mapping[str, Any]]) -> None:
        """People who were made and changed, and their documents."""
        people = await self._load(
            _PEOPLE, [paper.person_id for paper in papers if paper.person_id], "FOR NO KEY UPDATE"
        )
        undone = await asyncio.to_thread(self._plan_people, papers, notes, people)
        going = [seat_id for person_id in undone.people for seat_id in self.going.get(person_id, ())]
        given = {"ids": list(undone.people), "documents": undone.documents, "seats": going}
        referred = await _ids(self.session, _REFERENCES, **given)
        for person_id in referred:
            undone.keep(undone.people[person_id], None, _REFERRED)
        kept_documents = {notes[undone.people[person_id]].get("document") for person_id in referred}
        undone.documents = [one for one in undone.documents if str(one) not in kept_documents]
        undone.people = {one: row for one, row in undone.people.items() if one not in referred}
        self._count(undone)
        if not self.is_rehearsal:
            await _write_people(self.session, self.caller, undone)

    def _plan_people(
        self, papers: Sequence[Any], notes: Mapping[int, Mapping[str, Any]], people: Mapping[uuid.UUID, Any]
    ) -> Undone:
        undone = Undone()
        for paper in papers:
            person = people.get(paper.person_id) if paper.person_id else None
            if person is not None:
                _plan_person(undone, paper.number, notes[paper.number], person, self.tools)
        return undone

    async def _load(self, table: Any, ids: Sequence[uuid.UUID], lock: str) -> dict[uuid.UUID, Any]:  # noqa: ANN401
        """Rows by id; held, in the order of their ids, where they are to be changed."""
        if not self.is_rehearsal:
            wanted = text(f"SELECT id FROM {table.name} WHERE id = ANY (:ids) ORDER BY id {lock}")  # noqa: S608
            await _ids(self.session, wanted, ids=ids)
        rows = await (await self.session.connection()).execute(select(table).where(any_of(table.c.id, set(ids))))
        return {row.id: row for row in rows}

    def _count(self, undone: Undone) -> None:
        self.counts += Counter(
            people_removed=len(undone.people),
            seats_removed=len(undone.seats),
            completions_voided=len(undone.completions),
            values_restored=undone.values,
        )
        self.kept += undone.kept


async def undo_rows(
    session: AsyncSession,
    caller: Caller,
    tools: Tools,
    one: RosterImport,
    *,
    is_rehearsal: bool = False,
    on_progress: Progress | None = None,
) -> dict[str, Any]:
    """Take back what the rows wrote, in this transaction; what was, as the receipt says it. A rehearsal writes nothing.

    Progress is told in rows, each of which is gone through twice.
    """
    undoing = _Undoing(session, caller, tools, one, is_rehearsal)
    gone_through = 0
    for step in (undoing.undo_seats, undoing.undo_people):
        after = 0
        while True:
            after, papers, notes = await undoing.read(after)
            if not after:
                break
            if papers:
                await step(papers, notes)
            gone_through += ROWS_AT_ONCE
            if on_progress is not None:
                await on_progress(gone_through // 2)
    nothing = dict.fromkeys(("people_removed", "seats_removed", "completions_voided", "values_restored"), 0)
    kept = sorted(undoing.kept, key=lambda kept: (kept["row"], kept["field"] or ""))
    return nothing | undoing.counts | {"kept": kept}


def _plan_seat(
    undone: Undone,
    number: int,
    note: Mapping[str, Any],
    seat: Any,  # noqa: ANN401 - a row
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
            undone.values += 1
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
        undone.values += 1
    if not note.get("person"):
        return
    revealed = tools.key.reveal(person)
    clear = {name: getattr(person, name) for name in ("sex", "birth_precision", "nationality_code")}
    now: dict[str, Any] = revealed | clear
    restored = {}
    for name, (before, after) in note["person"].items():
        if now[name] == after:
            restored[name] = before
            undone.values += name != "birth_precision"
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


async def _write_people(session: AsyncSession, caller: Caller, undone: Undone) -> None:
    """People whom nothing else refers to are erased: what counted them is voided."""
    await update_rows(session, "people", ("id",), undone.restored_people, also=_TOUCHED)
    void = {"voided_by": caller.name, "void_reason": REASON}
    documents = [{"id": one} | void for one in undone.documents]
    await update_rows(session, "identity_documents", ("id",), documents, also=_VOIDED)
    nothing = dict.fromkeys((*SEALED, "data_key")) | {"name_marks": [], "match_marks": []}
    rows = [{"id": one, "erase_reason": REASON} | nothing for one in undone.people]
    await update_rows(session, "people", ("id",), rows, also=f"erased_at = now(), {_TOUCHED}")


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
