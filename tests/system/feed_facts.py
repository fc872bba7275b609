"""What a feed says, read change by change and compared with the tables, by nothing of the product's own audit."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine


@dataclass
class FeedFacts:
    """What was read of a feed: how much, in whose requests, and everything that is not as it has to be."""

    transactions: int = 0
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


async def read_feed(url: str) -> FeedFacts:
    """Read a feed whole, in one snapshot, as a superuser."""
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            await connection.execute(text("SELECT set_config('timezone', 'UTC', true)"))
            facts = FeedFacts()
            images = await _walk(connection, facts)
            facts.faults += [fault async for fault in _compare_tables(connection, images)]
            return facts
    finally:
        await engine.dispose()


Images = dict[str, dict[str, str]]


async def _walk(connection: AsyncConnection, facts: FeedFacts) -> Images:
    """Follow the numbers and apply each change; what each table must hold at the end, by table and id."""
    images: Images = {}
    rows: dict[int, list[Any]] = {}
    for row in await connection.execute(_ROWS):
        rows.setdefault(row.tx_key, []).append(row)
    for number, one in enumerate(await connection.execute(_TRANSACTIONS), 1):
        facts.transactions += 1
        facts.requests[one.actor, one.request_id] += 1
        own = rows.pop(one.tx_key, [])
        if (one.number, one.row_count) != (number, len(own)) or [row.ord for row in own] != list(range(len(own))):
            facts.faults.append(f"number {number}: it is {one.number}, with {len(own)} of {one.row_count} rows")
        for row in own:
            of_table = images.setdefault(row.entity, {})
            if of_table.pop(row.entity_id, None) != row.before:
                facts.faults.append(f"number {number}: {row.entity} {row.entity_id} was not what it was changed from")
            if row.after is not None:
                of_table[row.entity_id] = row.after
    head = (await connection.execute(text("SELECT number FROM feed_head"))).scalar_one()
    if head != facts.transactions:
        facts.faults.append(f"the head is {head}, of {facts.transactions} numbers")
    facts.faults += [f"rows under {key} belong to no transaction" for key in rows]
    return images


_TRANSACTIONS: Final = text("SELECT * FROM feed_tx ORDER BY number NULLS LAST, tx_key")
_ROWS: Final = text(
    "SELECT tx_key, ord, entity, entity_id, before::text AS before, after::text AS after FROM feed ORDER BY tx_key, ord"
)


async def _compare_tables(connection: AsyncConnection, images: Images) -> AsyncIterator[str]:
    """How the tables differ from `images`, column for column."""
    tables = (await connection.execute(_TABLES)).all()
    if unknown := set(images) - {table for table, _, _ in tables}:
        yield f"the feed tells of {sorted(unknown)}, which are no tables of its"
    for table, columns, key in tables:
        digests = ", ".join(
            f"'{name.strip(chr(34))}', sha256(k.key || sha256(k.key || convert_to(r.{name}::text, 'UTF8')))::text"
            for name in columns
        )
        found = await connection.execute(
            text(
                f"SELECT concat_ws('/', {', '.join(f'r.{name}' for name in key)}) AS id, to_jsonb(r)::text AS plain, "
                f"jsonb_build_object({digests})::text AS digests FROM {table} r, feed_key k"
            )
        )
        told = {one: _values(image) for one, image in images.get(table, {}).items()}
        stored = {one.id: (_values(one.plain), _values(one.digests)) for one in found}
        for one in sorted(told.keys() ^ stored.keys()):
            yield f"{table} {one} is {'not in its table' if one in told else 'in its table and not in the feed'}"
        for name in (column.strip('"') for column in columns):
            # A personal column is a digest in each image, any other is itself in each.
            differing = [
                [one for one in told.keys() & stored.keys() if told[one].get(name) != stored[one][way].get(name)]
                for way in (0, 1)
            ]
            if all(differing):
                fewest = min(differing, key=len)
                yield f"{table}.{name} differs in {len(fewest)} of {len(stored)} records, such as {fewest[0]}"


_TABLES: Final = text("""
    SELECT c.relname, array_agg(quote_ident(a.attname) ORDER BY a.attnum),
           array_agg(quote_ident(a.attname) ORDER BY array_position(i.indkey::int2[], a.attnum))
             FILTER (WHERE a.attnum = ANY(i.indkey))
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE t.tgname = 'feed_insert' GROUP BY c.relname
""")


def _values(image: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(image, parse_float=str)
    return values
