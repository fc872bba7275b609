"""Vetting: who may take a seat. Pure: no database, no HTTP."""

from enum import StrEnum, auto


class VettingResult(StrEnum):
    """What a vetting came to; nothing is kept of why."""

    pending = auto()
    approved = auto()
    rejected = auto()
    suspended = auto()
    canceled = auto()


class VettingBasis(StrEnum):
    """Whether a seat needs a clearance. Not recorded: it was given before clearances were kept here."""

    required = auto()
    not_required = auto()
    not_recorded = auto()
