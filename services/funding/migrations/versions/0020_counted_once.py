"""Awards at any depth are counted once, a fund line gets its account only where two recorded all of it, ends move as said.

F5 looked at the agreement right above, so a task order under a contract under a letter of agreement counted the money of
the letter again. An account could be given to a fund line whose entries one officer had recorded alone.
"""

from alembic import op

revision = "0020"
down_revision = "0019"

RULE = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
# All agreements above those of the lines that were added.
ABOVE = """
        WITH RECURSIVE above AS (
          SELECT added.id, added.parent_line_id, a.type AS own_type, a.parent_code
          FROM added JOIN agreements a ON a.code = added.agreement_code
          UNION
          SELECT above.id, above.parent_line_id, above.own_type, a.parent_code
          FROM above JOIN agreements a ON a.code = above.parent_code
        )
"""
# Of the fund lines that get their account, what was not taken back: a reversal and what it reverses are nothing.
STANDING = """(
          SELECT * FROM ledger_entries x WHERE x.fund_line_code = ANY (fresh) AND x.reverses_entry_id IS NULL
            AND NOT EXISTS (SELECT FROM ledger_entries r WHERE r.reverses_entry_id = x.id)
        ) e"""


FUNCTIONS = [
    f"""
    CREATE OR REPLACE FUNCTION check_agreement_lines() RETURNS trigger {RULE} AS $$
    BEGIN
      PERFORM FROM agreements WHERE code IN (SELECT agreement_code FROM added) ORDER BY id FOR NO KEY UPDATE;
      IF EXISTS (SELECT FROM added JOIN agreements a ON a.code = added.agreement_code WHERE a.type = 'mou') THEN
        RAISE EXCEPTION 'F11: a memorandum of understanding obligates nothing'
          USING ERRCODE = '23514', CONSTRAINT = 'ledger_f11';
      END IF;
      IF EXISTS (
        SELECT FROM added JOIN agreements a ON a.code = added.agreement_code
        WHERE a.status NOT IN ('draft', 'cleared', 'signed', 'active', 'suspended')
      ) THEN
        RAISE EXCEPTION 'an agreement that is over takes no lines'
          USING ERRCODE = '55000', CONSTRAINT = 'agreement_takes_lines';
      END IF;
      IF EXISTS (
        SELECT FROM added JOIN fund_lines f ON f.code = added.fund_line_code WHERE f.treasury_account_code IS NULL
      ) THEN
        RAISE EXCEPTION 'an agreement is paid from a fund line whose account is known'
          USING ERRCODE = '23514', CONSTRAINT = 'agreement_line_is_controlled';
      END IF;
      IF EXISTS (
        {ABOVE}
        SELECT FROM above JOIN agreements a ON a.code = above.parent_code WHERE a.type = 'iaa_632a'
      ) THEN
        RAISE EXCEPTION 'F14: what was transferred is obligated and accounted for by the agency that received it'
          USING ERRCODE = '23514', CONSTRAINT = 'ledger_f14';
      END IF;
      IF EXISTS (
        {ABOVE}
        SELECT FROM above JOIN agreements a ON a.code = above.parent_code
        WHERE a.type IN ('loa', 'amended_loa') AND above.own_type NOT IN ('loa', 'amended_loa')
          AND above.parent_line_id IS NULL
      ) THEN
        RAISE EXCEPTION 'F5: an award under a letter of agreement is charged to one of its lines, not counted again'
          USING ERRCODE = '23514', CONSTRAINT = 'ledger_f5';
      END IF;
      IF EXISTS (
        {ABOVE}
        SELECT FROM added
        JOIN agreements a ON a.code = added.agreement_code
        JOIN agreement_lines l ON l.id = added.parent_line_id
        JOIN agreements p ON p.code = l.agreement_code
        WHERE NOT EXISTS (SELECT FROM above WHERE above.id = added.id AND above.parent_code = p.code)
          OR p.type NOT IN ('loa', 'amended_loa') OR a.type IN ('loa', 'amended_loa') OR l.parent_line_id IS NOT NULL
      ) THEN
        RAISE EXCEPTION 'a line is charged to a line of a letter of agreement that its agreement stands under'
          USING ERRCODE = '23514', CONSTRAINT = 'charged_to_parent';
      END IF;
      RETURN NULL;
    END $$
    """,
    f"""
    CREATE FUNCTION check_account_history() RETURNS trigger {RULE} AS $$
    DECLARE
      fresh text[] := ARRAY(
        SELECT n.code FROM added n JOIN removed o USING (id)
        WHERE o.treasury_account_code IS NULL AND n.treasury_account_code IS NOT NULL);
    BEGIN
      IF EXISTS (
        SELECT FROM {STANDING} LEFT JOIN entry_proposals p ON p.id = e.proposal_id
        -- An import is committed by another than proposed it.
        WHERE p.status IS DISTINCT FROM 'posted' AND e.ledger_import_id IS NULL
      ) THEN
        RAISE EXCEPTION 'entries that one officer recorded alone are of no account'
          USING ERRCODE = '23514', CONSTRAINT = 'account_of_what_two_recorded';
      END IF;
      IF EXISTS (
        SELECT FROM {STANDING}
        WHERE e.agreement_line_id IS NULL AND e.kind IN ('obligation', 'sub_obligation', 'sub_deobligation')
      ) THEN
        RAISE EXCEPTION 'an obligation of an account is of a line of an agreement'
          USING ERRCODE = '23514', CONSTRAINT = 'account_of_entries_with_lines';
      END IF;
      IF EXISTS (
        SELECT FROM {STANDING}
        WHERE e.adjusts_entry_id IS NULL
          AND e.kind IN ('upward_adjustment', 'deobligation', 'sub_deobligation', 'refund', 'commitment_release')
      ) THEN
        RAISE EXCEPTION 'an adjustment of an account names the entry that it adjusts'
          USING ERRCODE = '23514', CONSTRAINT = 'account_of_named_adjustments';
      END IF;
      RETURN NULL;
    END $$
    """,
    f"""
    CREATE FUNCTION check_new_ends() RETURNS trigger {RULE} AS $$
    BEGIN
      IF EXISTS (
        SELECT FROM added JOIN agreements a ON a.code = added.agreement_code
        LEFT JOIN LATERAL (
          SELECT m.ends_on FROM agreement_amendments m
          WHERE m.agreement_code = added.agreement_code AND m.ends_on IS NOT NULL
            AND (m.signed_on, m.number) < (added.signed_on, added.number)
          ORDER BY m.signed_on DESC, m.number DESC LIMIT 1
        ) before ON true
        WHERE (added.kind = 'extension' AND added.ends_on <= coalesce(before.ends_on, a.ends_on))
          OR (added.kind = 'shortening' AND added.ends_on >= coalesce(before.ends_on, a.ends_on))
      ) THEN
        RAISE EXCEPTION 'an extension ends later than what was agreed before, a shortening earlier'
          USING ERRCODE = '23514', CONSTRAINT = 'amends_the_end_as_said';
      END IF;
      RETURN NULL;
    END $$
    """,
    "REVOKE ALL ON FUNCTION check_account_history(), check_new_ends() FROM PUBLIC",
    # Before `fund_lines_get_accounts`, by its name: what two must have recorded is said before what it comes to.
    """
    CREATE TRIGGER fund_lines_come_by_two AFTER UPDATE ON fund_lines REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_account_history()
    """,
    # After `amendments_added`, by its name: that one locks the agreement.
    """
    CREATE TRIGGER amendments_end AFTER INSERT ON agreement_amendments REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_new_ends()
    """,
]


def upgrade() -> None:
    for statement in FUNCTIONS:
        op.execute(statement)
