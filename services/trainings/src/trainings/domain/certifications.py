"""What a certification says on a day. Pure: no database, no HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum, auto
from typing import Final

from chassis.errors import Conflict, invalid

from trainings.domain.words import in_words


class CertificationKind(StrEnum):
    """What a certification says."""

    instructor = auto()
    master_trainer = auto()
    completion = auto()


# Those that say that somebody may lead a course.
LEADING_KINDS: Final = frozenset({CertificationKind.instructor, CertificationKind.master_trainer})


class CertificationStatus(StrEnum):
    """What a certification is on a day. The later ones win over the earlier."""

    provisional = auto()
    active = auto()
    expiring = auto()
    expired = auto()
    renewed = auto()
    suspended = auto()
    revoked = auto()


@dataclass(frozen=True, slots=True)
class Suspension:
    """Days on which a certification does not hold, the first and the last included; without a last one until now."""

    starts_on: date
    ends_on: date | None

    def covers(self, day: date) -> bool:
        """Whether the day is one of them."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True, slots=True)
class CertificationTerm:
    """When a certification holds: from its issue to its last day, but for suspensions, until it is revoked."""

    issued_on: date
    expires_on: date | None = None
    is_provisional: bool = False
    revoked_on: date | None = None
    renewed_on: date | None = None
    suspensions: Sequence[Suspension] = ()

    def holds_on(self, day: date) -> bool:
        """Whether it holds on the day. What is provisional holds too, and what was renewed as long as it lasts."""
        return (
            self.issued_on <= day
            and (self.expires_on is None or day <= self.expires_on)
            and (self.revoked_on is None or day < self.revoked_on)
            and not any(one.covers(day) for one in self.suspensions)
        )

    def status_on(self, day: date, expiring_days: int) -> CertificationStatus | None:
        """What it is on the day: expiring within `expiring_days` of its last day, null before its issue."""
        if day < self.issued_on:
            return None
        ends_on = self.expires_on or date.max
        found = {
            CertificationStatus.revoked: self.revoked_on is not None and day >= self.revoked_on,
            CertificationStatus.suspended: any(one.covers(day) for one in self.suspensions),
            CertificationStatus.renewed: self.renewed_on is not None and day >= self.renewed_on,
            CertificationStatus.expired: day > ends_on,
            CertificationStatus.provisional: self.is_provisional,
            CertificationStatus.expiring: ends_on - day <= timedelta(days=expiring_days),
            CertificationStatus.active: True,
        }
        return next(status for status, is_so in found.items() if is_so)


def check_certification_dates(issued_on: date, expires_on: date | None, today: date) -> None:
    """Raise where a certification is issued in the future, or ends before it begins."""
    if issued_on > today:
        raise invalid("#/issued_on", "in_future", f"Today is {in_words(today)} (UTC); record it when it is issued.")
    if expires_on is not None and expires_on <= issued_on:
        raise invalid("#/expires_on", "before_issue", f"It is issued on {in_words(issued_on)}; it ends after that.")


def check_not_revoked(revoked_on: date | None) -> None:
    """Raise where a certification was revoked: that is for good."""
    if revoked_on is not None:
        raise Conflict(f"This certification was revoked on {in_words(revoked_on)}, for good. Issue another.")


def check_leader(terms: Sequence[CertificationTerm], starts_on: date) -> None:
    """Raise where somebody was certified to lead a course, and none of it holds on the first day of a training."""
    if terms and not any(term.holds_on(starts_on) for term in terms):
        raise invalid(
            "#/person_id",
            "certification_not_valid",
            f"None of the certifications of this person for the course holds on {in_words(starts_on)}, when the "
            "training starts. Record a renewal, or another lead.",
        )
