"""Accounts of trainings ask the question of seats once in their text, not twice; the numbers are the same."""

from alembic import op
from trainings.counting_sql import create_counting

revision = "0022"
down_revision = "0021"
COUNTING = "d0b8e6b21f21ea52"


def upgrade() -> None:
    create_counting(op.get_bind())
