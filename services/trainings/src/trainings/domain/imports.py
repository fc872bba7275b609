"""What an import of a roster may be, and what may follow. Pure: no database, no HTTP."""

from enum import StrEnum, auto
from typing import Final

from chassis.errors import Conflict


class ImportStage(StrEnum):
    """What an import has reached."""

    received = auto()
    read = auto()
    checked = auto()
    committed = auto()
    undone = auto()


class ImportTask(StrEnum):
    """A piece of work that an import waits for."""

    read = auto()
    check = auto()
    commit = auto()
    undo = auto()


class ImportStatus(StrEnum):
    """How far the newest piece of work is."""

    queued = auto()
    running = auto()
    succeeded = auto()
    failed = auto()
    canceled = auto()


class RowOutcome(StrEnum):
    """What a row of a roster would do."""

    new = auto()
    changed = auto()
    unchanged = auto()
    possible_duplicate = auto()
    error = auto()
    excluded = auto()


class RowDecision(StrEnum):
    """What somebody decided about whom a row is."""

    new_person = auto()
    use_person = auto()


class RosterField(StrEnum):
    """What a column of a roster may hold."""

    training_code = auto()
    seat = auto()
    seat_version = auto()
    given_name = auto()
    surname_1 = auto()
    surname_2 = auto()
    surnames = auto()
    full_name = auto()
    full_name_original = auto()
    sex = auto()
    birth_date = auto()
    nationality_code = auto()
    id_type = auto()
    id_number = auto()
    id_country_code = auto()
    unit_code = auto()
    position = auto()
    level = auto()
    role = auto()
    status = auto()
    completed_on = auto()
    pre_score = auto()
    post_score = auto()
    hours_attended = auto()
    vetting_basis = auto()
    vetting_reason = auto()
    note = auto()


NAME_FIELDS: Final = (
    RosterField.given_name,
    RosterField.surname_1,
    RosterField.surname_2,
    RosterField.surnames,
    RosterField.full_name,
    RosterField.full_name_original,
)
DATE_FIELDS: Final = (RosterField.birth_date, RosterField.completed_on)
# What says who somebody is, as the file has it: a row that says the same again is the same row.
IDENTITY_FIELDS: Final = (*NAME_FIELDS, RosterField.sex, RosterField.birth_date, RosterField.id_number)
CLEAR: Final = "CLEAR"
"""Written into a cell it empties the field; an empty cell leaves it as it is."""
OPEN_STATUSES: Final = frozenset({ImportStatus.queued, ImportStatus.running})


class ImportBusy(Conflict):
    """A piece of work is queued or running."""

    code = "roster_import_busy"
    title = "This import is being worked on"


class ImportNotReady(Conflict):
    """The import has not come so far, or is past it."""

    code = "roster_import_stage"
    title = "This import is not at that stage"


class RosterHasErrors(Conflict):
    """A row has an error, or nobody has decided who it is."""

    code = "roster_has_errors"
    title = "Some rows need attention first"


class RosterChanged(Conflict):
    """Records changed between the check and the commit."""

    code = "roster_changed"
    title = "Records have changed since the check"


_ALREADY: Final = {
    ImportStage.received: "The file has not been read yet.",
    ImportStage.read: "It has been read and not checked: check it first.",
    ImportStage.checked: "It is checked and not committed.",
    ImportStage.committed: "It is committed.",
    ImportStage.undone: "It is undone, for good: import the file again.",
}


def check_idle(task: ImportTask, status: ImportStatus) -> None:
    """Raise where a piece of work is queued or running."""
    if status in OPEN_STATUSES:
        raise ImportBusy(f"The {task} of this import is {status}. Wait until it is done, or cancel it.")


def check_stage(stage: ImportStage, *needed: ImportStage) -> None:
    """Raise unless an import is at one of the stages `needed`."""
    if stage not in needed:
        raise ImportNotReady(f"{_ALREADY[stage]} This needs an import that is {' or '.join(needed)}.")
