"""What a roster's rows write: people, documents, seats, completions, each kind by one statement.

A check says what each row would write (`describe`), a commit makes the rows of that (`prepare`) and writes them.
"""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import names
from trainings.domain import BirthPrecision, RosterChanged, RowOutcome
from trainings.models import RosterImport
from trainings.privacy import MARK_BYTES, SEALED
from trainings.service.identity import as_text, marks_of, name_marks_of
from trainings.service.roster_imports.assessing import Plan
from trainings.service.roster_imports.papers import Tools, insert_rows, update_rows

Intent = dict[str, Any]
"""What a row would write, as JSON can hold it."""
_CLEAR: Final[tuple[str, ...]] = ("sex", "birth_precision", "nationality_code")
_SEAT: Final[tuple[str, ...]] = (
    "status", "level", "unit_id", "vetting_basis", "vetting_reason", "pre_score", "post_score", "hours_attended",
    "note",
)  # fmt: skip
_TOUCHED: Final = "version = t.version + 1, updated_at = now()"
_TOLD_APART: Final = "Decided in an import of a roster."
IDS_A_ROW: Final = 4


@dataclass(slots=True)
class Written:
    """What is written of some rows of the file."""

    people: list[dict[str, Any]] = field(default_factory=list)
    changed_people: list[dict[str, Any]] = field(default_factory=list)
    seats: list[dict[str, Any]] = field(default_factory=list)
    changed_seats: list[dict[str, Any]] = field(default_factory=list)
    completions: list[dict[str, Any]] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    told_apart: list[dict[str, Any]] = field(default_factory=list)
    papers: list[dict[str, Any]] = field(default_factory=list)
    unchanged: int = 0

    def counts(self) -> Counter[str]:
        """As the receipt says it."""
        return Counter(
            people_created=len(self.people),
            people_changed=len(self.changed_people),
            seats_created=len(self.seats),
            seats_changed=len(self.changed_seats),
            completions_created=len(self.completions),
            rows_unchanged=self.unchanged,
        )


async def take_ids(session: AsyncSession, count: int) -> list[uuid.UUID]:
    """So many ids, in their order of time."""
    statement = text("SELECT ARRAY(SELECT uuidv7() FROM generate_series(1, :count))")
    return list(await (await session.connection()).scalar(statement, {"count": count}))


def describe(plan: Plan, tools: Tools) -> Intent:
    """What a row without errors would write. Takes its time: not for the loop of events."""
    matched = plan.matched
    assert matched.training is not None  # noqa: S101 - a row without errors is of a training
    intent: Intent = {"row": plan.draft.number, "outcome": plan.outcome, "training": str(matched.training.id)}
    intent["print"] = matched.fingerprint and matched.fingerprint.hex()
    if plan.person is not None:
        intent["new"] = _describe_new(plan)
    else:
        assert matched.person_id is not None  # noqa: S101 - a row without errors is of somebody
        intent["person"] = matched.person_id
        if plan.person_changes:
            changed, intent["person_was"] = _changed_person(plan, tools)
            intent["changed"] = _as_json(changed)
    if plan.seat is not None:
        seat = plan.seat
        intent["seat"] = {"role": seat["role"], **{name: _plain(seat[name]) for name in _SEAT}}
    else:
        intent["old_seat"] = [matched.seat.id, matched.seat.version, matched.seat.status]
        changes = plan.seat_changes | ({"status": plan.to_status} if plan.to_status is not None else {})
        if changes:
            intent["moved"] = {name: _plain(changes.get(name, getattr(matched.seat, name))) for name in _SEAT}
            intent["seat_was"] = {
                name: [_plain(getattr(matched.seat, name)), _plain(changes[name])] for name in changes
            }
    if plan.completed_on is not None:
        intent["completed_on"] = plan.completed_on.isoformat()
    if matched.document is not None and (plan.person is not None or plan.adds_document):
        body, mark, last = matched.document
        intent["document"] = [body.type, body.issuer_country_code, mark.hex(), last]
    told_apart = [[one.person_id, one.score, one.reasons] for one in matched.told_apart if one.person_id is not None]
    if told_apart:
        intent["told_apart"] = told_apart
    return intent


def _describe_new(plan: Plan) -> Intent:
    body, matched = plan.person, plan.matched
    assert body is not None  # noqa: S101 - looked at before
    personal = as_text(body.model_dump(include=set(SEALED)))
    said = matched.personal()
    is_as_marked = all(personal[name] == said[name] for name in said)
    return {
        "personal": [personal[name] for name in SEALED],
        "person_type": body.person_type,
        **{name: getattr(body, name) for name in _CLEAR},
        "marks": b"".join(matched.match_marks).hex() if is_as_marked and matched.match_marks is not None else None,
    }


def prepare(one: RosterImport, intents: Sequence[Intent], ids: Sequence[uuid.UUID], tools: Tools) -> Written:
    """The rows to be written, all that is personal sealed. Takes its time: not for the loop of events.

    `ids`: four an intent. A person's id is part of what seals them, and a seat's of what undoing looks for.
    """
    written = Written()
    for place, intent in enumerate(intents):
        person_id, seat_id, completion_id, document_id = ids[IDS_A_ROW * place : IDS_A_ROW * (place + 1)]
        note: dict[str, Any] = {}
        seat = intent.get("seat")
        if (new := intent.get("new")) is not None:
            written.people.append(_new_person(new, person_id, seat["unit_id"] if seat else None, one, tools))
            note |= {"person_created": True, "person_version": 1}
        else:
            person_id = intent["person"]
            if (changed := intent.get("changed")) is not None:
                written.changed_people.append(_bytes_again(changed))
                note |= {"person": intent["person_was"], "person_version": changed["version"] + 1}
        status_before = None
        if seat is not None:
            written.seats.append({"id": seat_id, "training_id": intent["training"], "person_id": person_id} | seat)
            note |= {"seat_created": True, "seat_version": 1}
        else:
            seat_id, version, status_before = intent["old_seat"]
            note["seat_version"] = version
            if (moved := intent.get("moved")) is not None:
                written.changed_seats.append({"id": seat_id, "version": version} | moved)
                note |= {"seat": intent["seat_was"], "seat_version": version + 1}
        if "completed_on" in intent:
            completed_on = date.fromisoformat(intent["completed_on"])
            written.completions.append({"id": completion_id, "enrollment_id": seat_id, "completed_on": completed_on})
            # The completion completes the seat, which counts as a change of it.
            note |= {"completion": str(completion_id), "seat_version": note["seat_version"] + 1}
            note["status_before"] = status_before
        if "document" in intent:
            written.documents.append(_new_document(document_id, person_id, *intent["document"]))
            note["document"] = str(document_id)
        written.told_apart += [_told_apart(person_id, *other) for other in intent.get("told_apart", ())]
        written.unchanged += intent["outcome"] == RowOutcome.unchanged
        has_written = note.keys() - {"seat_version"}
        written.papers.append(
            {
                "roster_import_id": one.id,
                "number": intent["row"],
                "enrollment_id": seat_id,
                "person_id": person_id,
                "fingerprint": intent["print"] and bytes.fromhex(intent["print"]),
                "written": tools.seal(note, "written", one.id, intent["row"]) if has_written else None,
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


def _new_person(
    new: Intent, person_id: uuid.UUID, unit_id: str | None, one: RosterImport, tools: Tools
) -> dict[str, Any]:
    personal = dict(zip(SEALED, new["personal"], strict=True))
    data_key, sealed = tools.key.seal_new(person_id, personal)
    clear = {name: new[name] for name in _CLEAR}
    if new["marks"] is not None:
        marks = name_marks_of(tools.key, personal) | {"match_marks": marks_in(new)}
    else:
        precision = BirthPrecision(new["birth_precision"])
        marks = marks_of(tools.key, one.country_code, new["nationality_code"], personal, precision)
    return {
        "id": person_id,
        "country_code": one.country_code,
        "person_type": new["person_type"],
        "unit_id": unit_id,
        "data_key": data_key,
        **clear,
        **sealed,
        **marks,
    }


def _new_document(
    document_id: uuid.UUID, person_id: uuid.UUID, kind: str, issuer: str, mark: str, last: str
) -> dict[str, Any]:
    return {
        "id": document_id,
        "person_id": person_id,
        "type": kind,
        "issuer_country_code": issuer,
        "number_mark": bytes.fromhex(mark),
        "last_characters": last,
    }


def marks_in(new: Intent) -> list[bytes]:
    """What a new record shares with others, as it was kept."""
    joined = bytes.fromhex(new["marks"] or "")
    return [joined[at : at + MARK_BYTES] for at in range(0, len(joined), MARK_BYTES)]


def _as_json(row: Mapping[str, Any]) -> Intent:
    """A row with bytes, and lists of them, in letters."""
    return {
        name: {"x": value.hex()} if isinstance(value, bytes)
        else {"xs": [one.hex() for one in value]} if isinstance(value, list) else value
        for name, value in row.items()
    }  # fmt: skip


def _bytes_again(row: Intent) -> dict[str, Any]:
    return {
        name: value if not isinstance(value, dict)
        else bytes.fromhex(value["x"]) if "x" in value else [bytes.fromhex(one) for one in value["xs"]]
        for name, value in row.items()
    }  # fmt: skip


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


def _told_apart(person_id: uuid.UUID, other_id: str, score: int, reasons: Sequence[str]) -> dict[str, Any]:
    other = uuid.UUID(other_id)
    return {
        "person_id": min(person_id, other),
        "other_person_id": max(person_id, other),
        "score": score,
        "band": "likely_same" if score >= names.LIKELY_SAME_AT else "possible",
        "reasons": reasons,
        "status": "dismissed",
        "note": _TOLD_APART,
    }


def _plain(value: object) -> str | None:
    return None if value is None else str(value)
