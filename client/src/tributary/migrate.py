"""Makes the databases ready: `python -m tributary.migrate`. Says what it did; does nothing where nothing is needed.

Reads TRIBUTARY_DATABASE_SUPERUSER_URL (any database of the server; or ..._FILE) and the folder of the roles' passwords,
TRIBUTARY_DATABASE_PASSWORDS. `tributary serve` runs it at each start, a deployment before the processes start.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from chassis.migrate import alembic_config, migrate_all
from chassis.refusals import find_database_fault
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from tributary.keys import role_password_file
from tributary.processes import ProcessesError, Topology, processes_file, read_topology, url_of_role


class MigrateError(Exception):
    """One line: what stands in the way and what to do about it."""


async def check_connections(superuser_url: str, topology: Topology) -> None:
    """Refuse a server that has fewer connections than all pools and the reserve may take together."""
    engine = create_async_engine(superuser_url)
    try:
        async with engine.connect() as connection:
            limit = int(await connection.scalar(text("SHOW max_connections")) or 0)
    finally:
        await engine.dispose()
    if topology.connections_needed >= limit:
        raise MigrateError(
            f"PostgreSQL takes {limit} connections, the processes and their reserve may need "
            f"{topology.connections_needed}: raise max_connections, or lower the pools in {processes_file()}."
        )


async def find_version(app_url: str) -> str | None:
    """The migration a database is at, seen as the role that serves it; None where that role cannot even look."""

    def current(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    engine = create_async_engine(app_url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(current)
    except (SQLAlchemyError, OSError):
        return None
    finally:
        await engine.dispose()


def head_of(migrations: Path) -> str | None:
    """The newest migration in a folder."""
    return ScriptDirectory.from_config(alembic_config(migrations)).get_current_head()


def make_ready(superuser_url: str, topology: Topology, passwords: Mapping[str, str]) -> dict[str, str]:
    """Provision and migrate each database that is not at its head; what was done, by database."""
    if fault := find_database_fault("TRIBUTARY_DATABASE_SUPERUSER_URL", superuser_url):
        raise MigrateError(fault)
    asyncio.run(check_connections(superuser_url, topology))

    async def find_versions() -> list[str | None]:
        urls = [
            url_of_role(superuser_url, name, f"{name}_app", passwords[f"{name}_app"]) for name in topology.databases
        ]
        return await asyncio.gather(*(find_version(url) for url in urls))

    done: dict[str, str] = {}
    for (name, migrations), found in zip(topology.databases.items(), asyncio.run(find_versions()), strict=True):
        head = head_of(migrations)
        if found is None or found != head:
            migrate_all(superuser_url, {name: migrations}, dict(passwords))
            done[name] = f"migrated from {found} to {head}" if found else f"made, and migrated to {head}"
    return done


def read_setting(name: str) -> str:
    """A setting from the environment, or from the file that `<name>_FILE` names."""
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text(encoding="utf-8").strip()
    if value := os.environ.get(name):
        return value
    raise MigrateError(f"{name} is not set.")


def main() -> None:
    """The command."""
    try:
        topology = read_topology(processes_file())
        superuser_url = read_setting("TRIBUTARY_DATABASE_SUPERUSER_URL")
        folder = Path(read_setting("TRIBUTARY_DATABASE_PASSWORDS"))
        roles = [f"{name}_{kind}" for name in topology.databases for kind in ("owner", "app")]
        passwords = {role: (folder / role_password_file(role)).read_text(encoding="utf-8").strip() for role in roles}
        for name, what in make_ready(superuser_url, topology, passwords).items():
            sys.stdout.write(f"{name}: {what}\n")
    except (MigrateError, ProcessesError) as error:
        sys.exit(str(error))
    except SQLAlchemyError as error:
        # Its own words may hold the statement, and a statement that sets a password holds the password.
        reason = str(getattr(error, "orig", None) or type(error).__name__).partition("\n")[0]
        sys.exit(f"The databases could not be made ready: {reason}.")
    except OSError as error:
        sys.exit(f"The databases could not be made ready: {error}.")


if __name__ == "__main__":
    main()
