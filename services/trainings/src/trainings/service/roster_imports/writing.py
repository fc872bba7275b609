"""What a roster's rows write: people, documents, seats, completions, each kind by one statement."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import names
from trainings.domain import BirthPrecision, RosterChanged, RowOutcome
from trainings.models import RosterImport
from trainings.privacy import SEALED
from trainings.service.identity import as_text, marks_of
from trainings.service.roster_imports.assessing import Plan
from trainings.service.roster_imports.papers import Tools, insert_rows, update_rows

_CLEAR: Final[tuple[str, ...]] = ("sex", "birth_precision", "nationality_code")
_SEAT: Final[tuple[str, ...]] = (
    "status", "level", "unit_id", "vetting_basis", "vetting_reason", "pre_score", "post_score", "hours_attended",
    "note",
)  # fmt: skip
_TOUCHED: Final = "version = t.version + 1, updated_at = now()"
_TOLD_APART: Final = "Decided in an import of a roster."


@dataclass(slots=True)
class Written:
    """What was written, by row of the file."""

    people: list[dict[str, Any]] = field(default_factory=list)
    changed_people: list[dict[str, Any]] = field(default_factory=list)
    seats: list[dict[str, Any]] = field(default_factory=list)
    changed_seats: list[dict[str, Any]] = field(default_factory=list)
    completions: list[dict[str, Any]] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    told_apart: list[dict[str, Any]] = field(default_factory=list)
    papers: list[dict[str, Any]] = field(default_factory=list)

    def counts(self, plans: Sequence[Plan], excluded: int) -> dict[str, int]:
        """As the receipt says it."""
        return {
            "people_created": len(self.people),
            "people_changed": len(self.changed_people),
            "seats_created": len(self.seats),
            "seats_changed": len(self.changed_seats),
            "completions_created": len(self.completions),
            "rows_unchanged": sum(plan.outcome is RowOutcome.unchanged for plan in plans),
            "rows_excluded": excluded,
        }


async def take_ids(session: AsyncSession, count: int) -> list[uuid.UUID]:
    """So many ids, in their order of time."""
    statement = text("SELECT uuidv7() FROM generate_series(1, :count)")
    return list((await (await session.connection()).execute(statement, {"count": count})).scalars())


def prepare(one: RosterImport, plans: Sequence[Plan], ids: Sequence[uuid.UUID], tools: Tools) -> Written:
    """The rows to be written, all that is personal sealed. Takes its time: not for the loop of events.

    `ids`: four a plan. A person's id is part of what seals them, and a seat's of what undoing looks for.
    """
    written = Written()
    for place, plan in enumerate(plans):
        person_id, seat_id, completion_id, document_id = ids[4 * place : 4 * place + 4]
        note: dict[str, Any] = {}
        matched = plan.matched
        if plan.person is not None:
            written.people.append(_new_person(plan, person_id, one, tools))
            note |= {"person_created": True, "person_version": 1}
        else:
            assert matched.person_id is not None  # noqa: S101 - a row without errors is of somebody
            person_id = matched.person_id
            if plan.person_changes:
                row, note["person"] = _changed_person(plan, tools)
                note["person_version"] = row["version"] + 1
                written.changed_people.append(row)
        if plan.seat is not None:
            seat = {"id": seat_id, "training_id": matched.training.id, "person_id": person_id}  # type: ignore[union-attr]
            written.seats.append(seat | {"role": plan.seat["role"]} | {name: plan.seat[name] for name in _SEAT})
            note |= {"seat_created": True, "seat_version": 1}
        else:
            seat_id = matched.seat.id
            if plan.seat_changes or plan.to_status is not None:
                changes = plan.seat_changes | ({"status": plan.to_status} if plan.to_status is not None else {})
                row = {"id": seat_id, "version": matched.seat.version}
                row |= {name: changes.get(name, getattr(matched.seat, name)) for name in _SEAT}
                written.changed_seats.append(row)
                note["seat_version"] = row["version"] + 1
                note["seat"] = {name: [_plain(getattr(matched.seat, name)), _plain(changes[name])] for name in changes}
        if plan.completed_on is not None:
            completion = {"id": completion_id, "enrollment_id": seat_id, "completed_on": plan.completed_on}
            written.completions.append(completion)
            note["completion"] = str(completion_id)
            # The completion completes the seat, which counts as a change of it.
            note["seat_version"] = note.get("seat_version", 0 if plan.seat else matched.seat.version) + 1
            note["status_before"] = None if plan.seat else str(matched.seat.status)
        if matched.document is not None and (plan.person is not None or plan.adds_document):
            body, mark, last = matched.document
            written.documents.append(
                {
                    "id": document_id,
                    "person_id": person_id,
                    "type": str(body.type),
                    "issuer_country_code": body.issuer_country_code,
                    "number_mark": mark,
                    "last_characters": last,
                }
            )
            note["document"] = str(document_id)
        written.told_apart += [_told_apart(person_id, other) for other in matched.told_apart]
        written.papers.append(
            {
                "roster_import_id": one.id,
                "number": plan.draft.number,
                "training_id": matched.training.id if matched.training else None,
                "enrollment_id": seat_id,
                "person_id": person_id,
                "fingerprint": matched.fingerprint,
                "written": tools.seal(note, "written", one.id, plan.draft.number) if note else None,
            }
        )
    return written


async def write(session: AsyncSession, written: Written) -> None:
    """Write it all. What somebody else changed meanwhile is not overwritten: then nothing is written."""
    await insert_rows(session, "people", written.people)
    changed = await update_rows(session, "people", ("id", "version"), written.changed_people, also=_TOUCHED)
    await insert_rows(session, "identity_documents", written.documents)
    await insert_rows(session, "enrollments", written.seats)
    moved = await update_rows(session, "enrollments", ("id", "version"), written.changed_seats, also=_TOUCHED)
    if changed != len(written.changed_people) or moved != len(written.changed_seats):
        raise RosterChanged("Somebody changed one of these records just now. Check the import again.")
    await insert_rows(session, "completions", written.completions)
    await insert_rows(session, "duplicate_candidates", written.told_apart)
    await update_rows(session, "roster_import_rows", ("roster_import_id", "number"), written.papers)


def _new_person(plan: Plan, person_id: uuid.UUID, one: RosterImport, tools: Tools) -> dict[str, Any]:
    body = plan.person
    assert body is not None  # noqa: S101 - looked at before
    personal = as_text(body.model_dump(include=set(SEALED)))
    data_key = tools.key.new_data_key(person_id)
    return {
        "id": person_id,
        "country_code": body.country_code,
        "nationality_code": body.nationality_code,
        "person_type": str(body.person_type),
        "sex": str(body.sex),
        "birth_precision": str(body.birth_precision),
        "unit_id": plan.seat["unit_id"] if plan.seat else None,
        "data_key": data_key,
        **tools.key.seal(person_id, data_key, personal),
        **marks_of(tools.key, one.country_code, body.nationality_code, personal, body.birth_precision),
    }


def _changed_person(plan: Plan, tools: Tools) -> tuple[dict[str, Any], dict[str, Any]]:
    """The row of a changed person, and each field before and after."""
    person, before = plan.record, plan.revealed
    after = before | as_text({name: value for name, value in plan.person_changes.items() if name in SEALED})
    clear = {name: str(plan.person_changes.get(name, getattr(person, name))) for name in _CLEAR}
    precision = BirthPrecision(clear["birth_precision"])
    row: dict[str, Any] = {"id": person.id, "version": person.version, **clear}
    row |= tools.key.seal(person.id, person.data_key, after)
    row |= marks_of(tools.key, person.country_code, clear["nationality_code"], after, precision)
    was: Mapping[str, Any] = before | {name: getattr(person, name) for name in _CLEAR}
    becomes: Mapping[str, Any] = after | clear
    return row, {name: [_plain(was[name]), _plain(becomes[name])] for name in plan.person_changes}


def _told_apart(person_id: uuid.UUID, other: Any) -> dict[str, Any]:  # noqa: ANN401 - a candidate
    return {
        "person_id": min(person_id, other.person_id),
        "other_person_id": max(person_id, other.person_id),
        "score": other.score,
        "band": "likely_same" if other.score >= names.LIKELY_SAME_AT else "possible",
        "reasons": other.reasons,
        "status": "dismissed",
        "note": _TOLD_APART,
    }


def _plain(value: object) -> str | None:
    return None if value is None else str(value)
