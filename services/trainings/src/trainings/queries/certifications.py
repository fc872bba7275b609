"""Questions about certifications and their suspensions."""

import uuid
from collections.abc import Callable, Sequence

from chassis.paging import Listing
from chassis.tokens import Caller
from chassis.voids import is_voided_filter
from sqlalchemy import true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.domain import LEADING_KINDS
from trainings.models import Certification, CertificationSuspension
from trainings.queries import visibility


async def leading_certifications(
    session: AsyncSession, caller: Caller, person_id: uuid.UUID, course_code: str
) -> Sequence[Certification]:
    """What says that somebody may lead a course, and stands."""
    statement = visibility.about_people(Certification, caller).where(
        Certification.person_id == person_id,
        Certification.course_code == course_code,
        col(Certification.kind).in_(LEADING_KINDS),
        col(Certification.voided_at).is_(None),
    )
    return (await session.exec(statement)).all()


async def find_open_suspension(session: AsyncSession, certification_id: uuid.UUID) -> CertificationSuspension | None:
    """The suspension of a certification that has no last day yet."""
    statement = select(CertificationSuspension).where(
        CertificationSuspension.certification_id == certification_id, col(CertificationSuspension.ends_on).is_(None)
    )
    return (await session.exec(statement)).one_or_none()


def certifications(caller: Caller, present: Callable[[Certification], object]) -> Listing:
    """The certifications of people the caller may see, each with its status as `present` finds it."""
    return Listing(
        statement=visibility.about_people(Certification, caller),
        filters={
            "kind": Certification.kind,
            "person_id": Certification.person_id,
            "course_code": Certification.course_code,
            "training_id": Certification.training_id,
            "issuer_agency_code": Certification.issuer_agency_code,
            "issued_on": Certification.issued_on,
            "expires_on": Certification.expires_on,
            "revoked_on": Certification.revoked_on,
            "is_provisional": Certification.is_provisional,
            "is_voided": is_voided_filter(Certification.voided_at),
            # It chooses what is shown, not which rows are in the list.
            "as_of": lambda _day: true(),
        },
        sorts={
            "issued_on": Certification.issued_on,
            "course_code": Certification.course_code,
            "created_at": Certification.created_at,
            "updated_at": Certification.updated_at,
        },
        id=Certification.id,
        present=present,
    )
