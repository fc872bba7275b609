"""What was recorded by an instant: the number of the feed at it. Counts name their tables at that number themselves."""

from alembic import op
from chassis.known import create_known

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    create_known(op.get_bind())
