"""The whole system as processes of its own on databases of its own, with records of every kind in it: all to be fuzzed.

Not the system that the other tests read: what is written here would be in their way.
"""

import asyncio
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from chassis.serve import BACKLOG, bind_tcp
from chassis.testing import Databases, caller
from chassis.unit_of_work import open_session
from gateway.access import create_token
from gateway.models import Grant
from gateway.settings import MIGRATIONS as GATEWAY_MIGRATIONS
from joserfc.jwk import OKPKey
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import update
from tributary.client import Tributary
from tributary.load import load_reference_data

ROOT: Final = Path(__file__).parents[2]
SERVICES: Final = ("programs", "trainings", "funding")
STOP_SECONDS: Final = 20


@dataclass(frozen=True)
class House:
    """Where the gateway of the system to be fuzzed answers, with a token for everything, and where its logs are."""

    base_url: str
    token: str
    admin_token: str
    logs: Path

    def last_errors(self) -> str:
        """What the processes logged last: they log nothing but failures on their side."""
        lines = [line for log in sorted(self.logs.iterdir()) for line in log.read_text(encoding="utf-8").splitlines()]
        return "\n".join(line[:3000] for line in lines[-5:])


@contextmanager
def open_house(databases: Databases, folder: Path) -> Iterator[House]:
    """The system, running and with records in it; its logs are in `folder`."""
    key = OKPKey.generate_key("Ed25519")
    with ExitStack() as stack:
        listeners = {name: stack.enter_context(bind_tcp("127.0.0.1", 0)) for name in (*SERVICES, "gateway")}
        addresses = {name: f"http://127.0.0.1:{one.getsockname()[1]}" for name, one in listeners.items()}
        settings = {
            "TRIBUTARY_CURSOR_KEY": "cursor-key-of-a-system-to-be-fuzzed",
            "TRIBUTARY_TOKEN_PUBLIC_KEY": key.as_pem(private=False).decode(),
            "TRIBUTARY_TOKEN_PRIVATE_KEY": key.as_pem(private=True).decode(),
            "TRIBUTARY_PEOPLE_KEY": secrets.token_hex(32),
            "TRIBUTARY_LOG_LEVEL": "ERROR",
            # A busy machine is slow, which is not what is looked for here.
            "TRIBUTARY_CARD_DEADLINE_SECONDS": "30",
            "TRIBUTARY_PROGRAMS_TIMEOUT_SECONDS": "30",
            "TRIBUTARY_TRAININGS_TIMEOUT_SECONDS": "30",
            "TRIBUTARY_STATEMENT_TIMEOUT_SECONDS": "30",
            **{f"TRIBUTARY_{name.upper()}_URL": addresses[name] for name in SERVICES},
        }
        urls = {name: _make_database(stack, databases, name) for name in listeners}
        processes: list[subprocess.Popen[bytes]] = []
        stack.callback(_stop, processes)
        for name, listener in listeners.items():
            of_process = settings | {"TRIBUTARY_DATABASE_URL": urls[name]}
            processes.append(_start(name, listener, of_process, folder))
        for address in addresses.values():
            httpx.get(f"{address}/livez", timeout=60, trust_env=False).raise_for_status()
        tokens = [asyncio.run(_make_token(urls["gateway"], role, f"fuzz {role}")) for role in ("officer", "admin")]
        maker = asyncio.run(_make_token(urls["gateway"], "officer", "fuzz maker"))
        house = House(addresses["gateway"], *tokens, folder)
        with Tributary(house.base_url, house.token, timeout_seconds=60) as client:
            load_reference_data(client)
            declare_coverage(client)
            record_trainings(client)
            record_identity(client)
            record_money(client)
            record_agreements(client)
            record_rates(client)
            record_contributions(client)
            record_costs(client)
        with Tributary(house.base_url, maker, timeout_seconds=60) as client:
            record_proposals(client)
            record_imports(client)
        with Tributary(house.base_url, house.admin_token, timeout_seconds=60) as client:
            record_users(client)
        yield house


def _make_database(stack: ExitStack, databases: Databases, name: str) -> str:
    migrations = GATEWAY_MIGRATIONS if name == "gateway" else ROOT / "services" / name / "migrations"
    database = databases.new(name, migrations)
    stack.callback(databases.drop, database)
    return database.app_url


def _start(name: str, listener: socket.socket, settings: dict[str, str], logs: Path) -> subprocess.Popen[bytes]:
    """A process that serves `listener`, which takes connections from now on: who comes before it is ready waits."""
    listener.listen(BACKLOG)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRIBUTARY_")} | settings
    command = [sys.executable, "-P", "-m", "chassis.serve", f"{name}.app:create_app", "--fd", str(listener.fileno())]
    with listener, (logs / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [*command, "--with-parent"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno()],
        )


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


async def _make_token(url: str, role: str, name: str) -> str:
    engine = create_async_engine(url)
    try:
        async with open_session(engine, caller("admin")) as session, session.begin():
            token, _ = await create_token(session, name, role, ["*"], 1)
            await session.exec(update(Grant).values(is_vetting=True))
    finally:
        await engine.dispose()
    return token


def declare_coverage(client: Tributary) -> None:
    """The only kind of record of the programs service that the reference dataset has none of."""
    for family in ("trainings", "funding"):
        declared = {"country_code": "MX", "measure_family": family, "complete_from": "2008-01-01"}
        client.post("/v1/coverage-declarations", declared)


def record_trainings(client: Tributary) -> None:
    """A few courses, trainings, people, and who took part in what."""
    agencies = ("US-NM-CD", "US-CO-DOC")
    courses = [
        client.post("/v1/courses", {"code": code, "title": f"Course {code}", "type": kind, "topics": ["custody"]})
        for code, kind in (("OFFICERS", "basic"), ("TRAINERS", "training_of_trainers"), ("MANAGERS", "management"))
    ]
    trainings = [
        client.post(
            "/v1/trainings",
            {
                "code": f"T-{number}",
                "course_code": courses[number % len(courses)]["code"],
                "program_code": "MX-CORR",
                "provider_agency_code": agencies[number % len(agencies)],
                "host_country_code": "US",
                "beneficiary_country_codes": ["MX"],
                "starts_on": f"20{10 + number}-03-15",
                "ends_on": f"20{10 + number}-04-24",
                "venue_kind": "united_states",
            },
        )
        for number in range(8)
    ]
    people = [
        client.post(
            "/v1/people",
            {
                "country_code": "MX",
                "nationality_code": "MX",
                "given_name": "Synthetic",
                "surname_1": f"Person {number}",
            },
        )
        for number in range(12)
    ]
    for training, person in zip(trainings, people, strict=False):
        seat = client.post("/v1/enrollments", {"training_id": training["id"], "person_id": person["id"]})
        held = {"training_id": training["id"], "held_on": training["starts_on"], "hours": "8.00"}
        present = {"enrollment_id": seat["id"], "session_id": client.post("/v1/training-sessions", held)["id"]}
        client.post("/v1/attendances", present | {"hours": "8.00"})
        client.post("/v1/completions", {"enrollment_id": seat["id"], "completed_on": training["ends_on"]})
        waiting = {"training_id": training["id"], "person_id": people[-2]["id"]}
        client.post("/v1/enrollments", waiting)
        lead: dict[str, Any] = {"training_id": training["id"], "person_id": people[-1]["id"]}
        client.post("/v1/instructor-assignments", lead)
    for course in courses:
        taught = {"course_code": course["code"], "label": "First", "introduced_on": "2010-01-01"}
        client.post("/v1/course-versions", taught)
    for number, person in enumerate(people):
        award = {"kind": "completion", "person_id": person["id"], "course_code": courses[0]["code"]}
        issued = {"issuer_agency_code": agencies[0], "issued_on": "2011-01-01", "is_provisional": True}
        made = client.post("/v1/certifications", award | issued)
        if number % 3 == 0:
            address = f"/v1/certifications/{made['id']}/suspend"
            away = {"starts_on": "2012-01-01", "reason": "Away."}
            client.post(address, away, version=1)


def record_identity(client: Tributary) -> None:
    """Units, documents and vetting of people, people who may be one, and people who were merged."""
    person = {"country_code": "MX", "nationality_code": "MX", "given_name": "Synthetic"}
    born = {"birth_date": "1980-07-31", "birth_precision": "day"}
    for number in range(4):
        client.post("/v1/units", {"name": f"Unit {number}", "country_code": "MX", "is_security_force": True})
        client.post("/v1/people", person | born | {"surname_1": "Twin"})
    for number in range(8):
        one = client.post("/v1/people", person | {"surname_1": f"Double {number}"})["id"]
        other = client.post("/v1/people", person | {"surname_1": f"Double {number} or not", "sex": "male"})["id"]
        client.post("/v1/merges", {"person_id": one, "canonical_person_id": other, "evidence": "Compared."})
        document = {"type": "passport", "issuer_country_code": "MX", "number": f"G12345{number}"}
        client.post("/v1/identity-documents", document | {"person_id": one})
        client.post("/v1/vetting-records", {"person_id": one, "requested_on": "2020-01-01"})


def record_users(client: Tributary) -> None:
    """A few users with grants."""
    for number in range(4):
        user = client.post("/v1/users", {"name": f"User {number}", "kind": "person", "role": "officer"})
        client.post("/v1/grants", {"user_id": user["id"], "country_code": "KE"})


def record_money(client: Tributary) -> None:
    """A few fund lines with entries of every tier."""
    for country in ("MX", "GE", "PK"):
        client.post("/v1/fund-lines", {"code": f"{country}-CORR", "title": "Corrections", "country_code": country})
        for kind in ("appropriation", "obligation", "sub_obligation", "disbursement"):
            client.post(
                "/v1/ledger-entries",
                {
                    "fund_line_code": f"{country}-CORR",
                    "kind": kind,
                    "amount": {"amount": "1000.00", "currency": "USD"},
                    "effective_date": "2016-03-01",
                },
            )


def record_agreements(client: Tributary) -> None:
    """Accounts, codes, a controlled fund line, and agreements as drafts, cleared and signed."""
    for code in ("019-011-2012/2017-1022-000", "019-011-2020/2025-1022-000", "011-X-1022-000"):
        client.post("/v1/treasury-accounts", {"code": code, "title": "Law enforcement"})
    for kind in ("function", "initiative", "operating_unit"):
        client.post("/v1/fund-codes", {"kind": kind, "code": kind.upper(), "title": kind})
    line = {"code": "MX-2012", "title": "Corrections", "country_code": "MX"}
    client.post("/v1/fund-lines", line | {"treasury_account_code": "019-011-2012/2017-1022-000"})
    parties = {"awarding_agency_code": "US-NM-CD", "recipient_agency_code": "US-CO-DOC", "country_code": "MX"}
    for number in range(18):
        code = f"AGREEMENT-{number}"
        made = client.post("/v1/agreements", {"code": code, "type": "grant", "title": f"Grant {number}"} | parties)
        if number % 3 == 0:
            continue
        made = _advance(client, made, "transitions", {"to": "cleared"})
        if number % 3 == 1:
            continue
        for party in ("awarding", "recipient"):
            signature = {"party": party, "signed_on": "2012-01-15", "document_reference": "Page 9"}
            made = _advance(client, made, "sign", signature)
        _advance(client, made, "transitions", {"to": "signed"})
        of_it = {"agreement_code": code, "number": 1}
        client.post("/v1/agreement-amendments", of_it | {"kind": "scope", "signed_on": "2013-01-01"})
        client.post("/v1/agreement-lines", of_it | {"fund_line_code": "MX-2012"})
        client.post("/v1/agreement-deliverables", {"agreement_code": code, "kind": "seats", "promised": 10})


def _advance(client: Tributary, record: dict[str, Any], verb: str, body: dict[str, Any]) -> dict[str, Any]:
    return client.post(f"/v1/agreements/{record['id']}/{verb}", body, version=record["version"])


def record_rates(client: Tributary) -> None:
    """A few exchange rates, of which some may be voided."""
    for number in range(10):
        of_day = {"currency": "MXN", "rate_date": f"20{10 + number}-12-31", "rate_source": "Invented"}
        client.post("/v1/exchange-rates", of_day | {"units_per_usd": f"1{number}.5"})


def record_costs(client: Tributary) -> None:
    """Disbursements, and a small share of each that is allocated."""
    money = {"fund_line_code": "MX-CORR", "amount": {"amount": "100000000.00", "currency": "USD"}}
    training = next(iter(client.list("/v1/trainings")))["id"]
    for _ in range(8):
        paid = client.post("/v1/ledger-entries", money | {"kind": "disbursement", "effective_date": "2016-03-01"})
        target = {"target_kind": "training", "training_id": training}
        client.post("/v1/cost-allocations", target | {"ledger_entry_id": paid["id"], "percent": "0.1"})


def record_contributions(client: Tributary) -> None:
    """What a host nation pledged, so that some of it may be delivered and some void."""
    amount = {"amount": "500.00", "currency": "MXN"}
    for number in range(40):
        given = {"contributor": f"Ministry {number}", "claimant": "Ministry", "country_code": "MX", "kind": "cash"}
        client.post("/v1/host-contributions", given | {"amount": amount, "stage_on": "2015-01-01", "scope": "All."})


def record_proposals(client: Tributary) -> None:
    """What somebody else than the fuzzer proposed, so that the fuzzer may post it."""
    for number in range(40):
        amount = {"amount": f"{number + 1}.00", "currency": "USD"}
        entry = {"fund_line_code": "MX-2012", "kind": "allotment", "amount": amount, "effective_date": "2012-03-01"}
        client.post("/v1/entry-proposals", entry)


def record_imports(client: Tributary) -> None:
    """Files of entries that were handed in."""
    for number in range(4):
        content = f"fund line,kind,amount,date\nMX-2012,allotment,{number + 1}.00,2012-03-01\n".encode()
        client.upload("/v1/ledger-imports", content, media_type="text/csv")
