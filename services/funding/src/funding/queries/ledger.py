"""Questions about accounts, fund lines, agreements and the ledger."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from chassis.paging import Listing
from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    and_,
    case,
    cast,
    column,
    exists,
    extract,
    false,
    func,
    not_,
    or_,
    true,
    values,
)
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from funding.domain import (
    AUTHORITY,
    BULK,
    CLOSABLE,
    CLOSING,
    FIELDS,
    POSTINGS,
    TRANSFERS,
    US_FUNDS,
    AccountPhase,
    EntryKind,
    FundCodeKind,
    ReportDimension,
    Share,
    Stage,
    Tier,
    fiscal_year_days,
    kinds_of,
    tier_of,
)
from funding.models import (
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

# The table of signs as rows that a query can join. A closing is of the stage that it names.
SIGNS: Final = values(column("kind", String), column("stage", String), column("sign", Integer), name="signs").data(
    [(str(kind), str(posting.stage), posting.sign) for kind, posting in POSTINGS.items()]
    + [(str(EntryKind.cancellation_close), str(stage), CLOSING.sign) for stage in CLOSABLE]
)
POSTED: Final = and_(
    SIGNS.c.kind == LedgerEntry.kind, func.coalesce(LedgerEntry.closes_stage, SIGNS.c.stage) == SIGNS.c.stage
)
# A reversal moves back what it reverses.
MOVED: Final[Any] = case((col(LedgerEntry.reverses_entry_id).is_(None), SIGNS.c.sign), else_=-SIGNS.c.sign) * col(
    LedgerEntry.amount_value
)


def treasury_accounts(as_of: date, present: Callable[[Any], object]) -> Listing:
    """All accounts of the Treasury, each with its phase on a day."""
    return Listing(
        statement=select(TreasuryAccount),
        filters={
            "code": TreasuryAccount.code,
            "federal_account_code": TreasuryAccount.federal_account_code,
            "phase": lambda phases: or_(*(_in_phase(phase, as_of) for phase in phases)),
            "valid_on": _in_use(TreasuryAccount),
            "as_of": lambda _: true(),
            "available_to": TreasuryAccount.available_to,
            "cancels_on": TreasuryAccount.cancels_on,
        },
        sorts={
            "code": TreasuryAccount.code,
            "title": TreasuryAccount.title,
            "created_at": TreasuryAccount.created_at,
            "updated_at": TreasuryAccount.updated_at,
        },
        id=TreasuryAccount.id,
        text=[TreasuryAccount.title, TreasuryAccount.code],
        present=present,
    )


def _in_phase(phase: AccountPhase, day: date) -> ColumnElement[bool]:
    starts, ends, cancels = (
        col(TreasuryAccount.available_from),
        col(TreasuryAccount.available_to),
        col(TreasuryAccount.cancels_on),
    )
    if phase is AccountPhase.upcoming:
        return starts > day
    if phase is AccountPhase.canceled:
        return cancels <= day
    if phase is AccountPhase.expired:
        return and_(ends < day, cancels > day)
    return or_(ends.is_(None), and_(starts <= day, ends >= day))


def _in_use(table: type[TreasuryAccount | FundCode]) -> Callable[[date], ColumnElement[bool]]:
    def condition(day: date) -> ColumnElement[bool]:
        starts, ends = col(table.valid_from), col(table.valid_to)
        return and_(or_(starts.is_(None), starts <= day), or_(ends.is_(None), ends >= day))

    return condition


async def find_treasury_account(session: AsyncSession, code: str) -> TreasuryAccount | None:
    """The account with this symbol."""
    return (await session.exec(select(TreasuryAccount).where(TreasuryAccount.code == code))).first()


def fund_codes() -> Listing:
    """All codes of fund lines."""
    return Listing(
        statement=select(FundCode),
        filters={"kind": FundCode.kind, "code": FundCode.code, "valid_on": _in_use(FundCode)},
        sorts={
            "kind": FundCode.kind,
            "code": FundCode.code,
            "title": FundCode.title,
            "created_at": FundCode.created_at,
            "updated_at": FundCode.updated_at,
        },
        id=FundCode.id,
        text=[FundCode.title, FundCode.code],
    )


async def find_fund_code(session: AsyncSession, kind: FundCodeKind, code: str) -> FundCode | None:
    """The code of this kind."""
    return (await session.exec(select(FundCode).where(FundCode.kind == kind, FundCode.code == code))).first()


def _of_stages(stages: Sequence[Stage]) -> ColumnElement[bool]:
    return or_(col(LedgerEntry.kind).in_(kinds_of(*stages)), col(LedgerEntry.closes_stage).in_(stages))


# Of an entry beside its agreement and line: whether it is of a letter of agreement, or charged to one; whether its
# money left for another agency.
IS_OF_LETTER: Final[Any] = func.coalesce(
    or_(col(Agreement.type).in_(BULK), col(AgreementLine.parent_line_id).is_not(None)), false()
)
IS_TRANSFERRED: Final[Any] = func.coalesce(col(Agreement.type).in_(TRANSFERS), false())
_RECEIVER, _SENDER, _SENT_LINE = aliased(FundLine), aliased(FundLine), aliased(AgreementLine)
_SENT: Final[Any] = and_(
    IS_TRANSFERRED,
    exists().where(
        col(_RECEIVER.transfer_agreement_code) == Agreement.code,
        col(_RECEIVER.country_code) == FundLine.country_code,
    ),
)
_RECEIVED: Final[Any] = and_(
    func.coalesce(_of_stages(AUTHORITY), false()),
    exists().where(
        col(_SENT_LINE.agreement_code) == FundLine.transfer_agreement_code,
        col(_SENDER.code) == _SENT_LINE.fund_line_code,
        col(_SENDER.country_code) == FundLine.country_code,
    ),
)
# Of an entry beside its fund line and agreement: whether a total of its country counts it at the other end of a
# transfer. What is allotted is counted where it comes from, what is obligated and disbursed where it arrives.
IS_INTERNAL: Final[Any] = or_(_SENT, _RECEIVED)
# What an entry is cut by: a column of its own, or of its fund line, its account or its agreement. See `with_tags`.
_FUND_YEAR: Final[Any] = cast(extract("year", col(TreasuryAccount.available_from)) + 1, Integer)
_ENTRY_YEAR: Final[Any] = cast(
    extract("year", col(LedgerEntry.effective_date))
    + case((extract("month", col(LedgerEntry.effective_date)) >= 10, 1), else_=0),  # noqa: PLR2004 - October
    Integer,
)
TAGS: Final[Mapping[ReportDimension, Any]] = {
    ReportDimension.country: FundLine.country_code,
    ReportDimension.fund_line: LedgerEntry.fund_line_code,
    ReportDimension.account: FundLine.treasury_account_code,
    ReportDimension.fund_fiscal_year: _FUND_YEAR,
    ReportDimension.function: FundLine.function_code,
    ReportDimension.initiative: FundLine.initiative_code,
    ReportDimension.operating_unit: FundLine.operating_unit_code,
    ReportDimension.agreement: AgreementLine.agreement_code,
    ReportDimension.agency: Agreement.recipient_agency_code,
    ReportDimension.fiscal_year: _ENTRY_YEAR,
}


def with_tags(statement: Any) -> Any:  # noqa: ANN401 - a selection of ledger entries, of whatever columns
    """Each entry once, beside its fund line and, where it has them, its account and its agreement."""
    return (
        statement.join(FundLine, col(FundLine.code) == LedgerEntry.fund_line_code)
        .outerjoin(TreasuryAccount, col(TreasuryAccount.code) == FundLine.treasury_account_code)
        .outerjoin(AgreementLine, col(AgreementLine.id) == LedgerEntry.agreement_line_id)
        .outerjoin(Agreement, col(Agreement.code) == AgreementLine.agreement_code)
    )


def fund_lines() -> Listing:
    """All fund lines."""
    return Listing(
        statement=select(FundLine),
        filters={
            "code": FundLine.code,
            "country_code": FundLine.country_code,
            "purpose": FundLine.purpose,
            "treasury_account_code": FundLine.treasury_account_code,
            "function_code": FundLine.function_code,
            "initiative_code": FundLine.initiative_code,
            "operating_unit_code": FundLine.operating_unit_code,
            "transfer_agreement_code": FundLine.transfer_agreement_code,
        },
        sorts={
            "code": FundLine.code,
            "title": FundLine.title,
            "country_code": FundLine.country_code,
            "created_at": FundLine.created_at,
            "updated_at": FundLine.updated_at,
        },
        id=FundLine.id,
        text=[FundLine.title, FundLine.code],
    )


async def find_fund_line(session: AsyncSession, code: str) -> FundLine | None:
    """The fund line with this code."""
    return (await session.exec(select(FundLine).where(FundLine.code == code))).first()


def agreements() -> Listing:
    """All agreements."""
    return Listing(
        statement=select(Agreement),
        filters={
            "code": Agreement.code,
            "type": Agreement.type,
            "status": Agreement.status,
            "country_code": Agreement.country_code,
            "awarding_agency_code": Agreement.awarding_agency_code,
            "recipient_agency_code": Agreement.recipient_agency_code,
            "agency_code": lambda codes: or_(
                col(Agreement.awarding_agency_code).in_(codes), col(Agreement.recipient_agency_code).in_(codes)
            ),
            "parent_code": Agreement.parent_code,
            "starts_on": Agreement.starts_on,
            "ends_on": Agreement.ends_on,
        },
        sorts={
            "code": Agreement.code,
            "title": Agreement.title,
            "type": Agreement.type,
            "status": Agreement.status,
            "created_at": Agreement.created_at,
            "updated_at": Agreement.updated_at,
        },
        id=Agreement.id,
        text=[Agreement.title, Agreement.code, Agreement.purpose],
    )


async def list_agreements_of(
    session: AsyncSession, statuses: Collection[str], asked: Mapping[str, list[Any]]
) -> list[Agreement]:
    """The agreements of these statuses, and of what is asked for by field."""
    wanted = [getattr(Agreement, field).in_(values) for field, values in asked.items()]
    statement = select(Agreement).where(col(Agreement.status).in_(statuses), *wanted).order_by(col(Agreement.code))
    return list((await session.exec(statement)).all())


async def find_agreement(session: AsyncSession, code: str, *, lock: bool = False) -> Agreement | None:
    """The agreement with this code, locked for the rest of the transaction if asked."""
    statement = select(Agreement).where(Agreement.code == code)
    return (await session.exec(statement.with_for_update(key_share=True) if lock else statement)).first()


def agreement_amendments() -> Listing:
    """All amendments."""
    return Listing(
        statement=select(AgreementAmendment),
        filters={
            "agreement_code": AgreementAmendment.agreement_code,
            "kind": AgreementAmendment.kind,
            "signed_on": AgreementAmendment.signed_on,
        },
        sorts={
            "agreement_code": AgreementAmendment.agreement_code,
            "number": AgreementAmendment.number,
            "signed_on": AgreementAmendment.signed_on,
            "created_at": AgreementAmendment.created_at,
        },
        id=AgreementAmendment.id,
    )


def agreement_lines() -> Listing:
    """All lines of agreements."""
    return Listing(
        statement=select(AgreementLine),
        filters={
            "agreement_code": AgreementLine.agreement_code,
            "fund_line_code": AgreementLine.fund_line_code,
            "country_code": lambda codes: col(AgreementLine.fund_line_code).in_(
                select(FundLine.code).where(col(FundLine.country_code).in_(codes))
            ),
            "parent_line_id": AgreementLine.parent_line_id,
        },
        sorts={
            "agreement_code": AgreementLine.agreement_code,
            "number": AgreementLine.number,
            "fund_line_code": AgreementLine.fund_line_code,
            "created_at": AgreementLine.created_at,
        },
        id=AgreementLine.id,
    )


def agreement_deliverables() -> Listing:
    """All that agreements promise."""
    return Listing(
        statement=select(AgreementDeliverable),
        filters={
            "agreement_code": AgreementDeliverable.agreement_code,
            "kind": AgreementDeliverable.kind,
            "due_on": AgreementDeliverable.due_on,
        },
        sorts={
            "agreement_code": AgreementDeliverable.agreement_code,
            "kind": AgreementDeliverable.kind,
            "created_at": AgreementDeliverable.created_at,
            "updated_at": AgreementDeliverable.updated_at,
        },
        id=AgreementDeliverable.id,
    )


def ledger_entries() -> Listing:
    """All ledger entries."""
    return Listing(
        statement=with_tags(select(LedgerEntry)),
        filters={
            **{field: TAGS[dimension] for dimension, field in FIELDS.items()},
            "fund_line_code": LedgerEntry.fund_line_code,
            "kind": LedgerEntry.kind,
            "stage": _of_stages,
            "tier": _of_tiers,
            "currency": LedgerEntry.currency,
            "fiscal_year": _in_fiscal_years,
            "effective_date": LedgerEntry.effective_date,
            "amount": LedgerEntry.amount_value,
            "document_reference": LedgerEntry.document_reference,
            "agreement_line_id": LedgerEntry.agreement_line_id,
            "under_line_id": lambda ids: func.coalesce(AgreementLine.parent_line_id, LedgerEntry.agreement_line_id).in_(
                ids
            ),
            "under_agreement_code": under_agreements,
            "is_of_letter": lambda wanted: IS_OF_LETTER if wanted else not_(IS_OF_LETTER),
            "is_transferred": lambda wanted: IS_TRANSFERRED if wanted else not_(IS_TRANSFERRED),
            "is_internal_transfer": lambda wanted: IS_INTERNAL if wanted else not_(IS_INTERNAL),
            "adjusts_entry_id": LedgerEntry.adjusts_entry_id,
            "reverses_entry_id": LedgerEntry.reverses_entry_id,
            "proposal_id": LedgerEntry.proposal_id,
            "ledger_import_id": LedgerEntry.ledger_import_id,
        },
        sorts={
            "effective_date": LedgerEntry.effective_date,
            "amount": LedgerEntry.amount_value,
            "fund_line_code": LedgerEntry.fund_line_code,
            "created_at": LedgerEntry.created_at,
        },
        id=LedgerEntry.id,
        text=[LedgerEntry.document_reference, LedgerEntry.note],
    )


def under_agreements(codes: list[str]) -> ColumnElement[bool]:
    """Entries of the lines of these agreements, and of what is charged to them."""
    of_agreements = select(AgreementLine.id).where(col(AgreementLine.agreement_code).in_(codes))
    lines = select(AgreementLine.id).where(
        or_(col(AgreementLine.agreement_code).in_(codes), col(AgreementLine.parent_line_id).in_(of_agreements))
    )
    return col(LedgerEntry.agreement_line_id).in_(lines)


def _of_tiers(tiers: list[Tier]) -> ColumnElement[bool]:
    return _of_stages([stage for stage in Stage if tier_of(stage) in tiers])


def entry_proposals() -> Listing:
    """All proposed entries."""
    return Listing(
        statement=select(EntryProposal),
        filters={
            "fund_line_code": EntryProposal.fund_line_code,
            "kind": EntryProposal.kind,
            "country_code": lambda codes: col(EntryProposal.fund_line_code).in_(
                select(FundLine.code).where(col(FundLine.country_code).in_(codes))
            ),
            "status": EntryProposal.status,
            "agreement_line_id": EntryProposal.agreement_line_id,
            "ledger_import_id": EntryProposal.ledger_import_id,
            "effective_date": EntryProposal.effective_date,
            "amount": EntryProposal.amount_value,
        },
        sorts={
            "effective_date": EntryProposal.effective_date,
            "amount": EntryProposal.amount_value,
            "fund_line_code": EntryProposal.fund_line_code,
            "created_at": EntryProposal.created_at,
            "updated_at": EntryProposal.updated_at,
        },
        id=EntryProposal.id,
        text=[EntryProposal.document_reference, EntryProposal.note],
    )


async def list_shares(session: AsyncSession, fund_line_code: str, as_of: date) -> list[Share]:
    """What each line of an agreement, and the fund line itself (None), holds of US funds on a day, by stage."""
    statement = (
        select(LedgerEntry.agreement_line_id, AgreementLine.parent_line_id, SIGNS.c.stage, func.sum(MOVED))
        .join(SIGNS, POSTED)
        .outerjoin(AgreementLine, col(AgreementLine.id) == LedgerEntry.agreement_line_id)
        .where(
            LedgerEntry.fund_line_code == fund_line_code,
            LedgerEntry.currency == US_FUNDS,
            LedgerEntry.effective_date <= as_of,
        )
        .group_by(col(LedgerEntry.agreement_line_id), col(AgreementLine.parent_line_id), SIGNS.c.stage)
    )
    sums: dict[tuple[Any, Any], dict[Stage, Decimal]] = {(None, None): {}}
    for line, parent, stage, amount in (await session.exec(statement)).all():
        sums.setdefault((line, parent), {})[Stage(stage)] = amount
        if parent is not None:  # whose own entries may all be on another day
            sums.setdefault((parent, None), {})
    return [Share(line, parent, by_stage) for (line, parent), by_stage in sums.items()]


def _in_fiscal_years(years: list[int]) -> ColumnElement[bool]:
    return or_(*(col(LedgerEntry.effective_date).between(*fiscal_year_days(year)) for year in years))


def left_of_disbursements(as_of: date) -> Any:  # noqa: ANN401 - a subquery, whose columns are named here
    """What is left of each disbursement by a day, less its refunds and its reversal: `amount` by `entry_id`."""
    reversed_entry = aliased(LedgerEntry)
    disbursement = func.coalesce(
        LedgerEntry.adjusts_entry_id, reversed_entry.adjusts_entry_id, reversed_entry.id, LedgerEntry.id
    )
    summed: Any = select(disbursement.label("entry_id"), func.sum(MOVED).label("amount"))
    return (
        summed.select_from(LedgerEntry)
        .join(SIGNS, POSTED)
        .outerjoin(reversed_entry, reversed_entry.id == LedgerEntry.reverses_entry_id)
        .where(SIGNS.c.stage == str(Stage.disbursed), col(LedgerEntry.effective_date) <= as_of)
        .group_by(disbursement)
        .subquery()
    )
