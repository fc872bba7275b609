"""What courses, trainings, people and counts may be. Pure: no database, no HTTP. Terms as in docs/glossary.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum, auto
from typing import Final

from chassis.errors import invalid

SMALL_CELL: Final = 5
"""A number of people below this could point at one of them."""


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


class Sex(StrEnum):
    """Shown as recorded, never assumed."""

    female = auto()
    male = auto()
    not_recorded = auto()


class BirthPrecision(StrEnum):
    """How much of a birth date is known. A year alone is written as its 1 January."""

    day = auto()
    year = auto()
    not_recorded = auto()


class EnrollmentRole(StrEnum):
    """What an enrolled person does in a training."""

    participant = auto()


class InstructorRole(StrEnum):
    """What an instructor does in a training."""

    lead = auto()


class PeopleMeasure(StrEnum):
    """The counts of people that this service can answer."""

    instructors_trained = auto()
    officers_trained = auto()


class LeftOut(StrEnum):
    """Why a completion of a measure's family is not counted. The first that holds is the one."""

    voided = auto()
    after_as_of = auto()
    other_provider = auto()
    other_venue = auto()
    other_program = auto()
    no_lead = auto()
    lead_not_trained_by_agency = auto()


METHOD_VERSION: Final = "1"
METHODS: Final = {
    PeopleMeasure.instructors_trained: (
        "Distinct persons with a completion of a training whose course is a training of trainers and whose provider "
        "is one of the agencies."
    ),
    PeopleMeasure.officers_trained: (
        "Distinct persons with a completion of a training that is not a training of trainers and that was led by "
        "somebody who, before it began, had completed a training of trainers provided by one of the agencies."
    ),
}
LEFT_OUT_WORDS: Final = {
    LeftOut.voided: "The completion or its training was entered in error and voided.",
    LeftOut.after_as_of: "Completed after the as-of date.",
    LeftOut.other_provider: "The training was provided by another agency.",
    LeftOut.other_venue: "The training took place at another kind of venue.",
    LeftOut.other_program: "The training belongs to another program, or to none.",
    LeftOut.no_lead: "No lead instructor is recorded for the training.",
    LeftOut.lead_not_trained_by_agency: (
        "No lead had completed a training of trainers of one of the agencies before the training began."
    ),
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


def check_completion(completed_on: date, starts_on: date, today: date) -> None:
    """Raise where a completion is before its training, or has not happened yet."""
    if completed_on < starts_on:
        raise invalid("#/completed_on", "before_start", f"The training starts on {in_words(starts_on)}.")
    if completed_on > today:
        raise invalid(
            "#/completed_on", "in_future", f"Today is {in_words(today)} (UTC); record it when it has happened."
        )


def check_birth(birth_date: date | None, precision: BirthPrecision, today: date) -> None:
    """Raise unless a birth date and its precision fit each other. The date is never quoted: it is personal."""
    if precision is BirthPrecision.not_recorded:
        if birth_date is not None:
            raise invalid(
                "#/birth_precision", "precision_needed", "Say whether the birth date is known to the `day` or `year`."
            )
        return
    if birth_date is None:
        raise invalid("#/birth_date", "missing", f"Give the birth date that is known to the {precision}.")
    if precision is BirthPrecision.year and (birth_date.month, birth_date.day) != (1, 1):
        raise invalid("#/birth_date", "not_a_year", "Where only the year is known, write its 1 January.")
    if birth_date > today:
        raise invalid("#/birth_date", "in_future", "The birth date is in the future.")


def check_names(names: Sequence[str | None]) -> None:
    """Raise where a person has no name at all."""
    if not any(names):
        raise invalid("#/given_name", "name_needed", "Give at least one name.")


def in_words(day: date) -> str:
    """A date as people say it: 1 March 2016."""
    return f"{day.day} {day:%B %Y}"


def describe_rule(
    measure: PeopleMeasure,
    as_of: date,
    nationality_code: str | None,
    agency_codes: Sequence[str],
    venue_kind: VenueKind | None,
    program_code: str | None,
) -> str:
    """The counting rule with what a series declares filled in."""
    declared = [
        f"nationality {nationality_code}" if nationality_code else "any nationality",
        f"trainers trained by {' or '.join(agency_codes)}" if agency_codes else "trainers trained by any agency",
        f"venue {venue_kind}" if venue_kind else "any venue",
        f"program {program_code}" if program_code else "any program or none",
    ]
    return f"{METHODS[measure]} Here: {', '.join(declared)}; completed on or before {in_words(as_of)}."


@dataclass(frozen=True, slots=True)
class Cell:
    """Some completions and the distinct persons behind them. Hidden numbers are null."""

    completions: int | None
    persons: int | None
    trainings: int | None = None

    def hide(self) -> "Cell":
        """The cell without its numbers."""
        return replace(self, completions=None, persons=None, trainings=None)


def is_small(persons: int) -> bool:
    """Whether a number of people could point at one of them."""
    return 0 < persons < SMALL_CELL


def hide_small_cells(cells: Sequence[Cell]) -> list[Cell]:
    """The cells of one total with the small ones hidden, and never one alone: the total would give it away."""
    hidden = {place for place, cell in enumerate(cells) if is_small(cell.persons or 0)}
    if len(hidden) == 1:
        rest = [place for place, cell in enumerate(cells) if place not in hidden and cell.persons]
        hidden.update(sorted(rest, key=lambda place: cells[place].persons or 0)[:1])
    return [cell.hide() if place in hidden else cell for place, cell in enumerate(cells)]


def hide_small_account(counted: Cell, left_out: Mapping[LeftOut, Cell]) -> tuple[Cell, dict[LeftOut, Cell]]:
    """What was counted and left out, small cells hidden. What was voided is in no total: it hides by itself."""
    reasons: list[LeftOut] = [reason for reason in left_out if reason is not LeftOut.voided]
    counted, *rest = hide_small_cells([counted, *(left_out[reason] for reason in reasons)])
    shown = dict(zip(reasons, rest, strict=True))
    if voided := left_out.get(LeftOut.voided):
        shown[LeftOut.voided] = voided.hide() if is_small(voided.persons or 0) else voided
    return counted, {reason: shown[reason] for reason in left_out}
