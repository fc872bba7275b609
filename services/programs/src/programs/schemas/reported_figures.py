"""Reported figures on the wire."""

from typing import Annotated, Any

from chassis.codes import Code, Line, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody
from chassis.values import Day, PlainDecimal, VagueDate
from chassis.voids import VoidableRead, only_voided
from pydantic import ConfigDict, Field

from programs.domain import Bound, Qualifier, Rank, SubjectType, SupersessionReason
from programs.schemas.claims import ConflictSummary, RankRead
from programs.schemas.measures import Word


class Supersedes(Body):
    """An earlier figure whose place the new one takes."""

    figure_code: Code
    reason: SupersessionReason = Field(description="Only `scope_change` may name a figure of another series.")


class ReportedFigureCreate(CreateBody):
    """A number that a document states, to record. It cannot be changed later, only voided; ranks can be added."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "S0-18",
                    "series_code": "mx-instructors-by-new-mexico",
                    "value": "505",
                    "qualifier": "more_than",
                    "qualifier_text": "more than",
                    "bound": "gt",
                    "text": "More than 505 academy instructors were trained in New Mexico.",
                    "source_code": "inl-corrections",
                    "rank": "preferred",
                    "supersedes": [{"figure_code": "S1-25", "reason": "later_report"}],
                }
            ]
        }
    )

    code: Code | None = None
    series_code: Code
    value: PlainDecimal | None = Field(default=None, description="Null for a range or where there is no number.")
    value_min: PlainDecimal | None = Field(default=None, description="Of a range, such as `hundreds`.")
    value_max: PlainDecimal | None = Field(default=None, description="Of a range.")
    qualifier: Qualifier | None = None
    qualifier_text: Line | None = Field(default=None, description="The document's own word.")
    bound: Bound
    text: Text = Field(description="What the document says, in our words.")
    notes: Text | None = None
    period_start: VagueDate | None = None
    period_end: VagueDate | None = None
    as_of_earliest: Day | None = Field(default=None, description="From the source where absent.")
    as_of_latest: Day | None = Field(default=None, description="From the source where both are absent.")
    as_of_label: Annotated[Line, Field(max_length=200)] | None = None
    dimensions: dict[Word, Any] = Field(default={}, max_length=20, description="What else describes the number.")
    source_code: Code
    locator: Line | None = Field(default=None, description="Where in the document; null where not recorded.")
    primary_source: Text | None = Field(default=None, description="The document that the source itself quotes.")
    asserted_on: Day | None = None
    rank: Rank = Rank.normal
    rank_reason: Text | None = Field(default=None, description="Needed for `deprecated`.")
    supersedes: list[Supersedes] = Field(default=[], max_length=10)


class ReportedFigureRead(VoidableRead):
    """A number that a document states, as it states it."""

    code: str | None
    series_code: str
    measure_code: str
    subject_type: SubjectType
    subject_code: str
    unit: str
    currency: str | None
    value: PlainDecimal | None
    value_min: PlainDecimal | None
    value_max: PlainDecimal | None
    qualifier: Qualifier | None
    qualifier_text: str | None
    bound: Bound
    text: str
    notes: str | None
    period_start: VagueDate | None
    period_end: VagueDate | None
    as_of: VagueDate
    agency_codes: list[str]
    is_joint: bool
    dimensions: dict[str, Any]
    source_code: str
    source_title: str
    publisher: str
    locator: str | None
    primary_source: str | None
    asserted_on: Day | None
    rank: Rank
    rank_reason: str | None
    ranks: list[RankRead]
    supersedes_codes: list[str] = Field(description="A supersession of or by a voided figure is without effect.")
    superseded_by_code: str | None
    supersession_reason: SupersessionReason | None = Field(description="Why it supersedes what it supersedes.")
    conflicts: list[ConflictSummary]
    recorded_by: str


class ReportedFigurePage(Page):
    """A page of reported figures."""

    items: list[ReportedFigureRead]


class ReportedFigureQuery(ListQuery):
    """Filters of reported figures."""

    sort: str = sort_by("series_code,as_of_earliest", "series_code", "as_of_earliest", "created_at")
    code: list[Code] = []
    series_code: list[Code] = []
    measure_code: list[Word] = []
    subject_type: list[SubjectType] = []
    subject_code: list[Code] = []
    source_code: list[Code] = []
    qualifier: list[Qualifier] = []
    rank: list[Rank] = []
    is_voided: bool | None = only_voided()
    as_of_earliest_lte: Day | None = Field(default=None, description="Documents that may have been written by then.")
    value_gte: PlainDecimal | None = None
    value_lte: PlainDecimal | None = None
    q: str | None = Field(default=None, max_length=200, description="Text in our words or the notes.")
