"""What counts of people are made of, and what is hidden of them. Pure: no database, no HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum, auto
from typing import Final

from trainings.domain.courses import VenueKind
from trainings.domain.words import in_words

SMALL_CELL: Final = 5
"""A number of people below this could point at one of them."""


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


class TrainingMeasure(StrEnum):
    """What of trainings is counted. They are four different things and a sum of hours, and are never added up."""

    persons = auto()
    attendances = auto()
    completions = auto()
    certifications = auto()
    contact_hours = auto()


class Dimension(StrEnum):
    """What counts can be grouped by."""

    nationality = auto()
    sex = auto()
    level = auto()
    country = auto()
    host_country = auto()
    program = auto()
    agency = auto()
    funder = auto()
    course = auto()
    course_type = auto()
    venue = auto()
    tier = auto()
    fiscal_year = auto()
    calendar_year = auto()


class PartLeftOut(StrEnum):
    """Why a seat or a certification is not counted. The first that holds is the one."""

    voided = auto()
    not_attended = auto()
    not_completed = auto()
    before_period = auto()
    after_period = auto()
    other_nationality = auto()
    other_sex = auto()
    other_level = auto()
    other_country = auto()
    other_host_country = auto()
    other_program = auto()
    other_agency = auto()
    other_funder = auto()
    other_course = auto()
    other_course_type = auto()
    other_venue = auto()
    other_tier = auto()


METHOD_VERSION: Final = "2"
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
