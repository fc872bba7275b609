"""Imports of ledger entries on the wire."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from chassis.codes import Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, ResourceRead, may_be_absent
from chassis.tables.dates import DateOrder
from chassis.values import Day
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from funding.domain import EntryKind, LedgerField, LedgerImportStage, LedgerRowOutcome
from funding.schemas.money_totals import StageTotalRead

Cell = Annotated[str, StringConstraints(max_length=10_000)]


class LedgerImportRepeat(BaseModel):
    """An earlier import of the same file, which is in the ledger."""

    ledger_import_id: uuid.UUID
    committed_at: datetime
    committed_by: str


class LedgerImportColumn(BaseModel):
    """A column of the file, and what it is taken for."""

    number: int = Field(description="As the file has it, from 1.")
    header: str
    samples: list[str] = Field(description="At most 3 values.")
    field: LedgerField | None = Field(description="What it is; null where it is left out.")
    proposed_field: LedgerField | None
    score: int | None = Field(description="How alike header and field are, from 0 to 100.")


class LedgerImportNote(BaseModel):
    """Something about the file as a whole."""

    code: str
    message: str
    count: int


class LedgerImportFault(BaseModel):
    """What is wrong in a column, over all rows."""

    field: str | None
    column: str | None
    code: str
    message: str
    rows: int
    example_row: int


class LedgerImportCounts(BaseModel):
    """How many rows there are, and of each outcome."""

    rows: int
    new: int
    unchanged: int
    error: int
    excluded: int


class LedgerImportTotal(BaseModel):
    """What the entries of one kind come to in their stage. Nothing is added across kinds or stages."""

    kind: EntryKind
    total: StageTotalRead


class LedgerImportUndo(BaseModel):
    """The reversal of all entries of an import: proposed by one, committed by another."""

    effective_date: Day = Field(description="Of the reversals.")
    reason: str
    proposed_by: str
    proposed_at: datetime
    committed_by: str | None
    committed_at: datetime | None


class LedgerImportRead(ResourceRead):
    """A file of entries on its way into the ledger."""

    file_name: str
    file_sha256: str
    size_bytes: int
    submitted_by: str
    stage: LedgerImportStage = Field(description="What is reached.")
    repeats: LedgerImportRepeat | None = Field(description="Where this very file is in the ledger already.")
    columns: list[LedgerImportColumn]
    notes: list[LedgerImportNote] = Field(description="What is odd about the file.")
    sheet: str | None
    sheets: list[str]
    header_row: int | None
    encoding: str | None
    delimiter: str | None
    date_order: DateOrder | None
    is_date_order_needed: bool = Field(description="Whether a date may be read in two ways and nobody has said which.")
    counts: LedgerImportCounts | None = Field(description="Null before a check.")
    faults: list[LedgerImportFault]
    proposed_by: str | None
    proposed_at: datetime | None
    committed_by: str | None
    committed_at: datetime | None
    declined_by: str | None = Field(description="Who refused it last, or its undo.")
    decline_reason: str | None
    undo: LedgerImportUndo | None
    totals: list[LedgerImportTotal] = Field(
        description="Of what it recorded, once it is committed: by kind and stage, never across them."
    )
    entries_url: str = Field(description="The entries that it became: none before it is committed.")


class LedgerImportPage(Page):
    """A page of imports."""

    items: list[LedgerImportRead]


class LedgerImportQuery(ListQuery):
    """Filters of imports."""

    sort: str = sort_by("-created_at", "created_at", "updated_at")
    stage: list[LedgerImportStage] = []
    file_sha256: list[Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]] = []


class LedgerColumnMapping(Body):
    """What a column is."""

    number: int = Field(ge=1, le=100_000)
    field: LedgerField | None = Field(description="Null leaves the column out.")


class LedgerImportUpdate(Body):
    """How the dates of a file are read, and what its columns are. What was checked is to be checked again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"date_order": "mdy"}]})

    date_order: DateOrder | None = may_be_absent()
    fields: list[LedgerColumnMapping] = may_be_absent(
        max_length=1000, description="Columns not named stay as they are."
    )


class LedgerValueCorrection(Body):
    """Another value in one cell."""

    kind: Literal["value"]
    row: int = Field(ge=1, le=2_000_000_000)
    field: LedgerField
    text: Cell


class LedgerRowCorrection(Body):
    """A row is left out, or taken in again."""

    kind: Literal["exclude", "include"]
    row: int = Field(ge=1, le=2_000_000_000)


class LedgerImportCorrections(Body):
    """Corrections of rows: all are made, or none. Then all rows are checked."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"items": [{"kind": "value", "row": 4, "field": "amount", "text": "1,250.00"}]}]
        }
    )

    items: list[Annotated[LedgerValueCorrection | LedgerRowCorrection, Field(discriminator="kind")]] = Field(
        min_length=1, max_length=500
    )


class LedgerImportDecline(Body):
    """Why an import, or its undo, is not committed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Row 7 is of another letter."}]})

    reason: Text


class LedgerImportUndoCreate(Body):
    """Why an import is taken back, and as of which day."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "The file was of another office.", "effective_date": "2012-09-30"}]}
    )

    reason: Text
    effective_date: Day | None = Field(
        default=None, description="Of the reversals: not before any entry of the import. If absent, today (UTC)."
    )


class LedgerRowValue(BaseModel):
    """A cell of a row, by the field that its column is."""

    field: LedgerField
    column: str
    text: str


class LedgerRowFault(BaseModel):
    """What is wrong in a row, and how to mend it."""

    field: str | None
    column: str | None
    code: str
    message: str


class LedgerRowOrigin(BaseModel):
    """The row of an earlier import that said the same."""

    ledger_import_id: uuid.UUID
    row: int
    committed_at: datetime


class LedgerImportRowRead(BaseModel):
    """A row of a file, and what it would do."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    row: int = Field(description="As the file numbers it.")
    version: int
    outcome: LedgerRowOutcome | None = Field(description="Null before a check.")
    values: list[LedgerRowValue]
    errors: list[LedgerRowFault]
    imported_before: LedgerRowOrigin | None = Field(description="Of an unchanged row.")
    ledger_entry_id: uuid.UUID | None = Field(description="The entry that it became.")


class LedgerImportRowPage(Page):
    """A page of rows."""

    items: list[LedgerImportRowRead]


class LedgerImportRowQuery(ListQuery):
    """Filters of rows."""

    sort: str = sort_by("row", "row")
    outcome: list[LedgerRowOutcome] = []


def column_of(details: dict[str, Any]) -> dict[str, str]:
    """The header of the column that is each field."""
    return {column["field"]: column["header"] for column in details["columns"] if column["field"]}
