"""Dossiers over HTTP."""

from typing import Any, Final

from chassis.codes import Code
from chassis.known import LookingBack
from chassis.unit_of_work import Session, work_router

from programs import queries
from programs.domain import SubjectType
from programs.schemas.dossiers import CountrySummaries, DossierRead

router: Final = work_router("Dossiers")


@router.get("/dossiers/{subject_type}/{subject_code}", response_model=DossierRead)
async def get_dossier(
    session: Session, subject_type: SubjectType, subject_code: Code, moment: LookingBack
) -> dict[str, Any]:
    """Read all that is recorded of a subject: programs, partners, figures, statements, coverage."""
    return await queries.get_dossier(session, subject_type, subject_code, moment)


@router.get("/country-summaries", response_model=CountrySummaries)
async def get_country_summaries(session: Session) -> dict[str, Any]:
    """Read how much is recorded of each country of which anything is."""
    return {"items": await queries.count_by_country(session)}
