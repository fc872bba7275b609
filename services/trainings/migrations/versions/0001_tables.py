"""Tables, their rules, and what the serving role may do."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "agency_refs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("etag", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_agency_refs")),
    )
    op.create_table(
        "courses",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("title", sa.Text(collation="C"), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("qualifies_for_course_code", sa.Text(collation="C"), nullable=True),
        sa.Column("topics", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("designed_hours", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "qualifies_for_course_code IS NULL OR type = 'training_of_trainers'",
            name=op.f("ck_courses_only_trainers_qualify"),
        ),
        sa.CheckConstraint(
            "type IN ('basic', 'advanced', 'training_of_trainers', 'management', 'specialized')",
            name=op.f("ck_courses_type_known"),
        ),
        sa.CheckConstraint("designed_hours > 0", name=op.f("ck_courses_designed_hours_positive")),
        sa.CheckConstraint("qualifies_for_course_code <> code", name=op.f("ck_courses_not_for_itself")),
        sa.ForeignKeyConstraint(
            ["qualifies_for_course_code"], ["courses.code"], name=op.f("fk_courses_qualifies_for_course_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_courses")),
        sa.UniqueConstraint("code", name=op.f("uq_courses_code")),
    )
    op.create_index(
        op.f("ix_courses_qualifies_for_course_code"), "courses", ["qualifies_for_course_code"], unique=False
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("country_code", sa.String(), nullable=False),
        sa.Column("nationality_code", sa.String(), nullable=False),
        sa.Column("sex", sa.String(), nullable=False),
        sa.Column("birth_precision", sa.String(), nullable=False),
        sa.Column("data_key", sa.LargeBinary(), nullable=False),
        sa.Column("given_name", sa.LargeBinary(), nullable=True),
        sa.Column("surname_1", sa.LargeBinary(), nullable=True),
        sa.Column("surname_2", sa.LargeBinary(), nullable=True),
        sa.Column("full_name_original", sa.LargeBinary(), nullable=True),
        sa.Column("birth_date", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(birth_date IS NULL) = (birth_precision = 'not_recorded')", name=op.f("ck_people_birth_precision_fits")
        ),
        sa.CheckConstraint(
            "birth_precision IN ('day', 'year', 'not_recorded')", name=op.f("ck_people_birth_precision_known")
        ),
        sa.CheckConstraint("country_code ~ '^[A-Z]{2}$'", name=op.f("ck_people_country_code_form")),
        sa.CheckConstraint("nationality_code ~ '^[A-Z]{2}$'", name=op.f("ck_people_nationality_code_form")),
        sa.CheckConstraint("sex IN ('female', 'male', 'not_recorded')", name=op.f("ck_people_sex_known")),
        sa.CheckConstraint(
            "num_nonnulls(given_name, surname_1, surname_2, full_name_original) > 0", name=op.f("ck_people_has_name")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
    )
    op.create_index(op.f("ix_people_country_code"), "people", ["country_code"], unique=False)
    op.create_index(op.f("ix_people_nationality_code"), "people", ["nationality_code"], unique=False)
    op.create_table(
        "program_refs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("etag", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_program_refs")),
    )
    op.create_table(
        "trainings",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=True),
        sa.Column("course_code", sa.Text(collation="C"), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("program_code", sa.Text(collation="C"), nullable=True),
        sa.Column("provider_agency_code", sa.Text(collation="C"), nullable=False),
        sa.Column("host_country_code", sa.String(), nullable=False),
        sa.Column("beneficiary_country_codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("venue_kind", sa.String(), nullable=False),
        sa.Column("venue", sa.String(), nullable=True),
        sa.CheckConstraint(
            "beneficiary_country_codes::text ~ '^\\{[A-Z]{2}(,[A-Z]{2})*\\}$'",
            name=op.f("ck_trainings_beneficiary_country_codes_form"),
        ),
        sa.CheckConstraint("host_country_code ~ '^[A-Z]{2}$'", name=op.f("ck_trainings_host_country_code_form")),
        sa.CheckConstraint(
            "venue_kind IN ('host_country', 'united_states', 'third_country', 'online')",
            name=op.f("ck_trainings_venue_kind_known"),
        ),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_trainings_ends_after_start")),
        sa.ForeignKeyConstraint(["course_code"], ["courses.code"], name=op.f("fk_trainings_course_code")),
        sa.ForeignKeyConstraint(["program_code"], ["program_refs.code"], name=op.f("fk_trainings_program_code")),
        sa.ForeignKeyConstraint(
            ["provider_agency_code"], ["agency_refs.code"], name=op.f("fk_trainings_provider_agency_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trainings")),
        sa.UniqueConstraint("code", name=op.f("uq_trainings_code")),
    )
    op.create_index(
        "ix_trainings_beneficiary_country_codes",
        "trainings",
        ["beneficiary_country_codes"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(op.f("ix_trainings_course_code"), "trainings", ["course_code"], unique=False)
    op.create_index(op.f("ix_trainings_program_code"), "trainings", ["program_code"], unique=False)
    op.create_index(op.f("ix_trainings_provider_agency_code"), "trainings", ["provider_agency_code"], unique=False)
    op.create_index(op.f("ix_trainings_starts_on"), "trainings", ["starts_on"], unique=False)
    op.create_table(
        "enrollments",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("training_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.CheckConstraint("role IN ('participant')", name=op.f("ck_enrollments_role_known")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_enrollments_person_id")),
        sa.ForeignKeyConstraint(["training_id"], ["trainings.id"], name=op.f("fk_enrollments_training_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrollments")),
        sa.UniqueConstraint("training_id", "person_id", name=op.f("uq_enrollments_training_id_person_id")),
    )
    op.create_index(op.f("ix_enrollments_person_id"), "enrollments", ["person_id"], unique=False)
    op.create_table(
        "instructor_assignments",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("training_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.CheckConstraint("role IN ('lead')", name=op.f("ck_instructor_assignments_role_known")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_instructor_assignments_person_id")),
        sa.ForeignKeyConstraint(["training_id"], ["trainings.id"], name=op.f("fk_instructor_assignments_training_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instructor_assignments")),
        sa.UniqueConstraint(
            "training_id", "person_id", "role", name=op.f("uq_instructor_assignments_training_id_person_id_role")
        ),
    )
    op.create_index(op.f("ix_instructor_assignments_person_id"), "instructor_assignments", ["person_id"], unique=False)
    op.create_table(
        "completions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name=op.f("fk_completions_enrollment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_completions")),
        sa.UniqueConstraint("enrollment_id", name=op.f("uq_completions_enrollment_id")),
    )

    for rights, tables in RIGHTS.items():
        op.execute(f"GRANT {rights} ON {', '.join(tables)} TO trainings_app")
    op.execute("GRANT SELECT ON alembic_version TO trainings_app")
    for rule in RULES:
        op.execute(rule)


# Completions take no UPDATE, nothing takes a DELETE, and who is in which training never changes.
RIGHTS = {
    "SELECT, INSERT": ["completions"],
    "SELECT, INSERT, UPDATE (note, version, updated_at)": ["enrollments", "instructor_assignments"],
    "SELECT, INSERT, UPDATE": ["agency_refs", "program_refs", "courses", "trainings", "people"],
}

# Statement by statement, not row by row: a roster is one insert. The row of the training is the lock: of two who
# enroll and assign the same person, or record a completion and move the start, one waits and then sees the other.
RULES = [
    # Nobody takes part in a training that they lead.
    """
    CREATE FUNCTION check_participants() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM 1 FROM trainings WHERE id IN (SELECT training_id FROM added) ORDER BY id FOR NO KEY UPDATE;
      IF EXISTS (SELECT FROM added JOIN instructor_assignments USING (training_id, person_id)) THEN
        RAISE EXCEPTION 'nobody takes part in a training that they lead'
          USING ERRCODE = '23514', CONSTRAINT = 'instructor_is_no_participant';
      END IF;
      RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER instructor_is_no_participant AFTER INSERT ON enrollments
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_participants()
    """,
    """
    CREATE FUNCTION check_instructors() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM 1 FROM trainings WHERE id IN (SELECT training_id FROM added) ORDER BY id FOR NO KEY UPDATE;
      IF EXISTS (SELECT FROM added JOIN enrollments USING (training_id, person_id)) THEN
        RAISE EXCEPTION 'nobody leads a training that they take part in'
          USING ERRCODE = '23514', CONSTRAINT = 'participant_is_no_instructor';
      END IF;
      RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER participant_is_no_instructor AFTER INSERT ON instructor_assignments
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_instructors()
    """,
    # A completion is not before its training starts, and not in the future. Days are those of UTC.
    """
    CREATE FUNCTION check_completions() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM 1 FROM trainings
      WHERE id IN (SELECT e.training_id FROM added JOIN enrollments e ON e.id = added.enrollment_id)
      ORDER BY id FOR SHARE;
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
    """
    CREATE TRIGGER completion_has_happened AFTER INSERT ON completions
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_completions()
    """,
    """
    CREATE FUNCTION check_training_start() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (
        SELECT FROM completions c JOIN enrollments e ON e.id = c.enrollment_id
        WHERE e.training_id = NEW.id AND c.completed_on < NEW.starts_on
      ) THEN
        RAISE EXCEPTION 'a training does not start after one of its completions'
          USING ERRCODE = '23514', CONSTRAINT = 'training_starts_before_completions';
      END IF;
      RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER training_starts_before_completions AFTER UPDATE OF starts_on ON trainings
    FOR EACH ROW WHEN (NEW.starts_on > OLD.starts_on) EXECUTE FUNCTION check_training_start()
    """,
]
