"""Units, and who was vetted: load, decide, write. No HTTP, no commit. Only results and days: never why."""

import uuid
from datetime import date
from typing import Any

from chassis.errors import NotFound
from chassis.resources import change_row, check_version, new_row, touch_row, write_row
from chassis.tokens import Caller
from chassis.voids import VoidCreate, check_not_voided, void_row
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import domain, queries, references
from trainings.models import AgencyRef, Person, Unit, VettingRecord
from trainings.references import Owner, Ref
from trainings.schemas.units import UnitCreate, UnitUpdate
from trainings.schemas.vetting_records import VettingRecordCreate, VettingRecordUpdate
from trainings.service.loading import WRITER, require_person, require_unit, today


async def create_unit(session: AsyncSession, caller: Caller, body: UnitCreate, owner: Owner) -> Unit:
    """Record a unit. Its agency is looked up before a connection is taken."""
    caller.require_role(WRITER)
    caller.require_country(body.country_code)
    await references.keep(session, await _look_up(owner, body.agency_code))
    await _require_parts(session, caller, body.model_dump())
    return await write_row(session, new_row(Unit, body))


async def update_unit(
    session: AsyncSession, caller: Caller, unit_id: uuid.UUID, version: int, body: UnitUpdate, owner: Owner
) -> Unit:
    """Change a unit that the caller has read at `version`; a new country needs a grant too."""
    caller.require_role(WRITER)
    changes = body.model_dump(exclude_unset=True)
    refs = await _look_up(owner, changes.get("agency_code"))
    unit = await queries.get_about_person(session, caller, Unit, unit_id, lock=True)
    check_version(unit, version)
    caller.require_country(changes.get("country_code", unit.country_code))
    await references.keep(session, refs)
    await _require_parts(session, caller, changes)
    return await change_row(session, unit, version, body)


async def create_vetting_record(
    session: AsyncSession, caller: Caller, body: VettingRecordCreate, validity_days: int
) -> VettingRecord:
    """Record a vetting of a person or unit, decided or not."""
    caller.require_role(WRITER)
    await _require_subject(session, caller, body)
    domain.check_vetting(body.requested_on, body.result, body.result_on, today())
    valid_until = domain.last_valid_day(body.result, body.result_on, validity_days)
    return await write_row(session, new_row(VettingRecord, body, valid_until=valid_until))


async def update_vetting_record(
    session: AsyncSession,
    caller: Caller,
    record_id: uuid.UUID,
    version: int,
    body: VettingRecordUpdate,
    validity_days: int,
) -> VettingRecord:
    """Write what a vetting, which the caller has read at `version`, came to."""
    caller.require_role(WRITER)
    record = await get_vetting_record(session, caller, record_id, lock=True)
    check_not_voided(record)
    check_version(record, version)
    current = domain.VettingResult(record.result)
    changes = body.model_dump(exclude_unset=True)
    result = domain.VettingResult(changes.get("result", current))
    domain.check_result(current, result)
    result_on: date | None = changes.get("result_on", record.result_on)
    domain.check_vetting(record.requested_on, result, result_on, today())
    if (result, result_on) != (current, record.result_on):
        record.valid_until = domain.last_valid_day(result, result_on, validity_days)
    for name, value in changes.items():
        setattr(record, name, value)
    return await touch_row(session, record)


async def void_vetting_record(
    session: AsyncSession, caller: Caller, record_id: uuid.UUID, version: int, body: VoidCreate
) -> VettingRecord:
    """Void a vetting that the caller has read at `version`."""
    caller.require_role(WRITER)
    record = await get_vetting_record(session, caller, record_id, lock=True)
    return await void_row(session, caller, record, version, body)


async def get_vetting_record(
    session: AsyncSession, caller: Caller, record_id: uuid.UUID, *, lock: bool = False
) -> VettingRecord:
    """A vetting of somebody whom the caller may record vetting for; any other is as absent as none."""
    record = await queries.get_about_person(session, caller, VettingRecord, record_id, lock=lock)
    if not caller.may_vet(await _country_of(session, caller, record)):
        raise NotFound(f"There is no such record {record_id}, or none that you may see.")
    return record


async def _country_of(session: AsyncSession, caller: Caller, record: VettingRecord) -> str:
    if record.person_id is not None:
        return (await queries.get_about_person(session, caller, Person, record.person_id)).country_code
    assert record.unit_id is not None  # noqa: S101 - the table has one of them
    return (await queries.get_about_person(session, caller, Unit, record.unit_id)).country_code


async def _require_subject(session: AsyncSession, caller: Caller, body: VettingRecordCreate) -> None:
    if body.person_id is not None:
        person = await require_person(session, caller, body.person_id)
        caller.require_vetting(person.country_code)
    elif body.unit_id is not None:
        unit = await require_unit(session, caller, body.unit_id)
        caller.require_vetting(unit.country_code)


async def _require_parts(session: AsyncSession, caller: Caller, values: dict[str, Any]) -> None:
    if (parent_id := values.get("parent_id")) is not None:
        await require_unit(session, caller, parent_id, "#/parent_id")
    if (commander_id := values.get("commander_person_id")) is not None:
        await require_person(session, caller, commander_id, "#/commander_person_id")


async def _look_up(owner: Owner, agency_code: str | None) -> list[Ref]:
    return await references.look_up(owner, {"#/agency_code": (AgencyRef, agency_code)} if agency_code else {})
