"""Things as they were known."""

from alembic import op
from chassis.known import create_known

revision = "0008"
down_revision = "0005"


def upgrade() -> None:
    create_known(op.get_bind(), ("things",))
