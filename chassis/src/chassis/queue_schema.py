"""The queue's tables and functions in a schema of their own, made and brought up to date by migrations.

They are the library's, as its installed version has them. A newer version brings files of changes: a migration that
calls `upgrade_queue` again applies those that are missing, and a process refuses to start before that.
"""

from importlib import resources
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only

from chassis.refusals import StartRefused

SCHEMA: Final = "jobs"
_SQL: Final = "procrastinate.sql"
# A function finds its tables whatever the caller's path is, and nothing of the caller's own.
_PIN_PATHS: Final = f"""
    DO $$ DECLARE one regprocedure; BEGIN
        FOR one IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = '{SCHEMA}'::regnamespace LOOP
            EXECUTE format('ALTER FUNCTION %s SET search_path = {SCHEMA}, pg_catalog, pg_temp', one);
            EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', one);
        END LOOP;
    END $$
"""


def list_changes() -> list[str]:
    """The files of changes of the installed library, in their order."""
    return sorted(one.name for one in (resources.files(_SQL) / "migrations").iterdir() if one.name.endswith(".sql"))


def upgrade_queue(connection: Connection, role: str) -> None:
    """Make the queue, or apply what it lacks; `role` serves from it. What is applied is recorded."""
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    is_new = connection.scalar(text(f"SELECT to_regclass('{SCHEMA}.applied_changes') IS NULL"))
    if is_new:
        connection.execute(
            text(
                f"CREATE TABLE {SCHEMA}.applied_changes "
                '(name text COLLATE "C" PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())'
            )
        )
    applied = set(connection.scalars(text(f"SELECT name FROM {SCHEMA}.applied_changes")))
    missing = [name for name in list_changes() if name not in applied]
    files = ["schema.sql"] if is_new else [f"migrations/{name}" for name in missing]
    path = connection.scalar(text("SELECT current_setting('search_path')"))
    connection.execute(text("SELECT set_config('search_path', :path, true)"), {"path": SCHEMA})
    for file in files:
        _run_script(connection, resources.files(_SQL).joinpath(file).read_text(encoding="utf-8"))
    connection.execute(text("SELECT set_config('search_path', :path, true)"), {"path": path})
    for name in missing:
        connection.execute(text(f"INSERT INTO {SCHEMA}.applied_changes (name) VALUES (:name)"), {"name": name})
    connection.execute(text(_PIN_PATHS))
    for grant in (
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {SCHEMA} TO {role}",
        f"REVOKE INSERT, UPDATE, DELETE ON {SCHEMA}.applied_changes FROM {role}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {SCHEMA} TO {role}",
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {SCHEMA} TO {role}",
    ):
        connection.execute(text(grant))


def _run_script(connection: Connection, script: str) -> None:
    # Several statements at once: only the driver itself takes them.
    driver: Any = connection.connection.driver_connection
    await_only(driver.execute(script))


async def check_queue(engine: AsyncEngine) -> None:
    """Raise `StartRefused` where the database lacks changes that the installed library needs."""
    async with engine.connect() as connection:
        applied = set(await connection.scalars(text(f"SELECT name FROM {SCHEMA}.applied_changes")))
    if missing := [name for name in list_changes() if name not in applied]:
        raise StartRefused(
            f"The queue of jobs lacks the change {missing[0]} of the installed procrastinate: "
            "add a migration that calls upgrade_queue, run `python -m tributary.migrate`, then start again."
        )
