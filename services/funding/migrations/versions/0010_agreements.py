"""Agreements with their signatures, amendments, lines and deliverables, and the agencies that they name."""

import sqlalchemy as sa
from alembic import op
from chassis.feed import Captured, capture_table
from chassis.known import show_known

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "agency_refs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("etag", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        code("code"),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_agency_refs")),
    )
    op.create_table(
        "agreements",
        *stored(),
        code("code"),
        sa.Column("type", sa.String(), nullable=False),
        code("title"),
        code("country_code"),
        code("awarding_agency_code"),
        code("recipient_agency_code", nullable=True),
        code("parent_code", nullable=True),
        sa.Column("purpose", sa.String(), nullable=True),
        sa.Column("ceiling", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("awarding_signed_on", sa.Date(), nullable=True),
        sa.Column("awarding_document", sa.String(), nullable=True),
        sa.Column("recipient_signed_on", sa.Date(), nullable=True),
        sa.Column("recipient_document", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("status_note", sa.String(), nullable=True),
        sa.CheckConstraint(
            "type IN ('loa', 'amended_loa', 'iaa_632a', 'iaa_632b', 'grant', 'cooperative_agreement', 'contract', "
            "'task_order', 'purchase_order', 'pio_contribution', 'travel_order', 'mou')",
            name=op.f("ck_agreements_type_known"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'cleared', 'signed', 'active', 'suspended', 'completed', 'terminated', 'closed', "
            "'withdrawn')",
            name=op.f("ck_agreements_status_known"),
        ),
        sa.CheckConstraint("country_code ~ '^[A-Z]{2}$'", name=op.f("ck_agreements_country_code_form")),
        sa.CheckConstraint("ceiling > 0", name=op.f("ck_agreements_ceiling_positive")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_agreements_ends_after_start")),
        sa.CheckConstraint("parent_code <> code", name=op.f("ck_agreements_not_its_own_parent")),
        sa.CheckConstraint("recipient_agency_code <> awarding_agency_code", name=op.f("ck_agreements_parties_are_two")),
        sa.CheckConstraint("type <> 'mou' OR ceiling IS NULL", name=op.f("ck_agreements_mou_has_no_ceiling")),
        sa.CheckConstraint(
            "num_nonnulls(awarding_signed_on, awarding_document) IN (0, 2)",
            name=op.f("ck_agreements_awarding_signature_is_whole"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(recipient_signed_on, recipient_document) IN (0, 2)",
            name=op.f("ck_agreements_recipient_signature_is_whole"),
        ),
        *references("agreements", awarding_agency_code="agency_refs.code", recipient_agency_code="agency_refs.code"),
        *references("agreements", parent_code="agreements.code"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreements")),
        sa.UniqueConstraint("code", name=op.f("uq_agreements_code")),
    )
    for column in ("country_code", "awarding_agency_code", "recipient_agency_code", "parent_code"):
        op.create_index(op.f(f"ix_agreements_{column}"), "agreements", [column])
    op.create_table(
        "agreement_amendments",
        *stored(),
        code("agreement_code"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("document_reference", sa.String(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('ceiling_increase', 'ceiling_decrease', 'extension', 'shortening', 'scope')",
            name=op.f("ck_agreement_amendments_kind_known"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_agreement_amendments_amount_positive")),
        sa.CheckConstraint(
            "(kind IN ('ceiling_increase', 'ceiling_decrease')) = (amount IS NOT NULL)",
            name=op.f("ck_agreement_amendments_has_amount"),
        ),
        sa.CheckConstraint(
            "(kind IN ('extension', 'shortening')) = (ends_on IS NOT NULL)",
            name=op.f("ck_agreement_amendments_has_end"),
        ),
        *references("agreement_amendments", agreement_code="agreements.code"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_amendments")),
        sa.UniqueConstraint("agreement_code", "number", name=op.f("uq_agreement_amendments_agreement_code_number")),
    )
    op.create_table(
        "agreement_lines",
        *stored(),
        code("agreement_code"),
        sa.Column("number", sa.Integer(), nullable=False),
        code("fund_line_code"),
        sa.Column("parent_line_id", sa.Uuid(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=True),
        *references("agreement_lines", agreement_code="agreements.code", fund_line_code="fund_lines.code"),
        sa.ForeignKeyConstraint(
            ["parent_line_id", "fund_line_code"],
            ["agreement_lines.id", "agreement_lines.fund_line_code"],
            name=op.f("fk_agreement_lines_parent_line_id_fund_line_code"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_lines")),
        sa.UniqueConstraint("agreement_code", "number", name=op.f("uq_agreement_lines_agreement_code_number")),
        sa.UniqueConstraint("id", "fund_line_code", name=op.f("uq_agreement_lines_id_fund_line_code")),
    )
    op.create_index(op.f("ix_agreement_lines_fund_line_code"), "agreement_lines", ["fund_line_code"])
    op.create_index(op.f("ix_agreement_lines_parent_line_id"), "agreement_lines", ["parent_line_id"])
    op.create_table(
        "agreement_deliverables",
        *stored(),
        code("agreement_code"),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("promised", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('seats', 'courses', 'visits', 'equipment')", name=op.f("ck_agreement_deliverables_kind_known")
        ),
        sa.CheckConstraint("promised > 0", name=op.f("ck_agreement_deliverables_promised_positive")),
        *references("agreement_deliverables", agreement_code="agreements.code"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement_deliverables")),
    )
    op.create_index(op.f("ix_agreement_deliverables_agreement_code"), "agreement_deliverables", ["agreement_code"])

    connection = op.get_bind()
    for table, right in RIGHTS.items():
        capture_table(connection, Captured(table))
        show_known(connection, table)
        op.execute(f"GRANT {right} ON {table} TO funding_app")
    for function, body in FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {function}() RETURNS trigger {body}")
        op.execute(f"REVOKE ALL ON FUNCTION {function}() FROM PUBLIC")
    for name, table, operation, transition, function in TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {name} AFTER {operation} ON {table} REFERENCING {transition} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )


def stored() -> list[sa.Column[object]]:
    """The columns of every stored resource."""
    return [
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    ]


def code(name: str, *, nullable: bool = False) -> sa.Column[object]:
    """Text compared byte by byte."""
    return sa.Column(name, sa.Text(collation="C"), nullable=nullable)


def references(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    """References of one column each."""
    return [
        sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))
        for column, target in columns.items()
    ]


# What was signed stays: amendments and lines take no UPDATE, and of an agreement only what its trigger allows.
RIGHTS = {
    "agency_refs": "SELECT, INSERT, UPDATE",
    "agreements": "SELECT, INSERT, UPDATE (title, awarding_agency_code, recipient_agency_code, purpose, ceiling, "
    "starts_on, ends_on, awarding_signed_on, awarding_document, recipient_signed_on, recipient_document, status, "
    "status_note, version, updated_at)",
    "agreement_amendments": "SELECT, INSERT",
    "agreement_lines": "SELECT, INSERT",
    "agreement_deliverables": "SELECT, INSERT, UPDATE (promised, due_on, description, version, updated_at)",
}
RULE = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
# The row of the agreement is the lock of all that hangs on it.
FUNCTIONS = {
    "check_new_agreements": f"""{RULE} AS $$
    BEGIN
      IF EXISTS (SELECT FROM added WHERE status <> 'draft') THEN
        RAISE EXCEPTION 'an agreement begins as a draft'
          USING ERRCODE = '23514', CONSTRAINT = 'agreement_begins_as_draft';
      END IF;
      RETURN NULL;
    END $$""",
    "check_agreement_changes": f"""{RULE} AS $$
    BEGIN
      IF EXISTS (
        SELECT FROM added n JOIN removed o USING (id)
        WHERE n.status <> o.status AND (o.status, n.status) NOT IN (
          ('draft', 'cleared'), ('draft', 'withdrawn'), ('cleared', 'signed'), ('cleared', 'withdrawn'),
          ('signed', 'active'), ('active', 'suspended'), ('active', 'completed'), ('active', 'terminated'),
          ('suspended', 'active'), ('completed', 'closed'), ('terminated', 'closed')
        )
      ) THEN
        RAISE EXCEPTION 'this status cannot follow the present one'
          USING ERRCODE = '55000', CONSTRAINT = 'agreement_status_follows';
      END IF;
      IF EXISTS (
        SELECT FROM added n JOIN removed o USING (id)
        WHERE n.status = 'signed' AND o.status = 'cleared' AND (
          n.awarding_signed_on IS NULL
          OR (n.recipient_signed_on IS NULL AND n.type NOT IN ('purchase_order', 'travel_order'))
        )
      ) THEN
        RAISE EXCEPTION 'an agreement is signed once each party has signed'
          USING ERRCODE = '55000', CONSTRAINT = 'agreement_has_its_signatures';
      END IF;
      IF EXISTS (
        SELECT FROM added n JOIN removed o USING (id)
        WHERE o.status NOT IN ('draft', 'cleared') AND ROW (
          n.awarding_agency_code, n.recipient_agency_code, n.ceiling, n.starts_on, n.ends_on, n.awarding_signed_on,
          n.awarding_document, n.recipient_signed_on, n.recipient_document
        ) IS DISTINCT FROM ROW (
          o.awarding_agency_code, o.recipient_agency_code, o.ceiling, o.starts_on, o.ends_on, o.awarding_signed_on,
          o.awarding_document, o.recipient_signed_on, o.recipient_document
        )
      ) THEN
        RAISE EXCEPTION 'what was signed stays; an amendment changes it'
          USING ERRCODE = '55000', CONSTRAINT = 'signed_agreement_stays';
      END IF;
      RETURN NULL;
    END $$""",
    "check_agreement_amendments": f"""{RULE} AS $$
    BEGIN
      PERFORM FROM agreements WHERE code IN (SELECT agreement_code FROM added) ORDER BY id FOR NO KEY UPDATE;
      IF EXISTS (
        SELECT FROM added JOIN agreements a ON a.code = added.agreement_code
        WHERE a.status NOT IN ('signed', 'active', 'suspended')
      ) THEN
        RAISE EXCEPTION 'what is signed and not over is amended'
          USING ERRCODE = '55000', CONSTRAINT = 'amended_agreement_is_open';
      END IF;
      IF EXISTS (
        SELECT FROM added JOIN agreements a ON a.code = added.agreement_code
        WHERE added.signed_on < greatest(a.awarding_signed_on, a.recipient_signed_on)
          OR added.signed_on > (added.created_at AT TIME ZONE 'UTC')::date
      ) THEN
        RAISE EXCEPTION 'an amendment is signed after its agreement, and not in the future'
          USING ERRCODE = '23514', CONSTRAINT = 'amended_after_signature';
      END IF;
      IF EXISTS (
        SELECT FROM added JOIN agreements a ON a.code = added.agreement_code
        WHERE added.ends_on < a.starts_on OR (added.amount IS NOT NULL AND a.ceiling IS NULL)
      ) THEN
        RAISE EXCEPTION 'an amendment changes what its agreement has'
          USING ERRCODE = '23514', CONSTRAINT = 'amends_what_is_there';
      END IF;
      RETURN NULL;
    END $$""",
    "check_agreement_lines": f"""{RULE} AS $$
    BEGIN
      PERFORM FROM agreements WHERE code IN (SELECT agreement_code FROM added) ORDER BY id FOR NO KEY UPDATE;
      IF EXISTS (SELECT FROM added JOIN agreements a ON a.code = added.agreement_code WHERE a.type = 'mou') THEN
        RAISE EXCEPTION 'F11: a memorandum of understanding obligates nothing'
          USING ERRCODE = '23514', CONSTRAINT = 'ledger_f11';
      END IF;
      IF EXISTS (
        SELECT FROM added JOIN agreements a ON a.code = added.agreement_code
        WHERE a.status NOT IN ('draft', 'cleared', 'signed', 'active', 'suspended')
      ) THEN
        RAISE EXCEPTION 'an agreement that is over takes no lines'
          USING ERRCODE = '55000', CONSTRAINT = 'agreement_takes_lines';
      END IF;
      IF EXISTS (
        SELECT FROM added JOIN fund_lines f ON f.code = added.fund_line_code WHERE f.treasury_account_code IS NULL
      ) THEN
        RAISE EXCEPTION 'an agreement is paid from a fund line whose account is known'
          USING ERRCODE = '23514', CONSTRAINT = 'agreement_line_is_controlled';
      END IF;
      IF EXISTS (
        WITH RECURSIVE above AS (
          SELECT a.parent_code FROM added JOIN agreements a ON a.code = added.agreement_code
          UNION
          SELECT a.parent_code FROM above JOIN agreements a ON a.code = above.parent_code
        )
        SELECT FROM above JOIN agreements a ON a.code = above.parent_code WHERE a.type = 'iaa_632a'
      ) THEN
        RAISE EXCEPTION 'F14: what was transferred is obligated and accounted for by the agency that received it'
          USING ERRCODE = '23514', CONSTRAINT = 'ledger_f14';
      END IF;
      IF EXISTS (
        SELECT FROM added
        JOIN agreements a ON a.code = added.agreement_code
        JOIN agreements p ON p.code = a.parent_code AND p.type IN ('loa', 'amended_loa')
        WHERE a.type NOT IN ('loa', 'amended_loa') AND added.parent_line_id IS NULL
      ) THEN
        RAISE EXCEPTION 'F5: an award under a letter of agreement is charged to one of its lines, not counted again'
          USING ERRCODE = '23514', CONSTRAINT = 'ledger_f5';
      END IF;
      IF EXISTS (
        SELECT FROM added
        JOIN agreements a ON a.code = added.agreement_code
        JOIN agreement_lines l ON l.id = added.parent_line_id
        JOIN agreements p ON p.code = l.agreement_code
        WHERE a.parent_code IS DISTINCT FROM p.code OR p.type NOT IN ('loa', 'amended_loa')
          OR a.type IN ('loa', 'amended_loa') OR l.parent_line_id IS NOT NULL
      ) THEN
        RAISE EXCEPTION 'a line is charged to a line of the letter of agreement that its agreement stands under'
          USING ERRCODE = '23514', CONSTRAINT = 'charged_to_parent';
      END IF;
      RETURN NULL;
    END $$""",
}
BOTH = "OLD TABLE AS removed NEW TABLE AS added"
TRIGGERS = [
    ("agreements_added", "agreements", "INSERT", "NEW TABLE AS added", "check_new_agreements"),
    ("agreements_changed", "agreements", "UPDATE", BOTH, "check_agreement_changes"),
    ("amendments_added", "agreement_amendments", "INSERT", "NEW TABLE AS added", "check_agreement_amendments"),
    ("lines_added", "agreement_lines", "INSERT", "NEW TABLE AS added", "check_agreement_lines"),
]
