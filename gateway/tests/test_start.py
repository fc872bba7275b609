"""The real process: what it refuses to start with, in one line that names the fix, and what it starts with."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from alembic.script import ScriptDirectory
from chassis.migrate import alembic_config
from chassis.testing import Database, Databases
from gateway.settings import ALGORITHMS, MIGRATIONS
from joserfc.jwk import OKPKey
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

EXPOSED = ("--host", "0.0.0.0", "--port", "0")  # noqa: S104 - the address that is refused
LOOPBACK = ("--host", "127.0.0.1", "--port", "0")
APP = "gateway.app:create_app"
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("TRIBUTARY_", "PG"))}
ISSUER = {"TRIBUTARY_TOKENS_ONLY": "", "TRIBUTARY_ISSUER_AUDIENCE": "us"}
WRONG = "gateway.app:create_app has settings that are missing or wrong (TRIBUTARY_...): "
PLACEHOLDER = (
    "TRIBUTARY_CURSOR_KEY is a placeholder, not a key: give it 32 random bytes, such as `openssl rand -hex 32`."
)
ROLE = ": connect as the role ending in _app, which `python -m tributary.migrate` makes and which owns nothing."


@pytest.fixture(scope="module")
def database(databases: Databases) -> Iterator[Database]:
    """A database that nothing here changes but for a while."""
    made = databases.new("gateway", MIGRATIONS)
    yield made
    databases.drop(made)


@pytest.fixture
def settings(database: Database, signing_key: OKPKey, tmp_path: Path) -> dict[str, str]:
    """Everything a gateway needs to start on any address."""
    return {
        "TRIBUTARY_DATABASE_URL": database.app_url,
        "TRIBUTARY_CURSOR_KEY": "q4t7w9z1c3e5g7i9k1m3o5q7s9u1w3y5",
        "TRIBUTARY_TOKEN_PUBLIC_KEY": signing_key.as_pem(private=False).decode(),
        "TRIBUTARY_TOKEN_PRIVATE_KEY": signing_key.as_pem(private=True).decode(),
        "TRIBUTARY_TOKENS_ONLY": "true",
        **{f"TRIBUTARY_{name}_URL": f"unix:{tmp_path}/{name}.sock" for name in ("PROGRAMS", "TRAININGS", "FUNDING")},
    }


class Starter:
    """Starts processes that are expected to end by themselves."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def refuse(self, settings: dict[str, str], *where: str, app: str = APP) -> str:
        """What the process says when it does not start. An empty setting is left out."""
        environment = CLEAN | {name: value for name, value in settings.items() if value}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"arguments": [app, *where], "environment": environment}) + "\n")
        ended = json.loads(self._process.stdout.readline())
        assert (ended["code"], ended["out"]) == (1, ""), ended["err"]
        return str(ended["err"]).removesuffix("\n")


@pytest.fixture(scope="module")
def starter() -> Iterator[Starter]:
    """One for all tests: to import the gateway takes longer than to start it."""
    child = Path(__file__).with_name("start_child.py")
    with subprocess.Popen(
        [sys.executable, "-P", str(child)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        yield Starter(process)
        process.kill()


def command(*arguments: str, app: str = APP) -> list[str]:
    return [sys.executable, "-P", "-m", "chassis.serve", app, *arguments]


def refuse(settings: dict[str, str], *where: str, app: str = APP) -> str:
    """What the process says when it does not start. An empty setting is left out."""
    environment = CLEAN | {name: value for name, value in settings.items() if value}
    done = subprocess.run(
        command(*where, app=app), env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    return done.stderr.removesuffix("\n")


@contextmanager
def running(settings: dict[str, str], host: str) -> Iterator[str]:
    """The process, listening on a free port of `host`; its address on this machine."""
    with socket.socket() as listener:
        listener.bind((host, 0))
        environment = CLEAN | {name: value for name, value in settings.items() if value}
        arguments = command("--fd", str(listener.fileno()))
        with subprocess.Popen(arguments, env=environment, pass_fds=[listener.fileno()]) as process:
            try:
                address = f"http://127.0.0.1:{listener.getsockname()[1]}"
                wait_for(address, process)
                yield address
            finally:
                process.terminate()


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            assert httpx.get(f"{address}/livez").status_code == 200
        except httpx.ConnectError:
            threading.Event().wait(0.02)
        else:
            return
    pytest.fail("it does not start")


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "local sign-in": (
        {"TRIBUTARY_LOCAL_SIGN_IN": "true"},
        "TRIBUTARY_LOCAL_SIGN_IN is for demonstrations on one machine: unset it, or listen on 127.0.0.1.",
    ),
    "no issuer": (
        {"TRIBUTARY_TOKENS_ONLY": ""},
        (
            "Nobody but scripts could sign in here: name your OpenID Connect issuer with TRIBUTARY_ISSUER_URL and "
            "TRIBUTARY_ISSUER_AUDIENCE, or say that this is meant with TRIBUTARY_TOKENS_ONLY=true."
        ),
    ),
    "an issuer on this machine over http": (
        ISSUER | {"TRIBUTARY_ISSUER_URL": "http://127.0.0.1:9"},
        "TRIBUTARY_ISSUER_URL is not https: use the https address, or listen on 127.0.0.1.",
    ),
    "an issuer over http": (
        ISSUER | {"TRIBUTARY_ISSUER_URL": "http://login.example.org"},
        f"{WRONG}issuer_url: The issuer must be https: over http anybody in between could hand us keys of their own.",
    ),
    "an issuer without an audience": (
        {"TRIBUTARY_TOKENS_ONLY": "", "TRIBUTARY_ISSUER_URL": "https://login.example.org"},
        f"{WRONG}TRIBUTARY_ISSUER_URL needs TRIBUTARY_ISSUER_AUDIENCE: the name of this API at the issuer.",
    ),
    "an issuer that is not meant": (
        {"TRIBUTARY_ISSUER_AUDIENCE": "us", "TRIBUTARY_ISSUER_URL": "https://login.example.org"},
        f"{WRONG}TRIBUTARY_TOKENS_ONLY says that there is no issuer, TRIBUTARY_ISSUER_URL names one: unset one.",
    ),
    "a shared secret for a signature": (
        {"TRIBUTARY_ISSUER_ALGORITHMS": "RS256,HS256"},
        f"{WRONG}issuer_algorithms: HS256 cannot be accepted: choose of {', '.join(ALGORITHMS)}.",
    ),
    "no signature": (
        {"TRIBUTARY_ISSUER_ALGORITHMS": "none"},
        f"{WRONG}issuer_algorithms: none cannot be accepted: choose of {', '.join(ALGORITHMS)}.",
    ),
    "no key": ({"TRIBUTARY_CURSOR_KEY": ""}, f"{WRONG}cursor_key: Field required."),
    "a short key": (
        {"TRIBUTARY_CURSOR_KEY": "q4t7w9z1c3e5g7i9k1m3o5q7s9u1w3y"},
        f"{WRONG}cursor_key: Value should have at least 32 items after validation, not 31.",
    ),
    "a key of one letter": ({"TRIBUTARY_CURSOR_KEY": "k" * 64}, PLACEHOLDER),
    "a key from an example": ({"TRIBUTARY_CURSOR_KEY": "ChangeMe-ChangeMe-0123456789-abcdefghijk"}, PLACEHOLDER),
    "a private key that is none": (
        {"TRIBUTARY_TOKEN_PRIVATE_KEY": "secret"},
        f"{WRONG}token_private_key: The PEM of an Ed25519 key is needed.",
    ),
    "a database over a network": (
        {"TRIBUTARY_DATABASE_URL": "postgresql+asyncpg://gateway_app:secret@db.example.org/gateway?ssl=require"},
        (
            "TRIBUTARY_DATABASE_URL reaches db.example.org without verifying that it is the one: add ?ssl=verify-full to "
            "it, and name the file of its authority's certificate with PGSSLROOTCERT."
        ),
    ),
    "a database that is not there": (
        {"TRIBUTARY_DATABASE_URL": "postgresql+asyncpg://gateway_app:secret@127.0.0.1:9/gateway"},
        (
            "The database cannot be reached (ConnectionRefusedError): see that it runs and that TRIBUTARY_DATABASE_URL is "
            "right."
        ),
    ),
    "no hosts": (
        {"TRIBUTARY_ALLOWED_HOSTS": " "},
        f"{WRONG}allowed_hosts: Name the hosts that this server answers to, such as tributary.example.org.",
    ),
    "all hosts": (
        {"TRIBUTARY_ALLOWED_HOSTS": "*"},
        f"{WRONG}allowed_hosts: Name each host; * would let a forged Host header through.",
    ),
    "all origins": (
        {"TRIBUTARY_ALLOWED_ORIGINS": "*"},
        f"{WRONG}allowed_origins: Name each origin; * would let any page read what its user may.",
    ),
    "debugging": (
        {"TRIBUTARY_LOG_LEVEL": "DEBUG"},
        (
            "Debugging is on and logs what is personal: unset TRIBUTARY_LOG_LEVEL=DEBUG and Python's development mode, or "
            "listen on 127.0.0.1."
        ),
    ),
    "several at once": (
        {"TRIBUTARY_CURSOR_KEY": "k" * 64, "TRIBUTARY_LOCAL_SIGN_IN": "true"},
        (
            f"{PLACEHOLDER}\n"
            "TRIBUTARY_LOCAL_SIGN_IN is for demonstrations on one machine: unset it, or listen on 127.0.0.1."
        ),
    ),
}


@pytest.mark.parametrize(("change", "line"), REFUSED.values(), ids=REFUSED)
def test_gateway_refuses_to_start_and_says_why(
    starter: Starter, settings: dict[str, str], change: dict[str, str], line: str
) -> None:
    said = starter.refuse(settings | change, *EXPOSED)
    assert said == line
    assert "secret" not in said.replace("shared secret", "")


def test_refusal_is_what_the_command_itself_says(settings: dict[str, str]) -> None:
    debugging = {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "ignore", "TRIBUTARY_LOCAL_SIGN_IN": "true"}
    said = refuse(settings | debugging, *EXPOSED)
    assert said.splitlines() == [REFUSED["local sign-in"][1], REFUSED["debugging"][1]]


def test_key_that_everybody_may_read_is_refused_on_any_address(
    starter: Starter, settings: dict[str, str], tmp_path: Path
) -> None:
    key = tmp_path / "cursor-key"
    key.write_text(settings.pop("TRIBUTARY_CURSOR_KEY"))
    key.chmod(0o644)
    for where in (EXPOSED, LOOPBACK, ("--uds", str(tmp_path / "gateway.sock"))):
        assert starter.refuse(settings | {"TRIBUTARY_CURSOR_KEY_FILE": str(key)}, *where) == (
            f"TRIBUTARY_CURSOR_KEY_FILE names {key}, which every user of this machine may read: chmod 600 {key}."
        )


def test_file_that_is_not_there_is_named(starter: Starter, settings: dict[str, str], tmp_path: Path) -> None:
    settings["TRIBUTARY_CURSOR_KEY"] = ""
    said = starter.refuse(settings | {"TRIBUTARY_CURSOR_KEY_FILE": str(tmp_path / "none")}, *EXPOSED)
    assert said.startswith("gateway.app:create_app cannot read a file of its settings: ")


def test_role_that_the_databases_rules_do_not_bind_is_refused(
    starter: Starter, settings: dict[str, str], database: Database
) -> None:
    superuser = make_url(database.superuser_url).username
    found = {
        "superuser": starter.refuse(settings | {"TRIBUTARY_DATABASE_URL": database.superuser_url}, *LOOPBACK),
        "owner": starter.refuse(settings | {"TRIBUTARY_DATABASE_URL": database.owner_url}, *LOOPBACK),
    }
    assert found == {
        "superuser": f"The role {superuser} of TRIBUTARY_DATABASE_URL is a superuser{ROLE}",
        "owner": "The role gateway_owner of TRIBUTARY_DATABASE_URL owns what it serves, or is a member of a role that "
        f"does{ROLE}",
    }


@contextmanager
def changed(url: str, change: str, back: str) -> Iterator[None]:
    """The database after `change`, and as it was when the block is over."""
    run(url, change)
    try:
        yield
    finally:
        run(url, back)


def run(url: str, statement: str) -> None:
    async def execute() -> None:
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.execute(text(statement))
        await engine.dispose()

    asyncio.run(execute())


@pytest.mark.parametrize(
    ("change", "back", "what"),
    [
        ("ALTER ROLE gateway_app BYPASSRLS", "ALTER ROLE gateway_app NOBYPASSRLS", "has BYPASSRLS"),
        (
            "GRANT gateway_owner TO gateway_app",
            "REVOKE gateway_owner FROM gateway_app",
            "owns what it serves, or is a member of a role that does",
        ),
    ],
)
def test_role_that_was_given_too_much_is_refused(
    starter: Starter, settings: dict[str, str], database: Database, change: str, back: str, what: str
) -> None:
    with changed(database.superuser_url, change, back):
        said = starter.refuse(settings, *LOOPBACK)
    assert said == f"The role gateway_app of TRIBUTARY_DATABASE_URL {what}{ROLE}"


def test_schema_of_another_version_is_refused(starter: Starter, settings: dict[str, str], database: Database) -> None:
    change = "UPDATE alembic_version SET version_num = '0001x'"
    head = ScriptDirectory.from_config(alembic_config(MIGRATIONS)).get_current_head()
    back = f"UPDATE alembic_version SET version_num = '{head}'"
    with changed(database.owner_url, change, back):
        said = starter.refuse(settings, *LOOPBACK)
    assert said.startswith("The database is at migration 0001x, this code needs ")
    assert said.endswith(": run `python -m tributary.migrate`, then start again.")


def test_control_process_has_no_port(starter: Starter, settings: dict[str, str]) -> None:
    for where in (EXPOSED, LOOPBACK):
        assert starter.refuse(settings, *where, app="gateway.control:create_app") == (
            "The control process asks nobody to sign in: give it a Unix socket, --uds, and no port."
        )


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"TRIBUTARY_TOKENS_ONLY": "", "TRIBUTARY_ISSUER_URL": "https://id.example", "TRIBUTARY_ISSUER_AUDIENCE": "us"},
    ],
)
def test_gateway_starts_on_any_address_when_nothing_speaks_against_it(
    settings: dict[str, str], change: dict[str, str]
) -> None:
    with running(settings | change, "0.0.0.0") as address:  # noqa: S104 - that is what is tried
        assert httpx.get(f"{address}/v1/users").status_code == 401


def test_gateway_starts_for_a_demonstration_on_loopback(settings: dict[str, str]) -> None:
    demonstration = ISSUER | {"TRIBUTARY_LOCAL_SIGN_IN": "true", "TRIBUTARY_LOG_LEVEL": "DEBUG"}
    with running(settings | demonstration | {"TRIBUTARY_ISSUER_URL": "http://127.0.0.1:9"}, "127.0.0.1") as address:
        assert httpx.get(f"{address}/v1/users").status_code == 401
