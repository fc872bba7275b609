"""People over HTTP."""

import uuid
from functools import partial
from typing import Annotated, Final

from chassis.paging import Page, answer_list
from chassis.resources import IfMatch, created, send_etag
from chassis.unit_of_work import CurrentCaller, Session
from fastapi import Depends, Query, Request, Response

from trainings import queries, service
from trainings.models import Person
from trainings.privacy import SEALED, MasterKey
from trainings.routes.personal import personal_router
from trainings.schemas.people import PersonCreate, PersonPage, PersonQuery, PersonRead, PersonUpdate

router: Final = personal_router("People")


def people_key(request: Request) -> MasterKey:
    """The key of what is sealed."""
    key: MasterKey = request.app.state.people_key
    return key


PeopleKey = Annotated[MasterKey, Depends(people_key)]


def reveal(key: MasterKey, person: Person) -> PersonRead:
    """A person as an officer sees them."""
    return PersonRead.model_validate(person.model_dump(exclude={*SEALED, "data_key"}) | key.reveal(person))


@router.get("/people", response_model=PersonPage)
async def list_people(
    request: Request, session: Session, caller: CurrentCaller, key: PeopleKey, query: Annotated[PersonQuery, Query()]
) -> Page | Response:
    """List the people of countries the caller has a grant for."""
    return await answer_list(request, session, query, queries.people(caller, partial(reveal, key)), PersonPage)


@router.post("/people", status_code=201, response_model=PersonRead)
async def create_person(
    request: Request, response: Response, session: Session, caller: CurrentCaller, key: PeopleKey, body: PersonCreate
) -> PersonRead:
    """Record a person."""
    person = await service.create_person(session, caller, body, key)
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
    person = await service.update_person(session, caller, person_id, version, body, key)
    send_etag(request, response, person)
    return reveal(key, person)
