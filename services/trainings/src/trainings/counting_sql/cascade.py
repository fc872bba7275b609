"""Who trained whom: tiers of trainings, generations of people, what came of an agency or a training.

An edge: somebody completed a training of trainers and led another training that began later. So it never runs back in
time, and no training is its own ancestor.
"""

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
from trainings.domain import LEADING_KINDS, LEAST_HOURS_SHARE

MOST_TIERS: Final = 62
"""Of one cascade: the tiers of a person are kept as the bits of one number."""
_LEADING: Final = ", ".join(f"'{kind}'" for kind in sorted(LEADING_KINDS))
# Each lead of each training: a partner's own instructor, or with the training that made them one; with neither where
# nothing says how they came to lead. Who holds certifications for the course hands on only what one of them covers.
_LINKS: Final = f"""
    WITH leads AS (
      SELECT a.training_id, {person_of("a")} AS person_id, t.starts_on, t.course_code
      FROM {{instructor_assignments}} a
      JOIN {{trainings}} t ON t.id = a.training_id AND t.voided_at IS NULL
      {join_person("a")}
      WHERE a.role = 'lead' AND a.voided_at IS NULL
    ), awards AS (
      SELECT {person_of("q")} AS person_id, q.id, q.course_code, q.issued_on, q.expires_on, q.revoked_on
      FROM {{certifications}} q {join_person("q")}
      WHERE q.voided_at IS NULL AND q.kind IN ({_LEADING})
    ), qualified AS (
      SELECT l.training_id, l.person_id, l.starts_on, p.person_type = 'partner_instructor' AS is_partner,
             coalesce(bool_or(
               q.issued_on <= l.starts_on AND coalesce(q.expires_on >= l.starts_on, true)
               AND coalesce(q.revoked_on > l.starts_on, true) AND NOT EXISTS (
                 SELECT FROM {{certification_suspensions}} s
                 WHERE s.certification_id = q.id AND l.starts_on BETWEEN s.starts_on AND coalesce(s.ends_on, 'infinity')
               )
             ), true) AS is_certified
      FROM leads l
      JOIN {{people}} p ON p.id = l.person_id
      LEFT JOIN awards q ON q.person_id = l.person_id AND q.course_code = l.course_code
      GROUP BY l.training_id, l.person_id, l.starts_on, is_partner
    ), taught AS (
      SELECT {person_of("e")} AS person_id, e.training_id, min(e.completed_on) AS completed_on
      FROM {{seats}} e
      JOIN {{trainings}} t ON t.id = e.training_id AND t.voided_at IS NULL
      JOIN {{courses}} k ON k.code = t.course_code AND k.type = 'training_of_trainers'
      {join_person("e")}
      WHERE e.completed_on IS NOT NULL
      GROUP BY 1, 2
    )
    SELECT l.training_id, l.person_id, l.is_partner, l.is_certified, taught.training_id
    FROM qualified l
    LEFT JOIN taught ON taught.person_id = l.person_id AND taught.completed_on < l.starts_on
                        AND NOT l.is_partner AND l.is_certified
"""
_LINKS_OF: Final = "cascade_links(until bigint DEFAULT NULL)"
_LINK: Final = "training_id uuid, person_id uuid, is_partner boolean, is_certified boolean, from_training_id uuid"

# Tier by tier: a training's is known once that of each of its leads is, and a lead's is the lowest they come from. What
# is found in a round is one above the highest lead, so a later round never finds a lower one.
_TIERS_BODY: Final = f"""
      SELECT array_agg(l.training_id), array_agg(l.person_id), array_agg(l.is_partner), array_agg(l.from_training_id)
      INTO of_training, of_person, of_partner, of_origin FROM cascade_links(until) l;
      LOOP
        SELECT array_agg(one.training_id), array_agg(one.tier), array_agg(one.is_mixed)
        INTO found, found_tiers, found_mixed
        FROM (
          SELECT lead.training_id, 1 + max(lead.tier) AS tier, max(lead.tier) <> min(lead.tier) AS is_mixed
          FROM (
            SELECT link.training_id, link.person_id, min(CASE WHEN link.is_partner THEN 0 ELSE k.tier END) AS tier
            FROM unnest(of_training, of_person, of_partner, of_origin)
              AS link (training_id, person_id, is_partner, from_training_id)
            LEFT JOIN unnest(known, tiers) AS k (training_id, tier) ON k.training_id = link.from_training_id
            GROUP BY 1, 2
          ) lead
          GROUP BY 1 HAVING bool_and(lead.tier IS NOT NULL)
        ) one
        WHERE NOT EXISTS (SELECT FROM unnest(known) AS k (id) WHERE k.id = one.training_id);
        EXIT WHEN found IS NULL;
        IF found_tiers[1] > {MOST_TIERS} THEN
          RAISE EXCEPTION 'more than {MOST_TIERS} tiers of trainings' USING ERRCODE = 'program_limit_exceeded';
        END IF;
        known := known || found;
        tiers := tiers || found_tiers;
        mixed := mixed || found_mixed;
      END LOOP;
      RETURN QUERY
      SELECT k.training_id, k.tier, k.is_mixed, NULL::text
      FROM unnest(known, tiers, mixed) AS k (training_id, tier, is_mixed)
      UNION ALL
      SELECT link.training_id, NULL, NULL, 'lead_of_unknown_tier'
      FROM unnest(of_training) AS link (training_id)
      WHERE NOT EXISTS (SELECT FROM unnest(known) AS k (id) WHERE k.id = link.training_id)
      GROUP BY 1;
"""
_TIERS_OF: Final = "training_tiers(until bigint DEFAULT NULL)"
_TIER: Final = "training_id uuid, tier integer, is_mixed boolean, unknown_reason text"

# Trainings that came of others, themselves included; outside the cascade nothing is handed on.
_DESCENT: Final = """
    descent AS (
      SELECT root.of_root, root.training_id FROM roots root
      UNION
      SELECT d.of_root, l.training_id
      FROM descent d
      JOIN links l ON l.from_training_id = d.training_id
      JOIN placed ON placed.training_id = l.training_id
    )
"""
# Of each training with a tier that had begun by the day; and the roots asked for, by the agencies that provided them.
_PLACED: Final = """
    WITH RECURSIVE tiers AS MATERIALIZED (SELECT * FROM training_tiers({until})),
    links AS MATERIALIZED (SELECT * FROM cascade_links({until})),
    placed AS MATERIALIZED (
      SELECT t.id AS training_id, tiers.tier, tiers.is_mixed, tiers.unknown_reason, t.code, t.title::text AS title,
             t.course_code, t.starts_on, t.ends_on, t.provider_agency_code,
             t.provider_agency_code || coalesce(t.co_provider_agency_codes, ARRAY[]::text[]) AS agency_codes,
             k.type = 'training_of_trainers' AS is_for_trainers
      FROM {trainings} t JOIN {courses} k ON k.code = t.course_code JOIN tiers ON tiers.training_id = t.id
      WHERE t.starts_on <= on_date AND tiers.tier IS NOT NULL
    ),
"""
_ROOTS_OF_AGENCIES: Final = """
    roots AS (
      SELECT agency.code AS of_root, placed.training_id
      FROM placed CROSS JOIN LATERAL unnest(placed.agency_codes) AS agency (code)
      WHERE placed.tier = 1
    ),
"""


def _completions(joins: str, person: str, where: str) -> str:
    return f"""
      SELECT e.training_id, {person} AS person_id
      FROM {{seats}} e {joins}
      WHERE {where} AND e.completed_on <= on_date
        AND (cardinality(of_nationalities) = 0 OR p.nationality_code = ANY (of_nationalities))
    """


def _one_of_each(seats: str) -> str:
    return f"SELECT DISTINCT * FROM ({seats}) several"


# Who completed what. It is of millions: whoever reads it puts it together at once, and does not keep it.
_COMPLETERS: Final = f"({of_each_person(_completions, _one_of_each)})"


def _completers_of(trainings: str) -> str:
    """The same of few trainings, each looked up by itself."""
    return f"""(
      SELECT DISTINCT one.training_id, done.person_id
      FROM ({trainings}) one
      CROSS JOIN LATERAL (
        SELECT {person_of("e")} AS person_id
        FROM {{seats}} e
        {join_person("e")}
        LEFT JOIN {{people}} p ON p.id = {person_of("e")}
        WHERE e.training_id = one.training_id AND e.voided_at IS NULL AND e.completed_on <= on_date
          AND (cardinality(of_nationalities) = 0 OR p.nationality_code = ANY (of_nationalities))
        {{apart}}
      ) done
    )"""


_COMPLETERS_OF_DESCENT: Final = f"""
    completers AS MATERIALIZED {_completers_of("SELECT DISTINCT training_id FROM descent")}
"""
_IN_SCOPE: Final = f"""
    {_PLACED} {_ROOTS_OF_AGENCIES} {_DESCENT}, {MERGED}, scope AS MATERIALIZED (
      SELECT placed.* FROM placed
      WHERE cardinality(of_agencies) = 0
         OR placed.training_id IN (SELECT training_id FROM descent WHERE of_root = ANY (of_agencies))
    )
"""
# What a training may have lost: it was taught by a version of its course that a newer one had replaced by its first
# day, or was over in less than a share of the hours it was designed for. A version in another language replaces
# nothing, and where no version, no session or no design is recorded, nothing is said.
_FIDELITY: Final = f"""
    fidelity AS MATERIALIZED (
      SELECT t.id AS training_id,
             EXISTS (
               SELECT FROM {{course_versions}} newer
               WHERE newer.course_code = own.course_code AND newer.introduced_on > own.introduced_on
                 AND newer.introduced_on <= t.starts_on AND coalesce(newer.language_code = own.language_code, true)
             ) AS is_older_version,
             coalesce(
               delivered.hours < {LEAST_HOURS_SHARE} * coalesce(own.designed_hours, k.designed_hours), false
             ) AS is_short
      FROM scope
      JOIN {{trainings}} t ON t.id = scope.training_id
      JOIN {{courses}} k ON k.code = t.course_code
      LEFT JOIN {{course_versions}} own ON own.id = t.course_version_id
      LEFT JOIN (
        SELECT s.training_id, sum(s.hours) AS hours FROM {{training_sessions}} s WHERE s.voided_at IS NULL GROUP BY 1
      ) delivered ON delivered.training_id = t.id AND t.ends_on <= on_date
    )
"""


def _attendances(joins: str, person: str, where: str) -> str:
    """Of those who attended and did not complete."""
    return f"""
      SELECT scope.tier, e.training_id, {person} AS person_id
      FROM scope
      JOIN {{seats}} e ON e.training_id = scope.training_id
      {joins}
      {TAKEN}
      WHERE {where} AND e.completed_on IS NULL AND scope.ends_on <= on_date AND {ATTENDED}
        AND (cardinality(of_nationalities) = 0 OR p.nationality_code = ANY (of_nationalities))
    """


# Whose other record completed the same training has one attendance of it, which is counted with the completion.
_NOT_COMPLETED: Final = f"""
      SELECT seat.tier, 0 AS completions, count(*) AS attendances
      FROM ({of_each_person(_attendances, _one_of_each)}) seat
      WHERE (seat.person_id, seat.training_id) NOT IN (
        SELECT m.canonical_id, e.training_id FROM merged m JOIN {{seats}} e ON e.person_id = m.person_id
        WHERE e.completed_on <= on_date
      )
      GROUP BY 1
"""
# The tiers that somebody completed trainings of are the bits of one number: millions are put together once, and what
# is then asked of them is asked of the few sets of tiers that there are.
# Active: led a training in the twelve months before the day. Dormant: could, and did not.
_GENERATIONS: Final = f"""
    {_IN_SCOPE}, {_FIDELITY}, completed AS MATERIALIZED (
      SELECT tier, tiers, count(*) AS persons, sum(completions)::bigint AS completions
      FROM (
        SELECT scope.tier, bit_or(1::bigint << scope.tier) AS tiers, count(*) AS completions
        FROM {_COMPLETERS} completers JOIN scope USING (training_id)
        GROUP BY GROUPING SETS ((completers.person_id), (scope.tier))
      ) one
      GROUP BY 1, 2
    ), tier_sets AS (
      SELECT tiers, persons FROM completed WHERE tier IS NULL
    ), attended AS (
      SELECT tier, sum(completions)::bigint AS completions, sum(attendances)::bigint AS attendances
      FROM (
        SELECT tier, completions, completions AS attendances FROM completed WHERE tier IS NOT NULL
        UNION ALL {_NOT_COMPLETED}
      ) one
      GROUP BY 1
    ), of_persons AS (
      SELECT tier, sum(persons)::bigint AS persons,
             (sum(persons) FILTER (WHERE tiers & ((1::bigint << tier) - 1) = 0))::bigint AS first_persons
      FROM tier_sets JOIN (SELECT DISTINCT tier FROM scope) one ON tiers & (1::bigint << tier) <> 0
      GROUP BY 1
    ), led AS (
      SELECT l.person_id, max(placed.starts_on) AS last_on
      FROM links l JOIN placed ON placed.training_id = l.training_id GROUP BY 1
    ), teachers AS (
      SELECT DISTINCT scope.tier, completers.person_id
      FROM {_completers_of("SELECT training_id FROM scope WHERE is_for_trainers")} completers
      JOIN scope USING (training_id)
    ), of_teachers AS (
      SELECT tier, count(*) AS instructors,
             count(*) FILTER (WHERE led.last_on > on_date - interval '12 months') AS active,
             count(led.last_on) AS leading
      FROM teachers LEFT JOIN led USING (person_id) GROUP BY 1
    ), of_trainings AS (
      SELECT tier, count(*) AS trainings, count(*) FILTER (WHERE is_mixed) AS mixed,
             count(*) FILTER (WHERE is_older_version) AS older, count(*) FILTER (WHERE is_short) AS short
      FROM scope JOIN fidelity USING (training_id)
      WHERE cardinality(of_nationalities) = 0 OR training_id IN (SELECT training_id FROM {_COMPLETERS} completers)
      GROUP BY 1
    )
    SELECT t.tier, t.trainings, coalesce(p.persons, 0), coalesce(p.first_persons, 0), coalesce(a.completions, 0),
           a.attendances, t.mixed, t.older, t.short,
           coalesce(i.instructors, 0), coalesce(i.active, 0), coalesce(i.leading, 0)
    FROM of_trainings t
    LEFT JOIN of_persons p USING (tier) LEFT JOIN attended a USING (tier) LEFT JOIN of_teachers i USING (tier)
    UNION ALL
    SELECT NULL, (SELECT coalesce(sum(trainings), 0)::bigint FROM of_trainings),
           (SELECT coalesce(sum(persons), 0)::bigint FROM tier_sets),
           (SELECT coalesce(sum(persons), 0)::bigint FROM tier_sets),
           (SELECT coalesce(sum(completions), 0)::bigint FROM attended),
           (SELECT sum(attendances)::bigint FROM attended), NULL, NULL, NULL, NULL, NULL, NULL
    ORDER BY 1 NULLS LAST
"""
_GENERATIONS_OF: Final = (
    "cascade_generations(of_nationalities text[], of_agencies text[], on_date date, until bigint DEFAULT NULL)"
)
_GENERATION: Final = (
    "tier integer, trainings bigint, persons bigint, first_persons bigint, completions bigint, attendances bigint, "
    "mixed_trainings bigint, older_version_trainings bigint, short_trainings bigint, instructors bigint, "
    "active_instructors bigint, leading_instructors bigint"
)
# What no tier is known of, and why.
_OUTSIDE: Final = f"""
    WITH tiers AS MATERIALIZED (SELECT * FROM training_tiers({{until}}))
    SELECT coalesce(tiers.unknown_reason, 'no_lead'), count(DISTINCT t.id), count(DISTINCT p.id), count(*)
    FROM {{seats}} e
    JOIN {{trainings}} t ON t.id = e.training_id AND t.voided_at IS NULL AND t.starts_on <= on_date
    {join_person("e")}
    JOIN {{people}} p ON p.id = {person_of("e")}
    LEFT JOIN tiers ON tiers.training_id = t.id
    WHERE tiers.tier IS NULL AND e.completed_on <= on_date
      AND (cardinality(of_nationalities) = 0 OR p.nationality_code = ANY (of_nationalities))
    GROUP BY 1 ORDER BY 1
"""
_OUTSIDE_OF: Final = "outside_cascade(of_nationalities text[], on_date date, until bigint DEFAULT NULL)"
_OUT: Final = "reason text, trainings bigint, persons bigint, completions bigint"
# Persons that an agency's instructors reached and that another's reached too.
_OVERLAPS: Final = f"""
    {_PLACED} {_ROOTS_OF_AGENCIES} {_DESCENT}, {MERGED}, completers AS MATERIALIZED {_COMPLETERS}, own AS MATERIALIZED (
      SELECT DISTINCT completers.person_id
      FROM completers JOIN descent USING (training_id) WHERE descent.of_root = of_agency
    ), reached AS (
      SELECT DISTINCT descent.of_root, completers.person_id
      FROM completers JOIN own USING (person_id) JOIN descent ON descent.training_id = completers.training_id
      WHERE descent.of_root <> of_agency
    )
    SELECT of_root, count(*) FROM reached GROUP BY 1 ORDER BY 1
"""
_OVERLAPS_OF: Final = (
    "cascade_overlaps(of_agency text, of_nationalities text[], on_date date, until bigint DEFAULT NULL)"
)
_OVERLAP: Final = "agency_code text, persons bigint"
# Each training's parent, a tier below where there is one there, and how many others made leads of it: the tree that is
# drawn of a graph.
_PARENTS: Final = """
    parents AS (
      SELECT training_id, parent_id, others
      FROM (
        SELECT l.training_id, up.training_id AS parent_id,
               count(*) OVER (PARTITION BY l.training_id) - 1 AS others,
               row_number() OVER (
                 PARTITION BY l.training_id ORDER BY up.tier <> scope.tier - 1, up.starts_on, up.training_id
               ) AS place
        FROM (SELECT DISTINCT training_id, from_training_id FROM links) l
        JOIN scope ON scope.training_id = l.training_id
        JOIN placed up ON up.training_id = l.from_training_id
      ) one
      WHERE place = 1
    )
"""
_NODE_COLUMNS: Final = """
    SELECT scope.training_id, parents.parent_id, parents.others, scope.tier, scope.is_mixed,
           fidelity.is_older_version, fidelity.is_short, scope.code, scope.title,
           scope.course_code, scope.starts_on, scope.provider_agency_code, scope.is_for_trainers,
           coalesce(completed.persons, 0)
    FROM scope
    JOIN fidelity USING (training_id)
    LEFT JOIN completed USING (training_id)
    LEFT JOIN parents USING (training_id)
"""
_NODES: Final = f"""
    {_IN_SCOPE}, {_FIDELITY}, completed AS MATERIALIZED (
      SELECT training_id, count(*) AS persons FROM {_COMPLETERS} completers GROUP BY 1
    ), {_PARENTS}
    {_NODE_COLUMNS}
    WHERE cardinality(of_nationalities) = 0 OR completed.persons > 0
    ORDER BY scope.tier, scope.starts_on, scope.training_id LIMIT most
"""
_NODES_OF: Final = (
    "cascade_nodes(of_nationalities text[], of_agencies text[], on_date date, most integer, until bigint DEFAULT NULL)"
)
_NODE: Final = (
    "training_id uuid, parent_id uuid, other_parents bigint, tier integer, is_mixed boolean, is_older_version boolean, "
    "is_short boolean, code text, title text, course_code text, starts_on date, provider_agency_code text, "
    "is_for_trainers boolean, persons bigint"
)
_DESCENDANTS: Final = f"""
    {_PLACED} roots AS (SELECT ''::text AS of_root, unnest(of_trainings) AS training_id), {_DESCENT},
    {_COMPLETERS_OF_DESCENT}, completed AS MATERIALIZED (
      SELECT training_id, count(*) AS persons FROM completers GROUP BY 1
    ), scope AS MATERIALIZED (SELECT placed.* FROM placed JOIN descent USING (training_id)),
    {_FIDELITY}, {_PARENTS}
    {_NODE_COLUMNS}
    ORDER BY scope.tier, scope.starts_on, scope.training_id LIMIT most
"""
_DESCENDANTS_OF: Final = (
    "cascade_descendants(of_trainings uuid[], of_nationalities text[], on_date date, most integer, "
    "until bigint DEFAULT NULL)"
)
# The same by tier: persons are distinct within a tier, and in the last row over all of them.
_REACH: Final = f"""
    {_PLACED} roots AS (SELECT ''::text AS of_root, unnest(of_trainings) AS training_id), {_DESCENT},
    {_COMPLETERS_OF_DESCENT}
    SELECT placed.tier, count(DISTINCT placed.training_id), count(DISTINCT completers.person_id),
           count(completers.person_id)
    FROM descent JOIN placed USING (training_id) LEFT JOIN completers USING (training_id)
    GROUP BY ROLLUP (placed.tier) ORDER BY 1 NULLS LAST
"""
_REACH_OF: Final = (
    "cascade_reach(of_trainings uuid[], of_nationalities text[], on_date date, until bigint DEFAULT NULL)"
)
_REACHED: Final = "tier integer, trainings bigint, persons bigint, completions bigint"

# How many lead a training, whoever they are.
_LEADS: Final = """
    SELECT a.training_id, count(*) FROM {instructor_assignments} a
    WHERE a.training_id = ANY (of_trainings) AND a.role = 'lead' AND a.voided_at IS NULL
    GROUP BY 1
"""
_LEADS_OF: Final = "count_leads(of_trainings uuid[], until bigint DEFAULT NULL)"
_LED: Final = "training_id uuid, leads bigint"

INTERNAL: Final = {_LINKS_OF: function(_LINKS_OF, _LINK, at_both_times(_LINKS), settings="PARALLEL SAFE ROWS 40000")}
"""Who leads what, which only the other functions read."""
FUNCTIONS: Final = {
    _TIERS_OF: function(
        _TIERS_OF,
        _TIER,
        _TIERS_BODY,
        declare="""
          of_training uuid[]; of_person uuid[]; of_partner boolean[]; of_origin uuid[];
          known uuid[] := '{}'; tiers integer[] := '{}'; mixed boolean[] := '{}';
          found uuid[]; found_tiers integer[]; found_mixed boolean[];
        """,
        settings="PARALLEL SAFE ROWS 20000",
    ),
    _GENERATIONS_OF: function(_GENERATIONS_OF, _GENERATION, at_both_times(_GENERATIONS)),
    _OUTSIDE_OF: function(_OUTSIDE_OF, _OUT, at_both_times(_OUTSIDE)),
    _OVERLAPS_OF: function(_OVERLAPS_OF, _OVERLAP, at_both_times(_OVERLAPS)),
    _NODES_OF: function(_NODES_OF, _NODE, at_both_times(_NODES)),
    _DESCENDANTS_OF: function(_DESCENDANTS_OF, _NODE, at_both_times(_DESCENDANTS)),
    _LEADS_OF: function(_LEADS_OF, _LED, at_both_times(_LEADS)),
    _REACH_OF: function(_REACH_OF, _REACHED, at_both_times(_REACH)),
}
