"""What was entered in error: who voided it, when and why. It stays as it was, and a void is for good."""

import sqlalchemy as sa
from alembic import op
from chassis.feed import Captured, capture_table

revision = "0006"
down_revision = "0005"
TABLES = ["completions", "trainings"]
# A reason may say anything of anybody.
COMPLETIONS = Captured(
    "completions",
    clear=("id", "version", "created_at", "updated_at", "enrollment_id", "completed_on", "voided_at", "voided_by"),
    about=(
        "(SELECT ARRAY[p.country_code] FROM enrollments e JOIN people p ON p.id = e.person_id "
        "WHERE e.id = r.enrollment_id)"
    ),
)


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True))
        op.add_column(table, sa.Column("voided_by", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("void_reason", sa.Text(), nullable=True))
        op.create_check_constraint(
            op.f(f"ck_{table}_void_is_whole"), table, "num_nonnulls(voided_at, voided_by, void_reason) IN (0, 3)"
        )
    capture_table(op.get_bind(), COMPLETIONS)
    # A seat whose completion was an error may be completed again.
    op.drop_constraint(op.f("uq_completions_enrollment_id"), "completions")
    op.create_index(
        op.f("uq_completions_enrollment_id"),
        "completions",
        ["enrollment_id"],
        unique=True,
        postgresql_where=sa.text("voided_at IS NULL"),
    )
    op.create_index(op.f("ix_completions_enrollment_id"), "completions", ["enrollment_id"], unique=False)
    op.execute("GRANT UPDATE (voided_at, voided_by, void_reason, version, updated_at) ON completions TO trainings_app")
    for rule in RULES:
        op.execute(rule)
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER voided_record_stays BEFORE UPDATE ON {table} "
            "FOR EACH ROW WHEN (OLD.voided_at IS NOT NULL) EXECUTE FUNCTION keep_voided()"
        )


# The rules of 0001 take one more step, under the lock that they hold already: of two who void a training and enroll,
# assign or complete somebody in it, one waits and then sees the other.
RULES = [
    """
    CREATE FUNCTION keep_voided() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'a voided record stays as it is'
        USING ERRCODE = '55000', CONSTRAINT = 'voided_record_stays';
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION check_participants() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM 1 FROM trainings WHERE id IN (SELECT training_id FROM added) ORDER BY id FOR NO KEY UPDATE;
      IF EXISTS (SELECT FROM added JOIN trainings t ON t.id = added.training_id WHERE t.voided_at IS NOT NULL) THEN
        RAISE EXCEPTION 'nobody takes part in a voided training'
          USING ERRCODE = '55000', CONSTRAINT = 'training_is_voided';
      END IF;
      IF EXISTS (SELECT FROM added JOIN instructor_assignments USING (training_id, person_id)) THEN
        RAISE EXCEPTION 'nobody takes part in a training that they lead'
          USING ERRCODE = '23514', CONSTRAINT = 'instructor_is_no_participant';
      END IF;
      RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION check_instructors() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM 1 FROM trainings WHERE id IN (SELECT training_id FROM added) ORDER BY id FOR NO KEY UPDATE;
      IF EXISTS (SELECT FROM added JOIN trainings t ON t.id = added.training_id WHERE t.voided_at IS NOT NULL) THEN
        RAISE EXCEPTION 'nobody leads a voided training'
          USING ERRCODE = '55000', CONSTRAINT = 'training_is_voided';
      END IF;
      IF EXISTS (SELECT FROM added JOIN enrollments USING (training_id, person_id)) THEN
        RAISE EXCEPTION 'nobody leads a training that they take part in'
          USING ERRCODE = '23514', CONSTRAINT = 'participant_is_no_instructor';
      END IF;
      RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION check_completions() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM 1 FROM trainings
      WHERE id IN (SELECT e.training_id FROM added JOIN enrollments e ON e.id = added.enrollment_id)
      ORDER BY id FOR SHARE;
      IF EXISTS (
        SELECT FROM added
        JOIN enrollments e ON e.id = added.enrollment_id
        JOIN trainings t ON t.id = e.training_id
        WHERE t.voided_at IS NOT NULL
      ) THEN
        RAISE EXCEPTION 'nobody completes a voided training'
          USING ERRCODE = '55000', CONSTRAINT = 'completed_training_is_voided';
      END IF;
      IF EXISTS (
        SELECT FROM added
        JOIN enrollments e ON e.id = added.enrollment_id
        JOIN trainings t ON t.id = e.training_id
        WHERE added.completed_on < t.starts_on
      ) THEN
        RAISE EXCEPTION 'a completion is not before its training starts'
          USING ERRCODE = '23514', CONSTRAINT = 'completed_after_start';
      END IF;
      IF EXISTS (SELECT FROM added WHERE completed_on > (now() AT TIME ZONE 'UTC')::date) THEN
        RAISE EXCEPTION 'a completion is not in the future'
          USING ERRCODE = '23514', CONSTRAINT = 'completed_in_past';
      END IF;
      RETURN NULL;
    END $$
    """,
    # A completion that was an error says nothing of when its training can have started.
    """
    CREATE OR REPLACE FUNCTION check_training_start() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (
        SELECT FROM completions c JOIN enrollments e ON e.id = c.enrollment_id
        WHERE e.training_id = NEW.id AND c.completed_on < NEW.starts_on AND c.voided_at IS NULL
      ) THEN
        RAISE EXCEPTION 'a training does not start after one of its completions'
          USING ERRCODE = '23514', CONSTRAINT = 'training_starts_before_completions';
      END IF;
      RETURN NULL;
    END $$
    """,
]
