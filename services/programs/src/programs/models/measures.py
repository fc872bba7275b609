"""What is counted and who says so: sources, measures, series, coverage declarations as tables."""

from datetime import date

from chassis.columns import code_column, country_form, one_of, refers_to, sorted_text
from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Text,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, Relationship

from programs import domain
from programs.models.base import Stored


class Source(Stored, table=True):
    """A document that says something, and when it may have been written."""

    __tablename__ = "sources"
    __table_args__ = (
        one_of("kind", domain.SourceKind),
        one_of("confidence", domain.Confidence),
        CheckConstraint("as_of_earliest <= as_of_latest", name="as_of_in_order"),
    )

    code: str = code_column()
    title: str = Field(sa_column=sorted_text(nullable=False))
    publisher: str
    publisher_agency_code: str | None = refers_to("agencies.code", nullable=True)
    kind: str
    url: str | None = None
    published_on: date | None = None
    retrieved_on: date | None = None
    as_of_earliest: date
    as_of_latest: date | None = None
    as_of_best: str | None = None
    confidence: str
    basis: str | None = None


class Measure(Stored, table=True):
    """What is counted: unit, basis, whether it may be added, and the counting rule in one sentence."""

    __tablename__ = "measures"
    __table_args__ = (
        one_of("kind", domain.MeasureKind),
        one_of("basis", domain.Basis),
        one_of("additivity", domain.Additivity),
        one_of("owner_service", domain.OwnerService),
    )

    code: str = code_column()
    label: str
    unit: str
    kind: str
    basis: str
    additivity: str
    counting_rule: str
    owner_service: str


class Series(Stored, table=True):
    """One line of claims about a subject and a measure that may follow each other; its dimensions describe it."""

    __tablename__ = "series"
    __table_args__ = (
        one_of("subject_type", domain.SubjectType),
        Index("ix_series_subject", "subject_type", "subject_code"),
        # At most one series leads for a subject and a measure.
        Index(
            "uq_series_headline",
            "subject_type",
            "subject_code",
            "measure_code",
            unique=True,
            postgresql_where=sql("is_headline"),
        ),
    )

    code: str = code_column()
    label: str
    measure_code: str = refers_to("measures.code")
    subject_type: str
    subject_code: str
    is_headline: bool = Field(sa_column_kwargs={"server_default": sql("false")})
    currency: str | None = None
    is_joint: bool = Field(sa_column_kwargs={"server_default": sql("false")})
    agency_codes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default=sql("'{}'")))
    program_code: str | None = refers_to("programs.code", nullable=True)
    nationality_code: str | None = None
    venue_kind: str | None = None
    stage: str | None = None
    scope: str | None = None
    measure: Measure = Relationship(sa_relationship_kwargs={"lazy": "selectin"})


class CoverageDeclaration(Stored, table=True):
    """A named person states from when a country's records are complete. Append-only: nothing infers it."""

    __tablename__ = "coverage_declarations"
    __table_args__ = (
        one_of("measure_family", domain.MeasureFamily),
        country_form(),
        CheckConstraint("complete_from <= complete_to", name="window_in_order"),
    )

    country_code: str = Field(sa_column=sorted_text(nullable=False, index=True))
    measure_family: str
    complete_from: date
    complete_to: date | None = None
    declared_by: str
    note: str | None = None
