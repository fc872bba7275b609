"""Imports of ledger entries: what was handed in, who proposed and who committed it, and its rows."""

import uuid
from datetime import date, datetime
from typing import Any

from chassis.columns import one_of
from chassis.tables.dates import DateOrder
from sqlalchemy import ARRAY, CheckConstraint, Column, DateTime, ForeignKey, Index, LargeBinary, Text, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from funding import domain
from funding.models.base import Base, Stored


def _instant() -> Any:  # noqa: ANN401 - stands where a default may stand
    return Field(default=None, sa_type=DateTime(timezone=True))


def _document(*, nullable: bool = True) -> Any:  # noqa: ANN401 - as above
    return Field(default=None, sa_column=Column(JSONB(none_as_null=True), nullable=nullable))


class LedgerImport(Stored, table=True):
    """A file of entries on its way into the ledger: one officer proposes it, another commits it whole."""

    __tablename__ = "ledger_imports"
    __table_args__ = (
        one_of("stage", domain.LedgerImportStage),
        one_of("date_order", DateOrder),
        CheckConstraint("file_sha256 ~ '^[0-9a-f]{64}$'", name="file_sha256_form"),
        CheckConstraint("size_bytes >= 0", name="size_bytes_counts"),
        CheckConstraint("num_nonnulls(proposer_id, proposed_by, proposed_at) IN (0, 3)", name="proposal_is_whole"),
        CheckConstraint("num_nonnulls(committer_id, committed_by, committed_at) IN (0, 3)", name="commit_is_whole"),
        CheckConstraint(
            "num_nonnulls(undo_proposer_id, undo_proposed_by, undo_proposed_at, undo_date, undo_reason) IN (0, 5)",
            name="undo_proposal_is_whole",
        ),
        CheckConstraint("num_nonnulls(undoer_id, undone_by, undone_at) IN (0, 3)", name="undo_is_whole"),
        CheckConstraint(
            "(stage IN ('proposed', 'committed', 'undo_proposed', 'undone')) = (proposer_id IS NOT NULL)",
            name="proposed_when_it_says_so",
        ),
        CheckConstraint(
            "(stage IN ('committed', 'undo_proposed', 'undone')) = (committer_id IS NOT NULL)",
            name="committed_when_it_says_so",
        ),
        CheckConstraint(
            "(stage IN ('undo_proposed', 'undone')) = (undo_proposer_id IS NOT NULL)",
            name="undo_proposed_when_it_says_so",
        ),
        CheckConstraint("(stage = 'undone') = (undoer_id IS NOT NULL)", name="undone_when_it_says_so"),
        CheckConstraint("committer_id <> proposer_id", name="committed_by_another"),
        CheckConstraint("undoer_id <> undo_proposer_id", name="undone_by_another"),
        Index(None, "file_sha256"),
    )

    file_name: str
    file_sha256: str
    size_bytes: int
    media_type: str
    submitter_id: str
    submitted_by: str
    stage: str = domain.LedgerImportStage.read
    date_order: str | None = None
    # Headers, samples, how they are mapped, how the file was read, faults by column.
    details: dict[str, Any] = _document(nullable=False)
    counts: dict[str, Any] | None = _document()
    proposer_id: str | None = None
    proposed_by: str | None = None
    proposed_at: datetime | None = _instant()
    committer_id: str | None = None
    committed_by: str | None = None
    committed_at: datetime | None = _instant()
    undo_proposer_id: str | None = None
    undo_proposed_by: str | None = None
    undo_proposed_at: datetime | None = _instant()
    undo_date: date | None = None
    undo_reason: str | None = None
    undoer_id: str | None = None
    undone_by: str | None = None
    undone_at: datetime | None = _instant()
    # Of the newest refusal by somebody: of the import, or of its undo.
    declined_by: str | None = None
    decline_reason: str | None = None


class LedgerImportRow(Base, table=True):
    """A row of a file: a working paper, and the evidence of what was imported. Not in the feed; entries are."""

    __tablename__ = "ledger_import_rows"
    __table_args__ = (
        CheckConstraint("number > 0", name="number_counts"),
        one_of("outcome", domain.LedgerRowOutcome),
        CheckConstraint("octet_length(fingerprint) = 32", name="fingerprint_length"),
        # A row is recorded once: of two imports of one file the second finds it so.
        Index(
            "uq_ledger_import_rows_fingerprint",
            "fingerprint",
            unique=True,
            postgresql_where=sql("fingerprint IS NOT NULL"),
        ),
    )

    ledger_import_id: uuid.UUID = Field(sa_column=Column(Uuid, ForeignKey("ledger_imports.id"), primary_key=True))
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    version: int = Field(default=1, nullable=False, sa_column_kwargs={"server_default": sql("1")})
    outcome: str | None = None
    is_excluded: bool = Field(default=False, sa_column_kwargs={"server_default": sql("false")})
    # `field:code` of each error.
    codes: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(Text), nullable=False, server_default=sql("'{}'"))
    )
    # The cells as the file has them, and what was corrected.
    cells: dict[str, Any] = _document(nullable=False)
    # What the check found: errors, and where the same row was imported before.
    findings: dict[str, Any] | None = _document()
    # Of what the row says, while its entry is in the ledger and not undone.
    fingerprint: bytes | None = Field(default=None, sa_type=LargeBinary)
    # The entry that it became.
    ledger_entry_id: uuid.UUID | None = Field(
        default=None, sa_column=Column(Uuid, ForeignKey("ledger_entries.id"), index=True)
    )
