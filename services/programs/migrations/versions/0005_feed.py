"""The feed: every change of every table, numbered and chained."""

from alembic import op
from chassis.feed import Captured, capture_table, create_feed, record_existing

revision = "0005"
down_revision = "0003"

# Parents before children, so that what stood here before the feed is told in an order that makes sense.
CAPTURED = tuple(
    Captured(table)
    for table in (
        "agencies",
        "programs",
        "program_countries",
        "sources",
        "partnerships",
        "measures",
        "series",
        "reported_figures",
        "statements",
        "rank_decisions",
        "supersessions",
        "conflicts",
        "conflict_members",
        "coverage_declarations",
    )
)


def upgrade() -> None:
    connection = op.get_bind()
    create_feed(connection)
    for captured in CAPTURED:
        capture_table(connection, captured)
        record_existing(connection, captured, "0005")
