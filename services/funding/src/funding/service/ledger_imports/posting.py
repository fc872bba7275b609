"""Many entries in one statement, so that the rules look at what they come to together; and which of them break one."""

import json
import time
import uuid
from collections.abc import Sequence
from typing import Any, Final

from chassis.errors import DomainError
from chassis.problems import from_database
from chassis.tokens import Caller
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from funding.domain import HOW_TO_MEND, EntryKind, LedgerRefused
from funding.models import LedgerImport
from funding.service.ledger import refuse_breach
from funding.service.ledger_imports.evaluating import Plan, note_refusal
from funding.service.words import CONSTRAINT_WORDS

MOST_REFUSED: Final = 100
"""So many rows that break a rule are told at once; what comes after the last of them is not looked at."""
LONGEST_SECONDS: Final = 12.0
"""So long a check looks for the rows that break rules: whoever asked for it waits."""
_SERVER_ERROR: Final = 500
_SOMEBODY_ELSE: Final = "somebody else"
# In one statement: an entry names its proposal, and a proposal may name an entry of the same file.
_POST: Final = text("""
    WITH said AS (
      SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        id uuid, proposal_id uuid, is_proposed boolean, row integer, fund_line_code text, kind text, amount numeric,
        currency text, effective_date date, agreement_line_id uuid, adjusts_entry_id uuid, reverses_entry_id uuid,
        commitment_entry_id uuid, closes_stage text, document_reference text, note text)
    ), proposed AS (
      INSERT INTO entry_proposals (id, fund_line_code, kind, amount, currency, effective_date, agreement_line_id,
        adjusts_entry_id, reverses_entry_id, commitment_entry_id, document_reference, note, status, proposer_id,
        proposed_by, decider_id, decided_by, decided_at, ledger_import_id)
      SELECT proposal_id, fund_line_code, kind, amount, currency, effective_date, agreement_line_id,
        adjusts_entry_id, reverses_entry_id, commitment_entry_id, document_reference, note, 'posted', :proposer_id,
        :proposed_by, :decider_id, :decided_by, now(), :import_id
      FROM said WHERE is_proposed
    )
    INSERT INTO ledger_entries (id, fund_line_code, kind, amount, currency, effective_date, agreement_line_id,
      adjusts_entry_id, reverses_entry_id, commitment_entry_id, closes_stage, document_reference, note, proposal_id,
      ledger_import_id, ledger_import_row)
    SELECT id, fund_line_code, kind, amount, currency, effective_date, agreement_line_id, adjusts_entry_id,
      reverses_entry_id, commitment_entry_id, closes_stage, document_reference, note, proposal_id,
      CASE WHEN row IS NOT NULL THEN CAST(:import_id AS uuid) END, row
    FROM said
""")
_PROPOSE: Final = text(
    "UPDATE ledger_imports SET stage = 'proposed', proposer_id = :subject, proposed_by = :subject, proposed_at = now() "
    "WHERE id = :import_id"
)
_PROPOSE_UNDO: Final = text(
    "UPDATE ledger_imports SET stage = 'undo_proposed', undo_proposer_id = :subject, undo_proposed_by = :subject, "
    "undo_proposed_at = now(), undo_date = :day, undo_reason = '-' WHERE id = :import_id"
)
_ACT_AS: Final = text("SELECT set_config('app.subject', :subject, true)")
_LINES: Final = text("SELECT id, agreement_line_id FROM ledger_entries WHERE id = ANY (:ids)")
Rows = list[dict[str, Any]]


async def rows_of(session: AsyncSession, plans: Sequence[Plan]) -> dict[int, Rows]:
    """The entries that each row becomes: its own, and the release of a commitment that it draws on."""
    of_file = {plan.entry_id: plan for plan in plans}
    wanted = {getattr(plan.body, "commitment_entry_id", None) for plan in plans} - {None}
    outside = list(wanted - of_file.keys())
    found = await (await session.connection()).execute(_LINES, {"ids": outside}) if outside else ()
    lines = {each.id: each.agreement_line_id for each in found}
    lines |= {plan.entry_id: getattr(plan.body, "agreement_line_id", None) for plan in plans}
    return {plan.number: list(_entries_of(plan, lines)) for plan in plans}


def _entries_of(plan: Plan, lines: dict[Any, Any]) -> Rows:
    assert plan.body is not None  # noqa: S101 - only rows without errors are recorded
    entry = plan.body.model_dump(mode="json", exclude={"id", "amount"}) | {
        "id": str(plan.entry_id),
        "amount": str(plan.body.amount.amount),
        "currency": plan.body.amount.currency,
        "proposal_id": str(plan.proposal_id) if plan.is_proposal else None,
        "is_proposed": plan.is_proposal,
        "row": plan.number,
    }
    if (drawn_on := getattr(plan.body, "commitment_entry_id", None)) is None:
        return [entry]
    line_id = lines.get(drawn_on)
    release = {
        "id": str(plan.release_id),
        "kind": EntryKind.commitment_release,
        "adjusts_entry_id": str(drawn_on),
        "commitment_entry_id": None,
        "agreement_line_id": line_id and str(line_id),
        "is_proposed": False,
    }
    return [entry, entry | release]


async def post(
    session: AsyncSession, rows: Rows, import_id: uuid.UUID, proposer: tuple[str, str], decider: tuple[str, str]
) -> None:
    """Record entries, each with its proposal: of `proposer`, decided by `decider`, each a subject and a name."""
    given = {
        "rows": json.dumps(rows),
        "import_id": import_id,
        "proposer_id": proposer[0],
        "proposed_by": proposer[1],
        "decider_id": decider[0],
        "decided_by": decider[1],
    }
    connection = await session.connection()
    try:
        await connection.execute(_POST, given)
    except DBAPIError as error:
        refuse_breach(error)
        raise from_database(error, CONSTRAINT_WORDS) from error


class Rehearsal:
    """What the ledger would say if somebody else committed it now. Nothing of it is kept."""

    def __init__(self, session: AsyncSession, caller: Caller, one: LedgerImport) -> None:
        self._session = session
        self._caller = caller
        self._one = one
        self._refusals: dict[int, DomainError] = {}
        self._unread: set[int] = set()
        self._ends_at = time.monotonic() + LONGEST_SECONDS

    async def check_rows(self, plans: Sequence[Plan]) -> None:
        """Note on each row why it cannot be recorded, where all the others that can be are."""
        new = [plan for plan in plans if plan.is_new]
        if not new:
            return
        rows = await rows_of(self._session, new)
        connection = await self._session.connection()
        async with connection.begin_nested() as pretended:
            await connection.execute(_PROPOSE, {"subject": self._caller.subject, "import_id": self._one.id})
            await connection.execute(_ACT_AS, {"subject": _SOMEBODY_ELSE})
            await self._record(new, rows)
            await self._try_again(new, rows)
            await pretended.rollback()
        for plan in new:
            if plan.number in self._unread:
                message = f"{len(self._refusals)} rows above break rules. Mend those first, and check again."
                plan.draft.refuse(None, "not_looked_at", message)
            elif (refused := self._refusals.get(plan.number)) is not None:
                mending = HOW_TO_MEND.get(refused.extra.get("rule", ""), "")
                note_refusal(plan.draft, refused, mending if isinstance(refused, LedgerRefused) else "")

    async def check_undo(self, rows: Rows, day: Any) -> None:  # noqa: ANN401 - a date
        """Raise what the ledger says to these reversals."""
        connection = await self._session.connection()
        async with connection.begin_nested() as pretended:
            given = {"subject": self._caller.subject, "import_id": self._one.id, "day": day}
            await connection.execute(_PROPOSE_UNDO, given)
            await connection.execute(_ACT_AS, {"subject": _SOMEBODY_ELSE})
            await self._post(rows)
            await pretended.rollback()

    async def _record(self, plans: Sequence[Plan], rows: dict[int, Rows]) -> None:
        """Record rows together; where that is refused, the first half, then the second after it."""
        if len(self._refusals) >= MOST_REFUSED or time.monotonic() > self._ends_at:
            self._unread |= {plan.number for plan in plans}
            return
        refused = await self._attempt([entry for plan in plans for entry in rows[plan.number]])
        if refused is None:
            return
        if len(plans) == 1:
            self._refusals[plans[0].number] = refused
            return
        middle = len(plans) // 2
        await self._record(plans[:middle], rows)
        await self._record(plans[middle:], rows)

    async def _try_again(self, plans: Sequence[Plan], rows: dict[int, Rows]) -> None:
        """The rules are about days, not about the order of rows: what rests on rows below it is recorded after them."""
        left = [plan for plan in plans if plan.number in self._refusals]
        while left and not self._unread and time.monotonic() < self._ends_at:
            if await self._attempt([entry for plan in left for entry in rows[plan.number]]) is None:
                self._refusals.clear()
                return
            before = len(left)
            for plan in left:
                refused = await self._attempt(rows[plan.number])
                if refused is None:
                    del self._refusals[plan.number]
                else:
                    self._refusals[plan.number] = refused
            left = [plan for plan in left if plan.number in self._refusals]
            if len(left) == before:
                return

    async def _attempt(self, rows: Rows) -> DomainError | None:
        """Record entries; if they are refused, why, and nothing of them is there."""
        connection = await self._session.connection()
        try:
            async with connection.begin_nested():
                await self._post(rows)
        except DomainError as refused:
            if refused.status >= _SERVER_ERROR:
                raise
            return refused
        return None

    async def _post(self, rows: Rows) -> None:
        proposer = (self._caller.subject, self._caller.name)
        await post(self._session, rows, self._one.id, proposer, (_SOMEBODY_ELSE, _SOMEBODY_ELSE))
