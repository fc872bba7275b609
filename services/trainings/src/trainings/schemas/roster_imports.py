"""Imports of rosters on the wire. What is quoted of a file is personal; no message of these bodies quotes it."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from chassis.codes import CountryCode
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, ResourceRead, may_be_absent
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from trainings.domain import (
    DateOrder,
    ImportStage,
    ImportStatus,
    ImportTask,
    RosterField,
    RowDecision,
    RowOutcome,
)

Cell = Annotated[str, StringConstraints(max_length=10_000)]


class Answer(BaseModel):
    """The base of what is answered here."""

    model_config = ConfigDict(hide_input_in_errors=True, json_schema_serialization_defaults_required=True)


class ImportProgress(Answer):
    """How far the newest piece of work is."""

    done: int
    total: int | None = Field(description="Null while it is not known.")
    unit: Literal["row"]


class ImportProblem(Answer):
    """Why a piece of work failed."""

    code: str = Field(description="Stable code of the kind of problem.")
    title: str
    detail: str = Field(description="What happened and what to do, in plain words.")
    errors: list[dict[str, str]]


class ImportRepeat(Answer):
    """An earlier import of the same file for the same training."""

    roster_import_id: uuid.UUID
    committed_at: datetime


class ImportOrigin(Answer):
    """The import that this one is mapped like."""

    roster_import_id: uuid.UUID
    created_at: datetime


class ImportColumn(Answer):
    """A column of the file, and what it is taken for."""

    number: int = Field(description="As the file has it, from 1.")
    header: str
    samples: list[str] = Field(description="At most 3 values.")
    field: RosterField | None = Field(description="What it is; null where it is left out.")
    proposed_field: RosterField | None
    score: int | None = Field(description="How alike header and field are, from 0 to 100.")
    is_remembered: bool = Field(description="Mapped as in the last import of a file of this layout.")


class ImportFault(Answer):
    """What is wrong in a column, over all rows."""

    field: RosterField | None
    column: str | None
    code: str
    message: str
    rows: int
    example_row: int


class ImportCounts(Answer):
    """How many rows there are, and of each outcome."""

    rows: int
    new: int
    changed: int
    unchanged: int
    possible_duplicate: int
    error: int
    excluded: int
    with_warnings: int = Field(description="Whatever their outcome.")


class ImportResult(Answer):
    """What a commit wrote."""

    people_created: int
    people_changed: int
    seats_created: int
    seats_changed: int
    completions_created: int
    rows_unchanged: int
    rows_excluded: int
    committed_at: datetime
    committed_by: str


class KeptRow(Answer):
    """What undoing left as it is."""

    row: int
    field: str | None
    reason: str


class UndoPreview(Answer):
    """What undoing would take back, and what it would keep, as things stand."""

    people_removed: int = Field(description="Whom the import made and nothing else refers to: they are erased.")
    seats_removed: int = Field(description="Voided.")
    completions_voided: int
    values_restored: int
    kept: list[KeptRow] = Field(description="What somebody changed since, or refers to.")


class UndoResult(Answer):
    """What undoing took back, and what it kept."""

    people_removed: int
    seats_removed: int
    completions_voided: int
    values_restored: int
    kept: list[KeptRow] = Field(description="What somebody changed since, or refers to.")
    undone_at: datetime
    undone_by: str


class RosterImportRead(ResourceRead):
    """A file of people's seats on its way into the records."""

    model_config = ConfigDict(hide_input_in_errors=True)

    training_id: uuid.UUID | None
    country_code: str = Field(description="Whose office keeps the people who are new.")
    file_name: str
    file_sha256: str
    size_bytes: int
    submitted_by: str
    stage: ImportStage = Field(description="What is reached.")
    task: ImportTask = Field(description="The newest piece of work.")
    status: ImportStatus = Field(description="How far that is.")
    progress: ImportProgress
    problem: ImportProblem | None
    repeats: ImportRepeat | None
    columns: list[ImportColumn]
    mapping_from: ImportOrigin | None
    sheet: str | None
    sheets: list[str]
    header_row: int | None
    encoding: str | None
    delimiter: str | None
    date_order: DateOrder | None
    is_date_order_needed: bool = Field(description="Whether a date may be read in two ways and nobody has said which.")
    counts: ImportCounts | None = Field(description="Null before a check.")
    faults: list[ImportFault]
    result: ImportResult | None
    undo_result: UndoResult | None


class RosterImportPage(Page):
    """A page of imports."""

    items: list[RosterImportRead]


class RosterImportQuery(ListQuery):
    """Filters of imports."""

    sort: str = sort_by("-created_at", "created_at")
    training_id: list[uuid.UUID] = []
    country_code: list[CountryCode] = []
    stage: list[ImportStage] = []
    task: list[ImportTask] = []
    status: list[ImportStatus] = []


class ColumnMapping(Body):
    """What a column is."""

    number: int = Field(ge=1)
    field: RosterField | None = Field(description="Null leaves the column out.")


class RosterImportUpdate(Body):
    """How a file is read, and what its columns are."""

    model_config = ConfigDict(hide_input_in_errors=True, json_schema_extra={"examples": [{"date_order": "dmy"}]})

    sheet: Annotated[str, StringConstraints(max_length=200)] | None = may_be_absent()
    header_row: int | None = may_be_absent(ge=0, description="The row of the headers as the file numbers it; 0: none.")
    date_order: DateOrder | None = may_be_absent()
    fields: list[ColumnMapping] = may_be_absent(max_length=1000, description="Columns not named stay as they are.")
    country_code: CountryCode = may_be_absent()


class ValueCorrection(Body):
    """Another value in one cell."""

    kind: Literal["value"]
    row: int
    field: RosterField
    text: Cell


class AlikeCorrection(Body):
    """Another value wherever a column has this one."""

    kind: Literal["alike"]
    field: RosterField
    from_text: Cell
    text: Cell


class RowCorrection(Body):
    """A row is left out, or taken in again."""

    kind: Literal["exclude", "include"]
    row: int


class PersonCorrection(Body):
    """Who a row is."""

    kind: Literal["person"]
    row: int
    person_id: uuid.UUID | None = Field(description="Null: somebody who is not recorded yet.")


class RosterImportCorrections(Body):
    """Corrections of rows: all are made, or none."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        json_schema_extra={
            "examples": [
                {"items": [{"kind": "alike", "field": "nationality_code", "from_text": "Mexcio", "text": "Mexico"}]}
            ]
        },
    )

    items: list[
        Annotated[ValueCorrection | AlikeCorrection | RowCorrection | PersonCorrection, Field(discriminator="kind")]
    ] = Field(min_length=1, max_length=500)


class RowValue(Answer):
    """A cell of a row, by the field that its column is."""

    field: RosterField
    column: str
    text: str


class RowFault(Answer):
    """What is wrong in a row, and how to mend it."""

    field: str | None
    column: str | None
    code: str
    message: str


class RowChange(Answer):
    """A field that the row would change."""

    field: str
    before: str | None
    after: str | None


class RowCandidate(Answer):
    """Somebody whom the row may be about."""

    person_id: uuid.UUID | None = Field(description="Null where it is whoever an earlier row of the file is of.")
    row: int | None = Field(description="That row; null where it is a person who is recorded.")
    name: str
    score: int
    reasons: list[str]


class RosterImportRowRead(Answer):
    """A row of a roster, and what it would do."""

    row: int = Field(description="As the file numbers it.")
    version: int
    outcome: RowOutcome | None = Field(description="Null before a check.")
    training_id: uuid.UUID | None
    enrollment_id: uuid.UUID | None
    person_id: uuid.UUID | None
    values: list[RowValue]
    errors: list[RowFault]
    warnings: list[RowFault] = Field(description="What stays as it is though the row says otherwise.")
    changes: list[RowChange]
    candidates: list[RowCandidate]
    decision: RowDecision | None


class RosterImportRowPage(Page):
    """A page of rows."""

    items: list[RosterImportRowRead]


class RosterImportRowQuery(ListQuery):
    """Filters of rows."""

    format: Literal["json", "csv", "ndjson", "xlsx"] | None = Field(  # type: ignore[assignment] # one more than others
        default=None,
        description="`csv` and `xlsx` give all rows that match as a table, a column for each of the file; `ndjson` as "
        "they are here; `json` is a page.",
    )
    sort: str = sort_by("row", "row")
    outcome: list[RowOutcome] = []
    field: list[RosterField] = Field(default=[], description="Rows with an error, or a warning, in this field.")
    code: list[str] = Field(default=[], description="Rows with this error or warning.")
