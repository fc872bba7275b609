"""Coverage declarations on the wire."""

from typing import Self

from chassis.codes import CountryCode, Text
from chassis.paging import ListQuery, Page, sort_by
from chassis.resources import CreateBody, ResourceRead
from chassis.values import Day
from pydantic import ConfigDict, Field, model_validator

from programs.domain import MeasureFamily


class CoverageDeclarationCreate(CreateBody):
    """A statement, in the caller's name, that a country's records are complete."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "country_code": "MX",
                    "measure_family": "trainings",
                    "complete_from": "2008-01-01",
                    "note": "All class lists of the academy were entered.",
                }
            ]
        }
    )

    country_code: CountryCode
    measure_family: MeasureFamily
    complete_from: Day = Field(description="Records are complete from this day.")
    complete_to: Day | None = Field(default=None, description="To this day; null for up to now and onward.")
    note: Text | None = Field(default=None, description="What the declaration rests on.")

    @model_validator(mode="after")
    def check_window(self) -> Self:
        """The window is not empty."""
        if self.complete_to and self.complete_to < self.complete_from:
            raise ValueError(f"`complete_to` is before `complete_from` ({self.complete_from})")
        return self


class CoverageDeclarationRead(ResourceRead):
    """Who states from when a country's records are complete."""

    country_code: str
    measure_family: MeasureFamily
    complete_from: Day
    complete_to: Day | None
    declared_by: str
    note: str | None


class CoverageDeclarationPage(Page):
    """A page of coverage declarations."""

    items: list[CoverageDeclarationRead]


class CoverageDeclarationQuery(ListQuery):
    """Filters of coverage declarations."""

    sort: str = sort_by("country_code,complete_from", "country_code", "complete_from", "created_at")
    country_code: list[CountryCode] = []
    measure_family: list[MeasureFamily] = []
    complete_from_lte: Day | None = None
