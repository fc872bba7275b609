"""Counts and lists of millions: a seat says whose office keeps its person, and a count looks at each training once."""

import sqlalchemy as sa
from alembic import op
from chassis.feed import Captured, capture_table
from trainings.counting_sql import create_counting

revision = "0019"
down_revision = "0016"
COUNTING = "f52a066ae84766c7"
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
        "country_code",
        "role",
        "status",
        "level",
        "unit_id",
        "vetting_basis",
        "hours_attended",
    ),
    about="ARRAY[r.country_code]",
)
GRANTED = "(SELECT granted_countries())::text[]"


def upgrade() -> None:
    op.add_column("enrollments", sa.Column("country_code", sa.String(), nullable=True))
    capture_table(op.get_bind(), SEATS)
    for statement in SEATS_OF_TODAY:
        op.execute(statement)
    op.alter_column("enrollments", "country_code", nullable=False)
    # What it says is its person's, by the constraint: handed to another office, the seat goes along.
    op.create_unique_constraint(op.f("uq_people_id_country_code"), "people", ["id", "country_code"])
    op.drop_constraint("fk_enrollments_person_id", "enrollments")
    op.create_foreign_key(
        "fk_enrollments_person_id",
        "enrollments",
        "people",
        ["person_id", "country_code"],
        ["id", "country_code"],
        onupdate="CASCADE",
    )
    op.create_index(
        op.f("ix_enrollments_country_code_created_at_id"), "enrollments", ["country_code", "created_at", "id"]
    )
    # A count by nationality reads the seats of many people, and of each no more than this.
    op.drop_index(op.f("ix_enrollments_person_id"), "enrollments")
    op.create_index(
        op.f("ix_enrollments_person_id"),
        "enrollments",
        ["person_id"],
        postgresql_include=["id", "training_id", "level"],
    )
    op.drop_index("uq_completions_enrollment_id", "completions")
    op.create_index(
        "uq_completions_enrollment_id",
        "completions",
        ["enrollment_id"],
        unique=True,
        postgresql_include=["completed_on"],
        postgresql_where=sa.text("voided_at IS NULL"),
    )
    for statement in COUNTRY_OF_SEAT:
        op.execute(statement)
    create_counting(op.get_bind())


SEATS_OF_TODAY = [
    """
    SELECT set_config('app.subject', 'migration 0019', true), set_config('app.role', 'officer', true),
           set_config('app.countries', '*', true), set_config('app.request_id', gen_random_uuid()::text, true)
    """,
    "UPDATE enrollments e SET country_code = p.country_code FROM people p WHERE p.id = e.person_id",
]
COUNTRY_OF_SEAT = [
    # Nobody says it: it is looked up, by whoever may not see the person too. Of nobody it is no country there is.
    """
    CREATE FUNCTION take_country_of_seat() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
    BEGIN
      NEW.country_code := coalesce((SELECT country_code FROM people WHERE id = NEW.person_id), '');
      RETURN NEW;
    END $$
    """,
    "REVOKE ALL ON FUNCTION take_country_of_seat() FROM PUBLIC",
    """
    CREATE TRIGGER country_of_seat BEFORE INSERT ON enrollments
    FOR EACH ROW EXECUTE FUNCTION take_country_of_seat()
    """,
    f"""
    ALTER POLICY about_people ON enrollments
    USING ('*' = ANY ({GRANTED}) OR country_code = ANY ({GRANTED}))
    """,
]
