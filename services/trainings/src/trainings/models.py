"""Tables of the trainings service. What a table promises is a constraint here or in the migration's rules."""

import uuid
from datetime import date, datetime
from typing import Any, Final

from chassis.columns import country_form, one_of, refers_to, sorted_text
from chassis.resources import Resource, make_metadata
from chassis.voids import Voidable, void_is_whole
from sqlalchemy import CheckConstraint, Column, DateTime, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from trainings import domain

metadata: Final = make_metadata()


class Base(SQLModel):
    """Puts this service's tables in this service's metadata."""

    metadata = metadata


class Stored(Resource, Base):
    """The columns of every stored resource."""


def sealed(*, nullable: bool = True) -> Any:  # noqa: ANN401 - stands where a default may stand
    """A personal column: holds what `privacy` made of it, never the text."""
    return Field(default=None, sa_type=LargeBinary, nullable=nullable)


class Reference(Base):
    """A record of the programs service that something here refers to, as it was when last checked."""

    id: uuid.UUID
    etag: str
    checked_at: datetime = Field(sa_type=DateTime(timezone=True))


class AgencyRef(Reference, table=True):
    """An agency of the programs service."""

    __tablename__ = "agency_refs"

    code: str = Field(sa_column=sorted_text(primary_key=True))
    name: str
    kind: str


class ProgramRef(Reference, table=True):
    """A program of the programs service."""

    __tablename__ = "program_refs"

    code: str = Field(sa_column=sorted_text(primary_key=True))
    title: str


class Course(Stored, table=True):
    """A curriculum that trainings deliver."""

    __tablename__ = "courses"
    __table_args__ = (
        one_of("type", domain.CourseType),
        CheckConstraint("designed_hours > 0", name="designed_hours_positive"),
        CheckConstraint(
            "qualifies_for_course_code IS NULL OR type = 'training_of_trainers'", name="only_trainers_qualify"
        ),
        CheckConstraint("qualifies_for_course_code <> code", name="not_for_itself"),
    )

    code: str = Field(sa_column=sorted_text(nullable=False, unique=True))
    title: str = Field(sa_column=sorted_text(nullable=False))
    type: str
    qualifies_for_course_code: str | None = refers_to("courses.code", nullable=True)
    topics: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default=sql("'{}'")))
    designed_hours: int | None = None


class Training(Stored, Voidable, table=True):
    """One scheduled delivery of a course."""

    __tablename__ = "trainings"
    __table_args__ = (
        one_of("venue_kind", domain.VenueKind),
        country_form("host_country_code"),
        # At least one, each of the right form, none null.
        CheckConstraint(
            r"beneficiary_country_codes::text ~ '^\{[A-Z]{2}(,[A-Z]{2})*\}$'", name="beneficiary_country_codes_form"
        ),
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        void_is_whole(),
        Index("ix_trainings_beneficiary_country_codes", "beneficiary_country_codes", postgresql_using="gin"),
    )

    code: str | None = Field(default=None, sa_column=sorted_text(unique=True))
    course_code: str = refers_to("courses.code")
    title: str | None = None
    program_code: str | None = refers_to("program_refs.code", nullable=True)
    provider_agency_code: str = refers_to("agency_refs.code")
    host_country_code: str
    beneficiary_country_codes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    starts_on: date = Field(index=True)
    ends_on: date
    venue_kind: str
    venue: str | None = None


class Person(Stored, table=True):
    """Somebody who takes or leads a training. Names and birth date are sealed; what they are stays out of repr."""

    __tablename__ = "people"
    __table_args__ = (
        country_form("country_code"),
        country_form("nationality_code"),
        one_of("sex", domain.Sex),
        one_of("birth_precision", domain.BirthPrecision),
        CheckConstraint("(birth_date IS NULL) = (birth_precision = 'not_recorded')", name="birth_precision_fits"),
        CheckConstraint("num_nonnulls(given_name, surname_1, surname_2, full_name_original) > 0", name="has_name"),
    )

    country_code: str = Field(index=True)
    nationality_code: str = Field(index=True)
    sex: str
    birth_precision: str
    data_key: bytes = sealed(nullable=False)
    given_name: bytes | None = sealed()
    surname_1: bytes | None = sealed()
    surname_2: bytes | None = sealed()
    full_name_original: bytes | None = sealed()
    birth_date: bytes | None = sealed()


class Enrollment(Stored, table=True):
    """A person's seat in a training. Training and person never change: the serving role may not."""

    __tablename__ = "enrollments"
    __table_args__ = (UniqueConstraint("training_id", "person_id"), one_of("role", domain.EnrollmentRole))

    training_id: uuid.UUID = Field(foreign_key="trainings.id")
    person_id: uuid.UUID = Field(foreign_key="people.id", index=True)
    role: str
    note: str | None = None


class Completion(Stored, Voidable, table=True):
    """An enrolled person met the course's rule. Append-only, but that it can be voided."""

    __tablename__ = "completions"
    __table_args__ = (
        # One that stands: what was entered in error is recorded anew.
        Index("uq_completions_enrollment_id", "enrollment_id", unique=True, postgresql_where=sql("voided_at IS NULL")),
        void_is_whole(),
    )

    enrollment_id: uuid.UUID = Field(foreign_key="enrollments.id", index=True)
    completed_on: date


class InstructorAssignment(Stored, table=True):
    """A person leads a training. Training and person never change: the serving role may not."""

    __tablename__ = "instructor_assignments"
    __table_args__ = (UniqueConstraint("training_id", "person_id", "role"), one_of("role", domain.InstructorRole))

    training_id: uuid.UUID = Field(foreign_key="trainings.id")
    person_id: uuid.UUID = Field(foreign_key="people.id", index=True)
    role: str
    note: str | None = None
