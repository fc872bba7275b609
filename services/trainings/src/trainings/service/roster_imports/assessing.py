"""What a row would do: new, changed, unchanged, to be decided, or wrong and why. Every rule is the one of the forms."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from chassis.tables.faults import RowError

from trainings import domain
from trainings.domain import BirthPrecision, EnrollmentStatus, RosterField, RowOutcome, Sex, VettingBasis
from trainings.models import RosterImport, Training
from trainings.privacy import read_birth_date
from trainings.schemas.completions import CompletionCreate
from trainings.schemas.enrollments import EnrollmentCreate, EnrollmentTransition, EnrollmentUpdate
from trainings.schemas.people import PersonCreate, PersonUpdate
from trainings.service.enrollments import begin_seat, check_seat_cleared, completion_rule
from trainings.service.identity import as_text, check_person
from trainings.service.loading import today
from trainings.service.roster_imports.bodies import as_written, run, take, take_again
from trainings.service.roster_imports.drafts import Draft
from trainings.service.roster_imports.known import Known
from trainings.service.roster_imports.matching import NOBODY, Matched
from trainings.settings import TrainingsSettings

ClearanceKey = tuple[uuid.UUID | None, uuid.UUID | None, date]
_OF_PERSON: Final[tuple[str, ...]] = (
    "given_name", "surname_1", "surname_2", "full_name_original", "sex", "birth_date", "birth_precision",
    "nationality_code", "position",
)  # fmt: skip
_OF_SEAT: Final[tuple[str, ...]] = (
    "level", "vetting_basis", "vetting_reason", "pre_score", "post_score", "hours_attended", "note",
)  # fmt: skip
_SEAT_COLUMNS: Final = ("training_id", "role", *_OF_SEAT)
_CLEAR: Final = ("sex", "birth_precision", "nationality_code")
_EDITED_SINCE: Final = (
    "Somebody changed this since an earlier import said the same. It is kept as it is now; to write it nevertheless, "
    "correct this cell by hand."
)
_WRITING: Final = frozenset({RowOutcome.new, RowOutcome.changed})
_ATTENDED: Final = frozenset({"attending", "completed", "failed", "incomplete"})


@dataclass(slots=True)
class Plan:
    """What a row would write, once it has no errors."""

    matched: Matched
    outcome: RowOutcome = RowOutcome.unchanged
    changes: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    # What is kept though the row says otherwise, and why.
    warnings: list[RowError] = field(default_factory=list)
    person: PersonCreate | None = None
    person_changes: dict[str, Any] = field(default_factory=dict)
    seat: dict[str, Any] | None = None
    seat_changes: dict[str, Any] = field(default_factory=dict)
    to_status: EnrollmentStatus | None = None
    completed_on: date | None = None
    adds_document: bool = False
    # The person as they are recorded, where they are.
    record: Any = None
    revealed: dict[str, str | None] = field(default_factory=dict)

    @property
    def draft(self) -> Draft:
        """What the row says."""
        return self.matched.draft


def clearance_key(matched: Matched, known: Known, settings: TrainingsSettings) -> ClearanceKey | None:
    """What is asked about the clearance of a row, where one is required."""
    training = matched.training
    if training is None:
        return None
    recorded = matched.seat.vetting_basis if matched.seat is not None else None
    default = domain.default_vetting_basis(training.starts_on, settings.vetting_required_from)
    if (matched.draft.said.get("vetting_basis") or recorded or default) != VettingBasis.required:
        return None
    person = known.people.get(matched.person_id) if matched.person_id is not None else None
    return matched.person_id, _unit_of(matched, known, person), training.starts_on


def assess(
    matched: Matched,
    known: Known,
    one: RosterImport,
    settings: TrainingsSettings,
    cleared: Mapping[ClearanceKey, list[str]],
) -> Plan:
    """What a row would do, with all that is wrong in it."""
    plan = Plan(matched)
    draft, training = plan.draft, matched.training
    key = clearance_key(matched, known, settings)
    matched.faults = cleared.get(key, []) if key is not None else []
    if training is not None and training.voided_at is not None:
        draft.refuse(RosterField.training_code, "voided", "This training was entered in error and voided.")
    if matched.said_before and matched.person_id is not None:
        _note_later_edits(plan, known)
    code = draft.said.get("unit_code")
    if code is not None and code not in known.units:
        draft.refuse(RosterField.unit_code, "unknown_code", "There is no unit with this code. Record it first.")
    if training is not None and matched.person_id is None and not matched.candidates:
        _assess_new_person(plan, one)
    elif matched.person_id is not None:
        _assess_person(plan, known)
    if training is not None and training.voided_at is None and not matched.candidates:
        _assess_seat(plan, known, training, settings)
    _close(plan)
    return plan


def _note_later_edits(plan: Plan, known: Known) -> None:
    """What a row says again is no news: where the record says otherwise by now, somebody changed it, and it stays so.

    Whoever means it writes it into the cell by hand.
    """
    matched = plan.matched
    assert matched.person_id is not None  # noqa: S101 - looked at before
    said = {column: value for found in matched.said_before.values() for column, value in found.items()}
    person, revealed = known.people[matched.person_id], known.reveal(matched.person_id)
    before: dict[str, Any] = revealed | {name: getattr(person, name) for name in _CLEAR}
    before["birth_date"] = read_birth_date(revealed)
    differing = set(_differences(Draft(0, {}, said), before)) if person.erased_at is None else set()
    if (seat := matched.seat) is not None:
        recorded = {name: getattr(seat, name) for name in (*_OF_SEAT, "status")}
        recorded |= {"unit_code": known.unit_codes.get(seat.unit_id), "completed_on": known.completed.get(seat.id)}
        differing |= {name for name, value in recorded.items() if name in said and said[name] != value}
    if matched.document is not None and _number_of(matched) not in known.documents[matched.person_id]:
        differing.add("id_number")
    for name in RosterField:
        if differing & matched.said_before.get(name, {}).keys():
            plan.warnings.append(RowError(name, "edited_since", _EDITED_SINCE))


def _number_of(matched: Matched) -> tuple[str, str, bytes]:
    assert matched.document is not None  # noqa: S101 - looked at before
    body, mark, _ = matched.document
    return body.issuer_country_code, str(body.type), mark


def _close(plan: Plan) -> None:
    draft = plan.draft
    if draft.errors:
        plan.outcome = RowOutcome.error
    elif plan.matched.candidates:
        plan.outcome = RowOutcome.possible_duplicate
    elif plan.seat is not None:
        plan.outcome = RowOutcome.new
    elif plan.changes:
        plan.outcome = RowOutcome.changed


def count_attendees(plans: Sequence[Plan], known: Known) -> None:
    """A headcount covers the attendees of its training: the rows that would go beyond it are errors."""
    room = known.room
    for plan in plans:
        of_training = plan.matched.training
        if of_training is None or of_training.id not in room or plan.outcome not in _WRITING:
            continue
        seat = plan.matched.seat
        was = seat is not None and _is_attended(seat, known)
        values = plan.seat or (dict(seat._mapping) if seat is not None else {}) | plan.seat_changes  # noqa: SLF001
        status = plan.to_status or values.get("status")
        becomes = plan.completed_on is not None or status in _ATTENDED or (values.get("hours_attended") or 0) > 0
        if becomes and not was:
            room[of_training.id] -= 1
            if room[of_training.id] < 0:
                plan.draft.refuse(
                    None,
                    "attendees_above_headcount",
                    f"The training has a headcount of {of_training.headcount_total}, and this row would be one more. "
                    "Correct the headcount of the training, or the row.",
                )
                plan.outcome = RowOutcome.error


def _is_attended(seat: Any, known: Known) -> bool:  # noqa: ANN401 - a row
    attended = known.attended.get(seat.id, Decimal(0)) or 0
    return seat.status in _ATTENDED or (seat.hours_attended or 0) > 0 or attended > 0


def _assess_new_person(plan: Plan, one: RosterImport) -> None:
    draft = plan.draft
    said = {name: value for name, value in draft.said.items() if name in _OF_PERSON and value is not None}
    if "nationality_code" not in said:
        if RosterField.nationality_code not in draft.texts and RosterField.nationality_code in plan.matched.columns:
            draft.refuse(RosterField.nationality_code, "missing", "Write the nationality.")
        said["nationality_code"] = one.country_code
    body = take(draft, PersonCreate, said | {"country_code": one.country_code})
    if body is None:
        return
    personal = as_text(body.model_dump(include={*_OF_PERSON} - {"sex", "birth_precision", "nationality_code"}))
    run(draft, lambda: check_person(personal, body.birth_precision))
    _check_document(plan, body.sex, body.birth_date, body.birth_precision)
    plan.person = body


def _assess_person(plan: Plan, known: Known) -> None:
    matched, draft = plan.matched, plan.draft
    assert matched.person_id is not None  # noqa: S101 - looked at before
    person, revealed = known.people[matched.person_id], known.reveal(matched.person_id)
    plan.record, plan.revealed = person, revealed
    if person.erased_at is not None:
        draft.refuse(None, "erased", "This person was erased; nothing more is recorded of them. Exclude the row.")
        return
    before: dict[str, Any] = revealed | {name: getattr(person, name) for name in _CLEAR}
    before["birth_date"] = read_birth_date(revealed)
    changes = _differences(draft, before)
    if take(draft, PersonUpdate, changes) is None:
        return
    after = before | changes
    precision = BirthPrecision(after["birth_precision"])
    run(draft, lambda: check_person(as_text({name: after[name] for name in revealed}), precision))
    _check_document(plan, Sex(after["sex"]), after["birth_date"], precision)
    plan.person_changes = changes
    for name, value in changes.items():
        if name != "birth_precision":
            plan.changes.append((name, _shown(before[name]), _shown(value)))
    _add_document(plan, known.documents[matched.person_id])


def _differences(draft: Draft, before: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of somebody that a row says otherwise. What says less than is recorded says nothing."""
    said = {name: draft.said[name] for name in _OF_PERSON if name in draft.said}
    if said.get("sex") == Sex.not_recorded:
        del said["sex"]
    birth_date, precision = said.pop("birth_date", before["birth_date"]), said.pop("birth_precision", None)
    changes = {name: value for name, value in said.items() if value != before[name]}
    recorded = before["birth_date"]
    is_year_of_it = recorded is not None and precision is BirthPrecision.year and birth_date.year == recorded.year
    if birth_date != recorded and not is_year_of_it:
        changes["birth_date"] = birth_date
        changes["birth_precision"] = precision or BirthPrecision.not_recorded
    return changes


def _add_document(plan: Plan, recorded: set[tuple[str, str, bytes]]) -> None:
    """A document that nobody has recorded of the person yet; another number of one kind is somebody's error."""
    if plan.matched.document is None or RosterField.id_number in plan.matched.said_before:
        return
    mine = _number_of(plan.matched)
    if mine in recorded:
        return
    if any(each[:2] == mine[:2] for each in recorded):
        plan.draft.refuse(
            RosterField.id_number,
            "document_differs",
            "Another number of this kind is recorded of this person. Correct the one that is wrong.",
        )
    plan.adds_document = True
    plan.changes.append((RosterField.id_number, None, plan.draft.texts.get(RosterField.id_number)))


def _check_document(plan: Plan, sex: Sex, birth_date: date | None, precision: BirthPrecision) -> None:
    if plan.matched.document is None:
        return
    body, _, _ = plan.matched.document
    number = domain.read_number(body.type, body.issuer_country_code, body.number)
    run(plan.draft, lambda: domain.check_document(number, sex, birth_date, precision))


def _unit_of(matched: Matched, known: Known, person: Any) -> uuid.UUID | None:  # noqa: ANN401 - a row
    said = matched.draft.said
    if "unit_code" in said:
        unit = known.units.get(said["unit_code"] or "")
        return unit.id if unit else None
    if matched.seat is not None:
        found: uuid.UUID | None = matched.seat.unit_id
        return found
    return person.unit_id if person is not None else None


def _assess_seat(plan: Plan, known: Known, training: Training, settings: TrainingsSettings) -> None:
    matched, draft = plan.matched, plan.draft
    if matched.person_id is not None and (training.id, matched.person_id) in known.leads:
        draft.refuse(None, "instructor_is_no_participant", "This person leads the training: exclude the row.")
    completed_on, status = draft.said.get("completed_on"), draft.said.get("status")
    if status == EnrollmentStatus.completed and completed_on is None and not _is_completed(matched):
        draft.refuse(RosterField.completed_on, "missing", "Say on which day it was completed.")
        return
    if completed_on is not None and status not in {None, EnrollmentStatus.completed}:
        draft.refuse(
            RosterField.status, "not_completed", f"The seat cannot be {status} and have a day of completion. Say which."
        )
        return
    if matched.seat is None:
        _assess_new_seat(plan, known, training, settings)
    else:
        _assess_old_seat(plan, known, training, settings)


def _is_completed(matched: Matched) -> bool:
    return matched.seat is not None and matched.seat.status == EnrollmentStatus.completed


def _assess_new_seat(plan: Plan, known: Known, training: Training, settings: TrainingsSettings) -> None:
    matched, draft = plan.matched, plan.draft
    said = {name: draft.said[name] for name in (*_OF_SEAT, "role") if draft.said.get(name) is not None}
    said |= {"training_id": training.id, "person_id": NOBODY}
    completed_on = draft.said.get("completed_on")
    if completed_on is not None:
        said["status"] = EnrollmentStatus.enrolled  # completed by its completion
    elif draft.said.get("status") is not None:
        said["status"] = draft.said["status"]
    body = take_again(known, draft, EnrollmentCreate, said)
    if body is None:
        return
    person = known.people.get(matched.person_id) if matched.person_id else None
    born = matched.birth_date or (read_birth_date(known.reveal(person.id)) if person is not None else None)
    begun = run(draft, lambda: begin_seat(body, training, born, settings))
    if begun is None:
        return
    basis, status = begun
    unit_id = _unit_of(matched, known, person)
    if status in domain.CLEARED_STATUSES:
        run(draft, lambda: check_seat_cleared(basis, body.vetting_reason, training, settings, matched.faults))
    plan.seat = {name: getattr(body, name) for name in _SEAT_COLUMNS}
    plan.seat |= {"status": status, "vetting_basis": basis, "unit_id": unit_id}
    if completed_on is not None:
        _assess_completion(plan, known, training, settings, plan.seat, status)


def _assess_old_seat(plan: Plan, known: Known, training: Training, settings: TrainingsSettings) -> None:
    matched, draft, seat = plan.matched, plan.draft, plan.matched.seat
    changes = {
        name: draft.said[name] for name in _OF_SEAT if name in draft.said and draft.said[name] != getattr(seat, name)
    }
    if "unit_code" in draft.said and (unit_id := _unit_of(matched, known, None)) != seat.unit_id:
        changes["unit_id"] = unit_id
    body = take(draft, EnrollmentUpdate, as_written(changes))
    if body is None:
        return
    after = dict(seat._mapping) | changes  # noqa: SLF001 - as a mapping it is public
    basis, reason = VettingBasis(after["vetting_basis"]), after["vetting_reason"]
    faults = matched.faults
    if changes.keys() & {"vetting_basis", "vetting_reason", "unit_id"}:
        run(
            draft, lambda: domain.check_vetting_basis(basis, reason, training.starts_on, settings.vetting_required_from)
        )
        if seat.status in domain.CLEARED_STATUSES | {EnrollmentStatus.completed}:
            run(draft, lambda: check_seat_cleared(basis, reason, training, settings, faults))
    for name, value in changes.items():
        shown = name if name != "unit_id" else RosterField.unit_code
        was, becomes = getattr(seat, name), value
        if name == "unit_id":
            was, becomes = known.unit_codes.get(seat.unit_id) or seat.unit_id, draft.said["unit_code"]
        plan.changes.append((shown, _shown(was), _shown(becomes)))
    plan.seat_changes = changes
    _assess_progress(plan, known, training, settings, after)


def _assess_progress(
    plan: Plan, known: Known, training: Training, settings: TrainingsSettings, after: dict[str, Any]
) -> None:
    """How a seat goes on: its status, or its completion."""
    draft, seat = plan.draft, plan.matched.seat
    current = EnrollmentStatus(seat.status)
    status, completed_on = draft.said.get("status"), draft.said.get("completed_on")
    recorded = known.completed.get(seat.id)
    if completed_on is not None and recorded is not None:
        if completed_on != recorded:
            draft.refuse(
                RosterField.completed_on,
                "completed_already",
                "Another day is recorded of this completion. Void the completion first if it is wrong.",
            )
        return
    if completed_on is not None:
        _assess_completion(plan, known, training, settings, after, current)
        if not draft.errors:
            plan.changes.append((RosterField.status, current, EnrollmentStatus.completed))
            plan.changes.append((RosterField.completed_on, None, _shown(completed_on)))
        return
    if current is EnrollmentStatus.completed and plan.seat_changes.keys() & {"post_score", "hours_attended"}:
        _check_rule(plan, known, training, settings, after)
    if status is None or status == current:
        return
    basis = VettingBasis(after["vetting_basis"])
    body = take(draft, EnrollmentTransition, {"to": status})
    if body is None:
        return
    run(draft, lambda: domain.check_enrollment_transition(current, body.to))
    if body.to in domain.CLEARED_STATUSES:
        faults = plan.matched.faults
        run(draft, lambda: check_seat_cleared(basis, after["vetting_reason"], training, settings, faults))
    plan.to_status = body.to
    plan.changes.append((RosterField.status, current, body.to))


def _assess_completion(
    plan: Plan,
    known: Known,
    training: Training,
    settings: TrainingsSettings,
    seat: dict[str, Any],
    status: EnrollmentStatus,
) -> None:
    draft = plan.draft
    given = {"enrollment_id": NOBODY, "completed_on": draft.said["completed_on"]}
    body = take_again(known, draft, CompletionCreate, given)
    if body is None:
        return
    run(draft, lambda: domain.check_completion(body.completed_on, training.starts_on, today()))
    run(draft, lambda: domain.check_completable(status))
    if plan.matched.seat is not None and status in domain.COMPLETABLE_STATUSES:
        basis = VettingBasis(seat["vetting_basis"])
        faults = plan.matched.faults
        run(draft, lambda: check_seat_cleared(basis, seat["vetting_reason"], training, settings, faults))
    _check_rule(plan, known, training, settings, seat)
    plan.completed_on = body.completed_on


def _check_rule(
    plan: Plan, known: Known, training: Training, settings: TrainingsSettings, seat: dict[str, Any]
) -> None:
    version = known.versions.get(training.course_version_id) if training.course_version_id else None
    hours = seat["hours_attended"]
    if training.id in known.with_attendance:
        hours = known.attended.get(plan.matched.seat.id, Decimal(0)) if plan.matched.seat is not None else Decimal(0)
    rule = completion_rule(version, known.courses.get(training.course_code), hours, seat["post_score"], settings)
    run(plan.draft, lambda: domain.check_completion_rule(rule))


def _shown(value: object) -> str | None:
    if value is None:
        return None
    return format(value, "f") if isinstance(value, Decimal) else str(value)
