"""The questions of `counting.py`: an address of the trainings service, and SQL written by hand for the same answer.

The SQL is plain: all rows, today, nobody merged, which is how the demonstration's records are.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

COUNTRY: Final = "TN"
"""Its people are the last that the demonstration writes: the worst case of a list in the order of entry."""
AGENCY: Final = "US-BOP"
TRAINER_AGENCY: Final = "US-NM-CD"


@dataclass(frozen=True)
class Case:
    """A question: what the service is asked, what is read of its answer, and what SQL says to it."""

    name: str
    path: str
    read: Callable[[Any], list[Any]]
    sql: str
    given: object = None


@dataclass(frozen=True)
class List:
    """A list: its table, the column it is in order of, and the columns that lead from a row to its person."""

    path: str
    table: str
    sort: str
    person: str | None = None
    descending: bool = False
    where: str = "true"


_PERSON: Final = "JOIN people p ON p.id = x.person_id"
_SEAT_PERSON: Final = "JOIN enrollments e ON e.id = x.enrollment_id JOIN people p ON p.id = e.person_id"
LISTS: Final = (
    List("trainings", "trainings", "starts_on", descending=True),
    List(f"trainings?beneficiary_country_code={COUNTRY}", "trainings", "starts_on", None, True,
         f"'{COUNTRY}' = ANY (x.beneficiary_country_codes)"),
    List("training-sessions", "training_sessions", "held_on"),
    List("courses", "courses", "code"),
    List("people", "people", "created_at", "JOIN people p ON p.id = x.id"),
    List(f"people?country_code={COUNTRY}", "people", "created_at", "JOIN people p ON p.id = x.id", False,
         f"x.country_code = '{COUNTRY}'"),
    List("people?is_dormant_instructor=true", "people", "created_at", "JOIN people p ON p.id = x.id", False, """
        x.id IN (
          SELECT e.person_id FROM completions c JOIN enrollments e ON e.id = c.enrollment_id
          JOIN trainings t ON t.id = e.training_id JOIN courses k ON k.code = t.course_code
          WHERE k.type = 'training_of_trainers' AND c.voided_at IS NULL
        ) AND x.id NOT IN (
          SELECT a.person_id FROM instructor_assignments a JOIN trainings t ON t.id = a.training_id
          WHERE t.starts_on > current_date - interval '12 months' AND a.role = 'lead' AND a.voided_at IS NULL
        )"""),
    List("enrollments", "enrollments", "created_at", _PERSON),
    List("enrollments?status=failed", "enrollments", "created_at", _PERSON, False, "x.status = 'failed'"),
    List("completions", "completions", "completed_on", _SEAT_PERSON, descending=True),
    List("attendances", "attendances", "created_at", _SEAT_PERSON),
    List("certifications", "certifications", "issued_on", _PERSON, descending=True),
    List("instructor-assignments", "instructor_assignments", "created_at", _PERSON),
    List("duplicate-candidates", "duplicate_candidates", "score", _PERSON, descending=True),
    List("merges", "merges", "created_at", _PERSON, descending=True),
    List("units", "units", "name"),
    List("vetting-records", "vetting_records", "requested_on", _PERSON, descending=True),
    List("identity-documents", "identity_documents", "created_at", _PERSON),
)  # fmt: skip


def list_sql(one: List, country: str | None) -> str:
    """A page of it, with `{where}` and `{limit}` left open."""
    direction = "DESC" if one.descending else "ASC"
    join = f"{one.person} AND p.country_code = '{country}'" if one.person and country else ""
    return (
        f"SELECT x.id FROM {one.table} x {join} WHERE {one.where} {{where}} "
        f"ORDER BY x.{one.sort} {direction}, x.id {direction} LIMIT {{limit}}"
    )


def place_sql(one: List) -> str:
    """After the row that is given."""
    beyond = "<" if one.descending else ">"
    return f"AND (x.{one.sort}, x.id) {beyond} (SELECT y.{one.sort}, y.id FROM {one.table} y WHERE y.id = $1)"


# Everybody's completed seats.
_DONE: Final = """
    completions c JOIN enrollments e ON e.id = c.enrollment_id JOIN trainings t ON t.id = e.training_id
    JOIN courses k ON k.code = t.course_code JOIN people p ON p.id = e.person_id
"""
_STANDS: Final = "c.voided_at IS NULL AND t.voided_at IS NULL AND c.completed_on <= current_date"
_FISCAL_YEAR: Final = "extract(year FROM c.completed_on + interval '3 months')::int"
# Everybody who was there, with the hours of the sessions they attended, and the day that counts.
_THERE: Final = """
    (
      SELECT e.*, coalesce(a.hours, e.hours_attended) AS hours, coalesce(c.completed_on, t.ends_on) AS day
      FROM enrollments e JOIN trainings t ON t.id = e.training_id AND t.voided_at IS NULL
      LEFT JOIN completions c ON c.enrollment_id = e.id AND c.voided_at IS NULL
      LEFT JOIN (
        SELECT a.enrollment_id, sum(a.hours) AS hours
        FROM attendances a JOIN training_sessions s ON s.id = a.session_id AND s.voided_at IS NULL GROUP BY 1
      ) a ON a.enrollment_id = e.id
      WHERE c.id IS NOT NULL OR e.status IN ('attending', 'completed', 'failed', 'incomplete')
         OR coalesce(a.hours, e.hours_attended, 0) > 0
    ) s JOIN trainings t ON t.id = s.training_id JOIN people p ON p.id = s.person_id
"""
# Trainings that came of others: by whom they were led, and by what made them a lead.
_CASCADE: Final = """
    WITH RECURSIVE led AS (
      SELECT a.training_id, a.person_id, t.starts_on, p.person_type = 'partner_instructor' AS is_partner
      FROM instructor_assignments a JOIN trainings t ON t.id = a.training_id JOIN people p ON p.id = a.person_id
      WHERE a.role = 'lead' AND a.voided_at IS NULL AND t.voided_at IS NULL
    ), edges AS MATERIALIZED (
      SELECT DISTINCT led.training_id, t.id AS origin
      FROM led JOIN enrollments e ON e.person_id = led.person_id JOIN completions c ON c.enrollment_id = e.id
      JOIN trainings t ON t.id = e.training_id JOIN courses k ON k.code = t.course_code
      WHERE k.type = 'training_of_trainers' AND c.voided_at IS NULL AND c.completed_on < led.starts_on
        AND NOT led.is_partner
    ), walk AS (
      SELECT DISTINCT led.training_id, 1 AS tier FROM led JOIN trainings t ON t.id = led.training_id
      WHERE led.is_partner AND {root}
      UNION
      SELECT edges.training_id, walk.tier + 1 FROM walk JOIN edges ON edges.origin = walk.training_id
    ), tiers AS MATERIALIZED (SELECT training_id, max(tier) AS tier FROM walk GROUP BY 1)
"""
_BY_TIER: Final = """
    SELECT tiers.tier, count(DISTINCT tiers.training_id), count(DISTINCT p.id), count(p.id)
    FROM tiers LEFT JOIN (
      SELECT e.training_id, p.id FROM completions c JOIN enrollments e ON e.id = c.enrollment_id
      JOIN people p ON p.id = e.person_id
      WHERE c.voided_at IS NULL AND c.completed_on <= current_date {people}
    ) p USING (training_id)
    {having} GROUP BY 1 ORDER BY 1
"""
# A count of each day's range: those on no roster are between none and all of the headcount that is left.
_RANGE: Final = f"""
    WITH persons AS (
      SELECT count(DISTINCT e.person_id) AS named FROM {_DONE}
      WHERE {_STANDS} AND 'GE' = ANY (t.beneficiary_country_codes)
    ), heads AS (
      SELECT t.id, t.headcount_total AS counted, least(
        greatest(t.headcount_total - count(s.id), 0),
        greatest(t.headcount_female - count(s.id) FILTER (WHERE p.sex = 'female'), 0)
        + greatest(t.headcount_male - count(s.id) FILTER (WHERE p.sex = 'male'), 0)
        + greatest(t.headcount_not_recorded - count(s.id) FILTER (WHERE p.sex = 'not_recorded'), 0)) AS unnamed
      FROM trainings t
      LEFT JOIN enrollments s ON s.training_id = t.id AND s.status IN ('attending', 'completed', 'failed', 'incomplete')
      LEFT JOIN people p ON p.id = s.person_id
      WHERE t.headcount_total IS NOT NULL AND t.voided_at IS NULL AND t.ends_on <= current_date
        AND 'GE' = ANY (t.beneficiary_country_codes)
      GROUP BY t.id
    )
    SELECT greatest(named, (SELECT max(counted) FROM heads))::text, (named + (SELECT sum(unnamed) FROM heads))::text
    FROM persons
"""


def _groups(*fields: str) -> Callable[[Any], list[Any]]:
    """The groups of an answer that hold somebody of a roster, in the order of what they are of."""

    def read(body: Any) -> list[Any]:  # noqa: ANN401 - whatever was answered
        rows = [tuple(one[field] for field in fields) for one in body["items"] if one["rostered"]]
        return sorted(rows, key=lambda row: [("" if value is None else str(value)) for value in row])

    return read


def _persons(by: str = "", where: str = "true", of: str = "count(DISTINCT e.person_id)") -> str:
    columns = f"{by}, " if by else ""
    groups = f"GROUP BY {by}" if by else ""
    return _sorted(f"SELECT {columns}{of} FROM {_DONE} WHERE {_STANDS} AND {where} {groups}", by)


def _sorted(sql: str, by: str) -> str:
    places = ", ".join(f'{place}::text COLLATE "C"' for place in _names(by))
    return f"SELECT * FROM ({sql}) found ({', '.join([*_names(by), 'counted'])}) {'ORDER BY ' + places if by else ''}"


def _names(by: str) -> list[str]:
    return [f"key_{place}" for place, _ in enumerate(by.split("; "))] if by else []


def cases(agency: str, training: str, person: str) -> Iterator[Case]:
    """All counts and cascades, asked about everybody and about some."""
    yield from _counts()
    yield from _figures()
    yield from _cascades(agency, training, person)


def _counts() -> Iterator[Case]:
    address = "/v1/training-counts?measure="
    yield Case("persons, one country", f"{address}persons&nationality_code=GE", _groups("rostered"),
               _persons(where="p.nationality_code = 'GE'"))  # fmt: skip
    yield Case("persons, all countries", f"{address}persons", _groups("rostered"), _persons())
    yield Case("persons by nationality", f"{address}persons&group_by=nationality",
               _groups("nationality_code", "rostered"), _persons("p.nationality_code"))  # fmt: skip
    by = f"{_FISCAL_YEAR}, p.sex"
    yield Case("persons by fiscal year and sex", f"{address}persons&group_by=fiscal_year&group_by=sex",
               _groups("fiscal_year", "sex", "rostered"), _several(by, _persons_of))  # fmt: skip
    by = f"p.nationality_code, {_FISCAL_YEAR}, p.sex"
    yield Case("persons by nationality, fiscal year and sex",
               f"{address}persons&group_by=nationality&group_by=fiscal_year&group_by=sex",
               _groups("nationality_code", "fiscal_year", "sex", "rostered"), _several(by, _persons_of))  # fmt: skip
    yield Case("persons by agency, one fiscal year", f"{address}persons&group_by=agency&fiscal_year=2016",
               _groups("agency_code", "rostered"),
               _persons("t.provider_agency_code", f"{_FISCAL_YEAR} = 2016"))  # fmt: skip
    yield Case("persons of a country's trainings, a range", f"{address}persons&country_code=GE",
               lambda body: [(body["items"][0]["lower"], body["items"][0]["upper"])], _RANGE)  # fmt: skip
    yield Case("persons by tier", f"{address}persons&group_by=tier", _tiers_of_counts,
               _CASCADE.format(root="true") + "SELECT tier, count(DISTINCT e.person_id) FROM tiers"
               " JOIN enrollments e USING (training_id) JOIN completions c ON c.enrollment_id = e.id"
               " WHERE c.voided_at IS NULL AND c.completed_on <= current_date GROUP BY 1 ORDER BY 1")  # fmt: skip
    yield Case("persons of one country, explained", f"{address}persons&nationality_code=GE&explain=true",
               lambda body: [(body["explain"]["counted"]["parts"], body["explain"]["counted"]["persons"])],
               f"SELECT count(*), count(DISTINCT e.person_id) FROM {_DONE}"
               f" WHERE {_STANDS} AND p.nationality_code = 'GE'")  # fmt: skip
    yield Case("completions by course", f"{address}completions&group_by=course", _groups("course_code", "rostered"),
               _persons("t.course_code", of="count(*)"))  # fmt: skip
    yield Case("attendances by nationality", f"{address}attendances&group_by=nationality",
               _groups("nationality_code", "rostered"),
               f"SELECT p.nationality_code, count(*) FROM {_THERE} WHERE s.day <= current_date"
               " GROUP BY 1 ORDER BY 1")  # fmt: skip
    yield Case("attendances of one country", f"{address}attendances&nationality_code=SV", _groups("rostered"),
               f"SELECT count(*) FROM {_THERE} WHERE s.day <= current_date AND p.nationality_code = 'SV'")  # fmt: skip
    yield Case("contact hours by nationality", f"{address}contact_hours&group_by=nationality",
               _groups("nationality_code", "lower"),
               "SELECT p.nationality_code, trim_scale(sum(s.hours))::text"
               f" FROM {_THERE} WHERE s.day <= current_date GROUP BY 1 ORDER BY 1")  # fmt: skip
    yield Case("certifications by nationality", f"{address}certifications&group_by=nationality",
               _groups("nationality_code", "rostered"),
               "SELECT p.nationality_code, count(*) FROM certifications q JOIN people p ON p.id = q.person_id"
               " WHERE q.voided_at IS NULL GROUP BY 1 ORDER BY 1")  # fmt: skip


def _persons_of(by: str) -> str:
    return f"SELECT {by}, count(DISTINCT e.person_id) FROM {_DONE} WHERE {_STANDS} GROUP BY {by}"


def _several(by: str, made: Callable[[str], str]) -> str:
    """In the order of several groups as text."""
    count = by.replace("(year FROM c.completed_on + interval '3 months')", "").count(",") + 1
    names = [f"key_{place}" for place in range(count)]
    order = ", ".join(f'{name}::text COLLATE "C"' for name in names)
    return f"SELECT * FROM ({made(by)}) found ({', '.join([*names, 'counted'])}) ORDER BY {order}"


def _tiers_of_counts(body: Any) -> list[Any]:  # noqa: ANN401 - whatever was answered
    return sorted((one["tier"], one["rostered"]) for one in body["items"] if one["tier"] is not None)


def _figures() -> Iterator[Case]:
    address = "/v1/recorded-figures?measure="

    def value(body: Any) -> list[Any]:  # noqa: ANN401 - whatever was answered
        return [(body["points"][0]["value"],)]

    instructors = f"SELECT count(DISTINCT e.person_id)::text FROM {_DONE} WHERE {_STANDS}"
    yield Case("instructors trained, Mexico by New Mexico",
               f"{address}instructors_trained&nationality_code=MX&agency_code=US-NM-CD", value,
               f"{instructors} AND k.type = 'training_of_trainers' AND p.nationality_code = 'MX'"
               " AND t.provider_agency_code = 'US-NM-CD'")  # fmt: skip
    for name, nationality, agency in (
        ("Mexico by New Mexico", "MX", "US-NM-CD"),
        ("El Salvador by California", "SV", "US-CA-DOC"),
    ):
        officers = f"""
            {instructors} AND k.type <> 'training_of_trainers' AND p.nationality_code = '{nationality}' AND t.id IN (
              SELECT a.training_id FROM instructor_assignments a JOIN trainings l ON l.id = a.training_id
              JOIN enrollments s ON s.person_id = a.person_id JOIN completions d ON d.enrollment_id = s.id
              JOIN trainings b ON b.id = s.training_id JOIN courses q ON q.code = b.course_code
              WHERE a.role = 'lead' AND a.voided_at IS NULL AND q.type = 'training_of_trainers' AND d.voided_at IS NULL
                AND b.provider_agency_code = '{agency}' AND d.completed_on < l.starts_on
            )
        """
        of_all = f"{address}officers_trained&nationality_code={nationality}&agency_code={agency}"
        yield Case(f"officers trained, {name}", of_all, value, officers)
        yield Case(f"officers trained, {name}, explained", f"{of_all}&explain=true", value, officers)


def _cascades(agency: str, training: str, person: str) -> Iterator[Case]:
    def generations(body: Any) -> list[Any]:  # noqa: ANN401 - whatever was answered
        return [(one["tier"], one["trainings"], one["persons"], one["completions"]) for one in body["generations"]]

    def reach(body: Any) -> list[Any]:  # noqa: ANN401 - as above
        return [(one["tier"], one["trainings"], one["persons"], one["completions"]) for one in body["reach"]]

    everything = _CASCADE.format(root="true")
    whole = _BY_TIER.format(people="", having="")
    yield Case("cascade, all", "/v1/cascades", generations, everything + whole)
    of_country = _BY_TIER.format(people="AND p.nationality_code = 'GE'", having="WHERE p.id IS NOT NULL")
    yield Case("cascade, one country", "/v1/cascades?country_code=GE", generations, everything + of_country)
    of_agency = _CASCADE.format(root=f"t.provider_agency_code = '{AGENCY}'") + whole
    yield Case("cascade, one agency", f"/v1/cascades?agency_code={AGENCY}", generations, of_agency)
    yield Case("cascade, one country with its trainings", "/v1/cascades?country_code=GE&with_nodes=true", generations,
               everything + of_country)  # fmt: skip
    yield Case("reach of an agency", f"/v1/agencies/{agency}/reach", generations, of_agency)
    of_training = _CASCADE.format(root="t.id = $1") + whole
    yield Case("cascade of a training", f"/v1/trainings/{training}/cascade", reach, of_training, uuid.UUID(training))
    yield Case("cascade of a person", f"/v1/people/{person}/cascade",
               lambda body: [(body["total"]["trainings"], body["total"]["persons"])],
               """
               SELECT count(DISTINCT a.training_id), count(DISTINCT e.person_id) FROM instructor_assignments a
               JOIN enrollments e ON e.training_id = a.training_id JOIN completions c ON c.enrollment_id = e.id
               WHERE a.person_id = $1 AND a.role = 'lead' AND a.voided_at IS NULL AND c.voided_at IS NULL
               """, uuid.UUID(person))  # fmt: skip
    yield Case("seats at risk", "/v1/seats-at-risk", lambda body: [(len(body["items"]),)],
               "SELECT count(*) FROM enrollments e JOIN trainings t ON t.id = e.training_id"
               " WHERE e.vetting_basis = 'required' AND t.starts_on > current_date")  # fmt: skip
