"""Tables, their rules, and what the serving role may do."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "fund_lines",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("title", sa.Text(collation="C"), nullable=False),
        sa.Column("country_code", sa.Text(collation="C"), nullable=False),
        sa.Column("purpose", sa.String(), nullable=True),
        sa.CheckConstraint("country_code ~ '^[A-Z]{2}$'", name=op.f("ck_fund_lines_country_code_form")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_lines")),
        sa.UniqueConstraint("code", name=op.f("uq_fund_lines_code")),
    )
    op.create_index(op.f("ix_fund_lines_country_code"), "fund_lines", ["country_code"], unique=False)
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("fund_line_code", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("effective_date", sa.Date(), nullable=False),
        sa.Column("document_reference", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_ledger_entries_currency_form")),
        sa.CheckConstraint(
            "effective_date <= (created_at AT TIME ZONE 'UTC')::date",
            name=op.f("ck_ledger_entries_effective_date_not_later"),
        ),
        sa.CheckConstraint(
            "kind IN ('appropriation', 'allotment', 'allotment_withdrawal', 'commitment', 'commitment_release', 'obligation', 'upward_adjustment', 'deobligation', 'sub_obligation', 'sub_deobligation', 'disbursement', 'refund')",
            name=op.f("ck_ledger_entries_kind_known"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_entries_amount_positive")),
        sa.ForeignKeyConstraint(["fund_line_code"], ["fund_lines.code"], name=op.f("fk_ledger_entries_fund_line_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
    )
    op.create_index(
        op.f("ix_ledger_entries_effective_date_id"), "ledger_entries", ["effective_date", "id"], unique=False
    )
    op.create_index(
        op.f("ix_ledger_entries_fund_line_code_effective_date"),
        "ledger_entries",
        ["fund_line_code", "effective_date"],
        unique=False,
    )

    for right, table in RIGHTS:
        op.execute(f"GRANT {right} ON {table} TO funding_app")


# The ledger takes no UPDATE and no DELETE: what was recorded stays. A line's code and country never change.
RIGHTS = [
    ("SELECT", "alembic_version"),
    ("SELECT, INSERT, UPDATE (title, purpose, version, updated_at)", "fund_lines"),
    ("SELECT, INSERT", "ledger_entries"),
]
