"""What disbursements were for, the trainings that they paid, and which function is program support."""

import sqlalchemy as sa
from alembic import op
from chassis.feed import Captured, capture_table
from chassis.known import show_known

revision = "0017"
down_revision = "0016"
TABLE = "cost_allocations"


def upgrade() -> None:
    # With a constant default: nothing is rewritten.
    op.add_column(
        "fund_codes", sa.Column("is_program_support", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_fund_codes_support_is_a_function"), "fund_codes", "kind = 'function' OR NOT is_program_support"
    )
    op.create_table(
        "training_refs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("etag", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("course_code", sa.String(), nullable=False),
        sa.Column("program_code", sa.Text(collation="C"), nullable=True),
        sa.Column("beneficiary_country_codes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("is_voided", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_refs")),
    )
    op.create_index(op.f("ix_training_refs_program_code"), "training_refs", ["program_code"])
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Text(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("ledger_entry_id", sa.Uuid(), nullable=False),
        sa.Column("target_kind", sa.String(), nullable=False),
        sa.Column("training_id", sa.Uuid(), nullable=True),
        sa.Column("target_code", sa.Text(collation="C"), nullable=True),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("percent", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{TABLE}_{name}")) for name, rule in CHECKS.items()),
        sa.ForeignKeyConstraint(
            ["ledger_entry_id"], ["ledger_entries.id"], name=op.f("fk_cost_allocations_ledger_entry_id")
        ),
        sa.ForeignKeyConstraint(["training_id"], ["training_refs.id"], name=op.f("fk_cost_allocations_training_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cost_allocations")),
    )
    for column in ("ledger_entry_id", "training_id"):
        op.create_index(op.f(f"ix_{TABLE}_{column}"), TABLE, [column])
    op.create_index(
        op.f("uq_cost_allocations_entry_target"),
        TABLE,
        ["ledger_entry_id", "target_kind", "training_id", "target_code"],
        unique=True,
        postgresql_where=sa.text("voided_at IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    connection = op.get_bind()
    for table in ("fund_codes", "training_refs", TABLE):
        capture_table(connection, Captured(table))
        show_known(connection, table)
    op.execute("GRANT UPDATE (is_program_support) ON fund_codes TO funding_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON training_refs TO funding_app")
    op.execute(
        f"GRANT SELECT, INSERT, UPDATE (voided_at, voided_by, void_reason, version, updated_at) ON {TABLE} "
        "TO funding_app"
    )
    op.execute(
        f"CREATE TRIGGER voided_record_stays BEFORE UPDATE ON {TABLE} "
        "FOR EACH ROW WHEN (OLD.voided_at IS NOT NULL) EXECUTE FUNCTION keep_voided()"
    )
    op.execute(CHECK_ALLOCATIONS)
    op.execute("REVOKE ALL ON FUNCTION check_cost_allocations() FROM PUBLIC")
    op.execute(
        f"CREATE TRIGGER allocations_added AFTER INSERT ON {TABLE} REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION check_cost_allocations()"
    )


CHECKS = {
    "target_kind_known": "target_kind IN ('training', 'activity', 'deployment', 'hosted_visit', 'equipment_lot')",
    "one_target": "num_nonnulls(training_id, target_code) = 1",
    "training_by_id": "(target_kind = 'training') = (training_id IS NOT NULL)",
    "amount_positive": "amount > 0",
    "percent_of_whole": "percent > 0 AND percent <= 100",
    "void_is_whole": "num_nonnulls(voided_at, voided_by, void_reason) IN (0, 3)",
}
# The row of the disbursement is the lock: of two who allocate it at once the second sees the first.
CHECK_ALLOCATIONS = """
    CREATE FUNCTION check_cost_allocations() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
    DECLARE
      touched uuid[] := ARRAY(SELECT DISTINCT ledger_entry_id FROM added);
      breach record;
    BEGIN
      PERFORM FROM ledger_entries WHERE id = ANY (touched) ORDER BY id FOR NO KEY UPDATE;
      IF EXISTS (
        SELECT FROM ledger_entries e
        WHERE e.id = ANY (touched) AND (
          e.kind <> 'disbursement' OR e.reverses_entry_id IS NOT NULL
          OR EXISTS (SELECT FROM ledger_entries r WHERE r.reverses_entry_id = e.id)
        )
      ) THEN
        RAISE EXCEPTION 'what is allocated is a disbursement that was not reversed'
          USING ERRCODE = '55000', CONSTRAINT = 'allocates_a_disbursement';
      END IF;
      IF EXISTS (
        SELECT FROM added JOIN ledger_entries e ON e.id = added.ledger_entry_id
        WHERE added.amount <> round(e.amount * added.percent / 100, 2)
      ) THEN
        RAISE EXCEPTION 'the amount is that percentage of the disbursement'
          USING ERRCODE = '23514', CONSTRAINT = 'percent_makes_the_amount';
      END IF;
      SELECT e.id, e.effective_date, e.amount, sum(a.amount) AS allocated INTO breach
      FROM ledger_entries e JOIN cost_allocations a ON a.ledger_entry_id = e.id AND a.voided_at IS NULL
      WHERE e.id = ANY (touched) GROUP BY e.id HAVING sum(a.amount) > e.amount ORDER BY e.id LIMIT 1;
      IF FOUND THEN
        RAISE EXCEPTION 'F13: % of % is allocated', breach.allocated, breach.amount
          USING ERRCODE = '23514', CONSTRAINT = 'ledger_f13',
                DETAIL = jsonb_build_object('rule', 'F13', 'subject', 'Entry ' || breach.id,
                  'day', breach.effective_date, 'amounts', jsonb_build_object(
                    'disbursed', breach.amount::text, 'allocated', breach.allocated::text))::text;
      END IF;
      RETURN NULL;
    END $$
"""
