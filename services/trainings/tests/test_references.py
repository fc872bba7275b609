"""Agencies and programs, looked up at a real programs service: known, unknown, changed, slow and gone."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from chassis.testing import ACTING, Api, Database, Databases, caller
from chassis.testing.api import running
from chassis.tokens import mint_token
from joserfc.jwk import OKPKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from trainings.app import create_app

PROGRAMS_MIGRATIONS = Path(__file__).parents[2] / "programs" / "migrations"
START_LIMIT_SECONDS = 30
TIMEOUT_SECONDS = 1.0
BODY = {
    "course_code": "BASIC",
    "host_country_code": "US",
    "beneficiary_country_codes": ["MX"],
    "starts_on": "2009-03-15",
    "ends_on": "2009-04-24",
    "venue_kind": "united_states",
}


class Programs:
    """The programs service in a process of its own."""

    def __init__(self, url: str, database_url: str, signing_key: OKPKey) -> None:
        self.url = url
        self.key = signing_key
        self._environment = os.environ | {
            "TRIBUTARY_DATABASE_URL": database_url,
            "TRIBUTARY_CURSOR_KEY": "test-cursor-key-of-more-than-32-bytes",
            "TRIBUTARY_TOKEN_PUBLIC_KEY": signing_key.as_pem(private=False).decode(),
            "TRIBUTARY_POOL_SIZE": "2",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        if self.url.startswith("unix:"):
            where = ["--uds", self.url.removeprefix("unix:")]
        else:
            where = ["--host", "127.0.0.1", "--port", self.url.rsplit(":", 1)[-1]]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "chassis.serve", "programs.app:create_app", *where],
            env=self._environment,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while not self._listens():
            assert time.monotonic() < deadline, "the programs service does not start"
            time.sleep(0.05)

    def _listens(self) -> bool:
        # By hand: the client forgets to close a Unix socket that was refused.
        if self.url.startswith("unix:"):
            family, address = socket.AF_UNIX, self.url.removeprefix("unix:")
        else:
            family, address = socket.AF_INET, ("127.0.0.1", int(self.url.rsplit(":", 1)[-1]))
        with socket.socket(family) as visitor:
            return visitor.connect_ex(address) == 0

    def stop(self) -> None:
        """Kill it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def client(self) -> httpx.Client:
        """An analyst and officer's client of it."""
        token = mint_token(self.key, caller("officer", "*"), "01920000-0000-7000-8000-000000000000")
        uds = self.url.removeprefix("unix:") if self.url.startswith("unix:") else None
        return httpx.Client(
            transport=httpx.HTTPTransport(uds=uds),
            base_url="http://programs" if uds else self.url,
            headers={"Authorization": f"Bearer {token}"},
        )

    def record(self, noun: str, body: dict[str, Any]) -> dict[str, Any]:
        """Record something there."""
        with self.client() as client:
            answer = client.post(f"/v1/{noun}", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def record_agency(self, code: str) -> dict[str, Any]:
        """An agency with this code."""
        return self.record("agencies", {"code": code, "name": f"Agency {code}", "kind": "us_state"})

    def record_program(self, code: str) -> dict[str, Any]:
        """A program of Mexico with this code."""
        countries = [{"country_code": "MX"}]
        body = {"code": code, "title": f"Program {code}", "kind": "country", "sector": "corrections"}
        return self.record("programs", body | {"countries": countries})


@pytest.fixture(scope="module")
def programs(databases: Databases, signing_key: OKPKey) -> Iterator[Programs]:
    database = databases.new("programs", PROGRAMS_MIGRATIONS)
    with tempfile.TemporaryDirectory(prefix="trn-") as folder:
        service = Programs(f"unix:{folder}/p.sock", database.app_url, signing_key)
        service.start()
        yield service
        service.stop()
    databases.drop(database)


@pytest.fixture
async def api(
    database: Database, programs: Programs, service_environment: pytest.MonkeyPatch, signing_key: OKPKey
) -> AsyncIterator[Api]:
    """The trainings service beside the programs service, with a course."""
    service_environment.setenv("TRIBUTARY_PROGRAMS_URL", programs.url)
    service_environment.setenv("TRIBUTARY_PROGRAMS_TIMEOUT_SECONDS", str(TIMEOUT_SECONDS))
    async with running(create_app(), signing_key) as clients:
        await clients.officer().post("/v1/courses", json={"code": "BASIC", "title": "Basic", "type": "basic"})
        yield clients


async def kept(engine: AsyncEngine, table: str) -> dict[str, dict[str, Any]]:
    async with engine.connect() as connection:
        rows = (await connection.execute(text(f"SELECT * FROM {table}"))).mappings()
        return {row["code"]: dict(row) for row in rows}


async def test_references_are_looked_up_once_and_kept(
    api: Api, programs: Programs, superuser_engine: AsyncEngine
) -> None:
    agency, program = programs.record_agency("ONCE"), programs.record_program("ONCE-P")
    body = BODY | {"provider_agency_code": "ONCE", "program_code": "ONCE-P"}
    made = await api.officer("MX").post("/v1/trainings", json=body)
    assert (made.status_code, made.json()["provider_agency_code"]) == (201, "ONCE"), made.text
    agencies = await kept(superuser_engine, "agency_refs")
    programs_kept = await kept(superuser_engine, "program_refs")
    assert agencies == {
        "ONCE": {
            "code": "ONCE",
            "id": agencies["ONCE"]["id"],
            "name": "Agency ONCE",
            "kind": "us_state",
            "etag": '"1"',
            "checked_at": agencies["ONCE"]["checked_at"],
        }
    }
    assert str(agencies["ONCE"]["id"]) == agency["id"]
    assert {code: (row["title"], str(row["id"])) for code, row in programs_kept.items()} == {
        "ONCE-P": ("Program ONCE-P", program["id"])
    }
    assert (await api.officer("MX").post("/v1/trainings", json=body)).status_code == 201
    assert await kept(superuser_engine, "agency_refs") == agencies


async def test_unknown_reference_is_refused_at_its_field(
    api: Api, programs: Programs, superuser_engine: AsyncEngine
) -> None:
    programs.record_agency("KNOWN")
    for change, pointer in (
        ({"provider_agency_code": "NONE"}, "#/provider_agency_code"),
        ({"provider_agency_code": "KNOWN", "program_code": "NONE"}, "#/program_code"),
        ({"provider_agency_code": "known"}, "#/provider_agency_code"),
        ({"provider_agency_code": "KNOWN", "funder_agency_codes": ["KNOWN", "NONE"]}, "#/funder_agency_codes/1"),
        ({"provider_agency_code": "KNOWN", "co_provider_agency_codes": ["NONE"]}, "#/co_provider_agency_codes/0"),
    ):
        answer = await api.officer("MX").post("/v1/trainings", json=BODY | change)
        assert answer.status_code == 422, answer.text
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, "unknown_code")]
    assert await kept(superuser_engine, "agency_refs") == {}
    assert (await api.viewer().get("/v1/trainings")).json()["items"] == []


async def test_change_of_a_training_looks_up_too(api: Api, programs: Programs) -> None:
    programs.record_agency("FIRST")
    programs.record_agency("SECOND")
    made = (await api.officer("MX").post("/v1/trainings", json=BODY | {"provider_agency_code": "FIRST"})).json()
    address = f"/v1/trainings/{made['id']}"
    refused = await api.officer("MX").patch(address, json={"provider_agency_code": "NONE"}, headers={"If-Match": '"1"'})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/provider_agency_code")
    changed = await api.officer("MX").patch(
        address, json={"provider_agency_code": "SECOND"}, headers={"If-Match": '"1"'}
    )
    assert (changed.status_code, changed.json()["provider_agency_code"]) == (200, "SECOND")


async def test_who_may_not_write_causes_no_look_up(api: Api, programs: Programs) -> None:
    """Nobody finds out what the programs service knows, or makes it work, without the right to write."""
    body = BODY | {"provider_agency_code": "NONE"}
    for client in (api.viewer(), api.officer("GE")):
        assert (await client.post("/v1/trainings", json=body)).status_code == 403


async def test_reference_is_refreshed_when_it_was_not_checked_lately(
    api: Api, programs: Programs, superuser_engine: AsyncEngine
) -> None:
    agency = programs.record_agency("STALE")
    body = BODY | {"provider_agency_code": "STALE"}
    await api.officer("MX").post("/v1/trainings", json=body)

    async def age_and_use() -> dict[str, Any]:
        async with superuser_engine.begin() as connection:
            await connection.execute(text(ACTING))
            await connection.execute(text("UPDATE agency_refs SET checked_at = now() - interval '25 hours'"))
        assert (await api.officer("MX").post("/v1/trainings", json=body)).status_code == 201
        return (await kept(superuser_engine, "agency_refs"))["STALE"]

    first = (await kept(superuser_engine, "agency_refs"))["STALE"]
    unchanged = await age_and_use()
    assert unchanged == first | {"checked_at": unchanged["checked_at"]}
    assert unchanged["checked_at"] > first["checked_at"]
    with programs.client() as client:
        client.patch(f"/v1/agencies/{agency['id']}", json={"name": "New name"}, headers={"If-Match": '"1"'})
    changed = await age_and_use()
    assert changed == first | {"name": "New name", "etag": '"2"', "checked_at": changed["checked_at"]}


async def test_programs_service_over_tcp(
    programs: Programs, database: Database, service_environment: pytest.MonkeyPatch, signing_key: OKPKey
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = programs._environment
    service = Programs(f"http://127.0.0.1:{port}", environment["TRIBUTARY_DATABASE_URL"], signing_key)
    service.start()
    try:
        service_environment.setenv("TRIBUTARY_PROGRAMS_URL", service.url)
        service.record_agency("TCP")
        async with running(create_app(), signing_key) as api:
            await api.officer().post("/v1/courses", json={"code": "BASIC", "title": "Basic", "type": "basic"})
            made = await api.officer("MX").post("/v1/trainings", json=BODY | {"provider_agency_code": "TCP"})
            assert made.status_code == 201, made.text
    finally:
        service.stop()


async def check_without_programs(api: Api, programs: Programs, superuser_engine: AsyncEngine, code: str) -> None:
    """Known references work, new ones are refused for now, and nothing is half done."""
    before = await kept(superuser_engine, "agency_refs")
    async with superuser_engine.begin() as connection:
        await connection.execute(text(ACTING))
        await connection.execute(text("UPDATE agency_refs SET checked_at = now() - interval '25 hours'"))
    known = await api.officer("MX").post("/v1/trainings", json=BODY | {"provider_agency_code": code})
    assert known.status_code == 201, known.text
    new = BODY | {"provider_agency_code": "NEW", "code": "NOT-RECORDED"}
    started = time.monotonic()
    refused = await api.officer("MX").post("/v1/trainings", json=new)
    assert time.monotonic() - started < TIMEOUT_SECONDS + 3
    assert refused.status_code == 503, refused.text
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("unavailable", "2")
    assert (await api.viewer().get("/v1/trainings?code=NOT-RECORDED")).json()["items"] == []
    assert set(await kept(superuser_engine, "agency_refs")) == set(before)
    # Everything else goes on.
    assert (await api.viewer().get("/v1/recorded-figures?measure=officers_trained")).status_code == 200


async def test_programs_service_that_hangs_delays_new_references_only(
    api: Api, programs: Programs, superuser_engine: AsyncEngine
) -> None:
    programs.record_agency("HANGS")
    await api.officer("MX").post("/v1/trainings", json=BODY | {"provider_agency_code": "HANGS"})
    assert programs.process is not None
    programs.process.send_signal(signal.SIGSTOP)
    try:
        # Far more who wait than there are connections: readers are served meanwhile.
        waiting = [
            asyncio.create_task(
                api.officer("MX").post("/v1/trainings", json=BODY | {"provider_agency_code": f"NEW-{number}"})
            )
            for number in range(30)
        ]
        await asyncio.sleep(TIMEOUT_SECONDS / 5)
        assert (await api.viewer().get("/v1/trainings")).status_code == 200
        assert not any(one.done() for one in waiting)
        assert {one.status_code for one in await asyncio.gather(*waiting)} == {503}
        await check_without_programs(api, programs, superuser_engine, "HANGS")
    finally:
        programs.process.send_signal(signal.SIGCONT)


async def test_programs_service_that_is_gone_and_comes_back(
    api: Api, programs: Programs, superuser_engine: AsyncEngine
) -> None:
    programs.record_agency("GONE")
    await api.officer("MX").post("/v1/trainings", json=BODY | {"provider_agency_code": "GONE"})
    programs.stop()
    try:
        await check_without_programs(api, programs, superuser_engine, "GONE")
    finally:
        programs.start()
    programs.record_agency("NEW")
    again = await api.officer("MX").post("/v1/trainings", json=BODY | {"provider_agency_code": "NEW"})
    assert again.status_code == 201, again.text


@asynccontextmanager
async def stand_in(reply: bytes) -> AsyncIterator[tuple[str, list[dict[str, str]]]]:
    """Something at a socket that answers everything with `reply`, and what it was asked: address and headers."""
    asked: list[dict[str, str]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if line)
        asked.append({"request": first} | {name.lower(): value for name, value in headers.items()})
        writer.write(reply)
        await writer.drain()
        writer.close()

    with tempfile.TemporaryDirectory(prefix="trn-") as folder:
        async with await asyncio.start_unix_server(answer, f"{folder}/p.sock"):
            yield f"unix:{folder}/p.sock", asked


async def test_refresh_asks_only_for_what_changed(
    database: Database, service_environment: pytest.MonkeyPatch, signing_key: OKPKey, superuser_engine: AsyncEngine
) -> None:
    async with superuser_engine.begin() as connection:
        await connection.execute(text(ACTING))
        await connection.execute(text(STALE))
    before = (await kept(superuser_engine, "agency_refs"))["STALE"]
    async with stand_in(b"HTTP/1.1 304 Not Modified\r\n\r\n") as (url, asked):
        service_environment.setenv("TRIBUTARY_PROGRAMS_URL", url)
        async with running(create_app(), signing_key) as api:
            await api.officer().post("/v1/courses", json={"code": "BASIC", "title": "Basic", "type": "basic"})
            made = await api.officer("MX").post("/v1/trainings", json=BODY | {"provider_agency_code": "STALE"})
            assert made.status_code == 201, made.text
    after = (await kept(superuser_engine, "agency_refs"))["STALE"]
    assert after == before | {"checked_at": after["checked_at"]}
    assert after["checked_at"] > before["checked_at"]
    (one,) = asked
    assert (one["request"], one["if-none-match"]) == (f"GET /v1/agencies/{before['id']} HTTP/1.1", '"7"')


STALE = """
INSERT INTO agency_refs (code, id, name, kind, etag, checked_at)
VALUES ('STALE', uuidv7(), 'Agency', 'us_state', '"7"', now() - interval '25 hours')
"""


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b'HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{"items":[{"code":1}]}',
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"not http at all\r\n\r\n",
        b"",
    ],
)  # fmt: skip
async def test_answer_that_says_nothing_is_no_answer_and_the_token_goes_along_unchanged(
    database: Database, service_environment: pytest.MonkeyPatch, signing_key: OKPKey, answer: bytes
) -> None:
    """Whatever stands where the programs service should: a reference is never taken for known or unknown."""
    async with stand_in(answer) as (url, asked):
        service_environment.setenv("TRIBUTARY_PROGRAMS_URL", url)
        async with running(create_app(), signing_key) as api:
            officer = api.officer("MX")
            refused = await officer.post("/v1/trainings", json=BODY | {"provider_agency_code": "NEW"})
            assert (refused.status_code, refused.json()["code"]) == (503, "unavailable"), refused.text
    (one,) = asked
    assert one["request"] == "GET /v1/agencies?code=NEW HTTP/1.1"
    assert one["authorization"] == officer.headers["authorization"]
    assert one["x-request-id"] == refused.headers["x-request-id"]
