"""Working papers of an import: sealed, written in bulk, and read back. What stands in them never reaches a log."""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Self, TypeVar

from chassis.sealing import Sealer
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings.privacy import MasterKey
from trainings.settings import TrainingsSettings

ROWS_A_BLOCK: Final = 10_000
Row = TypeVar("Row")
# For a task: its statements may take longer than those of a request, and it thinks between them.
_PATIENCE: Final = (
    "SELECT set_config('statement_timeout', '300000', true), set_config('lock_timeout', '10000', true), "
    "set_config('idle_in_transaction_session_timeout', '300000', true)"
)


@dataclass(frozen=True, slots=True)
class Tools:
    """What every step of an import needs beside the database."""

    key: MasterKey
    sealer: Sealer
    settings: TrainingsSettings

    @classmethod
    def of(cls, settings: TrainingsSettings) -> Self:
        """The tools of a service with these settings."""
        secret = bytes.fromhex(settings.people_key.get_secret_value())
        return cls(MasterKey(secret), Sealer(secret, "roster_imports"), settings)

    def seal(self, value: object, place: str, of_import: uuid.UUID, number: int = 0) -> bytes:
        """`value` as sealed JSON, good at one place of one import alone."""
        written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode()
        return self.sealer.seal(written, f"{place}|{of_import}|{number}")

    def open(self, sealed: bytes | None, place: str, of_import: uuid.UUID, number: int = 0) -> Any:  # noqa: ANN401 - JSON
        """What `seal` sealed; None where nothing is there any more."""
        if sealed is None:
            return None
        return json.loads(self.sealer.open(bytes(sealed), f"{place}|{of_import}|{number}"))


# What is not needed any more: of what was committed the ids stay, and what undoing needs.
_PRUNE: Final = (
    """
    UPDATE roster_import_rows r SET cells = NULL, findings = NULL FROM roster_imports i
    WHERE i.id = r.roster_import_id AND i.stage IN ('committed', 'undone')
      AND i.updated_at < now() - make_interval(days => :days) AND num_nonnulls(r.cells, r.findings) > 0
    """,
    """
    DELETE FROM roster_import_rows r USING roster_imports i
    WHERE i.id = r.roster_import_id AND i.stage NOT IN ('committed', 'undone')
      AND i.updated_at < now() - make_interval(days => :days)
    """,
    """
    DELETE FROM roster_import_plans p USING roster_imports i
    WHERE i.id = p.roster_import_id AND i.updated_at < now() - make_interval(days => :days)
    """,
    """
    UPDATE roster_import_files f SET content = NULL FROM roster_imports i
    WHERE i.id = f.roster_import_id AND f.content IS NOT NULL AND i.updated_at < now() - make_interval(days => :days)
    """,
)


async def prune_papers(session: AsyncSession, days: int) -> None:
    """Drop the papers of imports that nobody has touched for so long, of those that the caller may see."""
    connection = await session.connection()
    for statement in _PRUNE:
        await connection.execute(text(statement), {"days": days})


async def drop_file(session: AsyncSession, import_id: uuid.UUID) -> None:
    """Forget the bytes of a file, and what it was checked against; its digest stays."""
    statement = text("UPDATE roster_import_files SET content = NULL, basis = NULL WHERE roster_import_id = :id")
    await (await session.connection()).execute(statement, {"id": import_id})


async def note_progress(session: AsyncSession, import_id: uuid.UUID, done: int, total: int | None) -> None:
    """Say how far the work is."""
    statement = text("UPDATE roster_import_files SET done = :done, total = :total WHERE roster_import_id = :id")
    await (await session.connection()).execute(statement, {"done": done, "total": total, "id": import_id})


async def count_rows(session: AsyncSession, import_id: uuid.UUID) -> int:
    """How many rows a file has."""
    statement = text("SELECT count(*) FROM roster_import_rows WHERE roster_import_id = :id")
    return int(await (await session.connection()).scalar(statement, {"id": import_id}) or 0)


def batched(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    """The rows, so many at a time."""
    while some := list(islice(rows, size)):
        yield some


async def take_time(session: AsyncSession) -> None:
    """Let this transaction take as long as a task may."""
    await (await session.connection()).execute(text(_PATIENCE))


async def stage_rows(
    session: AsyncSession, name: str, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> str:
    """Rows in a temporary table with the types of `table`'s columns, by COPY; gone with the transaction.

    COPY into `table` itself is closed where row security is on. It joins the transaction that its table was made in.
    """
    connection = await session.connection()
    listed = ", ".join(columns)
    await connection.execute(text(f"DROP TABLE IF EXISTS pg_temp.{name}"))
    await connection.execute(
        text(f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS SELECT {listed} FROM {table} WITH NO DATA")  # noqa: S608
    )
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.copy_records_to_table(name, records=rows, columns=list(columns))
    return name


async def insert_rows(session: AsyncSession, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Many rows of one form by one statement: each rule of the table looks at them once."""
    if not rows:
        return
    columns = list(rows[0])
    listed = ", ".join(columns)
    staged = await stage_rows(
        session, f"staged_{table}", table, columns, ([row[one] for one in columns] for row in rows)
    )
    connection = await session.connection()
    await connection.execute(text(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM {staged}"))  # noqa: S608


async def update_rows(
    session: AsyncSession, table: str, key: Sequence[str], rows: Sequence[Mapping[str, Any]], *, also: str = ""
) -> int:
    """Many rows of one form, found by their `key`, by one statement; how many there were. `also`: more assignments."""
    if not rows:
        return 0
    columns = list(rows[0])
    staged = await stage_rows(
        session, f"staged_{table}", table, columns, ([row[one] for one in columns] for row in rows)
    )
    assigned = ", ".join([*(f"{one} = s.{one}" for one in columns if one not in key), *([also] if also else [])])
    same = " AND ".join(f"t.{one} = s.{one}" for one in key)
    connection = await session.connection()
    found = await connection.execute(text(f"UPDATE {table} t SET {assigned} FROM {staged} s WHERE {same}"))  # noqa: S608
    return int(found.rowcount)
