"""Records as forms have them: fields as text, what was changed, and where two editors disagree. Pure: no framework."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Any, Final

from web import words

WAS: Final = "was."
BASE: Final = "base."
MINE: Final = "mine."
THEIRS: Final = "theirs."
PICK: Final = "pick."


class Kind(StrEnum):
    """How a field is typed, and what it is to the API."""

    line = auto()
    area = auto()
    date = auto()
    decimal = auto()
    integer = auto()
    choice = auto()
    codes = auto()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form, by the API's name of it."""

    name: str
    label: str
    kind: Kind = Kind.line
    hint: str = ""
    choices: Sequence[str] = ()
    nothing: str = "Not recorded"
    is_required: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)

    def to_text(self, value: object) -> str:
        """What stands in the form for what the API says."""
        if value is None:
            return ""
        if self.kind is Kind.codes and isinstance(value, list):
            return ", ".join(str(code) for code in value)
        return self.tidy(str(value))

    def tidy(self, text: str) -> str:
        """Typed text as it is kept: lines end as everywhere but in forms, and 30.00 is 30."""
        text = text.replace("\r\n", "\n").strip()
        if self.kind is Kind.decimal:
            return words.write_plain(text)
        if self.kind is Kind.codes:
            return ", ".join(text.upper().replace(",", " ").split())
        return text

    def to_wire(self, text: str) -> object:
        """What the API is told for what was typed. What makes no sense goes as it is: the API says what is wrong."""
        text = self.tidy(text)
        if self.kind is Kind.codes:
            return text.split(", ") if text else []
        if self.kind is Kind.integer and text.isascii() and text.isdigit():
            return int(text)
        return text or None

    def say(self, text: str) -> str:
        """A value for a reader."""
        if not text:
            return "nothing"
        if self.kind is Kind.choice:
            return self.labels.get(text) or words.write_title(text)
        if self.kind is Kind.date:
            return words.write_typed_day(text)
        return text


@dataclass(frozen=True, slots=True)
class Line:
    """What a field was, what one editor made of it and what the other did."""

    field: Field
    was: str
    mine: str
    theirs: str
    picked: str = ""

    @property
    def is_open(self) -> bool:
        """Whether somebody must choose: both changed it, and not to the same."""
        return self.theirs != self.was and self.mine not in (self.was, self.theirs)

    @property
    def is_changed(self) -> bool:
        """Whether anybody changed it."""
        return self.was != self.mine or self.was != self.theirs

    @property
    def proposed(self) -> str:
        """Whose is taken: the one that was chosen, else that of who changed it; empty where nobody can know."""
        if self.picked or self.is_open:
            return self.picked
        return "mine" if self.mine != self.was else "theirs"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form said of a record: in which version, and each field before and after, tidy."""

    version: int
    was: dict[str, str]
    typed: dict[str, str]
    undecided: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    is_partly_saved: bool = False

    @property
    def changed(self) -> list[str]:
        """The names of the fields that differ from what they were."""
        return [name for name, text in self.typed.items() if text != self.was[name]]


def to_texts(fields: Sequence[Field], record: Mapping[str, Any]) -> dict[str, str]:
    """A record as its form has it."""
    return {one.name: one.to_text(record.get(one.name)) for one in fields}


def read_sent(fields: Sequence[Field], get: Callable[[str], str]) -> Sent:
    """A form that was sent: plain, or from the page on which two editors' values were chosen from."""
    version = get("version")
    was = {one.name: one.tidy(get(WAS + one.name)) for one in fields}
    typed = dict[str, str]()
    undecided, lines = list[str](), list[Line]()
    for one in fields:
        if not get("conflict"):
            typed[one.name] = one.tidy(get(one.name))
            continue
        base, mine, theirs = (one.tidy(get(where + one.name)) for where in (BASE, MINE, THEIRS))
        picked = get(PICK + one.name)
        line = Line(one, base, mine, theirs, picked if picked in {"mine", "theirs"} else "")
        lines.append(line)
        match line.proposed:
            case "mine":
                typed[one.name] = mine
            case "theirs":
                typed[one.name] = theirs
            case _:
                typed[one.name] = theirs
                undecided.append(one.name)
    return Sent(int(version) if version.isdecimal() else 0, was, typed, undecided, lines)


def compare(fields: Sequence[Field], sent: Sent, theirs: Mapping[str, str]) -> list[Line]:
    """Each field as it was, as one editor typed it, and as the other has left it."""
    return [Line(one, sent.was[one.name], sent.typed[one.name], theirs[one.name]) for one in fields]
