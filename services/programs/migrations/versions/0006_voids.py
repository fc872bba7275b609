"""What was entered in error: who voided it, when and why. It stays as it was, and a void is for good."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
TABLES = ["partnerships", "reported_figures", "statements"]


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True))
        op.add_column(table, sa.Column("voided_by", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("void_reason", sa.Text(), nullable=True))
        op.create_check_constraint(
            op.f(f"ck_{table}_void_is_whole"), table, "num_nonnulls(voided_at, voided_by, void_reason) IN (0, 3)"
        )
    # A partnership that was an error may be recorded anew.
    op.drop_index("uq_partnerships_agency_program_start", "partnerships")
    op.create_index(
        "uq_partnerships_agency_program_start",
        "partnerships",
        ["agency_code", "program_code", sa.literal_column("(starts ->> 'earliest')")],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("voided_at IS NULL"),
    )
    # A figure that an error superseded may be superseded again: from here on a rule, which looks at both figures.
    op.drop_constraint(op.f("uq_supersessions_superseded_id"), "supersessions")
    op.create_index(op.f("ix_supersessions_superseded_id"), "supersessions", ["superseded_id"], unique=False)
    op.execute(
        "GRANT UPDATE (voided_at, voided_by, void_reason, version, updated_at) ON reported_figures, statements "
        "TO programs_app"
    )
    for rule in RULES:
        op.execute(rule)
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER voided_record_stays BEFORE UPDATE ON {table} "
            "FOR EACH ROW WHEN (OLD.voided_at IS NOT NULL) EXECUTE FUNCTION keep_voided()"
        )


RULES = [
    """
    CREATE FUNCTION keep_voided() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'a voided record stays as it is'
        USING ERRCODE = '55000', CONSTRAINT = 'voided_record_stays';
    END $$
    """,
    # The row of the claim is the lock: of two who void it and rank it, one waits and then sees the other.
    """
    CREATE FUNCTION check_ranked_claim() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM 1 FROM reported_figures WHERE id = NEW.figure_id FOR SHARE;
      PERFORM 1 FROM statements WHERE id = NEW.statement_id FOR SHARE;
      IF EXISTS (SELECT FROM reported_figures WHERE id = NEW.figure_id AND voided_at IS NOT NULL)
         OR EXISTS (SELECT FROM statements WHERE id = NEW.statement_id AND voided_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a voided claim keeps its rank'
          USING ERRCODE = '55000', CONSTRAINT = 'voided_claim_keeps_its_rank';
      END IF;
      RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER claim_is_not_voided AFTER INSERT ON rank_decisions
    FOR EACH ROW EXECUTE FUNCTION check_ranked_claim()
    """,
    # As in 0001, but for the figures that were voided: their rank says nothing.
    """
    CREATE OR REPLACE FUNCTION check_one_preferred() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE decided reported_figures;
    BEGIN
      IF NEW.rank <> 'preferred' OR NEW.figure_id IS NULL THEN RETURN NULL; END IF;
      SELECT * INTO decided FROM reported_figures WHERE id = NEW.figure_id;
      PERFORM 1 FROM series WHERE code = decided.series_code FOR NO KEY UPDATE;
      IF EXISTS (
        SELECT FROM reported_figures f
        WHERE f.series_code = decided.series_code AND f.id <> decided.id AND f.voided_at IS NULL
          AND f.period_start IS NOT DISTINCT FROM decided.period_start
          AND f.period_end IS NOT DISTINCT FROM decided.period_end
          AND (SELECT rank FROM rank_decisions r WHERE r.figure_id = f.id ORDER BY r.id DESC LIMIT 1) = 'preferred'
      ) THEN
        RAISE EXCEPTION 'another figure of this series and period is preferred'
          USING ERRCODE = '23505', CONSTRAINT = 'one_preferred_per_series_and_period';
      END IF;
      RETURN NULL;
    END $$
    """,
    # As in 0001, and: each figure is superseded once by a figure that stands, and no voided one is. The row of the
    # superseded figure is the lock: of two who supersede it, or supersede it and void it, one waits.
    """
    CREATE OR REPLACE FUNCTION check_supersession() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE later reported_figures; earlier reported_figures;
    BEGIN
      PERFORM 1 FROM reported_figures WHERE id = NEW.superseded_id FOR NO KEY UPDATE;
      SELECT * INTO later FROM reported_figures WHERE id = NEW.figure_id;
      SELECT * INTO earlier FROM reported_figures WHERE id = NEW.superseded_id;
      IF earlier.voided_at IS NOT NULL THEN
        RAISE EXCEPTION 'a voided figure is not superseded'
          USING ERRCODE = '55000', CONSTRAINT = 'voided_figure_is_not_superseded';
      END IF;
      IF EXISTS (
        SELECT FROM supersessions s JOIN reported_figures f ON f.id = s.figure_id
        WHERE s.superseded_id = NEW.superseded_id AND s.id <> NEW.id AND f.voided_at IS NULL
      ) THEN
        RAISE EXCEPTION 'a figure is superseded once'
          USING ERRCODE = '23505', CONSTRAINT = 'uq_supersessions_superseded_id';
      END IF;
      IF later.created_at <= earlier.created_at THEN
        RAISE EXCEPTION 'only an earlier figure can be superseded'
          USING ERRCODE = '23514', CONSTRAINT = 'supersedes_an_earlier_figure';
      END IF;
      IF later.series_code <> earlier.series_code AND NEW.reason <> 'scope_change' THEN
        RAISE EXCEPTION 'supersession stays within a series unless the scope changed'
          USING ERRCODE = '23514', CONSTRAINT = 'supersession_stays_in_series';
      END IF;
      IF (SELECT measure_code FROM series WHERE code = later.series_code)
         <> (SELECT measure_code FROM series WHERE code = earlier.series_code) THEN
        RAISE EXCEPTION 'supersession never crosses measures'
          USING ERRCODE = '23514', CONSTRAINT = 'supersession_stays_in_measure';
      END IF;
      RETURN NULL;
    END $$
    """,
]
