"""The queue's tables: the installed library's, whichever version they were first made with."""

import pytest
from chassis.queue_connection import number_parameters
from chassis.queue_schema import check_queue, list_changes, upgrade_queue
from chassis.refusals import StartRefused
from chassis.testing import Database
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from chassis import queue_schema

# The newest change of the library for which a migration of each service calls `upgrade_queue`. Where this fails the library
# has brought more: add such a migration to every service that has jobs.
NEWEST = "03.04.00_50_post_add_retry_failed_job_procedure.sql"
DESCRIBE = """
    SELECT string_agg(one, E'\\n' ORDER BY one) FROM (
        SELECT format('%s(%s) %s', proname, pg_get_function_identity_arguments(oid), proconfig) AS one
        FROM pg_proc WHERE pronamespace = 'jobs'::regnamespace
        UNION ALL SELECT format('%s.%s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod))
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'jobs'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
        UNION ALL SELECT tgname FROM pg_trigger WHERE tgrelid = 'jobs.procrastinate_jobs'::regclass AND NOT tgisinternal
        UNION ALL SELECT format('%s', relacl) FROM pg_class WHERE oid = 'jobs.procrastinate_jobs'::regclass)
"""


async def on_owner(database: Database, *steps: object) -> str:
    engine = create_async_engine(database.owner_url)
    try:
        async with engine.begin() as connection:
            for step in steps:
                if callable(step):
                    await connection.run_sync(step)
                else:
                    await connection.execute(text(str(step)))
            return str(await connection.scalar(text(DESCRIBE)))
    finally:
        await engine.dispose()


def upgrade(connection: Connection) -> None:
    upgrade_queue(connection, "things_app")


def test_every_change_of_the_installed_library_has_a_migration() -> None:
    assert list_changes()[-1] == NEWEST


async def test_a_queue_that_grew_is_as_one_that_is_new(database: Database) -> None:
    new = await on_owner(database)
    assert await on_owner(database, upgrade) == new  # again, and nothing is missing
    empty = 'CREATE TABLE jobs.applied_changes (name text COLLATE "C" PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())'
    grown = await on_owner(database, "DROP SCHEMA jobs CASCADE", "CREATE SCHEMA jobs", empty, upgrade)
    assert grown == new


async def test_a_worker_refuses_a_queue_that_lacks_a_change(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = create_async_engine(database.app_url)
    await check_queue(engine)
    monkeypatch.setattr(queue_schema, "list_changes", lambda: [NEWEST, "99.00.00_01_pre_new.sql"])
    with pytest.raises(StartRefused, match=r"lacks the change 99\.00\.00_01_pre_new\.sql"):
        await check_queue(engine)
    await engine.dispose()


def test_parameters_are_numbered_and_what_is_joined_is_text() -> None:
    query = "SELECT %(a)s::varchar[], %(a)s, (%(hours)s || 'HOUR')::interval"
    given = {"a": 1, "hours": 2}
    numbered = "SELECT $1::varchar[], $2, ($3 || 'HOUR')::interval"
    assert number_parameters(query, given) == (numbered, [1, 1, "2"])
