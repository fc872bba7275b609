"""The rules of the training record: how statuses follow, who may sit, attend, lead and complete, what a headcount covers."""

import sqlalchemy as sa
from alembic import op
from chassis.feed import Captured, capture_table

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("trainings", sa.Column("status_note", sa.String(), nullable=True))
    capture_table(op.get_bind(), Captured("trainings"))
    for function, body in FUNCTIONS.items():
        op.execute(f"CREATE OR REPLACE FUNCTION {function} {body}")
        op.execute(f"REVOKE ALL ON FUNCTION {function.split(' RETURNS')[0]} FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION takes_attendance(uuid) TO trainings_app")
    for name, table, operation, transition, function in TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {name} AFTER {operation} ON {table} REFERENCING {transition} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )


# These rules look at everybody's rows, whoever writes: a migration that replaces one says SECURITY DEFINER again.
DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
RULE = f"LANGUAGE plpgsql {DEFINER}"
OPEN = "'nominated', 'vetting', 'cleared', 'enrolled', 'attending'"

# A seat is locked before its training, and a training before what is counted in it: so of two who write at once the
# second sees the first, and neither waits for the other.
FUNCTIONS = {
    # Who was there: by what became of the seat, by the sessions attended, or by hours where none are taken apart.
    "attendees_exceed_headcount(of_trainings uuid[]) RETURNS boolean": """LANGUAGE sql STABLE AS $$
      SELECT EXISTS (
        SELECT FROM trainings t
        WHERE t.id = ANY (of_trainings) AND t.headcount_total IS NOT NULL AND t.headcount_total < (
          SELECT count(*) FROM enrollments e
          WHERE e.training_id = t.id AND (
            e.status IN ('attending', 'completed', 'failed', 'incomplete') OR e.hours_attended > 0 OR EXISTS (
              SELECT FROM attendances a JOIN training_sessions s ON s.id = a.session_id
              WHERE a.enrollment_id = e.id AND a.hours > 0 AND s.voided_at IS NULL
            )
          )
        )
      )
    $$""",
    # Somebody who was certified for the course leads it while one of their certifications holds. Who never was is
    # not asked: where a cascade begins nobody is certified here.
    "lacks_certification(of_person uuid, for_course text, on_day date) RETURNS boolean": """LANGUAGE sql STABLE AS $$
      SELECT bool_or(true) AND NOT bool_or(
        c.issued_on <= on_day
        AND (c.expires_on IS NULL OR c.expires_on >= on_day)
        AND (c.revoked_on IS NULL OR c.revoked_on > on_day)
        AND NOT EXISTS (
          SELECT FROM certification_suspensions s
          WHERE s.certification_id = c.id AND s.starts_on <= on_day AND (s.ends_on IS NULL OR s.ends_on >= on_day)
        )
      )
      FROM certifications c
      WHERE c.person_id = of_person AND c.course_code = for_course AND c.kind IN ('instructor', 'master_trainer')
        AND c.voided_at IS NULL
    $$""",
    # Whether attendance is taken in a training at all: somebody who is not in it was absent. Of whom, it does not say.
    "takes_attendance(of_training uuid) RETURNS boolean": f"""LANGUAGE sql STABLE {DEFINER} AS $$
      SELECT EXISTS (
        SELECT FROM attendances a JOIN training_sessions s ON s.id = a.session_id
        WHERE a.training_id = of_training AND s.voided_at IS NULL
      )
    $$""",
    "check_participants() RETURNS trigger": f"""{RULE} AS $$
    BEGIN
      PERFORM 1 FROM trainings WHERE id IN (SELECT training_id FROM added) ORDER BY id FOR NO KEY UPDATE;
      IF EXISTS (SELECT FROM added JOIN trainings t ON t.id = added.training_id WHERE t.voided_at IS NOT NULL) THEN
        RAISE EXCEPTION 'nobody takes part in a voided training'
          USING ERRCODE = '55000', CONSTRAINT = 'training_is_voided';
      END IF;
      IF EXISTS (
        SELECT FROM added JOIN instructor_assignments a USING (training_id, person_id) WHERE a.voided_at IS NULL
      ) THEN
        RAISE EXCEPTION 'nobody takes part in a training that they lead'
          USING ERRCODE = '23514', CONSTRAINT = 'instructor_is_no_participant';
      END IF;
      IF EXISTS (SELECT FROM added WHERE status = 'completed') THEN
        RAISE EXCEPTION 'a seat is completed by a completion'
          USING ERRCODE = '23514', CONSTRAINT = 'completed_by_completion';
      END IF;
      IF attendees_exceed_headcount(ARRAY(SELECT training_id FROM added)) THEN
        RAISE EXCEPTION 'more attendees than the headcount of the training'
          USING ERRCODE = '23514', CONSTRAINT = 'attendees_above_headcount';
      END IF;
      RETURN NULL;
    END $$""",
    "check_seats() RETURNS trigger": f"""{RULE} AS $$
    BEGIN
      IF NOT EXISTS (
        SELECT FROM added n JOIN removed o USING (id)
        WHERE n.status <> o.status OR n.hours_attended IS DISTINCT FROM o.hours_attended
      ) THEN RETURN NULL; END IF;
      PERFORM 1 FROM trainings WHERE id IN (SELECT training_id FROM added) ORDER BY id FOR NO KEY UPDATE;
      IF EXISTS (
        SELECT FROM added n JOIN removed o USING (id)
        WHERE n.status <> o.status AND (o.status, n.status) NOT IN (
          ('nominated', 'vetting'), ('nominated', 'cleared'), ('nominated', 'withdrawn'),
          ('vetting', 'cleared'), ('vetting', 'rejected'), ('vetting', 'withdrawn'),
          ('cleared', 'vetting'), ('cleared', 'enrolled'), ('cleared', 'withdrawn'), ('cleared', 'no_show'),
          ('enrolled', 'vetting'), ('enrolled', 'attending'), ('enrolled', 'withdrawn'), ('enrolled', 'no_show'),
          ('attending', 'withdrawn'), ('attending', 'failed'), ('attending', 'incomplete'),
          ('cleared', 'completed'), ('enrolled', 'completed'), ('attending', 'completed'), ('completed', 'attending')
        )
      ) THEN
        RAISE EXCEPTION 'this status cannot follow the present one'
          USING ERRCODE = '55000', CONSTRAINT = 'enrollment_status_follows';
      END IF;
      IF EXISTS (
        SELECT FROM added n JOIN removed o USING (id)
        WHERE n.status <> o.status AND (n.status = 'completed') <> EXISTS (
          SELECT FROM completions c WHERE c.enrollment_id = n.id AND c.voided_at IS NULL
        )
      ) THEN
        RAISE EXCEPTION 'a seat is completed by a completion, as long as it stands'
          USING ERRCODE = '23514', CONSTRAINT = 'completed_by_completion';
      END IF;
      IF attendees_exceed_headcount(ARRAY(SELECT training_id FROM added)) THEN
        RAISE EXCEPTION 'more attendees than the headcount of the training'
          USING ERRCODE = '23514', CONSTRAINT = 'attendees_above_headcount';
      END IF;
      RETURN NULL;
    END $$""",
    "check_completions() RETURNS trigger": f"""{RULE} AS $$
    BEGIN
      PERFORM 1 FROM trainings
      WHERE id IN (SELECT e.training_id FROM added JOIN enrollments e ON e.id = added.enrollment_id)
      ORDER BY id FOR NO KEY UPDATE;
      PERFORM 1 FROM course_versions WHERE id IN (
        SELECT t.course_version_id FROM added
        JOIN enrollments e ON e.id = added.enrollment_id JOIN trainings t ON t.id = e.training_id
      ) ORDER BY id FOR SHARE;
      IF EXISTS (
        SELECT FROM added
        JOIN enrollments e ON e.id = added.enrollment_id
        JOIN trainings t ON t.id = e.training_id
        WHERE t.voided_at IS NOT NULL
      ) THEN
        RAISE EXCEPTION 'nobody completes a voided training'
          USING ERRCODE = '55000', CONSTRAINT = 'completed_training_is_voided';
      END IF;
      IF EXISTS (
        SELECT FROM added
        JOIN enrollments e ON e.id = added.enrollment_id
        JOIN trainings t ON t.id = e.training_id
        WHERE added.completed_on < t.starts_on
      ) THEN
        RAISE EXCEPTION 'a completion is not before its training starts'
          USING ERRCODE = '23514', CONSTRAINT = 'completed_after_start';
      END IF;
      IF EXISTS (SELECT FROM added WHERE completed_on > (now() AT TIME ZONE 'UTC')::date) THEN
        RAISE EXCEPTION 'a completion is not in the future'
          USING ERRCODE = '23514', CONSTRAINT = 'completed_in_past';
      END IF;
      IF EXISTS (
        SELECT FROM added JOIN enrollments e ON e.id = added.enrollment_id
        WHERE added.voided_at IS NULL AND e.status NOT IN ('cleared', 'enrolled', 'attending')
      ) THEN
        RAISE EXCEPTION 'only a seat that is cleared, enrolled or attending is completed'
          USING ERRCODE = '55000', CONSTRAINT = 'seat_is_completable';
      END IF;
      UPDATE enrollments SET status = 'completed', version = version + 1, updated_at = clock_timestamp()
      WHERE id IN (SELECT enrollment_id FROM added WHERE voided_at IS NULL);
      RETURN NULL;
    END $$""",
    # The seat is as it was before its completion: somebody was there, and it is open what becomes of it.
    "return_seats() RETURNS trigger": f"""{RULE} AS $$
    BEGIN
      UPDATE enrollments SET status = 'attending', version = version + 1, updated_at = clock_timestamp()
      WHERE status = 'completed' AND id IN (
        SELECT n.enrollment_id FROM added n JOIN removed o USING (id)
        WHERE n.voided_at IS NOT NULL AND o.voided_at IS NULL
      );
      RETURN NULL;
    END $$""",
    "check_instructors() RETURNS trigger": f"""{RULE} AS $$
    BEGIN
      PERFORM 1 FROM trainings WHERE id IN (SELECT training_id FROM added) ORDER BY id FOR NO KEY UPDATE;
      IF EXISTS (SELECT FROM added JOIN trainings t ON t.id = added.training_id WHERE t.voided_at IS NOT NULL) THEN
        RAISE EXCEPTION 'nobody leads a voided training'
          USING ERRCODE = '55000', CONSTRAINT = 'training_is_voided';
      END IF;
      IF EXISTS (SELECT FROM added JOIN enrollments USING (training_id, person_id)) THEN
        RAISE EXCEPTION 'nobody leads a training that they take part in'
          USING ERRCODE = '23514', CONSTRAINT = 'participant_is_no_instructor';
      END IF;
      IF EXISTS (
        SELECT FROM added JOIN trainings t ON t.id = added.training_id
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
        WHERE NOT EXISTS (SELECT FROM agency_refs a WHERE a.code = named)
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
    BEGIN
      IF EXISTS (
        SELECT FROM added n JOIN removed o USING (id)
        WHERE n.status <> o.status AND (o.status, n.status) NOT IN (
          ('planned', 'confirmed'), ('planned', 'postponed'), ('planned', 'canceled'),
          ('confirmed', 'in_progress'), ('confirmed', 'postponed'), ('confirmed', 'canceled'),
          ('postponed', 'planned'), ('postponed', 'canceled'),
          ('in_progress', 'completed'), ('in_progress', 'canceled'), ('completed', 'reported')
        )
      ) THEN
        RAISE EXCEPTION 'this status cannot follow the present one'
          USING ERRCODE = '55000', CONSTRAINT = 'training_status_follows';
      END IF;
      IF EXISTS (
        SELECT FROM added n JOIN removed o USING (id) JOIN enrollments e ON e.training_id = n.id
        WHERE n.status = 'completed' AND o.status <> 'completed' AND e.status IN ({OPEN})
      ) THEN
        RAISE EXCEPTION 'a training is completed when all of its seats are closed'
          USING ERRCODE = '55000', CONSTRAINT = 'completed_seats_are_closed';
      END IF;
      IF attendees_exceed_headcount(ARRAY(
        SELECT n.id FROM added n JOIN removed o USING (id)
        WHERE n.headcount_total IS DISTINCT FROM o.headcount_total
      )) THEN
        RAISE EXCEPTION 'the headcount is less than the attendees of the roster'
          USING ERRCODE = '23514', CONSTRAINT = 'headcount_covers_attendees';
      END IF;
      IF EXISTS (
        SELECT FROM added n JOIN removed o USING (id) JOIN training_sessions s ON s.training_id = n.id
        WHERE (n.starts_on, n.ends_on) <> (o.starts_on, o.ends_on) AND s.voided_at IS NULL
          AND s.held_on NOT BETWEEN n.starts_on AND n.ends_on
      ) THEN
        RAISE EXCEPTION 'a training lasts from before its first session until after its last'
          USING ERRCODE = '23514', CONSTRAINT = 'training_covers_sessions';
      END IF;
      IF EXISTS (
        SELECT FROM added n JOIN removed o USING (id) JOIN instructor_assignments a ON a.training_id = n.id
        WHERE (n.starts_on, n.course_code) <> (o.starts_on, o.course_code)
          AND a.role = 'lead' AND a.voided_at IS NULL
          AND lacks_certification(a.person_id, n.course_code, n.starts_on)
      ) THEN
        RAISE EXCEPTION 'none of the certifications of a lead holds on that day for that course'
          USING ERRCODE = '23514', CONSTRAINT = 'training_lead_is_certified';
      END IF;
      RETURN NULL;
    END $$""",
    "check_sessions() RETURNS trigger": f"""{RULE} AS $$
    BEGIN
      PERFORM 1 FROM trainings WHERE id IN (SELECT training_id FROM added) ORDER BY id FOR SHARE;
      IF TG_OP = 'INSERT' AND EXISTS (
        SELECT FROM added JOIN trainings t ON t.id = added.training_id WHERE t.voided_at IS NOT NULL
      ) THEN
        RAISE EXCEPTION 'a voided training has no sessions'
          USING ERRCODE = '55000', CONSTRAINT = 'training_is_voided';
      END IF;
      IF EXISTS (
        SELECT FROM added JOIN trainings t ON t.id = added.training_id
        WHERE added.voided_at IS NULL AND added.held_on NOT BETWEEN t.starts_on AND t.ends_on
      ) THEN
        RAISE EXCEPTION 'a session is held while its training lasts'
          USING ERRCODE = '23514', CONSTRAINT = 'held_while_training_lasts';
      END IF;
      IF EXISTS (
        SELECT FROM added JOIN attendances a ON a.session_id = added.id
        WHERE added.voided_at IS NULL AND a.hours > added.hours
      ) THEN
        RAISE EXCEPTION 'somebody attended this session for longer'
          USING ERRCODE = '23514', CONSTRAINT = 'session_covers_attendances';
      END IF;
      RETURN NULL;
    END $$""",
    "check_attendances() RETURNS trigger": f"""{RULE} AS $$
    BEGIN
      PERFORM 1 FROM trainings WHERE id IN (SELECT training_id FROM added) ORDER BY id FOR NO KEY UPDATE;
      IF EXISTS (
        SELECT FROM added JOIN training_sessions s ON s.id = added.session_id JOIN trainings t ON t.id = s.training_id
        WHERE s.voided_at IS NOT NULL OR t.voided_at IS NOT NULL
      ) THEN
        RAISE EXCEPTION 'nobody attends a voided session, or one of a voided training'
          USING ERRCODE = '55000', CONSTRAINT = 'attended_session_stands';
      END IF;
      IF EXISTS (
        SELECT FROM added JOIN enrollments e ON e.id = added.enrollment_id
        WHERE e.status IN ('nominated', 'vetting', 'rejected', 'no_show')
      ) THEN
        RAISE EXCEPTION 'nobody attends on a seat that was never confirmed, or never taken'
          USING ERRCODE = '55000', CONSTRAINT = 'attended_seat_is_confirmed';
      END IF;
      IF EXISTS (
        SELECT FROM added JOIN training_sessions s ON s.id = added.session_id WHERE added.hours > s.hours
      ) THEN
        RAISE EXCEPTION 'nobody attends for longer than the session'
          USING ERRCODE = '23514', CONSTRAINT = 'attended_within_session';
      END IF;
      IF attendees_exceed_headcount(ARRAY(SELECT training_id FROM added)) THEN
        RAISE EXCEPTION 'more attendees than the headcount of the training'
          USING ERRCODE = '23514', CONSTRAINT = 'attendees_above_headcount';
      END IF;
      RETURN NULL;
    END $$""",
    # What a completion was measured by stays, so that it can be checked again.
    "check_course_versions() RETURNS trigger": f"""{RULE} AS $$
    BEGIN
      IF EXISTS (
        SELECT FROM added n JOIN removed o USING (id)
        WHERE (n.course_code, n.label, n.introduced_on, n.designed_hours, n.pass_mark, n.required_share,
               n.language_code)
              IS DISTINCT FROM
              (o.course_code, o.label, o.introduced_on, o.designed_hours, o.pass_mark, o.required_share,
               o.language_code)
          AND EXISTS (
            SELECT FROM trainings t JOIN enrollments e ON e.training_id = t.id
            JOIN completions c ON c.enrollment_id = e.id
            WHERE t.course_version_id = n.id AND t.voided_at IS NULL AND c.voided_at IS NULL
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
        SELECT FROM added JOIN certifications o ON o.id = added.renews_certification_id
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
      PERFORM 1 FROM certifications WHERE id IN (SELECT certification_id FROM added) ORDER BY id FOR NO KEY UPDATE;
      IF EXISTS (
        SELECT FROM added JOIN certifications c ON c.id = added.certification_id
        WHERE added.starts_on < c.issued_on OR added.starts_on >= c.revoked_on OR added.ends_on >= c.revoked_on
      ) THEN
        RAISE EXCEPTION 'a certification is suspended between its issue and its revocation'
          USING ERRCODE = '23514', CONSTRAINT = 'suspended_while_issued';
      END IF;
      IF EXISTS (
        SELECT FROM added n JOIN certification_suspensions o
          ON o.certification_id = n.certification_id AND o.id <> n.id
        WHERE daterange(n.starts_on, n.ends_on, '[]') && daterange(o.starts_on, o.ends_on, '[]')
      ) THEN
        RAISE EXCEPTION 'the suspensions of a certification follow each other'
          USING ERRCODE = '23514', CONSTRAINT = 'suspensions_apart';
      END IF;
      RETURN NULL;
    END $$""",
}
INSERTED = "NEW TABLE AS added"
UPDATED = "OLD TABLE AS removed NEW TABLE AS added"
TRIGGERS = [
    ("seat_changes_keep_rules", "enrollments", "UPDATE", UPDATED, "check_seats"),
    ("voided_completion_returns_seat", "completions", "UPDATE", UPDATED, "return_seats"),
    ("added_training_names_agencies", "trainings", "INSERT", INSERTED, "check_training_agencies"),
    ("changed_training_names_agencies", "trainings", "UPDATE", INSERTED, "check_training_agencies"),
    ("training_changes_keep_rules", "trainings", "UPDATE", UPDATED, "check_training_changes"),
    ("added_session_fits_training", "training_sessions", "INSERT", INSERTED, "check_sessions"),
    ("changed_session_fits_training", "training_sessions", "UPDATE", INSERTED, "check_sessions"),
    ("added_attendance_fits_session", "attendances", "INSERT", INSERTED, "check_attendances"),
    ("changed_attendance_fits_session", "attendances", "UPDATE", INSERTED, "check_attendances"),
    ("completed_version_stays", "course_versions", "UPDATE", UPDATED, "check_course_versions"),
    ("certification_fits_those_before", "certifications", "INSERT", INSERTED, "check_certifications"),
    ("added_suspension_fits_certification", "certification_suspensions", "INSERT", INSERTED, "check_suspensions"),
    ("changed_suspension_fits_certification", "certification_suspensions", "UPDATE", INSERTED, "check_suspensions"),
]
