"""Sources on the wire."""

from typing import Annotated, Self

from chassis.codes import Code, Line, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import Body, CreateBody, ResourceRead, may_be_absent
from chassis.values import Day
from pydantic import ConfigDict, Field, model_validator

from programs.domain import Confidence, SourceKind

# Shown behind "best guess " as the label of a date, which has at most 200 characters.
BestGuess = Annotated[Line, Field(max_length=180)]


class SourceCreate(CreateBody):
    """A document to record."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "inl-corrections",
                    "title": "INL corrections page",
                    "publisher": "U.S. Department of State, INL",
                    "kind": "web_page",
                    "as_of_earliest": "2015-10-07",
                    "as_of_latest": "2021-01-20",
                    "confidence": "low",
                }
            ]
        }
    )

    code: Code
    title: Line
    publisher: Line
    publisher_agency_code: Code | None = None
    kind: SourceKind
    url: Line | None = None
    published_on: Day | None = None
    retrieved_on: Day | None = None
    as_of_earliest: Day = Field(description="The document may not have been written before this day.")
    as_of_latest: Day | None = Field(default=None, description="Nor after this one; null while it still changes.")
    as_of_best: BestGuess | None = Field(default=None, description="Our best guess, in words.")
    confidence: Confidence = Field(description="How sure the dating is.")
    basis: Text | None = Field(default=None, description="What the dating rests on.")

    @model_validator(mode="after")
    def check_window(self) -> Self:
        """The window is not empty."""
        if self.as_of_latest and self.as_of_latest < self.as_of_earliest:
            raise ValueError(f"`as_of_latest` is before `as_of_earliest` ({self.as_of_earliest})")
        return self


class SourceUpdate(Body):
    """Fields of a source to change. Figures entered before keep the window they were entered with."""

    title: Line = may_be_absent()
    publisher: Line = may_be_absent()
    publisher_agency_code: Code | None = may_be_absent()
    kind: SourceKind = may_be_absent()
    url: Line | None = may_be_absent()
    published_on: Day | None = may_be_absent()
    retrieved_on: Day | None = may_be_absent()
    as_of_earliest: Day = may_be_absent()
    as_of_latest: Day | None = may_be_absent()
    as_of_best: BestGuess | None = may_be_absent()
    confidence: Confidence = may_be_absent()
    basis: Text | None = may_be_absent()


class SourceRead(ResourceRead):
    """A document that says something."""

    code: str
    title: str
    publisher: str
    publisher_agency_code: str | None
    kind: SourceKind
    url: str | None
    published_on: Day | None
    retrieved_on: Day | None
    as_of_earliest: Day
    as_of_latest: Day | None
    as_of_best: str | None
    confidence: Confidence
    basis: str | None


class SourcePage(Page):
    """A page of sources."""

    items: list[SourceRead]


class SourceQuery(ListQuery):
    """Filters of sources."""

    sort: str = sort_by("title", "title", "code", "as_of_earliest", "created_at", "updated_at")
    code: list[Code] = []
    kind: list[SourceKind] = []
    publisher_agency_code: list[Code] = []
    as_of_earliest_gte: Day | None = None
    as_of_earliest_lte: Day | None = None
    q: str | None = Field(default=None, max_length=200, description="Text in the title, the publisher or the code.")
