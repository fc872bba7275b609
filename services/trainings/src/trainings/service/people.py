"""What may be done to people."""

import uuid
from datetime import date
from typing import Any

from chassis.errors import Conflict
from chassis.resources import check_version, new_row, touch_row, write_row
from chassis.tokens import Caller
from sqlalchemy import Uuid
from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import domain, queries
from trainings.models import Person
from trainings.privacy import SEALED, MasterKey
from trainings.schemas.people import PersonCreate, PersonUpdate
from trainings.service.loading import WRITER, today


async def create_person(session: AsyncSession, caller: Caller, body: PersonCreate, key: MasterKey) -> Person:
    """Record a person, names and birth date sealed with a key of their own."""
    caller.require_role(WRITER)
    caller.require_country(body.country_code)
    sealed = body.model_dump(include=set(SEALED))
    _check_person(sealed, body.birth_precision)
    # The id is part of what seals the values, so it comes first.
    person_id = body.id or (await session.exec(select(func.uuidv7(type_=Uuid)))).one()
    data_key = key.new_data_key(person_id)
    values = key.seal(person_id, data_key, _as_text(sealed))
    return await write_row(session, new_row(Person, body, id=person_id, data_key=data_key, **values))


async def update_person(
    session: AsyncSession, caller: Caller, person_id: uuid.UUID, version: int, body: PersonUpdate, key: MasterKey
) -> Person:
    """Change a person that the caller has read at `version`; a new country needs a grant too."""
    caller.require_role(WRITER)
    person = await queries.get_about_person(session, caller, Person, person_id, lock=True)
    if person.data_key is None:
        raise Conflict("This person was erased: nothing is known of them, and nothing can be recorded of them again.")
    check_version(person, version)
    changes = body.model_dump(exclude_unset=True)
    caller.require_country(changes.get("country_code", person.country_code))
    sealed = {column: value for column, value in changes.items() if column in SEALED}
    birth_date = {"birth_date": date.fromisoformat(found) if (found := key.reveal(person)["birth_date"]) else None}
    names = {column: getattr(person, column) for column in SEALED if column != "birth_date"}
    precision = domain.BirthPrecision(changes.get("birth_precision", person.birth_precision))
    _check_person(names | birth_date | sealed, precision)
    clear = {column: value for column, value in changes.items() if column not in SEALED}
    for column, value in (clear | key.seal(person.id, person.data_key, _as_text(sealed))).items():
        setattr(person, column, value)
    return await touch_row(session, person)


def _check_person(personal: dict[str, Any], precision: domain.BirthPrecision) -> None:
    domain.check_birth(personal["birth_date"], precision, today())
    domain.check_names([value for column, value in personal.items() if column != "birth_date"])


def _as_text(personal: dict[str, Any]) -> dict[str, str | None]:
    return {column: None if value is None else str(value) for column, value in personal.items()}
