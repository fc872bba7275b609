"""Large imports of rosters: what a check found is kept for the commit, and rules of many rows cost each row once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"

OF_IMPORT = "EXISTS (SELECT FROM roster_imports i WHERE i.id = roster_import_id)"
DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
FUNCTIONS = [
    # What was changed since a number of the feed, whoever may see it; ids alone, and one more than `most` where more.
    f"""
    CREATE FUNCTION changed_since(since bigint, most integer) RETURNS TABLE (entity text, entity_id text)
    LANGUAGE sql STABLE {DEFINER} AS $$
      SELECT f.entity, f.entity_id FROM feed_tx t JOIN feed f ON f.tx_key = t.tx_key
      WHERE t.number > since AND f.entity IN (
        'trainings', 'courses', 'course_versions', 'units', 'merges', 'vetting_records', 'enrollments', 'completions',
        'instructor_assignments', 'training_sessions', 'attendances', 'people', 'identity_documents'
      )
      LIMIT most + 1
    $$
    """,
    "REVOKE ALL ON FUNCTION changed_since(bigint, integer) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION changed_since(bigint, integer) TO trainings_app",
    # As it was, but that each document is looked up by itself: a join of many with all grew with both.
    f"""
    CREATE OR REPLACE FUNCTION propose_document_holders() RETURNS trigger LANGUAGE plpgsql {DEFINER}
    SET enable_seqscan = off AS $$
    DECLARE
      people_of uuid[];
      holders uuid[];
    BEGIN
      IF EXISTS (
        SELECT FROM added a CROSS JOIN LATERAL (SELECT * FROM people one WHERE one.id = a.person_id OFFSET 0) p
        WHERE p.erased_at IS NOT NULL AND a.number_mark IS NOT NULL
      ) THEN
        RAISE EXCEPTION 'nothing is recorded of somebody who was erased'
          USING ERRCODE = '55000', CONSTRAINT = 'erased_person_has_no_document';
      END IF;
      SELECT array_agg(a.person_id), array_agg(d.person_id) INTO people_of, holders
      FROM added a CROSS JOIN LATERAL (
        SELECT o.person_id FROM identity_documents o
        WHERE o.issuer_country_code = a.issuer_country_code AND o.type = a.type AND o.number_mark = a.number_mark
          AND o.person_id <> a.person_id AND o.voided_at IS NULL OFFSET 0
      ) d;
      IF people_of IS NULL THEN RETURN NULL; END IF;
      INSERT INTO duplicate_candidates (person_id, other_person_id, score, band, reasons)
      SELECT DISTINCT least(a.person_id, a.holder_id), greatest(a.person_id, a.holder_id), 9, 'likely_same',
             ARRAY['identity document is the same']
      FROM unnest(people_of, holders) AS a (person_id, holder_id)
      LEFT JOIN canonical_people() one ON one.person_id = a.person_id
      LEFT JOIN canonical_people() other ON other.person_id = a.holder_id
      WHERE coalesce(one.canonical_id, a.person_id) <> coalesce(other.canonical_id, a.holder_id)
      ORDER BY 1, 2
      ON CONFLICT (person_id, other_person_id) DO UPDATE
      SET status = 'open', score = greatest(duplicate_candidates.score, 9), band = 'likely_same',
          reasons = CASE WHEN excluded.reasons <@ duplicate_candidates.reasons THEN duplicate_candidates.reasons
                         ELSE duplicate_candidates.reasons || excluded.reasons END,
          version = duplicate_candidates.version + 1, updated_at = now();
      RETURN NULL;
    END $$
    """,
    # The role that serves owns no table, so it may not do this by itself.
    f"""
    CREATE FUNCTION analyze_rosters() RETURNS void LANGUAGE plpgsql {DEFINER} SET lock_timeout = '2s' AS $$
    BEGIN
      ANALYZE people, identity_documents, enrollments, completions, roster_import_rows;
    END $$
    """,
    "REVOKE ALL ON FUNCTION analyze_rosters() FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION analyze_rosters() TO trainings_app",
    # With somebody who is erased go the plans that may name them; their import is evaluated again.
    f"""
    CREATE OR REPLACE FUNCTION forget_imported() RETURNS trigger LANGUAGE plpgsql {DEFINER} AS $$
    DECLARE
      erased uuid[] := ARRAY(SELECT id FROM added WHERE erased_at IS NOT NULL);
    BEGIN
      IF erased = '{{}}' THEN RETURN NULL; END IF;
      DELETE FROM roster_import_plans WHERE roster_import_id IN (
        SELECT roster_import_id FROM roster_import_rows WHERE person_id = ANY (erased)
      );
      UPDATE roster_import_files SET basis = NULL WHERE basis IS NOT NULL AND roster_import_id IN (
        SELECT roster_import_id FROM roster_import_rows WHERE person_id = ANY (erased)
      );
      UPDATE roster_import_rows SET cells = NULL, findings = NULL, written = NULL
      WHERE person_id = ANY (erased) AND num_nonnulls(cells, findings, written) > 0;
      RETURN NULL;
    END $$
    """,
]


def upgrade() -> None:
    op.create_table(
        "roster_import_plans",
        sa.Column("roster_import_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("part >= 0", name=op.f("ck_roster_import_plans_part_counts")),
        sa.ForeignKeyConstraint(
            ["roster_import_id"],
            ["roster_imports.id"],
            name=op.f("fk_roster_import_plans_roster_import_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("roster_import_id", "part", name=op.f("pk_roster_import_plans")),
    )
    # It is sealed, and no letter of it comes twice.
    op.execute("ALTER TABLE roster_import_plans ALTER COLUMN content SET STORAGE EXTERNAL")
    op.execute("GRANT SELECT, INSERT, DELETE ON roster_import_plans TO trainings_app")
    op.execute("ALTER TABLE roster_import_plans ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY about_people ON roster_import_plans FOR ALL TO trainings_app USING ({OF_IMPORT})")
    op.add_column("roster_import_files", sa.Column("basis", postgresql.JSONB(), nullable=True))
    op.execute("GRANT UPDATE (basis) ON roster_import_files TO trainings_app")
    # Rows that are of nobody yet need no place there; by their seats nobody looks for them.
    op.drop_index("ix_roster_import_rows_enrollment_id", "roster_import_rows")
    for column in ("fingerprint", "person_id"):
        op.drop_index(f"ix_roster_import_rows_{column}", "roster_import_rows")
        op.create_index(
            op.f(f"ix_roster_import_rows_{column}"),
            "roster_import_rows",
            [column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    for statement in FUNCTIONS:
        op.execute(statement)
