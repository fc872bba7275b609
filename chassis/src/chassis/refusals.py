"""Why a process must not start. Each reason is one line that names the setting and the fix, and shows no secret."""

import os
import socket
import stat
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine

KEY_BYTES: Final = 32
# Where container engines lay a secret for one container alone, with a mode (0444, 0644) that is not ours to choose.
MOUNTED_SECRETS: Final = (Path("/run/secrets"), Path("/var/run/secrets"))
_PLACEHOLDERS: Final = ("changeme", "change-me", "change_me", "replace-me", "replace_me", "placeholder", "password")
_DISTINCT_LEAST: Final = 8  # of the characters of a random key, of which there are more by far
_VERIFIED: Final = "verify-full"


class StartRefused(Exception):
    """Lines for whoever starts the process: what is wrong and what to do about it."""


class Door(StrEnum):
    """Who can reach the address a process listens on."""

    private = "private"  # a Unix socket: whom the file system lets in
    loopback = "loopback"  # this machine
    exposed = "exposed"  # whoever has a route to it


def door_of(listener: socket.socket) -> Door:
    """Who can reach a bound socket."""
    if listener.family not in {socket.AF_INET, socket.AF_INET6}:
        return Door.private
    return Door.loopback if is_loopback(listener.getsockname()[0]) else Door.exposed


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own, seen from itself."""
    try:
        address = ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return host.lower() == "localhost"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback


def find_key_fault(setting: str, value: str) -> str | None:
    """What makes a secret one that can be guessed; nothing where nothing does."""
    if len(value.encode()) < KEY_BYTES:
        return f"{setting} is shorter than 256 bits: give it {KEY_BYTES} random bytes, such as `openssl rand -hex 32`."
    if len(set(value)) < _DISTINCT_LEAST or any(word in value.lower() for word in _PLACEHOLDERS):
        return (
            f"{setting} is a placeholder, not a key: give it {KEY_BYTES} random bytes, such as `openssl rand -hex 32`."
        )
    return None


def find_file_fault(setting: str, path: Path) -> str | None:
    """Whether any user of the machine may read the file of a secret."""
    if any(path.is_relative_to(folder) for folder in MOUNTED_SECRETS):
        return None
    if path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        return f"{setting}_FILE names {path}, which every user of this machine may read: chmod 600 {path}."
    return None


def find_database_fault(setting: str, url: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Whether a database is reached over a network without knowing that it is the right one, or unencrypted."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return f"{setting} is not an address: write it as postgresql+asyncpg://role:password@host/database."
    hosts = _hosts(parsed.host or parsed.query.get("host") or environment.get("PGHOST", ""))
    mode = parsed.query.get("ssl") or environment.get("PGSSLMODE")
    open_hosts = [host for host in hosts if host and not host.startswith("/") and not is_loopback(host)]
    if open_hosts and mode != _VERIFIED:
        return (
            f"{setting} reaches {open_hosts[0]} without verifying that it is the one: add ?ssl={_VERIFIED} to it, "
            "and name the file of its authority's certificate with PGSSLROOTCERT."
        )
    return None


def _hosts(given: str | tuple[str, ...]) -> list[str]:
    # As asyncpg reads them: several with a comma, or as a parameter given again, each perhaps with a port.
    named = ",".join(given) if isinstance(given, tuple) else given
    return [one if one.startswith("/") else _without_port(one) for one in named.split(",")]


def _without_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    return name if name and port.isdecimal() and (":" not in name or name.endswith("]")) else host


_ROLE: Final = text("""
    SELECT rolname, rolsuper, rolbypassrls,
           pg_has_role(rolname, (SELECT datdba FROM pg_database WHERE datname = current_database()), 'MEMBER')
           OR EXISTS (SELECT FROM pg_class WHERE pg_has_role(rolname, relowner, 'MEMBER')) AS is_owner
    FROM pg_roles WHERE rolname = current_user
""")


async def check_role(engine: AsyncEngine) -> None:
    """Raise `StartRefused` where the database's own rules would not bind the role that serves it."""
    async with engine.connect() as connection:
        role = (await connection.execute(_ROLE)).one()
    faults = {
        "is a superuser": role.rolsuper,
        "has BYPASSRLS": role.rolbypassrls,
        "owns what it serves, or is a member of a role that does": role.is_owner,
    }
    fault = next((words for words, is_so in faults.items() if is_so), None)
    if fault is not None:
        raise StartRefused(
            f"The role {role.rolname} of TRIBUTARY_DATABASE_URL {fault}: connect as the role ending in _app, "
            "which `python -m tributary.migrate` makes and which owns nothing."
        )
