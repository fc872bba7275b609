"""Whom a socket lets in, and which keys, files and databases a process must not start with."""

import socket
from pathlib import Path

import pytest
from chassis.refusals import (
    MOUNTED_SECRETS,
    Door,
    door_of,
    find_database_fault,
    find_file_fault,
    find_key_fault,
    is_loopback,
)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("LocalHost", True),
        ("0.0.0.0", False),  # noqa: S104 - all addresses
        ("::", False),
        ("::ffff:10.0.0.1", False),
        ("10.0.0.1", False),
        ("fe80::1%eth0", False),
        ("127.0.0.1.example.org", False),
        ("localhost.example.org", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_alone(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("family", "address", "door"),
    [
        (socket.AF_INET, ("127.0.0.1", 0), Door.loopback),
        (socket.AF_INET6, ("::1", 0), Door.loopback),
        (socket.AF_INET, ("0.0.0.0", 0), Door.exposed),  # noqa: S104 - nobody listens on it
        (socket.AF_INET6, ("::", 0), Door.exposed),
        (socket.AF_UNIX, "door.sock", Door.private),
    ],
)
def test_door_is_who_can_reach_the_socket(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, family: socket.AddressFamily, address: object, door: Door
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(family) as listener:
        listener.bind(address)  # type: ignore[arg-type]
        assert door_of(listener) is door


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://app:x@/db?host=/run/pg",
        "postgresql+asyncpg://app:x@/db?host=/run/pg&port=5432",
        "postgresql+asyncpg://app:x@127.0.0.1/db",
        "postgresql+asyncpg://app:x@localhost:5432/db",
        "postgresql+asyncpg://app:x@[::1]/db",
        "postgresql+asyncpg://app:x@/db?host=127.0.0.1:5432,localhost",
        "postgresql+asyncpg:///db",
        "postgresql+asyncpg://app:x@db.example.org/db?ssl=verify-full",
    ],
)
def test_database_nearby_or_verified_is_no_fault(url: str) -> None:
    assert find_database_fault("TRIBUTARY_DATABASE_URL", url, {}) is None


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("postgresql+asyncpg://app:x@db.example.org/db", "db.example.org"),
        ("postgresql+asyncpg://app:x@10.0.0.1:5432/db?ssl=require", "10.0.0.1"),
        ("postgresql+asyncpg://app:x@db.example.org/db?ssl=verify-ca", "db.example.org"),
        ("postgresql+asyncpg://app:x@db.example.org/db?ssl=disable", "db.example.org"),
        ("postgresql+asyncpg://app:x@[2001:db8::1]/db", "2001:db8::1"),
        ("postgresql+asyncpg://app:x@/db?host=db.example.org:5432", "db.example.org"),
        ("postgresql+asyncpg://app:x@/db?host=/run/pg,db.example.org", "db.example.org"),
        ("postgresql+asyncpg://app:x@/db?host=127.0.0.1:1&host=db.example.org:2", "db.example.org"),
    ],
)
def test_database_far_away_must_be_verified(url: str, host: str) -> None:
    fault = find_database_fault("TRIBUTARY_DATABASE_URL", url, {})
    assert fault is not None
    assert fault.startswith(f"TRIBUTARY_DATABASE_URL reaches {host} without verifying")
    assert find_database_fault("TRIBUTARY_DATABASE_URL", url.partition("?")[0], {"PGSSLMODE": "verify-full"}) is None


def test_database_named_by_the_driver_s_own_variable_counts_too() -> None:
    assert find_database_fault("X", "postgresql+asyncpg:///db", {"PGHOST": "db.example.org"}) is not None
    assert find_database_fault("X", "postgresql+asyncpg:///db", {"PGHOST": "/run/pg"}) is None
    assert "is not an address" in str(find_database_fault("X", "nonsense", {}))


@pytest.mark.parametrize(
    ("value", "is_good"),
    [
        ("4f" * 16 + "0123456789abcdef" * 2, True),
        ("Xq3v9TtBWm0aJk2LrYd8HcPz5eGf7UsN", True),
        ("Xq3v9TtBWm0aJk2LrYd8HcPz5eGf7Us", False),
        ("é" * 16, False),
        ("00" * 32, False),
        ("abc" * 20, False),
        ("replace-me-with-0123456789-random-bytes", False),
        ("PASSWORD-0123456789-abcdefghijklmnopq", False),
        ("", False),
    ],
)
def test_key_that_can_be_guessed_is_a_fault(value: str, is_good: bool) -> None:
    fault = find_key_fault("TRIBUTARY_CURSOR_KEY", value)
    assert (fault is None) is is_good
    assert not value or value not in str(fault)


def test_file_of_a_key_is_its_owners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    path.touch()
    for mode, is_good in ((0o600, True), (0o400, True), (0o640, True), (0o644, False), (0o602, False), (0o666, False)):
        path.chmod(mode)
        assert (find_file_fault("TRIBUTARY_X", path) is None) is is_good
    monkeypatch.setattr("chassis.refusals.MOUNTED_SECRETS", (tmp_path,))
    assert find_file_fault("TRIBUTARY_X", path) is None
    assert all(folder.name == "secrets" for folder in MOUNTED_SECRETS)
