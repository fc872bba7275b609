"""Counts and cascades of millions of seats in fewer passes; the numbers are the same."""

from alembic import op
from trainings.counting_sql import create_counting

revision = "0021"
down_revision = "0020"
COUNTING = "4265f4c118fb828e"


def upgrade() -> None:
    create_counting(op.get_bind())
