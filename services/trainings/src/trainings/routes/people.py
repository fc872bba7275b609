"""People over HTTP."""

import uuid
from functools import partial
from typing import Annotated, Final

from chassis.errors import FieldError, Invalid
from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, send_etag
from chassis.unit_of_work import CurrentCaller, Session
from fastapi import Depends, Query, Request, Response
from sqlalchemy import ColumnElement

from trainings import names, queries
from trainings.models import Person
from trainings.privacy import SEALED, MasterKey
from trainings.routes.personal import personal_router
from trainings.schemas.people import EraseCreate, PersonCreate, PersonPage, PersonQuery, PersonRead, PersonUpdate
from trainings.service import identity

router: Final = personal_router("People")


def people_key(request: Request) -> MasterKey:
    """The key of what is sealed."""
    key: MasterKey = request.app.state.people_key
    return key


PeopleKey = Annotated[MasterKey, Depends(people_key)]


def reveal(key: MasterKey, person: Person) -> PersonRead:
    """A person as an officer sees them."""
    shown = person.model_dump(exclude={*SEALED, "data_key"}) | key.reveal(person)
    return PersonRead.model_validate(shown | {"canonical_person_id": person.canonical_person_id})


async def matching(session: Session, key: MasterKey, asked: str) -> ColumnElement[bool]:
    """People whose names have all words of a search. Says nothing of what was asked: it is a name."""
    wanted = names.wanted_keys(asked)
    if not wanted:
        message = "Write letters or digits of a name to search for."
        raise Invalid(message, [FieldError("no_word", message, parameter="q")])
    return await queries.find_named(session, [key.marks("name", keys) for keys in wanted])


@router.get("/people", response_model=PersonPage)
async def list_people(
    request: Request, session: Session, caller: CurrentCaller, key: PeopleKey, query: Annotated[PersonQuery, Query()]
) -> Page | Response:
    """List the people of countries the caller has a grant for, or find them by words of their names."""
    named = None if query.q is None else await matching(session, key, query.q)
    listing = queries.people(caller, partial(reveal, key), named)
    return await answer_list(request, session, query, listing, PersonPage)


@router.post("/people", status_code=201, response_model=PersonRead)
async def create_person(
    request: Request, response: Response, session: Session, caller: CurrentCaller, key: PeopleKey, body: PersonCreate
) -> PersonRead:
    """Record a person. Those who may be the same one become duplicate candidates; nothing is merged for a likeness."""
    person = await identity.create_person(session, caller, body, key)
    created(request, response, person)
    return reveal(key, person)


@router.get("/people/{person_id}", response_model=PersonRead)
async def get_person(
    request: Request, response: Response, session: Session, caller: CurrentCaller, key: PeopleKey, person_id: uuid.UUID
) -> PersonRead:
    """Read one person."""
    person = await queries.get_about_person(session, caller, Person, person_id)
    send_etag(request, response, person)
    return reveal(key, person)


@router.patch("/people/{person_id}", response_model=PersonRead)
async def update_person(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    key: PeopleKey,
    person_id: uuid.UUID,
    version: IfMatch,
    body: PersonUpdate,
) -> PersonRead:
    """Change fields of a person."""
    person = await identity.update_person(session, caller, person_id, version, body, key)
    send_etag(request, response, person)
    return reveal(key, person)


@router.post("/people/{person_id}/erase", response_model=PersonRead)
async def erase_person(
    request: Request,
    response: Response,
    session: Session,
    caller: CurrentCaller,
    key: PeopleKey,
    person_id: uuid.UUID,
    version: IfMatch,
    body: EraseCreate,
) -> PersonRead:
    """Forget a person for good: names, birth date, position, documents, notes. Who was counted stays counted."""
    person = await identity.erase_person(session, caller, person_id, version, body)
    send_etag(request, response, person)
    return reveal(key, person)
