"""Verifies a feed: its rows, its numbers, its chain, its anchors, and that the tables are what it says.

Trusts nothing that is stored in the database but the answers of its server: texts are asked for by statements of ours,
hashes are computed here, and no function of the database is called. Reads one snapshot, in order, with bounded memory.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from chassis.anchors import Anchor, KeptAnchors
from chassis.feed import DIGEST, NOT_CAPTURED, ROW_TEXT, TX_TEXT

# Exit codes of whatever verifies.
FINE: Final = 0
TAMPERED: Final = 1
UNCHECKED: Final = 2

_TRANSACTIONS_AT_ONCE: Final = 1000
_ROWS_AT_ONCE: Final = 5000
_FIRST: Final = hashlib.sha256(b"tributary feed").digest()
# Whatever the roles and the database have been set to, texts come out as they did when they were hashed.
_PINS: Final = {
    "search_path": "pg_catalog, public, pg_temp",
    "timezone": "UTC",
    "bytea_output": "hex",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "xmlbinary": "base64",
    "row_security": "off",  # rows that a policy would hide are an error, not an absence
    "standard_conforming_strings": "on",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
_PIN: Final = text(
    "SELECT " + ", ".join(f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in _PINS.items())
)
_TABLES: Final = ("feed", "feed_head", "feed_key", "feed_tx")


class CannotAuditError(Exception):
    """One line: why nothing could be verified."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as recorded: at the number `first`, or somewhere from `first` to `last`.

    `first` is None for what has no number.
    """

    first: int | None
    last: int | None
    what: str

    def __str__(self) -> str:
        """As a sentence."""
        if self.first is None:
            return self.what
        if self.last is None or self.last == self.first:
            return f"number {self.first}: {self.what}"
        return f"numbers {self.first} to {self.last}: {self.what}"


@dataclass(slots=True)
class Report:
    """What was verified of one feed, and what is wrong: the first fault first."""

    service: str
    transactions: int = 0
    rows: int = 0
    anchors: int = 0
    confirmed: int = 0  # the last number that an anchor confirms
    tables: int | None = None
    records: int = 0
    is_torn: bool = False
    faults: list[Fault] = field(default_factory=list)

    @property
    def code(self) -> int:
        """The exit code."""
        return TAMPERED if self.faults else FINE


@dataclass(slots=True)
class _Rows:
    """What was read of the rows of one transaction."""

    count: int = 0
    digest: Any = field(default_factory=hashlib.sha256)
    fault: str | None = None

    def add(self, row: Row[Any]) -> None:
        """Take the next row, in their order."""
        if self.fault is None:
            if row.ord != self.count:
                self.fault = f"row {self.count} is missing, or another stands in its place (row {row.ord})"
            elif hashlib.sha256(row.content.encode()).digest() != row.row_hash:
                self.fault = f"row {row.ord} ({row.entity} {row.entity_id}) is not what was recorded"
        self.count += 1
        self.digest.update(row.row_hash or b"")


async def audit_database(url: str, service: str, kept: KeptAnchors, *, with_tables: bool = True) -> Report:
    """Verify the feed of the database at `url` in one snapshot, as a role that may read all of it.

    `kept` must have been read before: what is anchored later may not be in the snapshot.
    """
    engine = create_async_engine(url, hide_parameters=True, connect_args={"timeout": 10})
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            return await verify(connection, service, kept, with_tables=with_tables)
    except (DBAPIError, OSError, TimeoutError) as error:
        # A statement's words hold no data of ours, but a message of the server may.
        reason = type(getattr(getattr(error, "orig", None), "__cause__", None) or error).__name__
        raise CannotAuditError(f"the database could not be read ({reason})") from error
    finally:
        await engine.dispose()


async def verify(connection: AsyncConnection, service: str, kept: KeptAnchors, *, with_tables: bool = True) -> Report:
    """Verify the feed as the transaction of `connection` sees it."""
    await connection.execute(_PIN)
    report = Report(service, anchors=len(kept.anchors), is_torn=kept.is_torn)
    if not await _has_feed(connection):
        if not kept.anchors:
            raise CannotAuditError("it holds no feed")
        what = "the tables of the feed are gone, or are no longer plain tables"
        report.faults.append(Fault(1, kept.anchors[-1].number, what))
        return report
    walk = _Walk(report, kept.anchors)
    fault = await walk.find_fault(connection)
    if fault is None and with_tables:
        report.faults.extend(await _compare_tables(connection, report))
    report.faults[:0] = [*([fault] if fault else []), *_anchor_faults(kept)]
    return report


def _anchor_faults(kept: KeptAnchors) -> Iterator[Fault]:
    """What is wrong with the anchors themselves, as one: where they may have hidden something."""
    if not kept.faults:
        return
    numbers = [number for number, _what in kept.faults if number is not None]
    before = max((one.number for one in kept.anchors if one.number < min(numbers, default=0)), default=0)
    others = f", and {len(kept.faults) - 1} more" if len(kept.faults) > 1 else ""
    last = max(numbers, default=None)
    yield Fault(None if last is None else before + 1, last, f"an anchor is not good: {kept.faults[0][1]}{others}")


async def _has_feed(connection: AsyncConnection) -> bool:
    """Whether the tables of the feed are there, as tables: what a view shows may depend on who asks."""
    found = await connection.execute(
        text(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' "
            "AND relname = ANY(:names) AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = pg_class.oid)"
        ),
        {"names": list(_TABLES)},
    )
    return set(found.scalars()) == set(_TABLES)


class _Walk:
    """Goes through the transactions in the order of their numbers, and stops at the first that is not as recorded."""

    def __init__(self, report: Report, anchors: Sequence[Anchor]) -> None:
        self._report = report
        self._anchors = anchors
        self._next_anchor = 0
        self._number = 0
        self._hash = _FIRST

    async def find_fault(self, connection: AsyncConnection) -> Fault | None:
        """The first fault of rows, numbers, chain and anchors."""
        transactions = await connection.stream(_TRANSACTIONS, execution_options={"yield_per": _TRANSACTIONS_AT_ONCE})
        async for some in transactions.partitions():
            rows = await _read_rows(connection, [one.tx_key for one in some])
            for one in some:
                if fault := self._take(one, rows.get(one.tx_key) or _Rows()):
                    await transactions.close()
                    return fault
        return self._find_missing() or await self._find_stray(connection)

    def _take(self, one: Row[Any], rows: _Rows) -> Fault | None:
        expected = self._number + 1
        if one.number > expected:
            return Fault(expected, one.number - 1, "missing")
        if one.number < expected:
            return Fault(max(one.number, 1), None, f"it stands twice, or is none (number {one.number})")
        if what := rows.fault or self._fault_of_transaction(one, rows):
            return Fault(expected, None, what)
        self._number, self._hash = one.number, one.hash
        self._report.transactions += 1
        self._report.rows += rows.count
        return self._compare_anchors()

    def _fault_of_transaction(self, one: Row[Any], rows: _Rows) -> str | None:
        if rows.count != one.row_count:
            return f"it has {rows.count} rows and was recorded with {one.row_count}"
        if rows.digest.digest() != one.digest:
            return "its rows are not those that were recorded"
        if hashlib.sha256(self._hash + one.digest + one.content.encode()).digest() != one.hash:
            return (
                "its hash does not follow from the number before: its time, actor, request or rows were changed, "
                "or it was put in or moved"
            )
        return "its time is not later than that of the number before" if not one.is_later else None

    def _compare_anchors(self) -> Fault | None:
        while self._next_anchor < len(self._anchors) and self._anchors[self._next_anchor].number <= self._number:
            anchor = self._anchors[self._next_anchor]
            if anchor.number != self._number or anchor.hash != self._hash:
                return Fault(
                    self._report.confirmed + 1,
                    anchor.number,
                    "rewritten somewhere in between, hashes and all: "
                    f"number {anchor.number} has another hash than its anchor of {anchor.signed_at} says",
                )
            self._report.confirmed = anchor.number
            self._next_anchor += 1
        return None

    def _find_missing(self) -> Fault | None:
        if self._next_anchor == len(self._anchors):
            return None
        last, confirmed = self._anchors[-1], self._report.confirmed
        said = f"missing: the feed ends at {self._number}, and number {last.number} was anchored at {last.signed_at}"
        if self._number > confirmed:
            said += f"; what now stands after number {confirmed} no anchor confirms"
        return Fault(self._number + 1, last.number, said)

    async def _find_stray(self, connection: AsyncConnection) -> Fault | None:
        """The head that is not the last number, and what belongs to no number."""
        after = self._number + 1
        heads = (await connection.execute(_HEAD)).all()
        if [(one.number, one.hash) for one in heads] != [(self._number, self._hash)] or not heads[0].is_last:
            stated = heads[0].number if heads else 0
            if stated > self._number:
                return Fault(after, stated, f"missing: the feed ends at {self._number}, its head says {stated}")
            first = max(min(stated + 1, self._number), 1)
            return Fault(first, self._number or None, f"the head of the feed is not number {self._number}")
        if (key := (await connection.execute(_ORPHAN)).scalar()) is not None:
            return Fault(after, None, f"rows under the key {key} belong to no transaction")
        if (key := (await connection.execute(_UNSEALED)).scalar()) is not None:
            return Fault(after, None, f"a transaction under the key {key} has no number")
        return None


async def _read_rows(connection: AsyncConnection, keys: list[int]) -> dict[int, _Rows]:
    found: dict[int, _Rows] = {}
    rows = await connection.stream(_FEED, {"keys": keys}, execution_options={"yield_per": _ROWS_AT_ONCE})
    async for row in rows:
        found.setdefault(row.tx_key, _Rows()).add(row)
    return found


_TRANSACTIONS: Final = text(f"""
    SELECT tx_key, number, row_count, digest, hash, {TX_TEXT} AS content,
           coalesce(sealed_at > lag(sealed_at) OVER (ORDER BY number), true) AS is_later
    FROM public.feed_tx WHERE number IS NOT NULL ORDER BY number
""")
_FEED: Final = text(f"""
    SELECT tx_key, ord, entity, entity_id, row_hash, {ROW_TEXT} AS content
    FROM public.feed WHERE tx_key = ANY(:keys) ORDER BY tx_key, ord
""")
_HEAD: Final = text("""
    SELECT number, hash,
           coalesce(sealed_at = (SELECT max(sealed_at) FROM public.feed_tx), number = 0) AS is_last
    FROM public.feed_head
""")
_ORPHAN: Final = text("""
    SELECT min(f.tx_key) FROM public.feed f
    WHERE NOT EXISTS (SELECT FROM public.feed_tx t WHERE t.tx_key = f.tx_key)
""")
_UNSEALED: Final = text("SELECT min(tx_key) FROM public.feed_tx WHERE number IS NULL")


async def _compare_tables(connection: AsyncConnection, report: Report) -> list[Fault]:
    """The first record of each table that is not what the feed says of it, by the number of its last change."""
    columns: dict[str, list[Row[Any]]] = {}
    for one in await connection.execute(_COLUMNS, {"names": sorted(NOT_CAPTURED)}):
        columns.setdefault(one.table, []).append(one)
    told = (await connection.execute(text("SELECT DISTINCT entity FROM public.feed"))).scalars()
    faults = [fault for table in sorted(set(told) - set(columns)) if (fault := await _fault_of_lost(connection, table))]
    report.tables = len(columns)
    for table, of_table in columns.items():
        count = await connection.exec_driver_sql(f"SELECT count(*) FROM public.{_quoted(table)}")
        report.records += count.scalar_one()
        if not any(one.is_key for one in of_table):
            faults.append(Fault(None, None, f"the table {table} has lost its primary key: it was not compared"))
            continue
        differing = (await connection.exec_driver_sql(_difference_of(table, of_table))).one_or_none()
        if differing is not None:
            faults.append(Fault(differing.number, None, f"the record {table} {differing.id} {_words_of(differing)}"))
    return sorted(faults, key=lambda one: (one.first is None, one.first))


def _words_of(differing: Row[Any]) -> str:
    if differing.operation is None:
        return "stands in its table, and the feed tells of no change that made it"
    if differing.operation == "delete":
        return "stands in its table, and was deleted by the last change that the feed tells of"
    if differing.columns is None:
        return "is gone from its table, and the feed tells of no change that deleted it"
    return f"is not what its last change left ({', '.join(differing.columns)})"


async def _fault_of_lost(connection: AsyncConnection, table: str) -> Fault | None:
    number = (await connection.execute(_FIRST_LEFT, {"t": table})).scalar()
    return None if number is None else Fault(number, None, f"the table {table} is gone, with its records")


# The columns of all tables whose changes the feed takes, in the order of each table's key.
_COLUMNS: Final = text("""
    SELECT c.relname AS table, a.attname AS name, pg_get_expr(d.adbin, d.adrelid) AS default,
           array_position(i.indkey::int2[], a.attnum) AS place, i.indrelid IS NOT NULL AS is_key
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY(i.indkey)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND NOT c.relname = ANY(:names)
    ORDER BY c.relname, place, a.attnum
""")
_LAST: Final = """
    SELECT DISTINCT ON (f.entity_id) f.entity_id AS last_id, t.number, f.operation, f.after AS image
    FROM public.feed f JOIN public.feed_tx t ON t.tx_key = f.tx_key
    WHERE f.entity = :t ORDER BY f.entity_id, t.number DESC, f.ord DESC
"""
_FIRST_LEFT: Final = text(f"SELECT min(number) FROM ({_LAST}) l WHERE operation <> 'delete'")
# The default of a column that was added later, where it is a plain value. No other expression is evaluated.
_PLAIN: Final = re.compile(r"(?:'(?:[^']|'')*'|-?\d+(?:\.\d+)?|true|false)(?:::[a-z ]+)?")


def _difference_of(table: str, columns: Sequence[Row[Any]]) -> str:
    """The first record of `table` that differs from its last image in the feed.

    Its columns may be called as those of the feed are.
    """
    keys = [f"r.{_quoted(one.name)}" for one in columns if one.is_key]
    record_id = f"{keys[0]}::text" if len(keys) == 1 else f"concat_ws('/', {', '.join(keys)})"
    differing = ", ".join(f"CASE WHEN {_differs(table, one)} THEN {_literal(one.name)} END" for one in columns)
    return f"""
        SELECT coalesce(l.last_id, {record_id}) AS id, l.number, l.operation,
               CASE WHEN {keys[0]} IS NOT NULL THEN array_remove(ARRAY[{differing}], NULL) END AS columns
        FROM ({_LAST.replace(":t", _literal(table))}) l
        FULL JOIN public.{_quoted(table)} r ON ({record_id}) COLLATE "C" = l.last_id
        LEFT JOIN (SELECT key AS secret FROM public.feed_key) k ON true
        WHERE CASE WHEN {keys[0]} IS NULL THEN l.operation <> 'delete'
                   WHEN l.operation IS NULL OR l.operation = 'delete' THEN true
                   ELSE cardinality(array_remove(ARRAY[{differing}], NULL)) > 0 END
        ORDER BY l.number NULLS LAST, 1 LIMIT 1
    """


def _differs(table: str, column: Row[Any]) -> str:
    """Whether a column's value is not what the image says: as it is or, where it is hidden, by its digest.

    A text of the form of a digest is one, but in a column that the feed takes as it is: there others have another form.
    A captured column of 32 bytes must therefore be hidden.
    """
    value, name = f"r.{_quoted(column.name)}", _literal(column.name)
    digest = DIGEST.format(column.name.replace('"', '""'))
    added = "true"
    if column.default and _PLAIN.fullmatch(column.default):
        added = f"to_jsonb({value}) IS DISTINCT FROM to_jsonb({column.default})"
    is_clear = f"""EXISTS (SELECT FROM public.feed c WHERE c.entity = {_literal(table)}
                           AND NOT {_has_form("c.after", name)})"""
    return f"""CASE
        WHEN {value} IS NULL THEN coalesce(l.image -> {name}, 'null') <> 'null'
        WHEN NOT jsonb_exists(l.image, {name}) THEN {added}
        WHEN {_has_form("l.image", name)} AND l.image ->> {name} = {digest} THEN false
        WHEN {_has_form("l.image", name)} AND NOT {is_clear} THEN true
        ELSE l.image -> {name} <> to_jsonb({value}) END"""


def _has_form(image: str, name: str) -> str:
    """Whether an image's value has the form of a digest; null where it has none."""
    return f"(left({image} ->> {name}, 2) = E'\\\\x' AND length({image} ->> {name}) = 66)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def write_report(report: Report) -> list[str]:
    """What is to be said of one feed, in lines."""
    counted = f"{report.transactions} transactions, {report.rows} rows"
    if report.faults:
        lines = [f"{report.service}: TAMPERED. First bad: {report.faults[0]}."]
        lines += [f"  Also bad: {one}." for one in report.faults[1:]]
        lines.append(f"  Good before it: {counted}; an anchor confirms what stands up to number {report.confirmed}.")
    else:
        lines = [f"{report.service}: nothing is wrong in {counted}; the last number is {report.transactions}."]
        lines.append("  " + _reach_of(report))
        if report.tables is None:
            lines.append("  The tables were not compared with the feed.")
        else:
            lines.append(f"  {report.records} records of {report.tables} tables are what the feed says.")
    if report.is_torn:
        lines.append("  The last line of its anchors broke off while it was written; it was left aside.")
    return lines


def _reach_of(report: Report) -> str:
    left = report.transactions - report.confirmed
    if not report.anchors:
        return "There is no anchor: a feed rewritten as a whole, or cut off at its end, would not be noticed."
    said = f"{report.anchors} anchors agree, the last at number {report.confirmed}"
    return f"{said}; out of their reach: {left} transactions after it." if left else f"{said}, the end of the feed."
