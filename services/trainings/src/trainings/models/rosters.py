"""People's parts in trainings: seats, attendance, completions, leads, certifications."""

import uuid
from datetime import date
from decimal import Decimal

from chassis.columns import one_of, refers_to
from chassis.voids import Voidable, void_is_whole
from sqlalchemy import CheckConstraint, Column, FetchedValue, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field, Relationship

from trainings import domain
from trainings.models.base import Stored, quantity


class Enrollment(Stored, Voidable, table=True):
    """A person's seat in a training. Training and person never change: the serving role may not."""

    __tablename__ = "enrollments"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "country_code", "created_at", "id"),
        # What counts read of those who completed.
        Index(
            "ix_enrollments_counted",
            "nationality_code",
            "training_id",
            postgresql_include=["person_id", "completed_on", "sex", "level"],
            postgresql_where=sql("completed_on IS NOT NULL"),
        ),
        ForeignKeyConstraint(
            ["person_id", "country_code", "nationality_code", "sex"],
            ["people.id", "people.country_code", "people.nationality_code", "people.sex"],
            name="fk_enrollments_person_id",
            onupdate="CASCADE",
        ),
        # One that stands: what was entered in error is recorded anew.
        Index(
            "uq_enrollments_training_id_person_id",
            "training_id",
            "person_id",
            unique=True,
            postgresql_where=sql("voided_at IS NULL"),
        ),
        # What attendance refers to, so that its session is one of its own training.
        UniqueConstraint("id", "training_id"),
        one_of("role", domain.EnrollmentRole),
        one_of("status", domain.EnrollmentStatus),
        one_of("level", domain.Level),
        one_of("vetting_basis", domain.VettingBasis),
        CheckConstraint("(status = 'completed') = (completed_on IS NOT NULL)", name="completed_has_day"),
        CheckConstraint("vetting_basis <> 'not_required' OR vetting_reason IS NOT NULL", name="not_vetted_has_reason"),
        CheckConstraint("pre_score BETWEEN 0 AND 100 AND post_score BETWEEN 0 AND 100", name="score_range"),
        CheckConstraint("hours_attended >= 0", name="hours_attended_counts"),
        void_is_whole(),
    )

    training_id: uuid.UUID = Field(foreign_key="trainings.id")
    person_id: uuid.UUID = Field(index=True)
    # Of the person: whose office keeps them, which decides who may see the seat, and what is counted. Nobody but the
    # database writes these, nor the day, which goes with the status.
    country_code: str | None = Field(default=None, sa_column=Column(String, FetchedValue(), nullable=False))
    nationality_code: str | None = Field(default=None, sa_column=Column(String, FetchedValue(), nullable=False))
    sex: str | None = Field(default=None, sa_column=Column(String, FetchedValue(), nullable=False))
    completed_on: date | None = None
    role: str
    status: str = Field(default="nominated", sa_column_kwargs={"server_default": "nominated"})
    level: str | None = None
    unit_id: uuid.UUID | None = Field(default=None, foreign_key="units.id", index=True)
    vetting_basis: str = Field(default="required", sa_column_kwargs={"server_default": "required"})
    vetting_reason: str | None = None
    pre_score: Decimal | None = quantity(5, 2)
    post_score: Decimal | None = quantity(5, 2)
    # Where no attendance is taken for each session.
    hours_attended: Decimal | None = quantity(6, 2)
    note: str | None = None


class Attendance(Stored, table=True):
    """The hours that an enrolled person was present in a session; 0 where they were absent."""

    __tablename__ = "attendances"
    __table_args__ = (
        Index(None, "created_at", "id"),
        UniqueConstraint("enrollment_id", "session_id"),
        ForeignKeyConstraint(["enrollment_id", "training_id"], ["enrollments.id", "enrollments.training_id"]),
        ForeignKeyConstraint(["session_id", "training_id"], ["training_sessions.id", "training_sessions.training_id"]),
        CheckConstraint("hours >= 0", name="hours_count"),
    )

    training_id: uuid.UUID = Field(index=True)
    enrollment_id: uuid.UUID
    session_id: uuid.UUID = Field(index=True)
    hours: Decimal = Field(sa_type=quantity(4, 2).sa_type)


class Completion(Stored, Voidable, table=True):
    """An enrolled person met the course's rule. Append-only, but that it can be voided."""

    __tablename__ = "completions"
    __table_args__ = (
        # One that stands: what was entered in error is recorded anew.
        Index(
            "uq_completions_enrollment_id",
            "enrollment_id",
            unique=True,
            postgresql_include=["completed_on"],
            postgresql_where=sql("voided_at IS NULL"),
        ),
        Index(None, "completed_on", "id"),
        void_is_whole(),
    )

    enrollment_id: uuid.UUID = Field(foreign_key="enrollments.id", index=True)
    completed_on: date


class InstructorAssignment(Stored, Voidable, table=True):
    """A person leads a training, or helps to. Training and person never change: the serving role may not."""

    __tablename__ = "instructor_assignments"
    __table_args__ = (
        # One that stands: what was entered in error is recorded anew.
        Index(
            "uq_instructor_assignments_training_id_person_id_role",
            "training_id",
            "person_id",
            "role",
            unique=True,
            postgresql_where=sql("voided_at IS NULL"),
        ),
        one_of("role", domain.InstructorRole),
        void_is_whole(),
    )

    training_id: uuid.UUID = Field(foreign_key="trainings.id")
    person_id: uuid.UUID = Field(foreign_key="people.id", index=True)
    role: str
    note: str | None = None


class Certification(Stored, Voidable, table=True):
    """An award to a person: what they may do, from when to when."""

    __tablename__ = "certifications"
    __table_args__ = (
        one_of("kind", domain.CertificationKind),
        CheckConstraint("expires_on > issued_on", name="expires_after_issue"),
        CheckConstraint("revoked_on >= issued_on", name="revoked_after_issue"),
        CheckConstraint("(revoked_on IS NULL) = (revoke_reason IS NULL)", name="revocation_has_reason"),
        CheckConstraint("renews_certification_id <> id", name="not_its_own_renewal"),
        Index(
            "uq_certifications_renews_certification_id",
            "renews_certification_id",
            unique=True,
            postgresql_where=sql("voided_at IS NULL"),
        ),
        void_is_whole(),
    )

    person_id: uuid.UUID = Field(foreign_key="people.id", index=True)
    kind: str
    # Of an instructor's: the course that they may lead.
    course_code: str = refers_to("courses.code")
    training_id: uuid.UUID | None = Field(default=None, foreign_key="trainings.id", index=True)
    issuer_agency_code: str = refers_to("agency_refs.code")
    issued_on: date
    expires_on: date | None = None
    is_provisional: bool = Field(default=False, sa_column_kwargs={"server_default": sql("false")})
    renews_certification_id: uuid.UUID | None = Field(default=None, foreign_key="certifications.id")
    revoked_on: date | None = None
    revoke_reason: str | None = None

    # What its status is made of beside its own columns, read along with it.
    suspensions: list["CertificationSuspension"] = Relationship(
        sa_relationship_kwargs={"lazy": "selectin", "viewonly": True, "order_by": "CertificationSuspension.starts_on"}
    )
    renewals: list["Certification"] = Relationship(
        sa_relationship_kwargs={
            "lazy": "selectin",
            "join_depth": 1,
            "viewonly": True,
            "primaryjoin": "and_(Certification.id == remote(foreign(Certification.renews_certification_id)), "
            "remote(Certification.voided_at).is_(None))",
        }
    )

    @property
    def term(self) -> domain.CertificationTerm:
        """When it holds."""
        return domain.CertificationTerm(
            issued_on=self.issued_on,
            expires_on=self.expires_on,
            is_provisional=self.is_provisional,
            revoked_on=self.revoked_on,
            renewed_on=min((one.issued_on for one in self.renewals), default=None),
            suspensions=[domain.Suspension(one.starts_on, one.ends_on) for one in self.suspensions],
        )


class CertificationSuspension(Stored, table=True):
    """A time in which a certification does not hold."""

    __tablename__ = "certification_suspensions"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        Index(
            "uq_certification_suspensions_certification_id",
            "certification_id",
            unique=True,
            postgresql_where=sql("ends_on IS NULL"),
        ),
    )

    certification_id: uuid.UUID = Field(foreign_key="certifications.id", index=True)
    starts_on: date
    ends_on: date | None = None
    reason: str
