"""Agencies and programs, looked up at the programs service and kept as local rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from chassis.references import KeptKind, keep, look_up

from chassis import references
from trainings.models import AgencyRef, ProgramRef

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


__all__ = ["Owner", "Ref", "keep", "look_up"]
