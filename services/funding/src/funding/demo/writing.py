"""Writes the plan of a demonstration's money: proposed by one and posted by another, by everybody's rules."""

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from chassis.planned import make_id
from chassis.resources import etag
from chassis.tokens import Caller
from chassis.unit_of_work import open_session
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from funding import references
from funding.demo.plan import AGENCIES, FUNCTION, PREFIX, ROUNDS, Part, Row, entry_id, list_parts
from funding.domain import US_FUNDS, AgreementStatus, EntryKind, FundCodeKind, ProposalStatus, close
from funding.models import (
    AgencyRef,
    Agreement,
    AgreementAmendment,
    AgreementDeliverable,
    AgreementLine,
    EntryProposal,
    FundCode,
    FundLine,
    LedgerEntry,
    TreasuryAccount,
)
from funding.queries import list_shares

# Who is recorded as having proposed it, and as having posted it.
MAKER: Final = Caller("tributary demo", "tributary demo", "officer", frozenset({"*"}))
APPROVER: Final = Caller("tributary demo approver", "tributary demo, approver", "officer", frozenset({"*"}))


class DemoError(Exception):
    """One line: why nothing is generated here."""


async def write_demo(engine: AsyncEngine, known: dict[str, Any], today: date) -> Counter[str]:
    """Write what is missing of the plan; how many entries were posted, by what they are. Run again, it goes on."""
    posted = await _find_posted(engine)
    missing = [part for part in list_parts(today) if not posted.issuperset(row["id"] for _, row in part.entries)]
    written: Counter[str] = Counter()
    if not missing:
        return written
    await _write_references(engine, known)
    await _write_agreements(engine, missing)
    entries = [entry for part in missing for entry in part.entries if entry[1]["id"] not in posted]
    for round_ in ROUNDS:
        if rows := [row for of_round, row in entries if of_round == round_]:
            await _propose(engine, rows)
            written.update(await _post(engine, rows))
    return written


async def _find_posted(engine: AsyncEngine) -> set[uuid.UUID]:
    """The proposals that are posted. Money that nobody generated is never mixed with such."""
    async with open_session(engine, MAKER) as session:
        other = select(FundLine.code).where(~col(FundLine.code).startswith(PREFIX, autoescape=True)).limit(1)
        if code := (await session.exec(other)).first():
            raise DemoError(
                f"This database holds money that nobody generated, such as {code}: choose another data folder with "
                "TRIBUTARY_DATA."
            )
        posted = select(EntryProposal.id).where(EntryProposal.status == ProposalStatus.posted)
        return set((await session.exec(posted)).all())


async def _write_references(engine: AsyncEngine, known: dict[str, Any]) -> None:
    found = {item["code"]: item for item in known["agencies"]}
    if lacking := sorted(AGENCIES - set(found)):
        raise DemoError(f"The reference dataset is not loaded: there is no {', '.join(lacking)}.")
    refs: list[references.Ref] = [
        AgencyRef.model_validate(
            {name: found[code][name] for name in ("code", "id", "name", "kind")}
            | {"etag": etag(found[code]["version"]), "checked_at": datetime.now(UTC)}
        )
        for code in sorted(AGENCIES)
    ]
    function = {"kind": FundCodeKind.function, "code": FUNCTION, "title": "Corrections, demonstration"}
    async with open_session(engine, MAKER) as session, session.begin():
        await references.keep(session, refs)
        await _insert(session, FundCode, [function])


async def _write_agreements(engine: AsyncEngine, parts: Sequence[Part]) -> None:
    """The accounts, the fund lines, and the agreements with both signatures, in force."""
    title = "International Narcotics Control and Law Enforcement, demonstration"
    agreements = [one for part in parts for one in part.agreements]
    drafts = [{name: one[name] for name in one if name != "signed_on"} for one in agreements]
    async with open_session(engine, MAKER) as session, session.begin():
        await _insert(session, TreasuryAccount, [{"code": part.account, "title": title} for part in parts])
        await _insert(session, FundLine, [part.fund_line for part in parts])
        await _insert(session, Agreement, [one | {"status": AgreementStatus.draft} for one in drafts])
        await _insert(session, AgreementLine, [one for part in parts for one in part.lines])
        await _insert(session, AgreementDeliverable, [one for part in parts for one in part.deliverables])
        await _advance(session, agreements, AgreementStatus.draft, status=AgreementStatus.cleared)
        for one in agreements:
            await _advance(session, [one], AgreementStatus.cleared, **_signatures_of(one))
        await _advance(session, agreements, AgreementStatus.cleared, status=AgreementStatus.signed)
        await _advance(session, agreements, AgreementStatus.signed, status=AgreementStatus.active)
        await _insert(session, AgreementAmendment, [one for part in parts for one in part.amendments])


def _signatures_of(agreement: Row) -> Row:
    said = {"signed_on": agreement["signed_on"], "document": f"{agreement['code']}, last page"}
    return {f"{party}_{name}": value for party in ("awarding", "recipient") for name, value in said.items()}


async def _advance(session: AsyncSession, agreements: Sequence[Row], was: AgreementStatus, **now: Any) -> None:  # noqa: ANN401 - columns
    ids = [one["id"] for one in agreements]
    statement = update(Agreement).where(col(Agreement.id).in_(ids), col(Agreement.status) == was)
    await session.exec(statement.values(now))


async def _propose(engine: AsyncEngine, rows: Sequence[Row]) -> None:
    """As the maker."""
    who = {"currency": US_FUNDS, "status": ProposalStatus.proposed}
    who |= {"proposer_id": MAKER.subject, "proposed_by": MAKER.name}
    async with open_session(engine, MAKER) as session, session.begin():
        await _insert(session, EntryProposal, [row | who for row in rows])


async def _post(engine: AsyncEngine, rows: Sequence[Row]) -> Counter[str]:
    """As the approver: all in one statement, which the rules look at together."""
    async with open_session(engine, APPROVER) as session, session.begin():
        decided = {"decider_id": APPROVER.subject, "decided_by": APPROVER.name, "decided_at": datetime.now(UTC)}
        ids = [row["id"] for row in rows]
        await session.exec(
            update(EntryProposal).where(col(EntryProposal.id).in_(ids)).values(status=ProposalStatus.posted, **decided)
        )
        entries = [entry for row in rows for entry in await _entries_of(session, row)]
        await session.exec(insert(_table(LedgerEntry)).values(entries))
    return Counter(f"{row['kind']}".replace("_", " ") for row in entries)


async def _entries_of(session: AsyncSession, row: Row) -> list[Row]:
    """What a proposal becomes: an entry, with what it releases of a commitment, or what closes each stage."""
    entry = row | {"id": entry_id(row["id"]), "proposal_id": row["id"], "currency": US_FUNDS, "closes_stage": None}
    if row["kind"] == EntryKind.cancellation_close:
        closings = close(await list_shares(session, row["fund_line_code"], row["effective_date"]))
        return [
            entry
            | {"id": make_id(str(entry["id"]), number), "amount": one.amount}
            | {"agreement_line_id": one.line, "closes_stage": one.stage}
            for number, one in enumerate(closings)
        ]
    if row["commitment_entry_id"] is None:
        return [entry]
    release = {"kind": EntryKind.commitment_release, "adjusts_entry_id": row["commitment_entry_id"]}
    nothing = dict.fromkeys(("commitment_entry_id", "agreement_line_id"))
    return [entry, entry | release | nothing | {"id": make_id(str(entry["id"]), 1)}]


async def _insert(session: AsyncSession, table: type[SQLModel], rows: Sequence[Row]) -> None:
    """What is there already is left alone."""
    if rows:
        await session.exec(insert(_table(table)).values(list(rows)).on_conflict_do_nothing())


def _table(model: type[SQLModel]) -> Any:  # noqa: ANN401 - what a statement is made of
    return model.__table__  # type: ignore[attr-defined]
