"""What a training of the cascade may have lost: an older version of its course, or hours short."""

from alembic import op
from trainings.counting_sql import create_counting

revision = "0014"
down_revision = "0013"
COUNTING = "10f4f400e56caf78"


def upgrade() -> None:
    create_counting(op.get_bind())
