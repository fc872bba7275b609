"""Exchange rates, and what keeps a voided record as it is."""

import sqlalchemy as sa
from alembic import op
from chassis.feed import Captured, capture_table
from chassis.known import show_known

revision = "0015"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "exchange_rates",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Text(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(collation="C"), nullable=False),
        sa.Column("rate_date", sa.Date(), nullable=False),
        sa.Column("units_per_usd", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("rate_source", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.CheckConstraint(
            "currency ~ '^[A-Z]{3}$' AND currency <> 'USD'", name=op.f("ck_exchange_rates_currency_form")
        ),
        sa.CheckConstraint("units_per_usd > 0", name=op.f("ck_exchange_rates_units_positive")),
        sa.CheckConstraint(
            "rate_date <= (created_at AT TIME ZONE 'UTC')::date", name=op.f("ck_exchange_rates_rate_date_not_later")
        ),
        sa.CheckConstraint(
            "num_nonnulls(voided_at, voided_by, void_reason) IN (0, 3)", name=op.f("ck_exchange_rates_void_is_whole")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_rates")),
    )
    op.create_index(
        op.f("uq_exchange_rates_currency_rate_date"),
        "exchange_rates",
        ["currency", "rate_date"],
        unique=True,
        postgresql_where=sa.text("voided_at IS NULL"),
    )
    connection = op.get_bind()
    capture_table(connection, Captured("exchange_rates"))
    show_known(connection, "exchange_rates")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (voided_at, voided_by, void_reason, version, updated_at) ON exchange_rates "
        "TO funding_app"
    )
    op.execute(KEEP_VOIDED)
    op.execute(
        "CREATE TRIGGER voided_record_stays BEFORE UPDATE ON exchange_rates "
        "FOR EACH ROW WHEN (OLD.voided_at IS NOT NULL) EXECUTE FUNCTION keep_voided()"
    )


KEEP_VOIDED = """
    CREATE FUNCTION keep_voided() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'a voided record stays as it is'
        USING ERRCODE = '55000', CONSTRAINT = 'voided_record_stays';
    END $$
"""
