"""What may be done to trainings and their sessions."""

import uuid
from typing import Any

from chassis.errors import invalid
from chassis.resources import change_row, check_version, get_row, new_row, touch_row, write_row
from chassis.tokens import Caller
from chassis.voids import VoidCreate, check_not_voided, void_row
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import domain, references
from trainings.models import AgencyRef, CourseVersion, ProgramRef, Training, TrainingSession
from trainings.references import Owner, Ref
from trainings.schemas.training_sessions import TrainingSessionCreate, TrainingSessionUpdate
from trainings.schemas.trainings import HeadcountWrite, TrainingCreate, TrainingTransition, TrainingUpdate
from trainings.service.loading import WRITER, require_course, require_training
from trainings.service.words import NO_VERSION


async def create_training(session: AsyncSession, caller: Caller, body: TrainingCreate, owner: Owner) -> Training:
    """Record a training. What it refers to at the programs service is looked up before a connection is taken."""
    caller.require_role(WRITER)
    caller.require_country(body.host_country_code, *body.beneficiary_country_codes)
    domain.check_training_dates(body.starts_on, body.ends_on)
    domain.check_co_providers(body.provider_agency_code, body.co_provider_agency_codes)
    counted = _columns_of(body.headcount)
    await references.keep(session, await references.look_up(owner, _wanted(body.model_dump())))
    await require_course(session, "#/course_code", body.course_code)
    await _require_version(session, body.course_version_id, body.course_code)
    return await write_row(session, new_row(Training, body, **counted))


async def update_training(
    session: AsyncSession, caller: Caller, training_id: uuid.UUID, version: int, body: TrainingUpdate, owner: Owner
) -> Training:
    """Change a training that the caller has read at `version`; they need a grant for it before and after."""
    caller.require_role(WRITER)
    refs: list[Ref] = await references.look_up(owner, _wanted(body.model_dump(exclude_unset=True)))
    training = await get_row(session, Training, training_id, lock=True)
    require_countries_of(caller, training)
    check_not_voided(training)
    check_version(training, version)
    changes = body.model_dump(exclude_unset=True, exclude={"headcount"})
    after = training.model_dump() | changes
    caller.require_country(after["host_country_code"], *after["beneficiary_country_codes"])
    domain.check_training_dates(after["starts_on"], after["ends_on"])
    domain.check_co_providers(after["provider_agency_code"], after["co_provider_agency_codes"])
    if "headcount" in body.model_fields_set:
        changes |= _columns_of(body.headcount)
    await references.keep(session, refs)
    await require_course(session, "#/course_code", body.course_code)
    await _require_version(session, after["course_version_id"], after["course_code"])
    for column, value in changes.items():
        setattr(training, column, value)
    return await touch_row(session, training)


async def advance_training(
    session: AsyncSession, caller: Caller, training_id: uuid.UUID, version: int, body: TrainingTransition
) -> Training:
    """Let a training that the caller has read at `version` go on. Whether its seats are closed, the database sees."""
    caller.require_role(WRITER)
    training = await get_row(session, Training, training_id, lock=True)
    require_countries_of(caller, training)
    check_not_voided(training)
    check_version(training, version)
    domain.check_training_transition(domain.TrainingStatus(training.status), body.to)
    training.status, training.status_note = body.to, body.note
    return await touch_row(session, training)


async def void_training(
    session: AsyncSession, caller: Caller, training_id: uuid.UUID, version: int, body: VoidCreate
) -> Training:
    """Void a training that the caller has read at `version`, completed or not."""
    caller.require_role(WRITER)
    training = await get_row(session, Training, training_id, lock=True)
    require_countries_of(caller, training)
    return await void_row(session, caller, training, version, body)


async def create_training_session(
    session: AsyncSession, caller: Caller, body: TrainingSessionCreate
) -> TrainingSession:
    """Record a session of a training."""
    caller.require_role(WRITER)
    training = await require_training(session, body.training_id)
    require_countries_of(caller, training)
    domain.check_session(body.held_on, training.starts_on, training.ends_on)
    return await write_row(session, new_row(TrainingSession, body))


async def update_training_session(
    session: AsyncSession, caller: Caller, session_id: uuid.UUID, version: int, body: TrainingSessionUpdate
) -> TrainingSession:
    """Change a session that the caller has read at `version`."""
    caller.require_role(WRITER)
    held = await get_row(session, TrainingSession, session_id, lock=True)
    training = await get_row(session, Training, held.training_id)
    require_countries_of(caller, training)
    check_not_voided(held)
    domain.check_session(body.held_on or held.held_on, training.starts_on, training.ends_on)
    return await change_row(session, held, version, body)


async def void_training_session(
    session: AsyncSession, caller: Caller, session_id: uuid.UUID, version: int, body: VoidCreate
) -> TrainingSession:
    """Void a session that the caller has read at `version`; nobody's attendance in it counts any more."""
    caller.require_role(WRITER)
    held = await get_row(session, TrainingSession, session_id, lock=True)
    require_countries_of(caller, await get_row(session, Training, held.training_id))
    return await void_row(session, caller, held, version, body)


def require_countries_of(caller: Caller, training: Training) -> None:
    """Raise `Forbidden` unless the caller has a grant for a country of the training."""
    caller.require_country(training.host_country_code, *training.beneficiary_country_codes)


async def _require_version(session: AsyncSession, version_id: uuid.UUID | None, course_code: str) -> None:
    if version_id is None:
        return
    found = await session.get(CourseVersion, version_id)
    if found is None:
        raise invalid("#/course_version_id", "unknown_id", NO_VERSION)
    if found.course_code != course_code:
        raise invalid(
            "#/course_version_id",
            "of_another_course",
            f"This is a version of {found.course_code}; name one of {course_code}, or none.",
        )


def _columns_of(headcount: HeadcountWrite | None) -> dict[str, int | None]:
    if headcount is None:
        return {"headcount_female": None, "headcount_male": None, "headcount_not_recorded": None}
    split = domain.split_headcount(headcount.total, headcount.female, headcount.male)
    return {
        "headcount_female": split.female,
        "headcount_male": split.male,
        "headcount_not_recorded": split.not_recorded,
    }


def _wanted(values: dict[str, Any]) -> dict[str, tuple[type[Ref], str]]:
    """The references of a body by their pointers, each code once."""
    named: dict[str, type[Ref]] = {"provider_agency_code": AgencyRef, "program_code": ProgramRef}
    wanted = {f"#/{name}": (kind, values[name]) for name, kind in named.items() if values.get(name) is not None}
    for name in ("co_provider_agency_codes", "funder_agency_codes"):
        wanted |= {f"#/{name}/{at}": (AgencyRef, code) for at, code in enumerate(values.get(name) or [])}
    first = {one: pointer for pointer, one in reversed(wanted.items())}
    return {pointer: one for pointer, one in wanted.items() if first[one] == pointer}
