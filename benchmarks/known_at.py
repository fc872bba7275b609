"""What a table costs as it was known at an earlier number of the feed, against the table as it is.

Checks that what was known is what was there.
"""

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

import asyncpg
from chassis.postgres import Postgres
from chassis.testing import ACTING, Databases
from funding.settings import MIGRATIONS

ROWS: Final = 100_000
CHANGES: Final = (0, 1_000, 100_000)
REPEATS: Final = 7
INSERT: Final = """
    INSERT INTO fund_lines (code, title, country_code)
    SELECT 'LINE-' || n, 'Corrections ' || n, 'MX' FROM generate_series(1, $1::int) n
"""
CHANGE: Final = """
    UPDATE fund_lines SET title = title || ' again', version = version + 1
    WHERE code IN (SELECT 'LINE-' || n FROM generate_series(1, $1::int) n)
"""
QUESTION: Final = "SELECT count(*), sum(version), md5(string_agg(title, ',' ORDER BY code)) FROM {}"


async def act(connection: asyncpg.Connection, statement: str, rows: int) -> int:
    """Run a statement as somebody, in one transaction; the feed's number then."""
    async with connection.transaction():
        await connection.execute(ACTING)
        await connection.execute(statement, rows)
    number: int = await connection.fetchval("SELECT number FROM feed_head")
    return number


async def ask(connection: asyncpg.Connection, question: str) -> tuple[tuple[object, ...], float]:
    """The answer, and the middle of a few times in ms."""
    taken = []
    for _ in range(REPEATS):
        began_at = time.perf_counter()
        answer = tuple(await connection.fetchrow(question))
        taken.append((time.perf_counter() - began_at) * 1000)
    return answer, statistics.median(taken)


async def measure(databases: Databases) -> None:
    """Print a row for each number of changes since."""
    for changes in CHANGES:
        database = await asyncio.to_thread(databases.new, "funding", MIGRATIONS)
        connection = await asyncpg.connect(database.superuser_url.replace("+asyncpg", ""))
        until = await act(connection, INSERT, ROWS)
        then, _ = await ask(connection, QUESTION.format("fund_lines"))
        if changes:
            await act(connection, CHANGE, changes)
        await connection.execute("ANALYZE")
        _, plain = await ask(connection, QUESTION.format("fund_lines"))
        known, past = await ask(connection, QUESTION.format(f"known_fund_lines({until})"))
        await connection.close()
        await asyncio.to_thread(databases.drop, database)
        if known != then:
            raise SystemExit(f"What is known at {until} is not what was there: {known}, {then}")
        print(f"| {changes:,} | {plain:.1f} | {past:.1f} | {past / plain:.2f} |")


def main() -> None:
    """The command."""
    print(f"{ROWS:,} rows; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the beginning\n")
    print("| changes since | the table, ms | as it was known, ms | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="tributary-benchmark-") as folder:
        Path(folder).chmod(0o755)  # the server may run as another user
        with Postgres(Path(folder) / "data") as server:
            databases = Databases(server.url("postgres", server.superuser, server.superuser_password))
            asyncio.run(measure(databases))


if __name__ == "__main__":
    main()
