"""Counts and lists of millions: a seat says what is counted of its person and when it was completed.

So a count reads one index, and a list of one office need not look up everybody else's people. Both are kept by the
database: what is of the person by a foreign key that goes along, the day by the rules of completions.
"""

import sqlalchemy as sa
from alembic import op
from chassis.feed import Captured, capture_table
from trainings.counting_sql import create_counting

revision = "0019"
down_revision = "0017"
COUNTING = "cb066215bc24273f"
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
        "nationality_code",
        "sex",
        "completed_on",
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


OF_PERSON = ["country_code", "nationality_code", "sex"]


def upgrade() -> None:
    for column in OF_PERSON:
        op.add_column("enrollments", sa.Column(column, sa.String(), nullable=True))
    op.add_column("enrollments", sa.Column("completed_on", sa.Date(), nullable=True))
    capture_table(op.get_bind(), SEATS)
    for statement in SEATS_OF_TODAY:
        op.execute(statement)
    for column in OF_PERSON:
        op.alter_column("enrollments", column, nullable=False)
    op.drop_index("ix_people_counted", "people")
    op.create_index("ix_people_counted", "people", ["id", *OF_PERSON], unique=True, postgresql_include=["person_type"])
    op.drop_constraint("fk_enrollments_person_id", "enrollments")
    op.create_foreign_key(
        "fk_enrollments_person_id",
        "enrollments",
        "people",
        ["person_id", *OF_PERSON],
        ["id", *OF_PERSON],
        onupdate="CASCADE",
    )
    op.create_check_constraint(
        op.f("ck_enrollments_completed_has_day"), "enrollments", "(status = 'completed') = (completed_on IS NOT NULL)"
    )
    op.create_index(
        op.f("ix_enrollments_country_code_created_at_id"), "enrollments", ["country_code", "created_at", "id"]
    )
    op.create_index(
        "ix_enrollments_counted",
        "enrollments",
        ["nationality_code", "training_id"],
        postgresql_include=["person_id", "completed_on", "sex", "level"],
        postgresql_where=sa.text("completed_on IS NOT NULL"),
    )
    for statement in KEPT:
        op.execute(statement)
    connection = op.get_bind()
    for function, (standing, now) in COMPLETIONS.items():
        say_anew(connection, function, standing, now)
    create_counting(connection)


def say_anew(connection: sa.Connection, function: str, standing: str, now: str) -> None:
    """Put something into a rule as it stands; the rest of it is not said again here."""
    text = connection.execute(
        sa.text("SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = :name"), {"name": function}
    ).scalar_one()
    if text.count(standing) != 1:
        raise ValueError(f"{function} is not what it was when this was written")
    connection.exec_driver_sql(text.replace(standing, now))


SEATS_OF_TODAY = [
    """
    SELECT set_config('app.subject', 'migration 0019', true), set_config('app.role', 'officer', true),
           set_config('app.countries', '*', true), set_config('app.request_id', gen_random_uuid()::text, true)
    """,
    """
    UPDATE enrollments e
    SET country_code = p.country_code, nationality_code = p.nationality_code, sex = p.sex, completed_on = c.completed_on
    FROM people p, enrollments s LEFT JOIN completions c ON c.enrollment_id = s.id AND c.voided_at IS NULL
    WHERE p.id = e.person_id AND s.id = e.id
    """,
]
KEPT = [
    # Nobody says it: it is looked up, by whoever may not see the person too. Of nobody it is no country there is.
    """
    CREATE FUNCTION take_person_of_seat() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
    BEGIN
      SELECT country_code, nationality_code, sex INTO NEW.country_code, NEW.nationality_code, NEW.sex
      FROM people WHERE id = NEW.person_id;
      IF NOT FOUND THEN
        NEW.country_code := '';
        NEW.nationality_code := '';
        NEW.sex := '';
      END IF;
      RETURN NEW;
    END $$
    """,
    "REVOKE ALL ON FUNCTION take_person_of_seat() FROM PUBLIC",
    """
    CREATE TRIGGER person_of_seat BEFORE INSERT ON enrollments
    FOR EACH ROW EXECUTE FUNCTION take_person_of_seat()
    """,
    f"""
    ALTER POLICY about_people ON enrollments
    USING ('*' = ANY ({GRANTED}) OR country_code = ANY ({GRANTED}))
    """,
]
# With the status goes the day.
COMPLETIONS = {
    "check_completions": (
        """UPDATE enrollments SET status = 'completed', version = version + 1, updated_at = clock_timestamp()
      WHERE id IN (SELECT unnest(ARRAY(SELECT enrollment_id FROM added WHERE voided_at IS NULL)));""",
        """UPDATE enrollments
      SET status = 'completed', completed_on = done.day, version = version + 1, updated_at = clock_timestamp()
      FROM unnest(
        ARRAY(SELECT enrollment_id FROM added WHERE voided_at IS NULL ORDER BY enrollment_id),
        ARRAY(SELECT completed_on FROM added WHERE voided_at IS NULL ORDER BY enrollment_id)
      ) AS done (seat, day)
      WHERE id = done.seat;""",
    ),
    "return_seats": (
        "SET status = 'attending', version",
        "SET status = 'attending', completed_on = NULL, version",
    ),
}
