"""Agencies and programs of the programs service, and trainings, looked up there and kept as local rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from chassis.references import KeptKind, keep, look_up

from chassis import references
from funding.models import AgencyRef, ProgramRef, TrainingRef

Ref = references.Kept
_NAME: Final = "programs"
_KINDS: Final[Mapping[type[Ref], KeptKind]] = {
    AgencyRef: KeptKind("/v1/agencies", "agency", ("name", "kind")),
    ProgramRef: KeptKind("/v1/programs", "program", ("title",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner(references.Owner):
    """The programs service, asked in the name of one caller."""

    name: str = _NAME
    kinds: Mapping[type[Ref], KeptKind] = field(default_factory=lambda: _KINDS)


_TRAININGS: Final[Mapping[type[Ref], KeptKind]] = {
    TrainingRef: KeptKind(
        "/v1/trainings",
        "training",
        (
            "code", "title", "course_code", "program_code", "beneficiary_country_codes", "starts_on", "ends_on",
            "is_voided",
        ),
        key="id",
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingsOwner(references.Owner):
    """The trainings service, asked in the name of one caller."""

    name: str = "trainings"
    kinds: Mapping[type[Ref], KeptKind] = field(default_factory=lambda: _TRAININGS)


__all__ = ["Owner", "Ref", "TrainingsOwner", "keep", "look_up"]
