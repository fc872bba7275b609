"""A check: every row evaluated, what it would do noted on it, and kept for the commit."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from chassis.tokens import Caller
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.domain import RosterChanged, RosterField, RosterHasErrors, RowOutcome
from trainings.models import RosterImport
from trainings.service.roster_imports.assessing import Plan
from trainings.service.roster_imports.evaluating import Progress, evaluate, load_rows
from trainings.service.roster_imports.papers import Tools, count_rows, update_rows
from trainings.service.roster_imports.plans import drop_plans, keep_part, note_basis, pack, read_head
from trainings.service.roster_imports.writing import describe

_WRITTEN = frozenset({RowOutcome.new, RowOutcome.changed, RowOutcome.unchanged})
_EXCLUDE = text("""
    UPDATE roster_import_rows
    SET outcome = 'excluded', codes = '{}', findings = NULL, training_id = NULL, enrollment_id = NULL, person_id = NULL,
        fingerprint = NULL, version = version + 1
    WHERE roster_import_id = :id AND is_excluded
""")


@dataclass(slots=True)
class Found:
    """What a check found, over all rows."""

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: dict[tuple[str | None, str], dict[str, Any]] = field(default_factory=dict)
    trainings: set[uuid.UUID] = field(default_factory=set)
    warned: int = 0

    def add(self, plans: Sequence[Plan]) -> None:
        """Count some rows more."""
        for plan in plans:
            self.outcomes[plan.outcome] += 1
            self.warned += bool(plan.warnings)
            if plan.matched.training is not None:
                self.trainings.add(plan.matched.training.id)
            for error in plan.draft.errors:
                fault = self.faults.setdefault(
                    (error.field, error.code),
                    {
                        "field": error.field if error.field in set(RosterField) else None,
                        "column": error.field,
                        "code": error.code,
                        "message": error.message,
                        "rows": 0,
                        "example_row": plan.draft.number,
                    },
                )
                fault["rows"] += 1

    def counts(self) -> dict[str, int]:
        """How many rows there are, and of each outcome."""
        of_outcomes = {str(outcome): self.outcomes[outcome] for outcome in RowOutcome}
        return {"rows": self.outcomes.total()} | of_outcomes | {"with_warnings": self.warned}

    def note_on(self, one: RosterImport, tools: Tools) -> None:
        """Write to the import what was found."""
        details = tools.open(one.details, "details", one.id)
        headers = {column["field"]: column["header"] for column in details["columns"] if column["field"]}
        faults = [fault | {"column": headers.get(fault["column"])} for fault in self.faults.values()]
        details["faults"] = sorted(faults, key=lambda fault: (-fault["rows"], fault["example_row"]))
        one.details = tools.seal(details, "details", one.id)
        one.counts = self.counts()


async def check_rows(
    session: AsyncSession, caller: Caller, tools: Tools, one: RosterImport, on_progress: Progress | None = None
) -> Found:
    """Note on each row what it would do, and keep that for the commit."""
    head = await read_head(session)
    await drop_plans(session, one.id)
    found = Found()
    part = 0
    async with aclosing(evaluate(session, caller, tools, one, on_progress)) as pieces:
        async for plans in pieces:
            rows, packed = await asyncio.to_thread(_note, plans, one, tools, part, found)
            await update_rows(
                session, "roster_import_rows", ("roster_import_id", "number"), rows, also="version = t.version + 1"
            )
            await keep_part(session, one.id, part, packed)
            part += 1
    await (await session.connection()).execute(_EXCLUDE, {"id": one.id})
    found.outcomes[RowOutcome.excluded] = await count_rows(session, one.id) - found.outcomes.total()
    await note_basis(session, caller, tools, one, head, found.trainings)
    return found


def _note(
    plans: Sequence[Plan], one: RosterImport, tools: Tools, part: int, found: Found
) -> tuple[list[dict[str, Any]], bytes]:
    found.add(plans)
    intents = [describe(plan, tools) for plan in plans if plan.outcome in _WRITTEN]
    import_id = one.id
    return [_row_of(plan, import_id, tools) for plan in plans], pack(intents, tools, import_id, part)


async def check_again(session: AsyncSession, caller: Caller, tools: Tools, one: RosterImport) -> None:
    """Keep anew what the rows would write; raise unless each would do what was shown of it when it was checked."""
    await drop_plans(session, one.id)
    found = Found()
    differing: int | None = None
    part = after = 0
    columns = ("number", "outcome", "person_id", "findings")
    async with aclosing(evaluate(session, caller, tools, one)) as pieces:
        async for plans in pieces:
            found.add(plans)
            last = plans[-1].draft.number if plans else after
            shown = {row.number: row for row in await load_rows(session, one.id, after, None, *columns, until=last)}
            after = last
            differing = differing or await asyncio.to_thread(_find_differing, plans, shown, tools, one.id)
            intents = [describe(plan, tools) for plan in plans if plan.outcome in _WRITTEN]
            await keep_part(session, one.id, part, await asyncio.to_thread(pack, intents, tools, one.id, part))
            part += 1
    found.outcomes[RowOutcome.excluded] = await count_rows(session, one.id) - found.outcomes.total()
    counts = found.counts()
    if counts[RowOutcome.error] or counts[RowOutcome.possible_duplicate]:
        raise RosterHasErrors(
            "Since the check some rows have become wrong, or somebody like them was recorded. Check the import again.",
            counts=counts,
        )
    if differing is not None:
        raise RosterChanged(
            f"Records have changed since the check: row {differing} would not do any more what was shown. "
            "Check the import again."
        )


def _find_differing(plans: Sequence[Plan], shown: dict[int, Any], tools: Tools, import_id: uuid.UUID) -> int | None:
    for plan in plans:
        paper = shown[plan.draft.number]
        checked = tools.open(paper.findings, "findings", import_id, paper.number) or {}
        changes = [list(change) for change in plan.changes]
        same_person = plan.matched.person_id == paper.person_id
        if plan.outcome != paper.outcome or not same_person or changes != checked.get("changes", []):
            return plan.draft.number
    return None


def _row_of(plan: Plan, import_id: uuid.UUID, tools: Tools) -> dict[str, Any]:
    matched = plan.matched
    return {
        "roster_import_id": import_id,
        "number": plan.draft.number,
        "outcome": str(plan.outcome),
        "codes": [f"{error.field or ''}:{error.code}" for error in (*plan.draft.errors, *plan.warnings)],
        "findings": tools.seal(findings_of(plan), "findings", import_id, plan.draft.number),
        "training_id": matched.training.id if matched.training else None,
        "enrollment_id": matched.seat.id if matched.seat is not None else None,
        "person_id": matched.person_id,
    }


def findings_of(plan: Plan) -> dict[str, Any]:
    """What is shown of a row."""
    return {
        "errors": [[error.field, error.code, error.message] for error in plan.draft.errors],
        "changes": [list(change) for change in plan.changes],
        "candidates": [
            [one.person_id and str(one.person_id), one.name, one.score, one.reasons, one.row]
            for one in plan.matched.candidates
        ],
        "warnings": [[error.field, error.code, error.message] for error in plan.warnings],
    }
