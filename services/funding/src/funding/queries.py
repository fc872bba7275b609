"""Questions to the funding tables. Nothing here changes anything."""

from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from chassis.paging import Listing
from sqlalchemy import ColumnElement, Integer, String, column, func, or_, values
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from funding.domain import POSTINGS, Stage, Tier, fiscal_year_days, kinds_of, tier_of
from funding.models import FundLine, LedgerEntry

# The table of signs as rows that a query can join.
_SIGNS: Final = values(column("kind", String), column("stage", String), column("sign", Integer), name="signs").data(
    [(str(kind), str(posting.stage), posting.sign) for kind, posting in POSTINGS.items()]
)


def fund_lines() -> Listing:
    """All fund lines."""
    return Listing(
        statement=select(FundLine),
        filters={"code": FundLine.code, "country_code": FundLine.country_code, "purpose": FundLine.purpose},
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


def ledger_entries() -> Listing:
    """All ledger entries."""
    return Listing(
        statement=select(LedgerEntry),
        filters={
            "fund_line_code": LedgerEntry.fund_line_code,
            "kind": LedgerEntry.kind,
            "stage": _of_stages,
            "tier": _of_tiers,
            "country_code": _of_countries,
            "currency": LedgerEntry.currency,
            "fiscal_year": _in_fiscal_years,
            "effective_date": LedgerEntry.effective_date,
            "amount": LedgerEntry.amount_value,
            "document_reference": LedgerEntry.document_reference,
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


def _of_stages(stages: list[Stage]) -> ColumnElement[bool]:
    return col(LedgerEntry.kind).in_(kinds_of(*stages))


def _of_tiers(tiers: list[Tier]) -> ColumnElement[bool]:
    return _of_stages([stage for stage in Stage if tier_of(stage) in tiers])


def _of_countries(codes: list[str]) -> ColumnElement[bool]:
    lines = select(FundLine.code).where(col(FundLine.country_code).in_(codes))
    return col(LedgerEntry.fund_line_code).in_(lines)


def _in_fiscal_years(years: list[int]) -> ColumnElement[bool]:
    return or_(*(col(LedgerEntry.effective_date).between(*fiscal_year_days(year)) for year in years))


class StageTotal(NamedTuple):
    """The sum of one stage in one currency, over at least one entry."""

    stage: Stage
    currency: str
    amount: Decimal
    entries: int


async def list_stage_totals(session: AsyncSession, country_code: str, as_of: date) -> list[StageTotal]:
    """The ledger of a country up to `as_of`, summed by stage and currency, in the order of the ladder.

    A stage without entries is absent: nothing recorded is not zero.
    """
    sign: Any = _SIGNS.c.sign
    statement = (
        select(
            _SIGNS.c.stage,
            col(LedgerEntry.currency),
            func.sum(sign * col(LedgerEntry.amount_value)),
            func.count(),
        )
        .join(_SIGNS, _SIGNS.c.kind == LedgerEntry.kind)
        .join(FundLine, col(FundLine.code) == LedgerEntry.fund_line_code)
        .where(FundLine.country_code == country_code, LedgerEntry.effective_date <= as_of)
        .group_by(_SIGNS.c.stage, col(LedgerEntry.currency))
    )
    found = [
        StageTotal(Stage(stage), currency, amount, entries)
        for stage, currency, amount, entries in (await session.exec(statement)).all()
    ]
    ladder = list(Stage)
    return sorted(found, key=lambda total: (ladder.index(total.stage), total.currency))
