"""A form as it was sent, and what of it somebody typed. Pure: no framework."""

from dataclasses import dataclass
from typing import Final

# What a form carries beside what somebody types into it, by name or by how the name begins.
CARRIED: Final = frozenset(
    {
        "form_token",
        "key",
        "version",
        "conflict",
        "seat",
        "stage",
        "then",
        "training_id",
        "undecided",
        "merge_id",
        "stands",
    }
)
CARRIED_SO: Final = ("was.", "base.", "theirs.", "pick.", "show.")


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form as they came, some of them maybe more than once."""

    pairs: tuple[tuple[str, str], ...]

    def get(self, name: str, default: str = "") -> str:
        """A field; of one that stands twice the last."""
        return next((value for one, value in reversed(self.pairs) if one == name), default)

    def all(self, name: str) -> list[str]:
        """All of a field that may stand more than once."""
        return [value for one, value in self.pairs if one == name]

    @property
    def kept(self) -> list[tuple[str, str, bool]]:
        """What is sent again where a form could not be taken: each field, and whether somebody typed it."""
        return [(name, value, is_typed(name)) for name, value in self.pairs if name != "form_token"]


def is_typed(name: str) -> bool:
    """Whether a field of a form is one that somebody types into."""
    return name not in CARRIED and not name.startswith(CARRIED_SO)


def label_of(name: str) -> str:
    """What a field is called where its form is not at hand: `mine.post_score` as `Post score`."""
    words = name.rpartition(".")[2].replace("_", " ")
    return words[:1].upper() + words[1:]
