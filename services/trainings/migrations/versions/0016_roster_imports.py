"""Imports of rosters: what was handed in, its working papers, and who may see them. A seat entered in error is voided."""

import re

import sqlalchemy as sa
from alembic import op
from chassis.feed import Captured, capture_table
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql
from trainings.counting_sql import create_counting

revision = "0016"
down_revision = "0015"

# Of the counting rules when this was written.
COUNTING = "1d91c893ac1f93ba"
SEATS = Captured(
    "enrollments",
    clear=(
        "id",
        "version",
        "created_at",
        "updated_at",
        "voided_at",
        "voided_by",
        "training_id",
        "person_id",
        "role",
        "status",
        "level",
        "unit_id",
        "vetting_basis",
        "hours_attended",
    ),
    about="(SELECT ARRAY[p.country_code] FROM people p WHERE p.id = r.person_id)",
)
# Each rule that looks at seats looks at those that stand: by function, what stands in it and what comes in its place.
# While an import is undone a seat goes back to what it was before it.
STANDING_SEATS = {
    "attendees_exceed_headcount": {
        r"e\.training_id = t\.id AND \(": "e.training_id = t.id AND e.voided_at IS NULL AND (",
    },
    # By whichever of the two this rule looks.
    "check_instructors": {
        r"FROM added JOIN enrollments USING \(training_id, person_id\)": (
            "FROM added JOIN enrollments e USING (training_id, person_id) WHERE e.voided_at IS NULL"
        ),
        r"WHERE e\.training_id = added\.training_id AND e\.person_id = added\.person_id": (
            "WHERE e.training_id = added.training_id AND e.person_id = added.person_id AND e.voided_at IS NULL"
        ),
    },
    "check_training_changes": {r"AND e\.status IN \(": "AND e.voided_at IS NULL AND e.status IN ("},
    "check_seats": {
        r"n\.status <> o\.status AND \(o\.status, n\.status\) NOT IN": (
            "n.status <> o.status AND coalesce(current_setting('app.undoing', true), '') = '' "
            "AND (o.status, n.status) NOT IN"
        ),
    },
}
SEAT_VOIDS = [
    """
    CREATE FUNCTION check_seat_voids() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
    BEGIN
      IF EXISTS (SELECT FROM added WHERE voided_at IS NOT NULL AND status = 'completed') THEN
        RAISE EXCEPTION 'a seat is voided after its completion'
          USING ERRCODE = '55000', CONSTRAINT = 'voided_seat_has_no_completion';
      END IF;
      RETURN NULL;
    END $$
    """,
    "REVOKE ALL ON FUNCTION check_seat_voids() FROM PUBLIC",
    """
    CREATE TRIGGER seat_voids_keep_rules AFTER UPDATE ON enrollments
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_seat_voids()
    """,
    """
    CREATE FUNCTION check_attended_seats() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
    BEGIN
      IF EXISTS (
        SELECT FROM added JOIN enrollments e ON e.id = added.enrollment_id WHERE e.voided_at IS NOT NULL
      ) THEN
        RAISE EXCEPTION 'nobody attends on a voided seat'
          USING ERRCODE = '55000', CONSTRAINT = 'attended_seat_stands';
      END IF;
      RETURN NULL;
    END $$
    """,
    "REVOKE ALL ON FUNCTION check_attended_seats() FROM PUBLIC",
    """
    CREATE TRIGGER attended_seat_stands AFTER INSERT ON attendances
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_attended_seats()
    """,
    # It stays as it is, but for what erasing takes away.
    """
    CREATE TRIGGER voided_record_stays BEFORE UPDATE ON enrollments
    FOR EACH ROW WHEN (OLD.voided_at IS NOT NULL AND NOT (
      NEW.note IS NULL
      AND (NEW.id, NEW.training_id, NEW.person_id, NEW.role, NEW.status, NEW.hours_attended, NEW.voided_at,
           NEW.voided_by, NEW.void_reason)
        IS NOT DISTINCT FROM
          (OLD.id, OLD.training_id, OLD.person_id, OLD.role, OLD.status, OLD.hours_attended, OLD.voided_at,
           OLD.voided_by, OLD.void_reason)
    )) EXECUTE FUNCTION keep_voided()
    """,
]
# The name of a file, and what is quoted of it, may be personal.
ROSTER_IMPORTS = Captured(
    "roster_imports",
    clear=(
        "id",
        "version",
        "created_at",
        "updated_at",
        "training_id",
        "country_code",
        "size_bytes",
        "stage",
        "task",
        "status",
        "committed_at",
        "undone_at",
    ),
    about="ARRAY[r.country_code]",
)
GRANTED = "(SELECT granted_countries())::text[]"
EVERYWHERE = f"'*' = ANY ({GRANTED})"
OF_IMPORT = "EXISTS (SELECT FROM roster_imports i WHERE i.id = roster_import_id)"
POLICIES = {
    "roster_imports": f"{EVERYWHERE} OR country_code = ANY ({GRANTED})",
    "roster_import_files": OF_IMPORT,
    "roster_import_rows": OF_IMPORT,
}
ABOUT_PEOPLE = [
    "people",
    "enrollments",
    "instructor_assignments",
    "completions",
    "units",
    "identity_documents",
    "merges",
    "duplicate_candidates",
    "vetting_records",
    "attendances",
    "certifications",
    "certification_suspensions",
    "roster_imports",
]
FEED_POLICY = (
    f"country_codes IS NULL OR {EVERYWHERE} OR country_codes <@ {GRANTED} OR CASE entity "
    + " ".join(
        f"WHEN '{table}' THEN EXISTS (SELECT FROM {table} x WHERE x.id = entity_id::uuid)" for table in ABOUT_PEOPLE
    )
    + " ELSE false END"
)
# With somebody who is erased goes what the papers of imports hold of them.
FORGET = [
    """
    CREATE FUNCTION forget_imported() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
    DECLARE
      erased uuid[] := ARRAY(SELECT id FROM added WHERE erased_at IS NOT NULL);
    BEGIN
      IF erased = '{}' THEN RETURN NULL; END IF;
      UPDATE roster_import_rows SET cells = NULL, findings = NULL, written = NULL
      WHERE person_id = ANY (erased) AND num_nonnulls(cells, findings, written) > 0;
      RETURN NULL;
    END $$
    """,
    "REVOKE ALL ON FUNCTION forget_imported() FROM PUBLIC",
    """
    CREATE TRIGGER forget_imported AFTER UPDATE ON people
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION forget_imported()
    """,
]
# Says that a piece of work ended without success, whatever its submitter may still do: their rights may be why.
END_TASK = """
CREATE FUNCTION end_roster_import_task(of_import uuid, of_task text, to_status text, why jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  UPDATE roster_imports
  SET status = to_status, problem = why, job_id = NULL, version = version + 1, updated_at = clock_timestamp()
  WHERE id = of_import AND task = of_task AND status IN ('queued', 'running') AND to_status IN ('failed', 'canceled')
$$
"""
# What an import is of stays; what became of it changes. Working papers go when it is over.
RIGHTS = {
    "roster_imports": (
        "SELECT, INSERT, UPDATE (country_code, stage, task, status, job_id, problem, sheet, header_row, date_order, "
        "layout_mark, mapping_from_id, details, counts, result, undo_result, committed_at, committed_by, undone_at, "
        "undone_by, version, updated_at)"
    ),
    "roster_import_files": "SELECT, INSERT, UPDATE (content, done, total)",
    "roster_import_rows": "SELECT, INSERT, UPDATE, DELETE",
}


def upgrade() -> None:
    void_seats(op.get_bind())
    make_tables()
    capture_table(op.get_bind(), ROSTER_IMPORTS)
    for table, rights in RIGHTS.items():
        op.execute(f"GRANT {rights} ON {table} TO trainings_app")
    for table, rule in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY about_people ON {table} FOR ALL TO trainings_app USING ({rule})")
    op.execute(f"ALTER POLICY about_people ON feed USING ({FEED_POLICY})")
    for statement in FORGET:
        op.execute(statement)
    op.execute(END_TASK)
    op.execute("REVOKE ALL ON FUNCTION end_roster_import_task(uuid, text, text, jsonb) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION end_roster_import_task(uuid, text, text, jsonb) TO trainings_app")
    # COPY is closed where row security is on: what is written in bulk goes by a temporary table first.
    op.execute("""
    DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO trainings_app', current_database()); END $$
    """)


def void_seats(connection: Connection) -> None:
    op.add_column("enrollments", sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("enrollments", sa.Column("voided_by", sa.Text(), nullable=True))
    op.add_column("enrollments", sa.Column("void_reason", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_enrollments_void_is_whole"),
        "enrollments",
        "num_nonnulls(voided_at, voided_by, void_reason) IN (0, 3)",
    )
    op.drop_constraint(op.f("uq_enrollments_training_id_person_id"), "enrollments", type_="unique")
    op.create_index(
        "uq_enrollments_training_id_person_id",
        "enrollments",
        ["training_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("voided_at IS NULL"),
    )
    op.execute("GRANT UPDATE (voided_at, voided_by, void_reason) ON enrollments TO trainings_app")
    capture_table(connection, SEATS)
    for function, words in STANDING_SEATS.items():
        look_at_standing_seats(connection, function, words)
    for statement in SEAT_VOIDS:
        op.execute(statement)
    create_counting(connection)


def look_at_standing_seats(connection: Connection, function: str, words: dict[str, str]) -> None:
    """Put a word into a rule as it stands; the rest of it is not said again here."""
    statement = sa.text("SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = :name")
    rule = connection.execute(statement, {"name": function}).scalar_one()
    times = 0
    for pattern, replacement in words.items():
        rule, found = re.subn(pattern, lambda _, put=replacement: put, rule)
        times += found
    if times != 1:
        raise ValueError(f"{function} is not what it was when this was written")
    connection.exec_driver_sql(rule)


def make_tables() -> None:
    op.create_table(
        "roster_imports",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("training_id", sa.Uuid(), nullable=True),
        sa.Column("country_code", sa.String(), nullable=False),
        sa.Column("file_name", sa.LargeBinary(), nullable=False),
        sa.Column("file_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("submitted_by", sa.String(), nullable=False),
        sa.Column("submitted_subject", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), server_default="received", nullable=False),
        sa.Column("task", sa.String(), server_default="read", nullable=False),
        sa.Column("status", sa.String(), server_default="queued", nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("problem", postgresql.JSONB(), nullable=True),
        sa.Column("sheet", sa.LargeBinary(), nullable=True),
        sa.Column("header_row", sa.Integer(), nullable=True),
        sa.Column("date_order", sa.String(), nullable=True),
        sa.Column("layout_mark", sa.LargeBinary(), nullable=True),
        sa.Column("mapping_from_id", sa.Uuid(), nullable=True),
        sa.Column("details", sa.LargeBinary(), nullable=True),
        sa.Column("counts", postgresql.JSONB(), nullable=True),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        sa.Column("undo_result", postgresql.JSONB(), nullable=True),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("committed_by", sa.String(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(stage = 'undone') = (undone_at IS NOT NULL)", name=op.f("ck_roster_imports_undone_when_it_says_so")
        ),
        sa.CheckConstraint(
            "(stage IN ('committed', 'undone')) = (committed_at IS NOT NULL)",
            name=op.f("ck_roster_imports_committed_when_it_says_so"),
        ),
        sa.CheckConstraint("country_code ~ '^[A-Z]{2}$'", name=op.f("ck_roster_imports_country_code_form")),
        sa.CheckConstraint("date_order IN ('dmy', 'mdy', 'ymd')", name=op.f("ck_roster_imports_date_order_known")),
        sa.CheckConstraint(
            "stage IN ('received', 'read', 'checked', 'committed', 'undone')",
            name=op.f("ck_roster_imports_stage_known"),
        ),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'succeeded', 'failed', 'canceled')",
            name=op.f("ck_roster_imports_status_known"),
        ),
        sa.CheckConstraint("task IN ('read', 'check', 'commit', 'undo')", name=op.f("ck_roster_imports_task_known")),
        sa.CheckConstraint(
            "(committed_at IS NULL) = (committed_by IS NULL)", name=op.f("ck_roster_imports_commit_is_whole")
        ),
        sa.CheckConstraint("(undone_at IS NULL) = (undone_by IS NULL)", name=op.f("ck_roster_imports_undo_is_whole")),
        sa.CheckConstraint(
            "committed_at IS NULL OR result IS NOT NULL", name=op.f("ck_roster_imports_committed_has_result")
        ),
        sa.CheckConstraint("header_row >= 0", name=op.f("ck_roster_imports_header_row_counts")),
        sa.CheckConstraint("octet_length(file_sha256) = 32", name=op.f("ck_roster_imports_file_sha256_length")),
        sa.CheckConstraint("size_bytes >= 0", name=op.f("ck_roster_imports_size_bytes_counts")),
        sa.ForeignKeyConstraint(
            ["mapping_from_id"], ["roster_imports.id"], name=op.f("fk_roster_imports_mapping_from_id")
        ),
        sa.ForeignKeyConstraint(["training_id"], ["trainings.id"], name=op.f("fk_roster_imports_training_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_imports")),
    )
    op.create_index(
        op.f("ix_roster_imports_country_code_layout_mark"),
        "roster_imports",
        ["country_code", "layout_mark"],
        unique=False,
    )
    op.create_index(op.f("ix_roster_imports_file_sha256"), "roster_imports", ["file_sha256"], unique=False)
    op.create_index(op.f("ix_roster_imports_mapping_from_id"), "roster_imports", ["mapping_from_id"], unique=False)
    op.create_index(op.f("ix_roster_imports_training_id"), "roster_imports", ["training_id"], unique=False)
    op.create_table(
        "roster_import_files",
        sa.Column("roster_import_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "done >= 0 AND (total IS NULL OR total >= 0)", name=op.f("ck_roster_import_files_progress_counts")
        ),
        sa.ForeignKeyConstraint(
            ["roster_import_id"],
            ["roster_imports.id"],
            name=op.f("fk_roster_import_files_roster_import_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("roster_import_id", name=op.f("pk_roster_import_files")),
    )
    op.create_table(
        "roster_import_rows",
        sa.Column("roster_import_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("is_excluded", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("decided_person_id", sa.Uuid(), nullable=True),
        sa.Column("training_id", sa.Uuid(), nullable=True),
        sa.Column("enrollment_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("codes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=True),
        sa.Column("findings", sa.LargeBinary(), nullable=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=True),
        sa.Column("written", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(decision IS NOT DISTINCT FROM 'use_person') = (decided_person_id IS NOT NULL)",
            name=op.f("ck_roster_import_rows_decision_names_person"),
        ),
        sa.CheckConstraint(
            "decision IN ('new_person', 'use_person')", name=op.f("ck_roster_import_rows_decision_known")
        ),
        sa.CheckConstraint(
            "outcome IN ('new', 'changed', 'unchanged', 'possible_duplicate', 'error', 'excluded')",
            name=op.f("ck_roster_import_rows_outcome_known"),
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_roster_import_rows_number_counts")),
        sa.ForeignKeyConstraint(
            ["roster_import_id"],
            ["roster_imports.id"],
            name=op.f("fk_roster_import_rows_roster_import_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("roster_import_id", "number", name=op.f("pk_roster_import_rows")),
    )
    op.create_index(op.f("ix_roster_import_rows_enrollment_id"), "roster_import_rows", ["enrollment_id"], unique=False)
    op.create_index(op.f("ix_roster_import_rows_fingerprint"), "roster_import_rows", ["fingerprint"], unique=False)
    op.create_index(op.f("ix_roster_import_rows_person_id"), "roster_import_rows", ["person_id"], unique=False)
    op.create_index(
        op.f("ix_roster_import_rows_roster_import_id_outcome_number"),
        "roster_import_rows",
        ["roster_import_id", "outcome", "number"],
        unique=False,
    )
