"""Who has a mark is found by its index whoever asks; before, all people of the caller's countries were gone through."""

from alembic import op

revision = "0023"
down_revision = "0022"

DEFINER = "STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
GRANTED = "(SELECT granted_countries())::text[]"
VISIBLE = f"'*' = ANY ({GRANTED}) OR one.country_code = ANY ({GRANTED})"

FUNCTIONS = [
    # OFFSET 0, or all people may be gone through from the last one on until enough have the mark.
    f"""
    CREATE FUNCTION people_marked(of_marks bytea[], most integer) RETURNS TABLE (mark bytea, people uuid[])
    LANGUAGE sql {DEFINER} AS $$
      SELECT asked.mark, ARRAY(
        SELECT one.id FROM (
          SELECT p.id, p.country_code FROM people p WHERE p.match_marks && ARRAY[asked.mark] OFFSET 0
        ) one
        WHERE {VISIBLE} ORDER BY one.id DESC LIMIT most
      )
      FROM (SELECT unnest(of_marks) AS mark OFFSET 0) asked
    $$
    """,
    # At most so many. Each text is a list of marks of which somebody has one. The index knows what to do with three of
    # them at once, and the first stands in for those that are not given.
    f"""
    CREATE FUNCTION people_named(of_words text[], most integer) RETURNS SETOF uuid LANGUAGE sql {DEFINER} AS $$
      SELECT one.id FROM (
        SELECT p.id, p.country_code FROM people p
        WHERE p.name_marks && of_words[1]::bytea[]
          AND p.name_marks && coalesce(of_words[2], of_words[1])::bytea[]
          AND p.name_marks && coalesce(of_words[3], of_words[1])::bytea[]
          AND NOT EXISTS (SELECT FROM unnest(of_words[4:]) AS word WHERE NOT p.name_marks && word::bytea[])
        OFFSET 0
      ) one
      WHERE {VISIBLE} LIMIT most
    $$
    """,
    "REVOKE ALL ON FUNCTION people_marked(bytea[], integer), people_named(text[], integer) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION people_marked(bytea[], integer), people_named(text[], integer) TO trainings_app",
    # What waits to be sorted into the index is read through at every look into it, and an import looks for every row.
    # Sorted in first: the change itself keeps everybody else out, for as short as can be.
    "SELECT gin_clean_pending_list('ix_people_match_marks')",
    "ALTER INDEX ix_people_match_marks SET (fastupdate = off)",
]


def upgrade() -> None:
    for statement in FUNCTIONS:
        op.execute(statement)
