"""What each row would be in the ledger: the body that a form would send, by the rules of the forms."""

import hashlib
import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from chassis.errors import DomainError
from chassis.tables.faults import refusals_of_body, refusals_of_rule
from chassis.tables.mapping import mapping_of, texts_of
from chassis.tokens import Caller
from pydantic import ValidationError
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from funding.domain import ENTRY_FIELDS, NEEDED_FIELDS, LedgerField, LedgerRowOutcome
from funding.models import AgreementLine, FundLine, LedgerImport, LedgerImportRow
from funding.schemas.entry_proposals import EntryProposalCreate
from funding.schemas.ledger_entries import LedgerEntryCreate
from funding.service.ledger import EntryBody, Known, check_entry, load_known
from funding.service.ledger_imports.reading import Draft, read_draft

# From where the forms point to the column.
_FIELDS: Final[Mapping[str, str]] = {
    "agreement_line_id": LedgerField.agreement_code,
    **{name: of_field for of_field, name in ENTRY_FIELDS.items()},
}
_AS_SAID: Final = ("fund_line_code", "kind", "document_reference", "note")
_MISSING: Final = "Every entry needs this: fill the cell, or leave the row out."
_NO_ACCOUNT: Final = (
    "The account of this fund line is not known, so its entries have no agreement and draw on no commitment. "
    "Leave the cell empty, or set the account first."
)


@dataclass(frozen=True, slots=True)
class Origin:
    """The row of an earlier import that said the same, and its entry."""

    import_id: uuid.UUID
    number: int
    committed_at: datetime
    entry_id: uuid.UUID


@dataclass(slots=True)
class Plan:
    """A row, the entry that it would be, and where it is in the ledger already."""

    draft: Draft
    body: EntryBody | None = None
    fingerprint: bytes = b""
    origin: Origin | None = None
    entry_id: uuid.UUID | None = None
    proposal_id: uuid.UUID | None = None
    release_id: uuid.UUID | None = None

    @property
    def number(self) -> int:
        """Of the row in the file."""
        return self.draft.number

    @property
    def outcome(self) -> LedgerRowOutcome:
        """What it would do."""
        if self.draft.errors:
            return LedgerRowOutcome.error
        return LedgerRowOutcome.new if self.origin is None else LedgerRowOutcome.unchanged

    @property
    def is_new(self) -> bool:
        """Whether it would be recorded."""
        return self.outcome is LedgerRowOutcome.new

    @property
    def is_proposal(self) -> bool:
        """Whether its fund line has an account, so that one proposes and another posts."""
        return isinstance(self.body, EntryProposalCreate)


@dataclass(slots=True)
class _Records:
    """What rows name by codes."""

    controlled: dict[str, bool] = field(default_factory=dict)
    lines: dict[str, list[AgreementLine]] = field(default_factory=lambda: defaultdict(list))


async def evaluate(
    session: AsyncSession, caller: Caller, one: LedgerImport, rows: Sequence[LedgerImportRow]
) -> list[Plan]:
    """The plans of the rows that are not left out, in the order of the file."""
    places = mapping_of(one.details)
    plans = {
        row.number: Plan(read_draft(row.number, row.cells, texts_of(row.cells, places), places, one.date_order))
        for row in rows
        if not row.is_excluded
    }
    _find_rows(plans)
    await _find_origins(session, one, plans)
    await _give_ids(session, plans)
    records = await _load_records(session, plans.values())
    for plan in plans.values():
        _make_body(plan, plans, records)
    known = await load_known(session, [plan.body for plan in plans.values() if plan.body is not None])
    of_file = {plan.entry_id for plan in plans.values() if plan.entry_id is not None}
    known = Known(known.fund_lines, known.agreement_lines, {*known.entries, *of_file})
    for plan in plans.values():
        if plan.body is not None:
            _check(caller, known, plan)
    return list(plans.values())


def _find_rows(plans: Mapping[int, Plan]) -> None:
    """A row that another names is in the file, and is not itself."""
    for plan in plans.values():
        for of_field in ENTRY_FIELDS:
            wanted = plan.draft.said.get(of_field)
            if isinstance(wanted, int) and (wanted not in plans or wanted == plan.number):
                message = f"Row {wanted} is not in this file, or is left out, or is this one."
                plan.draft.refuse(of_field, "unknown_row", message)
                del plan.draft.said[of_field]


async def _find_origins(session: AsyncSession, one: LedgerImport, plans: Mapping[int, Plan]) -> None:
    """Rows that say just what a row in the ledger says, as many times as it does, are that row."""
    by_row = {number: _digest(plan.draft.said, {}) for number, plan in plans.items()}

    seen: Counter[bytes] = Counter()
    by_fingerprint = {}
    for plan in plans.values():
        if plan.draft.errors:
            continue
        of_content = _digest(plan.draft.said, by_row)
        seen[of_content] += 1
        plan.fingerprint = hashlib.sha256(of_content + seen[of_content].to_bytes(4, "big")).digest()
        by_fingerprint[plan.fingerprint] = plan
    statement = (
        select(
            LedgerImportRow.fingerprint,
            LedgerImportRow.ledger_import_id,
            LedgerImportRow.number,
            LedgerImport.committed_at,
            LedgerImportRow.ledger_entry_id,
        )  # type: ignore[call-overload] # of five columns there is none
        .join(LedgerImport, col(LedgerImport.id) == col(LedgerImportRow.ledger_import_id))
        .where(
            col(LedgerImportRow.fingerprint).in_(list(by_fingerprint)),
            col(LedgerImportRow.ledger_import_id) != one.id,
        )
    )
    for fingerprint, *origin in (await session.exec(statement)).all():
        by_fingerprint[fingerprint].origin = Origin(*origin)


def _digest(said: Mapping[str, Any], by_row: Mapping[int, bytes]) -> bytes:
    """Of what a row says; of a row that it names, what that says, wherever it stands."""
    content = {name: value if isinstance(value, int) else str(value) for name, value in said.items()}
    for of_field in ENTRY_FIELDS:
        if isinstance(wanted := said.get(of_field), int):
            content[of_field] = by_row.get(wanted, b"").hex()
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()


async def _give_ids(session: AsyncSession, plans: Mapping[int, Plan]) -> None:
    """Each row's entry has its id before it is recorded, so that other rows can name it."""
    statement = text("SELECT uuidv7() FROM generate_series(1, :count)")
    ids = iter((await (await session.connection()).execute(statement, {"count": 3 * len(plans)})).scalars().all())
    for plan in plans.values():
        plan.entry_id = plan.origin.entry_id if plan.origin else next(ids)
        plan.proposal_id, plan.release_id = next(ids), next(ids)


async def _load_records(session: AsyncSession, plans: Any) -> _Records:  # noqa: ANN401 - a view of plans
    records = _Records()
    codes = {plan.draft.said.get("fund_line_code") for plan in plans} - {None}
    for line in await session.exec(select(FundLine).where(col(FundLine.code).in_(codes))):
        records.controlled[line.code] = line.is_controlled
    agreements = {plan.draft.said.get("agreement_code") for plan in plans} - {None}
    if agreements:
        statement = select(AgreementLine).where(col(AgreementLine.agreement_code).in_(agreements))
        for of_agreement in await session.exec(statement.order_by(col(AgreementLine.number))):
            records.lines[of_agreement.agreement_code].append(of_agreement)
    return records


def _make_body(plan: Plan, plans: Mapping[int, Plan], records: _Records) -> None:
    draft = plan.draft
    said = draft.said
    refused = {error.field for error in draft.errors}
    for needed in NEEDED_FIELDS:
        if needed not in said and needed not in refused:
            draft.refuse(needed, "missing", _MISSING)
    values = _values_of(said, plans)
    if (line_id := _find_line(draft, records)) is not None:
        values["agreement_line_id"] = line_id
    kind = EntryProposalCreate if records.controlled.get(said.get("fund_line_code", ""), True) else LedgerEntryCreate
    try:
        plan.body = kind.model_validate(values)
    except ValidationError as error:
        for each in refusals_of_body(error):
            column = _FIELDS.get(each.field or "", each.field) or None
            if each.code == "literal_error" and "currency" in said:
                column = LedgerField.currency
            if each.code != "missing" and column not in refused:  # else it is said above, of the cell
                draft.refuse(column, each.code, _NO_ACCOUNT if each.code == "extra_forbidden" else each.message)


def _values_of(said: Mapping[str, Any], plans: Mapping[int, Plan]) -> dict[str, Any]:
    """What a row says by the names of a form's fields."""
    values: dict[str, Any] = {name: said[name] for name in _AS_SAID if name in said}
    if "amount" in said:
        values["amount"] = {"amount": said["amount"]}
        if "currency" in said:
            values["amount"]["currency"] = said["currency"]
    if "effective_date" in said:
        values["effective_date"] = said["effective_date"].isoformat()
    for of_field, name in ENTRY_FIELDS.items():
        if of_field in said:
            wanted = said[of_field]
            values[name] = plans[wanted].entry_id if isinstance(wanted, int) else wanted
    return values


def _find_line(draft: Draft, records: _Records) -> uuid.UUID | None:
    """The line of the agreement that a row names: by its number, or the only one that its fund line pays."""
    code, number = draft.said.get("agreement_code"), draft.said.get("agreement_line_number")
    if code is None:
        if number is not None:
            draft.refuse("agreement_code", "missing", "Name the agreement whose line this is.")
        return None
    if number is None and draft.said.get("fund_line_code") not in records.controlled:
        return None  # what is wrong is the fund line
    lines = records.lines.get(code, [])
    if not lines:
        draft.refuse("agreement_code", "unknown_code", f"There is no agreement {code} with lines; record it first.")
        return None
    numbers = ", ".join(str(line.number) for line in lines)
    if number is None:
        fitting = [line for line in lines if line.fund_line_code == draft.said.get("fund_line_code")]
        if len(fitting) == 1:
            return fitting[0].id
        draft.refuse("agreement_line_number", "line_needed", f"Say which line of {code} it is: it has {numbers}.")
        return None
    found = [line.id for line in lines if line.number == number]
    if not found:
        draft.refuse("agreement_line_number", "unknown_line", f"{code} has no line {number}; it has {numbers}.")
    return found[0] if found else None


def _check(caller: Caller, known: Known, plan: Plan) -> None:
    assert plan.body is not None  # noqa: S101 - asked by who calls
    try:
        check_entry(caller, known, plan.body)
    except DomainError as refused:
        note_refusal(plan.draft, refused)


def note_refusal(draft: Draft, refused: DomainError, mending: str = "") -> None:
    """What a rule says is an error of the row, in the column that the rule points at."""
    for each in refusals_of_rule(refused):
        name = (each.field or "").partition("/")[0]
        of_field = _FIELDS.get(name, name) or None
        if each.code == "forbidden":
            of_field = LedgerField.fund_line_code
        draft.refuse(of_field, each.code, f"{each.message} {mending}".strip())
