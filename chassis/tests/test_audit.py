"""Every tampering of a feed is found at its number, given its anchors; an untouched feed raises no alarm.

Each case is a random feed of its own, made by the real triggers, verified untouched, then tampered with as superuser:
all in one transaction that is rolled back. TRIBUTARY_SOAK=1 tries three times as many: more than 200 of both.
"""

import asyncio
import os
import random
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from chassis.anchors import Anchor, KeptAnchors, anchors_file, append_anchors, read_anchors
from chassis.audit import CannotAuditError, Fault, Report, audit_database, verify, write_report
from chassis.feed import FIRST_HASH, ROW_TEXT, TIME_TEXT, TX_TEXT
from chassis.postgres import ServerUser, find_binaries
from chassis.testing import ACTING, Database, Databases
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

KEY = Ed25519PrivateKey.generate()
IS_WHOLE = bool(os.environ.get("TRIBUTARY_SOAK"))
SEEDS = range(6 if IS_WHOLE else 2)


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[Database]:
    """A database that every case leaves as it was."""
    made = databases.new("things", Path(__file__).parent / "migrations")
    yield made
    databases.drop(made)


@dataclass
class Case:
    """A random feed in an open transaction of the superuser, and its anchors."""

    connection: AsyncConnection
    chance: random.Random
    folder: Path
    every: int
    names: list[str] = field(default_factory=list)
    made: int = 0
    last: int = 0
    key: Ed25519PrivateKey = KEY

    async def run(self, statement: str, **values: Any) -> None:
        """Run a statement."""
        await self.connection.execute(text(statement), values)

    async def value(self, question: str, **values: Any) -> Any:
        """Ask for one value."""
        return (await self.connection.execute(text(question), values)).scalar_one()

    async def grow(self, least: int = 10, most: int = 24) -> None:
        """More transactions, each sealed as a commit would seal it."""
        statements = []
        for _ in range(self.chance.randint(least, most)):
            subject, request = f"subject {self.chance.randrange(5)}", f"request {self.chance.random()}"
            statements += [
                "SET CONSTRAINTS ALL DEFERRED",
                "PERFORM set_config('app.feed_key', '', true)",
                f"PERFORM set_config('app.subject', '{subject}', true), set_config('app.request_id', '{request}', true)",
                *(self._change() for _ in range(self.chance.choice([1, 1, 2, 3, 5]))),
                "SET CONSTRAINTS ALL IMMEDIATE",
            ]
        body = ";\n".join(statements)
        await self.connection.exec_driver_sql(f"DO $do$ BEGIN {body}; END $do$")
        self.last = await self.value("SELECT number FROM feed_head")

    def _change(self) -> str:
        kind = self.chance.choice(["insert", "insert", "update", "update", "delete"]) if self.names else "insert"
        if kind == "insert":
            self.made += 1
            self.names.append(f"thing {self.made}")
            note = self.chance.choice(["NULL", f"'note {self.made}'"])
            weight = f"{self.chance.randrange(100)}.50"
            return (
                "INSERT INTO things (name, place, weight, seen_on, note) "
                f"VALUES ('{self.names[-1]}', {self.made}, {weight}, '2016-03-01', {note})"
            )
        name = self.chance.choice(self.names)
        if kind == "update":
            note = f"'another note {self.chance.random()}'"
            return f"UPDATE things SET place = place + 1, note = {note}, updated_at = now() WHERE name = '{name}'"
        self.names.remove(name)
        return f"DELETE FROM things WHERE name = '{name}'"

    async def anchor(self) -> None:
        """Sign what the service would have signed up to now."""
        found = await self.connection.execute(
            text(f"SELECT number, hash, {TIME_TEXT} FROM feed_tx WHERE number % {self.every} = 0 ORDER BY number")
        )
        anchors = [Anchor("things", *row, signed_at="2016-10-01T00:00:00Z") for row in found]
        append_anchors(anchors_file(self.folder, "things"), anchors, self.key)

    def kept(self) -> KeptAnchors:
        """Its anchors, read back."""
        return read_anchors(anchors_file(self.folder, "things"), "things", KEY.public_key())

    async def verify(self) -> Report:
        """Verify it as it stands."""
        return await verify(self.connection, "things", self.kept())

    @property
    def anchored(self) -> int:
        """The last number that an anchor reaches."""
        return self.last - self.last % self.every

    def number(self, least: int = 1) -> int:
        """Some number that an anchor reaches."""
        return self.chance.randint(least, self.anchored)

    async def row(self, where: str = "true") -> tuple[int, int, int]:
        """Number, key and place of some row that an anchor reaches, even where all is chained anew."""
        found = await self.connection.execute(
            text(
                f"SELECT number, tx_key, ord FROM feed JOIN feed_tx USING (tx_key) WHERE number <= {self.anchored} "
                f"AND {where} ORDER BY number, ord"
            )
        )
        number, key, place = self.chance.choice(found.all())
        return number, key, place

    async def change_row(self, change: str, where: str = "true") -> int:
        """Change some row; its number."""
        number, key, place = await self.row(where)
        await self.run(f"UPDATE feed SET {change} WHERE tx_key = {key} AND ord = {place}")
        return number

    async def chain_anew(self, number: int) -> None:
        """Make all hashes from `number` on fit what stands there, as anybody can who may write everything."""
        await self.connection.exec_driver_sql(f"""
            DO $do$ DECLARE k bigint; previous bytea := {FIRST_HASH}; BEGIN
              SET CONSTRAINTS ALL IMMEDIATE;
              IF {number} > 1 THEN SELECT hash INTO previous FROM feed_tx WHERE number = {number} - 1; END IF;
              UPDATE feed SET row_hash = sha256(convert_to({ROW_TEXT}, 'UTF8'));
              FOR k IN SELECT tx_key FROM feed_tx WHERE number >= {number} ORDER BY number LOOP
                UPDATE feed_tx SET (row_count, digest) =
                  (SELECT count(*), sha256(coalesce(string_agg(row_hash, ''::bytea ORDER BY ord), ''::bytea))
                   FROM feed WHERE tx_key = k) WHERE tx_key = k;
                UPDATE feed_tx SET hash = sha256(previous || digest || convert_to({TX_TEXT}, 'UTF8'))
                WHERE tx_key = k RETURNING hash INTO previous;
              END LOOP;
              UPDATE feed_head SET (number, sealed_at, hash) =
                (SELECT number, sealed_at, hash FROM feed_tx ORDER BY number DESC LIMIT 1);
            END $do$""")

    async def renumber(self, number: int, by: int) -> None:
        """Move `number` and all after it."""
        await self.run(f"UPDATE feed_tx SET number = -(number + {by}) WHERE number >= {number}")
        await self.run("UPDATE feed_tx SET number = -number WHERE number < 0")


@pytest.fixture
async def connection(house: Database) -> AsyncIterator[AsyncConnection]:
    """The superuser's."""
    engine = create_async_engine(house.superuser_url)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


@asynccontextmanager
async def random_feed(connection: AsyncConnection, folder: Path, seed: object) -> AsyncIterator[Case]:
    """A feed that follows from the seed, in a transaction that is rolled back."""
    chance = random.Random(str(seed))
    case = Case(connection, chance, folder / str(seed), every=chance.randint(3, 7))
    case.folder.mkdir()
    try:
        await case.grow()
        await case.anchor()
        yield case
    finally:
        await connection.rollback()


async def edit_what_a_row_became(case: Case) -> int:
    return await case.change_row("after = jsonb_set(after, '{place}', '-5')", "after IS NOT NULL")


async def edit_what_a_row_was(case: Case) -> int:
    await case.grow(4)
    return await case.change_row('before = before || \'{"note": null, "place": 99}\'', "before IS NOT NULL")


async def edit_the_hash_of_a_row_with_it(case: Case) -> int:
    number, key, place = await case.row("after IS NOT NULL")
    await case.run(f"UPDATE feed SET after = after || '{{\"place\": 99999}}' WHERE tx_key = {key} AND ord = {place}")
    await case.run(f"UPDATE feed SET row_hash = sha256(convert_to({ROW_TEXT}, 'UTF8')) WHERE tx_key = {key}")
    return number


async def edit_who_may_read_a_row(case: Case) -> int:
    return await case.change_row("country_codes = '{MX}'")


async def edit_what_a_row_is_about(case: Case) -> int:
    return await case.change_row("entity_id = gen_random_uuid()::text")


async def edit_the_actor(case: Case) -> int:
    number = case.number()
    await case.run(f"UPDATE feed_tx SET actor = 'somebody else' WHERE number = {number}")
    return number


async def edit_the_request(case: Case) -> int:
    number = case.number()
    await case.run(f"UPDATE feed_tx SET request_id = 'another' WHERE number = {number}")
    return number


async def edit_the_time(case: Case) -> int:
    number = case.number()
    await case.run(f"UPDATE feed_tx SET sealed_at = sealed_at + interval '1 microsecond' WHERE number = {number}")
    return number


async def put_a_time_out_of_order_and_chain_anew(case: Case) -> int:
    number = case.number(2)
    await case.run(f"UPDATE feed_tx SET sealed_at = sealed_at - interval '1 year' WHERE number = {number}")
    await case.chain_anew(number)
    return number


async def edit_a_hash(case: Case) -> int:
    number = case.number()
    column = case.chance.choice(["hash", "digest"])
    await case.run(f"UPDATE feed_tx SET {column} = sha256({column}) WHERE number = {number}")
    return number


async def delete_a_row(case: Case) -> int:
    number, key, place = await case.row()
    await case.run(f"DELETE FROM feed WHERE tx_key = {key} AND ord = {place}")
    return number


async def delete_the_last_row_and_count_anew(case: Case) -> int:
    number, key, _place = await case.row()
    await case.run(
        f"DELETE FROM feed f WHERE tx_key = {key} AND ord = (SELECT max(ord) FROM feed WHERE tx_key = {key})"
    )
    await case.run(f"UPDATE feed_tx SET row_count = row_count - 1 WHERE tx_key = {key}")
    return number


async def delete_a_transaction(case: Case) -> int:
    number = case.number()
    await case.run(f"DELETE FROM feed WHERE tx_key = (SELECT tx_key FROM feed_tx WHERE number = {number})")
    await case.run(f"DELETE FROM feed_tx WHERE number = {number}")
    return number


async def delete_a_transaction_and_close_the_gap(case: Case) -> int:
    number = await delete_a_transaction(case)
    await case.renumber(number + 1, -1)
    return number


async def delete_a_transaction_and_leave_its_rows(case: Case) -> int:
    number = case.number()
    await case.run(f"DELETE FROM feed_tx WHERE number = {number}")
    return number


async def insert_a_row(case: Case) -> int:
    number, key, place = await case.row()
    count = await case.value(f"SELECT count(*) FROM feed WHERE tx_key = {key}")
    await case.run(
        "INSERT INTO feed SELECT tx_key, :count, entity, entity_id, operation, country_codes, before, after, row_hash "
        f"FROM feed WHERE tx_key = {key} AND ord = {place}",
        count=count,
    )
    return number


async def insert_a_row_and_count_it(case: Case) -> int:
    number = await insert_a_row(case)
    await case.run(f"UPDATE feed_tx SET row_count = row_count + 1 WHERE number = {number}")
    return number


async def insert_a_transaction(case: Case) -> int:
    number = case.number()
    await case.renumber(number, 1)
    await case.run(
        "INSERT INTO feed_tx SELECT -7, number - 1, sealed_at - interval '1 microsecond', actor, request_id, 0, "
        f"sha256(''), hash FROM feed_tx WHERE number = {number + 1}"
    )
    return number


async def swap_what_two_rows_say(case: Case) -> int:
    one, other = sorted([await case.row("operation = 'insert'"), await case.row("operation = 'insert'")])
    while one[:2] == other[:2]:
        one, other = sorted([await case.row("operation = 'insert'"), await case.row("operation = 'insert'")])
    await case.run(
        "UPDATE feed f SET entity_id = g.entity_id, after = g.after, row_hash = g.row_hash FROM feed g WHERE "
        f"(f.tx_key, f.ord, g.tx_key, g.ord) IN (({one[1]}, {one[2]}, {other[1]}, {other[2]}), "
        f"({other[1]}, {other[2]}, {one[1]}, {one[2]}))"
    )
    return one[0]


async def swap_two_numbers(case: Case) -> int:
    one, other = sorted(case.chance.sample(range(1, case.anchored + 1), 2))
    await case.run(f"UPDATE feed_tx SET number = -number WHERE number IN ({one}, {other})")
    await case.run(f"UPDATE feed_tx SET number = {one} + {other} + number WHERE number < 0")
    return one


async def move_a_row_to_another_transaction(case: Case) -> int:
    number, key, place = await case.row()
    target, target_key, _place = await case.row(f"number <> {number}")
    count = await case.value(f"SELECT count(*) FROM feed WHERE tx_key = {target_key}")
    await case.run(f"UPDATE feed SET tx_key = {target_key}, ord = {count} WHERE tx_key = {key} AND ord = {place}")
    return min(number, target)


async def cut_off_the_end(case: Case) -> int:
    number = case.number()
    await case.run(f"DELETE FROM feed WHERE tx_key IN (SELECT tx_key FROM feed_tx WHERE number >= {number})")
    await case.run(f"DELETE FROM feed_tx WHERE number >= {number}")
    await case.run(f"UPDATE feed_head SET number = 0, hash = {FIRST_HASH}")
    await case.run(
        "UPDATE feed_head SET (number, sealed_at, hash) = (SELECT number, sealed_at, hash FROM feed_tx "
        f"WHERE number = {number - 1}) WHERE {number} > 1"
    )
    return number


async def cut_off_the_end_and_leave_the_head(case: Case) -> int:
    number = case.last  # anchored or not: the head knows
    await case.run(f"DELETE FROM feed WHERE tx_key IN (SELECT tx_key FROM feed_tx WHERE number >= {number})")
    await case.run(f"DELETE FROM feed_tx WHERE number >= {number}")
    return number


async def edit_the_head(case: Case) -> int:
    await case.run("UPDATE feed_head SET hash = sha256(hash)")
    return case.last


async def add_rows_that_belong_nowhere(case: Case) -> int:
    _number, key, place = await case.row()
    await case.run(f"UPDATE feed_tx SET actor = actor WHERE tx_key = {key}")
    await case.run(
        "INSERT INTO feed SELECT -9, 0, entity, entity_id, operation, country_codes, before, after, row_hash "
        f"FROM feed WHERE tx_key = {key} AND ord = {place}"
    )
    return case.last + 1


async def add_a_transaction_without_a_number(case: Case) -> int:
    await case.run("INSERT INTO feed_tx (tx_key, actor, request_id) VALUES (-9, 'x', 'x')")
    return case.last + 1


async def go_back_to_an_older_dump(case: Case) -> int:
    await case.run("SET LOCAL session_replication_role = origin")
    await case.run("SAVEPOINT dump")
    number = case.last + 1
    await case.grow()
    await case.anchor()
    await case.run("ROLLBACK TO SAVEPOINT dump")
    return number


async def chain_everything_anew(case: Case) -> int:
    number = await edit_what_a_row_became(case)
    await case.chain_anew(number)
    return number


async def delete_a_transaction_and_chain_anew(case: Case) -> int:
    number = await delete_a_transaction_and_close_the_gap(case)
    await case.chain_anew(number)
    return number


async def chain_anew_and_sign_with_another_key(case: Case) -> int:
    number = await chain_everything_anew(case)
    anchors_file(case.folder, "things").unlink()
    case.key = Ed25519PrivateKey.generate()
    await case.anchor()
    return number


async def go_back_to_an_older_dump_and_go_on(case: Case) -> int:
    names = list(case.names)
    number = await go_back_to_an_older_dump(case)
    case.names = names
    await case.grow(30, 40)
    return number


async def edit_a_record(case: Case) -> int | None:
    return await change_record(case, "UPDATE things SET weight = weight + 0.01 WHERE id::text = :id")


async def edit_what_is_personal_in_a_record(case: Case) -> int | None:
    return await change_record(case, "UPDATE things SET note = 'other words' WHERE id::text = :id")


async def erase_what_is_personal_in_a_record(case: Case) -> int | None:
    return await change_record(case, "UPDATE things SET note = NULL WHERE id::text = :id", "after ->> 'note' <> ''")


async def put_the_digest_in_place_of_what_is_personal(case: Case) -> int | None:
    digest = "(SELECT after ->> 'note' FROM feed JOIN feed_tx USING (tx_key) WHERE entity_id = :id ORDER BY number DESC, ord DESC LIMIT 1)"
    return await change_record(
        case, f"UPDATE things SET note = {digest} WHERE id::text = :id", "after ->> 'note' <> ''"
    )


async def delete_a_record(case: Case) -> int | None:
    return await change_record(case, "DELETE FROM things WHERE id::text = :id")


async def insert_a_record(case: Case) -> int | None:
    await case.run("INSERT INTO things (name, place, weight, seen_on) VALUES ('x', 0, 0, '2016-03-01')")
    return None


async def change_record(case: Case, statement: str, where: str = "true") -> int:
    """Change some record that is there, past the triggers."""
    await case.run("SET LOCAL session_replication_role = origin")
    await case.connection.exec_driver_sql(
        "DO $$ BEGIN SET CONSTRAINTS ALL DEFERRED; PERFORM set_config('app.feed_key', '', true); INSERT INTO things "
        "(name, place, weight, seen_on, note) VALUES ('the last', 0, 1, '2016-03-01', 'words'); "
        "SET CONSTRAINTS ALL IMMEDIATE; END $$"
    )
    await case.run("SET LOCAL session_replication_role = replica")
    found = await case.connection.execute(
        text(
            "SELECT entity_id, number FROM (SELECT DISTINCT ON (entity_id) entity_id, number, after, operation FROM feed "
            "JOIN feed_tx USING (tx_key) ORDER BY entity_id, number DESC, ord DESC) l "
            f"WHERE operation <> 'delete' AND {where} ORDER BY number, entity_id"
        )
    )
    chosen, number = case.chance.choice(found.all())
    await case.run(statement, id=chosen)
    return int(number)


Tampering = Callable[[Case], Awaitable[int | None]]
AT_THE_NUMBER: list[Tampering] = [
    edit_what_a_row_became,
    edit_what_a_row_was,
    edit_the_hash_of_a_row_with_it,
    edit_who_may_read_a_row,
    edit_what_a_row_is_about,
    edit_the_actor,
    edit_the_request,
    edit_the_time,
    put_a_time_out_of_order_and_chain_anew,
    edit_a_hash,
    delete_a_row,
    delete_the_last_row_and_count_anew,
    delete_a_transaction,
    delete_a_transaction_and_close_the_gap,
    delete_a_transaction_and_leave_its_rows,
    insert_a_row,
    insert_a_row_and_count_it,
    insert_a_transaction,
    swap_what_two_rows_say,
    swap_two_numbers,
    move_a_row_to_another_transaction,
    cut_off_the_end,
    cut_off_the_end_and_leave_the_head,
    edit_the_head,
    add_rows_that_belong_nowhere,
    add_a_transaction_without_a_number,
    go_back_to_an_older_dump,
]
BETWEEN_ANCHORS: list[Tampering] = [
    chain_everything_anew,
    delete_a_transaction_and_chain_anew,
    chain_anew_and_sign_with_another_key,
    go_back_to_an_older_dump_and_go_on,
]
IN_A_TABLE: list[Tampering] = [
    edit_a_record,
    edit_what_is_personal_in_a_record,
    erase_what_is_personal_in_a_record,
    put_the_digest_in_place_of_what_is_personal,
    delete_a_record,
    insert_a_record,
]


async def find(connection: AsyncConnection, folder: Path, tamper: Tampering) -> AsyncIterator[tuple[Case, Any, Report]]:
    """Of each feed that was verified untouched and then tampered with: the right number, and what was reported."""
    for seed in SEEDS:
        async with random_feed(connection, folder, f"{tamper.__name__} {seed}") as case:
            untouched = await case.verify()
            assert untouched.faults == []
            assert (untouched.transactions, untouched.confirmed) == (case.last, case.anchored)
            assert untouched.rows == await case.value("SELECT count(*) FROM feed")
            await case.run("SET LOCAL session_replication_role = replica")
            right = await tamper(case)
            yield case, right, await case.verify()


@pytest.mark.soak
@pytest.mark.parametrize("tamper", AT_THE_NUMBER, ids=lambda one: one.__name__)
async def test_tampering_is_found_at_its_number(connection: AsyncConnection, tmp_path: Path, tamper: Tampering) -> None:
    async for _case, right, report in find(connection, tmp_path, tamper):
        assert [one.first for one in report.faults] == [right], report.faults
        assert report.code == 1
        first_line = write_report(report)[0]
        assert f"number {right}: " in first_line or f"numbers {right} to " in first_line


@pytest.mark.soak
@pytest.mark.parametrize("tamper", BETWEEN_ANCHORS, ids=lambda one: one.__name__)
async def test_rewriting_is_found_between_its_anchors(
    connection: AsyncConnection, tmp_path: Path, tamper: Tampering
) -> None:
    async for case, right, report in find(connection, tmp_path, tamper):
        fault = report.faults[0]
        assert fault.last is not None
        if "no anchor confirms" in fault.what:  # what was rewritten ends before the next anchor
            assert fault.first == await case.value("SELECT number + 1 FROM feed_head")
        else:
            assert fault.first == report.confirmed + 1
        assert report.confirmed < right <= fault.last
        # As narrow as the anchors allow; whoever signs with a key of his own replaces them all.
        assert fault.last - report.confirmed == (case.every if case.key is KEY else case.anchored)


@pytest.mark.soak
@pytest.mark.parametrize("tamper", IN_A_TABLE, ids=lambda one: one.__name__)
async def test_record_changed_past_the_feed_is_found(
    connection: AsyncConnection, tmp_path: Path, tamper: Tampering
) -> None:
    async for _case, right, report in find(connection, tmp_path, tamper):
        assert [one.first for one in report.faults] == [right]
        assert report.faults[0].what.startswith("the record things ")


@pytest.mark.soak
def test_as_many_are_tried_as_are_promised() -> None:
    kinds = len(AT_THE_NUMBER) + len(BETWEEN_ANCHORS) + len(IN_A_TABLE)
    assert kinds * len(SEEDS) >= (200 if IS_WHOLE else 37)


async def test_what_lies_after_the_last_anchor_is_said_to_be_out_of_reach(
    connection: AsyncConnection, tmp_path: Path
) -> None:
    async with random_feed(connection, tmp_path, "reach") as case:
        while case.last == case.anchored:
            await case.grow(1, 1)
        await case.run("SET LOCAL session_replication_role = replica")
        await case.run(f"UPDATE feed_tx SET actor = 'somebody else' WHERE number = {case.last}")
        await case.chain_anew(case.last)
        report = await case.verify()
        assert report.faults == []
        said = " ".join(write_report(report))
        assert f"out of their reach: {case.last - case.anchored} transactions" in said
        alone = await verify(case.connection, "things", KeptAnchors())
        assert "There is no anchor" in " ".join(write_report(alone))


async def test_feed_whose_tables_are_gone_or_shown_by_a_view_is_named(
    connection: AsyncConnection, tmp_path: Path
) -> None:
    async with random_feed(connection, tmp_path, "view") as case:
        await case.run("ALTER TABLE feed RENAME TO real_feed")
        await case.run("CREATE VIEW feed AS SELECT * FROM real_feed")
        assert (await case.verify()).faults == [
            Fault(1, case.anchored, "the tables of the feed are gone, or are no longer plain tables")
        ]


async def test_settings_of_the_database_and_functions_in_it_change_no_finding(
    connection: AsyncConnection, tmp_path: Path
) -> None:
    async with random_feed(connection, tmp_path, "settings") as case:
        for statement in (
            "SET LOCAL timezone = 'Asia/Kathmandu'",
            "SET LOCAL bytea_output = 'escape'",
            "SET LOCAL datestyle = 'German'",
            "SET LOCAL search_path = public, pg_catalog",
            "CREATE FUNCTION public.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT ''x''::bytea'",
            "CREATE FUNCTION public.jsonb_build_array(VARIADIC \"any\") RETURNS jsonb LANGUAGE internal AS 'jsonb_build_array_noargs'",
        ):
            await case.connection.exec_driver_sql(statement)
        assert (await case.verify()).faults == []


async def test_column_added_since_is_no_alarm_until_somebody_fills_it(
    connection: AsyncConnection, tmp_path: Path
) -> None:
    async with random_feed(connection, tmp_path, "columns") as case:
        added = "ALTER TABLE things ADD shade text NOT NULL DEFAULT 'grey: :a', ADD voided_at timestamptz"
        await case.connection.exec_driver_sql(added)
        assert (await case.verify()).faults == []
        await case.run("SET LOCAL session_replication_role = replica")
        await case.run("UPDATE things SET voided_at = now()")
        assert "(voided_at)" in (await case.verify()).faults[0].what


async def test_text_that_looks_like_a_digest_is_no_alarm_where_the_column_is_clear(
    connection: AsyncConnection, tmp_path: Path
) -> None:
    async with random_feed(connection, tmp_path, "looks") as case:
        case.names.append("\\x" + "ab" * 32)
        await case.connection.exec_driver_sql(
            "DO $do$ BEGIN SET CONSTRAINTS ALL DEFERRED; PERFORM set_config('app.feed_key', '', true); INSERT INTO "
            f"things (name, place, weight, seen_on) VALUES ('{case.names[-1]}', 0, 0, '2016-03-01'); "
            "SET CONSTRAINTS ALL IMMEDIATE; END $do$"
        )
        assert (await case.verify()).faults == []


def test_dump_that_is_restored_verifies_and_goes_on(databases: Databases, house: Database, tmp_path: Path) -> None:
    first, second = (databases.new("things", Path(__file__).parent / "migrations") for _ in range(2))
    asyncio.run(commit(first, "one", "two", "three"))
    kept = asyncio.run(anchor_all(first, tmp_path))
    binaries = find_binaries(ServerUser.choose(tmp_path / "none"))
    dump = tmp_path / "dump.sql"
    for program, options, database in (
        ("pg_dump", ("--clean", "--if-exists"), first),
        ("psql", ("--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"), second),
    ):
        address = database.superuser_url.replace("+asyncpg", "")
        subprocess.run([binaries / program, *options, f"--file={dump}", address], check=True, capture_output=True)
    restored = asyncio.run(audit_database(second.superuser_url, "things", kept))
    assert (restored.faults, restored.transactions, restored.confirmed) == ([], 3, 3)
    asyncio.run(commit(second, "four"))
    after = asyncio.run(audit_database(second.superuser_url, "things", kept))
    assert (after.faults, after.transactions, after.records) == ([], 4, 4)
    for one in (first, second):
        databases.drop(one)


async def test_large_transaction_is_read_in_parts(database: Database) -> None:
    await commit(database, "one", "two")
    engine = create_async_engine(database.owner_url)
    async with engine.begin() as connection:
        await connection.execute(text(ACTING))
        many = "SELECT 'many', n, 0, '2016-03-01' FROM generate_series(1, 12000) n"
        await connection.execute(text(f"INSERT INTO things (name, place, weight, seen_on) {many}"))
    await engine.dispose()
    report = await audit_database(database.superuser_url, "things", KeptAnchors())
    assert (report.faults, report.transactions, report.rows, report.records) == ([], 3, 12002, 12002)


async def test_database_without_a_feed_cannot_be_verified(database: Database) -> None:
    other = database.superuser_url.replace(f"/{database.name}", "/postgres")
    with pytest.raises(CannotAuditError, match="it holds no feed"):
        await audit_database(other, "things", KeptAnchors())
    with pytest.raises(CannotAuditError, match=r"could not be read \(InsufficientPrivilegeError\)"):
        await audit_database(database.app_url, "things", KeptAnchors())
    with pytest.raises(CannotAuditError, match="could not be read"):
        await audit_database("postgresql+asyncpg://x:y@127.0.0.1:9/z", "things", KeptAnchors())


async def commit(database: Database, *names: str) -> None:
    engine = create_async_engine(database.superuser_url)
    for name in names:
        async with engine.begin() as connection:
            await connection.execute(text(ACTING))
            await connection.execute(
                text(
                    f"INSERT INTO things (name, place, weight, seen_on, note) VALUES ('{name}', 0, 0, '2016-03-01', 'n')"
                )
            )
    await engine.dispose()


async def anchor_all(database: Database, folder: Path) -> KeptAnchors:
    engine = create_async_engine(database.superuser_url)
    async with engine.connect() as connection:
        case = Case(connection, random.Random(1), folder, every=1)
        await case.anchor()
        kept = case.kept()
    await engine.dispose()
    return kept
