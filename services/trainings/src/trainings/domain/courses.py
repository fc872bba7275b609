"""What courses and trainings may be. Pure: no database, no HTTP."""

from datetime import date
from enum import StrEnum, auto
from typing import Final

from chassis.errors import invalid

from trainings.domain.words import in_words


class CourseType(StrEnum):
    """What a course is for. Completers of a training of trainers teach others."""

    basic = auto()
    advanced = auto()
    training_of_trainers = auto()
    management = auto()
    specialized = auto()


class VenueKind(StrEnum):
    """Where a training takes place."""

    host_country = auto()
    united_states = auto()
    third_country = auto()
    online = auto()


class DeliveryMode(StrEnum):
    """How a training is given."""

    in_person = auto()
    online = auto()
    blended = auto()


class TrainingStatus(StrEnum):
    """How far a training is."""

    planned = auto()
    confirmed = auto()
    in_progress = auto()
    completed = auto()
    reported = auto()
    postponed = auto()
    canceled = auto()


NEXT_TRAINING_STATUS: Final = {
    TrainingStatus.planned: {TrainingStatus.confirmed, TrainingStatus.postponed, TrainingStatus.canceled},
    TrainingStatus.confirmed: {TrainingStatus.in_progress, TrainingStatus.postponed, TrainingStatus.canceled},
    TrainingStatus.postponed: {TrainingStatus.planned, TrainingStatus.canceled},
    TrainingStatus.in_progress: {TrainingStatus.completed, TrainingStatus.canceled},
    TrainingStatus.completed: {TrainingStatus.reported},
    TrainingStatus.reported: set[TrainingStatus](),
    TrainingStatus.canceled: set[TrainingStatus](),
}


def check_course(course_type: CourseType, code: str, qualifies_for: str | None) -> None:
    """Raise where a course that trains no trainers, or trains for itself, is said to qualify for another."""
    if qualifies_for is None:
        return
    if course_type is not CourseType.training_of_trainers:
        raise invalid(
            "#/qualifies_for_course_code",
            "only_training_of_trainers",
            "Only a training of trainers qualifies its completers to lead another course.",
        )
    if qualifies_for == code:
        raise invalid("#/qualifies_for_course_code", "itself", "A course does not qualify for itself; name the other.")


def check_training_dates(starts_on: date, ends_on: date) -> None:
    """Raise where a training ends before it starts."""
    if ends_on < starts_on:
        raise invalid("#/ends_on", "before_start", f"The end is before the start, {in_words(starts_on)}.")
