"""The feed: every change of every table, numbered and chained."""

from alembic import op
from chassis.feed import Captured, capture_table, create_feed, record_existing

revision = "0005"
down_revision = "0003"

CAPTURED = (Captured("fund_lines"), Captured("ledger_entries"))


def upgrade() -> None:
    connection = op.get_bind()
    create_feed(connection)
    for captured in CAPTURED:
        capture_table(connection, captured)
        record_existing(connection, captured, "0005")
