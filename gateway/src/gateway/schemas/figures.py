"""Figures on the wire: reported beside recorded, with everything that lets a reader stand behind them."""

from datetime import date, datetime
from typing import Annotated, Literal

from chassis.values import VagueDate
from pydantic import BaseModel, Field

Value = str | None
KnownAtRead = Annotated[
    datetime | None, Field(description="Only what was recorded by then was looked at; null: up to now.")
]


class SourceRef(BaseModel):
    """The document behind a figure."""

    code: str
    title: str
    publisher: str
    locator: str | None = Field(description="Where in the document; null where not recorded.")


class Headline(BaseModel):
    """What to show first."""

    display: str
    kind: Literal["reported", "recorded"]


class ReportedValue(BaseModel):
    """What one document claims."""

    code: str | None
    value: Value = Field(description="Plain decimal string; null for a range, or where there is no number.")
    value_min: Value
    value_max: Value
    qualifier: str | None
    qualifier_text: str | None = Field(description="The document's own word.")
    bound: str
    display: str
    text: str = Field(description="What the document says, in our words.")
    as_of: VagueDate = Field(description="When the document may have been written.")
    period_start: VagueDate | None
    period_end: VagueDate | None
    rank: str
    rank_reason: str | None
    superseded_by_code: str | None = Field(description="Superseded is not wrong: it stays true for its date.")
    supersession_reason: str | None = Field(description="Why it supersedes what it supersedes.")
    source: SourceRef
    primary_source: str | None
    notes: str | None
    is_voided: bool = Field(description="Entered in error: it stands in the history only.")
    voided_at: datetime | None
    voided_by: str | None
    void_reason: str | None
    reported_figure_url: str


class ShownReported(ReportedValue):
    """The claim to show, and the other claims of its series, latest first, voided ones marked as such."""

    history: list[ReportedValue]


class RecordedValue(BaseModel):
    """What our records show."""

    value: Value = Field(description="Null where only bounds are known, or the cell is too small to show.")
    lower: str
    upper: str
    display: str
    method: str
    method_version: str
    as_of: date
    is_declared_complete: bool = Field(description="False: the count is what has been entered so far.")
    is_suppressed: bool = Field(description="True: fewer than five people, hidden without a grant for the country.")


class ComparisonRead(BaseModel):
    """How claim and records compare."""

    result: str = Field(description="not_recorded, not_comparable, consistent, borderline, short or exceeds.")
    reasons: list[str] = Field(description="Why they cannot be compared.")
    compared: str = Field(description="What was compared with what, in words.")


class ConflictRef(BaseModel):
    """A conflict that one of the claims stands in."""

    code: str
    kind: str
    status: str
    title: str
    resolution: str


class FigureRead(BaseModel):
    """A figure you can stand behind."""

    id: str = Field(description="A key of subject, measure and series; stable.")
    subject_type: str
    subject_code: str
    measure: str
    series: str | None
    is_headline: bool
    label: str
    unit: str
    currency: str | None
    basis: str
    counting_rule: str
    agency_codes: list[str] = Field(description="The agencies whose work is counted.")
    is_joint: bool = Field(description="It belongs to those agencies together and cannot be divided.")
    nationality_code: str | None
    stage: str | None = Field(description="Of money; `unspecified` where no document says.")
    scope: str | None
    headline: Headline
    reported: ShownReported | None
    recorded: RecordedValue | None
    comparison: ComparisonRead
    is_disputed: bool = Field(description="Something outside its document speaks against it; see `conflicts`.")
    conflicts: list[ConflictRef]
    explain_url: str


class ServiceState(BaseModel):
    """Whether a service's part is in the answer."""

    status: str = Field(description="ok, or why the part is missing: unavailable, timeout, refused, invalid_answer.")
    feed_number: int | None = Field(
        description="Of an answer with `known_at`: the last change of the service that was looked at."
    )


class Services(BaseModel):
    """The state of each service. A part that is missing is named here, never shown as zero."""

    programs: ServiceState
    trainings: ServiceState
    funding: ServiceState


class FigureList(BaseModel):
    """The figures of one subject. All of them: a subject has few."""

    items: list[FigureRead]
    next_cursor: None = Field(description="Always null: the list is whole.")
    next: None = Field(description="Always null: the list is whole.")
    as_of: date
    known_at: KnownAtRead
    services: Services


class FigureLeftOut(BaseModel):
    """Records that were looked at and not counted, and why."""

    reason: str
    message: str
    completions: int | None = Field(description="Null where the cell is too small to show.")
    persons: int | None = Field(description="Null where the cell is too small to show.")


class FigureCounted(BaseModel):
    """What was counted."""

    persons: int | None
    completions: int | None
    trainings: int | None


class CoverageRef(BaseModel):
    """Who declared records complete, from when."""

    declared_by: str
    measure_family: str
    complete_from: date
    complete_to: date | None
    note: str | None


class FigurePoint(BaseModel):
    """The recorded count on one day."""

    as_of: date
    value: Value
    lower: Value
    upper: Value


class Explanation(BaseModel):
    """How a figure came about: the claims, the rule, what was counted, what was left out and why."""

    figure: FigureRead
    as_of: date
    known_at: KnownAtRead
    rule: str
    selection: str = Field(description="How the claim to show was chosen.")
    counted: FigureCounted | None
    left_out: list[FigureLeftOut]
    compared_at: list[FigurePoint] = Field(description="The counts at the ends of the claim's window, and on `as_of`.")
    coverage_declarations: list[CoverageRef]
    services: Services
