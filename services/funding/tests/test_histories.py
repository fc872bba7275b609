"""Random histories by eight writers at once, held against a model that knows nothing of the service; and bugs that it finds."""

import asyncio
import json
import os
import random
import uuid
from dataclasses import dataclass, field
from datetime import date

import asyncpg
import pytest
from chassis.testing import Database
from sqlalchemy.engine import make_url

from .ledger_model import Facts, Ledger, Line

WRITERS = 8
ENTRIES = 2  # of a writer, in a small history
SMALL, SOAK = 200, 1_000
ACCOUNT = "019-011-2012/2017-1022-000"
# Before the signature, in time, at the end of availability, after it, and after cancellation.
DAYS = ("2011-12-01", "2012-02-01", "2013-03-01", "2013-03-02", "2017-09-30", "2018-01-01", "2022-10-01")
CHANCES = (1, 12, 12, 12, 4, 4, 1)
ACT = "SELECT set_config('app.subject', $1, true), set_config('app.request_id', $2, true)"
# One round trip: proposed by one, posted by another, with the release of what is drawn from a commitment in one statement
# as the service does it.
RECORD = """
    CREATE FUNCTION record(fund_line text, kind text, cents bigint, day date, line uuid, adjusts uuid, reverses uuid,
                           draws_on uuid) RETURNS uuid LANGUAGE plpgsql AS $$
    DECLARE
      proposal uuid;
      entry uuid := uuidv7();
    BEGIN
      PERFORM set_config('app.subject', 'maker', true), set_config('app.request_id', 'a test', true);
      INSERT INTO entry_proposals (fund_line_code, kind, amount, currency, effective_date, agreement_line_id,
        adjusts_entry_id, reverses_entry_id, commitment_entry_id, status, proposer_id, proposed_by)
      VALUES (fund_line, kind, cents / 100.0, 'USD', day, line, adjusts, reverses, draws_on, 'proposed', 'maker', 'Maker')
      RETURNING id INTO proposal;
      PERFORM set_config('app.subject', 'approver', true);
      UPDATE entry_proposals
      SET status = 'posted', decider_id = 'approver', decided_by = 'Approver', decided_at = now() WHERE id = proposal;
      INSERT INTO ledger_entries (id, fund_line_code, kind, amount, currency, effective_date, agreement_line_id,
        adjusts_entry_id, reverses_entry_id, commitment_entry_id, proposal_id)
      SELECT entry, p.fund_line_code, p.kind, p.amount, p.currency, p.effective_date, p.agreement_line_id,
             p.adjusts_entry_id, p.reverses_entry_id, p.commitment_entry_id, p.id
      FROM entry_proposals p WHERE p.id = proposal
      UNION ALL
      SELECT uuidv7(), p.fund_line_code, 'commitment_release', p.amount, p.currency, p.effective_date, NULL,
             p.commitment_entry_id, NULL, NULL, p.id
      FROM entry_proposals p WHERE p.id = proposal AND p.commitment_entry_id IS NOT NULL;
      RETURN entry;
    END $$
"""
ADJUSTED = {
    "upward_adjustment": "obligation", "deobligation": "obligation", "sub_deobligation": "sub_obligation",
    "refund": "disbursement", "commitment_release": "commitment", "allotment_withdrawal": "allotment",
}  # fmt: skip


@dataclass
class Entry:
    """What a writer wants to record."""

    kind: str
    cents: int
    day: str
    fund_line: str
    line: uuid.UUID | None = None
    adjusts: uuid.UUID | None = None
    reverses: uuid.UUID | None = None
    draws_on: uuid.UUID | None = None
    id: uuid.UUID | None = None


@dataclass
class History:
    """Two fund lines, a letter of agreement with a ceiling over both, an award under it, and a grant."""

    seed: int
    lines: dict[str, tuple[str, uuid.UUID]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    refused: int = 0

    @property
    def facts(self) -> Facts:
        """What the model needs to know of it."""
        made = {str(line): Line(name.partition("-")[0], None) for name, (_, line) in self.lines.items()}
        made[str(self.lines["AWARD-1"][1])].parent = str(self.lines["LOA-1"][1])
        signed = dict.fromkeys(("LOA", "AWARD", "GRANT"), date(2012, 1, 15))
        return Facts(date(2011, 10, 1), date(2017, 9, 30), date(2022, 10, 1), made, {"LOA": 80_00}, signed)


async def connect(address: str) -> asyncpg.Connection:
    """A connection of its own."""
    url = make_url(address)
    return await asyncpg.connect(
        host=url.query.get("host", url.host), port=int(str(url.query.get("port", url.port or 5432))), user=url.username,
        password=url.password, database=url.database,
    )  # fmt: skip


async def prepare(database: Database) -> list[asyncpg.Connection]:
    """The account that all histories share, and a connection a writer."""
    owner = await connect(database.owner_url)
    await owner.execute(RECORD)
    await owner.close()
    connections = [await connect(database.app_url) for _ in range(WRITERS)]
    async with connections[0].transaction():
        await connections[0].execute(ACT, "maker", "a test")
        await connections[0].execute(
            "INSERT INTO treasury_accounts (code, title) VALUES ($1, 'Law enforcement')", ACCOUNT
        )
    return connections


async def begin(connection: asyncpg.Connection, seed: int) -> History:
    """A history with some money to move."""
    history, at = History(seed), f"-{seed}"
    async with connection.transaction():
        await connection.execute(ACT, "maker", "a test")
        await connection.executemany(
            "INSERT INTO fund_lines (code, title, country_code, treasury_account_code) VALUES ($1, 'x', 'MX', $2)",
            [(f"A{at}", ACCOUNT), (f"B{at}", ACCOUNT)],
        )
        await connection.executemany(
            "INSERT INTO agreements (code, type, title, country_code, awarding_agency_code, recipient_agency_code, "
            "parent_code, ceiling, status) VALUES ($1, $2, 'x', 'MX', 'US-INL', 'MX-SSP', $3, $4, 'draft')",
            [
                (f"LOA{at}", "loa", None, 80),
                (f"AWARD{at}", "contract", f"LOA{at}", None),
                (f"GRANT{at}", "grant", None, None),
            ],
        )
        for status in ("cleared", "signed", "active"):
            await connection.execute(
                "UPDATE agreements SET status = $1, awarding_signed_on = '2012-01-15', awarding_document = 'x', "
                "recipient_signed_on = '2012-01-15', recipient_document = 'x' WHERE code LIKE '%-' || $2",
                status, str(seed),
            )  # fmt: skip
        for name, fund_line in (("LOA-1", "A"), ("LOA-2", "B"), ("AWARD-1", "A"), ("GRANT-1", "A")):
            agreement, number = name.split("-")
            parent = history.lines["LOA-1"][1] if agreement == "AWARD" else None
            line = await connection.fetchval(
                "INSERT INTO agreement_lines (agreement_code, number, fund_line_code, parent_line_id) "
                "VALUES ($1, $2, $3, $4) RETURNING id",
                f"{agreement}{at}", int(number), f"{fund_line}{at}", parent,
            )  # fmt: skip
            history.lines[name] = (f"{fund_line}{at}", line)
    (line_a, loa), (_, award), (_, grant) = (history.lines[name] for name in ("LOA-1", "AWARD-1", "GRANT-1"))
    for entry in (
        Entry("allotment", 100_00, "2011-12-01", line_a),
        Entry("commitment", 20_00, "2012-02-01", line_a),
        Entry("obligation", 40_00, "2012-02-01", line_a, loa),
        Entry("obligation", 20_00, "2013-03-01", line_a, grant),
        Entry("sub_obligation", 20_00, "2012-02-01", line_a, award),
    ):
        assert await post(connection, history, entry), entry
    return history


def invent(history: History, chance: random.Random) -> Entry:
    """Something that somebody might record: mostly small, now and then on a day on which it may not be."""
    name = chance.choice(("LOA-1", "LOA-1", "LOA-2", "AWARD-1", "AWARD-1", "GRANT-1"))
    fund_line, line = history.lines[name]
    day, cents = chance.choices(DAYS, CHANCES)[0], chance.choice((1, 5_00, 10_00, 20_00, 30_01, 45_00))
    if chance.random() < 0.15:
        taken = chance.choice(history.entries)
        day = max(taken.day, day) if chance.random() < 0.9 else day
        return Entry(taken.kind, taken.cents, day, taken.fund_line, taken.line, reverses=taken.id)
    kind = chance.choice(
        ("allotment", "commitment", "disbursement", "disbursement", "disbursement", "upward_adjustment", "deobligation",
         "refund", "commitment_release", "allotment_withdrawal", *("bind",) * 5)
    )  # fmt: skip
    if kind == "bind":
        kind = "sub_obligation" if name == "AWARD-1" else "obligation"
        drawn = [one for one in history.entries if one.kind == "commitment" and one.fund_line == fund_line]
        draws_on = chance.choice(drawn).id if drawn and kind == "obligation" and chance.random() < 0.3 else None
        return Entry(kind, cents, day, fund_line, line, draws_on=draws_on)
    if kind in ADJUSTED:
        kind = chance.choice((kind, "sub_deobligation"))
        fitting = [one for one in history.entries if one.kind == ADJUSTED[kind] and one.reverses is None]
        if fitting:
            one = chance.choice(fitting)
            return Entry(kind, cents, max(one.day, day), one.fund_line, one.line, adjusts=one.id)
        kind = "disbursement"
    return Entry(kind, cents, day, fund_line, line if kind == "disbursement" else None)


async def post(connection: asyncpg.Connection, history: History, entry: Entry) -> bool:
    """Whether the entry could be proposed by one and posted by another."""
    said = (
        entry.fund_line, entry.kind, entry.cents, date.fromisoformat(entry.day), entry.line, entry.adjusts, entry.reverses,
        entry.draws_on,
    )  # fmt: skip
    try:
        entry.id = await connection.fetchval("SELECT record($1, $2, $3, $4, $5, $6, $7, $8)", *said)
    except (asyncpg.IntegrityConstraintViolationError, asyncpg.ObjectNotInPrerequisiteStateError):
        history.refused += 1
        return False
    history.entries.append(entry)
    return True


async def run(connections: list[asyncpg.Connection], seed: int, entries: int) -> History:
    """Eight writers at once, each with its own chances."""
    history = await begin(connections[0], seed)

    async def write(connection: asyncpg.Connection, number: int) -> None:
        chance = random.Random(seed * WRITERS + number)
        for _ in range(entries):
            await post(connection, history, invent(history, chance))

    await asyncio.gather(*(write(connection, number) for number, connection in enumerate(connections)))
    return history


async def replay(connection: asyncpg.Connection, history: History) -> tuple[Ledger, list[str]]:
    """The history in the order of its commits, in the model; and what was broken after any of them."""
    ledger = Ledger(history.facts)
    recorded = await connection.fetch(
        "SELECT t.number, f.after::text FROM feed f JOIN feed_tx t USING (tx_key) WHERE f.entity = 'ledger_entries' "
        "AND f.after ->> 'fund_line_code' = ANY ($1) ORDER BY t.number, f.ord",
        [f"A-{history.seed}", f"B-{history.seed}"],
    )
    faults: list[str] = []
    for place, row in enumerate(recorded):
        ledger.add(json.loads(row["after"], parse_float=str, parse_int=str))
        is_last_of_commit = place + 1 == len(recorded) or recorded[place + 1]["number"] != row["number"]
        if is_last_of_commit:
            faults += [f"seed {history.seed}, commit {row['number']}: {fault}" for fault in ledger.faults()]
    return ledger, faults


async def held(connection: asyncpg.Connection, history: History) -> dict[tuple[str, str], int]:
    """What the service's own relation says: cents by fund line and stage."""
    found = await connection.fetch(
        "SELECT fund_line_code, stage, (sum(moved) * 100)::bigint AS cents FROM ledger_movements "
        "WHERE fund_line_code = ANY ($1) GROUP BY 1, 2",
        [f"A-{history.seed}", f"B-{history.seed}"],
    )
    return {(row["fund_line_code"], row["stage"]): row["cents"] for row in found}


@pytest.mark.soak
async def test_every_commit_of_a_history_keeps_every_rule_on_every_day(database: Database) -> None:
    soak = os.environ.get("TRIBUTARY_SOAK") == "1"
    first, count = int(os.environ.get("TRIBUTARY_SEED", "1")), SOAK if soak else SMALL
    print(f"seeds {first} to {first + count - 1}")  # noqa: T201 - to run them again
    connections = await prepare(database)
    posted = refused = 0
    for seed in range(first, first + count):
        history = await run(connections, seed, ENTRIES * 4 if soak else ENTRIES)
        ledger, faults = await replay(connections[0], history)
        assert not faults, "\n".join(faults)
        assert await held(connections[0], history) == ledger.sums(), f"seed {seed}"
        posted, refused = posted + len(ledger.entries), refused + history.refused
    # A generator that is always right, or always wrong, would prove nothing.
    assert posted > 8 * count
    assert refused > 2 * count
    for connection in connections:
        await connection.close()


FUNCTION = "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = $1"
VIEW = "SELECT 'CREATE OR REPLACE VIEW ledger_movements WITH (security_invoker = true) AS ' || pg_get_viewdef('ledger_movements'::regclass)"
BALANCES, ENTRY, LOCKS, MOVES = "ledger_breach", "ledger_entry_breach", "check_ledger_entries", "ledger_movements"
BUGS: dict[str, list[tuple[str, str, str]]] = {
    "commitments are forgotten": [(BALANCES, "allotted < committed + obligated OR", "allotted < obligated OR")],
    "only the last day is looked at": [(BALANCES, "(PARTITION BY code ORDER BY day)", "(PARTITION BY code)")],
    "lines of agreements share": [(BALANCES, "bound < paid OR paid < 0", "false")],
    "no ceiling": [(BALANCES, "bound > ceiling", "false")],
    "awards are not counted": [(BALANCES, "charged > bound", "false")],
    "more is taken back than is left": [(BALANCES, "left_over < 0 AND NOT takes_away", "false")],
    "money does not expire": [(ENTRY, "(e.effective_date > a.available_to AND", "(false AND")],
    # Two rules stand in the way of this.
    "canceled money moves": [
        (ENTRY, "(e.kind = 'cancellation_close') <> coalesce", "false AND coalesce"),
        (BALANCES, "day >= cancels_on", "false"),
    ],
    "obligated before it is signed": [
        (ENTRY, "AND e.effective_date < greatest(g.awarding_signed_on, g.recipient_signed_on) THEN", "AND false THEN")
    ],
    "a reversal counts twice": [(MOVES, "ELSE (- k.sign)", "ELSE k.sign")],
    "nobody waits": [(LOCKS, "FOR NO KEY UPDATE", "")],
}


async def put_in(database: Database, bug: str) -> None:
    """Replace a rule of this database by one that is wrong."""
    owner = await connect(database.owner_url)
    for name, right, wrong in BUGS[bug]:
        definition = await (owner.fetchval(VIEW) if name == MOVES else owner.fetchval(FUNCTION, name))
        assert right in definition, definition
        await owner.execute(definition.replace(right, wrong))
    await owner.close()


@pytest.mark.parametrize("bug", BUGS)
async def test_a_bug_in_the_rules_is_found(database: Database, bug: str) -> None:
    await put_in(database, bug)
    connections = await prepare(database)
    found: list[str] = []
    for seed in range(1, 151):
        history = await run(connections, seed, ENTRIES * 2)
        ledger, faults = await replay(connections[0], history)
        if await held(connections[0], history) != ledger.sums():
            faults.append(f"seed {seed}: balances differ")
        found += faults
        if found:
            break
    for connection in connections:
        await connection.close()
    assert found, f"nobody noticed that {bug}"
