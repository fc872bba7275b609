"""Scheduled deliveries of courses, their sessions, and the agencies and programs they refer to."""

import uuid
from datetime import date
from decimal import Decimal

from chassis.columns import country_form, one_of, refers_to, sorted_text
from chassis.references import Reference
from chassis.voids import Voidable, void_is_whole
from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from trainings import domain
from trainings.models.base import Base, Stored, quantity, texts


class AgencyRef(Reference, Base, table=True):
    """An agency of the programs service."""

    __tablename__ = "agency_refs"

    code: str = Field(sa_column=sorted_text(primary_key=True))
    name: str
    kind: str


class ProgramRef(Reference, Base, table=True):
    """A program of the programs service."""

    __tablename__ = "program_refs"

    code: str = Field(sa_column=sorted_text(primary_key=True))
    title: str


class Training(Stored, Voidable, table=True):
    """One scheduled delivery of a course."""

    __tablename__ = "trainings"
    __table_args__ = (
        one_of("venue_kind", domain.VenueKind),
        one_of("delivery_mode", domain.DeliveryMode),
        one_of("status", domain.TrainingStatus),
        country_form("host_country_code"),
        # At least one, each of the right form, none null.
        CheckConstraint(
            r"beneficiary_country_codes::text ~ '^\{[A-Z]{2}(,[A-Z]{2})*\}$'", name="beneficiary_country_codes_form"
        ),
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("capacity > 0", name="capacity_positive"),
        CheckConstraint(
            "num_nonnulls(headcount_female, headcount_male, headcount_not_recorded) IN (0, 3)", name="headcount_whole"
        ),
        CheckConstraint(
            "headcount_female >= 0 AND headcount_male >= 0 AND headcount_not_recorded >= 0", name="headcount_counts"
        ),
        ForeignKeyConstraint(
            ["course_version_id", "course_code"], ["course_versions.id", "course_versions.course_code"]
        ),
        void_is_whole(),
        Index("ix_trainings_beneficiary_country_codes", "beneficiary_country_codes", postgresql_using="gin"),
    )

    code: str | None = Field(default=None, sa_column=sorted_text(unique=True))
    course_code: str = refers_to("courses.code")
    course_version_id: uuid.UUID | None = None
    title: str | None = None
    cohort: str | None = None
    program_code: str | None = refers_to("program_refs.code", nullable=True)
    provider_agency_code: str = refers_to("agency_refs.code")
    # The codes of both are looked at by a rule of the database: an array has no foreign key.
    co_provider_agency_codes: list[str] = texts()
    funder_agency_codes: list[str] = texts()
    host_country_code: str
    beneficiary_country_codes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    starts_on: date = Field(index=True)
    ends_on: date
    venue_kind: str
    venue: str | None = None
    language_code: str | None = None
    delivery_mode: str | None = None
    capacity: int | None = None
    status: str = Field(default="planned", sa_column_kwargs={"server_default": "planned"})
    status_note: str | None = None
    headcount_female: int | None = None
    headcount_male: int | None = None
    headcount_not_recorded: int | None = None
    headcount_total: int | None = Field(
        default=None,
        sa_column=Column(
            Integer, Computed("headcount_female + headcount_male + headcount_not_recorded", persisted=True)
        ),
    )

    @property
    def headcount(self) -> domain.Headcount | None:
        """How many were there, where that was counted."""
        if self.headcount_female is None or self.headcount_male is None or self.headcount_not_recorded is None:
            return None
        return domain.Headcount(self.headcount_female, self.headcount_male, self.headcount_not_recorded)


class TrainingSession(Stored, Voidable, table=True):
    """A dated block of a training; attendance is taken for each."""

    __tablename__ = "training_sessions"
    __table_args__ = (
        UniqueConstraint("id", "training_id"),
        CheckConstraint("hours > 0 AND hours <= 24", name="hours_range"),
        void_is_whole(),
    )

    training_id: uuid.UUID = Field(foreign_key="trainings.id", index=True)
    held_on: date
    hours: Decimal = quantity(4, 2)
    topic: str | None = None
