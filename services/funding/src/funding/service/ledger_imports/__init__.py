"""Imports of ledger entries: from a file to entries in one statement, by two officers, and back. No HTTP, no commit."""

from funding.service.ledger_imports.showing import list_imports, list_rows, present_import
from funding.service.ledger_imports.steps import (
    LIMITS,
    check_import,
    commit_import,
    commit_undo,
    correct_rows,
    decline_import,
    propose_import,
    propose_undo,
    submit_import,
    update_import,
)

__all__ = [
    "LIMITS",
    "check_import",
    "commit_import",
    "commit_undo",
    "correct_rows",
    "decline_import",
    "list_imports",
    "list_rows",
    "present_import",
    "propose_import",
    "propose_undo",
    "submit_import",
    "update_import",
]
