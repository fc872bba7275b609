"""Which status may follow which. Pure: no database, no HTTP."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from chassis.errors import Conflict

Status = TypeVar("Status", bound=StrEnum)


class IllegalTransition(Conflict):
    """A status that cannot follow the present one."""

    code = "illegal_transition"
    title = "This status cannot follow the present one"


def check_transition(what: str, current: Status, to: Status, following: Mapping[Status, set[Status]]) -> None:
    """Raise unless `what`, which is `current`, may become `to`; say what it may become."""
    allowed = following[current]
    if to not in allowed:
        named = ", ".join(sorted(allowed)) or "nothing else"
        raise IllegalTransition(f"{what} that is {current} cannot become {to}; it may become {named}.")
