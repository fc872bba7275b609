"""People, what identifies them, their units, and decisions that two records are one person."""

import uuid
from datetime import date, datetime
from typing import Any, ClassVar

from chassis.columns import country_form, one_of, refers_to, sorted_text
from chassis.voids import Voidable, void_is_whole
from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, LargeBinary, UniqueConstraint, Uuid, func
from sqlalchemy import text as sql
from sqlalchemy.orm import column_property
from sqlmodel import Field

from trainings import domain
from trainings.models.base import Stored, keyed_marks, sealed, texts


class Unit(Stored, table=True):
    """A unit of a host nation's service, such as a prison's guard company."""

    __tablename__ = "units"
    __table_args__ = (
        country_form("country_code"),
        CheckConstraint("parent_id <> id", name="not_its_own_parent"),
    )

    code: str | None = Field(default=None, sa_column=sorted_text(unique=True))
    name: str = Field(sa_column=sorted_text(nullable=False))
    country_code: str = Field(index=True)
    agency_code: str | None = refers_to("agency_refs.code", nullable=True)
    parent_id: uuid.UUID | None = Field(default=None, foreign_key="units.id", index=True)
    # People have a unit and units a commander: this side of the circle is added when both tables stand.
    commander_person_id: uuid.UUID | None = Field(
        default=None,
        sa_column=Column(
            Uuid, ForeignKey("people.id", use_alter=True, name="fk_units_commander_person_id"), index=True
        ),
    )
    is_security_force: bool


class Person(Stored, table=True):
    """Somebody who takes or leads a training. Names and birth date are sealed; what they are stays out of repr."""

    __tablename__ = "people"
    __table_args__ = (
        country_form("country_code"),
        country_form("nationality_code"),
        one_of("sex", domain.Sex),
        one_of("birth_precision", domain.BirthPrecision),
        one_of("person_type", domain.PersonType),
        # Of somebody who was erased nothing personal is left; what counts them stays.
        CheckConstraint(
            "CASE WHEN erased_at IS NULL THEN (birth_date IS NULL) = (birth_precision = 'not_recorded') "
            "ELSE birth_date IS NULL END",
            name="birth_precision_fits",
        ),
        CheckConstraint(
            "CASE WHEN erased_at IS NULL "
            "THEN num_nonnulls(given_name, surname_1, surname_2, full_name_original) > 0 AND data_key IS NOT NULL "
            "ELSE num_nonnulls(given_name, surname_1, surname_2, full_name_original, data_key, position) = 0 "
            "AND cardinality(name_marks) + cardinality(match_marks) = 0 END",
            name="has_name",
        ),
        CheckConstraint("(erased_at IS NULL) = (erase_reason IS NULL)", name="erasure_has_reason"),
        Index("ix_people_name_marks", "name_marks", postgresql_using="gin"),
        Index("ix_people_match_marks", "match_marks", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
        Index(None, "created_at", "id"),
        Index(None, "country_code", "created_at", "id"),
        # What counts and policies read of everybody, without the names beside it.
        # What counts read of a person, and what seats say of theirs.
        Index(
            "ix_people_counted",
            "id",
            "country_code",
            "nationality_code",
            "sex",
            unique=True,
            postgresql_include=["person_type"],
        ),
    )

    country_code: str = Field(index=True)
    nationality_code: str = Field(index=True)
    person_type: str = Field(default="foreign_participant", sa_column_kwargs={"server_default": "foreign_participant"})
    sex: str
    birth_precision: str
    unit_id: uuid.UUID | None = Field(default=None, foreign_key="units.id", index=True)
    data_key: bytes | None = sealed()
    given_name: bytes | None = sealed()
    surname_1: bytes | None = sealed()
    surname_2: bytes | None = sealed()
    full_name_original: bytes | None = sealed()
    birth_date: bytes | None = sealed()
    position: bytes | None = sealed()
    # Of each word of a name and its beginnings, for search; of what two records of one person share, for duplicates.
    name_marks: list[bytes] = keyed_marks()
    match_marks: list[bytes] = keyed_marks()
    erased_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    erase_reason: str | None = None
    # The record that the person is counted as: this one where it is not merged, null where the caller may not see it.
    canonical_person_id: ClassVar[Any]


Person.canonical_person_id = column_property(func.canonical_person(Person.id, type_=Uuid))


class IdentityDocument(Stored, Voidable, table=True):
    """A number that a state gave a person: kept as a keyed digest and its last three characters."""

    __tablename__ = "identity_documents"
    __table_args__ = (
        country_form("issuer_country_code"),
        one_of("type", domain.IdentityDocumentType),
        Index(None, "issuer_country_code", "type", "number_mark"),
        void_is_whole(),
    )

    person_id: uuid.UUID = Field(foreign_key="people.id", index=True)
    type: str
    issuer_country_code: str
    number_mark: bytes | None = Field(default=None, sa_type=LargeBinary)
    last_characters: str | None = None


class Merge(Stored, Voidable, table=True):
    """A decision that two records are one person, which a void takes back. Nothing else is rewritten."""

    __tablename__ = "merges"
    __table_args__ = (
        one_of("basis", domain.MergeBasis),
        CheckConstraint("person_id <> canonical_person_id", name="two_records"),
        # One that stands: a record is part of one person.
        Index("uq_merges_person_id", "person_id", unique=True, postgresql_where=sql("voided_at IS NULL")),
        void_is_whole(),
    )

    person_id: uuid.UUID = Field(foreign_key="people.id", index=True)
    canonical_person_id: uuid.UUID = Field(foreign_key="people.id", index=True)
    basis: str
    evidence: str
    decided_by: str


class DuplicateCandidate(Stored, table=True):
    """Two records that may be one person, with the reasons; somebody decides."""

    __tablename__ = "duplicate_candidates"
    __table_args__ = (
        UniqueConstraint("person_id", "other_person_id"),
        CheckConstraint("person_id < other_person_id", name="in_order"),
        one_of("band", domain.DuplicateBand),
        one_of("status", domain.DuplicateStatus),
        Index(None, "status", "score"),
    )

    person_id: uuid.UUID = Field(foreign_key="people.id")
    other_person_id: uuid.UUID = Field(foreign_key="people.id", index=True)
    score: int
    band: str
    reasons: list[str] = texts()
    status: str = Field(default="open", sa_column_kwargs={"server_default": "open"})
    note: str | None = None


class VettingRecord(Stored, Voidable, table=True):
    """The outcome of vetting a person or a unit: status, dates and the case's reference, nothing else."""

    __tablename__ = "vetting_records"
    __table_args__ = (
        one_of("result", domain.VettingResult),
        CheckConstraint("num_nonnulls(person_id, unit_id) = 1", name="one_subject"),
        CheckConstraint("(result = 'pending') = (result_on IS NULL)", name="result_has_day"),
        CheckConstraint("(result = 'approved') = (valid_until IS NOT NULL)", name="only_approved_is_valid"),
        CheckConstraint("result_on >= requested_on", name="result_after_request"),
        CheckConstraint("valid_until >= result_on", name="valid_after_result"),
        void_is_whole(),
    )

    person_id: uuid.UUID | None = Field(default=None, foreign_key="people.id", index=True)
    unit_id: uuid.UUID | None = Field(default=None, foreign_key="units.id", index=True)
    requested_on: date
    result: str
    result_on: date | None = None
    valid_until: date | None = None
    case_reference: str | None = None
