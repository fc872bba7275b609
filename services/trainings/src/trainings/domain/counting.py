"""What counts of people are made of, and what is hidden of them. Pure: no database, no HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
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
    other_training = auto()


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
    hidden = small_places([cell.persons or 0 for cell in cells])
    return [cell.hide() if place in hidden else cell for place, cell in enumerate(cells)]


def hide_small_account(counted: Cell, left_out: Mapping[LeftOut, Cell]) -> tuple[Cell, dict[LeftOut, Cell]]:
    """What was counted and left out, small cells hidden. What was voided is in no total: it hides by itself."""
    reasons: list[LeftOut] = [reason for reason in left_out if reason is not LeftOut.voided]
    counted, *rest = hide_small_cells([counted, *(left_out[reason] for reason in reasons)])
    shown = dict(zip(reasons, rest, strict=True))
    if voided := left_out.get(LeftOut.voided):
        shown[LeftOut.voided] = voided.hide() if is_small(voided.persons or 0) else voided
    return counted, {reason: shown[reason] for reason in left_out}


class LevelRecorded(StrEnum):
    """A level, or that none is recorded."""

    line = auto()
    mid = auto()
    senior = auto()
    academy_instructor = auto()
    not_recorded = auto()


class OutsideReason(StrEnum):
    """Why no tier is known of a training."""

    no_lead = auto()
    lead_of_unknown_tier = auto()


class CascadeFlag(StrEnum):
    """What makes one look twice at what was handed on."""

    mixed_team = auto()
    far_from_the_source = auto()
    older_course_version = auto()
    hours_short = auto()


FAR_TIER: Final = 3
"""Each step loses something, so from here on a training is flagged."""
LEAST_HOURS_SHARE: Final = Decimal("0.8")
"""Of the hours that it was designed for; a training that delivered less is flagged."""
OUTSIDE_WORDS: Final = {
    OutsideReason.no_lead: "No lead instructor is recorded.",
    OutsideReason.lead_of_unknown_tier: (
        "Of a lead instructor nothing says who trained them: no training of trainers completed before this one began, "
        "or no certification that held."
    ),
}
CASCADE_METHOD_VERSION: Final = "1"
CASCADE_RULE: Final = (
    "Tier 1 is led by partners' own instructors. Any other training is one tier above the highest of its leads; a lead "
    "comes from the lowest tier at which they completed a training of trainers before it began, and who holds "
    "certifications for its course hands on only what one of them covers on its first day. Persons are distinct, with "
    "a completion by the as-of date."
)
COUNT_METHOD_VERSION: Final = "1"
COUNT_METHODS: Final = {
    TrainingMeasure.persons: (
        "Distinct persons with at least one completion. Where trainings have only a headcount it is a range: at least "
        "the larger of the distinct persons by name and the largest headcount, at most these persons and all others."
    ),
    TrainingMeasure.attendances: (
        "Pairs of person and training where the person attended, by the roster, and beside them those of headcounts "
        "that no roster names."
    ),
    TrainingMeasure.completions: "Pairs of person and training with a completion; a headcount says nothing of it.",
    TrainingMeasure.certifications: "Certifications issued, those that have ended since included.",
    TrainingMeasure.contact_hours: (
        "Hours of attendance at sessions, or of the seat where none is taken; the least where some are not recorded."
    ),
}
COUNT_UNITS: Final = {
    TrainingMeasure.persons: "persons",
    TrainingMeasure.attendances: "attendances",
    TrainingMeasure.completions: "completions",
    TrainingMeasure.certifications: "certifications",
    TrainingMeasure.contact_hours: "hours",
}
_BY_COMPLETION: Final = "By the day of completion; a headcount by the last day of its training."
_BY_END: Final = "By the day of completion, without one by the last day of the training."
PERIOD_RULES: Final = {
    TrainingMeasure.persons: _BY_COMPLETION,
    TrainingMeasure.attendances: _BY_END,
    TrainingMeasure.completions: "By the day of completion.",
    TrainingMeasure.certifications: "By the day of issue.",
    TrainingMeasure.contact_hours: _BY_END,
}
PART_LEFT_OUT_WORDS: Final = {
    PartLeftOut.voided: "It was entered in error and voided, itself or with its training.",
    PartLeftOut.not_attended: "The person did not attend.",
    PartLeftOut.not_completed: "The person attended and did not complete.",
    PartLeftOut.before_period: "Before the first day of the period.",
    PartLeftOut.after_period: "After the as-of date.",
    PartLeftOut.other_nationality: "The person has another nationality.",
    PartLeftOut.other_sex: "The person's sex is recorded otherwise, or not.",
    PartLeftOut.other_level: "The person's level is recorded otherwise, or not.",
    PartLeftOut.other_country: "The training was for people of other countries.",
    PartLeftOut.other_host_country: "The training took place in another country.",
    PartLeftOut.other_program: "The training belongs to another program, or to none.",
    PartLeftOut.other_agency: "Another agency provided the training or issued the certification.",
    PartLeftOut.other_funder: "Another agency paid for the training, or none is recorded.",
    PartLeftOut.other_course: "It is of another course.",
    PartLeftOut.other_course_type: "The course is of another type.",
    PartLeftOut.other_venue: "The training took place at another kind of venue.",
    PartLeftOut.other_tier: "The training is of another tier, or of none.",
    PartLeftOut.other_training: "It is of another training than those that were named.",
}


def first_day(fiscal_year: int) -> date:
    """Of the US fiscal year that is named by the year in which it ends."""
    return date(fiscal_year - 1, 10, 1)


def last_day(fiscal_year: int) -> date:
    """As `first_day`."""
    return date(fiscal_year, 9, 30)


def year_before(day: date) -> date:
    """The same day a year before; of 29 February the 28th."""
    return day.replace(year=day.year - 1) if (day.month, day.day) != (2, 29) else date(day.year - 1, 2, 28)


def small_places(persons: Sequence[int]) -> set[int]:
    """Which of the cells of one total are hidden: the small ones, and never one alone, which the total would tell."""
    hidden = {place for place, count in enumerate(persons) if is_small(count)}
    if len(hidden) == 1:
        rest = [place for place, count in enumerate(persons) if place not in hidden and count]
        hidden.update(sorted(rest, key=lambda place: persons[place])[:1])
    return hidden
