"""Who among the records a row may be about, where nothing says so for certain: found by marks, scored as everywhere.

Most of those with a mark in common are nobody alike. What no name could outweigh is seen before anybody is scored.
"""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from chassis.tokens import Caller
from rapidfuzz import fuzz
from sqlalchemy import Boolean, literal_column
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import names, queries
from trainings.domain import BirthPrecision, Sex
from trainings.models import Person
from trainings.names import Profile
from trainings.privacy import MasterKey, read_birth_date
from trainings.queries.filters import any_of
from trainings.service.identity import names_of
from trainings.service.roster_imports.known import Known, load_people, load_roots
from trainings.service.roster_imports.matching import SHOWN_CANDIDATES, Candidate, Matched, score_alike

MOST_CANDIDATES: Final = 50
"""With so many others a row is compared."""
_READ_AT_ONCE: Final = 5_000
_MOST_KEPT: Final = 40_000
_MOST_MARKED: Final = 500_000
_PEOPLE: Final = Person.__table__  # type: ignore[attr-defined]
_NEEDED: Final = (
    (names.NAMES_DIFFER, 0),
    (0, names.DIFFERENT_BELOW),
    (names.NAMES_ALIKE, names.ALIKE_AT),
    (names.NAMES_EQUAL, names.EQUAL_AT),
)
"""For so many points the names must be so much alike."""


@dataclass(frozen=True, slots=True)
class Outline:
    """Of a record or a row what is looked at first."""

    profile: Profile
    sorted_words: str
    joined_words: str

    @classmethod
    def of(cls, profile: Profile) -> "Outline":
        """As names are compared: words sorted, words joined."""
        words = names.words(profile.names.latin)
        keys = [word for word in words if word not in names.PARTICLES] or words
        return cls(profile, " ".join(sorted(keys)), "".join(words))

    def may_be(self, other: "Outline") -> bool:
        """False where no likeness of the names would be enough; else somebody scores them."""
        one, another = self.profile, other.profile
        if one.documents and another.documents:
            return True
        points = names.POSSIBLE_AT - names.score_without_names(one, another)
        needed = next((alike for given, alike in _NEEDED if given >= points), None)
        if needed is None:
            return False
        if not needed or (one.names.full_name_original and another.names.full_name_original):
            return True
        # A hair below, for what is rounded there is not rounded here.
        return (
            fuzz.ratio(self.sorted_words, other.sorted_words, score_cutoff=needed - 0.5) > 0
            or fuzz.ratio(self.joined_words, other.joined_words, score_cutoff=needed - 0.5) > 0
        )


@dataclass(slots=True)
class Likenesses:
    """Who was looked at, over all rows of an import: the same people come up again and again."""

    caller: Caller
    key: MasterKey
    country_code: str
    _kept: dict[uuid.UUID, Outline] = field(default_factory=dict)
    _marked: dict[bytes, list[uuid.UUID]] = field(default_factory=dict)
    # The rows before that are somebody new, by what those alike would share.
    _rows: dict[object, list[tuple[int, Outline]]] = field(default_factory=lambda: defaultdict(list))

    async def find(self, session: AsyncSession, known: Known, rows: Sequence[Matched]) -> None:
        """Note for each row that is of nobody yet who is alike."""
        unknown = {
            row.draft.number: row
            for row in rows
            if row.training is not None and row.person_id is None and not row.candidates
            and row.draft.said.get("seat") is None
        }  # fmt: skip
        marks = await asyncio.to_thread(self._mark, unknown)
        found = await self._find_sharing(session, marks)
        await self._look_at(session, {one for people in found.values() for one in people})
        likely = await asyncio.to_thread(self._sift, unknown, found)
        people = {one for some in likely.values() for one in some}
        await load_people(session, self.caller, known, people)
        await load_roots(session, known, people)
        await asyncio.to_thread(self._score, unknown, known, likely)

    def _score(self, unknown: Mapping[int, Matched], known: Known, likely: Mapping[int, Sequence[uuid.UUID]]) -> None:
        for number, row in unknown.items():
            if number in likely:
                score_alike(row, known, likely[number])
            self._compare_with_rows(number, row)
            if row.is_new:
                row.told_apart, row.candidates = row.candidates, []

    def _compare_with_rows(self, number: int, row: Matched) -> None:
        """Whoever is alike among the rows before, by the rules of two records."""
        mine = Outline.of(row.profile())
        found: dict[int, Outline] = {}
        keys, looks = _keys_of(mine.profile)
        for key in looks:
            found |= dict(self._rows.get(key, ()))
        for other, outline in found.items():
            if mine.may_be(outline):
                scored = names.score(mine.profile, outline.profile)
                if scored.band is not None:
                    name = outline.profile.names.latin
                    row.candidates.append(Candidate(None, name, scored.points, list(scored.reasons), other))
        row.candidates.sort(key=lambda one: -one.score)
        del row.candidates[SHOWN_CANDIDATES:]
        for key in keys:
            alike = self._rows[key]
            alike.append((number, mine))
            del alike[:-MOST_CANDIDATES]

    def _mark(self, unknown: Mapping[int, Matched]) -> dict[int, tuple[list[bytes], list[bytes]]]:
        wanted = {}
        for number, row in unknown.items():
            nationality = row.draft.said.get("nationality_code") or self.country_code
            countries = sorted({self.country_code, nationality})
            every = names.match_keys(countries, row.names, row.birth_date, row.precision)
            if every:
                first = names.birth_keys(countries, row.birth_date, row.precision)
                row.match_marks = self.key.marks("match", every)
                wanted[number] = (row.match_marks, self.key.marks("match", first))
        return wanted

    async def _find_sharing(
        self, session: AsyncSession, wanted: Mapping[int, tuple[list[bytes], list[bytes]]]
    ) -> dict[int, list[uuid.UUID]]:
        """For rows, by number, the people with one of their marks: those with one of the first before all others.

        Rows of one file share most marks, and those of many people are the slow ones: each is asked for once.
        """
        if sum(map(len, self._marked.values())) + len(self._marked) > _MOST_MARKED:
            self._marked.clear()
        asked = {mark for every, _ in wanted.values() for mark in every if mark not in self._marked}
        self._marked |= await queries.find_marked(session, sorted(asked), MOST_CANDIDATES)
        found = {}
        for number, (every, firsts) in wanted.items():
            if people := queries.rank_marked(self._marked, every, firsts)[:MOST_CANDIDATES]:
                found[number] = people
        return found

    async def _look_at(self, session: AsyncSession, people: Collection[uuid.UUID]) -> None:
        """Open whoever has not been looked at yet."""
        if len(self._kept) + len(people) > _MOST_KEPT:
            self._kept = {one: kept for one, kept in self._kept.items() if one in people}
        missing = [one for one in people if one not in self._kept]
        connection = await session.connection()
        for start in range(0, len(missing), _READ_AT_ONCE):
            statement = (
                select(_PEOPLE, _HAS_DOCUMENT)
                .where(queries.visible_to(self.caller), any_of(_PEOPLE.c.id, missing[start : start + _READ_AT_ONCE]))
            )  # fmt: skip
            rows = (await connection.execute(statement)).all()
            self._kept |= await asyncio.to_thread(self._open, rows)

    def _open(self, rows: Sequence[Any]) -> dict[uuid.UUID, Outline]:
        return {row.id: Outline.of(_profile(row, self.key.reveal(row))) for row in rows}

    def _sift(
        self, unknown: Mapping[int, Matched], found: Mapping[int, Sequence[uuid.UUID]]
    ) -> dict[int, list[uuid.UUID]]:
        likely = {}
        for number, people in found.items():
            mine = Outline.of(unknown[number].profile())
            some = [one for one in people if one in self._kept and mine.may_be(self._kept[one])]
            if some:
                likely[number] = some
        return likely


_HAS_DOCUMENT: Final = literal_column(
    "EXISTS (SELECT FROM identity_documents d WHERE d.person_id = people.id AND d.voided_at IS NULL)", Boolean
).label("has_document")


def _profile(person: Any, revealed: Mapping[str, str | None]) -> Profile:  # noqa: ANN401 - a row
    """Without a unit, which no row is compared by; of documents only whether there are any."""
    return Profile(
        names=names_of(revealed),
        sex=Sex(person.sex),
        birth_date=read_birth_date(revealed),
        birth_precision=BirthPrecision(person.birth_precision),
        documents=frozenset({("", "", b"")} if person.has_document else ()),
    )


def _keys_of(profile: Profile) -> tuple[list[object], list[object]]:
    """Under what a row is found among the rows of its file, and under what it looks for those alike.

    That is a document, the birth date, and the first surname by its sound, with the year of birth where both have one.
    """
    keys: list[object] = [("document", *document) for document in profile.documents]
    born = profile.birth_date
    if born is not None:
        keys.append(("born", born))
    if not profile.names.surnames:
        return keys, keys
    sound, year = names.sound_of(profile.names.surnames[0]), born and born.year
    looks = [("sound", sound, year), ("sound", sound, None)] if year else [("any", sound)]
    return [*keys, ("sound", sound, year), ("any", sound)], [*keys, *looks]
