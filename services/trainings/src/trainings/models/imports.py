"""Imports of rosters: what was handed in, and the working papers until it is committed."""

import uuid
from datetime import datetime
from typing import Any

from chassis.columns import country_form, one_of
from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Index, LargeBinary, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from trainings import domain
from trainings.models.base import Base, Stored, sealed, texts


def document() -> Any:  # noqa: ANN401 - stands where a default may stand
    """JSON that holds nothing personal."""
    return Field(default=None, sa_column=Column(JSONB(none_as_null=True)))


class RosterImport(Stored, table=True):
    """A file of people's seats on its way into the records. What it quotes of the file is sealed."""

    __tablename__ = "roster_imports"
    __table_args__ = (
        country_form("country_code"),
        one_of("stage", domain.ImportStage),
        one_of("task", domain.ImportTask),
        one_of("status", domain.ImportStatus),
        one_of("date_order", domain.DateOrder),
        CheckConstraint("octet_length(file_sha256) = 32", name="file_sha256_length"),
        CheckConstraint("size_bytes >= 0", name="size_bytes_counts"),
        CheckConstraint("header_row >= 0", name="header_row_counts"),
        CheckConstraint("(committed_at IS NULL) = (committed_by IS NULL)", name="commit_is_whole"),
        CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name="undo_is_whole"),
        CheckConstraint(
            "(stage IN ('committed', 'undone')) = (committed_at IS NOT NULL)", name="committed_when_it_says_so"
        ),
        CheckConstraint("(stage = 'undone') = (undone_at IS NOT NULL)", name="undone_when_it_says_so"),
        CheckConstraint("committed_at IS NULL OR result IS NOT NULL", name="committed_has_result"),
        Index(None, "file_sha256"),
        Index(None, "country_code", "layout_mark"),
    )

    training_id: uuid.UUID | None = Field(default=None, foreign_key="trainings.id", index=True)
    country_code: str
    file_name: bytes = sealed(nullable=False)
    file_sha256: bytes = Field(sa_type=LargeBinary)
    size_bytes: int
    media_type: str
    submitted_by: str
    # Whose rights are read again at the commit.
    submitted_subject: str
    stage: str = Field(default="received", sa_column_kwargs={"server_default": "received"})
    task: str = Field(default="read", sa_column_kwargs={"server_default": "read"})
    status: str = Field(default="queued", sa_column_kwargs={"server_default": "queued"})
    # Of the queue, while the work is queued or running.
    job_id: int | None = Field(default=None, sa_type=BigInteger)
    problem: dict[str, Any] | None = document()
    # How the file is read.
    sheet: bytes | None = sealed()
    header_row: int | None = None
    date_order: str | None = None
    # A digest of the headers: a file of the same form is mapped as the one before it.
    layout_mark: bytes | None = Field(default=None, sa_type=LargeBinary)
    mapping_from_id: uuid.UUID | None = Field(
        default=None, sa_column=Column(Uuid, ForeignKey("roster_imports.id"), index=True)
    )
    # Headers, samples, how they are mapped, faults by column: sealed as one, for any of it may be personal.
    details: bytes | None = sealed()
    counts: dict[str, Any] | None = document()
    result: dict[str, Any] | None = document()
    undo_result: dict[str, Any] | None = document()
    committed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    committed_by: str | None = None
    undone_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    undone_by: str | None = None


class RosterImportFile(Base, table=True):
    """The bytes of a file until its import is over, sealed; how far the newest piece of work is. Not in the feed."""

    __tablename__ = "roster_import_files"
    __table_args__ = (CheckConstraint("done >= 0 AND (total IS NULL OR total >= 0)", name="progress_counts"),)

    roster_import_id: uuid.UUID = Field(
        sa_column=Column(Uuid, ForeignKey("roster_imports.id", ondelete="CASCADE"), primary_key=True)
    )
    content: bytes | None = sealed()
    done: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    total: int | None = None
    # What the plans are made of: a number of the feed, whose rights, which day and settings.
    basis: dict[str, Any] | None = document()
    written_at: datetime = Field(
        default=None, sa_type=DateTime(timezone=True), sa_column_kwargs={"server_default": sql("now()")}
    )


class RosterImportPlan(Base, table=True):
    """What some rows would write, as the newest check found it, until the commit: sealed. Not in the feed."""

    __tablename__ = "roster_import_plans"
    __table_args__ = (CheckConstraint("part >= 0", name="part_counts"),)

    roster_import_id: uuid.UUID = Field(
        sa_column=Column(Uuid, ForeignKey("roster_imports.id", ondelete="CASCADE"), primary_key=True)
    )
    part: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    content: bytes = sealed(nullable=False)


class RosterImportRow(Base, table=True):
    """A row of a file: a working paper. What is personal is sealed. Not in the feed."""

    __tablename__ = "roster_import_rows"
    __table_args__ = (
        CheckConstraint("number > 0", name="number_counts"),
        CheckConstraint(
            "(decision IS NOT DISTINCT FROM 'use_person') = (decided_person_id IS NOT NULL)",
            name="decision_names_person",
        ),
        one_of("outcome", domain.RowOutcome),
        one_of("decision", domain.RowDecision),
        Index(None, "roster_import_id", "outcome", "number"),
        Index(None, "fingerprint", postgresql_where=sql("fingerprint IS NOT NULL")),
        Index(None, "person_id", postgresql_where=sql("person_id IS NOT NULL")),
    )

    roster_import_id: uuid.UUID = Field(
        sa_column=Column(Uuid, ForeignKey("roster_imports.id", ondelete="CASCADE"), primary_key=True)
    )
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    version: int = Field(default=1, nullable=False, sa_column_kwargs={"server_default": sql("1")})
    outcome: str | None = None
    is_excluded: bool = Field(default=False, sa_column_kwargs={"server_default": sql("false")})
    decision: str | None = None
    decided_person_id: uuid.UUID | None = None
    training_id: uuid.UUID | None = None
    enrollment_id: uuid.UUID | None = None
    person_id: uuid.UUID | None = None
    # `field:code` of each error: what is asked for without opening anything.
    codes: list[str] = texts()
    # The cells as the file has them, and what was corrected.
    cells: bytes | None = sealed()
    # What the check found: errors, changes, candidates.
    findings: bytes | None = sealed()
    # Of who the row says that it is, with the training: what the same row of a later file is found by.
    fingerprint: bytes | None = Field(default=None, sa_type=LargeBinary)
    # What the commit wrote: ids, and fields before and after, to take it back by.
    written: bytes | None = sealed()
