"""A table with a column of every type that a list can be sorted by, and a rule that is checked at commit."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "things",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Numeric(18, 2), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("ticket", sa.String(), nullable=True),
        sa.CheckConstraint("weight >= 0", name="ck_things_weight_not_negative"),
        sa.PrimaryKeyConstraint("id", name="pk_things"),
        sa.UniqueConstraint("ticket", name="uq_things_ticket", deferrable=True, initially="DEFERRED"),
    )
    op.execute("GRANT SELECT ON alembic_version TO things_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON things TO things_app")
