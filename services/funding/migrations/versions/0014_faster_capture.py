"""A change of many rows costs the feed as many steps, whatever the first change of a connection was."""

from alembic import op
from chassis.feed import capture_anew

revision = "0014"
down_revision = "0011"


def upgrade() -> None:
    capture_anew(op.get_bind())
