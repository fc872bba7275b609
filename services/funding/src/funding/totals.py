"""Every sum of the ledger: by stage and currency, of what is asked for. Changes nothing."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, func, not_, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from funding.domain import FIELDS, US_FUNDS, EntryKind, ReportDimension, Stage, Sum
from funding.models import Agreement, AgreementLine, FundLine, LedgerEntry
from funding.queries import (
    IS_INTERNAL,
    IS_OF_LETTER,
    IS_TRANSFERRED,
    MOVED,
    POSTED,
    SIGNS,
    TAGS,
    under_agreements,
    with_tags,
)

# Columns of whatever number: the overloads of `select` know four.
_sum: Any = select
_IS_PAYMENT: Final = and_(col(LedgerEntry.kind) == EntryKind.disbursement, col(LedgerEntry.reverses_entry_id).is_(None))


class CutTotal(NamedTuple):
    """The sum of one stage in one currency, of one cut."""

    values: tuple[Any, ...]
    stage: Stage
    currency: str
    sum: Sum


async def list_cut_totals(
    session: AsyncSession, dimensions: Sequence[ReportDimension], asked: Mapping[str, Sequence[Any]], as_of: date
) -> list[CutTotal]:
    """The ledger up to `as_of`, summed by stage and currency for each combination of values, in their order.

    `asked`: by field, the values that are looked at. A combination, or a stage of one, without entries is absent:
    nothing recorded is not zero.
    """
    return await _list_totals(session, [TAGS[dimension] for dimension in dimensions], asked, as_of)


async def list_netted_totals(
    session: AsyncSession, dimensions: Sequence[ReportDimension], asked: Mapping[str, Sequence[Any]], as_of: date
) -> tuple[list[CutTotal], list[CutTotal]]:
    """The same, without what a total of a country counts at the other end of a transfer; and that, by itself."""
    cut = [*(TAGS[dimension] for dimension in dimensions), IS_INTERNAL]
    netted: tuple[list[CutTotal], list[CutTotal]] = ([], [])
    for one in await _list_totals(session, cut, asked, as_of):
        netted[one.values[-1]].append(one._replace(values=one.values[:-1]))
    return netted


async def _list_totals(
    session: AsyncSession, cut: Sequence[Any], asked: Mapping[str, Sequence[Any]], as_of: date
) -> list[CutTotal]:
    summed = _sum(*cut, SIGNS.c.stage, col(LedgerEntry.currency), func.sum(MOVED), func.count())
    statement = (
        with_tags(summed.select_from(LedgerEntry))
        .join(SIGNS, POSTED)
        .where(col(LedgerEntry.effective_date) <= as_of, *_of(asked))
        .group_by(*cut, SIGNS.c.stage, col(LedgerEntry.currency))
    )
    found = [
        CutTotal(tuple(values), Stage(stage), currency, Sum(amount, entries))
        for *values, stage, currency, amount, entries in (await session.exec(statement)).all()
    ]
    ladder = list(Stage)

    def order(cell: CutTotal) -> tuple[Any, ...]:
        return ([(value is None, str(value)) for value in cell.values], ladder.index(cell.stage), cell.currency)

    return sorted(found, key=order)


def _of(asked: Mapping[str, Sequence[Any]]) -> list[Any]:
    return [TAGS[one].in_(asked[field]) for one, field in FIELDS.items() if field in asked]


def held_of(cells: Iterable[CutTotal], currency: str = US_FUNDS) -> dict[Stage, Sum]:
    """What the cells of one cut come to in a currency, by stage."""
    return {cell.stage: cell.sum for cell in cells if cell.currency == currency}


class LineHeld(NamedTuple):
    """What a fund line holds by stage: in all, under letters of agreement, and transferred to other agencies."""

    whole: dict[Stage, Sum]
    of_letters: dict[Stage, Sum]
    transferred: dict[Stage, Sum]


async def find_line_held(session: AsyncSession, fund_line_code: str, as_of: date) -> LineHeld:
    """What a fund line holds of US funds on a day."""
    summed = _sum(IS_OF_LETTER, IS_TRANSFERRED, SIGNS.c.stage, func.sum(MOVED), func.count())
    statement = (
        with_tags(summed.select_from(LedgerEntry))
        .join(SIGNS, POSTED)
        .where(
            LedgerEntry.fund_line_code == fund_line_code,
            LedgerEntry.currency == US_FUNDS,
            col(LedgerEntry.effective_date) <= as_of,
        )
        .group_by(IS_OF_LETTER, IS_TRANSFERRED, SIGNS.c.stage)
    )
    held = LineHeld({}, {}, {})
    for is_of_letter, is_transferred, stage, amount, entries in (await session.exec(statement)).all():
        for part, is_meant in zip(held, (True, is_of_letter, is_transferred), strict=True):
            if is_meant:
                before = part.get(Stage(stage), Sum())
                part[Stage(stage)] = Sum(before.amount + amount, before.entries + entries)
    return held


class Payments(NamedTuple):
    """What was paid of US funds since a day, and the day of the first payment ever."""

    paid: Sum
    first_paid_on: date | None


async def find_payments(
    session: AsyncSession, asked: Mapping[str, Sequence[Any]], as_of: date, since: date
) -> dict[str, Payments]:  # fmt: skip
    """By fund line, what was disbursed after `since` up to `as_of`, less refunds, and when first."""
    effective: Any = col(LedgerEntry.effective_date)
    summed = _sum(
        LedgerEntry.fund_line_code,
        func.coalesce(func.sum(MOVED).filter(effective > since), Decimal("0.00")),
        func.count().filter(effective > since),
        func.min(effective).filter(_IS_PAYMENT),
    )
    statement = (
        with_tags(summed.select_from(LedgerEntry))
        .join(SIGNS, POSTED)
        .where(SIGNS.c.stage == str(Stage.disbursed), LedgerEntry.currency == US_FUNDS, effective <= as_of, *_of(asked))
        .group_by(col(LedgerEntry.fund_line_code))
    )
    return {
        code: Payments(Sum(paid, entries), first)
        for code, paid, entries, first in (await session.exec(statement)).all()
    }


class Bound(NamedTuple):
    """What is obligated of one line of an agreement (None: of none), by the day of the obligation, and what is paid."""

    line_id: uuid.UUID | None
    obligations: dict[date, Decimal]
    paid: Decimal
    entries: int


async def list_bound(
    session: AsyncSession, asked: Mapping[str, Sequence[Any]], as_of: date
) -> dict[str, list[Bound]]:  # fmt: skip
    """By fund line, each primary obligation of US funds with all that adjusts it, and the payments of its line.

    What a closing takes away is like a payment: of the oldest. Payments of awards are payments of their letter's line.
    """
    reversed_one, adjusted = aliased(LedgerEntry), aliased(LedgerEntry)
    root_line = func.coalesce(AgreementLine.parent_line_id, LedgerEntry.agreement_line_id)
    # A reversal of an adjustment is of the obligation that was adjusted.
    day = func.coalesce(adjusted.effective_date, reversed_one.effective_date, LedgerEntry.effective_date)
    is_closing = col(LedgerEntry.kind) == EntryKind.cancellation_close
    summed = _sum(LedgerEntry.fund_line_code, root_line, SIGNS.c.stage, is_closing, day, func.sum(MOVED), func.count())
    statement = (
        with_tags(summed.select_from(LedgerEntry))
        .outerjoin(reversed_one, col(reversed_one.id) == LedgerEntry.reverses_entry_id)
        .outerjoin(
            adjusted, col(adjusted.id) == func.coalesce(reversed_one.adjusts_entry_id, LedgerEntry.adjusts_entry_id)
        )
        .join(SIGNS, POSTED)
        .where(
            SIGNS.c.stage.in_([str(Stage.obligated), str(Stage.disbursed)]),
            LedgerEntry.currency == US_FUNDS,
            col(LedgerEntry.effective_date) <= as_of,
            *_of(asked),
        )
        .group_by(LedgerEntry.fund_line_code, root_line, SIGNS.c.stage, is_closing, day)
    )
    found: dict[str, dict[Any, Bound]] = {}
    for code, line, stage, closing, on, amount, entries in (await session.exec(statement)).all():
        before = found.setdefault(code, {}).get(line, Bound(line, {}, Decimal(0), 0))
        obligations, paid = before.obligations, before.paid
        if stage == Stage.obligated and not closing:
            obligations[on] = obligations.get(on, Decimal(0)) + amount
        else:
            paid += amount if stage == Stage.disbursed else -amount
        found[code][line] = Bound(line, obligations, paid, before.entries + entries)
    return {code: list(of_lines.values()) for code, of_lines in found.items()}


class LineTotal(NamedTuple):
    """What a line of an agreement holds of US funds, with what its awards paid, and the day of the last payment."""

    line: AgreementLine
    agreement: Agreement
    held: dict[Stage, Sum]
    last_paid_on: date | None


async def list_line_totals(
    session: AsyncSession, asked: Mapping[str, Sequence[Any]], as_of: date
) -> list[LineTotal]:  # fmt: skip
    """The lines of agreements that have entries up to `as_of`, each with its sums."""
    own, charged = aliased(AgreementLine), aliased(AgreementLine)
    day = func.max(col(LedgerEntry.effective_date)).filter(_IS_PAYMENT)
    # An entry is of its own line; a payment of an award is of its letter's line as well.
    statement = (
        _sum(own.id, SIGNS.c.stage, func.sum(MOVED), func.count(), day)
        .select_from(LedgerEntry)
        .join(SIGNS, POSTED)
        .join(charged, col(charged.id) == LedgerEntry.agreement_line_id)
        .join(
            own,
            or_(
                col(own.id) == charged.id,
                and_(col(own.id) == charged.parent_line_id, SIGNS.c.stage == str(Stage.disbursed)),
            ),
        )
        .where(LedgerEntry.currency == US_FUNDS, col(LedgerEntry.effective_date) <= as_of)
        .group_by(col(own.id), SIGNS.c.stage)
    )
    held: dict[uuid.UUID, dict[Stage, Sum]] = {}
    last: dict[uuid.UUID, date | None] = {}
    for line_id, stage, amount, entries, paid_on in (await session.exec(statement)).all():
        held.setdefault(line_id, {})[Stage(stage)] = Sum(amount, entries)
        if Stage(stage) is Stage.disbursed:
            last[line_id] = paid_on
    lines = (
        select(AgreementLine, Agreement)
        .join(Agreement, col(Agreement.code) == AgreementLine.agreement_code)
        .join(FundLine, col(FundLine.code) == AgreementLine.fund_line_code)
        .where(col(AgreementLine.id).in_(held))
        .order_by(col(AgreementLine.agreement_code), col(AgreementLine.number))
    )
    columns: Mapping[str, Any] = {"country_code": FundLine.country_code, "fund_line_code": FundLine.code,
        "agreement_code": Agreement.code, "treasury_account_code": FundLine.treasury_account_code,
        "function_code": FundLine.function_code}  # fmt: skip
    wanted = [col(columns[field]).in_(values) for field, values in asked.items()]
    return [
        LineTotal(line, agreement, held[line.id], last.get(line.id))
        for line, agreement in (await session.exec(lines.where(*wanted))).all()
    ]


class DayTotal(NamedTuple):
    """What moved in one stage on one day, and whether something was paid then."""

    day: date
    stage: Stage
    sum: Sum
    has_payment: bool


async def list_agreement_days(session: AsyncSession, agreement_code: str, as_of: date) -> list[DayTotal]:
    """What moved under an agreement, its awards' payments with it, by day, the earliest first."""
    statement = (
        _sum(LedgerEntry.effective_date, SIGNS.c.stage, func.sum(MOVED), func.count(), func.count().filter(_IS_PAYMENT))
        .join(SIGNS, POSTED)
        .where(
            under_agreements([agreement_code]),
            LedgerEntry.currency == US_FUNDS,
            col(LedgerEntry.effective_date) <= as_of,
        )
        .group_by(col(LedgerEntry.effective_date), SIGNS.c.stage)
        .order_by(col(LedgerEntry.effective_date))
    )
    return [
        DayTotal(day, Stage(stage), Sum(amount, entries), payments > 0)
        for day, stage, amount, entries, payments in (await session.exec(statement)).all()
    ]


async def list_disbursed(
    session: AsyncSession,
    asked: Mapping[str, Sequence[Any]],
    first: date | None,
    last: date,
    *,
    is_netted: bool = False,
) -> list[CutTotal]:
    """What was disbursed in a period, less refunds, by currency. `asked`: as for `list_cut_totals`.

    `is_netted`: without what a total of a country counts at the other end of a transfer.
    """
    effective: Any = col(LedgerEntry.effective_date)
    statement = (
        with_tags(_sum(col(LedgerEntry.currency), func.sum(MOVED), func.count()).select_from(LedgerEntry))
        .join(SIGNS, POSTED)
        .where(SIGNS.c.stage == str(Stage.disbursed), effective <= last, *_of(asked))
        .where(*([not_(IS_INTERNAL)] if is_netted else []))
        .where(*([effective >= first] if first is not None else []))
        .group_by(col(LedgerEntry.currency))
        .order_by(col(LedgerEntry.currency))
    )
    found = (await session.exec(statement)).all()
    return [CutTotal((), Stage.disbursed, currency, Sum(amount, entries)) for currency, amount, entries in found]


class ImportTotal(NamedTuple):
    """What the entries of one kind that an import recorded come to in their stage, and the last of their days."""

    kind: EntryKind
    stage: Stage
    currency: str
    sum: Sum
    last_date: date


async def list_import_totals(session: AsyncSession, import_id: uuid.UUID) -> list[ImportTotal]:
    """What an import recorded, by kind, stage and currency: nothing is added across them."""
    summed = _sum(
        col(LedgerEntry.kind), SIGNS.c.stage, col(LedgerEntry.currency), func.sum(MOVED), func.count(),
        func.max(col(LedgerEntry.effective_date)),
    )  # fmt: skip
    statement = (
        summed.select_from(LedgerEntry)
        .join(SIGNS, POSTED)
        .where(col(LedgerEntry.ledger_import_id) == import_id)
        .group_by(col(LedgerEntry.kind), SIGNS.c.stage, col(LedgerEntry.currency))
    )
    found = [
        ImportTotal(EntryKind(kind), Stage(stage), currency, Sum(amount, entries), last)
        for kind, stage, currency, amount, entries, last in (await session.exec(statement)).all()
    ]
    kinds = list(EntryKind)
    return sorted(found, key=lambda total: (kinds.index(total.kind), total.currency))
