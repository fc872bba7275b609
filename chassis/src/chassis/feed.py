"""The feed: every committed change, written by the database in the same transaction, numbered and chained at commit.

A row of a captured table that changes becomes a row of `feed` under its transaction's key; the last thing before the
commit gives that key its gapless number and the hash that chains it to all numbers before. Nobody can forget to write
it, and "done but not audited" cannot exist. What a table held at any number can be read back from it.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    inspect,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

INSERT: Final = "insert"
UPDATE: Final = "update"
DELETE: Final = "delete"
# Tables whose changes are no news: answers kept for a while, working papers, the feed, the version of the schema.
NOT_CAPTURED: Final = frozenset(
    {
        "alembic_version",
        "feed",
        "feed_head",
        "feed_key",
        "feed_tx",
        "idempotency_keys",
        "ledger_import_rows",
        "roster_import_files",
        "roster_import_plans",
        "roster_import_rows",
    },
)


def feed_tables(metadata: MetaData) -> None:
    """The feed's tables in `metadata`; every service has them. `create_feed` makes them."""
    Table(
        "feed",
        metadata,
        Column("tx_key", BigInteger, primary_key=True, autoincrement=False),
        Column("ord", Integer, primary_key=True, autoincrement=False),
        Column("entity", Text(collation="C"), nullable=False),
        Column("entity_id", Text(collation="C"), nullable=False),
        Column("operation", Text, nullable=False),
        Column("country_codes", ARRAY(Text)),
        Column("before", JSONB),
        Column("after", JSONB),
        Column("row_hash", LargeBinary, nullable=False),
        CheckConstraint(
            "CASE operation WHEN 'insert' THEN before IS NULL AND after IS NOT NULL "
            "WHEN 'update' THEN before IS NOT NULL AND after IS NOT NULL "
            "WHEN 'delete' THEN before IS NOT NULL AND after IS NULL ELSE false END",
            name="operation_fits",
        ),
        Index(None, "entity", "entity_id"),
    )
    Table(
        "feed_tx",
        metadata,
        Column("tx_key", BigInteger, primary_key=True, autoincrement=False),
        Column("number", BigInteger, unique=True),
        Column("sealed_at", DateTime(timezone=True)),
        Column("actor", Text, nullable=False),
        Column("request_id", Text, nullable=False),
        Column("row_count", Integer),
        Column("digest", LargeBinary),
        Column("hash", LargeBinary),
        CheckConstraint("num_nulls(number, sealed_at, row_count, digest, hash) IN (0, 5)", name="sealed_whole"),
        CheckConstraint("actor <> '' AND request_id <> ''", name="has_actor"),
    )
    Table(
        "feed_head",
        metadata,
        Column("is_head", Boolean, primary_key=True),
        Column("number", BigInteger, nullable=False),
        Column("sealed_at", DateTime(timezone=True), nullable=False),
        Column("hash", LargeBinary, nullable=False),
        CheckConstraint("is_head", name="one_row"),
    )
    Table(
        "feed_key",
        metadata,
        Column("is_key", Boolean, primary_key=True),
        Column("key", LargeBinary, nullable=False),
        CheckConstraint("is_key", name="one_row"),
    )


# What a function that writes the feed must not take from its caller. The texts of times and bytes are hashed.
_PINNED: Final = "SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET bytea_output = 'hex'"
# What is hashed of a row and of a transaction: arrays of JSON, so that no two contents have one text.
ROW_TEXT: Final = "jsonb_build_array(entity, entity_id, operation, country_codes, before, after)::text"
TIME_TEXT: Final = "to_char(sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
TX_TEXT: Final = f"jsonb_build_array(number, tx_key, {TIME_TEXT}, actor, request_id, row_count)::text"
# Says that a value changed and nothing of the value: `secret` never leaves the database.
DIGEST: Final = "sha256(secret || sha256(secret || convert_to(r.\"{0}\"::text, 'UTF8')))::text"
FIRST_HASH: Final = "sha256('tributary feed')"

_CREATE: Final = (
    """
    CREATE SEQUENCE feed_tx_key
    """,
    """
    CREATE TABLE feed_head (
      is_head boolean NOT NULL CONSTRAINT ck_feed_head_one_row CHECK (is_head),
      number bigint NOT NULL, sealed_at timestamptz NOT NULL, hash bytea NOT NULL,
      CONSTRAINT pk_feed_head PRIMARY KEY (is_head)
    )
    """,
    f"INSERT INTO feed_head VALUES (true, 0, now(), {FIRST_HASH})",
    """
    CREATE TABLE feed_key (
      is_key boolean NOT NULL CONSTRAINT ck_feed_key_one_row CHECK (is_key), key bytea NOT NULL,
      CONSTRAINT pk_feed_key PRIMARY KEY (is_key)
    )
    """,
    # 32 bytes, 244 of their bits from the strong generator.
    "INSERT INTO feed_key VALUES (true, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))",
    """
    CREATE TABLE feed_tx (
      tx_key bigint NOT NULL, number bigint, sealed_at timestamptz, actor text NOT NULL, request_id text NOT NULL,
      row_count integer, digest bytea, hash bytea,
      CONSTRAINT pk_feed_tx PRIMARY KEY (tx_key),
      CONSTRAINT uq_feed_tx_number UNIQUE (number),
      CONSTRAINT ck_feed_tx_sealed_whole CHECK (num_nulls(number, sealed_at, row_count, digest, hash) IN (0, 5)),
      CONSTRAINT ck_feed_tx_has_actor CHECK (actor <> '' AND request_id <> '')
    )
    """,
    """
    CREATE TABLE feed (
      tx_key bigint NOT NULL, ord integer NOT NULL,
      entity text COLLATE "C" NOT NULL, entity_id text COLLATE "C" NOT NULL, operation text NOT NULL,
      country_codes text[], before jsonb, after jsonb, row_hash bytea NOT NULL,
      CONSTRAINT pk_feed PRIMARY KEY (tx_key, ord),
      CONSTRAINT ck_feed_operation_fits CHECK (
        CASE operation WHEN 'insert' THEN before IS NULL AND after IS NOT NULL
                       WHEN 'update' THEN before IS NOT NULL AND after IS NOT NULL
                       WHEN 'delete' THEN before IS NOT NULL AND after IS NULL ELSE false END)
    )
    """,
    "CREATE INDEX ix_feed_entity_entity_id ON feed (entity, entity_id)",
    # The key of this transaction. It lives in a setting of the transaction, so a savepoint rolled back forgets it too.
    f"""
    CREATE FUNCTION feed_begin() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER {_PINNED} AS $$
    DECLARE
      subject text := coalesce(current_setting('app.subject', true), '');
      request text := coalesce(current_setting('app.request_id', true), '');
      known text := coalesce(current_setting('app.feed_key', true), '');
      begun bigint;
    BEGIN
      IF known <> '' THEN
        SELECT tx_key INTO begun FROM feed_tx WHERE tx_key = known::bigint AND number IS NULL;
        IF begun IS NULL THEN
          RAISE EXCEPTION 'the changes of this transaction are sealed; it can make no more';
        END IF;
        RETURN begun;
      END IF;
      IF subject = '' OR request = '' THEN
        RAISE EXCEPTION 'a change needs somebody who makes it: set app.subject and app.request_id'
          USING ERRCODE = 'insufficient_privilege';
      END IF;
      INSERT INTO feed_tx (tx_key, actor, request_id) VALUES (nextval('feed_tx_key'), subject, request)
      RETURNING tx_key INTO begun;
      PERFORM set_config('app.feed_key', begun::text, true);
      RETURN begun;
    END $$
    """,
    # The head row is taken last and once: whoever waits for it waits for one commit, and numbers are the order of
    # commits. Its time never stands still, so an instant has one number.
    f"""
    CREATE FUNCTION feed_seal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {_PINNED} AS $$
    DECLARE
      of_rows bytea;
      counted integer;
      head feed_head;
    BEGIN
      SELECT sha256(coalesce(string_agg(row_hash, ''::bytea ORDER BY ord), ''::bytea)), count(*)
      INTO of_rows, counted FROM feed WHERE tx_key = NEW.tx_key;
      SELECT * INTO head FROM feed_head FOR UPDATE;
      UPDATE feed_tx
      SET number = head.number + 1, row_count = counted, digest = of_rows, hash = head.hash,
          sealed_at = greatest(clock_timestamp(), head.sealed_at + interval '1 microsecond')
      WHERE tx_key = NEW.tx_key;
      UPDATE feed_tx SET hash = sha256(head.hash || digest || convert_to({TX_TEXT}, 'UTF8'))
      WHERE tx_key = NEW.tx_key;
      UPDATE feed_head SET (number, sealed_at, hash) =
        (SELECT number, sealed_at, hash FROM feed_tx WHERE tx_key = NEW.tx_key);
      RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER feed_seal AFTER INSERT ON feed_tx DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION feed_seal()
    """,
    f"""
    CREATE FUNCTION feed_refuse_truncate() RETURNS trigger LANGUAGE plpgsql {_PINNED} AS $$
    BEGIN
      RAISE EXCEPTION '% cannot be truncated: its changes are kept in the feed', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    "REVOKE ALL ON FUNCTION feed_begin(), feed_seal(), feed_refuse_truncate() FROM PUBLIC",
)


_INSERT: Final = f"""
        INSERT INTO feed (tx_key, ord, entity, entity_id, operation, country_codes, before, after, row_hash)
        SELECT begun, first + row_number() OVER () - 1, entity, entity_id, operation, country_codes, before, after,
               sha256(convert_to({ROW_TEXT}, 'UTF8'))
        FROM ({{}}) changes
"""


@dataclass(frozen=True, slots=True)
class Captured:
    """A table whose changes the feed takes.

    `clear`: for a table with personal or secret columns, those that the feed takes as they are; of every other it takes
    a keyed digest. None where the table has nothing of the kind, new columns included.
    `about`: for a table of or about people, an SQL expression over the row `r`: the country whose office keeps the
    person, as an array. Only who may read people of that country reads such rows.
    """

    table: str
    clear: tuple[str, ...] | None = None
    about: str | None = None


def create_feed(connection: Connection) -> None:
    """Make the feed's tables and functions, as the owner of the database, in a migration."""
    for statement in _CREATE:
        connection.exec_driver_sql(statement)
    app = app_role(connection)
    connection.exec_driver_sql(f"GRANT SELECT ON feed, feed_tx, feed_head TO {app}")


def app_role(connection: Connection) -> str:
    """The role that serves the database which `connection` owns."""
    owner: str = connection.execute(text("SELECT current_user")).scalar_one()
    return owner.removesuffix("_owner") + "_app"


def capture_table(connection: Connection, captured: Captured) -> None:
    """Take every change of the table into the feed from now on. Again after its columns have changed."""
    table = captured.table
    images = _Images(connection, captured)
    # A plan is made for the first change of a connection, often of one row in a small table, and stays. So what was is
    # joined with what is by FULL JOIN, which is never done row against row, and other tables are read by their indexes.
    insert = _INSERT.format(images.inserts("added"))
    update = _INSERT.format(f"""
        SELECT '{table}' AS entity, n.id AS entity_id, 'update' AS operation,
               CASE WHEN o.country_codes = n.country_codes THEN n.country_codes
                    ELSE o.country_codes || n.country_codes END AS country_codes,
               o.image AS before, n.image AS after
        FROM ({images.of("removed")}) o FULL JOIN ({images.of("added")}) n ON n.id = o.id
    """)
    delete = _INSERT.format(
        f"SELECT '{table}' AS entity, id AS entity_id, 'delete' AS operation, country_codes, "
        f"image AS before, NULL::jsonb AS after FROM ({images.of('removed')}) o"
    )
    function = f"""
    CREATE OR REPLACE FUNCTION feed_capture_{table}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {_PINNED}
    SET enable_seqscan = off AS $$
    DECLARE
      begun bigint;
      first integer;
      secret bytea;
    BEGIN
      IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT FROM added) THEN RETURN NULL; END IF;
      ELSIF NOT EXISTS (SELECT FROM removed) THEN
        RETURN NULL;
      END IF;
      begun := feed_begin();
      SELECT coalesce(max(ord) + 1, 0) INTO first FROM feed WHERE tx_key = begun;
      SELECT key INTO secret FROM feed_key;
      IF TG_OP = 'INSERT' THEN
        {insert};
      ELSIF TG_OP = 'UPDATE' THEN
        {update};
      ELSE
        {delete};
      END IF;
      RETURN NULL;
    END $$
    """
    connection.exec_driver_sql(function)
    connection.exec_driver_sql(f"REVOKE ALL ON FUNCTION feed_capture_{table}() FROM PUBLIC")
    for operation, transition in (
        ("INSERT", "NEW TABLE AS added"),
        ("UPDATE", "OLD TABLE AS removed NEW TABLE AS added"),
        ("DELETE", "OLD TABLE AS removed"),
    ):
        connection.exec_driver_sql(
            f"CREATE OR REPLACE TRIGGER feed_{operation.lower()} AFTER {operation} ON {table} "
            f"REFERENCING {transition} FOR EACH STATEMENT EXECUTE FUNCTION feed_capture_{table}()"
        )
    connection.exec_driver_sql(
        f"CREATE OR REPLACE TRIGGER feed_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION feed_refuse_truncate()"
    )
    _create_known(connection, table, images)


def capture_anew(connection: Connection) -> None:
    """Have the captures that stand join, and look up, as those of `capture_table` do now."""
    connection.exec_driver_sql("""
    DO $$
    DECLARE capture regprocedure;
    BEGIN
      FOR capture IN SELECT oid FROM pg_proc WHERE proname LIKE 'feed\\_capture\\_%' LOOP
        EXECUTE replace(pg_get_functiondef(capture), ') o JOIN (', ') o FULL JOIN (');
        EXECUTE 'ALTER FUNCTION ' || capture || ' SET enable_seqscan = off';
      END LOOP;
    END $$
    """)


def record_existing(connection: Connection, captured: Captured, migration: str) -> None:
    """Take the rows that stood in the table before the feed did, as inserts that `migration` made now."""
    table = captured.table
    rows = _INSERT.format(_Images(connection, captured).inserts(table))
    connection.exec_driver_sql(f"""
    DO $$
    DECLARE
      begun bigint;
      first integer;
      secret bytea;
    BEGIN
      IF NOT EXISTS (SELECT FROM {table}) THEN RETURN; END IF;
      PERFORM set_config('timezone', 'UTC', true), set_config('bytea_output', 'hex', true),
              set_config('app.subject', 'migration {migration}', true),
              set_config('app.request_id', gen_random_uuid()::text, true);
      begun := feed_begin();
      SELECT coalesce(max(ord) + 1, 0) INTO first FROM feed WHERE tx_key = begun;
      SELECT key INTO secret FROM feed_key;
      {rows};
    END $$
    """)


class _Images:
    """What the feed takes of a table's rows, as SQL over the row `r`."""

    def __init__(self, connection: Connection, captured: Captured) -> None:
        inspector = inspect(connection)
        columns = [column["name"] for column in inspector.get_columns(captured.table)]
        key = [f'r."{name}"' for name in inspector.get_pk_constraint(captured.table)["constrained_columns"]]
        self.table = captured.table
        self.id = f"{key[0]}::text" if len(key) == 1 else f"concat_ws('/', {', '.join(key)})"
        self._about = captured.about or "NULL::text[]"
        self.hidden: list[str] = []
        self._image = "to_jsonb(r)"
        if captured.clear is not None:
            if unknown := set(captured.clear) - set(columns):
                raise ValueError(f"{captured.table} has no columns {sorted(unknown)}")
            self.hidden = [name for name in columns if name not in captured.clear]
            as_it_is = "'{0}', r.\"{0}\""
            digested = "'{0}', " + DIGEST
            parts = [(digested if name in self.hidden else as_it_is).format(name) for name in columns]
            self._image = f"jsonb_build_object({', '.join(parts)})"

    def of(self, rows: str) -> str:
        """Id, countries and image of each of `rows`."""
        return f"SELECT {self.id} AS id, {self._about} AS country_codes, {self._image} AS image FROM {rows} r"

    def inserts(self, rows: str) -> str:
        """`rows` as changes that insert them."""
        return (
            f"SELECT '{self.table}' AS entity, id AS entity_id, 'insert' AS operation, country_codes, "
            f"NULL::jsonb AS before, image AS after FROM ({self.of(rows)}) n"
        )


def _create_known(connection: Connection, table: str, images: _Images) -> None:
    """`known_<table>(until)`: its rows as they were at a number of the feed; hidden columns are null where changed.

    Rows that have not changed since are read as they are; of those that have, the image before their first change
    since. So it costs what has changed since, whatever the table holds.
    """
    hidden = ", ".join(f"'{name}'" for name in images.hidden)
    image = f"before - ARRAY[{hidden}]" if hidden else "before"
    connection.exec_driver_sql(f"""
    CREATE OR REPLACE FUNCTION known_{table}(until bigint) RETURNS SETOF {table} LANGUAGE sql STABLE AS $$
      WITH later AS MATERIALIZED (
        SELECT DISTINCT ON (f.entity_id) f.entity_id, f.before
        FROM feed f JOIN feed_tx t ON t.tx_key = f.tx_key
        WHERE f.entity = '{table}' AND t.number > until
        ORDER BY f.entity_id, t.number, f.ord
      )
      SELECT r.* FROM {table} r WHERE NOT EXISTS (SELECT FROM later WHERE later.entity_id = {images.id})
      UNION ALL
      SELECT past.* FROM later CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, {image}) past
      WHERE before IS NOT NULL
    $$
    """)
    connection.exec_driver_sql(f"REVOKE ALL ON FUNCTION known_{table}(bigint) FROM PUBLIC")
    connection.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION known_{table}(bigint) TO {app_role(connection)}")
