"""What the rules of the record cost: what changed, whatever the tables hold and whatever was changed before."""

import pytest
from chassis.testing import ACTING
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

# So many seats of one class, each with an attendance and a completion.
_CLASS = (
    """
    INSERT INTO people (id, country_code, nationality_code, person_type, sex, birth_precision, data_key, given_name)
    SELECT md5(:name || n)::uuid, 'MX', 'MX', 'foreign_participant', 'female', 'not_recorded', '\\x01', '\\x02'
    FROM generate_series(1, :seats) n
    """,
    """
    INSERT INTO trainings (id, course_code, provider_agency_code, host_country_code, beneficiary_country_codes,
                           starts_on, ends_on, venue_kind, headcount_female, headcount_male, headcount_not_recorded)
    VALUES (md5(:name)::uuid, 'BASIC', 'AGENCY', 'MX', '{MX}', '2012-01-02', '2012-01-12', 'host_country',
            :seats, 0, 0)
    """,
    """
    INSERT INTO training_sessions (id, training_id, held_on, hours)
    VALUES (md5(:name)::uuid, md5(:name)::uuid, '2012-01-02', 8)
    """,
    """
    INSERT INTO enrollments (id, training_id, person_id, role, status, vetting_basis)
    SELECT md5(:name || n)::uuid, md5(:name)::uuid, md5(:name || n)::uuid, 'participant', 'enrolled', 'not_recorded'
    FROM generate_series(1, :seats) n
    """,
    """
    INSERT INTO attendances (training_id, enrollment_id, session_id, hours)
    SELECT md5(:name)::uuid, md5(:name || n)::uuid, md5(:name)::uuid, 8 FROM generate_series(1, :seats) n
    """,
    """
    INSERT INTO completions (enrollment_id, completed_on)
    SELECT md5(:name || n)::uuid, '2012-01-12' FROM generate_series(1, :seats) n
    """,
)
# Of the tables that grow. A table of a page is read whole, and by foreign keys too.
_READ = text(
    "SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS rows FROM pg_stat_xact_user_tables "
    "WHERE relname IN ('attendances', 'completions', 'enrollments', 'people')"
)


@pytest.fixture
async def prepared(superuser_engine: AsyncEngine) -> None:
    async with superuser_engine.begin() as connection:
        await connection.execute(text(ACTING))
        await connection.execute(
            text(
                "INSERT INTO agency_refs (code, id, name, kind, etag, checked_at) "
                "VALUES ('AGENCY', uuidv7(), 'Agency', 'us_state', '1', now())"
            )
        )
        await connection.execute(text("INSERT INTO courses (code, title, type) VALUES ('BASIC', 'Basic', 'basic')"))


async def write_class(connection: AsyncConnection, name: str, seats: int) -> dict[str, int]:
    """The rows that writing a class reads, by table."""
    async with connection.begin():
        await connection.execute(text(ACTING))
        before = {row.relname: row.rows for row in await connection.execute(_READ)}
        for statement in _CLASS:
            given = {key: value for key, value in {"name": name, "seats": seats}.items() if f":{key}" in statement}
            await connection.execute(text(statement), given)
        return {row.relname: row.rows - before[row.relname] for row in await connection.execute(_READ)}


@pytest.mark.usefixtures("prepared")
async def test_rules_read_no_more_rows_of_tables_that_hold_more(
    app_engine: AsyncEngine, superuser_engine: AsyncEngine
) -> None:
    async with app_engine.connect() as connection:
        await write_class(connection, "first", 1)
        for number in range(40):
            await write_class(connection, f"class {number}.", 50)
        async with superuser_engine.connect() as other:
            await other.execution_options(isolation_level="AUTOCOMMIT")
            await other.execute(text("ANALYZE"))
        read = await write_class(connection, "after", 20)
    for table, rows in read.items():
        assert rows < 20 * 20, (table, read)


@pytest.mark.usefixtures("prepared")
async def test_rules_of_many_rows_read_a_few_rows_for_each(app_engine: AsyncEngine) -> None:
    async with app_engine.connect() as connection:
        await write_class(connection, "first", 1)
        read = await write_class(connection, "many", 2000)
    assert read["enrollments"] >= 2000
    for table, rows in read.items():
        assert rows < 20 * 2000, (table, read)


async def test_what_was_is_joined_with_what_is_in_a_way_that_never_goes_row_against_row(
    superuser_engine: AsyncEngine,
) -> None:
    """The plan of a rule is of the first change of a connection, often of one row: an inner join would be a loop."""
    async with superuser_engine.connect() as connection:
        found = await connection.execute(
            text(
                "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
                "AND prorettype = 'trigger'::regtype AND prosrc ~ '\\mremoved\\M' AND prosrc ~ '\\madded\\M'"
            )
        )
        sources = {row.proname: row.prosrc for row in found}
    assert len(sources) > 10
    for name, source in sources.items():
        assert "FULL JOIN" in source, name
        assert "added n JOIN" not in source, name
        assert ") o JOIN" not in source, name
