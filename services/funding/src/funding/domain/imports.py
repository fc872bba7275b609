"""What an import of ledger entries may be, and what may follow. Pure: no database, no HTTP."""

from collections.abc import Mapping
from enum import StrEnum, auto
from typing import Final

from chassis.errors import Conflict


class LedgerImportStage(StrEnum):
    """What an import has reached. From `proposed` on its rows stay as they are, until somebody declines it."""

    read = auto()
    checked = auto()
    proposed = auto()
    committed = auto()
    undo_proposed = auto()
    undone = auto()


class LedgerRowOutcome(StrEnum):
    """What a row would do: an entry, nothing as it was imported before or is left out, or it is wrong."""

    new = auto()
    unchanged = auto()
    error = auto()
    excluded = auto()


class LedgerField(StrEnum):
    """What a column may hold: what an entry says, with people's codes in place of ids."""

    fund_line_code = auto()
    kind = auto()
    amount = auto()
    currency = auto()
    effective_date = auto()
    fiscal_year = auto()
    agreement_code = auto()
    agreement_line_number = auto()
    adjusts_entry = auto()
    reverses_entry = auto()
    commitment_entry = auto()
    document_reference = auto()
    note = auto()


NEEDED_FIELDS: Final = (
    LedgerField.fund_line_code,
    LedgerField.kind,
    LedgerField.amount,
    LedgerField.effective_date,
)
DATE_FIELDS: Final = (LedgerField.effective_date,)
# The columns that name another entry, by the field of an entry that they become.
ENTRY_FIELDS: Final[Mapping[LedgerField, str]] = {
    LedgerField.adjusts_entry: "adjusts_entry_id",
    LedgerField.reverses_entry: "reverses_entry_id",
    LedgerField.commitment_entry: "commitment_entry_id",
}
OPEN_STAGES: Final = (LedgerImportStage.read, LedgerImportStage.checked)
# How to mend a row that breaks a rule, said after the rule and its amounts.
HOW_TO_MEND: Final[Mapping[str, str]] = {
    "F1": "Lower the amount, or record the allotment first, dated no later.",
    "F2": "Lower the amount, or record the obligation first, dated no later.",
    "F3": "Lower the amount, or obligate more under this agreement first, or amend its ceiling.",
    "F4": "Lower the amount, or obligate more under the letter of agreement first.",
    "F6": "Date it within the availability, use a fund line of current money, or name the obligation that it adjusts.",
    "F7": "Use a fund line whose account is not canceled; what is left of a canceled one is closed by a proposal.",
    "F9": "Lower the amount to what is left of the entry that it names, or name another.",
    "F10": "Write the amount in US dollars.",
    "F11": "Leave the agreement out, or name the agreement that obligates.",
    "F12": "Date it after the signatures and within the availability, or sign the agreement first.",
    "F13": "Void the allocation of that disbursement first.",
}


class ImportNotReady(Conflict):
    """The import has not come so far, or is past it."""

    code = "ledger_import_stage"
    title = "This import is not at that stage"


class ImportHasErrors(Conflict):
    """A row has an error."""

    code = "ledger_import_has_errors"
    title = "Some rows need attention first"


class ImportChanged(Conflict):
    """Records changed between the check and the commit."""

    code = "ledger_import_changed"
    title = "Records have changed since the check"


class UndoRefused(Conflict):
    """Something that was recorded since stands on what the import recorded."""

    code = "undo_refused"
    title = "Something stands on these entries"


_ALREADY: Final = {
    LedgerImportStage.read: "It has been read and not checked: check it first.",
    LedgerImportStage.checked: "It is checked and not proposed.",
    LedgerImportStage.proposed: "It is proposed: somebody else commits it, or declines it.",
    LedgerImportStage.committed: "It is committed.",
    LedgerImportStage.undo_proposed: "Its undo is proposed: somebody else commits that, or declines it.",
    LedgerImportStage.undone: "It is undone, for good: import the file again.",
}


def check_stage(stage: LedgerImportStage, *needed: LedgerImportStage) -> None:
    """Raise unless an import is at one of the stages `needed`."""
    if stage not in needed:
        raise ImportNotReady(f"{_ALREADY[stage]} This needs an import that is {' or '.join(needed)}.")
