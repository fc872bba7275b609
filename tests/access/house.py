"""The whole system in one process, with records of two countries in it: each text about a person names its country."""

import io
import json
import re
import uuid
import zipfile
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

import funding.app
import gateway.app
import httpx
import programs.app
import pytest
import trainings.app
from chassis.testing import Database, Databases, caller
from chassis.testing.contract import digest_tables
from chassis.tokens import Caller, mint_token
from chassis.unit_of_work import open_session
from fastapi import FastAPI
from funding.settings import MIGRATIONS as FUNDING
from gateway.access import create_token, issue_token
from gateway.models import Grant, User
from gateway.routing import NOUNS
from gateway.settings import MIGRATIONS as GATEWAY
from joserfc.jwk import OKPKey
from programs.settings import MIGRATIONS as PROGRAMS
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from trainings.service import roster_imports
from trainings.settings import MIGRATIONS as TRAININGS

from tests.access.matrix import COLUMNS

COUNTRIES: Final = ("MX", "GE")
SERVICES: Final = ("programs", "trainings", "funding")
MIGRATIONS: Final = {"programs": PROGRAMS, "trainings": TRAININGS, "funding": FUNDING, "gateway": GATEWAY}
CREATE_APP: Final = {
    "programs": programs.app.create_app,
    "trainings": trainings.app.create_app,
    "funding": funding.app.create_app,
    "gateway": gateway.app.create_app,
}
# What each column of the matrix is: a role, its grants, and the countries that its token is limited to.
USERS: Final[dict[str, tuple[str, list[str], list[str] | None]]] = {
    "viewer": ("viewer", [], None),
    "analyst": ("analyst", [], None),
    "officer MX": ("officer", ["MX"], None),
    "officer GE": ("officer", ["GE"], None),
    "officer *": ("officer", ["*"], None),
    "officer, no grant": ("officer", [], None),
    "officer *, token MX": ("officer", ["*"], ["MX"]),
    "admin": ("admin", [], None),
}
DOCUMENT: Final = GATEWAY.parents[1] / "openapi" / "tributary.json"
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Json = dict[str, Any]


@dataclass
class House:
    """The running system: a client a column, the records by country and noun, and what must not leak of each country."""

    apps: dict[str, FastAPI]
    databases: dict[str, Database]
    document: Json
    tokens: dict[str, str] = field(default_factory=dict)
    records: dict[str, dict[str, Json]] = field(default_factory=lambda: {country: {} for country in COUNTRIES})
    canaries: dict[str, set[str]] = field(default_factory=lambda: {country: set() for country in COUNTRIES})
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    def example(self, schema: str, **over: Any) -> Json:
        """The example of a body in the document, with other values."""
        return dict(self.document["components"]["schemas"][schema]["examples"][0]) | over

    def client(self, column: str, noun: str, *, through_gateway: bool) -> httpx.AsyncClient:
        """Who calls as the column: through the gateway, or where the trainings service answers straight to it."""
        if through_gateway or noun not in NOUNS["trainings"] or column == "anonymous":
            return self.clients[column]
        role, countries, limit = USERS[column]
        granted = frozenset(limit or countries)
        who = Caller(column, column, role, granted, granted)
        return _client(
            self.apps["trainings"], mint_token(self.apps["gateway"].state.token_private_key, who, fresh_id())
        )

    async def post(self, noun: str, body: Json, **headers: str) -> Json:
        """Record something as an officer for all countries."""
        answer = await self.clients["officer *"].post(f"/v1/{noun}", json=body, headers=headers)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def digest(self) -> dict[str, dict[str, str]]:
        """All that the databases hold."""
        found = {}
        for name, database in self.databases.items():
            engine = create_async_engine(database.superuser_url)
            found[name] = await digest_tables(engine)
            await engine.dispose()
        return found


@contextmanager
def make_databases(databases: Databases) -> Iterator[dict[str, Database]]:
    """One of each app, dropped afterwards."""
    with ExitStack() as stack:
        made = {}
        for name, migrations in MIGRATIONS.items():
            made[name] = databases.new(name, migrations)
            stack.callback(databases.drop, made[name])
        yield made


@asynccontextmanager
async def open_house(made: dict[str, Database], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """The system on the databases `made`, with its records."""
    key = OKPKey.generate_key("Ed25519")
    for name, value in {
        "CURSOR_KEY": "cursor-key-of-the-matrix-of-access-tests",
        "TOKEN_PUBLIC_KEY": key.as_pem(private=False).decode(),
        "TOKEN_PRIVATE_KEY": key.as_pem(private=True).decode(),
        "PEOPLE_KEY": "5a" * 32,
        "LOG_LEVEL": "ERROR",
        "ALLOWED_HOSTS": "test",
        # A busy machine is slow, which is not what is looked for here.
        "CARD_DEADLINE_SECONDS": "60",
        "PROGRAMS_TIMEOUT_SECONDS": "60",
        "TRAININGS_TIMEOUT_SECONDS": "60",
        "STATEMENT_TIMEOUT_SECONDS": "60",
        **{f"{service.upper()}_URL": "http://service" for service in SERVICES},
    }.items():
        monkeypatch.setenv(f"TRIBUTARY_{name}", value)
    async with AsyncExitStack() as stack:
        apps = {}
        for name, create_app in CREATE_APP.items():
            monkeypatch.setenv("TRIBUTARY_DATABASE_URL", made[name].app_url)
            apps[name] = create_app()
            await stack.enter_async_context(apps[name].router.lifespan_context(apps[name]))
        # In one process: a service is reached as over HTTP, through the whole of its app, but for the socket.
        for name in SERVICES:
            await _reach(apps["gateway"].state.services._clients, name, apps[name])
        for name in ("trainings", "funding"):
            await apps[name].state.programs_client.aclose()
            apps[name].state.programs_client = _client(apps["programs"])
        await apps["funding"].state.trainings_client.aclose()
        apps["funding"].state.trainings_client = _client(apps["trainings"])
        house = House(apps, made, json.loads(DOCUMENT.read_text()))
        await _make_users(house)
        house.clients = {name: _client(apps["gateway"], house.tokens.get(name)) for name in COLUMNS}
        await _record(house)
        yield house


async def _reach(clients: dict[str, httpx.AsyncClient], name: str, app: FastAPI) -> None:
    await clients[name].aclose()
    clients[name] = _client(app)


def _client(app: FastAPI, token: str | None = None) -> httpx.AsyncClient:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers, trust_env=False)


async def _make_users(house: House) -> None:
    engine = house.apps["gateway"].state.engine
    async with open_session(engine, caller("admin")) as session, session.begin():
        for name, (role, countries, limit) in USERS.items():
            house.tokens[name], _ = await create_token(session, name, role, countries, 1)
            if role == "officer":
                await session.exec(update(Grant).values(is_vetting=True))
            if limit is not None:
                user = (await session.exec(select(User).where(User.name == name))).one()
                house.tokens[name], _ = await issue_token(session, user.id, name, 1, country_codes=limit)
    for country in COUNTRIES:
        async with _client(house.apps["gateway"], house.tokens[f"officer {country}"]) as officer:
            house.records[country]["tokens"] = (await officer.get("/v1/tokens")).json()["items"][0]
        async with _client(house.apps["gateway"], house.tokens["admin"]) as admin:
            user_id = house.records[country]["tokens"]["user_id"]
            house.records[country]["users"] = (await admin.get(f"/v1/users/{user_id}")).json()
            found = (await admin.get(f"/v1/grants?user_id={user_id}")).json()
            house.records[country]["grants"] = found["items"][0]


async def _record(house: House) -> None:
    """One record of each kind, and for each country people with their parts in trainings."""
    shared = await _record_facts(house)
    course = await house.post("courses", {"code": "BASIC", "title": "Basic", "type": "basic"})
    taught = {"course_code": "BASIC", "label": "First", "introduced_on": "2010-01-01"}
    shared["course-versions"] = await house.post("course-versions", taught)
    shared["treasury-accounts"] = await house.post("treasury-accounts", house.example("TreasuryAccountCreate"))
    shared["fund-codes"] = await house.post("fund-codes", house.example("FundCodeCreate"))
    shared["exchange-rates"] = await house.post("exchange-rates", house.example("ExchangeRateCreate"))
    for number, country in enumerate(COUNTRIES):
        own = house.records[country] | shared | {"courses": course}
        line = {"code": f"{country}-LINE", "title": "Corrections", "country_code": country}
        own["fund-lines"] = await house.post("fund-lines", line)
        entry = {"fund_line_code": f"{country}-LINE", "kind": "obligation", "effective_date": "2016-03-01"}
        money = {"amount": {"amount": "1.00", "currency": "USD"}}
        own["ledger-entries"] = await house.post("ledger-entries", entry | money, **{"Idempotency-Key": country})
        own |= await _record_agreements(house, country)
        given = house.example("HostContributionCreate", country_code=country)
        own["host-contributions"] = await house.post("host-contributions", given)
        program = house.example(
            "ProgramCreate", code=f"{country}-CORR", countries=[{"country_code": country, "share": None}]
        )
        program |= {"kind": "country", "parent_code": None, "lead_agency_code": None}
        own["programs"] = await house.post("programs", program)
        role = {"agency_code": "US-NM-CD", "program_code": f"{country}-CORR"}
        own["partnerships"] = await house.post("partnerships", house.example("PartnershipCreate", **role))
        training = {
            "code": f"{country}-T", "course_code": "BASIC", "provider_agency_code": "US-NM-CD",
            "program_code": f"{country}-CORR", "host_country_code": country, "beneficiary_country_codes": [country],
            "starts_on": "2011-05-01", "ends_on": "2011-06-01", "venue_kind": "host_country", "title": "A training",
            "venue": "An academy",
        }  # fmt: skip
        own["trainings"] = await house.post("trainings", training)
        to_come = {"code": f"{country}-V", "starts_on": "2099-05-01", "ends_on": "2099-06-01"}
        own["training to come"] = await house.post("trainings", training | to_come)
        own["other training"] = await house.post("trainings", training | {"code": f"{country}-U"})
        paid = entry | money | {"kind": "disbursement"}
        own["disbursement"] = await house.post("ledger-entries", paid, **{"Idempotency-Key": f"{country}-paid"})
        cost = {"ledger_entry_id": own["disbursement"]["id"], "target_kind": "training", "percent": "50"}
        own["cost-allocations"] = await house.post("cost-allocations", cost | {"training_id": own["trainings"]["id"]})
        for name, of in (("training-sessions", "trainings"), ("other session", "other training")):
            held = {"training_id": own[of]["id"], "held_on": "2011-05-03", "hours": "6.00", "topic": "A topic"}
            own[name] = await house.post("training-sessions", held)
        own |= await _record_people(house, country, own, number)
        house.records[country] = own


async def _record_agreements(house: House, country: str) -> dict[str, Json]:
    """A fund line of an account, a letter of agreement that is signed, and one that is only cleared."""
    line = {"code": f"{country}-2012", "title": "Corrections", "country_code": country}
    line |= {"treasury_account_code": "019-011-2012/2017-1022-000", "function_code": "CORRECTIONS"}
    made = {"controlled line": await house.post("fund-lines", line)}
    over = {"country_code": country}
    cleared = await house.post("agreements", house.example("AgreementCreate", code=f"{country}-CLEARED", **over))
    made["cleared agreement"] = await _advance(house, cleared, "transitions", {"to": "cleared"})
    letter = await house.post("agreements", house.example("AgreementCreate", code=f"{country}-LOA", **over))
    letter = await _advance(house, letter, "transitions", {"to": "cleared"})
    for party in ("awarding", "recipient"):
        letter = await _advance(house, letter, "sign", house.example("AgreementSignature", party=party))
    letter = await _advance(house, letter, "transitions", {"to": "signed"})
    for noun, schema, more in (
        ("agreement-amendments", "AgreementAmendmentCreate", {}),
        ("agreement-lines", "AgreementLineCreate", {"fund_line_code": f"{country}-2012"}),
        ("agreement-deliverables", "AgreementDeliverableCreate", {}),
    ):
        made[noun] = await house.post(noun, house.example(schema, agreement_code=letter["code"], **more))
    proposal = house.example("EntryProposalCreate", fund_line_code=f"{country}-2012")
    key = {"Idempotency-Key": f"{country}-proposal"}
    made["entry-proposals"] = await house.post("entry-proposals", proposal, **key)
    made["agreements"] = (await house.clients["viewer"].get(f"/v1/agreements/{letter['id']}")).json()
    return made | await _record_ledger_imports(house, country)


async def _record_ledger_imports(house: House, country: str) -> dict[str, Json]:
    """Imports of entries at each stage: checked, proposed, committed, and with an undo that is proposed."""
    maker, approver = "officer *", f"officer {country}"
    undo = {"reason": "Of another office.", "effective_date": "2012-09-30"}
    steps = {
        "ledger-imports": (("check", maker, None),),
        "proposed ledger import": (("check", maker, None), ("propose", maker, None)),
        "committed ledger import": (("check", maker, None), ("propose", maker, None), ("commit", approver, None)),
    }
    steps["ledger import to undo"] = (*steps["committed ledger import"], ("undo", maker, undo))
    made: dict[str, Json] = {}
    for number, (name, listed) in enumerate(steps.items(), 1):
        content = f"fund line,kind,amount,date\n{country}-2012,allotment,{number},2012-03-01\n".encode()
        headers = {"Content-Type": "text/csv", "Idempotency-Key": fresh_id()}
        answer = await house.clients[maker].post("/v1/ledger-imports", content=content, headers=headers)
        assert answer.is_success, answer.text
        for verb, who, body in listed:
            one = answer.json()
            version = {"If-Match": f'"{one["version"]}"'}
            answer = await house.clients[who].post(f"/v1/ledger-imports/{one['id']}/{verb}", json=body, headers=version)
            assert answer.is_success, answer.text
        made[name] = answer.json()
    return made


async def _advance(house: House, record: Json, verb: str, body: Json) -> Json:
    return await house.post(f"agreements/{record['id']}/{verb}", body, **{"If-Match": f'"{record["version"]}"'})


async def _record_facts(house: House) -> dict[str, Json]:
    shared = {"agencies": await house.post("agencies", house.example("AgencyCreate", parent_code=None))}
    await house.post("agencies", house.example("AgencyCreate", code="US-CO-DOC", parent_code=None))
    agencies = {"agency_codes": ["US-NM-CD"]}
    for noun, schema, over in (
        ("sources", "SourceCreate", {"publisher_agency_code": None}),
        ("measures", "MeasureCreate", {}),
        ("series", "SeriesCreate", agencies),
        ("reported-figures", "ReportedFigureCreate", {"supersedes": []}),
        ("statements", "StatementCreate", {"value": True}),
        ("coverage-declarations", "CoverageDeclarationCreate", {"country_code": "MX"}),
    ):
        shared[noun] = await house.post(noun, house.example(schema, **over))
    members = [shared["reported-figures"]["code"], shared["statements"]["code"]]
    shared["conflicts"] = await house.post("conflicts", house.example("ConflictCreate", member_codes=members))
    return shared


async def _record_people(house: House, country: str, own: Mapping[str, Json], number: int) -> dict[str, Json]:
    canaries = house.canaries[country]

    def text(what: str) -> str:
        canaries.add(made := f"CNRY-{country}-{what}")
        return made

    async def person(what: str) -> Json:
        birth_date = f"195{number}-0{number + 3}-1{len(what) % 10}"
        canaries.add(birth_date)
        body = {"country_code": country, "nationality_code": country, "sex": "female", "birth_date": birth_date}
        names = {name: text(f"{what}-{name}") for name in ("given_name", "surname_1", "surname_2")}
        names["full_name_original"] = text(f"{what}-original")
        return await house.post("people", body | names | {"birth_precision": "day"})

    made = {"people": await person("participant"), "leader": await person("lead"), "newcomer": await person("new")}
    made |= await _record_identity(house, country, made, text)
    seat = {"training_id": own["trainings"]["id"], "person_id": made["people"]["id"], "note": text("seat")}
    made["enrollments"] = await house.post("enrollments", seat | {"level": "mid"})
    seat_id = made["enrollments"]["id"]
    free = seat | {"training_id": own["other training"]["id"], "note": text("free-seat")}
    made["free seat"] = await house.post("enrollments", free)
    day = f"2011-05-0{number + 6}"
    canaries.add(day)
    present = {"enrollment_id": made["enrollments"]["id"], "session_id": own["training-sessions"]["id"]}
    made["attendances"] = await house.post("attendances", present | {"hours": f"{number + 4}.25"})
    done = {"enrollment_id": made["enrollments"]["id"], "completed_on": day}
    wrong = await house.post("completions", done)
    why = {"reason": text("void-reason")}
    made["voided"] = await house.post(f"completions/{wrong['id']}/void", why, **{"If-Match": '"1"'})
    made["completions"] = await house.post("completions", done)
    made["enrollments"] = (await house.clients["officer *"].get(f"/v1/enrollments/{seat_id}")).json()
    award = {
        "kind": "completion", "person_id": made["people"]["id"], "course_code": "BASIC", "issuer_agency_code": "US-NM-CD",
        "training_id": own["trainings"]["id"], "issued_on": f"2011-07-1{number}", "expires_on": f"2015-07-1{number}",
        "is_provisional": True,
    }  # fmt: skip
    canaries.update({award["issued_on"], award["expires_on"]})
    made["certifications"] = await house.post("certifications", award)
    suspended = await house.post("certifications", award)
    away = {"starts_on": f"2012-07-1{number}", "reason": text("suspend-reason")}
    canaries.add(away["starts_on"])
    made["suspended award"] = await house.post(f"certifications/{suspended['id']}/suspend", away, **{"If-Match": '"1"'})
    await house.post("enrollments", seat | {"training_id": own["training to come"]["id"]})
    found = (await house.clients["officer *"].get(f"/v1/seats-at-risk?country_code={country}")).json()["items"]
    made["seats-at-risk"] = found[0]
    lead = {"training_id": own["trainings"]["id"], "person_id": made["leader"]["id"], "note": text("lead-note")}
    made["instructor-assignments"] = await house.post("instructor-assignments", lead)
    made |= await _record_imports(house, country, own, text)
    # A person that was handed over, which the feed remembers of both countries.
    canaries.update(one["id"] for one in made.values())
    return made


class _Desk:
    """Work done at once, in the name of an officer for all countries."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    async def caller(self) -> Caller:
        """The officer."""
        return caller("officer", "*")

    @asynccontextmanager
    async def transaction(self, who: Caller, *, rights_again: bool = False) -> AsyncIterator[AsyncSession]:  # noqa: ARG002
        """Committed at its end."""
        async with open_session(self.app.state.engine, who) as session, session.begin():
            yield session

    def check(self) -> None:
        """Go on."""


async def _record_imports(
    house: House, country: str, own: Mapping[str, Json], text: Callable[[str], str]
) -> dict[str, Json]:
    """Imports of rosters at each stage: queued, checked, committed."""
    app, officer = house.apps["trainings"], house.clients["officer *"]
    desk, tools = _Desk(app), app.state.import_tools
    address = f"/v1/roster-imports?training_id={own['other training']['id']}&file_name={text('file')}"
    made: dict[str, Json] = {}
    for name in ("queued import", "roster-imports", "committed import"):
        words = text(f"{name}-given"), text(f"{name}-surname")
        content = ("given_name,surname_1,level\n" + ",".join(words) + ",senior\n").encode()
        headers = {"Content-Type": "text/csv", "Idempotency-Key": fresh_id()}
        answer = await officer.post(address, content=content, headers=headers)
        assert answer.is_success, answer.text
        one = answer.json()
        house.canaries[country].add(one["file_sha256"])
        steps = {"queued import": 0, "roster-imports": 2, "committed import": 3}[name]
        for step in ("read", "check", "commit")[:steps]:
            if step != "read":
                version = {"If-Match": f'"{one["version"]}"'}
                asked = await officer.post(f"/v1/roster-imports/{one['id']}/{step}", headers=version)
                assert asked.is_success, asked.text
            await getattr(roster_imports, f"{step}_import")(desk, tools, uuid.UUID(one["id"]))
            one = (await officer.get(f"/v1/roster-imports/{one['id']}")).json()
            assert one["status"] == "succeeded", one
        made[name] = one
    return made


async def _record_identity(
    house: House, country: str, people: Mapping[str, Json], text: Callable[[str], str]
) -> dict[str, Json]:
    """What identifies people, who was taken for whom, their unit and its vetting; and a seat that nobody is cleared for."""
    passport = {"type": "passport", "issuer_country_code": country, "number": f"X{country}1234Q{country}"}
    house.canaries[country].add(f"Q{country}")
    one = {"country_code": country, "nationality_code": country, "surname_1": text("twin"), "birth_precision": "day"}
    twins = [await house.post("people", one | {"birth_date": "1961-02-03"}) for _ in range(2)]
    officer = house.clients["officer *"]
    found = (await officer.get(f"/v1/duplicate-candidates?person_id={twins[0]['id']}")).json()["items"]
    link = {"person_id": twins[1]["id"], "canonical_person_id": people["leader"]["id"], "evidence": text("evidence")}
    unit = {"code": text("unit"), "name": text("unit-name"), "country_code": country, "is_security_force": True}
    units = await house.post("units", unit | {"commander_person_id": people["leader"]["id"], "agency_code": "US-NM-CD"})
    case = {
        "requested_on": "2011-02-01",
        "result": "approved",
        "result_on": "2011-03-01",
        "case_reference": text("case"),
    }
    return {
        "identity-documents": await house.post("identity-documents", passport | {"person_id": people["people"]["id"]}),
        "duplicate-candidates": found[0],
        "merges": await house.post("merges", link),
        "units": units,
        "vetting-records": await house.post("vetting-records", case | {"person_id": people["people"]["id"]}),
    }


def shown(answer: httpx.Response) -> Iterator[str]:
    """All that an answer says: status line aside, headers, body, the cells of a spreadsheet, the places of a cursor."""
    yield from (unquote(value) for value in answer.headers.values())
    if answer.content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
            yield from (book.read(name).decode("utf-8", "replace") for name in book.namelist())
        return
    text = answer.content.decode("utf-8", "replace")
    yield text
    if "\\" in text:
        yield text.encode().decode("unicode_escape", "replace")
    for cursor in re.findall(r'"next_cursor":"([^"]+)"', text):
        yield urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("latin-1")


def neutral(answer: httpx.Response, *names: str) -> tuple[int, dict[str, str], str]:
    """An answer without what differs by what was asked for."""

    def clean(text: str) -> str:
        for name in names:
            text = text.replace(name, "NAME")
        return text.replace(answer.headers.get("x-request-id", "?"), "REQUEST")

    headers = {name: clean(value) for name, value in answer.headers.items() if name not in {"x-request-id", "etag"}}
    return answer.status_code, headers, clean(answer.text)


def ids_in(text: str) -> set[str]:
    """The ids that a text names."""
    return set(_ID.findall(text))


def fresh_id() -> str:
    """An id of nothing."""
    return str(uuid.uuid4())
