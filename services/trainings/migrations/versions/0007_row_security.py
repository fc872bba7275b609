"""Who reads and writes what is about people, said once more by the database; counts read all rows beside it."""

from alembic import op
from trainings.counting_sql import create_counting

revision = "0007"
down_revision = "0006"
# Of the counting rules when this was written; they change with a new migration only.
COUNTING = "f537dc68b5e203aa"


def upgrade() -> None:
    for statement in IDENTITY:
        op.execute(statement)
    for table, rule in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        what = "FOR SELECT" if table == "feed" else "FOR ALL"
        op.execute(f"CREATE POLICY about_people ON {table} {what} TO trainings_app USING ({rule})")
    # These rules look at everybody's rows, whoever writes. A migration that replaces one says SECURITY DEFINER again.
    for rule in ("check_participants", "check_instructors", "check_completions", "check_training_start"):
        op.execute(f"ALTER FUNCTION {rule}() SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp")
        op.execute(f"REVOKE ALL ON FUNCTION {rule}() FROM PUBLIC")
    create_counting(op.get_bind())


# Nobody set is an error: a row is never hidden in silence, by the filter or by an index that serves it. After a
# transaction a setting is empty and not null: both are none.
IDENTITY = [
    """
    CREATE FUNCTION granted_countries() RETURNS text[] LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog AS $$
    BEGIN
      IF coalesce(current_setting('app.subject', true), '') = ''
         OR coalesce(current_setting('app.role', true), '') = '' THEN
        RAISE EXCEPTION 'what is about people is read in somebody''s name: set app.subject, app.role and app.countries'
          USING ERRCODE = 'invalid_authorization_specification';
      END IF;
      IF current_setting('app.role') <> 'officer' THEN RETURN '{}'; END IF;
      RETURN string_to_array(coalesce(current_setting('app.countries', true), ''), ',');
    END $$
    """,
    "REVOKE ALL ON FUNCTION granted_countries() FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION granted_countries() TO trainings_app",
]

# In `(SELECT ...)` it costs once a statement, not once a row.
GRANTED = "(SELECT granted_countries())::text[]"
EVERYWHERE = f"'*' = ANY ({GRANTED})"
# Seats, leads and completions are as visible as their person: the inner tables have policies of their own.
POLICIES = {
    "people": f"{EVERYWHERE} OR country_code = ANY ({GRANTED})",
    "enrollments": f"{EVERYWHERE} OR EXISTS (SELECT FROM people p WHERE p.id = person_id)",
    "instructor_assignments": f"{EVERYWHERE} OR EXISTS (SELECT FROM people p WHERE p.id = person_id)",
    "completions": f"{EVERYWHERE} OR EXISTS (SELECT FROM enrollments e WHERE e.id = enrollment_id)",
    # Whoever may read a record may read its history, from before it was handed to their country too. Who may not, reads
    # a row of it only with a grant for all the countries that it was in then.
    "feed": f"""country_codes IS NULL OR {EVERYWHERE} OR country_codes <@ {GRANTED} OR CASE entity
      WHEN 'people' THEN EXISTS (SELECT FROM people x WHERE x.id = entity_id::uuid)
      WHEN 'enrollments' THEN EXISTS (SELECT FROM enrollments x WHERE x.id = entity_id::uuid)
      WHEN 'instructor_assignments' THEN EXISTS (SELECT FROM instructor_assignments x WHERE x.id = entity_id::uuid)
      WHEN 'completions' THEN EXISTS (SELECT FROM completions x WHERE x.id = entity_id::uuid)
      ELSE false END""",
}
