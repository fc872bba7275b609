"""What a feed says, checked against itself and against the tables, by nothing of the product but its words."""

import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from chassis.feed import FIRST_HASH, ROW_TEXT, TX_TEXT
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
    """Follow the numbers, the chain and the images; what each table must hold at the end, by table and id."""
    images: Images = {}
    last = (await connection.execute(text(f"SELECT {FIRST_HASH}"))).scalar_one()
    rows = await _rows_of(connection)
    stated = await connection.execute(
        text(f"SELECT *, {TX_TEXT} AS content FROM feed_tx ORDER BY number NULLS LAST, tx_key")
    )
    for number, one in enumerate(stated, 1):
        facts.transactions += 1
        facts.requests[one.actor, one.request_id] += 1
        own = rows.pop(one.tx_key, [])
        if (one.number, one.row_count) != (number, len(own)) or [row.ord for row in own] != list(range(len(own))):
            facts.faults.append(f"number {number}: it is {one.number}, with {len(own)} of {one.row_count} rows")
        digest = hashlib.sha256(b"".join(hashlib.sha256(row.content.encode()).digest() for row in own)).digest()
        last = hashlib.sha256(last + digest + one.content.encode()).digest()
        if one.hash != last or [row.row_hash for row in own] != [_hash(row.content) for row in own]:
            facts.faults.append(f"number {number}: the chain does not hold")
        for row in own:
            of_table = images.setdefault(row.entity, {})
            if of_table.pop(row.entity_id, None) != row.before:
                facts.faults.append(f"number {number}: {row.entity} {row.entity_id} was not what it was changed from")
            if row.after is not None:
                of_table[row.entity_id] = row.after
    heads = (await connection.execute(text("SELECT number, hash FROM feed_head"))).all()
    if [tuple(head) for head in heads] != [(facts.transactions, last)]:
        facts.faults.append(f"the head is not the last of {facts.transactions} numbers")
    facts.faults += [f"rows under {key} belong to no transaction" for key in rows]
    return images


def _hash(content: str) -> bytes:
    return hashlib.sha256(content.encode()).digest()


async def _rows_of(connection: AsyncConnection) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in await connection.execute(
        text(
            f"SELECT tx_key, ord, entity, entity_id, before::text AS before, after::text AS after, row_hash, "
            f"{ROW_TEXT} AS content FROM feed ORDER BY tx_key, ord"
        )
    ):
        found.setdefault(row.tx_key, []).append(row)
    return found


async def _compare_tables(connection: AsyncConnection, images: Images) -> AsyncIterator[str]:
    """How the tables differ from `images`, column for column."""
    tables = (
        await connection.execute(
            text(
                "SELECT c.relname, array_agg(quote_ident(a.attname) ORDER BY a.attnum), array_agg(quote_ident(a.attname) "
                "  ORDER BY array_position(i.indkey::int2[], a.attnum)) FILTER (WHERE a.attnum = ANY(i.indkey)) "
                "FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
                "JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary "
                "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
                "WHERE t.tgname = 'feed_insert' GROUP BY c.relname"
            )
        )
    ).all()
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


def _values(image: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(image, parse_float=str)
    return values
