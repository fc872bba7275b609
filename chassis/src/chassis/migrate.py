"""Databases made ready: a role that owns, a role that serves and owns nothing, and a schema at its head."""

import asyncio
from pathlib import Path
from typing import Final

from alembic import command, context
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from chassis.refusals import StartRefused

# A migration that cannot get its lock at once gives way to traffic rather than queue in front of it.
LOCK_LIMIT: Final = {"lock_timeout": "5000"}


class StaleSchemaError(StartRefused):
    """The database is not at the version this code was written for."""


def alembic_config(migrations: Path) -> Config:
    """Alembic's configuration for a folder of migrations; there is no ini file."""
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    return config


def migrate(migrations: Path, owner_url: str) -> None:
    """Bring the database of `owner_url` to the head of `migrations`. Only forward."""
    config = alembic_config(migrations)
    config.attributes["url"] = owner_url
    command.upgrade(config, "head")


def run_env(metadata: MetaData) -> None:
    """What each service's `env.py` calls: run the migrations, as the owner, in one transaction."""
    config = context.config

    def run(connection: Connection) -> None:
        context.configure(connection=connection, target_metadata=metadata, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()

    async def connect_and_run() -> None:
        engine = create_async_engine(config.attributes["url"], connect_args={"server_settings": LOCK_LIMIT})
        try:
            async with engine.begin() as connection:
                await connection.run_sync(run)
        finally:
            await engine.dispose()

    asyncio.run(connect_and_run())


async def check_schema(engine: AsyncEngine, migrations: Path) -> None:
    """Raise `StaleSchemaError` unless the database is at the head of `migrations`: never serve on a guess."""
    head = ScriptDirectory.from_config(alembic_config(migrations)).get_current_head()

    def current(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    async with engine.connect() as connection:
        found = await connection.run_sync(current)
    if found != head:
        raise StaleSchemaError(
            f"The database is at migration {found or 'none'}, this code needs {head}: "
            "run `python -m tributary.migrate`, then start again."
        )


async def provision(superuser_url: str, name: str, passwords: dict[str, str]) -> None:
    """Make database `name` with roles `<name>_owner` and `<name>_app`, where they are not there yet.

    `superuser_url` names any database of the server. The app role owns nothing and may create nothing; each migration
    grants it what it needs, table by table. Passwords are set each time, so that lost ones can be replaced.
    """
    engine = create_async_engine(superuser_url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            for role in (f"{name}_owner", f"{name}_app"):
                found = await connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role})
                verb = "ALTER" if found else "CREATE"
                password = passwords[role].replace("'", "''")
                await connection.execute(text(f"{verb} ROLE {role} LOGIN PASSWORD '{password}'"))
            if not await connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}):
                await connection.execute(text(f"CREATE DATABASE {name} OWNER {name}_owner"))
            await connection.execute(text(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC"))
            await connection.execute(text(f"GRANT CONNECT ON DATABASE {name} TO {name}_app"))
    finally:
        await engine.dispose()
    await _close_public_schema(superuser_url, name)


async def _close_public_schema(superuser_url: str, name: str) -> None:
    engine = create_async_engine(make_url(superuser_url).set(database=name), isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text("REVOKE ALL ON SCHEMA public FROM PUBLIC"))
            await connection.execute(text(f"GRANT USAGE, CREATE ON SCHEMA public TO {name}_owner"))
            await connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {name}_app"))
    finally:
        await engine.dispose()


def migrate_all(superuser_url: str, databases: dict[str, Path], passwords: dict[str, str]) -> None:
    """Provision and migrate each database, in order."""
    url = make_url(superuser_url)
    for name, migrations in databases.items():
        asyncio.run(provision(superuser_url, name, passwords))
        owner = f"{name}_owner"
        owner_url = url.set(database=name, username=owner, password=passwords[owner])
        migrate(migrations, owner_url.render_as_string(hide_password=False))
