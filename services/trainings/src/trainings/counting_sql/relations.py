"""What all counting rules are made of: who is one person, and the tables as they are or as they were known.

In braces stand the tables. Nothing here runs.
"""

from collections.abc import Callable
from typing import Final

TABLES: Final = (
    "attendances",
    "certification_suspensions",
    "certifications",
    "completions",
    "course_versions",
    "courses",
    "enrollments",
    "instructor_assignments",
    "merges",
    "people",
    "training_sessions",
    "trainings",
)
# `apart` keeps a look-up by index what it is, for each row that asks; a past table has no index.
# `seats` say also when they were completed, and what is counted of their person: today's are kept so.
NOW: Final = {table: table for table in TABLES} | {"seats": "enrollments", "until": "NULL::bigint", "apart": "OFFSET 0"}
_SEATS_KNOWN: Final = """(
      SELECT seat.id, seat.training_id, seat.person_id, seat.level, seat.status, seat.hours_attended, seat.voided_at,
             done.completed_on, somebody.nationality_code, somebody.sex
      FROM known_enrollments(until) seat
      LEFT JOIN known_completions(until) done ON done.enrollment_id = seat.id AND done.voided_at IS NULL
      LEFT JOIN known_people(until) somebody ON somebody.id = seat.person_id
    )"""
KNOWN: Final = {table: f"known_{table}(until)" for table in TABLES} | {
    "seats": _SEATS_KNOWN,
    "until": "until",
    "apart": "",
}


def person_of(row: str) -> str:
    """The person that the record `row.person_id` is of: two records that were merged are one."""
    return f"coalesce(one_{row}.canonical_id, {row}.person_id)"


def join_person(row: str) -> str:
    """What `person_of` reads."""
    return f"LEFT JOIN canonical_people({{until}}) one_{row} ON one_{row}.person_id = {row}.person_id"


# Everybody of whom there are several records, with the one that stands for the person.
MERGED: Final = """
    merged AS MATERIALIZED (
      SELECT person_id, canonical_id FROM canonical_people({until})
      UNION
      SELECT canonical_id, canonical_id FROM canonical_people({until})
    )
"""


def of_each_person(seats: Callable[[str, str, str], str], put_together: Callable[[str], str]) -> str:
    """Seats with their persons, one a person and training. `merged` must be there.

    `seats` makes the text of joins that follow `e`, among them `p` with what is counted of the person, of the person
    that a seat is of, and of a condition. Of one record there is one seat in a training that stands, and it says what
    is counted of its person. Of several records of one person there may be more, which are one: `put_together` makes it
    of those few, so that it need not be made of millions.
    """
    alone = seats(
        """
        LEFT JOIN merged ON merged.person_id = e.person_id
        CROSS JOIN LATERAL (SELECT e.nationality_code, e.sex) p
        """,
        "e.person_id",
        "merged.person_id IS NULL",
    )
    several = seats(
        """
        JOIN merged ON merged.person_id = e.person_id
        JOIN {people} p ON p.id = merged.canonical_id
        """,
        "merged.canonical_id",
        "true",
    )
    return f"{alone} UNION ALL {put_together(several)}"


def at_both_times(question: str) -> str:
    """`question` of the tables as they are, or as they were known at `until`: the body of a function."""
    return f"""
      IF until IS NULL THEN RETURN QUERY {question.format_map(NOW)};
      ELSE RETURN QUERY {question.format_map(KNOWN)};
      END IF;
    """


def function(signature: str, row: str, body: str, *, declare: str = "", settings: str = "") -> str:
    """A function of the database that reads all rows as the owner, whoever asks, and gives out `row`.

    Its plan is made for what it is asked: most filters are not set, and a plan for all of them would read everything.
    Some questions group millions of rows; with the memory of a page of a list they would do so on the disk. What they
    read is in memory, or on a disk that finds a page anywhere as fast as the next.
    """
    return f"""
    CREATE FUNCTION {signature} RETURNS TABLE ({row})
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_custom_plan SET work_mem = '128MB' SET hash_mem_multiplier = 4
    SET random_page_cost = 1.1 {settings} AS $$
    #variable_conflict use_column
    {f"DECLARE {declare}" if declare else ""}
    BEGIN
      {body}
    END $$
    """


# Hours of sessions that stand, where attendance was taken; else what the seat says.
TAKEN: Final = """
    LEFT JOIN (
      SELECT a.enrollment_id, sum(a.hours) AS hours
      FROM {attendances} a JOIN {training_sessions} s ON s.id = a.session_id AND s.voided_at IS NULL
      GROUP BY 1
    ) taken ON taken.enrollment_id = e.id
"""
ATTENDED: Final = (
    "e.voided_at IS NULL AND (e.completed_on IS NOT NULL "
    "OR coalesce(e.status IN ('attending', 'completed', 'failed', 'incomplete'), false) "
    "OR coalesce(taken.hours, e.hours_attended, 0) > 0)"
)
CANONICAL: Final = "canonical_people(until bigint DEFAULT NULL)"
_ROOTS: Final = """
    WITH RECURSIVE links AS (
      SELECT person_id AS record, canonical_person_id AS head FROM {merges} WHERE voided_at IS NULL
    ), ups AS (
      SELECT record, head FROM links
      UNION ALL
      SELECT ups.record, links.head FROM ups JOIN links ON links.record = ups.head
    )
    SELECT record, head FROM ups WHERE NOT EXISTS (SELECT FROM links WHERE links.record = ups.head)
"""
# A few beside a million people: a plan that takes them for more puts the million into the hash table.
CANONICAL_PEOPLE: Final = function(
    CANONICAL, "person_id uuid, canonical_id uuid", at_both_times(_ROOTS), settings="PARALLEL SAFE ROWS 10"
)
"""Each record that was merged into another, and the one that stands for the person. Others are not in it."""
