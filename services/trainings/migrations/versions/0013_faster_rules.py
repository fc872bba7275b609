"""The rules of many rows at once: they cost what changed, not its square and not what the tables hold.

A rule's plan is made by the first statement of a connection, for as many rows as that one changed, and stays. So none is
left a choice that another number of rows would make wrong. What was is joined with what is by FULL JOIN, which is never
done row against row. A row of another table is looked up for each row that changed: OFFSET 0 keeps the look-up apart, and
it is by an index though the table was small when the plan was made.
"""

from alembic import op
from chassis.feed import capture_anew
from trainings.counting_sql import create_counting

revision = "0013"
down_revision = "0012"
COUNTING = "61d091fb4428fc1d"


def upgrade() -> None:
    for function, body in FUNCTIONS.items():
        op.execute(f"CREATE OR REPLACE FUNCTION {function} {body}")
        op.execute(f"REVOKE ALL ON FUNCTION {function.split(' RETURNS')[0]} FROM PUBLIC")
    # Large lists are read in these orders, and what counts and policies read of everybody is apart from their names.
    for table, column in (
        ("people", "created_at"),
        ("enrollments", "created_at"),
        ("attendances", "created_at"),
        ("completions", "completed_on"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}_id"), table, [column, "id"])
    op.create_index(op.f("ix_people_country_code_created_at_id"), "people", ["country_code", "created_at", "id"])
    op.create_index(
        "ix_people_counted",
        "people",
        ["id"],
        postgresql_include=["country_code", "nationality_code", "sex", "person_type"],
    )
    connection = op.get_bind()
    capture_anew(connection)
    create_counting(connection)


# These rules look at everybody's rows, whoever writes: a migration that replaces one says SECURITY DEFINER again.
DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
RULE = f"LANGUAGE plpgsql {DEFINER} SET enable_seqscan = off"
OPEN = "'nominated', 'vetting', 'cleared', 'enrolled', 'attending'"


def one_of(table: str, name: str, by: str) -> str:
    """The row of `table` whose id is `by`, as `name`."""
    return f"CROSS JOIN LATERAL (SELECT * FROM {table} one WHERE one.id = {by} OFFSET 0) {name}"


SEAT = one_of("enrollments", "e", "added.enrollment_id")
TRAINING = one_of("trainings", "t", "added.training_id")
TRAINING_OF_SEAT = f"{SEAT} {one_of('trainings', 't', 'e.training_id')}"
SESSION = one_of("training_sessions", "s", "added.session_id")
CERTIFICATION = one_of("certifications", "c", "added.certification_id")
TOUCHED = "touched uuid[] := ARRAY(SELECT DISTINCT training_id FROM added);"
LOCK = "PERFORM 1 FROM trainings WHERE id IN (SELECT unnest(touched)) ORDER BY id FOR NO KEY UPDATE;"
IS_VOIDED = "EXISTS (SELECT FROM trainings WHERE id IN (SELECT unnest(touched)) AND voided_at IS NOT NULL)"
CHECK_HEADCOUNT = """
      IF attendees_exceed_headcount(touched) THEN
        RAISE EXCEPTION 'more attendees than the headcount of the training'
          USING ERRCODE = '23514', CONSTRAINT = 'attendees_above_headcount';
      END IF;"""

# A seat is locked before its training, and a training before what is counted in it: so of two who write at once the
# second sees the first, and neither waits for the other.
FUNCTIONS = {
    # Who was there: by what became of the seat, by the sessions attended, or by hours where none are taken apart.
    "attendees_exceed_headcount(of_trainings uuid[]) RETURNS boolean": """LANGUAGE sql STABLE AS $$
      SELECT EXISTS (
        SELECT FROM trainings t
        WHERE t.id IN (SELECT unnest(of_trainings)) AND t.headcount_total IS NOT NULL AND t.headcount_total < (
          SELECT count(*) FROM enrollments e
          WHERE e.training_id = t.id AND (
            e.status IN ('attending', 'completed', 'failed', 'incomplete') OR e.hours_attended > 0 OR EXISTS (
              SELECT FROM attendances a JOIN training_sessions s ON s.id = a.session_id
              WHERE a.enrollment_id = e.id AND a.hours > 0 AND s.voided_at IS NULL OFFSET 0
            )
          )
        )
      )
    $$""",
    "check_participants() RETURNS trigger": f"""{RULE} AS $$
    DECLARE
      {TOUCHED}
    BEGIN
      {LOCK}
      IF {IS_VOIDED} THEN
        RAISE EXCEPTION 'nobody takes part in a voided training'
          USING ERRCODE = '55000', CONSTRAINT = 'training_is_voided';
      END IF;
      IF EXISTS (
        SELECT FROM added WHERE EXISTS (
          SELECT FROM instructor_assignments a
          WHERE a.training_id = added.training_id AND a.person_id = added.person_id AND a.voided_at IS NULL OFFSET 0
        )
      ) THEN
        RAISE EXCEPTION 'nobody takes part in a training that they lead'
          USING ERRCODE = '23514', CONSTRAINT = 'instructor_is_no_participant';
      END IF;
      IF EXISTS (SELECT FROM added WHERE status = 'completed') THEN
        RAISE EXCEPTION 'a seat is completed by a completion'
          USING ERRCODE = '23514', CONSTRAINT = 'completed_by_completion';
      END IF;
      {CHECK_HEADCOUNT}
      RETURN NULL;
    END $$""",
    "check_seats() RETURNS trigger": f"""{RULE} AS $$
    DECLARE
      touched uuid[];
      moved uuid[];
      moved_to text[];
      is_out_of_order boolean;
    BEGIN
      SELECT array_agg(DISTINCT n.training_id) FILTER (
               WHERE n.status <> o.status OR n.hours_attended IS DISTINCT FROM o.hours_attended
             ),
             array_agg(n.id) FILTER (WHERE n.status <> o.status),
             array_agg(n.status) FILTER (WHERE n.status <> o.status),
             bool_or(n.status <> o.status AND (o.status, n.status) NOT IN (
               ('nominated', 'vetting'), ('nominated', 'cleared'), ('nominated', 'withdrawn'),
               ('vetting', 'cleared'), ('vetting', 'rejected'), ('vetting', 'withdrawn'),
               ('cleared', 'vetting'), ('cleared', 'enrolled'), ('cleared', 'withdrawn'), ('cleared', 'no_show'),
               ('enrolled', 'vetting'), ('enrolled', 'attending'), ('enrolled', 'withdrawn'), ('enrolled', 'no_show'),
               ('attending', 'withdrawn'), ('attending', 'failed'), ('attending', 'incomplete'),
               ('cleared', 'completed'), ('enrolled', 'completed'), ('attending', 'completed'),
               ('completed', 'attending')
             ))
      INTO touched, moved, moved_to, is_out_of_order
      FROM removed o FULL JOIN added n USING (id);
      IF touched IS NULL THEN RETURN NULL; END IF;
      {LOCK}
      IF is_out_of_order THEN
        RAISE EXCEPTION 'this status cannot follow the present one'
          USING ERRCODE = '55000', CONSTRAINT = 'enrollment_status_follows';
      END IF;
      IF EXISTS (
        SELECT FROM unnest(moved, moved_to) AS m (id, status)
        WHERE (m.status = 'completed') <> EXISTS (
          SELECT FROM completions c WHERE c.enrollment_id = m.id AND c.voided_at IS NULL OFFSET 0
        )
      ) THEN
        RAISE EXCEPTION 'a seat is completed by a completion, as long as it stands'
          USING ERRCODE = '23514', CONSTRAINT = 'completed_by_completion';
      END IF;
      {CHECK_HEADCOUNT}
      RETURN NULL;
    END $$""",
    "check_completions() RETURNS trigger": f"""{RULE} AS $$
    DECLARE
      touched uuid[] := ARRAY(SELECT DISTINCT e.training_id FROM added {SEAT});
    BEGIN
      {LOCK}
      PERFORM 1 FROM course_versions
      WHERE id IN (SELECT course_version_id FROM trainings WHERE id IN (SELECT unnest(touched)))
      ORDER BY id FOR SHARE;
      IF {IS_VOIDED} THEN
        RAISE EXCEPTION 'nobody completes a voided training'
          USING ERRCODE = '55000', CONSTRAINT = 'completed_training_is_voided';
      END IF;
      IF EXISTS (SELECT FROM added {TRAINING_OF_SEAT} WHERE added.completed_on < t.starts_on) THEN
        RAISE EXCEPTION 'a completion is not before its training starts'
          USING ERRCODE = '23514', CONSTRAINT = 'completed_after_start';
      END IF;
      IF EXISTS (SELECT FROM added WHERE completed_on > (now() AT TIME ZONE 'UTC')::date) THEN
        RAISE EXCEPTION 'a completion is not in the future'
          USING ERRCODE = '23514', CONSTRAINT = 'completed_in_past';
      END IF;
      IF EXISTS (
        SELECT FROM added {SEAT}
        WHERE added.voided_at IS NULL AND e.status NOT IN ('cleared', 'enrolled', 'attending')
      ) THEN
        RAISE EXCEPTION 'only a seat that is cleared, enrolled or attending is completed'
          USING ERRCODE = '55000', CONSTRAINT = 'seat_is_completable';
      END IF;
      UPDATE enrollments SET status = 'completed', version = version + 1, updated_at = clock_timestamp()
      WHERE id IN (SELECT unnest(ARRAY(SELECT enrollment_id FROM added WHERE voided_at IS NULL)));
      RETURN NULL;
    END $$""",
    # The seat is as it was before its completion: somebody was there, and it is open what becomes of it.
    "return_seats() RETURNS trigger": f"""{RULE} AS $$
    DECLARE
      seats uuid[];
    BEGIN
      SELECT array_agg(n.enrollment_id) FILTER (WHERE n.voided_at IS NOT NULL AND o.voided_at IS NULL) INTO seats
      FROM removed o FULL JOIN added n USING (id);
      UPDATE enrollments SET status = 'attending', version = version + 1, updated_at = clock_timestamp()
      WHERE status = 'completed' AND id IN (SELECT unnest(seats));
      RETURN NULL;
    END $$""",
    "check_instructors() RETURNS trigger": f"""{RULE} AS $$
    DECLARE
      {TOUCHED}
    BEGIN
      {LOCK}
      IF {IS_VOIDED} THEN
        RAISE EXCEPTION 'nobody leads a voided training'
          USING ERRCODE = '55000', CONSTRAINT = 'training_is_voided';
      END IF;
      IF EXISTS (
        SELECT FROM added WHERE EXISTS (
          SELECT FROM enrollments e
          WHERE e.training_id = added.training_id AND e.person_id = added.person_id OFFSET 0
        )
      ) THEN
        RAISE EXCEPTION 'nobody leads a training that they take part in'
          USING ERRCODE = '23514', CONSTRAINT = 'participant_is_no_instructor';
      END IF;
      IF EXISTS (
        SELECT FROM added {TRAINING}
        WHERE added.role = 'lead' AND lacks_certification(added.person_id, t.course_code, t.starts_on)
      ) THEN
        RAISE EXCEPTION 'none of the certifications of the lead holds on the start of the training'
          USING ERRCODE = '23514', CONSTRAINT = 'lead_is_certified';
      END IF;
      RETURN NULL;
    END $$""",
    # An array has no foreign key. What it names is never deleted: nobody may.
    "check_training_agencies() RETURNS trigger": f"""{RULE} AS $$
    BEGIN
      IF EXISTS (
        SELECT FROM added, unnest(added.co_provider_agency_codes || added.funder_agency_codes) named
        WHERE NOT EXISTS (SELECT FROM agency_refs a WHERE a.code = named OFFSET 0)
      ) THEN
        RAISE EXCEPTION 'there is no such agency'
          USING ERRCODE = '23503', CONSTRAINT = 'training_agencies_known';
      END IF;
      IF EXISTS (SELECT FROM added WHERE provider_agency_code = ANY (co_provider_agency_codes)) THEN
        RAISE EXCEPTION 'an agency provides a training with itself'
          USING ERRCODE = '23514', CONSTRAINT = 'co_providers_are_others';
      END IF;
      RETURN NULL;
    END $$""",
    "check_training_changes() RETURNS trigger": f"""{RULE} AS $$
    DECLARE
      is_out_of_order boolean;
      closed uuid[];
      recounted uuid[];
      moved uuid[];
      led_anew uuid[];
    BEGIN
      SELECT bool_or(n.status <> o.status AND (o.status, n.status) NOT IN (
               ('planned', 'confirmed'), ('planned', 'postponed'), ('planned', 'canceled'),
               ('confirmed', 'in_progress'), ('confirmed', 'postponed'), ('confirmed', 'canceled'),
               ('postponed', 'planned'), ('postponed', 'canceled'),
               ('in_progress', 'completed'), ('in_progress', 'canceled'), ('completed', 'reported')
             )),
             array_agg(n.id) FILTER (WHERE n.status = 'completed' AND o.status <> 'completed'),
             array_agg(n.id) FILTER (WHERE n.headcount_total IS DISTINCT FROM o.headcount_total),
             array_agg(n.id) FILTER (WHERE (n.starts_on, n.ends_on) <> (o.starts_on, o.ends_on)),
             array_agg(n.id) FILTER (WHERE (n.starts_on, n.course_code) <> (o.starts_on, o.course_code))
      INTO is_out_of_order, closed, recounted, moved, led_anew
      FROM removed o FULL JOIN added n USING (id);
      IF is_out_of_order THEN
        RAISE EXCEPTION 'this status cannot follow the present one'
          USING ERRCODE = '55000', CONSTRAINT = 'training_status_follows';
      END IF;
      IF EXISTS (SELECT FROM enrollments e WHERE e.training_id IN (SELECT unnest(closed)) AND e.status IN ({OPEN})) THEN
        RAISE EXCEPTION 'a training is completed when all of its seats are closed'
          USING ERRCODE = '55000', CONSTRAINT = 'completed_seats_are_closed';
      END IF;
      IF attendees_exceed_headcount(recounted) THEN
        RAISE EXCEPTION 'the headcount is less than the attendees of the roster'
          USING ERRCODE = '23514', CONSTRAINT = 'headcount_covers_attendees';
      END IF;
      IF EXISTS (
        SELECT FROM trainings t JOIN training_sessions s ON s.training_id = t.id
        WHERE t.id IN (SELECT unnest(moved)) AND s.voided_at IS NULL AND s.held_on NOT BETWEEN t.starts_on AND t.ends_on
      ) THEN
        RAISE EXCEPTION 'a training lasts from before its first session until after its last'
          USING ERRCODE = '23514', CONSTRAINT = 'training_covers_sessions';
      END IF;
      IF EXISTS (
        SELECT FROM trainings t JOIN instructor_assignments a ON a.training_id = t.id
        WHERE t.id IN (SELECT unnest(led_anew)) AND a.role = 'lead' AND a.voided_at IS NULL
          AND lacks_certification(a.person_id, t.course_code, t.starts_on)
      ) THEN
        RAISE EXCEPTION 'none of the certifications of a lead holds on that day for that course'
          USING ERRCODE = '23514', CONSTRAINT = 'training_lead_is_certified';
      END IF;
      RETURN NULL;
    END $$""",
    "check_sessions() RETURNS trigger": f"""{RULE} AS $$
    DECLARE
      {TOUCHED}
    BEGIN
      PERFORM 1 FROM trainings WHERE id IN (SELECT unnest(touched)) ORDER BY id FOR SHARE;
      IF TG_OP = 'INSERT' AND {IS_VOIDED} THEN
        RAISE EXCEPTION 'a voided training has no sessions'
          USING ERRCODE = '55000', CONSTRAINT = 'training_is_voided';
      END IF;
      IF EXISTS (
        SELECT FROM added {TRAINING}
        WHERE added.voided_at IS NULL AND added.held_on NOT BETWEEN t.starts_on AND t.ends_on
      ) THEN
        RAISE EXCEPTION 'a session is held while its training lasts'
          USING ERRCODE = '23514', CONSTRAINT = 'held_while_training_lasts';
      END IF;
      IF EXISTS (
        SELECT FROM added WHERE added.voided_at IS NULL
          AND added.hours < (SELECT max(a.hours) FROM attendances a WHERE a.session_id = added.id)
      ) THEN
        RAISE EXCEPTION 'somebody attended this session for longer'
          USING ERRCODE = '23514', CONSTRAINT = 'session_covers_attendances';
      END IF;
      RETURN NULL;
    END $$""",
    "check_attendances() RETURNS trigger": f"""{RULE} AS $$
    DECLARE
      {TOUCHED}
    BEGIN
      {LOCK}
      IF {IS_VOIDED} OR EXISTS (SELECT FROM added {SESSION} WHERE s.voided_at IS NOT NULL) THEN
        RAISE EXCEPTION 'nobody attends a voided session, or one of a voided training'
          USING ERRCODE = '55000', CONSTRAINT = 'attended_session_stands';
      END IF;
      IF EXISTS (SELECT FROM added {SEAT} WHERE e.status IN ('nominated', 'vetting', 'rejected', 'no_show')) THEN
        RAISE EXCEPTION 'nobody attends on a seat that was never confirmed, or never taken'
          USING ERRCODE = '55000', CONSTRAINT = 'attended_seat_is_confirmed';
      END IF;
      IF EXISTS (SELECT FROM added {SESSION} WHERE added.hours > s.hours) THEN
        RAISE EXCEPTION 'nobody attends for longer than the session'
          USING ERRCODE = '23514', CONSTRAINT = 'attended_within_session';
      END IF;
      {CHECK_HEADCOUNT}
      RETURN NULL;
    END $$""",
    # What a completion was measured by stays, so that it can be checked again.
    "check_course_versions() RETURNS trigger": f"""{RULE} AS $$
    DECLARE
      changed uuid[];
    BEGIN
      SELECT array_agg(n.id) FILTER (
               WHERE (n.course_code, n.label, n.introduced_on, n.designed_hours, n.pass_mark, n.required_share,
                      n.language_code)
                     IS DISTINCT FROM
                     (o.course_code, o.label, o.introduced_on, o.designed_hours, o.pass_mark, o.required_share,
                      o.language_code)
             )
      INTO changed FROM removed o FULL JOIN added n USING (id);
      IF EXISTS (
        SELECT FROM trainings t JOIN enrollments e ON e.training_id = t.id
        WHERE t.course_version_id = ANY (changed) AND t.voided_at IS NULL AND EXISTS (
          SELECT FROM completions c WHERE c.enrollment_id = e.id AND c.voided_at IS NULL OFFSET 0
        )
      ) THEN
        RAISE EXCEPTION 'a version that somebody completed stays, but for its objectives'
          USING ERRCODE = '55000', CONSTRAINT = 'completed_version_stays';
      END IF;
      RETURN NULL;
    END $$""",
    "check_certifications() RETURNS trigger": f"""{RULE} AS $$
    BEGIN
      IF EXISTS (SELECT FROM added WHERE issued_on > (now() AT TIME ZONE 'UTC')::date) THEN
        RAISE EXCEPTION 'a certification is not issued in the future'
          USING ERRCODE = '23514', CONSTRAINT = 'certified_in_past';
      END IF;
      IF EXISTS (
        SELECT FROM added {one_of("certifications", "o", "added.renews_certification_id")}
        WHERE (o.person_id, o.course_code) <> (added.person_id, added.course_code)
          OR o.issued_on >= added.issued_on OR o.voided_at IS NOT NULL
      ) THEN
        RAISE EXCEPTION 'a renewal is of an earlier certification of the same person and course'
          USING ERRCODE = '23514', CONSTRAINT = 'renewal_is_of_the_same';
      END IF;
      RETURN NULL;
    END $$""",
    "check_suspensions() RETURNS trigger": f"""{RULE} AS $$
    BEGIN
      PERFORM 1 FROM certifications WHERE id IN (SELECT unnest(ARRAY(SELECT certification_id FROM added)))
      ORDER BY id FOR NO KEY UPDATE;
      IF EXISTS (
        SELECT FROM added {CERTIFICATION}
        WHERE added.starts_on < c.issued_on OR added.starts_on >= c.revoked_on OR added.ends_on >= c.revoked_on
      ) THEN
        RAISE EXCEPTION 'a certification is suspended between its issue and its revocation'
          USING ERRCODE = '23514', CONSTRAINT = 'suspended_while_issued';
      END IF;
      IF EXISTS (
        SELECT FROM added n WHERE EXISTS (
          SELECT FROM certification_suspensions o
          WHERE o.certification_id = n.certification_id AND o.id <> n.id
            AND daterange(n.starts_on, n.ends_on, '[]') && daterange(o.starts_on, o.ends_on, '[]') OFFSET 0
        )
      ) THEN
        RAISE EXCEPTION 'the suspensions of a certification follow each other'
          USING ERRCODE = '23514', CONSTRAINT = 'suspensions_apart';
      END IF;
      RETURN NULL;
    END $$""",
    # With the row of a person goes what other rows hold of them, by whatever way the row is changed.
    "forget_erased() RETURNS trigger": f"""{RULE} AS $$
    DECLARE
      erased uuid[];
    BEGIN
      SELECT array_agg(n.id) FILTER (WHERE n.erased_at IS NOT NULL AND o.erased_at IS NULL) INTO erased
      FROM removed o FULL JOIN added n USING (id);
      IF erased IS NULL THEN RETURN NULL; END IF;
      UPDATE identity_documents
      SET number_mark = NULL, last_characters = NULL, version = version + 1, updated_at = now()
      WHERE person_id = ANY (erased) AND num_nonnulls(number_mark, last_characters) > 0;
      UPDATE enrollments SET note = NULL, version = version + 1, updated_at = now()
      WHERE person_id = ANY (erased) AND note IS NOT NULL;
      UPDATE instructor_assignments SET note = NULL, version = version + 1, updated_at = now()
      WHERE person_id = ANY (erased) AND note IS NOT NULL;
      UPDATE duplicate_candidates
      SET status = CASE status WHEN 'open' THEN 'dismissed' ELSE status END, note = NULL,
          version = version + 1, updated_at = now()
      WHERE (person_id = ANY (erased) OR other_person_id = ANY (erased)) AND (status = 'open' OR note IS NOT NULL);
      RETURN NULL;
    END $$""",
}
