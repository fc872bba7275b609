"""Names of people: how they are folded, what is looked up of them, and how much speaks for two being one. Pure.

Nothing here decides that two records are one person: a score proposes, somebody decides.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from anyascii import anyascii
from rapidfuzz import fuzz

from trainings.domain import BirthPrecision, DuplicateBand, Sex

# As rosters abbreviate them; a search finds a name by either form.
ABBREVIATIONS: Final = {"ma": "maria", "fco": "francisco", "fca": "francisca", "gpe": "guadalupe"}
# Written or left out at will: no key of a name has them.
PARTICLES: Final = frozenset({"de", "del", "la", "las", "los", "y", "ben", "bin", "al", "el"})
# So frequent where we work that sharing one says half as much.
COMMON_SURNAMES: Final = frozenset(
    {
        "garcia", "gonzalez", "hernandez", "lopez", "martinez", "perez", "ramirez", "rodriguez", "sanchez", "ahmed",
        "ali", "khan", "mohamed", "mohammed", "muhammad", "hussain", "alaoui", "idrissi",
    }
)  # fmt: skip
BEGINNING_LENGTH: Final = 3
"""A word is found by a beginning of so many characters or more."""

# Starting weights in the manner of log odds. They are not tuned: nobody has told us yet which proposals were right.
BIRTH_DATE_EQUAL: Final = 6
BIRTH_YEAR_EQUAL: Final = 2
BIRTH_DIFFERS: Final = -6
NAMES_EQUAL: Final = 4
NAMES_ALIKE: Final = 2
NAMES_DIFFER: Final = -4
SAME_UNIT_OR_AGENCY: Final = 1
SEX_DIFFERS: Final = -4
SAME_DOCUMENT: Final = 9
DOCUMENT_DIFFERS: Final = -8
EQUAL_AT: Final = 95
ALIKE_AT: Final = 85
DIFFERENT_BELOW: Final = 70
LIKELY_SAME_AT: Final = 9
POSSIBLE_AT: Final = 4

_APOSTROPHES: Final = re.compile("['`\u00b4\u02b9-\u02bf\u2018-\u201b\u2032\u055a]")
_ASCII_APOSTROPHES: Final = str.maketrans("", "", "'`")
_WORD: Final = re.compile("[a-z0-9]+")
# Vowel signs, tatweel and the small letters above and below: written or not, the word is the same.
_ARABIC_MARKS: Final = re.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]")
# By the letter that stands for them: the forms of alef, ya, ha with ta marbuta, waw, kaf.
_ARABIC_FORMS: Final = {
    "\u0627": "\u0623\u0625\u0622\u0671",
    "\u064a": "\u0649\u06cc\u0626",
    "\u0647": "\u0629\u06be\u06c1",
    "\u0648": "\u0624",
    "\u0643": "\u06a9",
}
_ARABIC_LETTERS: Final = str.maketrans({form: letter for letter, forms in _ARABIC_FORMS.items() for form in forms})
# What the field's languages write in several ways, one after the other, until only consonants are left.
_SOUNDS: Final = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("ph", "f"),
        ("kh|qu|ck|q", "k"),
        ("dj|gh?(?=[eiy])|x", "j"),
        ("c(?=[eiy])|z|sh|sch", "s"),
        ("ch|tch", "j"),
        ("c|gh", "k"),
        ("ll", "y"),
        ("v|w", "b"),
        ("dh", "d"),
        ("th", "t"),
        ("^h", ""),
        (r"(.)\1+", r"\1"),
        ("^[aeiouy]+", "a"),
        ("(?<!^)[aeiouyh]", ""),
    )
)


@dataclass(frozen=True, slots=True)
class Names:
    """What somebody is called, as it is recorded."""

    given_name: str | None
    surname_1: str | None
    surname_2: str | None
    full_name_original: str | None

    @property
    def latin(self) -> str:
        """All names but the original form; that one where there is no other."""
        parts = [part for part in (self.given_name, self.surname_1, self.surname_2) if part]
        return " ".join(parts) or self.full_name_original or ""

    @property
    def surnames(self) -> list[str]:
        """The words of the surnames; of somebody with none recorded, of the whole name."""
        parts = [part for part in (self.surname_1, self.surname_2) if part]
        return key_words(" ".join(parts)) or key_words(self.latin)


@dataclass(frozen=True, slots=True)
class Profile:
    """What is compared of a record. `documents`: keyed digests by issuer and type."""

    names: Names
    sex: Sex
    birth_date: date | None = None
    birth_precision: BirthPrecision = BirthPrecision.not_recorded
    unit: object = None
    agency: object = None
    documents: frozenset[tuple[str, str, bytes]] = frozenset()


@dataclass(frozen=True, slots=True)
class Score:
    """How much speaks for two records being one person, and why, in words that say nothing of either."""

    points: int
    reasons: tuple[str, ...]

    @property
    def band(self) -> DuplicateBand | None:
        """What it is proposed as; None where it is not."""
        if self.points >= LIKELY_SAME_AT:
            return DuplicateBand.likely_same
        return DuplicateBand.possible if self.points >= POSSIBLE_AT else None


def normalize_original(text: str) -> str:
    """A name in its own script, without what may be written or not."""
    if text.isascii():
        return text.translate(_ASCII_APOSTROPHES).lower()
    text = unicodedata.normalize("NFKC", _APOSTROPHES.sub("", text))
    return _ARABIC_MARKS.sub("", text).translate(_ARABIC_LETTERS).casefold()


def fold(text: str) -> str:
    """A name of any script in small Latin letters and digits, words parted by one space."""
    normal = normalize_original(text)
    if not text.isascii():
        normal = _APOSTROPHES.sub("", anyascii(normal)).lower()
    return " ".join(_WORD.findall(normal))


def words(text: str) -> list[str]:
    """The folded words of a name, abbreviations written out."""
    return [ABBREVIATIONS.get(word, word) for word in fold(text).split()]


def key_words(text: str) -> list[str]:
    """The same without particles, unless there is nothing else."""
    found = words(text)
    return [word for word in found if word not in PARTICLES] or found


def search_keys(names: Names) -> set[str]:
    """What somebody is found by: `=` and each word of the name, `^` and each beginning of one."""
    folded = f"{fold(names.latin)} {fold(names.full_name_original or '')}".split()
    found = {*folded, *(ABBREVIATIONS[word] for word in folded if word in ABBREVIATIONS)}
    beginnings = {word[:length] for word in found for length in range(BEGINNING_LENGTH, len(word) + 1)}
    return {f"={word}" for word in found} | {f"^{beginning}" for beginning in beginnings}


def wanted_keys(asked: str) -> list[set[str]]:
    """For each word of a search the keys of which one must be there. The last word may be a beginning."""
    folded = fold(asked).split()
    kept = [word for word in folded if word not in PARTICLES] or folded
    wanted = [{f"={word}", f"={ABBREVIATIONS.get(word, word)}"} for word in kept]
    if kept and len(kept[-1]) >= BEGINNING_LENGTH:
        wanted[-1].add(f"^{kept[-1]}")
    return wanted


def sound_of(word: str) -> str:
    """A small phonetic key: consonants as they sound in the field's languages, and whether a vowel comes first."""
    return _sound_of_letters(fold(word).replace(" ", ""))


@lru_cache(maxsize=10_000)
def _sound_of_letters(sound: str) -> str:
    for pattern, replacement in _SOUNDS:
        sound = pattern.sub(replacement, sound)
    return sound


def birth_keys(country_codes: Sequence[str], birth_date: date | None, precision: BirthPrecision) -> set[str]:
    """What two records of one person share first of all: country and birth date."""
    if birth_date is None or not _is_whole(birth_date, precision):
        return set()
    return {f"{country}|born|{birth_date.isoformat()}" for country in country_codes}


def match_keys(
    country_codes: Sequence[str], names: Names, birth_date: date | None, precision: BirthPrecision
) -> set[str]:
    """What two records of one person are likely to share: only records with one in common are compared."""
    found = birth_keys(country_codes, birth_date, precision)
    sounds = {sound_of(" ".join(key_words(names.surname_1)))} if names.surname_1 else set(map(sound_of, names.surnames))
    for country in country_codes:
        if birth_date is not None:
            found |= {f"{country}|year|{birth_date.year}|{word[0]}" for word in names.surnames}
        found |= {f"{country}|sound|{sound}" for sound in sounds if sound}
    return found


def compare_names(one: Names, other: Names) -> int:
    """From 0 to 100, the best of several forms: words sorted, words joined, the original script."""
    forms = [
        fuzz.token_sort_ratio(" ".join(key_words(one.latin)), " ".join(key_words(other.latin))),
        fuzz.ratio("".join(words(one.latin)), "".join(words(other.latin))),
    ]
    if one.full_name_original and other.full_name_original:
        originals = normalize_original(one.full_name_original), normalize_original(other.full_name_original)
        forms.append(fuzz.token_sort_ratio(*originals))
    return int(max(forms))


def score(one: Profile, other: Profile) -> Score:
    """What speaks for and against two records being one person."""
    parts = [_birth(one, other), _names(one, other), _place(one, other), _sex(one, other), *_documents(one, other)]
    found = [part for part in parts if part is not None]
    points = sum(points for points, _ in found)
    if one.documents & other.documents:
        points = max(points, POSSIBLE_AT)  # proposed, whatever speaks against it
    return Score(points, tuple(reason for _, reason in found))


def score_without_names(one: Profile, other: Profile) -> int:
    """What speaks for and against two records beside their names and documents: so much less, or more, names need."""
    parts = [_birth(one, other), _place(one, other), _sex(one, other)]
    return sum(part[0] for part in parts if part is not None)


def conflicts(one: Profile, other: Profile) -> list[str]:
    """What speaks against two records with the same document being one person."""
    found = []
    if _sex(one, other) is not None:
        found.append("sex differs")
    if one.birth_date is not None and other.birth_date is not None and one.birth_date.year != other.birth_date.year:
        found.append("birth year differs")
    return found


def _is_whole(birth_date: date, precision: BirthPrecision) -> bool:
    """Whether the day is known. A 1 January is most often a year whose day nobody knew."""
    return precision is BirthPrecision.day and (birth_date.month, birth_date.day) != (1, 1)


def _birth(one: Profile, other: Profile) -> tuple[int, str] | None:
    if one.birth_date is None or other.birth_date is None:
        return None
    if one.birth_date.year != other.birth_date.year:
        return BIRTH_DIFFERS, "birth year differs"
    both_whole = all(_is_whole(each.birth_date, each.birth_precision) for each in (one, other) if each.birth_date)
    if both_whole and one.birth_date == other.birth_date:
        return BIRTH_DATE_EQUAL, "birth date is the same"
    return BIRTH_YEAR_EQUAL, "birth year is the same"


def _names(one: Profile, other: Profile) -> tuple[int, str] | None:
    alike = compare_names(one.names, other.names)
    if alike < DIFFERENT_BELOW:
        return NAMES_DIFFER, f"names differ ({alike})"
    if alike < ALIKE_AT:
        return 0, f"names somewhat alike ({alike})"
    points = NAMES_EQUAL if alike >= EQUAL_AT else NAMES_ALIKE
    shared = set(one.names.surnames) & set(other.names.surnames)
    # Two surnames in common are rare, however common each is.
    if len(shared) == 1 and shared <= COMMON_SURNAMES:
        return points // 2, f"names alike ({alike}), with a common surname"
    return points, f"names alike ({alike})"


def _place(one: Profile, other: Profile) -> tuple[int, str] | None:
    if one.unit is not None and one.unit == other.unit:
        return SAME_UNIT_OR_AGENCY, "unit is the same"
    if one.agency is not None and one.agency == other.agency:
        return SAME_UNIT_OR_AGENCY, "agency is the same"
    return None


def _sex(one: Profile, other: Profile) -> tuple[int, str] | None:
    if Sex.not_recorded in {one.sex, other.sex} or one.sex == other.sex:
        return None
    return SEX_DIFFERS, "sex differs"


def _documents(one: Profile, other: Profile) -> list[tuple[int, str]]:
    if one.documents & other.documents:
        return [(SAME_DOCUMENT, "identity document is the same")]
    kinds = {document[:2] for document in one.documents} & {document[:2] for document in other.documents}
    return [(DOCUMENT_DIFFERS, "identity documents of one kind differ")] if kinds else []
