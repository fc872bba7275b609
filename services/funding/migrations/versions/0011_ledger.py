"""The rules of the ledger: who may post, what an entry may be, and balances that hold for every day."""

import sqlalchemy as sa
from alembic import op
from chassis.feed import Captured, capture_table
from chassis.known import show_known

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "entry_proposals",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("fund_line_code", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("effective_date", sa.Date(), nullable=False),
        sa.Column("agreement_line_id", sa.Uuid(), nullable=True),
        sa.Column("adjusts_entry_id", sa.Uuid(), nullable=True),
        sa.Column("reverses_entry_id", sa.Uuid(), nullable=True),
        sa.Column("commitment_entry_id", sa.Uuid(), nullable=True),
        sa.Column("document_reference", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("proposer_id", sa.String(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("decider_id", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decline_reason", sa.String(), nullable=True),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_entry_proposals_kind_known")),
        sa.CheckConstraint(
            "status IN ('proposed', 'posted', 'declined')", name=op.f("ck_entry_proposals_status_known")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_entry_proposals_amount_positive")),
        sa.CheckConstraint("currency = 'USD'", name=op.f("ck_entry_proposals_in_dollars")),
        sa.CheckConstraint(
            "num_nonnulls(decider_id, decided_by, decided_at) = CASE status WHEN 'proposed' THEN 0 ELSE 3 END",
            name=op.f("ck_entry_proposals_decision_is_whole"),
        ),
        sa.CheckConstraint(
            "status <> 'posted' OR decider_id <> proposer_id", name=op.f("ck_entry_proposals_posted_by_another")
        ),
        sa.ForeignKeyConstraint(
            ["fund_line_code"], ["fund_lines.code"], name=op.f("fk_entry_proposals_fund_line_code")
        ),
        sa.ForeignKeyConstraint(
            ["agreement_line_id", "fund_line_code"],
            ["agreement_lines.id", "agreement_lines.fund_line_code"],
            name=op.f("fk_entry_proposals_agreement_line_id_fund_line_code"),
        ),
        *(
            sa.ForeignKeyConstraint([column], ["ledger_entries.id"], name=op.f(f"fk_entry_proposals_{column}"))
            for column in ENTRY_REFERENCES
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_proposals")),
    )
    op.create_index(op.f("ix_entry_proposals_fund_line_code"), "entry_proposals", ["fund_line_code"])

    # Without defaults: nothing is rewritten. An entry from before is of no agreement, and was posted by itself.
    for name in ("agreement_line_id", *ENTRY_REFERENCES, "proposal_id"):
        op.add_column("ledger_entries", sa.Column(name, sa.Uuid(), nullable=True))
    op.add_column("ledger_entries", sa.Column("closes_stage", sa.String(), nullable=True))
    op.drop_constraint("ck_ledger_entries_kind_known", "ledger_entries")
    op.create_check_constraint(op.f("ck_ledger_entries_kind_known"), "ledger_entries", f"kind IN ({KINDS})")
    op.create_check_constraint(
        op.f("ck_ledger_entries_closes_a_stage"),
        "ledger_entries",
        "CASE kind WHEN 'cancellation_close' THEN closes_stage IS NOT NULL AND closes_stage IN "
        "('allotted', 'committed', 'obligated', 'sub_obligated') ELSE closes_stage IS NULL END",
    )
    op.create_check_constraint(
        op.f("ck_ledger_entries_refers_once"),
        "ledger_entries",
        "num_nonnulls(adjusts_entry_id, reverses_entry_id) <= 1",
    )
    op.create_foreign_key(
        op.f("fk_ledger_entries_agreement_line_id_fund_line_code"),
        "ledger_entries",
        "agreement_lines",
        ["agreement_line_id", "fund_line_code"],
        ["id", "fund_line_code"],
    )
    for column in ENTRY_REFERENCES:
        op.create_foreign_key(op.f(f"fk_ledger_entries_{column}"), "ledger_entries", "ledger_entries", [column], ["id"])
    op.create_foreign_key(
        op.f("fk_ledger_entries_proposal_id"), "ledger_entries", "entry_proposals", ["proposal_id"], ["id"]
    )
    op.create_index(op.f("ix_ledger_entries_agreement_line_id"), "ledger_entries", ["agreement_line_id"])
    op.create_index(op.f("ix_ledger_entries_adjusts_entry_id"), "ledger_entries", ["adjusts_entry_id"])
    # Reversed once.
    op.create_index(
        op.f("uq_ledger_entries_reverses_entry_id"),
        "ledger_entries",
        ["reverses_entry_id"],
        unique=True,
        postgresql_where=sa.text("reverses_entry_id IS NOT NULL"),
    )
    # Posted once: a proposal is one entry of its kind, or one closing of each stage of each line.
    op.create_index(
        op.f("uq_ledger_entries_proposal_id"),
        "ledger_entries",
        ["proposal_id", "kind", "closes_stage", "agreement_line_id"],
        unique=True,
        postgresql_where=sa.text("proposal_id IS NOT NULL"),
        postgresql_nulls_not_distinct=True,
    )

    connection = op.get_bind()
    for table in ("entry_proposals", "ledger_entries"):
        capture_table(connection, Captured(table))
        show_known(connection, table)
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (status, decider_id, decided_by, decided_at, decline_reason, version, updated_at) "
        "ON entry_proposals TO funding_app"
    )
    op.execute(f"CREATE VIEW ledger_movements WITH (security_invoker = true) AS {MOVEMENTS}")
    op.execute("GRANT SELECT ON ledger_movements TO funding_app")
    for function, body in FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {function} {body}")
        op.execute(f"REVOKE ALL ON FUNCTION {function.split(' RETURNS')[0]} FROM PUBLIC")
    for name, table, operation, transition, function in TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {name} AFTER {operation} ON {table} REFERENCING {transition} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )


KINDS = (
    "'appropriation', 'allotment', 'allotment_withdrawal', 'commitment', 'commitment_release', 'obligation', "
    "'upward_adjustment', 'deobligation', 'sub_obligation', 'sub_deobligation', 'disbursement', 'refund', "
    "'cancellation_close'"
)
ENTRY_REFERENCES = ("adjusts_entry_id", "reverses_entry_id", "commitment_entry_id")
# What each entry moves, which way, and on which entry it hangs: a reversal moves back what it reverses.
MOVEMENTS = """
    SELECT e.id, e.fund_line_code, e.agreement_line_id, coalesce(l.parent_line_id, l.id) AS bulk_line_id,
           l.agreement_code, e.effective_date, coalesce(e.closes_stage, k.stage) AS stage,
           CASE WHEN e.reverses_entry_id IS NULL THEN k.sign ELSE -k.sign END * e.amount AS moved,
           coalesce(e.adjusts_entry_id, r.adjusts_entry_id, r.id, e.id) AS root_id, e.currency
    FROM ledger_entries e
    JOIN (VALUES ('appropriation', 'appropriated', 1), ('allotment', 'allotted', 1),
                 ('allotment_withdrawal', 'allotted', -1), ('commitment', 'committed', 1),
                 ('commitment_release', 'committed', -1), ('obligation', 'obligated', 1),
                 ('upward_adjustment', 'obligated', 1), ('deobligation', 'obligated', -1),
                 ('sub_obligation', 'sub_obligated', 1), ('sub_deobligation', 'sub_obligated', -1),
                 ('disbursement', 'disbursed', 1), ('refund', 'disbursed', -1),
                 ('cancellation_close', NULL, -1)) k (kind, stage, sign) ON k.kind = e.kind
    LEFT JOIN agreement_lines l ON l.id = e.agreement_line_id
    LEFT JOIN ledger_entries r ON r.id = e.reverses_entry_id
"""
DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
RULE = f"LANGUAGE plpgsql {DEFINER}"
FOUND = "RETURNS TABLE (rule text, subject text, day date, amounts jsonb) LANGUAGE sql STABLE"


def total(stage: str) -> str:
    """What a day moves in a stage."""
    return f"coalesce(sum(m.moved) FILTER (WHERE m.stage = '{stage}'), 0) AS {stage}"


def raised(breach: str) -> str:
    """Refuse by the first breach that a query finds, as rule, subject, day and amounts."""
    return f"""
      SELECT * INTO breach FROM {breach} LIMIT 1;
      IF FOUND THEN
        RAISE EXCEPTION '%: % on %: %', breach.rule, breach.subject, breach.day, breach.amounts
          USING ERRCODE = '23514', CONSTRAINT = 'ledger_' || lower(breach.rule),
                DETAIL = jsonb_build_object('rule', breach.rule, 'subject', breach.subject, 'day', breach.day,
                                            'amounts', breach.amounts)::text;
      END IF;"""


# What a new entry may be, by itself. `of_line`: the entries are those of a fund line whose account was set just now, of
# which only what follows from the account is asked.
ENTRY_BREACH = """
  SELECT found.rule, found.code, found.effective_date, found.amounts FROM (
    SELECT e.id, e.fund_line_code AS code, e.effective_date,
      jsonb_build_object('kind', e.kind, 'amount', e.amount::text, 'currency', e.currency,
        'available_from', a.available_from, 'available_to', a.available_to, 'cancels_on', a.cancels_on,
        'agreement', g.code, 'signed_on', greatest(g.awarding_signed_on, g.recipient_signed_on),
        'status', g.status) AS amounts,
      CASE
        WHEN g.type = 'mou' THEN 'F11'
        WHEN a.code IS NULL THEN NULL
        WHEN e.currency <> 'USD' THEN 'F10'
        WHEN (e.kind = 'cancellation_close') <> coalesce(e.effective_date >= a.cancels_on, false) THEN 'F7'
        WHEN e.reverses_entry_id IS NULL AND (
          (e.effective_date > a.available_to AND e.kind IN ('appropriation', 'allotment', 'commitment', 'obligation'))
          OR (e.kind = 'upward_adjustment' AND e.adjusts_entry_id IS NULL)
        ) THEN 'F6'
        WHEN e.effective_date < a.available_from AND e.kind NOT IN ('appropriation', 'allotment') THEN 'F12'
        WHEN of_line THEN NULL
        WHEN e.kind IN ('obligation', 'upward_adjustment', 'sub_obligation')
          AND e.effective_date < greatest(g.awarding_signed_on, g.recipient_signed_on) THEN 'F12'
        WHEN e.reverses_entry_id IS NULL AND e.kind IN ('obligation', 'sub_obligation')
          AND g.status NOT IN ('signed', 'active') THEN 'F12'
      END AS rule
    FROM ledger_entries e
    JOIN fund_lines f ON f.code = e.fund_line_code
    LEFT JOIN treasury_accounts a ON a.code = f.treasury_account_code
    LEFT JOIN agreement_lines l ON l.id = e.agreement_line_id
    LEFT JOIN agreements g ON g.code = l.agreement_code
    WHERE e.id = ANY (entries)
  ) found
  WHERE found.rule IS NOT NULL ORDER BY found.effective_date, found.id LIMIT 1
"""
# Balances of fund lines and agreements, for every day on which anything moves.
BALANCE_BREACH = f"""
  WITH moves AS MATERIALIZED (
    SELECT v.* FROM ledger_movements v WHERE v.fund_line_code = ANY (lines)
  ), controlled AS (
    SELECT f.code, a.cancels_on FROM fund_lines f JOIN treasury_accounts a ON a.code = f.treasury_account_code
    WHERE f.code = ANY (lines)
  ), line_days AS (
    SELECT c.code, c.cancels_on, m.effective_date AS day, {total("allotted")}, {total("committed")},
           {total("obligated")}, {total("disbursed")}
    FROM moves m JOIN controlled c ON c.code = m.fund_line_code GROUP BY c.code, c.cancels_on, m.effective_date
  ), line_sums AS (
    SELECT code, cancels_on, day, sum(allotted) OVER w AS allotted, sum(committed) OVER w AS committed,
           sum(obligated) OVER w AS obligated, sum(disbursed) OVER w AS disbursed
    FROM line_days WINDOW w AS (PARTITION BY code ORDER BY day)
  ), shares AS (
    SELECT m.fund_line_code AS code, m.agreement_line_id AS line_id, m.effective_date AS day,
           CASE WHEN m.stage IN ('obligated', 'sub_obligated') THEN m.moved ELSE 0 END AS bound,
           CASE WHEN m.stage = 'disbursed' THEN m.moved ELSE 0 END AS paid, 0 AS charged
    FROM moves m
    UNION ALL
    SELECT m.fund_line_code, m.bulk_line_id, m.effective_date, 0,
           CASE WHEN m.stage = 'disbursed' THEN m.moved ELSE 0 END,
           CASE WHEN m.stage = 'sub_obligated' THEN m.moved ELSE 0 END
    FROM moves m WHERE m.bulk_line_id <> m.agreement_line_id
  ), share_days AS (
    SELECT s.code, c.cancels_on, s.line_id, s.day, sum(s.bound) AS bound, sum(s.paid) AS paid, sum(s.charged) AS charged
    FROM shares s JOIN controlled c ON c.code = s.code GROUP BY s.code, c.cancels_on, s.line_id, s.day
  ), share_sums AS (
    SELECT d.code, d.cancels_on, d.day, coalesce(l.agreement_code || ' line ' || l.number, d.code) AS subject,
           sum(d.bound) OVER w AS bound, sum(d.paid) OVER w AS paid, sum(d.charged) OVER w AS charged
    FROM share_days d LEFT JOIN agreement_lines l ON l.id = d.line_id
    WINDOW w AS (PARTITION BY d.code, d.line_id ORDER BY d.day)
  ), ceiling_days AS (
    SELECT moved.code, moved.day, sum(moved.bound) AS bound, sum(moved.raised) AS raised FROM (
      SELECT l.agreement_code AS code, m.effective_date AS day,
             CASE WHEN m.stage IN ('obligated', 'sub_obligated') THEN m.moved ELSE 0 END AS bound, 0 AS raised
      FROM agreement_lines l JOIN ledger_movements m ON m.agreement_line_id = l.id
      WHERE l.agreement_code = ANY (of_agreements)
      UNION ALL
      SELECT agreement_code, signed_on, 0,
             CASE kind WHEN 'ceiling_increase' THEN amount WHEN 'ceiling_decrease' THEN -amount ELSE 0 END
      FROM agreement_amendments WHERE agreement_code = ANY (of_agreements)
    ) moved GROUP BY moved.code, moved.day
  ), ceiling_sums AS (
    SELECT d.code, d.day, sum(d.bound) OVER w AS bound, g.ceiling + sum(d.raised) OVER w AS ceiling
    FROM ceiling_days d JOIN agreements g ON g.code = d.code WHERE g.ceiling IS NOT NULL
    WINDOW w AS (PARTITION BY d.code ORDER BY d.day)
  ), root_sums AS (
    SELECT m.root_id, m.effective_date AS day, m.fund_line_code AS code,
           sum(m.moved) OVER (PARTITION BY m.root_id ORDER BY m.effective_date) AS left_over,
           bool_or(m.id = m.root_id AND m.moved < 0) OVER (PARTITION BY m.root_id) AS takes_away
    FROM moves m
  )
  SELECT found.rule, found.subject, found.day, found.amounts FROM (
    SELECT 'F1' AS rule, code AS subject, day, jsonb_build_object('allotted', allotted::text,
             'committed', committed::text, 'obligated', obligated::text) AS amounts
    FROM line_sums WHERE allotted < committed + obligated OR committed < 0
    UNION ALL
    SELECT 'F2', code, day, jsonb_build_object('obligated', obligated::text, 'disbursed', disbursed::text)
    FROM line_sums WHERE obligated < disbursed OR disbursed < 0
    UNION ALL
    SELECT 'F3', subject, day, jsonb_build_object('obligated', bound::text, 'disbursed', paid::text)
    FROM share_sums WHERE bound < paid OR paid < 0
    UNION ALL
    SELECT 'F3', code, day, jsonb_build_object('obligated', bound::text, 'ceiling', ceiling::text)
    FROM ceiling_sums WHERE bound > ceiling
    UNION ALL
    SELECT 'F4', subject, day, jsonb_build_object('obligated', bound::text, 'sub_obligated', charged::text)
    FROM share_sums WHERE charged > bound
    UNION ALL
    SELECT 'F7', code, day, jsonb_build_object('allotted', allotted::text, 'committed', committed::text,
             'obligated', obligated::text, 'disbursed', disbursed::text)
    FROM line_sums
    WHERE day >= cancels_on AND (allotted <> disbursed OR obligated <> disbursed OR committed <> 0)
    UNION ALL
    SELECT 'F7', subject, day, jsonb_build_object('obligated', bound::text, 'disbursed', paid::text)
    FROM share_sums WHERE day >= cancels_on AND bound <> paid
    UNION ALL
    SELECT 'F9', code, day, jsonb_build_object('entry', root_id, 'left', left_over::text)
    FROM root_sums WHERE left_over < 0 AND NOT takes_away
  ) found
  ORDER BY found.rule, found.day, found.subject LIMIT 1
"""
FUNCTIONS = {
    f"ledger_entry_breach(entries uuid[], of_line boolean) {FOUND}": f"AS $$ {ENTRY_BREACH} $$",
    f"ledger_breach(lines text[], of_agreements text[]) {FOUND}": f"AS $$ {BALANCE_BREACH} $$",
    # Fund lines are locked first, then lines of agreements, then agreements, each in the order of their ids: of two who
    # write at once the second sees the first, and neither waits for the other. A line without an account is only kept
    # from getting one meanwhile.
    "check_ledger_entries() RETURNS trigger": f"""{RULE} AS $$
    DECLARE
      breach record;
      held text[] := ARRAY(SELECT DISTINCT f.code FROM added JOIN fund_lines f ON f.code = added.fund_line_code
                           WHERE f.treasury_account_code IS NOT NULL
                             OR num_nonnulls(added.adjusts_entry_id, added.reverses_entry_id) > 0);
      bound text[];
    BEGIN
      PERFORM FROM fund_lines WHERE code = ANY (held) ORDER BY id FOR NO KEY UPDATE;
      PERFORM FROM fund_lines WHERE code IN (SELECT fund_line_code FROM added) AND code <> ALL (held)
      ORDER BY id FOR SHARE;
      IF EXISTS (
        SELECT FROM added JOIN fund_lines f ON f.code = added.fund_line_code
        WHERE f.treasury_account_code IS NOT NULL AND f.code <> ALL (held)
      ) THEN
        RAISE EXCEPTION 'the account of the fund line was set meanwhile' USING ERRCODE = '40001';
      END IF;
      PERFORM FROM agreement_lines WHERE id IN (
        SELECT agreement_line_id FROM added
        UNION SELECT l.parent_line_id FROM added JOIN agreement_lines l ON l.id = added.agreement_line_id
      ) ORDER BY id FOR NO KEY UPDATE;
      bound := ARRAY(
        SELECT DISTINCT b.agreement_code FROM added JOIN agreement_lines l ON l.id = added.agreement_line_id
        JOIN agreement_lines b ON b.id IN (l.id, l.parent_line_id));
      PERFORM FROM agreements WHERE code = ANY (bound) ORDER BY id FOR NO KEY UPDATE;

      {raised("ledger_entry_breach(ARRAY(SELECT id FROM added), false)")}
      IF cardinality(held) = 0 THEN RETURN NULL; END IF;

      IF EXISTS (
        SELECT FROM added
        JOIN fund_lines f ON f.code = added.fund_line_code AND f.treasury_account_code IS NOT NULL
        LEFT JOIN entry_proposals p ON p.id = added.proposal_id
        WHERE p.id IS NULL OR p.status <> 'posted' OR p.proposer_id = p.decider_id
          OR p.decider_id <> current_setting('app.subject')
          OR (p.fund_line_code, p.effective_date) <> (added.fund_line_code, added.effective_date)
          OR NOT CASE p.kind
            WHEN 'cancellation_close' THEN added.kind = 'cancellation_close'
            ELSE (added.amount = p.amount AND added.kind = p.kind
                  AND added.agreement_line_id IS NOT DISTINCT FROM p.agreement_line_id
                  AND added.adjusts_entry_id IS NOT DISTINCT FROM p.adjusts_entry_id
                  AND added.reverses_entry_id IS NOT DISTINCT FROM p.reverses_entry_id
                  AND added.commitment_entry_id IS NOT DISTINCT FROM p.commitment_entry_id)
              OR (added.amount = p.amount AND added.kind = 'commitment_release'
                  AND added.adjusts_entry_id = p.commitment_entry_id)
          END
      ) THEN
        RAISE EXCEPTION 'what one has proposed another posts, as it was proposed'
          USING ERRCODE = '55000', CONSTRAINT = 'posted_by_another';
      END IF;
      IF EXISTS (
        SELECT FROM added JOIN agreement_lines l ON l.id = added.agreement_line_id
        JOIN agreement_lines b ON b.id IN (l.id, l.parent_line_id)
        JOIN agreements g ON g.code = b.agreement_code
        WHERE g.status IN ('closed', 'withdrawn')
          OR (g.status IN ('draft', 'cleared') AND added.kind NOT IN ('commitment', 'commitment_release'))
      ) THEN
        RAISE EXCEPTION 'nothing moves under an agreement that is not signed, withdrawn or closed'
          USING ERRCODE = '55000', CONSTRAINT = 'agreement_in_force';
      END IF;
      IF EXISTS (
        SELECT FROM added
        JOIN fund_lines f ON f.code = added.fund_line_code AND f.treasury_account_code IS NOT NULL
        LEFT JOIN agreement_lines l ON l.id = added.agreement_line_id
        WHERE NOT CASE
          WHEN added.kind IN ('appropriation', 'allotment', 'allotment_withdrawal') THEN l.id IS NULL
          WHEN added.kind IN ('sub_obligation', 'sub_deobligation') THEN l.parent_line_id IS NOT NULL
          WHEN added.kind = 'obligation' THEN l.id IS NOT NULL AND l.parent_line_id IS NULL
          WHEN added.kind IN ('upward_adjustment', 'deobligation') THEN l.parent_line_id IS NULL
          ELSE true
        END
      ) THEN
        RAISE EXCEPTION 'an entry is of a line of an agreement, as its kind asks'
          USING ERRCODE = '23514', CONSTRAINT = 'entry_has_its_line';
      END IF;
      IF EXISTS (
        SELECT FROM added JOIN fund_lines f ON f.code = added.fund_line_code
        LEFT JOIN ledger_entries t ON t.id = added.adjusts_entry_id
        WHERE added.reverses_entry_id IS NULL AND NOT CASE
          WHEN t.id IS NULL THEN f.treasury_account_code IS NULL OR added.kind NOT IN (
            'upward_adjustment', 'deobligation', 'sub_deobligation', 'refund', 'commitment_release')
          ELSE (t.kind, added.kind) IN (
              ('obligation', 'upward_adjustment'), ('obligation', 'deobligation'),
              ('sub_obligation', 'sub_deobligation'), ('disbursement', 'refund'), ('commitment', 'commitment_release'),
              ('allotment', 'allotment_withdrawal'))
            AND t.reverses_entry_id IS NULL AND t.fund_line_code = added.fund_line_code
            AND (t.agreement_line_id IS NOT DISTINCT FROM added.agreement_line_id OR t.kind = 'commitment')
            AND t.currency = added.currency AND t.effective_date <= added.effective_date
        END
      ) THEN
        RAISE EXCEPTION 'an adjustment names the earlier entry of its line that it adjusts'
          USING ERRCODE = '23514', CONSTRAINT = 'adjusts_what_is_there';
      END IF;
      IF EXISTS (
        SELECT FROM added JOIN ledger_entries t ON t.id = added.reverses_entry_id
        WHERE t.reverses_entry_id IS NOT NULL OR t.effective_date > added.effective_date
          OR (t.kind, t.amount, t.currency, t.fund_line_code) <>
             (added.kind, added.amount, added.currency, added.fund_line_code)
          OR (t.agreement_line_id, t.closes_stage) IS DISTINCT FROM (added.agreement_line_id, added.closes_stage)
      ) THEN
        RAISE EXCEPTION 'F9: a reversal takes back one entry, whole, and is not taken back itself'
          USING ERRCODE = '23514', CONSTRAINT = 'reverses_one_entry_whole';
      END IF;
      IF EXISTS (
        SELECT FROM added LEFT JOIN ledger_entries t ON t.id = added.commitment_entry_id
        WHERE added.commitment_entry_id IS NOT NULL AND NOT (
          added.kind = 'obligation' AND t.kind = 'commitment' AND t.fund_line_code = added.fund_line_code AND EXISTS (
            SELECT FROM added r WHERE r.kind = 'commitment_release' AND r.adjusts_entry_id = t.id
              AND r.amount = added.amount AND r.effective_date = added.effective_date
          )
        )
      ) THEN
        RAISE EXCEPTION 'an obligation that draws on a commitment releases as much of it'
          USING ERRCODE = '23514', CONSTRAINT = 'draws_on_a_commitment';
      END IF;
      {raised("ledger_breach(held, bound)")}
      RETURN NULL;
    END $$""",
    "check_ceilings() RETURNS trigger": f"""{RULE} AS $$
    DECLARE
      breach record;
    BEGIN
      {raised("ledger_breach('{}', ARRAY(SELECT DISTINCT agreement_code FROM added))")}
      RETURN NULL;
    END $$""",
    # A fund line that gets its account: from now on the rules hold for all that was ever recorded on it.
    "check_new_accounts() RETURNS trigger": f"""{RULE} AS $$
    DECLARE
      breach record;
      fresh text[] := ARRAY(
        SELECT n.code FROM added n JOIN removed o USING (id)
        WHERE o.treasury_account_code IS NULL AND n.treasury_account_code IS NOT NULL);
    BEGIN
      {raised("ledger_entry_breach(ARRAY(SELECT id FROM ledger_entries WHERE fund_line_code = ANY (fresh)), true)")}
      {raised("ledger_breach(fresh, '{}')")}
      RETURN NULL;
    END $$""",
    "check_closed_agreements() RETURNS trigger": f"""{RULE} AS $$
    BEGIN
      IF EXISTS (
        SELECT FROM added n JOIN removed o USING (id)
        JOIN agreement_lines l ON l.agreement_code = n.code
        JOIN ledger_movements m ON m.bulk_line_id = l.id OR m.agreement_line_id = l.id
        WHERE n.status = 'closed' AND o.status <> 'closed'
        GROUP BY l.id
        HAVING sum(CASE WHEN m.agreement_line_id <> l.id THEN 0 WHEN m.stage IN ('obligated', 'sub_obligated') THEN m.moved
                        ELSE 0 END) <> sum(CASE m.stage WHEN 'disbursed' THEN m.moved ELSE 0 END)
      ) THEN
        RAISE EXCEPTION 'an agreement is closed when nothing obligated under it is left to pay'
          USING ERRCODE = '55000', CONSTRAINT = 'closed_agreement_is_settled';
      END IF;
      RETURN NULL;
    END $$""",
    "check_proposals() RETURNS trigger": f"""{RULE} AS $$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        IF EXISTS (
          SELECT FROM added WHERE status <> 'proposed' OR proposer_id <> current_setting('app.subject')
        ) THEN
          RAISE EXCEPTION 'a proposal is made by whoever proposes it'
            USING ERRCODE = '23514', CONSTRAINT = 'proposed_by_its_proposer';
        END IF;
        RETURN NULL;
      END IF;
      IF EXISTS (
        SELECT FROM added n JOIN removed o USING (id)
        WHERE o.status <> 'proposed' OR n.status = 'proposed' OR n.decider_id <> current_setting('app.subject')
      ) THEN
        RAISE EXCEPTION 'a proposal is decided once, by whoever decides it'
          USING ERRCODE = '55000', CONSTRAINT = 'proposal_is_open';
      END IF;
      RETURN NULL;
    END $$""",
}
BOTH = "OLD TABLE AS removed NEW TABLE AS added"
TRIGGERS = [
    ("entries_added", "ledger_entries", "INSERT", "NEW TABLE AS added", "check_ledger_entries"),
    ("amendments_raise", "agreement_amendments", "INSERT", "NEW TABLE AS added", "check_ceilings"),
    ("fund_lines_get_accounts", "fund_lines", "UPDATE", BOTH, "check_new_accounts"),
    ("agreements_closed", "agreements", "UPDATE", BOTH, "check_closed_agreements"),
    ("proposals_added", "entry_proposals", "INSERT", "NEW TABLE AS added", "check_proposals"),
    ("proposals_decided", "entry_proposals", "UPDATE", BOTH, "check_proposals"),
]
