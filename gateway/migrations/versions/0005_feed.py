"""The feed: every change of users, grants and tokens, numbered and chained; of a token's secret not even the hash."""

from alembic import op
from chassis.feed import Captured, capture_table, create_feed, record_existing

revision = "0005"
down_revision = "0004"

STORED = ("id", "version", "created_at", "updated_at")
CAPTURED = (
    Captured("users"),
    Captured("grants"),
    Captured(
        "api_tokens",
        clear=(*STORED, "user_id", "name", "key", "expires_at", "revoked_at", "role", "country_codes"),
    ),
)


def upgrade() -> None:
    connection = op.get_bind()
    create_feed(connection)
    for captured in CAPTURED:
        capture_table(connection, captured)
        record_existing(connection, captured, "0005")
