"""The file of processes is checked before anything starts, and what a process is told is what it needs to know."""

from pathlib import Path

import pytest
import yaml
from tributary.processes import (
    CHECKOUT,
    Process,
    ProcessesError,
    environment_of,
    processes_file,
    read_topology,
    url_of_role,
)

TOPOLOGY = read_topology(CHECKOUT / "deploy" / "processes.toml")
ONE = '[[processes]]\nname = "gateway"\napp = "a:b"\nlisten = "public"\nport = 1\nport_setting = "P"\n'


def test_the_processes_of_the_system() -> None:
    assert [one.name for one in TOPOLOGY.processes] == [
        "programs", "trainings", "funding", "control", "gateway", "trainings-worker", "web",
    ]  # fmt: skip
    assert [one.name for one in TOPOLOGY.processes if one.is_worker] == ["trainings-worker"]
    assert [(one.name, one.port, one.port_setting) for one in TOPOLOGY.public] == [
        ("gateway", 8000, "TRIBUTARY_PORT"),
        ("web", 8080, "TRIBUTARY_WEB_PORT"),
    ]
    assert TOPOLOGY.connections_needed < 100
    for folder in TOPOLOGY.databases.values():
        assert (folder / "env.py").is_file()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[processes]", "does not describe the processes"),
        ('[[processes]]\nname = "a"\n', "does not describe the processes"),
        (ONE.replace("public", "everywhere"), "listens on 'everywhere'"),
        (ONE + ONE, "two processes are called gateway"),
        (ONE.replace("public", "unix"), "a process must listen in public"),
        (ONE.replace("port = 1", ""), "does not describe the processes"),
        (ONE + ONE.replace("gateway", "web"), "two processes take their port from P"),
        (ONE + 'calls = ["x"]\n', "gateway calls x: there is none"),
        (
            ONE + 'calls = ["w"]\n[[processes]]\nname = "w"\napp = "a:b"\nlisten = "nothing"\n',
            "gateway calls w, which listens on nothing",
        ),
        (ONE + 'database = "x"\n', "uses the database x: there is none"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "processes.toml"
    path.write_text(text)
    with pytest.raises(ProcessesError, match=words):
        read_topology(path)


def test_the_file_may_be_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert processes_file() == CHECKOUT / "deploy" / "processes.toml"
    monkeypatch.setenv("TRIBUTARY_PROCESSES", str(tmp_path / "other.toml"))
    assert processes_file() == tmp_path / "other.toml"


def test_a_process_is_told_what_it_needs_and_nothing_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIBUTARY_TEST_DATABASE_URL", raising=False)
    for name, value in {
        "TRIBUTARY_LOG_LEVEL": "DEBUG",
        "TRIBUTARY_CURSOR_KEY": "would win over the file",
        "TRIBUTARY_DATABASE_SUPERUSER_URL": "secret",
        "TRIBUTARY_DATABASE_SUPERUSER_URL_FILE": "secret",
        "TRIBUTARY_TOKEN": "secret",
    }.items():
        monkeypatch.setenv(name, value)
    process = Process("trainings", "t:a", 5, False, "trainings", ("programs",), ("people_key", "anchor_private_key"))
    pages = Process("web", "w:a", 0, True, calls=("gateway",), secrets=("session_key",))
    asked = {"gateway": "http://127.0.0.1:1", "web": "http://127.0.0.1:2"}
    told = environment_of(pages, addresses=asked, keys=Path("/k"), anchors=Path("/a"), database_url=None)
    # No key of the API, and no way to a database: what the pages show, they ask for.
    assert {name: told[name] for name in told if name.startswith("TRIBUTARY_") and name != "TRIBUTARY_CURSOR_KEY"} == {
        "TRIBUTARY_LOG_LEVEL": "DEBUG",
        "TRIBUTARY_GATEWAY_URL": "http://127.0.0.1:1",
        "TRIBUTARY_PUBLIC_URL": "http://127.0.0.1:2",
        "TRIBUTARY_SESSION_KEY_FILE": "/k/session-key",
    }
    addresses = {"programs": "unix:/s/programs.sock", "funding": "unix:/s/funding.sock"}
    found = environment_of(
        process, addresses=addresses, keys=Path("/k"), anchors=Path("/a"), database_url="postgresql://x"
    )
    assert {name: value for name, value in found.items() if name.startswith("TRIBUTARY_")} == {
        "TRIBUTARY_LOG_LEVEL": "DEBUG",
        "TRIBUTARY_CURSOR_KEY_FILE": "/k/trainings-cursor-key",
        "TRIBUTARY_TOKEN_PUBLIC_KEY_FILE": "/k/token-public-key",
        "TRIBUTARY_PEOPLE_KEY_FILE": "/k/people-key",
        "TRIBUTARY_ANCHOR_PRIVATE_KEY_FILE": "/k/anchor-private-key",
        "TRIBUTARY_ANCHORS": "/a",
        "TRIBUTARY_PROGRAMS_URL": "unix:/s/programs.sock",
        "TRIBUTARY_POOL_SIZE": "5",
        "TRIBUTARY_DATABASE_URL": "postgresql://x",
    }


@pytest.mark.parametrize(
    ("superuser_url", "expected"),
    [
        (
            "postgresql+asyncpg://postgres:p%40w@/postgres?host=/run/pg&port=5432",
            "postgresql+asyncpg://programs_app:a%2Fb@/programs?host=/run/pg&port=5432",
        ),
        (
            "postgresql+asyncpg://admin@db.example:5433/postgres",
            "postgresql+asyncpg://programs_app:a%2Fb@db.example:5433/programs",
        ),
    ],
)
def test_the_address_of_a_role(superuser_url: str, expected: str) -> None:
    assert url_of_role(superuser_url, "programs", "programs_app", "a/b") == expected


def test_compose_runs_the_same_processes() -> None:
    compose = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
    services = compose["services"]
    assert set(services) == {"postgres", "migrate", "audit", *(one.name for one in TOPOLOGY.processes)}
    for one in TOPOLOGY.processes:
        service = services[one.name]
        told = service["environment"]
        assert service["command"][:4] == ["python", "-m", one.runner, one.app]
        if one.database:
            assert told["TRIBUTARY_POOL_SIZE"] == str(one.pool)
            assert told["TRIBUTARY_DATABASE_URL_FILE"] == f"/run/secrets/{one.database}-database-url"
        calls = {f"TRIBUTARY_{name.upper()}_URL" for name in one.calls}
        assert {name for name in told if name.endswith("_URL")} - {
            "TRIBUTARY_ISSUER_URL",
            "TRIBUTARY_PUBLIC_URL",
        } == calls
        files = {Path(path).name for name, path in told.items() if name.endswith(("_FILE", "PGSSLROOTCERT"))}
        assert files == set(service["secrets"]) <= set(compose["secrets"])
        assert {secret.replace("_", "-") for secret in one.secrets} <= files
        has_anchors = "anchor_private_key" in one.secrets
        assert (told.get("TRIBUTARY_ANCHORS"), service.get("volumes", [])) == (
            ("/var/lib/tributary/anchors", ["anchors:/var/lib/tributary/anchors"]) if has_anchors else (None, [])
        )
        assert service.get("ports", []) == ([f"127.0.0.1:{one.port}:{one.port}"] if one.is_public else [])
    # The API listens on all addresses of its container, and must say how people sign in.
    asked = {
        "TRIBUTARY_ISSUER_URL",
        "TRIBUTARY_ISSUER_AUDIENCE",
        "TRIBUTARY_TOKENS_ONLY",
        "TRIBUTARY_ALLOWED_HOSTS",
    }
    assert asked <= set(services["gateway"]["environment"])
