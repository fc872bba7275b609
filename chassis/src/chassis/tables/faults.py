"""What is wrong in a row of a file, and how the refusals of bodies and rules are told there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import ValidationError

from chassis.errors import DomainError


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong in a row: of which field, and how to mend it."""

    field: str | None
    code: str
    message: str


class Refusal(NamedTuple):
    """Why a cell cannot be read."""

    code: str
    message: str


class RefusedCell(Exception):
    """A cell that cannot be read."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def refusals_of_body(error: ValidationError) -> Iterator[RowError]:
    """What a form would answer: each by the first name of the body that it is about, empty where of the whole."""
    for each in error.errors(include_input=False, include_url=False):
        name = str(each["loc"][0]) if each["loc"] else ""
        message = str(each["msg"]).removeprefix("Value error, ")
        yield RowError(name, each["type"], message.rstrip(".") + ".")


def refusals_of_rule(refused: DomainError) -> Iterator[RowError]:
    """What a rule says, by the names of the body that it points at, empty where of the whole."""
    if not refused.errors:
        yield RowError("", refused.code, refused.detail)
    for each in refused.errors:
        yield RowError((each.pointer or "").removeprefix("#/"), each.code, each.message)
