"""Dossiers on the wire."""

from chassis.known import KnownRead
from pydantic import BaseModel, ConfigDict, Field

from programs.domain import SubjectType
from programs.schemas.coverage_declarations import CoverageDeclarationRead
from programs.schemas.measures import MeasureRead, SeriesRead
from programs.schemas.partnerships import PartnershipRead
from programs.schemas.programs import ProgramRead
from programs.schemas.reported_figures import ReportedFigureRead
from programs.schemas.sources import SourceRead
from programs.schemas.statements import StatementRead


class DossierRead(KnownRead):
    """All that is recorded of one subject: what documents say of it, and the programs and partners in it.

    Partnerships and statements that were voided are left out; their lists have them.
    """

    model_config = ConfigDict(from_attributes=True)

    subject_type: SubjectType
    subject_code: str
    programs: list[ProgramRead]
    partnerships: list[PartnershipRead]
    measures: list[MeasureRead]
    series: list[SeriesRead]
    sources: list[SourceRead] = Field(description="The documents of the figures and statements below.")
    reported_figures: list[ReportedFigureRead] = Field(description="Voided ones too: a figure's history has them.")
    reported_figures_next: str | None = Field(description="Where the rest is, if there are more than 500.")
    statements: list[StatementRead]
    statements_next: str | None = Field(description="Where the rest is, if there are more than 500.")
    coverage_declarations: list[CoverageDeclarationRead]


class CountrySummaryRead(BaseModel):
    """How much is recorded of a country."""

    country_code: str
    programs: int
    reported_figures: int
    statements: int


class CountrySummaries(BaseModel):
    """Every country of which anything is recorded."""

    items: list[CountrySummaryRead]
