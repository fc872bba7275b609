"""Questions about what disbursements were for."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from chassis.paging import Listing
from chassis.voids import is_voided_filter
from sqlalchemy import ColumnElement, and_, func, not_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from funding.domain import CostTarget, FundCodeKind
from funding.models import CostAllocation, FundCode, FundLine, LedgerEntry, TrainingRef
from funding.queries.ledger import left_of_disbursements

_IS_SUPPORT: Any = func.coalesce(FundCode.is_program_support, False)


def _with_entry(statement: Any) -> Any:  # noqa: ANN401 - a selection of allocations, of whatever columns
    """Each allocation once, beside its disbursement, the fund line and its function, and its training."""
    return (
        statement.join(LedgerEntry, col(LedgerEntry.id) == CostAllocation.ledger_entry_id)
        .join(FundLine, col(FundLine.code) == LedgerEntry.fund_line_code)
        .outerjoin(
            FundCode, and_(col(FundCode.kind) == FundCodeKind.function, col(FundCode.code) == FundLine.function_code)
        )
        .outerjoin(TrainingRef, col(TrainingRef.id) == CostAllocation.training_id)
    )


def _is_support(wanted: bool) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = _IS_SUPPORT if wanted else not_(_IS_SUPPORT)
    return condition


_FILTERS: dict[str, Any] = {
    "ledger_entry_id": CostAllocation.ledger_entry_id,
    "target_kind": CostAllocation.target_kind,
    "training_id": CostAllocation.training_id,
    "except_training_id": lambda ids: col(CostAllocation.training_id).not_in(ids),
    "target_code": CostAllocation.target_code,
    "country_code": FundLine.country_code,
    "fund_line_code": LedgerEntry.fund_line_code,
    "currency": LedgerEntry.currency,
    "is_program_support": _is_support,
    "effective_date": LedgerEntry.effective_date,
    "is_voided": is_voided_filter(col(CostAllocation.voided_at)),
}


def cost_allocations() -> Listing:
    """All allocations, voided ones too."""
    return Listing(
        statement=_with_entry(select(CostAllocation)),
        filters=_FILTERS,
        sorts={
            "target_kind": CostAllocation.target_kind,
            "created_at": CostAllocation.created_at,
            "updated_at": CostAllocation.updated_at,
        },
        id=CostAllocation.id,
        text=[CostAllocation.note],
    )


class Cost(NamedTuple):
    """What of one allocation is left by a day: a share of the disbursement less its refunds and its reversal."""

    allocation_id: uuid.UUID
    target_kind: CostTarget
    training_id: uuid.UUID | None
    target_code: str | None
    entry_id: uuid.UUID
    fund_line_code: str
    currency: str
    is_support: bool
    amount: Decimal


_COUNTRIES: Any = TrainingRef.beneficiary_country_codes
_ASKED: Mapping[str, Callable[[Sequence[Any]], ColumnElement[bool]]] = {
    "target_kind": lambda values: col(CostAllocation.target_kind).in_(values),
    "training_id": lambda values: col(CostAllocation.training_id).in_(values),
    "target_code": lambda values: col(CostAllocation.target_code).in_(values),
    "country_code": lambda values: col(FundLine.country_code).in_(values),
    "fund_line_code": lambda values: col(LedgerEntry.fund_line_code).in_(values),
    "beneficiary_country_code": lambda values: _COUNTRIES.overlap(list(values)),
    "program_code": lambda values: col(TrainingRef.program_code).in_(values),
}


async def list_costs(session: AsyncSession, asked: Mapping[str, Sequence[Any]], as_of: date) -> list[Cost]:
    """What each allocation that stands comes to by a day. `asked`: by name, the values that are looked at.

    Of a disbursement that was reversed nothing is left, so its allocations come to nothing and are absent.
    """
    left = left_of_disbursements(as_of)
    share: Any = left.c.amount * col(CostAllocation.amount_value) / col(LedgerEntry.amount_value)
    chosen: Any = select(  # type: ignore[call-overload]
        CostAllocation.id,
        CostAllocation.target_kind,
        CostAllocation.training_id,
        CostAllocation.target_code,
        LedgerEntry.id,
        LedgerEntry.fund_line_code,
        LedgerEntry.currency,
        _IS_SUPPORT,
        share,
    )
    statement = (
        _with_entry(chosen.select_from(CostAllocation))
        .join(left, left.c.entry_id == LedgerEntry.id)
        .where(
            col(CostAllocation.voided_at).is_(None),
            col(LedgerEntry.effective_date) <= as_of,
            left.c.amount != 0,
            *(_ASKED[name](values) for name, values in asked.items() if values),
        )
        .order_by(col(CostAllocation.id))
    )
    rows = (await session.exec(statement)).all()
    return [Cost(row[0], CostTarget(row[1]), *row[2:]) for row in rows]


async def list_training_refs(session: AsyncSession, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, TrainingRef]:
    """Trainings as they were last looked up, by id."""
    found = (await session.exec(select(TrainingRef).where(col(TrainingRef.id).in_(ids)))).all() if ids else []
    return {one.id: one for one in found}


async def is_reversed(session: AsyncSession, entry_id: uuid.UUID) -> bool:
    """Whether another entry takes this one back."""
    statement = select(LedgerEntry.id).where(col(LedgerEntry.reverses_entry_id) == entry_id)
    return (await session.exec(statement)).first() is not None


async def list_fund_lines_of(session: AsyncSession, country_codes: Sequence[str]) -> list[str]:
    """The codes of the fund lines of some countries."""
    if not country_codes:
        return []
    statement = select(FundLine.code).where(col(FundLine.country_code).in_(country_codes))
    return list((await session.exec(statement)).all())
