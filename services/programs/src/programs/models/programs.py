"""Agencies, programs and partnerships as tables."""

import uuid
from decimal import Decimal
from typing import Any

from chassis.columns import code_column, country_form, one_of, refers_to, sorted_text
from chassis.voids import Voidable, void_is_whole
from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Numeric,
    Text,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, Relationship

from programs import domain
from programs.models.base import Base, Stored, vague_date, window


class Agency(Stored, table=True):
    """An organization that partners in programs, publishes sources, or is spoken of."""

    __tablename__ = "agencies"
    __table_args__ = (
        one_of("kind", domain.AgencyKind),
        country_form(),
        CheckConstraint("parent_code <> code", name="not_its_own_parent"),
    )

    code: str = code_column()
    name: str = Field(sa_column=sorted_text(nullable=False))
    kind: str
    country_code: str | None = None
    subdivision_code: str | None = None
    parent_code: str | None = refers_to("agencies.code", nullable=True)
    aliases: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default=sql("'{}'")))


class Program(Stored, table=True):
    """A program in one country or several, maybe part of another."""

    __tablename__ = "programs"
    __table_args__ = (
        one_of("kind", domain.ProgramKind),
        one_of("sector", domain.Sector),
        one_of("status", domain.ProgramStatus),
        window("starts"),
        window("ends"),
        CheckConstraint("parent_code <> code", name="not_its_own_parent"),
    )

    code: str = code_column()
    title: str = Field(sa_column=sorted_text(nullable=False))
    kind: str
    sector: str
    status: str | None = None
    parent_code: str | None = refers_to("programs.code", nullable=True)
    lead_agency_code: str | None = refers_to("agencies.code", nullable=True)
    subdivision_code: str | None = None
    scope: str | None = None
    starts: dict[str, Any] | None = vague_date()
    ends: dict[str, Any] | None = vague_date()
    countries: list["ProgramCountry"] = Relationship(
        sa_relationship_kwargs={
            "lazy": "selectin",
            "order_by": "ProgramCountry.country_code",
            "cascade": "all, delete-orphan",
        }
    )


class ProgramCountry(Base, table=True):
    """A country of a program, with its share of it where that is known. Shares of a program add up to 1."""

    __tablename__ = "program_countries"
    __table_args__ = (
        country_form(),
        CheckConstraint("share > 0 AND share <= 1", name="share_is_fraction"),
        Index(None, "country_code"),
    )

    program_id: uuid.UUID = Field(default=None, foreign_key="programs.id", primary_key=True)
    country_code: str = Field(sa_column=sorted_text(primary_key=True))
    share: Decimal | None = Field(default=None, sa_type=Numeric)


class Partnership(Stored, Voidable, table=True):
    """An agency's part in a program: roles, dates, scope, and the document that says so."""

    __tablename__ = "partnerships"
    __table_args__ = (
        CheckConstraint("cardinality(roles) > 0", name="has_a_role"),
        CheckConstraint(
            f"roles <@ ARRAY[{', '.join(repr(str(role)) for role in domain.PartnerRole)}]", name="roles_known"
        ),
        window("starts"),
        window("ends"),
        void_is_whole(),
        # One that stands: what was entered in error is recorded anew.
        Index(
            "uq_partnerships_agency_program_start",
            "agency_code",
            "program_code",
            sql("(starts ->> 'earliest')"),
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=sql("voided_at IS NULL"),
        ),
    )

    agency_code: str = refers_to("agencies.code")
    program_code: str = refers_to("programs.code")
    roles: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    starts: dict[str, Any] | None = vague_date()
    ends: dict[str, Any] | None = vague_date()
    scope: str | None = None
    instrument: str | None = None
    source_code: str | None = refers_to("sources.code", nullable=True)
    locator: str | None = None
    agency: Agency = Relationship(sa_relationship_kwargs={"lazy": "selectin"})
    program: Program = Relationship(sa_relationship_kwargs={"lazy": "selectin"})

    @property
    def agency_name(self) -> str:
        """The agency."""
        return self.agency.name

    @property
    def agency_kind(self) -> str:
        """What kind of agency it is."""
        return self.agency.kind
