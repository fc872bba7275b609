"""Persons, attendances, completions, certifications and contact hours by any mix of filters and groups."""

from collections.abc import Mapping, Sequence
from typing import Final

from trainings.counting_sql.relations import (
    ATTENDED,
    MERGED,
    TAKEN,
    at_both_times,
    function,
    join_person,
    of_each_person,
    person_of,
)

# Why a seat is not counted, and what holds where it is. The first that fails is the reason. Arrays that are empty do
# not filter. `t` is the training, `k` its course, `p` the person, `e` the seat, `f` what follows from them.
_OF_TRAINING: Final = {
    "other_country": "(cardinality(of_countries) = 0 OR t.beneficiary_country_codes && of_countries)",
    "other_host_country": "(cardinality(of_hosts) = 0 OR t.host_country_code = ANY (of_hosts))",
    "other_program": "(cardinality(of_programs) = 0 OR t.program_code = ANY (of_programs))",
    "other_agency": "(cardinality(of_agencies) = 0 OR f.agency_codes && of_agencies)",
    "other_funder": "(cardinality(of_funders) = 0 OR f.funder_codes && of_funders)",
    "other_course": "(cardinality(of_courses) = 0 OR t.course_code = ANY (of_courses))",
    "other_course_type": "(cardinality(of_course_types) = 0 OR k.type = ANY (of_course_types))",
    "other_venue": "(cardinality(of_venues) = 0 OR t.venue_kind = ANY (of_venues))",
    "other_tier": "(cardinality(of_tiers) = 0 OR tiers.tier = ANY (of_tiers))",
    "other_training": "(cardinality(of_trainings) = 0 OR t.id = ANY (of_trainings))",
}
_OF_PERSON: Final = {
    "other_nationality": "(cardinality(of_nationalities) = 0 OR p.nationality_code = ANY (of_nationalities))",
    "other_sex": "(cardinality(of_sexes) = 0 OR p.sex = ANY (of_sexes))",
    "other_level": "(cardinality(of_levels) = 0 OR coalesce(e.level, 'not_recorded') = ANY (of_levels))",
}
_OF_PERIOD: Final = {
    "before_period": "(from_date IS NULL OR f.day >= from_date)",
    "after_period": "(to_date IS NULL OR f.day <= to_date)",
}
SEAT_REASONS: Final = {
    "voided": "(t.voided_at IS NULL AND e.voided_at IS NULL AND NOT f.is_completion_voided)",
    "not_attended": "f.is_attended",
    "not_completed": "(of_measure IN ('attendances', 'contact_hours') OR f.completed_on IS NOT NULL)",
    **_OF_PERIOD,
    **_OF_PERSON,
}
"""Of a seat itself; those of its training come after them."""
AWARD_REASONS: Final = {
    "voided": "q.voided_at IS NULL",
    **_OF_PERIOD,
    **_OF_PERSON,
    "other_level": "(cardinality(of_levels) = 0 OR 'not_recorded' = ANY (of_levels))",  # nobody says it of them
    **{reason: rule.replace("t.course_code", "q.course_code") for reason, rule in _OF_TRAINING.items()},
}
# The groups. A training of two providers, funders or countries stands in each of its groups.
_DIMENSIONS: Final = {
    "nationality": "p.nationality_code",
    "sex": "p.sex",
    "level": "e.level",
    "country": "g_country.code",
    "host_country": "t.host_country_code",
    "program": "t.program_code",
    "agency": "g_agency.code",
    "funder": "g_funder.code",
    "course": "t.course_code",
    "course_type": "k.type",
    "venue": "t.venue_kind",
    "tier": "tiers.tier::text",
    "fiscal_year": "date_part('year', f.day + 92)::int::text",  # 92 days from October, its first month, to January
    "calendar_year": "date_part('year', f.day)::int::text",
}
DIMENSIONS: Final = tuple(_DIMENSIONS)
# What is the same for everybody in a training is found once for each training.
_OF_CLASS: Final = (
    "country", "host_country", "program", "agency", "funder", "course", "course_type", "venue", "tier",
)  # fmt: skip
_OF_SEAT: Final = tuple(name for name in _DIMENSIONS if name not in _OF_CLASS)
_KEYS: Final = ", ".join(f"k_{name}" for name in _DIMENSIONS)
_NOTHING, _END = "chr(1)", "chr(2)"  # no code and no word has them


def _keys(values: Mapping[str, str]) -> str:
    """A column a group that can be asked for; null where it was not."""
    return ", ".join(
        f"CASE WHEN '{name}' = ANY (by) THEN ({value})::text END AS k_{name}" for name, value in values.items()
    )


def _one_key(values: Mapping[str, str]) -> str:
    """What was asked for of them, in one text: millions of rows are grouped faster by one short key than by many."""
    parts = (
        f"CASE WHEN '{name}' = ANY (by) THEN coalesce(({value})::text, {_NOTHING}) || {_END} ELSE '' END"
        for name, value in values.items()
    )
    return " || ".join(parts)


def _of_one_key(key: str, names: Sequence[str]) -> str:
    """The columns that `_one_key` put into one."""
    columns = []
    for place, name in enumerate(names):
        before = " + ".join(["1", *(f"('{other}' = ANY (by))::int" for other in names[:place])])
        value = f"nullif(split_part({key}, {_END}, {before}), {_NOTHING})"
        columns.append(f"CASE WHEN '{name}' = ANY (by) THEN {value} END AS k_{name}")
    return ", ".join(columns)


def _spread(name: str, codes: str) -> str:
    """A row a code where the group was asked for, else one row; one too where there is no code."""
    each = f"ARRAY(SELECT DISTINCT unnest({codes}))"
    wanted = f"CASE WHEN '{name}' = ANY (by) AND cardinality({codes}) > 0 THEN {each} ELSE ARRAY[NULL::text] END"
    return f"CROSS JOIN LATERAL unnest({wanted}) AS g_{name} (code)"


_SPREAD: Final = "\n".join(
    (
        _spread("country", "t.beneficiary_country_codes"),
        _spread("agency", "f.agency_codes"),
        _spread("funder", "f.funder_codes"),
    )
)
_AGENCIES: Final = "t.provider_agency_code || coalesce(t.co_provider_agency_codes, ARRAY[]::text[])"
_FUNDERS: Final = "coalesce(t.funder_agency_codes, ARRAY[]::text[])"
_TIERS: Final = """
    LEFT JOIN (
      SELECT * FROM training_tiers({until}) WHERE 'tier' = ANY (by) OR cardinality(of_tiers) > 0
    ) tiers ON tiers.training_id = t.id
"""
# Each seat with its standing completion. A seat whose only completion was voided is shown as such to an account.
# What leaves a whole training out is found once for each training. Of several records of one person, the one that
# stands says what is counted of them; most have but one, and their seats say it.
# What a question does not ask for is not read: a LEFT JOIN to a key that is always there can be left out of a plan.
_SEATS: Final = f"""
    {{seats}} e
    JOIN class t ON t.training_id = e.training_id
    LEFT JOIN (
      SELECT one.person_id, one.canonical_id, p.nationality_code, p.sex
      FROM canonical_people({{until}}) one JOIN {{people}} p ON p.id = one.canonical_id
    ) one_e ON one_e.person_id = e.person_id
    {TAKEN}
    CROSS JOIN LATERAL (
      SELECT CASE WHEN one_e.person_id IS NULL THEN e.nationality_code ELSE one_e.nationality_code END
               AS nationality_code,
             CASE WHEN one_e.person_id IS NULL THEN e.sex ELSE one_e.sex END AS sex
    ) p
    CROSS JOIN LATERAL (
      SELECT {person_of("e")} AS person_id, e.completed_on,
             {ATTENDED} AS is_attended,
             e.completed_on IS NULL AND of_measure IN ('persons', 'completions') AND EXISTS (
               SELECT FROM {{completions}} v WHERE v.enrollment_id = e.id AND v.voided_at IS NOT NULL
             ) AS is_completion_voided,
             CASE WHEN of_measure IN ('persons', 'completions') THEN e.completed_on
                  ELSE coalesce(e.completed_on, t.ends_on) END AS day
    ) f
"""
_AWARDS: Final = f"""
    {{certifications}} q
    {join_person("q")}
    JOIN {{people}} p ON p.id = {person_of("q")}
    LEFT JOIN {{trainings}} t ON t.id = q.training_id AND t.voided_at IS NULL
    JOIN {{courses}} k ON k.code = q.course_code
    {_TIERS}
    CROSS JOIN LATERAL (
      SELECT p.id AS person_id, q.issued_on AS day,
             ARRAY[q.issuer_agency_code] AS agency_codes, {_FUNDERS} AS funder_codes
    ) f
"""
_TAKEN_OF_HEADCOUNTS: Final = TAKEN.replace(
    "GROUP BY 1", "JOIN {trainings} h ON h.id = a.training_id AND h.headcount_total IS NOT NULL GROUP BY 1"
)
# What a training says of those who are on no roster: how many of each sex, and of which nation where it is for one.
_HEADS: Final = f"""
    SELECT t.id AS training_id, head.sex, head.counted, greatest(head.counted - head.named, 0) AS unnamed,
           greatest(t.headcount_total - coalesce(roster.named, 0), 0) AS most_unnamed, {{keys}}
    FROM {{trainings}} t
    JOIN {{courses}} k ON k.code = t.course_code
    {_TIERS}
    CROSS JOIN LATERAL (
      SELECT t.ends_on AS day, {_AGENCIES} AS agency_codes, {_FUNDERS} AS funder_codes,
             CASE WHEN cardinality(t.beneficiary_country_codes) = 1 THEN t.beneficiary_country_codes[1] END
               AS nationality_code
    ) f
    LEFT JOIN (
      SELECT e.training_id, count(DISTINCT p.id) AS named,
             count(DISTINCT p.id) FILTER (WHERE p.sex = 'female') AS female,
             count(DISTINCT p.id) FILTER (WHERE p.sex = 'male') AS male,
             count(DISTINCT p.id) FILTER (WHERE p.sex = 'not_recorded') AS not_recorded
      FROM {{seats}} e
      JOIN {{trainings}} h ON h.id = e.training_id AND h.headcount_total IS NOT NULL
      {join_person("e")}
      JOIN {{people}} p ON p.id = {person_of("e")}
      {_TAKEN_OF_HEADCOUNTS}
      WHERE {ATTENDED}
      GROUP BY e.training_id
    ) roster ON roster.training_id = t.id
    CROSS JOIN LATERAL (
      VALUES ('female', t.headcount_female, coalesce(roster.female, 0)),
             ('male', t.headcount_male, coalesce(roster.male, 0)),
             ('not_recorded', t.headcount_not_recorded, coalesce(roster.not_recorded, 0))
    ) head (sex, counted, named)
    {_SPREAD}
    WHERE t.headcount_total IS NOT NULL AND t.voided_at IS NULL
      AND of_measure IN ('persons', 'attendances', 'contact_hours')
      AND {" AND ".join([*_OF_PERIOD.values(), *_OF_TRAINING.values()])}
      AND (cardinality(of_nationalities) = 0 OR f.nationality_code = ANY (of_nationalities))
      AND (cardinality(of_sexes) = 0 OR head.sex = ANY (of_sexes))
      AND (cardinality(of_levels) = 0 OR 'not_recorded' = ANY (of_levels))
""".replace(
    "{keys}",
    _keys(_DIMENSIONS | {"nationality": "f.nationality_code", "sex": "head.sex", "level": "NULL::text"}),
)
# Trainings that pass the filters, once in each of their groups.
_CLASS_KEYS: Final = ", ".join(f"k_{name}" for name in _OF_CLASS)
_CLASSES: Final = f"""
    classes AS MATERIALIZED (
      SELECT training_id, ends_on, dense_rank() OVER (ORDER BY {_CLASS_KEYS}) AS class_group, {_CLASS_KEYS}
      FROM (
        SELECT t.id AS training_id, t.ends_on,
               {_keys({name: _DIMENSIONS[name] for name in _OF_CLASS})}
        FROM {{trainings}} t
        LEFT JOIN {{courses}} k ON k.code = t.course_code
        {_TIERS}
        CROSS JOIN LATERAL (SELECT {_AGENCIES} AS agency_codes, {_FUNDERS} AS funder_codes) f
        {_SPREAD}
        WHERE t.voided_at IS NULL AND {" AND ".join(_OF_TRAINING.values())}
      ) one
    ), class_groups AS MATERIALIZED (SELECT DISTINCT class_group, {_CLASS_KEYS} FROM classes)
"""


def _seats_of(joins: str, person: str, where: str) -> str:
    """Seats that are counted, with their groups. Who completed was there: no need to look.

    Hours have two decimals; in whole hundredths millions of them are added up faster.
    """
    rules = {
        "not_attended": "(of_measure IN ('persons', 'completions') OR f.is_attended)",
        "not_completed": SEAT_REASONS["not_completed"],
        **_OF_PERIOD,
        **_OF_PERSON,
    }
    return f"""
      SELECT classes.class_group, {_one_key({name: _DIMENSIONS[name] for name in _OF_SEAT})} AS seat_key,
             {person} AS person_id, e.training_id, f.hundredths
      FROM {{seats}} e
      JOIN classes ON classes.training_id = e.training_id
      {joins}
      {TAKEN}
      CROSS JOIN LATERAL (
        SELECT e.completed_on, {ATTENDED} AS is_attended,
               CASE WHEN of_measure IN ('persons', 'completions') THEN e.completed_on
                    ELSE coalesce(e.completed_on, classes.ends_on) END AS day,
               CASE WHEN of_measure = 'contact_hours' THEN (100 * coalesce(taken.hours, e.hours_attended))::integer END
                 AS hundredths
      ) f
      WHERE {where} AND {" AND ".join(rules.values())}
    """


def _one_seat(seats: str) -> str:
    return f"""
      SELECT class_group, seat_key, person_id, training_id, max(hundredths) FROM ({seats}) several
      GROUP BY class_group, seat_key, person_id, training_id
    """


def _rostered(*, with_hours: bool) -> str:
    """Seats that are counted, by group.

    Persons and trainings are put together in one pass over the seats: millions are too many to keep for a second. Hours
    are added up where they are asked for, and not for millions of groups that have none.
    """
    of_group = of_one = ""
    if with_hours:
        of_one = ", sum(hundredths) AS hundredths, count(*) FILTER (WHERE hundredths IS NULL) AS without_hours"
        of_group = """,
             coalesce(0.01 * sum(hundredths) FILTER (WHERE is_person), 0) AS hours,
             sum(without_hours) FILTER (WHERE is_person) AS without_hours"""
    hours = "hours, without_hours" if with_hours else "0::numeric AS hours, 0::numeric AS without_hours"
    return f"""
    WITH {_CLASSES}, {MERGED}
    SELECT {_KEYS}, parts, persons, trainings, {hours}
    FROM (
      SELECT class_group, {_of_one_key("seat_key", _OF_SEAT)}, sum(parts) FILTER (WHERE is_person) AS parts,
             count(*) FILTER (WHERE is_person) AS persons, count(*) FILTER (WHERE NOT is_person) AS trainings{of_group}
      FROM (
        SELECT class_group, seat_key, GROUPING(person_id) = 0 AS is_person, count(*) AS parts{of_one}
        FROM ({of_each_person(_seats_of, _one_seat)}) seat
        GROUP BY GROUPING SETS ((class_group, seat_key, person_id), (class_group, seat_key, training_id))
      ) one
      GROUP BY class_group, seat_key
    ) counted
    JOIN class_groups USING (class_group)
    """


_AWARDED: Final = f"""
    SELECT {_KEYS}, count(*) AS parts, count(DISTINCT person_id) AS persons, count(DISTINCT training_id) AS trainings,
           0::numeric AS hours, 0::bigint AS without_hours
    FROM (
      SELECT {_keys(_DIMENSIONS | {"course": "q.course_code", "level": "NULL::text"})}, t.id AS training_id, f.person_id
      FROM {_AWARDS} {_SPREAD}
      WHERE {" AND ".join(AWARD_REASONS.values())}
    ) award
    GROUP BY {_KEYS}
"""
_COUNTED: Final = f"""
    SELECT ARRAY(
             SELECT CASE dimension {" ".join(f"WHEN '{name}' THEN k_{name}" for name in _DIMENSIONS)} END
             FROM unnest(by) WITH ORDINALITY AS asked (dimension, place) ORDER BY place
           ),
           sum(parts)::bigint, sum(persons)::bigint, sum(trainings)::bigint, sum(hours)::numeric,
           sum(without_hours)::bigint, sum(largest)::bigint, sum(unnamed)::bigint, sum(headcounts)::bigint
    FROM (
      SELECT {_KEYS}, parts, persons, trainings, hours, without_hours,
             0::bigint AS largest, 0::bigint AS unnamed, 0::bigint AS headcounts
      FROM ({{rostered}}) roster
      UNION ALL
      SELECT {_KEYS}, 0, 0, 0, 0, 0, max(counted), sum(unnamed), count(*)
      FROM (
        SELECT {_KEYS}, training_id, sum(counted) AS counted, least(max(most_unnamed), sum(unnamed)) AS unnamed
        FROM ({{heads}}) head GROUP BY {_KEYS}, training_id
      ) class
      GROUP BY {_KEYS}
    ) both_kinds
    GROUP BY {_KEYS}
"""
_ACCOUNTED: Final = """
    SELECT reason, coalesce(sum(parts) FILTER (WHERE is_person), 0)::bigint,
           count(*) FILTER (WHERE is_person), count(training_id)
    FROM (
      SELECT reason, GROUPING(person_id) = 0 AS is_person, training_id, count(*) AS parts
      FROM ({part}) part
      GROUP BY GROUPING SETS ((reason, person_id), (reason, training_id))
    ) one
    GROUP BY reason
"""


def _cases(reasons: Mapping[str, str]) -> str:
    return " ".join(f"WHEN NOT coalesce({rule}, false) THEN '{reason}'" for reason, rule in reasons.items())


def _put(text: str, **parts: str) -> str:
    """`text` with some of its braces filled: those of the tables stay."""
    for name, part in parts.items():
        text = text.replace(f"{{{name}}}", part)
    return text


_SEATS_ACCOUNTED: Final = f"""
    WITH class AS MATERIALIZED (
      SELECT t.id AS training_id, t.ends_on, t.voided_at, CASE {_cases(_OF_TRAINING)} END AS reason
      FROM {{trainings}} t
      LEFT JOIN {{courses}} k ON k.code = t.course_code
      {_TIERS}
      CROSS JOIN LATERAL (SELECT {_AGENCIES} AS agency_codes, {_FUNDERS} AS funder_codes) f
    )
    {
    _put(
        _ACCOUNTED,
        part=f'''
      SELECT f.person_id, t.training_id, CASE {_cases(SEAT_REASONS)} ELSE t.reason END AS reason FROM {_SEATS}
    ''',
    )
}
"""
_AWARDS_ACCOUNTED: Final = _put(
    _ACCOUNTED,
    part=f"SELECT f.person_id, t.id AS training_id, CASE {_cases(AWARD_REASONS)} END AS reason FROM {_AWARDS}",
)


_FILTERS: Final = (
    "of_measure text, of_nationalities text[], of_countries text[], of_hosts text[], of_programs text[], "
    "of_agencies text[], of_funders text[], of_courses text[], of_course_types text[], of_venues text[], "
    "of_sexes text[], of_levels text[], of_tiers integer[], of_trainings uuid[], from_date date, "
    "to_date date, by text[]"
)
_COUNT: Final = f"count_trainings({_FILTERS}, until bigint DEFAULT NULL)"
_ACCOUNT_FOR: Final = f"account_for_trainings({_FILTERS}, until bigint DEFAULT NULL)"
_GROUP: Final = (
    "key text[], parts bigint, persons bigint, trainings bigint, hours numeric, without_hours bigint, "
    "largest_headcount bigint, unnamed bigint, headcounts bigint"
)
_CELL: Final = "reason text, parts bigint, persons bigint, trainings bigint"
_HAS_RECORDS: Final = "has_records(of_measure text, until bigint DEFAULT NULL)"


_OF_SEATS: Final = ("persons", "attendances", "completions")
_OF_HOURS: Final = ("contact_hours",)
_OF_AWARDS: Final = ("certifications",)


def _choose(questions: Mapping[Sequence[str], str]) -> str:
    """The question that answers a measure, by the measures that each answers."""
    cases = []
    for measures, question in questions.items():
        listed = ", ".join(f"'{measure}'" for measure in measures)
        cases.append(f"WHEN of_measure IN ({listed}) THEN {at_both_times(question)}")
    return f"CASE {' '.join(cases)} END CASE;"


FUNCTIONS: Final = {
    _COUNT: function(
        _COUNT,
        _GROUP,
        _choose(
            {
                _OF_SEATS: _put(_COUNTED, rostered=_rostered(with_hours=False), heads=_HEADS),
                _OF_HOURS: _put(_COUNTED, rostered=_rostered(with_hours=True), heads=_HEADS),
                _OF_AWARDS: _put(_COUNTED, rostered=_AWARDED, heads=_HEADS),
            }
        ),
    ),
    _ACCOUNT_FOR: function(
        _ACCOUNT_FOR,
        _CELL,
        _choose({(*_OF_SEATS, *_OF_HOURS): _SEATS_ACCOUNTED, _OF_AWARDS: _AWARDS_ACCOUNTED}),
    ),
    # Whether an account would have anything in it.
    _HAS_RECORDS: function(
        _HAS_RECORDS,
        "has_records boolean",
        _choose(
            {
                (*_OF_SEATS, *_OF_HOURS): "SELECT EXISTS (SELECT FROM {seats})",
                _OF_AWARDS: "SELECT EXISTS (SELECT FROM {certifications})",
            }
        ),
    ),
}
