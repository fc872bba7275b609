"""Questions about what others give."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from chassis.paging import Listing
from chassis.voids import is_voided_filter
from sqlalchemy import ColumnElement, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from funding.models import Agreement, HostContribution


def host_contributions() -> Listing:
    """All contributions, voided ones too."""
    return Listing(
        statement=select(HostContribution),
        filters={
            "stream": HostContribution.stream,
            "country_code": HostContribution.country_code,
            "contributor_agency_code": HostContribution.contributor_agency_code,
            "program_code": HostContribution.program_code,
            "agreement_code": HostContribution.agreement_code,
            "function_code": HostContribution.function_code,
            "kind": HostContribution.kind,
            "stage": HostContribution.stage,
            "currency": HostContribution.currency,
            "evidence_grade": HostContribution.evidence_grade,
            "pledged_on": HostContribution.pledged_on,
            "delivered_on": HostContribution.delivered_on,
            "verified_on": HostContribution.verified_on,
            "lapsed_on": HostContribution.lapsed_on,
            "not_lapsed_by": _not_lapsed_by,
            "starts_on": HostContribution.starts_on,
            "ends_on": HostContribution.ends_on,
            "is_voided": is_voided_filter(col(HostContribution.voided_at)),
        },
        sorts={
            "contributor": HostContribution.contributor,
            "country_code": HostContribution.country_code,
            "currency": HostContribution.currency,
            "created_at": HostContribution.created_at,
            "updated_at": HostContribution.updated_at,
        },
        id=HostContribution.id,
        text=[HostContribution.contributor, HostContribution.claimant, HostContribution.scope],
    )


def _not_lapsed_by(day: date) -> ColumnElement[bool]:
    lapsed_on: Any = col(HostContribution.lapsed_on)
    return or_(lapsed_on.is_(None), lapsed_on > day)


async def list_contributions(session: AsyncSession, asked: Mapping[str, Sequence[Any]]) -> list[HostContribution]:
    """Those that stand, by the values that are asked for of each column; in the order in which they were recorded."""
    wheres = [col(getattr(HostContribution, name)).in_(values) for name, values in asked.items() if values]
    statement = select(HostContribution).where(col(HostContribution.voided_at).is_(None), *wheres)
    return list((await session.exec(statement.order_by(col(HostContribution.id)))).all())


async def list_agreement_family(session: AsyncSession, code: str) -> list[str]:
    """The code of an agreement, and of all that stand under it; empty where there is none."""
    family = select(Agreement.code).where(Agreement.code == code).cte("family", recursive=True)
    under = select(Agreement.code).where(col(Agreement.parent_code) == family.c.code)
    found = await session.exec(select(family.union(under).c.code))
    return sorted(found.all())
