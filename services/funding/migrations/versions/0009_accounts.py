"""Treasury accounts, the codes of fund lines, and the account and codes of each fund line."""

import sqlalchemy as sa
from alembic import op
from chassis.feed import Captured, capture_table
from chassis.known import show_known

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "treasury_accounts",
        *stored(),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("title", sa.Text(collation="C"), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("federal_account_code", sa.Text(collation="C"), sa.Computed(FEDERAL_ACCOUNT, persisted=True)),
        sa.Column("available_from", sa.Date(), sa.Computed(FIRST_DAY, persisted=True)),
        sa.Column("available_to", sa.Date(), sa.Computed(LAST_DAY, persisted=True)),
        sa.Column("cancels_on", sa.Date(), sa.Computed(CANCELS_ON, persisted=True)),
        sa.CheckConstraint(f"code ~ '{SYMBOL_FORM}'", name=op.f("ck_treasury_accounts_symbol_form")),
        sa.CheckConstraint("available_to >= available_from", name=op.f("ck_treasury_accounts_years_in_order")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_treasury_accounts_valid_to_not_before")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_treasury_accounts")),
        sa.UniqueConstraint("code", name=op.f("uq_treasury_accounts_code")),
    )
    op.create_index(op.f("ix_treasury_accounts_federal_account_code"), "treasury_accounts", ["federal_account_code"])
    op.create_table(
        "fund_codes",
        *stored(),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("title", sa.Text(collation="C"), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('function', 'initiative', 'operating_unit')", name=op.f("ck_fund_codes_kind_known")
        ),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_fund_codes_valid_to_not_before")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fund_codes")),
        sa.UniqueConstraint("kind", "code", name=op.f("uq_fund_codes_kind_code")),
    )
    # Without a default and without a check of what is there: nothing is rewritten, and what there is keeps working.
    for name in ("treasury_account_code", "function_code", "initiative_code", "operating_unit_code"):
        op.add_column("fund_lines", sa.Column(name, sa.Text(collation="C"), nullable=True))
    op.create_foreign_key(
        op.f("fk_fund_lines_treasury_account_code"),
        "fund_lines",
        "treasury_accounts",
        ["treasury_account_code"],
        ["code"],
    )
    op.create_index(op.f("ix_fund_lines_treasury_account_code"), "fund_lines", ["treasury_account_code"])

    connection = op.get_bind()
    for table in ("treasury_accounts", "fund_codes", "fund_lines"):
        capture_table(connection, Captured(table))
        show_known(connection, table)
    for right, table in RIGHTS:
        op.execute(f"GRANT {right} ON {table} TO funding_app")
    op.execute(f"CREATE FUNCTION check_fund_lines() RETURNS trigger {CHECK_FUND_LINES}")
    op.execute("REVOKE ALL ON FUNCTION check_fund_lines() FROM PUBLIC")
    op.execute(
        "CREATE TRIGGER fund_lines_added AFTER INSERT ON fund_lines REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION check_fund_lines()"
    )
    op.execute(
        "CREATE TRIGGER fund_lines_changed AFTER UPDATE ON fund_lines "
        "REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_fund_lines()"
    )


def stored() -> list[sa.Column[object]]:
    """The columns of every stored resource."""
    return [
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    ]


SYMBOL_FORM = "^(([0-9]{3})-)?([0-9]{3})-(([12][0-9]{3})/([12][0-9]{3})|([A-Z]))-([0-9]{4})-([0-9]{3})$"
FIRST_DAY = "make_date(substring(code from '-([0-9]{4})/')::integer - 1, 10, 1)"
LAST_DAY = "make_date(substring(code from '/([0-9]{4})-')::integer, 9, 30)"
CANCELS_ON = "make_date(substring(code from '/([0-9]{4})-')::integer + 5, 10, 1)"
FEDERAL_ACCOUNT = (
    "substring(code from '([0-9]{3})-([0-9]{4}/[0-9]{4}|[A-Z])-[0-9]{4}-[0-9]{3}$') || '-' || "
    "substring(code from '-([0-9]{4})-[0-9]{3}$')"
)
RIGHTS = [
    ("SELECT, INSERT, UPDATE (title, valid_from, valid_to, version, updated_at)", "treasury_accounts"),
    ("SELECT, INSERT, UPDATE (title, valid_from, valid_to, version, updated_at)", "fund_codes"),
    ("UPDATE (treasury_account_code, function_code, initiative_code, operating_unit_code)", "fund_lines"),
]
# Three columns share one table of codes, so no foreign key says which. What they name is never deleted: nobody may.
CHECK_FUND_LINES = """LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    BEGIN
      IF EXISTS (
        SELECT FROM added
        CROSS JOIN LATERAL (VALUES ('function', function_code), ('initiative', initiative_code),
                                   ('operating_unit', operating_unit_code)) named (kind, code)
        WHERE named.code IS NOT NULL
          AND NOT EXISTS (SELECT FROM fund_codes c WHERE c.kind = named.kind AND c.code = named.code)
      ) THEN
        RAISE EXCEPTION 'there is no such code' USING ERRCODE = '23503', CONSTRAINT = 'fund_line_codes_known';
      END IF;
      IF TG_OP = 'UPDATE' THEN
        IF EXISTS (
          SELECT FROM added n JOIN removed o USING (id)
          WHERE o.treasury_account_code IS NOT NULL
            AND n.treasury_account_code IS DISTINCT FROM o.treasury_account_code
        ) THEN
          RAISE EXCEPTION 'a fund line has its account for good'
            USING ERRCODE = '55000', CONSTRAINT = 'fund_line_keeps_its_account';
        END IF;
      END IF;
      RETURN NULL;
    END $$"""
