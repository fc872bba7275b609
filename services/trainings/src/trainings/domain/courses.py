"""What courses and trainings may be. Pure: no database, no HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum, auto
from typing import Final

from chassis.errors import invalid

from trainings.domain.transitions import check_transition
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


@dataclass(frozen=True, slots=True)
class Headcount:
    """How many were there, by sex as far as that was counted. Never made of a roster, and never a count of people."""

    female: int
    male: int
    not_recorded: int

    @property
    def total(self) -> int:
        """All who were there."""
        return self.female + self.male + self.not_recorded


def split_headcount(total: int, female: int, male: int) -> Headcount:
    """The headcount whose remainder is of people whose sex was not recorded."""
    if total < female + male:
        raise invalid(
            "#/headcount/total",
            "below_parts",
            f"The total is less than the {female} women and {male} men together, {female + male}.",
        )
    return Headcount(female, male, total - female - male)


def check_training_transition(current: TrainingStatus, to: TrainingStatus) -> None:
    """Raise unless a training may go on so."""
    check_transition("A training", current, to, NEXT_TRAINING_STATUS)


def check_co_providers(provider: str, co_providers: Sequence[str]) -> None:
    """Raise where an agency is said to provide a training together with itself."""
    if provider in co_providers:
        pointer = f"#/co_provider_agency_codes/{co_providers.index(provider)}"
        raise invalid(pointer, "itself", f"{provider} is the provider already; name the others here.")


def check_session(held_on: date, starts_on: date, ends_on: date) -> None:
    """Raise where a session is not held while its training lasts."""
    if not starts_on <= held_on <= ends_on:
        raise invalid(
            "#/held_on",
            "outside_training",
            f"The training lasts from {in_words(starts_on)} to {in_words(ends_on)}; change its dates first.",
        )


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
