"""The queue of jobs."""

from alembic import op
from chassis.queue_schema import upgrade_queue

revision = "0015"
down_revision = "0008"


def upgrade() -> None:
    upgrade_queue(op.get_bind(), "things_app")
