"""Words of cells: which value of a closed list a text says. What is not known is proposed, never guessed."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Final, Generic, TypeVar

from rapidfuzz import fuzz, process

NEAR: Final = 72
"""From this likeness on a known word is proposed."""
Value = TypeVar("Value", bound=StrEnum)
_WORD: Final = re.compile(r"[a-z0-9]+")
_PARTS: Final = re.compile(r"[_\-./]+")


class UnknownWord(ValueError):
    """A cell that says nothing known, with what it may have meant."""


def clean(text: str) -> str:
    """A cell's text in its normal form, on one line, without spaces around or twice in a row."""
    found = " ".join((text if text.isascii() else unicodedata.normalize("NFC", text)).split())
    # A sign before what looks like a formula: as templates, and Excel itself, make text of it.
    return found[1:] if found[:1] == "'" and found[1:2] in {"=", "+", "-", "@"} else found


def fold(text: str) -> str:
    """A text in small Latin letters and digits without accents, words parted by one space."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(_WORD.findall(plain.lower()))


def key_of(text: str, folded: Callable[[str], str] = fold) -> str:
    """What two spellings of one word share."""
    return folded(_PARTS.sub(" ", text))


class Vocabulary(Generic[Value]):
    """The values of `kind` and how people write each: words parted by `|`, or by spaces where there is none."""

    def __init__(self, kind: type[Value], written: Mapping[Value, str], folded: Callable[[str], str] = fold) -> None:
        self._kind = kind
        self._folded = folded
        self._words: dict[str, Value] = {}
        for value, words in written.items():
            for word in (value.value, *_listed(words)):
                self._words[key_of(word, folded)] = value

    def read(self, text: str) -> Value:
        """The value that a cell says; `UnknownWord` with a proposal where none."""
        key = key_of(text, self._folded)
        if key in self._words:
            return self._words[key]
        near = process.extractOne(key, list(self._words), scorer=fuzz.WRatio, score_cutoff=NEAR) if key else None
        hint = f"Did you mean {self._words[near[0]]}?" if near else f"Write one of: {', '.join(self._kind)}."
        raise UnknownWord(f"“{text}” is not known here. {hint}")

    def find(self, text: str) -> Value | None:
        """The value that stands somewhere in a text, such as a header; None where none or several do."""
        key = f" {key_of(text, self._folded)} "
        found = {value for word, value in self._words.items() if f" {word} " in key}
        return found.pop() if len(found) == 1 else None


def _listed(written: str) -> Iterable[str]:
    return written.split("|") if "|" in written else written.split()
