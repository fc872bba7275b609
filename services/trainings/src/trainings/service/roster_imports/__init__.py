"""Imports of rosters: from a file to records in one transaction, and back. Load, decide, write. No HTTP."""

from trainings.service.roster_imports.requests import (
    cancel_import,
    correct_rows,
    get_import,
    preview_undo,
    start_check,
    start_commit,
    start_undo,
    submit_import,
    update_import,
)
from trainings.service.roster_imports.showing import (
    find_progress,
    list_imports,
    list_rows,
    present_import,
    present_listed,
)
from trainings.service.roster_imports.tables import lay_out_rows
from trainings.service.roster_imports.tasks import check_import, commit_import, read_import, undo_import
from trainings.service.roster_imports.templates import make_template

__all__ = [
    "cancel_import",
    "check_import",
    "commit_import",
    "correct_rows",
    "find_progress",
    "get_import",
    "lay_out_rows",
    "list_imports",
    "list_rows",
    "make_template",
    "present_import",
    "present_listed",
    "preview_undo",
    "read_import",
    "start_check",
    "start_commit",
    "start_undo",
    "submit_import",
    "undo_import",
    "update_import",
]
