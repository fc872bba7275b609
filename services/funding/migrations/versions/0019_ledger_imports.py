"""Imports of ledger entries: files, their rows, and who proposed and who committed them."""

import sqlalchemy as sa
from alembic import op
from chassis.feed import Captured, capture_table
from chassis.known import show_known
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0017"

CHECKS = {
    "stage_known": "stage IN ('read', 'checked', 'proposed', 'committed', 'undo_proposed', 'undone')",
    "date_order_known": "date_order IN ('dmy', 'mdy', 'ymd')",
    "file_sha256_form": "file_sha256 ~ '^[0-9a-f]{64}$'",
    "size_bytes_counts": "size_bytes >= 0",
    "proposal_is_whole": "num_nonnulls(proposer_id, proposed_by, proposed_at) IN (0, 3)",
    "commit_is_whole": "num_nonnulls(committer_id, committed_by, committed_at) IN (0, 3)",
    "undo_proposal_is_whole": (
        "num_nonnulls(undo_proposer_id, undo_proposed_by, undo_proposed_at, undo_date, undo_reason) IN (0, 5)"
    ),
    "undo_is_whole": "num_nonnulls(undoer_id, undone_by, undone_at) IN (0, 3)",
    "proposed_when_it_says_so": (
        "(stage IN ('proposed', 'committed', 'undo_proposed', 'undone')) = (proposer_id IS NOT NULL)"
    ),
    "committed_when_it_says_so": ("(stage IN ('committed', 'undo_proposed', 'undone')) = (committer_id IS NOT NULL)"),
    "undo_proposed_when_it_says_so": ("(stage IN ('undo_proposed', 'undone')) = (undo_proposer_id IS NOT NULL)"),
    "undone_when_it_says_so": "(stage = 'undone') = (undoer_id IS NOT NULL)",
    "committed_by_another": "committer_id <> proposer_id",
    "undone_by_another": "undoer_id <> undo_proposer_id",
}
WHO_AND_WHEN = (
    ("proposer_id", "proposed_by", "proposed_at"),
    ("committer_id", "committed_by", "committed_at"),
    ("undo_proposer_id", "undo_proposed_by", "undo_proposed_at"),
    ("undoer_id", "undone_by", "undone_at"),
)
CHANGED = (
    "stage", "date_order", "details", "counts", *(name for names in WHO_AND_WHEN for name in names), "undo_date",
    "undo_reason", "declined_by", "decline_reason", "version", "updated_at",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "ledger_imports",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("file_name", "file_sha256")),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("media_type", "submitter_id", "submitted_by", "stage")
        ),
        sa.Column("date_order", sa.String(), nullable=True),
        sa.Column("details", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("counts", postgresql.JSONB(none_as_null=True), nullable=True),
        *(
            sa.Column(name, sa.DateTime(timezone=True) if name.endswith("_at") else sa.String(), nullable=True)
            for names in WHO_AND_WHEN
            for name in names
        ),
        sa.Column("undo_date", sa.Date(), nullable=True),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("undo_reason", "declined_by", "decline_reason")),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_ledger_imports_{name}")) for name, rule in CHECKS.items()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_imports")),
    )
    op.create_index(op.f("ix_ledger_imports_file_sha256"), "ledger_imports", ["file_sha256"])
    op.create_table(
        "ledger_import_rows",
        sa.Column("ledger_import_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("is_excluded", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("codes", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("cells", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("findings", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=True),
        sa.Column("ledger_entry_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("number > 0", name=op.f("ck_ledger_import_rows_number_counts")),
        sa.CheckConstraint(
            "outcome IN ('new', 'unchanged', 'error', 'excluded')", name=op.f("ck_ledger_import_rows_outcome_known")
        ),
        sa.CheckConstraint("octet_length(fingerprint) = 32", name=op.f("ck_ledger_import_rows_fingerprint_length")),
        sa.ForeignKeyConstraint(
            ["ledger_import_id"], ["ledger_imports.id"], name=op.f("fk_ledger_import_rows_ledger_import_id")
        ),
        sa.ForeignKeyConstraint(
            ["ledger_entry_id"], ["ledger_entries.id"], name=op.f("fk_ledger_import_rows_ledger_entry_id")
        ),
        sa.PrimaryKeyConstraint("ledger_import_id", "number", name=op.f("pk_ledger_import_rows")),
    )
    op.create_index(op.f("ix_ledger_import_rows_ledger_entry_id"), "ledger_import_rows", ["ledger_entry_id"])
    op.create_index(
        op.f("uq_ledger_import_rows_fingerprint"),
        "ledger_import_rows",
        ["fingerprint"],
        unique=True,
        postgresql_where=sa.text("fingerprint IS NOT NULL"),
    )
    # Without defaults: nothing is rewritten. What is there came from no import.
    op.add_column("ledger_entries", sa.Column("ledger_import_id", sa.Uuid(), nullable=True))
    op.add_column("ledger_entries", sa.Column("ledger_import_row", sa.Integer(), nullable=True))
    op.add_column("entry_proposals", sa.Column("ledger_import_id", sa.Uuid(), nullable=True))
    op.create_check_constraint(
        op.f("ck_ledger_entries_import_names_its_row"),
        "ledger_entries",
        "(ledger_import_id IS NULL) = (ledger_import_row IS NULL)",
    )
    for table in ("ledger_entries", "entry_proposals"):
        op.create_foreign_key(
            op.f(f"fk_{table}_ledger_import_id"), table, "ledger_imports", ["ledger_import_id"], ["id"]
        )
    op.create_index(
        op.f("ix_ledger_entries_ledger_import_id_ledger_import_row"),
        "ledger_entries",
        ["ledger_import_id", "ledger_import_row"],
        postgresql_where=sa.text("ledger_import_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_entry_proposals_ledger_import_id"),
        "entry_proposals",
        ["ledger_import_id"],
        postgresql_where=sa.text("ledger_import_id IS NOT NULL"),
    )

    connection = op.get_bind()
    capture_table(connection, Captured("ledger_imports"))
    for table in ("ledger_imports", "ledger_entries", "entry_proposals"):
        show_known(connection, table)
    op.execute(f"GRANT SELECT, INSERT, UPDATE ({', '.join(CHANGED)}) ON ledger_imports TO funding_app")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (outcome, is_excluded, codes, cells, findings, fingerprint, ledger_entry_id, "
        "version) ON ledger_import_rows TO funding_app"
    )
    for function, body in FUNCTIONS.items():
        op.execute(f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger {body}")
        op.execute(f"REVOKE ALL ON FUNCTION {function}() FROM PUBLIC")
    for name, table, operation, transition, function in TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {name} AFTER {operation} ON {table} REFERENCING {transition} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )


RULE = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
FUNCTIONS = {
    # As it was, but for imports: whoever commits one proposes in the name of whoever proposed the import, and posts.
    "check_proposals": f"""{RULE} AS $$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        IF EXISTS (
          SELECT FROM added a LEFT JOIN ledger_imports i ON i.id = a.ledger_import_id
          WHERE NOT CASE
            WHEN a.ledger_import_id IS NULL
              THEN a.status = 'proposed' AND a.proposer_id = current_setting('app.subject')
            ELSE a.status = 'posted' AND a.decider_id = current_setting('app.subject')
              AND coalesce(a.proposer_id = CASE i.stage WHEN 'proposed' THEN i.proposer_id
                                                        WHEN 'undo_proposed' THEN i.undo_proposer_id END, false)
          END
        ) THEN
          RAISE EXCEPTION 'a proposal is made by whoever proposes it'
            USING ERRCODE = '23514', CONSTRAINT = 'proposed_by_its_proposer';
        END IF;
        RETURN NULL;
      END IF;
      IF EXISTS (
        SELECT FROM added n JOIN removed o USING (id)
        WHERE o.status <> 'proposed' OR n.status = 'proposed' OR n.decider_id <> current_setting('app.subject')
      ) THEN
        RAISE EXCEPTION 'a proposal is decided once, by whoever decides it'
          USING ERRCODE = '55000', CONSTRAINT = 'proposal_is_open';
      END IF;
      RETURN NULL;
    END $$""",
    # What comes from an import is recorded while that is proposed, by somebody else, controlled or not.
    "check_imported_entries": f"""{RULE} AS $$
    BEGIN
      IF EXISTS (
        SELECT FROM added a JOIN ledger_imports i ON i.id = a.ledger_import_id
        WHERE i.stage <> 'proposed' OR i.proposer_id = current_setting('app.subject')
      ) THEN
        RAISE EXCEPTION 'what one has proposed another commits' USING ERRCODE = '55000',
          CONSTRAINT = 'import_committed_by_another';
      END IF;
      RETURN NULL;
    END $$""",
    "check_ledger_imports": f"""{RULE} AS $$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        IF EXISTS (SELECT FROM added WHERE stage <> 'read' OR submitter_id <> current_setting('app.subject')) THEN
          RAISE EXCEPTION 'an import begins by being read' USING ERRCODE = '55000', CONSTRAINT = 'import_stage_follows';
        END IF;
        RETURN NULL;
      END IF;
      IF EXISTS (
        SELECT FROM added n JOIN removed o USING (id)
        WHERE n.stage <> o.stage AND (o.stage, n.stage) NOT IN (
          ('read', 'checked'), ('checked', 'read'), ('checked', 'proposed'), ('proposed', 'checked'),
          ('proposed', 'committed'), ('committed', 'undo_proposed'), ('undo_proposed', 'committed'),
          ('undo_proposed', 'undone'))
      ) THEN
        RAISE EXCEPTION 'this stage cannot follow' USING ERRCODE = '55000', CONSTRAINT = 'import_stage_follows';
      END IF;
      IF EXISTS (
        SELECT FROM added n JOIN removed o USING (id)
        CROSS JOIN LATERAL (VALUES (o.proposer_id, n.proposer_id), (o.committer_id, n.committer_id),
          (o.undo_proposer_id, n.undo_proposer_id), (o.undoer_id, n.undoer_id)) who (before, after)
        WHERE who.after IS DISTINCT FROM who.before AND who.after IS NOT NULL
          AND (who.before IS NOT NULL OR who.after <> current_setting('app.subject'))
      ) THEN
        RAISE EXCEPTION 'whoever does it is named' USING ERRCODE = '55000', CONSTRAINT = 'import_names_who_acts';
      END IF;
      RETURN NULL;
    END $$""",
    # What somebody has proposed is what another sees and commits.
    "check_ledger_import_rows": f"""{RULE} AS $$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        IF EXISTS (
          SELECT FROM added n JOIN ledger_imports i ON i.id = n.ledger_import_id WHERE i.stage <> 'read'
        ) THEN
          RAISE EXCEPTION 'rows are read once' USING ERRCODE = '55000', CONSTRAINT = 'proposed_rows_stay';
        END IF;
        RETURN NULL;
      END IF;
      IF EXISTS (
        SELECT FROM added n JOIN removed o USING (ledger_import_id, number)
        JOIN ledger_imports i ON i.id = n.ledger_import_id
        WHERE CASE WHEN i.stage IN ('read', 'checked')
          THEN num_nonnulls(n.fingerprint, n.ledger_entry_id) > 0
          ELSE (n.cells, n.is_excluded, n.outcome) IS DISTINCT FROM (o.cells, o.is_excluded, o.outcome)
            OR i.stage NOT IN ('proposed', 'undo_proposed')
        END
      ) THEN
        RAISE EXCEPTION 'rows that are proposed stay as they are' USING ERRCODE = '55000',
          CONSTRAINT = 'proposed_rows_stay';
      END IF;
      RETURN NULL;
    END $$""",
}
BOTH = "OLD TABLE AS removed NEW TABLE AS added"
NEW = "NEW TABLE AS added"
TRIGGERS = [
    ("imported_entries_added", "ledger_entries", "INSERT", NEW, "check_imported_entries"),
    ("imports_added", "ledger_imports", "INSERT", NEW, "check_ledger_imports"),
    ("imports_changed", "ledger_imports", "UPDATE", BOTH, "check_ledger_imports"),
    ("import_rows_added", "ledger_import_rows", "INSERT", NEW, "check_ledger_import_rows"),
    ("import_rows_changed", "ledger_import_rows", "UPDATE", BOTH, "check_ledger_import_rows"),
]
