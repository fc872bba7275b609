"""What people's parts in trainings may be. Pure: no database, no HTTP."""

from datetime import date
from enum import StrEnum, auto
from typing import Final

from chassis.errors import invalid

from trainings.domain.words import in_words


class EnrollmentRole(StrEnum):
    """What an enrolled person does in a training."""

    participant = auto()


class EnrollmentStatus(StrEnum):
    """How far a seat is. Completed is what a standing completion makes it, and nothing else."""

    nominated = auto()
    vetting = auto()
    cleared = auto()
    enrolled = auto()
    attending = auto()
    completed = auto()
    rejected = auto()
    withdrawn = auto()
    no_show = auto()
    failed = auto()
    incomplete = auto()


NEXT_ENROLLMENT_STATUS: Final = {
    EnrollmentStatus.nominated: {EnrollmentStatus.vetting, EnrollmentStatus.cleared, EnrollmentStatus.withdrawn},
    EnrollmentStatus.vetting: {EnrollmentStatus.cleared, EnrollmentStatus.rejected, EnrollmentStatus.withdrawn},
    EnrollmentStatus.cleared: {
        EnrollmentStatus.vetting,
        EnrollmentStatus.enrolled,
        EnrollmentStatus.withdrawn,
        EnrollmentStatus.no_show,
    },
    EnrollmentStatus.enrolled: {
        EnrollmentStatus.vetting,
        EnrollmentStatus.attending,
        EnrollmentStatus.withdrawn,
        EnrollmentStatus.no_show,
    },
    EnrollmentStatus.attending: {
        EnrollmentStatus.withdrawn,
        EnrollmentStatus.failed,
        EnrollmentStatus.incomplete,
    },
    EnrollmentStatus.completed: set[EnrollmentStatus](),
    EnrollmentStatus.rejected: set[EnrollmentStatus](),
    EnrollmentStatus.withdrawn: set[EnrollmentStatus](),
    EnrollmentStatus.no_show: set[EnrollmentStatus](),
    EnrollmentStatus.failed: set[EnrollmentStatus](),
    EnrollmentStatus.incomplete: set[EnrollmentStatus](),
}


class Level(StrEnum):
    """The rank group of a person at the time of a training."""

    line = auto()
    mid = auto()
    senior = auto()
    academy_instructor = auto()


class InstructorRole(StrEnum):
    """What an instructor does in a training. Only who leads it hands on what they learnt."""

    lead = auto()
    co_instructor = auto()
    observer = auto()
    interpreter = auto()


class CertificationKind(StrEnum):
    """What a certification says."""

    instructor = auto()
    master_trainer = auto()
    completion = auto()


def check_completion(completed_on: date, starts_on: date, today: date) -> None:
    """Raise where a completion is before its training, or has not happened yet."""
    if completed_on < starts_on:
        raise invalid("#/completed_on", "before_start", f"The training starts on {in_words(starts_on)}.")
    if completed_on > today:
        raise invalid(
            "#/completed_on", "in_future", f"Today is {in_words(today)} (UTC); record it when it has happened."
        )
