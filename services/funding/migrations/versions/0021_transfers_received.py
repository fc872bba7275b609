"""Which transfer a fund line receives the money of: what one line of a country sends another is counted once."""

import sqlalchemy as sa
from alembic import op
from chassis.feed import Captured, capture_table
from chassis.known import show_known

revision = "0021"
down_revision = "0020"

RULE = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"


def both_ends(pairs: str) -> str:
    """Refuse where, among pairs of a receiver `f` and a line `l` that sends, one fits the other badly."""
    return f"""
      IF EXISTS (SELECT FROM {pairs} WHERE l.fund_line_code = f.code) THEN
        RAISE EXCEPTION 'a fund line does not receive what it sends'
          USING ERRCODE = '23514', CONSTRAINT = 'receives_from_another';
      END IF;
      IF EXISTS (
        SELECT FROM {pairs} JOIN fund_lines s ON s.code = l.fund_line_code WHERE s.country_code <> f.country_code
      ) THEN
        RAISE EXCEPTION 'what is received was sent by fund lines of the same country'
          USING ERRCODE = '23514', CONSTRAINT = 'received_within_a_country';
      END IF;
"""


# Whoever changes an end of a transfer locks its agreement, so that each sees the other end. Of a fund line that is after
# the lock of the line, as when entries are posted; whoever adds a line of an agreement has locked that already.
FUNCTIONS = [
    f"""
    CREATE FUNCTION check_transfers_received() RETURNS trigger {RULE} AS $$
    BEGIN
      PERFORM FROM agreements WHERE code IN (SELECT transfer_agreement_code FROM added) ORDER BY id FOR NO KEY UPDATE;
      IF EXISTS (
        SELECT FROM added f JOIN agreements a ON a.code = f.transfer_agreement_code WHERE a.type <> 'iaa_632a'
      ) THEN
        RAISE EXCEPTION 'a fund line receives the money of a transfer'
          USING ERRCODE = '23514', CONSTRAINT = 'receives_a_transfer';
      END IF;
      {both_ends("added f JOIN agreement_lines l ON l.agreement_code = f.transfer_agreement_code")}
      IF EXISTS (
        SELECT FROM added f JOIN fund_lines o ON o.transfer_agreement_code = f.transfer_agreement_code
        WHERE o.country_code <> f.country_code
      ) THEN
        RAISE EXCEPTION 'what is received was sent by fund lines of the same country'
          USING ERRCODE = '23514', CONSTRAINT = 'received_within_a_country';
      END IF;
      RETURN NULL;
    END $$
    """,
    f"""
    CREATE FUNCTION check_transfers_sent() RETURNS trigger {RULE} AS $$
    BEGIN
      {both_ends("fund_lines f JOIN added l ON l.agreement_code = f.transfer_agreement_code")}
      RETURN NULL;
    END $$
    """,
    *(
        f"REVOKE ALL ON FUNCTION {function}() FROM PUBLIC"
        for function in ("check_transfers_received", "check_transfers_sent")
    ),
    *(
        f"CREATE TRIGGER {name} AFTER {operation} ON {table} REFERENCING NEW TABLE AS added "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        for name, operation, table, function in (
            ("fund_lines_receive", "INSERT", "fund_lines", "check_transfers_received"),
            ("fund_lines_receive_now", "UPDATE", "fund_lines", "check_transfers_received"),
            ("lines_send", "INSERT", "agreement_lines", "check_transfers_sent"),
        )
    ),
]


def upgrade() -> None:
    op.add_column("fund_lines", sa.Column("transfer_agreement_code", sa.Text(collation="C"), nullable=True))
    op.create_foreign_key(
        op.f("fk_fund_lines_transfer_agreement_code"), "fund_lines", "agreements", ["transfer_agreement_code"], ["code"]
    )
    op.create_index(op.f("ix_fund_lines_transfer_agreement_code"), "fund_lines", ["transfer_agreement_code"])
    op.execute("GRANT UPDATE (transfer_agreement_code) ON fund_lines TO funding_app")
    connection = op.get_bind()
    capture_table(connection, Captured("fund_lines"))
    show_known(connection, "fund_lines")
    for statement in FUNCTIONS:
        op.execute(statement)
