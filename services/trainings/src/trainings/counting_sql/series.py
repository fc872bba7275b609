"""Instructors and officers trained: the counts that reported figures are compared with."""

from typing import Final

from trainings.counting_sql.relations import (
    KNOWN,
    MERGED,
    NOW,
    function,
    join_person,
    of_each_person,
    person_of,
)

# What was entered in error, itself or with its training, is looked at first: whatever else it says is not so.
_STANDS: Final = "c.voided_at IS NULL AND t.voided_at IS NULL"
_VOIDED: Final = f"WHEN NOT ({_STANDS}) THEN 'voided'"
_BY_AGENCY: Final = "(cardinality(of_agencies) = 0 OR t.provider_agency_code = ANY (of_agencies))"
_OTHER_PLACE: Final = """
    WHEN t.venue_kind <> at_venue THEN 'other_venue'
    WHEN of_program IS NOT NULL AND t.program_code IS DISTINCT FROM of_program THEN 'other_program'
"""


def _facts(courses: str, left_out: str, join: str = "") -> str:
    """Each completion with its person, training and date, and why it is left out: null where it counts.

    The as-of date is no part of it, so that one reading serves all dates.
    """

    def completions(joins: str, person: str, where: str) -> str:
        return f"""
          SELECT {person} AS person_id, e.training_id, c.completed_on, CASE {_VOIDED} {left_out} END AS left_out
          FROM {{seats}} e
          JOIN {{completions}} c ON c.enrollment_id = e.id
          JOIN {{trainings}} t ON t.id = e.training_id
          JOIN {{courses}} k ON k.code = t.course_code
          {joins} {join}
          WHERE {where} AND {courses} AND (of_nationality IS NULL OR p.nationality_code = of_nationality)
        """

    return f"facts AS MATERIALIZED ({of_each_person(completions, lambda several: several)})"


_OF_INSTRUCTORS: Final = _facts(
    "k.type = 'training_of_trainers'", f"WHEN NOT {_BY_AGENCY} THEN 'other_provider' {_OTHER_PLACE}"
)
_OF_OFFICERS: Final = _facts(
    "k.type <> 'training_of_trainers'",
    f"{_OTHER_PLACE} WHEN led.training_id IS NULL THEN 'no_lead'"
    " WHEN NOT led.is_by_trained_lead THEN 'lead_not_trained_by_agency'",
    "LEFT JOIN led ON led.training_id = t.id",
)
_FACTS: Final = {
    "instructors_trained": f"WITH {MERGED}, {_OF_INSTRUCTORS}",
    # Exactly one step: the lead completed a training of trainers of the agency before the led training began. Who
    # trained the lead's trainer does not matter.
    "officers_trained": f"""
        WITH {MERGED}, trained AS (
          SELECT {person_of("e")} AS person_id, min(e.completed_on) AS first_on
          FROM {{seats}} e
          JOIN {{trainings}} t ON t.id = e.training_id AND t.voided_at IS NULL
          JOIN {{courses}} k ON k.code = t.course_code
          {join_person("e")}
          WHERE k.type = 'training_of_trainers' AND {_BY_AGENCY} AND e.completed_on IS NOT NULL
          GROUP BY 1
        ), led AS (
          SELECT a.training_id, coalesce(bool_or(trained.first_on < t.starts_on), false) AS is_by_trained_lead
          FROM {{instructor_assignments}} a
          JOIN {{trainings}} t ON t.id = a.training_id
          {join_person("a")}
          LEFT JOIN trained ON trained.person_id = {person_of("a")}
          WHERE a.role = 'lead' AND a.voided_at IS NULL
          GROUP BY a.training_id
        ), {_OF_OFFICERS}
    """,
}
# A person counts from their first counted completion on: later ones change nothing.
_POINTS: Final = """
    , firsts AS MATERIALIZED (
      SELECT person_id, min(completed_on) AS recorded_on,
             min(completed_on) FILTER (WHERE left_out IS NULL) AS counted_on
      FROM facts WHERE left_out IS DISTINCT FROM 'voided' GROUP BY person_id
    )
    SELECT asked.day,
           (SELECT count(*) FROM firsts WHERE counted_on <= asked.day),
           (SELECT count(*) FROM facts
            WHERE completed_on <= asked.day AND left_out IS DISTINCT FROM 'voided'),
           (SELECT count(*) FROM firsts WHERE recorded_on <= asked.day)
    FROM unnest(on_dates) WITH ORDINALITY AS asked (day, place)
    ORDER BY asked.place
"""
_ACCOUNT: Final = """
    SELECT CASE WHEN left_out = 'voided' OR completed_on <= on_date THEN left_out ELSE 'after_as_of' END,
           count(*), count(DISTINCT person_id), count(DISTINCT training_id)
    FROM facts GROUP BY 1
"""
_SCOPE: Final = "of_measure text, of_nationality text, of_agencies text[], at_venue text, of_program text"
_POINT: Final = "as_of date, persons bigint, records bigint, recorded_persons bigint"
_CELL: Final = "reason text, completions bigint, persons bigint, trainings bigint"
_COUNT: Final = f"count_people({_SCOPE}, on_dates date[], until bigint DEFAULT NULL)"
_ACCOUNT_FOR: Final = f"account_for({_SCOPE}, on_date date, until bigint DEFAULT NULL)"


def _choose(question: str) -> str:
    """`question` asked of the facts of each measure. An unknown measure is an error, never nothing."""
    cases = "".join(
        f"""
        WHEN of_measure = '{measure}' AND until IS {"NULL" if tables is NOW else "NOT NULL"} THEN
        RETURN QUERY {(facts + question).format_map(tables)};"""
        for measure, facts in _FACTS.items()
        for tables in (NOW, KNOWN)
    )
    return f"CASE {cases} END CASE;"


FUNCTIONS: Final = {
    _COUNT: function(_COUNT, _POINT, _choose(_POINTS)),
    _ACCOUNT_FOR: function(_ACCOUNT_FOR, _CELL, _choose(_ACCOUNT)),
}
