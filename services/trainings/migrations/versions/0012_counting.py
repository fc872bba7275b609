"""Counts of people by any mix of filters, and the cascade; two records that were merged are one person."""

from alembic import op
from trainings.counting_sql import create_counting

revision = "0012"
down_revision = "0011"
COUNTING = "359bf1ca3d1fb4cc"


def upgrade() -> None:
    create_counting(op.get_bind())
