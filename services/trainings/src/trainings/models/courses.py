"""Curricula and their versions."""

from datetime import date
from decimal import Decimal

from chassis.columns import one_of, refers_to, sorted_text
from sqlalchemy import CheckConstraint, Column, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from trainings import domain
from trainings.models.base import Stored, quantity


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


class CourseVersion(Stored, table=True):
    """A course as it is taught from a day on. What it says wins over what the course says."""

    __tablename__ = "course_versions"
    __table_args__ = (
        UniqueConstraint("course_code", "label"),
        # What a training refers to, so that its version is one of its own course.
        UniqueConstraint("id", "course_code"),
        CheckConstraint("designed_hours > 0", name="designed_hours_positive"),
        CheckConstraint("pass_mark BETWEEN 0 AND 100", name="pass_mark_range"),
        CheckConstraint("required_share > 0 AND required_share <= 1", name="required_share_range"),
    )

    course_code: str = refers_to("courses.code", index=False)
    label: str = Field(sa_column=sorted_text(nullable=False))
    introduced_on: date
    designed_hours: int | None = None
    pass_mark: Decimal | None = quantity(5, 2)
    required_share: Decimal | None = quantity(4, 3)
    language_code: str | None = None
    objectives: str | None = None
