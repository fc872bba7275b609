"""Counts of very trainings, named by their ids: whoever divides a cost needs the same trainings on both sides."""

from alembic import op
from trainings.counting_sql import create_counting

revision = "0018"
down_revision = "0016"
COUNTING = "f754551eb34c5ad4"


def upgrade() -> None:
    create_counting(op.get_bind())
