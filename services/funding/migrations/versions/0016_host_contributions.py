"""What host nations and recipients give of their own, and the programs that it is for."""

import sqlalchemy as sa
from alembic import op
from chassis.feed import Captured, capture_table
from chassis.known import show_known

revision = "0016"
down_revision = "0015"
TABLE = "host_contributions"


def upgrade() -> None:
    op.create_table(
        "program_refs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("etag", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        code("code"),
        sa.Column("title", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_program_refs")),
    )
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Text(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("stream", sa.String(), nullable=False),
        code("contributor"),
        code("contributor_agency_code", nullable=True),
        sa.Column("claimant", sa.String(), nullable=False),
        code("country_code"),
        code("program_code", nullable=True),
        code("agreement_code", nullable=True),
        code("function_code", nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        code("currency"),
        *(
            column
            for stage in ("pledged", "delivered", "verified")
            for column in (
                sa.Column(f"{stage}_amount", sa.Numeric(precision=18, scale=2), nullable=True),
                sa.Column(f"{stage}_on", sa.Date(), nullable=True),
            )
        ),
        sa.Column("lapsed_on", sa.Date(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("valuation_method", sa.String(), nullable=True),
        sa.Column("evidence_grade", sa.String(), nullable=False),
        sa.Column("document_reference", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{TABLE}_{name}")) for name, rule in CHECKS.items()),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{TABLE}_{column}"))
            for column, target in REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    for column in ("country_code", *REFERENCES):
        op.create_index(op.f(f"ix_{TABLE}_{column}"), TABLE, [column])
    connection = op.get_bind()
    for table in ("program_refs", TABLE):
        capture_table(connection, Captured(table))
        show_known(connection, table)
    op.execute("GRANT SELECT, INSERT, UPDATE ON program_refs TO funding_app")
    op.execute(
        f"GRANT SELECT, INSERT, UPDATE (stage, delivered_amount, delivered_on, verified_amount, verified_on, lapsed_on, "
        f"starts_on, ends_on, scope, valuation_method, evidence_grade, document_reference, note, voided_at, voided_by, "
        f"void_reason, version, updated_at) ON {TABLE} TO funding_app"
    )
    op.execute(
        f"CREATE TRIGGER voided_record_stays BEFORE UPDATE ON {TABLE} "
        "FOR EACH ROW WHEN (OLD.voided_at IS NOT NULL) EXECUTE FUNCTION keep_voided()"
    )
    for name, (operation, transition, body) in RULES.items():
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger {RULE} AS $$ {body} $$")
        op.execute(f"REVOKE ALL ON FUNCTION {name}() FROM PUBLIC")
        op.execute(
            f"CREATE TRIGGER contributions_{operation.lower()} AFTER {operation} ON {TABLE} "
            f"REFERENCING {transition} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )


def code(name: str, *, nullable: bool = False) -> sa.Column[object]:
    """Text compared byte by byte."""
    return sa.Column(name, sa.Text(collation="C"), nullable=nullable)


CHECKS = {
    "stream_known": "stream IN ('host', 'cost_share')",
    "kind_known": "kind IN ('cash', 'in_kind')",
    "stage_known": "stage IN ('pledged', 'delivered', 'verified', 'lapsed')",
    "evidence_grade_known": "evidence_grade IN ('stated', 'documented', 'reconciled')",
    "country_code_form": "country_code ~ '^[A-Z]{2}$'",
    "currency_form": "currency ~ '^[A-Z]{3}$'",
    "amounts_positive": "least(pledged_amount, delivered_amount, verified_amount) > 0",
    "pledged_is_whole": "num_nonnulls(pledged_amount, pledged_on) IN (0, 2)",
    "delivered_is_whole": "num_nonnulls(delivered_amount, delivered_on) IN (0, 2)",
    "verified_is_whole": "num_nonnulls(verified_amount, verified_on) IN (0, 2)",
    "has_reached_its_stage": (
        "CASE stage WHEN 'pledged' THEN pledged_on IS NOT NULL AND num_nonnulls(delivered_on, verified_on, lapsed_on) = 0 "
        "WHEN 'delivered' THEN delivered_on IS NOT NULL AND num_nonnulls(verified_on, lapsed_on) = 0 "
        "WHEN 'verified' THEN num_nonnulls(delivered_on, verified_on) = 2 AND lapsed_on IS NULL "
        "ELSE num_nonnulls(pledged_on, lapsed_on) = 2 AND num_nonnulls(delivered_on, verified_on) = 0 END"
    ),
    "verified_is_delivered": "verified_amount <= delivered_amount",
    "days_in_order": "delivered_on >= pledged_on AND verified_on >= delivered_on AND lapsed_on >= pledged_on",
    "days_not_later": (
        "greatest(pledged_on, delivered_on, verified_on, lapsed_on) <= (updated_at AT TIME ZONE 'UTC')::date"
    ),
    "ends_after_start": "ends_on >= starts_on",
    "in_kind_is_valued": "kind <> 'in_kind' OR valuation_method IS NOT NULL",
    "evidence_has_document": "evidence_grade = 'stated' OR document_reference IS NOT NULL",
    "verified_is_documented": "stage <> 'verified' OR evidence_grade <> 'stated'",
    "cost_share_of_agreement": "stream <> 'cost_share' OR agreement_code IS NOT NULL",
    "void_is_whole": "num_nonnulls(voided_at, voided_by, void_reason) IN (0, 3)",
}
REFERENCES = {
    "contributor_agency_code": "agency_refs.code",
    "program_code": "program_refs.code",
    "agreement_code": "agreements.code",
}
RULE = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
BOTH = "OLD TABLE AS removed NEW TABLE AS added"
RULES = {
    # Three kinds of codes share one table, so no foreign key says which. What is named is never deleted.
    "check_new_contributions": (
        "INSERT",
        "NEW TABLE AS added",
        """
        BEGIN
          IF EXISTS (
            SELECT FROM added WHERE function_code IS NOT NULL AND NOT EXISTS (
              SELECT FROM fund_codes c WHERE c.kind = 'function' AND c.code = added.function_code OFFSET 0
            )
          ) OR EXISTS (
            SELECT FROM added JOIN agreements a ON a.code = added.agreement_code
            WHERE a.country_code <> added.country_code
          ) THEN
            RAISE EXCEPTION 'a contribution is for a function that is recorded, or an agreement of its country'
              USING ERRCODE = '23503', CONSTRAINT = 'contribution_scope_known';
          END IF;
          RETURN NULL;
        END""",
    ),
    "check_contribution_changes": (
        "UPDATE",
        BOTH,
        """
        BEGIN
          IF EXISTS (
            SELECT FROM removed o FULL JOIN added n USING (id)
            WHERE n.stage <> o.stage AND (o.stage, n.stage) NOT IN (
              ('pledged', 'delivered'), ('pledged', 'lapsed'), ('delivered', 'verified')
            )
          ) THEN
            RAISE EXCEPTION 'this stage cannot follow the present one'
              USING ERRCODE = '55000', CONSTRAINT = 'contribution_stage_follows';
          END IF;
          IF EXISTS (
            SELECT FROM removed o FULL JOIN added n USING (id)
            WHERE (o.delivered_on IS NOT NULL
                   AND (o.delivered_on, o.delivered_amount) IS DISTINCT FROM (n.delivered_on, n.delivered_amount))
              OR (o.verified_on IS NOT NULL
                  AND (o.verified_on, o.verified_amount) IS DISTINCT FROM (n.verified_on, n.verified_amount))
              OR (o.lapsed_on IS NOT NULL AND o.lapsed_on IS DISTINCT FROM n.lapsed_on)
          ) THEN
            RAISE EXCEPTION 'an amount that was recorded stays'
              USING ERRCODE = '55000', CONSTRAINT = 'contribution_amounts_stay';
          END IF;
          RETURN NULL;
        END""",
    ),
}
