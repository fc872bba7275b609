"""What was recorded by an instant: the number of the feed at it, and each table as it was at a number."""

from alembic import op
from chassis.known import create_known

revision = "0008"
down_revision = "0006"

TABLES = (
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


def upgrade() -> None:
    create_known(op.get_bind(), TABLES)
