"""The queue of jobs, in a schema of its own."""

from alembic import op
from chassis.queue_schema import upgrade_queue

revision = "0015"
down_revision = "0012"


def upgrade() -> None:
    upgrade_queue(op.get_bind(), "trainings_app")
