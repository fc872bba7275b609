"""Tables of the programs service, by noun."""

from programs.models.base import metadata
from programs.models.claims import (
    ConflictMember,
    ConflictRecord,
    RankDecision,
    ReportedFigure,
    Statement,
    Supersession,
)
from programs.models.measures import CoverageDeclaration, Measure, Series, Source
from programs.models.programs import Agency, Partnership, Program, ProgramCountry

__all__ = [
    "Agency",
    "ConflictMember",
    "ConflictRecord",
    "CoverageDeclaration",
    "Measure",
    "Partnership",
    "Program",
    "ProgramCountry",
    "RankDecision",
    "ReportedFigure",
    "Series",
    "Source",
    "Statement",
    "Supersession",
    "metadata",
]
