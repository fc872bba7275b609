"""The feed of things, of whose notes it keeps nothing."""

from alembic import op
from chassis.feed import Captured, capture_table, create_feed, record_existing

revision = "0005"
down_revision = "0003"

THINGS = Captured(
    "things",
    clear=("id", "version", "created_at", "updated_at", "name", "place", "weight", "seen_on", "ticket"),
)


def upgrade() -> None:
    connection = op.get_bind()
    create_feed(connection)
    capture_table(connection, THINGS)
    record_existing(connection, THINGS, "0005")
