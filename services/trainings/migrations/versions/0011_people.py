"""Who is who: links from record to record without circles, what erasing leaves behind, and who may take a seat."""

import sqlalchemy as sa
from alembic import op
from chassis.feed import Captured, capture_table

revision = "0011"
down_revision = "0010"
PEOPLE = Captured(
    "people",
    clear=(
        "id",
        "version",
        "created_at",
        "updated_at",
        "country_code",
        "nationality_code",
        "person_type",
        "sex",
        "birth_precision",
        "unit_id",
        "erased_at",
    ),
    about="ARRAY[r.country_code]",
)


def upgrade() -> None:
    # Why somebody was erased may say anything, so the feed takes a digest of it.
    op.add_column("people", sa.Column("erase_reason", sa.String(), nullable=True))
    op.create_check_constraint(
        op.f("ck_people_erasure_has_reason"), "people", "(erased_at IS NULL) = (erase_reason IS NULL)"
    )
    capture_table(op.get_bind(), PEOPLE)
    # An answer that was kept about somebody who is erased is made unreadable where it lies.
    op.execute("GRANT UPDATE (body) ON idempotency_keys TO trainings_app")
    for statement in (*IDENTITY, *ERASURE, *UNITS, *CLEARANCE):
        op.execute(statement)


# A migration that replaces one of the definers says SECURITY DEFINER again.
DEFINER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
READER = "LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"


IDENTITY = [
    # `canonical_people`, which these call, is one of the counting rules: see 0012.
    # For whoever reads one record: itself where it is not merged, null where the root is not theirs to see.
    f"""
    CREATE FUNCTION canonical_person(of_person uuid) RETURNS uuid {READER} AS $$
    DECLARE
      granted text[] := granted_countries();
      root uuid := of_person;
      above uuid;
    BEGIN
      LOOP
        SELECT m.canonical_person_id INTO above FROM merges m WHERE m.person_id = root AND m.voided_at IS NULL;
        EXIT WHEN above IS NULL;
        root := above;
      END LOOP;
      IF root = of_person THEN RETURN root; END IF;
      RETURN (SELECT p.id FROM people p WHERE p.id = root AND ('*' = ANY (granted) OR p.country_code = ANY (granted)));
    END $$
    """,
    "REVOKE ALL ON FUNCTION canonical_person(uuid) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION canonical_person(uuid) TO trainings_app",
    # One decision at a time: two that close a circle together would each see none. What is proposed follows.
    f"""
    CREATE FUNCTION check_merges() RETURNS trigger {DEFINER} AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended('merges', 0));
      IF EXISTS (
        WITH RECURSIVE way AS (
          SELECT a.person_id AS start, a.canonical_person_id AS at FROM added a WHERE a.voided_at IS NULL
          UNION
          SELECT way.start, m.canonical_person_id FROM way
          JOIN merges m ON m.person_id = way.at AND m.voided_at IS NULL
        )
        SELECT FROM way WHERE way.at = way.start
      ) THEN
        RAISE EXCEPTION 'a record is not merged into one that is merged into it'
          USING ERRCODE = '23514', CONSTRAINT = 'merges_make_no_circle';
      END IF;
      UPDATE duplicate_candidates d
      SET status = CASE WHEN now_one THEN 'merged' WHEN is_erased THEN 'dismissed' ELSE 'open' END,
          version = d.version + 1, updated_at = now()
      FROM (
        SELECT c.id, coalesce(a.canonical_id, c.person_id) = coalesce(b.canonical_id, c.other_person_id) AS now_one,
               EXISTS (
                 SELECT FROM people p WHERE p.id IN (c.person_id, c.other_person_id) AND p.erased_at IS NOT NULL
               ) AS is_erased
        FROM duplicate_candidates c
        LEFT JOIN canonical_people() a ON a.person_id = c.person_id
        LEFT JOIN canonical_people() b ON b.person_id = c.other_person_id
        WHERE c.status IN ('open', 'merged')
      ) found
      WHERE found.id = d.id AND (d.status = 'merged') <> now_one;
      RETURN NULL;
    END $$
    """,
    "REVOKE ALL ON FUNCTION check_merges() FROM PUBLIC",
    """
    CREATE TRIGGER check_added_merges AFTER INSERT ON merges
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_merges()
    """,
    """
    CREATE TRIGGER check_changed_merges AFTER UPDATE ON merges
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_merges()
    """,
    # Who have one document are proposed as one, whoever may see whom: the other is not told of to somebody without the
    # grant, and the proposal is there for whoever has both.
    f"""
    CREATE FUNCTION propose_document_holders() RETURNS trigger {DEFINER} AS $$
    BEGIN
      IF EXISTS (
        SELECT FROM added a JOIN people p ON p.id = a.person_id
        WHERE p.erased_at IS NOT NULL AND a.number_mark IS NOT NULL
      ) THEN
        RAISE EXCEPTION 'nothing is recorded of somebody who was erased'
          USING ERRCODE = '55000', CONSTRAINT = 'erased_person_has_no_document';
      END IF;
      INSERT INTO duplicate_candidates (person_id, other_person_id, score, band, reasons)
      SELECT DISTINCT least(a.person_id, d.person_id), greatest(a.person_id, d.person_id), 9, 'likely_same',
             ARRAY['identity document is the same']
      FROM added a
      JOIN identity_documents d ON d.issuer_country_code = a.issuer_country_code AND d.type = a.type
        AND d.number_mark = a.number_mark AND d.person_id <> a.person_id AND d.voided_at IS NULL
      LEFT JOIN canonical_people() one ON one.person_id = a.person_id
      LEFT JOIN canonical_people() other ON other.person_id = d.person_id
      WHERE coalesce(one.canonical_id, a.person_id) <> coalesce(other.canonical_id, d.person_id)
      ORDER BY 1, 2
      ON CONFLICT (person_id, other_person_id) DO UPDATE
      SET status = 'open', score = greatest(duplicate_candidates.score, 9), band = 'likely_same',
          reasons = CASE WHEN excluded.reasons <@ duplicate_candidates.reasons THEN duplicate_candidates.reasons
                         ELSE duplicate_candidates.reasons || excluded.reasons END,
          version = duplicate_candidates.version + 1, updated_at = now();
      RETURN NULL;
    END $$
    """,
    "REVOKE ALL ON FUNCTION propose_document_holders() FROM PUBLIC",
    """
    CREATE TRIGGER propose_document_holders AFTER INSERT ON identity_documents
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION propose_document_holders()
    """,
]
ERASURE = [
    """
    CREATE FUNCTION keep_erased() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'somebody who was erased stays so'
        USING ERRCODE = '55000', CONSTRAINT = 'erased_person_stays';
    END $$
    """,
    """
    CREATE TRIGGER erased_person_stays BEFORE UPDATE ON people
    FOR EACH ROW WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION keep_erased()
    """,
    # With the row of a person goes what other rows hold of them, by whatever way the row is changed.
    f"""
    CREATE FUNCTION forget_erased() RETURNS trigger {DEFINER} AS $$
    DECLARE
      erased uuid[] := ARRAY(
        SELECT a.id FROM added a JOIN removed r ON r.id = a.id WHERE a.erased_at IS NOT NULL AND r.erased_at IS NULL
      );
    BEGIN
      IF erased = '{{}}' THEN RETURN NULL; END IF;
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
    END $$
    """,
    "REVOKE ALL ON FUNCTION forget_erased() FROM PUBLIC",
    """
    CREATE TRIGGER forget_erased AFTER UPDATE ON people
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION forget_erased()
    """,
    # A voided record stays as it is, but for what erasing takes away.
    "DROP TRIGGER voided_record_stays ON identity_documents",
    """
    CREATE TRIGGER voided_record_stays BEFORE UPDATE ON identity_documents
    FOR EACH ROW WHEN (OLD.voided_at IS NOT NULL AND NOT (
      num_nonnulls(NEW.number_mark, NEW.last_characters) = 0
      AND (NEW.id, NEW.person_id, NEW.type, NEW.issuer_country_code, NEW.voided_at, NEW.voided_by, NEW.void_reason)
        IS NOT DISTINCT FROM
          (OLD.id, OLD.person_id, OLD.type, OLD.issuer_country_code, OLD.voided_at, OLD.voided_by, OLD.void_reason)
    )) EXECUTE FUNCTION keep_voided()
    """,
    "DROP TRIGGER voided_record_stays ON instructor_assignments",
    """
    CREATE TRIGGER voided_record_stays BEFORE UPDATE ON instructor_assignments
    FOR EACH ROW WHEN (OLD.voided_at IS NOT NULL AND NOT (
      NEW.note IS NULL
      AND (NEW.id, NEW.training_id, NEW.person_id, NEW.role, NEW.voided_at, NEW.voided_by, NEW.void_reason)
        IS NOT DISTINCT FROM
          (OLD.id, OLD.training_id, OLD.person_id, OLD.role, OLD.voided_at, OLD.voided_by, OLD.void_reason)
    )) EXECUTE FUNCTION keep_voided()
    """,
]
UNITS = [
    f"""
    CREATE FUNCTION check_units() RETURNS trigger {DEFINER} AS $$
    BEGIN
      IF NOT EXISTS (SELECT FROM added WHERE parent_id IS NOT NULL) THEN RETURN NULL; END IF;
      PERFORM pg_advisory_xact_lock(hashtextextended('units', 0));
      IF EXISTS (
        WITH RECURSIVE way AS (
          SELECT a.id AS start, a.parent_id AS at FROM added a WHERE a.parent_id IS NOT NULL
          UNION
          SELECT way.start, u.parent_id FROM way JOIN units u ON u.id = way.at AND u.parent_id IS NOT NULL
        )
        SELECT FROM way WHERE way.at = way.start
      ) THEN
        RAISE EXCEPTION 'a unit is not part of one that is part of it'
          USING ERRCODE = '23514', CONSTRAINT = 'units_make_no_circle';
      END IF;
      RETURN NULL;
    END $$
    """,
    "REVOKE ALL ON FUNCTION check_units() FROM PUBLIC",
    """
    CREATE TRIGGER check_added_units AFTER INSERT ON units
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_units()
    """,
    """
    CREATE TRIGGER check_changed_units AFTER UPDATE ON units
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_units()
    """,
]
# Read with the rights of whoever asks: what they may not see is not cleared.
CLEARANCE = [
    # Of a person the vetting of each record of theirs counts, whichever of them it was recorded for.
    """
    CREATE FUNCTION records_of_person(of_person uuid) RETURNS uuid[] LANGUAGE sql STABLE
    SET search_path = pg_catalog, public, pg_temp AS $$
      WITH RECURSIVE mine AS (
        SELECT of_person AS id
        UNION
        SELECT CASE WHEN m.person_id = mine.id THEN m.canonical_person_id ELSE m.person_id END
        FROM mine JOIN merges m ON m.person_id = mine.id OR m.canonical_person_id = mine.id
        WHERE m.voided_at IS NULL
      )
      SELECT array_agg(id) FROM mine
    $$
    """,
    """
    CREATE FUNCTION clearance_fault(who text, of_people uuid[], of_unit uuid, on_day date) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    DECLARE
      last vetting_records;
    BEGIN
      SELECT * INTO last FROM vetting_records v
      WHERE (v.person_id = ANY (of_people) OR v.unit_id = of_unit) AND v.voided_at IS NULL
        AND v.result IN ('approved', 'rejected', 'suspended') AND v.result_on <= on_day
      ORDER BY v.result_on DESC, v.created_at DESC, v.id DESC LIMIT 1;
      IF last.id IS NULL THEN
        RETURN format('%s has no clearance by %s.', who, to_char(on_day, 'FMDD FMMonth YYYY'));
      END IF;
      IF last.result <> 'approved' THEN
        RETURN format('%s has no clearance: the last vetting was %s on %s.', who, last.result,
                      to_char(last.result_on, 'FMDD FMMonth YYYY'));
      END IF;
      IF last.valid_until < on_day THEN
        RETURN format('%s has a clearance until %s only, not on %s.', who, to_char(last.valid_until, 'FMDD FMMonth YYYY'),
                      to_char(on_day, 'FMDD FMMonth YYYY'));
      END IF;
      RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION clearance_faults(of_person uuid, of_unit uuid, on_day date) RETURNS text[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    DECLARE
      unit units;
      faults text[] := ARRAY[clearance_fault('The person', records_of_person(of_person), NULL, on_day)];
    BEGIN
      IF of_unit IS NOT NULL THEN
        SELECT * INTO unit FROM units u WHERE u.id = of_unit;
        -- Of a unit that is not to be seen nobody can say that it needs none.
        IF unit.is_security_force OR unit.id IS NULL THEN
          faults := faults || clearance_fault('The unit', NULL, of_unit, on_day);
          IF unit.commander_person_id IS NOT NULL THEN
            faults := faults || clearance_fault('The unit''s commander',
                                                records_of_person(unit.commander_person_id), NULL, on_day);
          END IF;
        END IF;
      END IF;
      RETURN array_remove(faults, NULL);
    END $$
    """,
    *(
        f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC"
        for function in (
            "records_of_person(uuid)",
            "clearance_fault(text, uuid[], uuid, date)",
            "clearance_faults(uuid, uuid, date)",
        )
    ),
    *(
        f"GRANT EXECUTE ON FUNCTION {function} TO trainings_app"
        for function in (
            "records_of_person(uuid)",
            "clearance_fault(text, uuid[], uuid, date)",
            "clearance_faults(uuid, uuid, date)",
        )
    ),
]
