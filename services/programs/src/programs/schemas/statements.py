"""Statements on the wire."""

from typing import Any

from chassis.codes import Code, CountryCode, Line, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import CreateBody
from chassis.values import VagueDate
from chassis.voids import VoidableRead, only_voided
from pydantic import ConfigDict, Field, JsonValue

from programs.domain import Bound, Qualifier, Rank, StatementKind, SubjectType
from programs.schemas.claims import ConflictSummary, RankRead
from programs.schemas.measures import Word


class StatementCreate(CreateBody):
    """What a document says that is not a number of a measure, to record. It cannot be changed later, only voided."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "S0-36",
                    "kind": "reform",
                    "topic": "reform",
                    "predicate": "reform_prisoner_classification",
                    "subject_type": "country",
                    "subject_code": "MA",
                    "text": "Morocco sorts prisoners better and holds high-risk offenders apart.",
                    "attribution": "INL corrections page",
                    "source_code": "inl-corrections",
                }
            ]
        }
    )

    code: Code | None = None
    kind: StatementKind
    topic: Word
    predicate: Word = Field(description="What is said of the subject.")
    subject_type: SubjectType
    subject_code: Code
    text: Text = Field(description="What the document says, in our words.")
    value: JsonValue = Field(default=None, description="The value, where it has one: text, number, yes or no, a list.")
    unit: Line | None = None
    qualifier: Qualifier | None = None
    qualifier_text: Line | None = None
    bound: Bound | None = None
    period_start: VagueDate | None = None
    period_end: VagueDate | None = None
    dimensions: dict[Word, Any] = Field(default={}, max_length=20)
    related: list[Line] = Field(default=[], max_length=20, description="What else it names, in the document's words.")
    agency_codes: list[Code] = Field(default=[], max_length=20, description="Agencies it speaks of.")
    program_code: Code | None = None
    attribution: Line = Field(description="Who says so: shown with it wherever it is shown.")
    source_code: Code
    locator: Line | None = None
    notes: Text | None = None
    rank: Rank = Rank.normal
    rank_reason: Text | None = Field(default=None, description="Needed for `deprecated`.")


class StatementRead(VoidableRead):
    """What a document says, in our words, with its author."""

    code: str | None
    kind: StatementKind
    topic: str
    predicate: str
    subject_type: SubjectType
    subject_code: str
    text: str
    value: JsonValue
    unit: str | None
    qualifier: Qualifier | None
    qualifier_text: str | None
    bound: Bound | None
    period_start: VagueDate | None
    period_end: VagueDate | None
    dimensions: dict[str, Any]
    related: list[str]
    agency_codes: list[str]
    program_code: str | None
    attribution: str
    source_code: str
    source_title: str
    publisher: str
    locator: str | None
    notes: str | None
    rank: Rank
    rank_reason: str | None
    ranks: list[RankRead]
    conflicts: list[ConflictSummary]
    recorded_by: str


class StatementPage(Page):
    """A page of statements."""

    items: list[StatementRead]


class StatementQuery(ListQuery):
    """Filters of statements."""

    sort: str = sort_by("topic", "topic", "created_at")
    code: list[Code] = []
    kind: list[StatementKind] = []
    topic: list[Word] = []
    predicate: list[Word] = []
    subject_type: list[SubjectType] = []
    subject_code: list[Code] = []
    country_code: list[CountryCode] = Field(default=[], description="Of these countries as subjects.")
    program_code: list[Code] = []
    source_code: list[Code] = []
    rank: list[Rank] = []
    is_voided: bool | None = only_voided()
    q: str | None = Field(default=None, max_length=200, description="Text in our words or the notes.")
