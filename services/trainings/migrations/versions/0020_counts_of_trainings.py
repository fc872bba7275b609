"""Counts of very trainings, named by their ids: whoever divides a cost needs the same trainings on both sides."""

from alembic import op
from trainings.counting_sql import create_counting

revision = "0020"
down_revision = "0019"
COUNTING = "0529706fdfdb09c1"


def upgrade() -> None:
    create_counting(op.get_bind())
