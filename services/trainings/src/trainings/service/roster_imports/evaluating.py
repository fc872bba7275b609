"""All rows of an import at once: read, matched, assessed. The same at a check, at a correction and at the commit."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from chassis.errors import DomainError
from chassis.tokens import Caller
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import names
from trainings.domain import DateOrder, RosterField, RowOutcome
from trainings.models import RosterImport, RosterImportRow
from trainings.service.identity import names_of
from trainings.service.roster_imports import known as knowing
from trainings.service.roster_imports.assessing import Plan, assess, clearance_key, count_attendees
from trainings.service.roster_imports.columns import document_type_of
from trainings.service.roster_imports.drafts import Draft, Reading, read_draft
from trainings.service.roster_imports.known import Known
from trainings.service.roster_imports.matching import (
    Matched,
    find_conflicts,
    find_person,
    find_repeats,
    find_training,
    note_document,
    note_fingerprint,
    score_alike,
)
from trainings.service.roster_imports.papers import Tools
from trainings.service.roster_imports.vocabulary import letters_of


def mapping_of(details: dict[str, Any]) -> dict[str, int]:
    """The place among a row's texts of each field that a column is mapped to."""
    return {one["field"]: place for place, one in enumerate(details["columns"]) if one["field"] is not None}


def texts_of(cells: dict[str, Any], mapping: dict[str, int]) -> dict[str, str]:
    """What a row says by field: as the file has it, or as it was corrected."""
    texts = {name: cells["t"][place] for name, place in mapping.items() if place < len(cells["t"])}
    return texts | {name: text for name, text in cells.get("c", {}).items() if name in mapping}


async def load_rows(session: AsyncSession, one: RosterImport) -> list[RosterImportRow]:
    """All rows of an import, in the order of the file."""
    statement = select(RosterImportRow).where(RosterImportRow.roster_import_id == one.id)
    return list((await session.exec(statement.order_by(col(RosterImportRow.number)))).all())


async def evaluate(
    session: AsyncSession, caller: Caller, tools: Tools, one: RosterImport, papers: Sequence[RosterImportRow]
) -> list[Plan]:
    """What each row that is not excluded would do."""
    details = tools.open(one.details, "details", one.id)
    mapping = mapping_of(details)
    papers = [paper for paper in papers if not paper.is_excluded]
    drafts = await asyncio.to_thread(_read_drafts, tools, one, details, mapping, papers)
    known = Known(tools.key)
    codes = {draft.said["training_code"] for draft in drafts if draft.said.get("training_code")}
    await knowing.load_trainings(session, known, one, codes)
    columns = frozenset(mapping)
    rows = [Matched(draft, paper, columns=columns) for draft, paper in zip(drafts, papers, strict=True)]
    await asyncio.to_thread(_note, rows, known, one, tools)
    await _load(session, caller, known, one, rows)
    await asyncio.to_thread(_find_people, rows, known)
    await _find_candidates(session, caller, tools, known, one, rows)
    keys = (clearance_key(row, known, tools.settings) for row in rows)
    asked = list({key for key in keys if key is not None})
    cleared = await knowing.find_clearance_faults(session, asked)
    return await asyncio.to_thread(_assess_all, rows, known, one, tools, cleared)


def _read_drafts(
    tools: Tools, one: RosterImport, details: dict[str, Any], mapping: dict[str, int], papers: Sequence[RosterImportRow]
) -> list[Draft]:
    opened = [tools.open(paper.cells, "cells", one.id, paper.number) for paper in papers]
    texts = [texts_of(cells, mapping) for cells in opened]
    headers = {column["field"]: column["header"] for column in details["columns"] if column["field"]}
    reading = Reading(
        date_order=DateOrder(one.date_order) if one.date_order else None,
        sex_letters=letters_of(row.get(RosterField.sex, "") for row in texts),
        document_type=document_type_of(headers.get(RosterField.id_number, "")),
    )
    by_place = {place: name for name, place in mapping.items()}
    drafts = []
    for paper, row, cells in zip(papers, texts, opened, strict=True):
        draft = read_draft(paper.number, row, reading)
        for place, code, message in cells.get("f", []):
            of_field = by_place.get(place)
            if of_field is not None and of_field not in cells.get("c", {}):
                draft.refuse(of_field, code, message)
        drafts.append(draft)
    return drafts


def _note(rows: Sequence[Matched], known: Known, one: RosterImport, tools: Tools) -> None:
    for row in rows:
        find_training(row, known, one.training_id)
        note_fingerprint(row, tools.key)
        try:
            note_document(row, tools.key)
        except DomainError as refused:
            for each in refused.errors:
                of_field = RosterField.id_country_code if "issuer" in (each.pointer or "") else RosterField.id_number
                row.draft.refuse(of_field, each.code, each.message)


async def _load(
    session: AsyncSession, caller: Caller, known: Known, one: RosterImport, rows: Sequence[Matched]
) -> None:
    said = [row.draft.said for row in rows]
    await knowing.load_roster(session, caller, known, {each["seat"] for each in said if each.get("seat")})
    await knowing.load_holders(session, caller, known, [row.document[1] for row in rows if row.document])
    await knowing.load_printed(session, known, one, [row.fingerprint for row in rows if row.fingerprint])
    decided = {row.paper.decided_person_id for row in rows if row.paper.decided_person_id is not None}
    await knowing.load_people(session, caller, known, decided)
    await knowing.load_units(session, caller, known, {each["unit_code"] for each in said if each.get("unit_code")})
    await asyncio.to_thread(knowing.index_names, known)
    several = {one for held in (*known.holders.values(), *known.by_name.values()) if len(held) > 1 for one in held}
    await knowing.load_roots(session, known, several)


def _find_people(rows: Sequence[Matched], known: Known) -> None:
    alike = Counter(row.fingerprint for row in rows if row.fingerprint is not None)
    seen: dict[bytes, int] = defaultdict(int)
    for row in rows:
        if row.fingerprint is not None:
            row.place_among_alike = seen[row.fingerprint]
            seen[row.fingerprint] += 1
        find_person(row, known, alike[row.fingerprint] if row.fingerprint is not None else 0)
        find_conflicts(row, known)


async def _find_candidates(
    session: AsyncSession, caller: Caller, tools: Tools, known: Known, one: RosterImport, rows: Sequence[Matched]
) -> None:
    unknown = {
        row.draft.number: row
        for row in rows
        if row.training is not None and row.person_id is None and not row.candidates
        and row.draft.said.get("seat") is None
    }  # fmt: skip

    def marks() -> dict[int, tuple[list[bytes], list[bytes]]]:
        wanted = {}
        for number, row in unknown.items():
            nationality = row.draft.said.get("nationality_code") or one.country_code
            countries = sorted({one.country_code, nationality})
            found = names_of(row.personal())
            every = names.match_keys(countries, found, row.birth_date, row.precision)
            first = names.birth_keys(countries, row.birth_date, row.precision)
            if every:
                wanted[number] = (tools.key.marks("match", every), tools.key.marks("match", first))
        return wanted

    alike = await knowing.find_alike(session, caller, known, await asyncio.to_thread(marks))
    await knowing.load_roots(session, known, {person_id for found in alike.values() for person_id in found})

    def score() -> None:
        for number, people in alike.items():
            row = unknown[number]
            score_alike(row, known, people)
            if row.is_new:
                row.told_apart, row.candidates = row.candidates, []

    await asyncio.to_thread(score)


def _assess_all(
    rows: Sequence[Matched], known: Known, one: RosterImport, tools: Tools, cleared: dict[Any, list[str]]
) -> list[Plan]:
    find_repeats(rows)
    plans = [assess(row, known, one, tools.settings, cleared) for row in rows]
    count_attendees(plans, known)
    return plans


def count_outcomes(plans: Sequence[Plan], papers: Sequence[RosterImportRow]) -> dict[str, int]:
    """How many rows there are, and of each outcome."""
    counted = Counter(str(plan.outcome) for plan in plans)
    counted[RowOutcome.excluded] = sum(paper.is_excluded for paper in papers)
    return {"rows": len(papers)} | {str(outcome): counted[outcome] for outcome in RowOutcome}


def list_faults(plans: Sequence[Plan], details: dict[str, Any]) -> list[dict[str, Any]]:
    """What is wrong by column: how many rows, and one of them."""
    headers = {column["field"]: column["header"] for column in details["columns"] if column["field"]}
    found: dict[tuple[str | None, str], dict[str, Any]] = {}
    for plan in plans:
        for error in plan.draft.errors:
            fault = found.setdefault(
                (error.field, error.code),
                {
                    "field": error.field if error.field in set(RosterField) else None,
                    "column": headers.get(error.field),
                    "code": error.code,
                    "message": error.message,
                    "rows": 0,
                    "example_row": plan.draft.number,
                },
            )
            fault["rows"] += 1
    return sorted(found.values(), key=lambda fault: (-fault["rows"], fault["example_row"]))


def findings_of(plan: Plan) -> dict[str, Any]:
    """What is shown of a row."""
    return {
        "errors": [[error.field, error.code, error.message] for error in plan.draft.errors],
        "changes": [list(change) for change in plan.changes],
        "candidates": [[str(one.person_id), one.name, one.score, one.reasons] for one in plan.matched.candidates],
    }
