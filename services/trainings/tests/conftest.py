"""The trainings service on a database of its own, and an office that records things in it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from chassis.testing import ACTING, Api, Database, Databases
from chassis.testing.api import running
from joserfc.jwk import OKPKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from trainings.app import create_app
from trainings.settings import MIGRATIONS

PEOPLE_KEY = "5a" * 32
NOBODY_LISTENS = "unix:/nonexistent/programs.sock"


@pytest.fixture
def database(databases: Databases, service_environment: pytest.MonkeyPatch) -> Iterator[Database]:
    """A fresh database, named in the environment."""
    made = databases.new("trainings", MIGRATIONS)
    service_environment.setenv("TRIBUTARY_DATABASE_URL", made.app_url)
    service_environment.setenv("TRIBUTARY_PEOPLE_KEY", PEOPLE_KEY)
    service_environment.setenv("TRIBUTARY_PROGRAMS_URL", NOBODY_LISTENS)
    yield made
    databases.drop(made)


@pytest.fixture
async def api(database: Database, signing_key: OKPKey) -> AsyncIterator[Api]:
    """The running service."""
    async with running(create_app(), signing_key) as clients:
        yield clients


@pytest.fixture
async def app_engine(database: Database) -> AsyncIterator[AsyncEngine]:
    """The database as the serving role sees it."""
    engine = create_async_engine(database.app_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def superuser_engine(database: Database) -> AsyncIterator[AsyncEngine]:
    """The database as it is."""
    engine = create_async_engine(database.superuser_url)
    yield engine
    await engine.dispose()


@dataclass
class Office:
    """Records things with plain defaults, as an officer for all countries; each answers the record."""

    api: Api
    number: Iterator[int] = field(default_factory=count)

    async def post(self, noun: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a body that must be accepted."""
        answer = await self.api.officer().post(f"/v1/{noun}", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def course(self, **over: Any) -> dict[str, Any]:
        """A basic course."""
        code = f"C{next(self.number)}"
        return await self.post("courses", {"code": code, "title": f"Course {code}", "type": "basic"} | over)

    async def training(self, **over: Any) -> dict[str, Any]:
        """A training by New Mexico for Mexico."""
        if "course_code" not in over:
            over["course_code"] = (await self.course())["code"]
        return await self.post("trainings", TRAINING | over)

    async def person(self, **over: Any) -> dict[str, Any]:
        """A Mexican."""
        return await self.post("people", PERSON | {"surname_2": f"{next(self.number)}"} | over)

    async def enrollment(self, training_id: str, person_id: str, **over: Any) -> dict[str, Any]:
        """A seat."""
        return await self.post("enrollments", {"training_id": training_id, "person_id": person_id} | over)

    async def session(self, training: dict[str, Any], hours: str = "6", **over: Any) -> dict[str, Any]:
        """A session on the first day."""
        body = {"training_id": training["id"], "held_on": training["starts_on"], "hours": hours}
        return await self.post("training-sessions", body | over)

    async def attendance(self, seat: dict[str, Any], session: dict[str, Any], hours: str = "6") -> dict[str, Any]:
        """Somebody's hours in a session."""
        body = {"enrollment_id": seat["id"], "session_id": session["id"], "hours": hours}
        return await self.post("attendances", body)

    async def certification(self, person: dict[str, Any], course_code: str, **over: Any) -> dict[str, Any]:
        """An instructor's certification by New Mexico."""
        body = {"kind": "instructor", "person_id": person["id"], "course_code": course_code}
        issued = {"issuer_agency_code": "US-NM-CD", "issued_on": "2008-01-01"}
        return await self.post("certifications", body | issued | over)

    async def again(self, noun: str, record: dict[str, Any]) -> dict[str, Any]:
        """A record as it is now."""
        return dict((await self.api.officer().get(f"/v1/{noun}/{record['id']}")).json())

    async def completion(self, enrollment_id: str, completed_on: str) -> dict[str, Any]:
        """A seat's completion."""
        return await self.post("completions", {"enrollment_id": enrollment_id, "completed_on": completed_on})

    async def completed(self, training: dict[str, Any], person: dict[str, Any], on: str | None = None) -> None:
        """A seat and its completion, on the last day where none is named."""
        seat = await self.enrollment(training["id"], person["id"])
        await self.completion(seat["id"], on or training["ends_on"])

    async def lead(self, training: dict[str, Any], person: dict[str, Any]) -> dict[str, Any]:
        """A lead instructor."""
        return await self.post("instructor-assignments", {"training_id": training["id"], "person_id": person["id"]})


TRAINING = {
    "provider_agency_code": "US-NM-CD",
    "program_code": "MX-CORR",
    "host_country_code": "US",
    "beneficiary_country_codes": ["MX"],
    "starts_on": "2009-03-15",
    "ends_on": "2009-04-24",
    "venue_kind": "united_states",
}
PERSON = {
    "country_code": "MX",
    "nationality_code": "MX",
    "sex": "female",
    "given_name": "Synthetic",
    "surname_1": "Person",
}
_KNOWN = """
INSERT INTO agency_refs (code, id, name, kind, etag, checked_at)
SELECT code, uuidv7(), 'Agency ' || code, 'us_state', '"1"', now() FROM unnest(ARRAY['US-NM-CD', 'US-CO-DOC', 'US-BOP']) code;
INSERT INTO program_refs (code, id, title, etag, checked_at)
SELECT code, uuidv7(), 'Program ' || code, '"1"', now() FROM unnest(ARRAY['MX-CORR', 'GE-CORR']) code;
"""


@pytest.fixture
def known_references(database: Database) -> None:
    """Agencies and programs that were looked up before."""
    asyncio.run(execute(database.owner_url, *_KNOWN.strip().split(";")[:-1]))


@pytest.fixture
def office(known_references: None, api: Api) -> Office:
    """Somebody who records things."""
    return Office(api)


async def execute(url: str, *statements: str) -> None:
    """Run statements in one transaction."""
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            for statement in (ACTING, *statements):
                await connection.execute(text(statement))
    finally:
        await engine.dispose()
