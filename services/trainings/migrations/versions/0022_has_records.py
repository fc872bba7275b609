"""Whether anything is recorded is asked as such, where a count found nothing; before, all seats were accounted for."""

from alembic import op
from trainings.counting_sql import create_counting

revision = "0022"
down_revision = "0021"
COUNTING = "3b5ca3d8042a396a"


def upgrade() -> None:
    create_counting(op.get_bind())
