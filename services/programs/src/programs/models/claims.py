"""Reported figures and statements as tables, with ranks, supersessions and conflicts. Claims are append-only.

A claim that was entered in error is voided: it stays, and from then on supersedes nothing and is superseded by nothing.
"""

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from chassis.columns import code_column, one_of, refers_to, sorted_text
from chassis.voids import Voidable, void_is_whole
from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    func,
    or_,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import column_property
from sqlmodel import Field, Relationship, select

from programs import domain
from programs.models.base import Base, Stored, vague_date, window
from programs.models.measures import Series, Source


class Claim:
    """What figures and statements of documents have in common, read from their relations."""

    if TYPE_CHECKING:  # relations of each table; SQLModel would take the annotations for columns of both
        source: Source
        ranks: list["RankDecision"]
        memberships: list["ConflictMember"]

    @property
    def source_title(self) -> str:
        """The document."""
        return self.source.title

    @property
    def publisher(self) -> str:
        """Whose document it is."""
        return self.source.publisher

    @property
    def rank(self) -> str:
        """The rank by the latest decision."""
        return self.ranks[-1].rank

    @property
    def rank_reason(self) -> str | None:
        """Why it has that rank."""
        return self.ranks[-1].reason

    @property
    def conflicts(self) -> list["ConflictRecord"]:
        """The conflicts it stands in."""
        return [one.conflict for one in self.memberships]


class ReportedFigure(Claim, Stored, Voidable, table=True):
    """A number that a document states. Append-only; ranks and supersessions are rows of their own."""

    __tablename__ = "reported_figures"
    __table_args__ = (
        one_of("qualifier", domain.Qualifier),
        one_of("bound", domain.Bound),
        window("period_start"),
        window("period_end"),
        CheckConstraint("as_of_earliest <= as_of_latest", name="as_of_in_order"),
        CheckConstraint(
            "CASE bound WHEN 'unquantified' THEN num_nonnulls(value, value_min, value_max, qualifier) = 0"
            " WHEN 'range' THEN value IS NULL AND value_min <= value_max AND num_nulls(value_min, value_max) = 0"
            " ELSE value IS NOT NULL AND num_nonnulls(value_min, value_max) = 0 END",
            name="value_fits_bound",
        ),
        void_is_whole(),
    )

    code: str | None = Field(default=None, sa_column=sorted_text(unique=True))
    series_code: str = refers_to("series.code")
    value: Decimal | None = Field(default=None, sa_type=Numeric)
    value_min: Decimal | None = Field(default=None, sa_type=Numeric)
    value_max: Decimal | None = Field(default=None, sa_type=Numeric)
    qualifier: str | None = None
    qualifier_text: str | None = None
    bound: str
    text: str
    notes: str | None = None
    period_start: dict[str, Any] | None = vague_date()
    period_end: dict[str, Any] | None = vague_date()
    as_of_earliest: date
    as_of_latest: date | None = None
    as_of_label: str | None = None
    dimensions: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False, server_default=sql("'{}'")))
    source_code: str = refers_to("sources.code")
    locator: str | None = None
    primary_source: str | None = None
    asserted_on: date | None = None
    recorded_by: str
    series: Series = Relationship(sa_relationship_kwargs={"lazy": "selectin"})
    source: Source = Relationship(sa_relationship_kwargs={"lazy": "selectin"})
    ranks: list["RankDecision"] = Relationship(
        sa_relationship_kwargs={"lazy": "selectin", "order_by": "RankDecision.id"}
    )
    supersedes: list["Supersession"] = Relationship(
        sa_relationship_kwargs={
            "lazy": "selectin",
            "foreign_keys": "Supersession.figure_id",
            "order_by": "Supersession.id",
        }
    )
    superseded_by: list["Supersession"] = Relationship(
        sa_relationship_kwargs={
            "lazy": "selectin",
            "foreign_keys": "Supersession.superseded_id",
            "order_by": "Supersession.id",
        }
    )
    memberships: list["ConflictMember"] = Relationship(
        sa_relationship_kwargs={"lazy": "selectin", "order_by": "ConflictMember.id"}
    )

    @property
    def measure_code(self) -> str:
        """What it counts."""
        return self.series.measure_code

    @property
    def subject_type(self) -> str:
        """What kind of thing it is about."""
        return self.series.subject_type

    @property
    def subject_code(self) -> str:
        """What it is about."""
        return self.series.subject_code

    @property
    def unit(self) -> str:
        """The unit of its measure."""
        return self.series.measure.unit

    @property
    def currency(self) -> str | None:
        """The currency of its series, None where it is not money or not stated."""
        return self.series.currency

    @property
    def agency_codes(self) -> list[str]:
        """The agencies whose work it counts."""
        return self.series.agency_codes

    @property
    def is_joint(self) -> bool:
        """Whether it belongs to those agencies together and cannot be divided."""
        return self.series.is_joint

    @property
    def as_of(self) -> dict[str, Any]:
        """When its document may have been written."""
        return {"earliest": self.as_of_earliest, "latest": self.as_of_latest, "label": self.as_of_label}

    @property
    def supersedes_codes(self) -> list[str]:
        """Earlier figures whose place it takes."""
        return [one.superseded_code for one in self.supersedes if one.holds and one.superseded_code]

    @property
    def superseded_by_code(self) -> str | None:
        """The later figure that takes its place."""
        return next((one.figure_code for one in self.superseded_by if one.holds), None)

    @property
    def supersession_reason(self) -> str | None:
        """Why it takes the place of what it supersedes."""
        return next((one.reason for one in self.supersedes if one.holds), None)


class Statement(Claim, Stored, Voidable, table=True):
    """What a document says that is not a number of a measure, in our words, with its author. Append-only."""

    __tablename__ = "statements"
    __table_args__ = (
        one_of("kind", domain.StatementKind),
        one_of("subject_type", domain.SubjectType),
        one_of("qualifier", domain.Qualifier),
        one_of("bound", domain.Bound),
        window("period_start"),
        window("period_end"),
        void_is_whole(),
        Index("ix_statements_subject", "subject_type", "subject_code"),
    )

    code: str | None = Field(default=None, sa_column=sorted_text(unique=True))
    kind: str
    topic: str = Field(sa_column=sorted_text(nullable=False))
    predicate: str
    subject_type: str
    subject_code: str
    text: str
    value: Any = Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)
    unit: str | None = None
    qualifier: str | None = None
    qualifier_text: str | None = None
    bound: str | None = None
    period_start: dict[str, Any] | None = vague_date()
    period_end: dict[str, Any] | None = vague_date()
    dimensions: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False, server_default=sql("'{}'")))
    related: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default=sql("'{}'")))
    agency_codes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default=sql("'{}'")))
    program_code: str | None = refers_to("programs.code", nullable=True)
    attribution: str
    source_code: str = refers_to("sources.code")
    locator: str | None = None
    notes: str | None = None
    recorded_by: str
    source: Source = Relationship(sa_relationship_kwargs={"lazy": "selectin"})
    ranks: list["RankDecision"] = Relationship(
        sa_relationship_kwargs={"lazy": "selectin", "order_by": "RankDecision.id"}
    )
    memberships: list["ConflictMember"] = Relationship(
        sa_relationship_kwargs={"lazy": "selectin", "order_by": "ConflictMember.id"}
    )


class RankDecision(Base, table=True):
    """Which rank a figure or statement has from now on, by whom and why. Append-only: the latest row counts."""

    __tablename__ = "rank_decisions"
    __table_args__ = (
        one_of("rank", domain.Rank),
        CheckConstraint("num_nonnulls(figure_id, statement_id) = 1", name="one_subject"),
        CheckConstraint("rank <> 'deprecated' OR reason IS NOT NULL", name="deprecation_has_reason"),
    )

    id: uuid.UUID = Field(default=None, primary_key=True, sa_column_kwargs={"server_default": sql("uuidv7()")})
    figure_id: uuid.UUID | None = Field(default=None, foreign_key="reported_figures.id", index=True)
    statement_id: uuid.UUID | None = Field(default=None, foreign_key="statements.id", index=True)
    rank: str
    reason: str | None = None
    decided_by: str
    decided_at: datetime = Field(
        default=None,
        sa_type=DateTime(timezone=True),
        sa_column_kwargs={"server_default": func.clock_timestamp()},
    )


class Supersession(Base, table=True):
    """A later figure takes an earlier one's place, and why. The earlier one stays true for its date. Append-only."""

    __tablename__ = "supersessions"
    __table_args__ = (
        one_of("reason", domain.SupersessionReason),
        CheckConstraint("figure_id <> superseded_id", name="not_itself"),
    )

    # A chain, not a tree: each figure is superseded once by a figure that stands (a rule of the migration). Only a
    # figure already there can be superseded, so there is no cycle.
    figure_code: ClassVar[Any]
    superseded_code: ClassVar[Any]
    holds: ClassVar[Any]

    id: uuid.UUID = Field(default=None, primary_key=True, sa_column_kwargs={"server_default": sql("uuidv7()")})
    figure_id: uuid.UUID = Field(foreign_key="reported_figures.id", index=True)
    superseded_id: uuid.UUID = Field(foreign_key="reported_figures.id", index=True)
    reason: str
    decided_by: str
    decided_at: datetime = Field(
        default=None,
        sa_type=DateTime(timezone=True),
        sa_column_kwargs={"server_default": func.clock_timestamp()},
    )


def _code_of(figure_id: Any) -> Any:  # noqa: ANN401 - columns
    """The code of the other figure of a supersession, read with the row."""
    other = ReportedFigure.__table__.alias()  # type: ignore[attr-defined]
    return column_property(select(other.c.code).where(other.c.id == figure_id).scalar_subquery())


Supersession.figure_code = _code_of(Supersession.figure_id)
Supersession.superseded_code = _code_of(Supersession.superseded_id)


def _is_voided(kind: Any, *ids: Any) -> Any:  # noqa: ANN401 - a table, columns
    """Whether a claim with one of the ids is voided, read with the row that names it."""
    claim = kind.__table__.alias()
    return select(claim.c.id).where(claim.c.id.in_(ids), claim.c.voided_at.is_not(None)).exists()


# A supersession of or by what was entered in error is without effect.
Supersession.holds = column_property(~_is_voided(ReportedFigure, Supersession.figure_id, Supersession.superseded_id))


class ConflictRecord(Stored, table=True):
    """Claims that seem to disagree, what was found out, and how it was settled."""

    __tablename__ = "conflicts"
    __table_args__ = (one_of("status", domain.ConflictStatus),)

    code: str = code_column()
    kind: str
    status: str
    title: str
    resolution: str
    reason: str
    members: list["ConflictMember"] = Relationship(
        back_populates="conflict",
        sa_relationship_kwargs={
            "lazy": "selectin",
            "order_by": "ConflictMember.member_code",
            "cascade": "all, delete-orphan",
        },
    )


class ConflictMember(Base, table=True):
    """A figure or statement that stands in a conflict."""

    __tablename__ = "conflict_members"
    __table_args__ = (
        CheckConstraint("num_nonnulls(figure_id, statement_id) = 1", name="one_subject"),
        UniqueConstraint("conflict_id", "figure_id", "statement_id", postgresql_nulls_not_distinct=True),
    )

    is_voided: ClassVar[Any]

    id: uuid.UUID = Field(default=None, primary_key=True, sa_column_kwargs={"server_default": sql("uuidv7()")})
    conflict_id: uuid.UUID = Field(default=None, foreign_key="conflicts.id", index=True)
    figure_id: uuid.UUID | None = Field(default=None, foreign_key="reported_figures.id", index=True)
    statement_id: uuid.UUID | None = Field(default=None, foreign_key="statements.id", index=True)
    member_code: str
    conflict: ConflictRecord = Relationship(back_populates="members", sa_relationship_kwargs={"lazy": "selectin"})

    @property
    def kind(self) -> str:
        """Which kind of claim it is."""
        return "reported_figure" if self.figure_id else "statement"

    @property
    def code(self) -> str:
        """The claim's code."""
        return self.member_code


ConflictMember.is_voided = column_property(
    or_(_is_voided(ReportedFigure, ConflictMember.figure_id), _is_voided(Statement, ConflictMember.statement_id))
)
