"""All rows of an import at once: read, matched, assessed. The same at a check, at a correction and at the commit."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from chassis.errors import DomainError
from chassis.tables.mapping import mapping_of, texts_of
from chassis.tables.words import clean
from chassis.tokens import Caller
from sqlalchemy import or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.domain import DateOrder, RosterField
from trainings.models import RosterImport, RosterImportRow
from trainings.service.roster_imports import known as knowing
from trainings.service.roster_imports.assessing import Plan, assess, clearance_key, count_attendees
from trainings.service.roster_imports.columns import document_type_of
from trainings.service.roster_imports.drafts import Reading, read_draft
from trainings.service.roster_imports.known import Known, Printed
from trainings.service.roster_imports.likeness import Likenesses
from trainings.service.roster_imports.matching import (
    Matched,
    find_conflicts,
    find_person,
    find_repeats,
    find_training,
    note_document,
    note_fingerprint,
    who_of,
)
from trainings.service.roster_imports.papers import Tools
from trainings.service.roster_imports.vocabulary import letters_of

AT_ONCE: Final = 2_000
"""So many rows are held in memory, and as many again while those before them are assessed."""
Progress = Callable[[int], Awaitable[None]]
_ROWS: Final = RosterImportRow.__table__  # type: ignore[attr-defined]
_PAPER: Final = ("number", "is_excluded", "decision", "decided_person_id", "cells")


async def load_rows(
    session: AsyncSession,
    import_id: uuid.UUID,
    after: int = 0,
    limit: int | None = None,
    *columns: str,
    until: int | None = None,
) -> Sequence[Any]:
    """Rows of an import in the order of the file, those after a number; all columns where none is named."""
    named = [_ROWS.c[name] for name in columns] or [_ROWS]
    statement = select(*named).where(_ROWS.c.roster_import_id == import_id, _ROWS.c.number > after)
    if until is not None:
        statement = statement.where(_ROWS.c.number <= until)
    found = await (await session.connection()).execute(statement.order_by(_ROWS.c.number).limit(limit))
    return found.all()


async def evaluate(
    session: AsyncSession, caller: Caller, tools: Tools, one: RosterImport, on_progress: Progress | None = None
) -> AsyncGenerator[list[Plan], None]:
    """What each row that is not excluded would do, some rows at a time. While some are assessed the next are loaded."""
    every = _Evaluation(caller, tools, one, tools.open(one.details, "details", one.id))
    await every.prepare(session)
    assessing: asyncio.Task[list[Plan]] | None = None
    after = 0
    try:
        while papers := await load_rows(session, one.id, after, AT_ONCE, *_PAPER):
            after = papers[-1].number
            rows, known, cleared = await every.load(session, [paper for paper in papers if not paper.is_excluded])
            if assessing is not None:
                yield await assessing
            assessing = asyncio.create_task(asyncio.to_thread(every.assess, rows, known, cleared))
            if on_progress is not None:
                await on_progress(every.count(papers))
        if assessing is not None:
            yield await assessing
    finally:
        if assessing is not None and not assessing.done():
            await asyncio.wait([assessing])


@dataclass(slots=True)
class _Evaluation:
    """What all rows of an import are held against, and what is carried from one row to the next."""

    caller: Caller
    tools: Tools
    one: RosterImport
    details: dict[str, Any]
    mapping: dict[str, int] = field(init=False)
    reading: Reading = field(init=False)
    known: Known = field(init=False)
    likenesses: Likenesses = field(init=False)
    seen: Counter[bytes] = field(default_factory=Counter)
    first: dict[bytes, int] = field(default_factory=dict)
    earlier: dict[uuid.UUID, tuple[bytes, dict[str, int]]] = field(default_factory=dict)
    done: int = 0

    def __post_init__(self) -> None:
        self.mapping = mapping_of(self.details)
        self.known = Known(self.tools.key)
        self.likenesses = Likenesses(self.caller, self.tools.key, self.one.country_code)

    def count(self, papers: Sequence[Any]) -> int:
        """How many rows have been loaded by now."""
        self.done += len(papers)
        return self.done

    async def prepare(self, session: AsyncSession) -> None:
        """Look over all rows for what one row alone does not say, and load what is of all of them."""
        letters: set[str] = set()
        codes: set[str] = set()
        said: Counter[tuple[str, bytes]] = Counter()
        known, one = self.known, self.one
        known.has_earlier = await _has_earlier(session, one)
        after = 0
        while papers := await load_rows(session, one.id, after, AT_ONCE, "number", "cells", "is_excluded"):
            after = papers[-1].number
            await asyncio.to_thread(self._look_over, papers, letters, codes, said)
        headers = {column["field"]: column["header"] for column in self.details["columns"] if column["field"]}
        self.reading = Reading(
            date_order=DateOrder(one.date_order) if one.date_order else None,
            sex_letters=letters_of(letters),
            document_type=document_type_of(headers.get(RosterField.id_number, "")),
        )
        await knowing.load_trainings(session, known, one, codes)
        await knowing.load_leads(session, self.caller, known)
        await knowing.count_room(session, known)
        if RosterField.birth_date in self.mapping:
            await knowing.index_names(session, self.caller, known)
        for (code, who), rows in said.items():
            training = known.trainings.get(one.training_id) if one.training_id else known.codes.get(code)
            if rows > 1 and training is not None:
                known.alike_rows[training.id, who] = rows

    def _look_over(
        self, papers: Sequence[Any], letters: set[str], codes: set[str], said: Counter[tuple[str, bytes]]
    ) -> None:
        of_code = RosterField.training_code
        for paper in papers:
            if paper.is_excluded:
                continue
            texts = texts_of(self.tools.open(paper.cells, "cells", self.one.id, paper.number), self.mapping)
            letters.add(texts.get(RosterField.sex, ""))
            code = clean(texts[of_code]) if of_code in texts else ""
            codes.add(code)
            if self.known.has_earlier:
                who = who_of({name: clean(text) for name, text in texts.items()})
                said["" if self.one.training_id else code, who] += 1

    async def load(
        self, session: AsyncSession, papers: Sequence[Any]
    ) -> tuple[list[Matched], Known, dict[Any, list[str]]]:
        """Some rows, matched with the records that they are about."""
        known, caller = self.known.at_hand(), self.caller
        rows = await asyncio.to_thread(self._read, papers)
        said = [row.draft.said for row in rows]
        await knowing.load_seats(session, caller, known, {each["seat"] for each in said if each.get("seat")})
        await knowing.load_holders(session, caller, known, [row.document[1] for row in rows if row.document])
        prints = [row.fingerprint for row in rows if row.fingerprint]
        await knowing.load_printed(session, caller, known, self.one, prints)
        await self._load_earlier(session, {one.import_id for some in known.printed.values() for one in some})
        decided = {row.paper.decided_person_id for row in rows if row.paper.decided_person_id is not None}
        named = [
            known.by_name.get(knowing.name_mark(row.training.id, row.name_key), [])
            for row in rows if row.training is not None and row.name_key is not None
        ]  # fmt: skip
        await knowing.load_people(session, caller, known, decided | {person for held in named for person in held})
        await knowing.load_seats_of(session, caller, known, known.people.keys())
        several = {person for held in (*known.holders.values(), *named) if len(held) > 1 for person in held}
        await knowing.load_roots(session, known, several)
        await knowing.load_seats_of(session, caller, known, {root for root in known.roots.values() if root is not None})
        await knowing.load_people(session, caller, known, {seat.person_id for seat in known.seats.values()})
        await asyncio.to_thread(self._find_people, rows, known)
        await self.likenesses.find(session, known, rows)
        await knowing.load_units(session, caller, known, {each["unit_code"] for each in said if each.get("unit_code")})
        keys = (clearance_key(row, known, self.tools.settings) for row in rows)
        cleared = await knowing.find_clearance_faults(session, list({key for key in keys if key is not None}))
        return rows, known, cleared

    async def _load_earlier(self, session: AsyncSession, ids: set[uuid.UUID]) -> None:
        """How the files of earlier imports were read."""
        missing = ids - self.earlier.keys()
        if missing:
            statement = select(RosterImport.id, RosterImport.file_sha256, RosterImport.details)
            rows = await (await session.connection()).execute(statement.where(col(RosterImport.id).in_(missing)))
            for import_id, digest, details in rows:
                opened = self.tools.open(details, "details", import_id)
                self.earlier[import_id] = digest, mapping_of(opened) if opened else {}

    def _read(self, papers: Sequence[Any]) -> list[Matched]:
        columns = frozenset(self.mapping)
        by_place = {place: name for name, place in self.mapping.items()}
        rows = []
        for paper in papers:
            cells = self.tools.open(paper.cells, "cells", self.one.id, paper.number)
            draft = read_draft(paper.number, texts_of(cells, self.mapping), self.reading)
            draft.corrected = frozenset(cells.get("c", ()))
            for place, code, message in cells.get("f", []):
                of_field = by_place.get(place)
                if of_field is not None and of_field not in cells.get("c", {}):
                    draft.refuse(of_field, code, message)
            row = Matched(draft, paper, columns=columns)
            find_training(row, self.known, self.one.training_id)
            note_fingerprint(row, self.tools.key)
            try:
                note_document(row, self.tools.key)
            except DomainError as refused:
                for each in refused.errors:
                    of_issuer = "issuer" in (each.pointer or "")
                    of_field = RosterField.id_country_code if of_issuer else RosterField.id_number
                    draft.refuse(of_field, each.code, each.message)
            rows.append(row)
        return rows

    def _find_people(self, rows: Sequence[Matched], known: Known) -> None:
        for row in rows:
            if known.has_earlier and row.fingerprint is not None:
                row.place_among_alike = self.seen[row.fingerprint]
                self.seen[row.fingerprint] += 1
            find_person(row, known)
            find_conflicts(row, known)
            if row.printed is not None:
                self._compare_with_earlier(row, row.printed)

    def _compare_with_earlier(self, row: Matched, printed: Printed) -> None:
        """Note what the row says as it did before: of that nothing is new."""
        digest, mapping = self.earlier[printed.import_id]
        if printed.cells is not None:
            cells = self.tools.open(printed.cells, "cells", printed.import_id, printed.number)
            before = {name: clean(text) for name, text in texts_of(cells, mapping).items()}
        else:  # they are not kept for ever
            before = row.draft.texts if digest == self.one.file_sha256 else {}
        draft = row.draft
        row.leave_out(
            name for name, text in draft.texts.items() if before.get(name) == text and name not in draft.corrected
        )

    def assess(self, rows: Sequence[Matched], known: Known, cleared: dict[Any, list[str]]) -> list[Plan]:
        """What these rows would do, after those before them."""
        find_repeats(rows, self.first)
        plans = [assess(row, known, self.one, self.tools.settings, cleared) for row in rows]
        count_attendees(plans, known)
        return plans


async def _has_earlier(session: AsyncSession, one: RosterImport) -> bool:
    """Whether an earlier import may have written rows that these are again."""
    statement = select(col(RosterImport.id)).where(
        RosterImport.stage == "committed",
        RosterImport.id != one.id,
    )
    if one.training_id is not None:
        statement = statement.where(
            or_(col(RosterImport.training_id).is_(None), col(RosterImport.training_id) == one.training_id)
        )
    return (await (await session.connection()).execute(statement.limit(1))).first() is not None
