"""Questions about trainings, their sessions and the agencies that they name."""

import uuid
from typing import Any

from chassis.paging import Listing
from chassis.voids import is_voided_filter
from sqlalchemy import ColumnElement, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.models import AgencyRef, Training, TrainingSession
from trainings.queries.filters import holds_any


async def find_agency(session: AsyncSession, agency_id: uuid.UUID) -> AgencyRef | None:
    """The agency with this id, where something here has referred to it."""
    return (await session.exec(select(AgencyRef).where(AgencyRef.id == agency_id))).one_or_none()


def _provided_by(codes: list[str]) -> ColumnElement[bool]:
    co_providers: Any = Training.co_provider_agency_codes
    return or_(col(Training.provider_agency_code).in_(codes), co_providers.overlap(codes))


def _has_headcount(wanted: bool) -> ColumnElement[bool]:
    column = col(Training.headcount_total)
    return column.is_not(None) if wanted else column.is_(None)


def trainings() -> Listing:
    """All trainings."""
    return Listing(
        statement=select(Training),
        filters={
            "id": Training.id,
            "code": Training.code,
            "course_code": Training.course_code,
            "program_code": Training.program_code,
            "provider_agency_code": Training.provider_agency_code,
            "agency_code": _provided_by,
            "funder_agency_code": holds_any(Training.funder_agency_codes),
            "cohort": Training.cohort,
            "status": Training.status,
            "delivery_mode": Training.delivery_mode,
            "has_headcount": _has_headcount,
            "host_country_code": Training.host_country_code,
            "beneficiary_country_code": holds_any(Training.beneficiary_country_codes),
            "venue_kind": Training.venue_kind,
            "starts_on": Training.starts_on,
            "ends_on": Training.ends_on,
            "is_voided": is_voided_filter(Training.voided_at),
        },
        sorts={
            "starts_on": Training.starts_on,
            "ends_on": Training.ends_on,
            "course_code": Training.course_code,
            "created_at": Training.created_at,
            "updated_at": Training.updated_at,
        },
        id=Training.id,
        text=[Training.title, Training.code, Training.venue],
    )


def training_sessions() -> Listing:
    """All sessions of trainings."""
    return Listing(
        statement=select(TrainingSession),
        filters={
            "training_id": TrainingSession.training_id,
            "held_on": TrainingSession.held_on,
            "is_voided": is_voided_filter(TrainingSession.voided_at),
        },
        sorts={
            "held_on": TrainingSession.held_on,
            "created_at": TrainingSession.created_at,
            "updated_at": TrainingSession.updated_at,
        },
        id=TrainingSession.id,
    )
