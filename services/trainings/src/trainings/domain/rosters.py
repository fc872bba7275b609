"""What people's parts in trainings may be. Pure: no database, no HTTP."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum, auto
from typing import Final

from chassis.errors import Conflict, FieldError, Invalid, invalid

from trainings.domain.transitions import IllegalTransition, check_transition
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


# Seats that nobody takes without a clearance, or a reason why none is needed.
CLEARED_STATUSES: Final = frozenset({EnrollmentStatus.cleared, EnrollmentStatus.enrolled, EnrollmentStatus.attending})
# Those from which a training is completed are the same: whoever was cleared may have come.
COMPLETABLE_STATUSES: Final = CLEARED_STATUSES


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


def check_completion(completed_on: date, starts_on: date, today: date) -> None:
    """Raise where a completion is before its training, or has not happened yet."""
    if completed_on < starts_on:
        raise invalid("#/completed_on", "before_start", f"The training starts on {in_words(starts_on)}.")
    if completed_on > today:
        raise invalid(
            "#/completed_on", "in_future", f"Today is {in_words(today)} (UTC); record it when it has happened."
        )


def check_enrollment_transition(current: EnrollmentStatus, to: EnrollmentStatus) -> None:
    """Raise unless a seat may become so by hand."""
    if to is EnrollmentStatus.completed and current in COMPLETABLE_STATUSES:
        raise IllegalTransition("A seat is completed by recording its completion, not by hand.")
    check_transition("An enrollment", current, to, NEXT_ENROLLMENT_STATUS)


def check_first_status(status: EnrollmentStatus) -> None:
    """Raise where a seat would begin as completed: that is what a completion says."""
    if status is EnrollmentStatus.completed:
        raise invalid("#/status", "by_completion", "Record the seat as `enrolled`, and then its completion.")


def check_completable(status: EnrollmentStatus) -> None:
    """Raise unless a seat of this status may be completed. Of one that is, its record says so."""
    if status in COMPLETABLE_STATUSES or status is EnrollmentStatus.completed:
        return
    following = sorted(NEXT_ENROLLMENT_STATUS[status])
    way = f"It may become {', '.join(following)} first." if following else "It is closed, for good."
    raise Conflict(f"The seat is {status}; only one that is cleared, enrolled or attending is completed. {way}")


def check_voidable(status: EnrollmentStatus) -> None:
    """Raise where a seat is completed: what completed it was entered in error too, and is voided first."""
    if status is EnrollmentStatus.completed:
        raise Conflict("The seat is completed. Void its completion first, and then the seat.")


def check_age(birth_date: date | None, starts_on: date, least_years: int) -> None:
    """Raise where somebody is surely too young on the first day. The date is never quoted: it is personal.

    Of a year alone its 1 January is known, which is on the safe side for whom it is about.
    """
    if birth_date is None:
        return
    years = starts_on.year - birth_date.year - ((starts_on.month, starts_on.day) < (birth_date.month, birth_date.day))
    if years < least_years:
        raise invalid(
            "#/person_id",
            "too_young",
            f"By their recorded birth date this person is not yet {least_years} when the training starts.",
        )


def check_attendance(hours: Decimal, session_hours: Decimal) -> None:
    """Raise where somebody attends for longer than the session."""
    if hours > session_hours:
        raise invalid("#/hours", "longer_than_session", f"The session has {_short(session_hours)} hours.")


@dataclass(frozen=True, slots=True)
class CompletionRule:
    """What a course asks for, and what somebody did. What is null is not asked for, or not known."""

    designed_hours: int | None
    required_share: Decimal
    attended_hours: Decimal | None
    pass_mark: Decimal | None
    post_score: Decimal | None


def check_completion_rule(rule: CompletionRule) -> None:
    """Raise with all that is missing to a completion. Hours that nobody took, or that no course asks for, are none."""
    missing = []
    if rule.designed_hours is not None and rule.attended_hours is not None:
        needed = rule.designed_hours * rule.required_share
        if rule.attended_hours < needed:
            missing.append(
                FieldError(
                    "hours_short",
                    f"{_short(rule.attended_hours)} hours were attended; {_short(needed)} of {rule.designed_hours} "
                    "are needed. Record the hours that are missing, or that the seat is `incomplete`.",
                    pointer="#/enrollment_id",
                )
            )
    if rule.pass_mark is not None and (rule.post_score is None or rule.post_score < rule.pass_mark):
        found = "No score after the training is recorded" if rule.post_score is None else f"{_short(rule.post_score)}"
        missing.append(
            FieldError(
                "score_missing" if rule.post_score is None else "score_below_pass_mark",
                f"{found}; the pass mark is {_short(rule.pass_mark)}. Record the score as `post_score` of the "
                "enrollment, or that the seat is `failed`.",
                pointer="#/enrollment_id",
            )
        )
    if missing:
        raise Invalid("The completion rule of the course is not met.", missing)


def _short(number: Decimal) -> str:
    return format(number.quantize(Decimal("0.01")), "f").rstrip("0").rstrip(".")
