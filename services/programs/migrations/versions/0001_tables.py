"""Tables, their rules, and what the serving role may do."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "agencies",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("country_code", sa.String(), nullable=True),
        sa.Column("subdivision_code", sa.String(), nullable=True),
        sa.Column("parent_code", sa.Text(collation="C"), nullable=True),
        sa.Column("aliases", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint("country_code ~ '^[A-Z]{2}$'", name=op.f("ck_agencies_country_code_form")),
        sa.CheckConstraint(
            "kind IN ('us_federal', 'us_state', 'us_local', 'host_national', 'host_subnational', 'multilateral', 'ngo', 'think_tank', 'private', 'academia', 'standards_body', 'other')",
            name=op.f("ck_agencies_kind_known"),
        ),
        sa.CheckConstraint("parent_code <> code", name=op.f("ck_agencies_not_its_own_parent")),
        sa.ForeignKeyConstraint(["parent_code"], ["agencies.code"], name=op.f("fk_agencies_parent_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agencies")),
        sa.UniqueConstraint("code", name=op.f("uq_agencies_code")),
    )
    op.create_index(op.f("ix_agencies_parent_code"), "agencies", ["parent_code"], unique=False)
    op.create_table(
        "conflicts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("resolution", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint(
            "status IN ('open', 'resolved', 'resolved_with_caveat', 'note')", name=op.f("ck_conflicts_status_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflicts")),
        sa.UniqueConstraint("code", name=op.f("uq_conflicts_code")),
    )
    op.create_table(
        "coverage_declarations",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("country_code", sa.Text(collation="C"), nullable=False),
        sa.Column("measure_family", sa.String(), nullable=False),
        sa.Column("complete_from", sa.Date(), nullable=False),
        sa.Column("complete_to", sa.Date(), nullable=True),
        sa.Column("declared_by", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.CheckConstraint("country_code ~ '^[A-Z]{2}$'", name=op.f("ck_coverage_declarations_country_code_form")),
        sa.CheckConstraint(
            "measure_family IN ('trainings', 'funding')", name=op.f("ck_coverage_declarations_measure_family_known")
        ),
        sa.CheckConstraint("complete_from <= complete_to", name=op.f("ck_coverage_declarations_window_in_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coverage_declarations")),
    )
    op.create_index(
        op.f("ix_coverage_declarations_country_code"), "coverage_declarations", ["country_code"], unique=False
    )
    op.create_table(
        "measures",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("additivity", sa.String(), nullable=False),
        sa.Column("counting_rule", sa.String(), nullable=False),
        sa.Column("owner_service", sa.String(), nullable=False),
        sa.CheckConstraint(
            "additivity IN ('additive', 'per_dimension', 'non_additive')", name=op.f("ck_measures_additivity_known")
        ),
        sa.CheckConstraint("basis IN ('stock', 'flow', 'cumulative')", name=op.f("ck_measures_basis_known")),
        sa.CheckConstraint("kind IN ('count', 'money', 'ratio', 'rank', 'date')", name=op.f("ck_measures_kind_known")),
        sa.CheckConstraint(
            "owner_service IN ('programs', 'trainings', 'funding')", name=op.f("ck_measures_owner_service_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measures")),
        sa.UniqueConstraint("code", name=op.f("uq_measures_code")),
    )
    op.create_table(
        "programs",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("title", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sector", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("parent_code", sa.Text(collation="C"), nullable=True),
        sa.Column("lead_agency_code", sa.Text(collation="C"), nullable=True),
        sa.Column("subdivision_code", sa.String(), nullable=True),
        sa.Column("scope", sa.String(), nullable=True),
        sa.Column("starts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("ends", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("(ends ->> 'earliest') <= (ends ->> 'latest')", name=op.f("ck_programs_ends_in_order")),
        sa.CheckConstraint(
            "(starts ->> 'earliest') <= (starts ->> 'latest')", name=op.f("ck_programs_starts_in_order")
        ),
        sa.CheckConstraint("kind IN ('country', 'regional')", name=op.f("ck_programs_kind_known")),
        sa.CheckConstraint("sector IN ('corrections', 'justice', 'police')", name=op.f("ck_programs_sector_known")),
        sa.CheckConstraint(
            "status IN ('proposed', 'active', 'suspended', 'closing', 'closed')", name=op.f("ck_programs_status_known")
        ),
        sa.CheckConstraint("parent_code <> code", name=op.f("ck_programs_not_its_own_parent")),
        sa.ForeignKeyConstraint(["lead_agency_code"], ["agencies.code"], name=op.f("fk_programs_lead_agency_code")),
        sa.ForeignKeyConstraint(["parent_code"], ["programs.code"], name=op.f("fk_programs_parent_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programs")),
        sa.UniqueConstraint("code", name=op.f("uq_programs_code")),
    )
    op.create_index(op.f("ix_programs_lead_agency_code"), "programs", ["lead_agency_code"], unique=False)
    op.create_index(op.f("ix_programs_parent_code"), "programs", ["parent_code"], unique=False)
    op.create_table(
        "sources",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("title", sa.Text(collation="C"), nullable=False),
        sa.Column("publisher", sa.String(), nullable=False),
        sa.Column("publisher_agency_code", sa.Text(collation="C"), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("retrieved_on", sa.Date(), nullable=True),
        sa.Column("as_of_earliest", sa.Date(), nullable=False),
        sa.Column("as_of_latest", sa.Date(), nullable=True),
        sa.Column("as_of_best", sa.String(), nullable=True),
        sa.Column("confidence", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=True),
        sa.CheckConstraint("confidence IN ('low', 'medium', 'high')", name=op.f("ck_sources_confidence_known")),
        sa.CheckConstraint(
            "kind IN ('web_page', 'brochure', 'report', 'press_release', 'cable', 'agreement', 'other')",
            name=op.f("ck_sources_kind_known"),
        ),
        sa.CheckConstraint("as_of_earliest <= as_of_latest", name=op.f("ck_sources_as_of_in_order")),
        sa.ForeignKeyConstraint(
            ["publisher_agency_code"], ["agencies.code"], name=op.f("fk_sources_publisher_agency_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("code", name=op.f("uq_sources_code")),
    )
    op.create_index(op.f("ix_sources_publisher_agency_code"), "sources", ["publisher_agency_code"], unique=False)
    op.create_table(
        "partnerships",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("agency_code", sa.Text(collation="C"), nullable=False),
        sa.Column("program_code", sa.Text(collation="C"), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("starts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("ends", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("scope", sa.String(), nullable=True),
        sa.Column("instrument", sa.String(), nullable=True),
        sa.Column("source_code", sa.Text(collation="C"), nullable=True),
        sa.Column("locator", sa.String(), nullable=True),
        sa.CheckConstraint("(ends ->> 'earliest') <= (ends ->> 'latest')", name=op.f("ck_partnerships_ends_in_order")),
        sa.CheckConstraint(
            "(starts ->> 'earliest') <= (starts ->> 'latest')", name=op.f("ck_partnerships_starts_in_order")
        ),
        sa.CheckConstraint(
            "roles <@ ARRAY['funder', 'accountable', 'trainer', 'host_agency', 'sending_agency', 'adviser_provider', 'certifier', 'recipient', 'co_sponsor', 'standards_body']",
            name=op.f("ck_partnerships_roles_known"),
        ),
        sa.CheckConstraint("cardinality(roles) > 0", name=op.f("ck_partnerships_has_a_role")),
        sa.ForeignKeyConstraint(["agency_code"], ["agencies.code"], name=op.f("fk_partnerships_agency_code")),
        sa.ForeignKeyConstraint(["program_code"], ["programs.code"], name=op.f("fk_partnerships_program_code")),
        sa.ForeignKeyConstraint(["source_code"], ["sources.code"], name=op.f("fk_partnerships_source_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partnerships")),
    )
    op.create_index(op.f("ix_partnerships_agency_code"), "partnerships", ["agency_code"], unique=False)
    op.create_index(op.f("ix_partnerships_program_code"), "partnerships", ["program_code"], unique=False)
    op.create_index(op.f("ix_partnerships_source_code"), "partnerships", ["source_code"], unique=False)
    op.create_index(
        "uq_partnerships_agency_program_start",
        "partnerships",
        ["agency_code", "program_code", sa.literal_column("(starts ->> 'earliest')")],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "program_countries",
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("country_code", sa.Text(collation="C"), nullable=False),
        sa.Column("share", sa.Numeric(), nullable=True),
        sa.CheckConstraint("country_code ~ '^[A-Z]{2}$'", name=op.f("ck_program_countries_country_code_form")),
        sa.CheckConstraint("share > 0 AND share <= 1", name=op.f("ck_program_countries_share_is_fraction")),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_program_countries_program_id")),
        sa.PrimaryKeyConstraint("program_id", "country_code", name=op.f("pk_program_countries")),
    )
    op.create_index(op.f("ix_program_countries_country_code"), "program_countries", ["country_code"], unique=False)
    op.create_table(
        "series",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("measure_code", sa.Text(collation="C"), nullable=False),
        sa.Column("subject_type", sa.String(), nullable=False),
        sa.Column("subject_code", sa.String(), nullable=False),
        sa.Column("is_headline", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("is_joint", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("agency_codes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("program_code", sa.Text(collation="C"), nullable=True),
        sa.Column("nationality_code", sa.String(), nullable=True),
        sa.Column("venue_kind", sa.String(), nullable=True),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("scope", sa.String(), nullable=True),
        sa.CheckConstraint(
            "subject_type IN ('world', 'country', 'agency', 'program', 'standard', 'concept')",
            name=op.f("ck_series_subject_type_known"),
        ),
        sa.ForeignKeyConstraint(["measure_code"], ["measures.code"], name=op.f("fk_series_measure_code")),
        sa.ForeignKeyConstraint(["program_code"], ["programs.code"], name=op.f("fk_series_program_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("code", name=op.f("uq_series_code")),
    )
    op.create_index(op.f("ix_series_measure_code"), "series", ["measure_code"], unique=False)
    op.create_index(op.f("ix_series_program_code"), "series", ["program_code"], unique=False)
    op.create_index("ix_series_subject", "series", ["subject_type", "subject_code"], unique=False)
    op.create_index(
        "uq_series_headline",
        "series",
        ["subject_type", "subject_code", "measure_code"],
        unique=True,
        postgresql_where=sa.text("is_headline"),
    )
    op.create_table(
        "statements",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("topic", sa.Text(collation="C"), nullable=False),
        sa.Column("predicate", sa.String(), nullable=False),
        sa.Column("subject_type", sa.String(), nullable=False),
        sa.Column("subject_code", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("value", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("qualifier", sa.String(), nullable=True),
        sa.Column("qualifier_text", sa.String(), nullable=True),
        sa.Column("bound", sa.String(), nullable=True),
        sa.Column("period_start", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("period_end", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column(
            "dimensions", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("related", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("agency_codes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("program_code", sa.Text(collation="C"), nullable=True),
        sa.Column("attribution", sa.String(), nullable=False),
        sa.Column("source_code", sa.Text(collation="C"), nullable=False),
        sa.Column("locator", sa.String(), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(period_end ->> 'earliest') <= (period_end ->> 'latest')", name=op.f("ck_statements_period_end_in_order")
        ),
        sa.CheckConstraint(
            "(period_start ->> 'earliest') <= (period_start ->> 'latest')",
            name=op.f("ck_statements_period_start_in_order"),
        ),
        sa.CheckConstraint(
            "bound IN ('eq', 'gt', 'ge', 'lt', 'approx', 'range', 'unquantified')",
            name=op.f("ck_statements_bound_known"),
        ),
        sa.CheckConstraint(
            "kind IN ('assistance_type', 'claim', 'document_meta', 'event', 'facility', 'narrative', 'organization', 'partnership', 'program', 'reform', 'standard', 'taxonomy', 'theme')",
            name=op.f("ck_statements_kind_known"),
        ),
        sa.CheckConstraint(
            "qualifier IN ('exact', 'more_than', 'just_over', 'about', 'at_least', 'approx', 'hundreds')",
            name=op.f("ck_statements_qualifier_known"),
        ),
        sa.CheckConstraint(
            "subject_type IN ('world', 'country', 'agency', 'program', 'standard', 'concept')",
            name=op.f("ck_statements_subject_type_known"),
        ),
        sa.ForeignKeyConstraint(["program_code"], ["programs.code"], name=op.f("fk_statements_program_code")),
        sa.ForeignKeyConstraint(["source_code"], ["sources.code"], name=op.f("fk_statements_source_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statements")),
        sa.UniqueConstraint("code", name=op.f("uq_statements_code")),
    )
    op.create_index(op.f("ix_statements_program_code"), "statements", ["program_code"], unique=False)
    op.create_index(op.f("ix_statements_source_code"), "statements", ["source_code"], unique=False)
    op.create_index("ix_statements_subject", "statements", ["subject_type", "subject_code"], unique=False)
    op.create_table(
        "reported_figures",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=True),
        sa.Column("series_code", sa.Text(collation="C"), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=True),
        sa.Column("value_min", sa.Numeric(), nullable=True),
        sa.Column("value_max", sa.Numeric(), nullable=True),
        sa.Column("qualifier", sa.String(), nullable=True),
        sa.Column("qualifier_text", sa.String(), nullable=True),
        sa.Column("bound", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("period_start", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("period_end", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("as_of_earliest", sa.Date(), nullable=False),
        sa.Column("as_of_latest", sa.Date(), nullable=True),
        sa.Column("as_of_label", sa.String(), nullable=True),
        sa.Column(
            "dimensions", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("source_code", sa.Text(collation="C"), nullable=False),
        sa.Column("locator", sa.String(), nullable=True),
        sa.Column("primary_source", sa.String(), nullable=True),
        sa.Column("asserted_on", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(period_end ->> 'earliest') <= (period_end ->> 'latest')",
            name=op.f("ck_reported_figures_period_end_in_order"),
        ),
        sa.CheckConstraint(
            "(period_start ->> 'earliest') <= (period_start ->> 'latest')",
            name=op.f("ck_reported_figures_period_start_in_order"),
        ),
        sa.CheckConstraint(
            "CASE bound WHEN 'unquantified' THEN num_nonnulls(value, value_min, value_max, qualifier) = 0 WHEN 'range' THEN value IS NULL AND value_min <= value_max AND num_nulls(value_min, value_max) = 0 ELSE value IS NOT NULL AND num_nonnulls(value_min, value_max) = 0 END",
            name=op.f("ck_reported_figures_value_fits_bound"),
        ),
        sa.CheckConstraint(
            "bound IN ('eq', 'gt', 'ge', 'lt', 'approx', 'range', 'unquantified')",
            name=op.f("ck_reported_figures_bound_known"),
        ),
        sa.CheckConstraint(
            "qualifier IN ('exact', 'more_than', 'just_over', 'about', 'at_least', 'approx', 'hundreds')",
            name=op.f("ck_reported_figures_qualifier_known"),
        ),
        sa.CheckConstraint("as_of_earliest <= as_of_latest", name=op.f("ck_reported_figures_as_of_in_order")),
        sa.ForeignKeyConstraint(["series_code"], ["series.code"], name=op.f("fk_reported_figures_series_code")),
        sa.ForeignKeyConstraint(["source_code"], ["sources.code"], name=op.f("fk_reported_figures_source_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reported_figures")),
        sa.UniqueConstraint("code", name=op.f("uq_reported_figures_code")),
    )
    op.create_index(op.f("ix_reported_figures_series_code"), "reported_figures", ["series_code"], unique=False)
    op.create_index(op.f("ix_reported_figures_source_code"), "reported_figures", ["source_code"], unique=False)
    op.create_table(
        "conflict_members",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("conflict_id", sa.Uuid(), nullable=False),
        sa.Column("figure_id", sa.Uuid(), nullable=True),
        sa.Column("statement_id", sa.Uuid(), nullable=True),
        sa.Column("member_code", sa.String(), nullable=False),
        sa.CheckConstraint("num_nonnulls(figure_id, statement_id) = 1", name=op.f("ck_conflict_members_one_subject")),
        sa.ForeignKeyConstraint(["conflict_id"], ["conflicts.id"], name=op.f("fk_conflict_members_conflict_id")),
        sa.ForeignKeyConstraint(["figure_id"], ["reported_figures.id"], name=op.f("fk_conflict_members_figure_id")),
        sa.ForeignKeyConstraint(["statement_id"], ["statements.id"], name=op.f("fk_conflict_members_statement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict_members")),
        sa.UniqueConstraint(
            "conflict_id",
            "figure_id",
            "statement_id",
            name=op.f("uq_conflict_members_conflict_id_figure_id_statement_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_conflict_members_conflict_id"), "conflict_members", ["conflict_id"], unique=False)
    op.create_index(op.f("ix_conflict_members_figure_id"), "conflict_members", ["figure_id"], unique=False)
    op.create_index(op.f("ix_conflict_members_statement_id"), "conflict_members", ["statement_id"], unique=False)
    op.create_table(
        "rank_decisions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("figure_id", sa.Uuid(), nullable=True),
        sa.Column("statement_id", sa.Uuid(), nullable=True),
        sa.Column("rank", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column(
            "decided_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint(
            "rank <> 'deprecated' OR reason IS NOT NULL", name=op.f("ck_rank_decisions_deprecation_has_reason")
        ),
        sa.CheckConstraint("rank IN ('preferred', 'normal', 'deprecated')", name=op.f("ck_rank_decisions_rank_known")),
        sa.CheckConstraint("num_nonnulls(figure_id, statement_id) = 1", name=op.f("ck_rank_decisions_one_subject")),
        sa.ForeignKeyConstraint(["figure_id"], ["reported_figures.id"], name=op.f("fk_rank_decisions_figure_id")),
        sa.ForeignKeyConstraint(["statement_id"], ["statements.id"], name=op.f("fk_rank_decisions_statement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rank_decisions")),
    )
    op.create_index(op.f("ix_rank_decisions_figure_id"), "rank_decisions", ["figure_id"], unique=False)
    op.create_index(op.f("ix_rank_decisions_statement_id"), "rank_decisions", ["statement_id"], unique=False)
    op.create_table(
        "supersessions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("figure_id", sa.Uuid(), nullable=False),
        sa.Column("superseded_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column(
            "decided_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint(
            "reason IN ('later_report', 'correction', 'scope_change', 'retraction')",
            name=op.f("ck_supersessions_reason_known"),
        ),
        sa.CheckConstraint("figure_id <> superseded_id", name=op.f("ck_supersessions_not_itself")),
        sa.ForeignKeyConstraint(["figure_id"], ["reported_figures.id"], name=op.f("fk_supersessions_figure_id")),
        sa.ForeignKeyConstraint(
            ["superseded_id"], ["reported_figures.id"], name=op.f("fk_supersessions_superseded_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supersessions")),
        sa.UniqueConstraint("superseded_id", name=op.f("uq_supersessions_superseded_id")),
    )
    op.create_index(op.f("ix_supersessions_figure_id"), "supersessions", ["figure_id"], unique=False)

    for rights, tables in RIGHTS.items():
        op.execute(f"GRANT {rights} ON {', '.join(tables)} TO programs_app")
    op.execute("GRANT SELECT ON alembic_version TO programs_app")
    for rule in RULES:
        op.execute(rule)


# Append-only tables take no UPDATE and no DELETE: what was claimed stays claimed.
RIGHTS = {
    "SELECT, INSERT": [
        "reported_figures",
        "statements",
        "rank_decisions",
        "supersessions",
        "coverage_declarations",
    ],
    "SELECT, INSERT, UPDATE": ["agencies", "programs", "partnerships", "sources", "measures", "series", "conflicts"],
    "SELECT, INSERT, DELETE": ["program_countries", "conflict_members"],
}

RULES = [
    # At most one preferred figure for a series and period. The series row is the lock: two deciders take turns.
    """
    CREATE FUNCTION check_one_preferred() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE decided reported_figures;
    BEGIN
      IF NEW.rank <> 'preferred' OR NEW.figure_id IS NULL THEN RETURN NULL; END IF;
      SELECT * INTO decided FROM reported_figures WHERE id = NEW.figure_id;
      PERFORM 1 FROM series WHERE code = decided.series_code FOR NO KEY UPDATE;
      IF EXISTS (
        SELECT FROM reported_figures f
        WHERE f.series_code = decided.series_code AND f.id <> decided.id
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
    """
    CREATE TRIGGER one_preferred AFTER INSERT ON rank_decisions
    FOR EACH ROW EXECUTE FUNCTION check_one_preferred()
    """,
    # A figure supersedes only what was recorded before it, so a chain of supersessions has no cycle.
    """
    CREATE FUNCTION check_supersession() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE later reported_figures; earlier reported_figures;
    BEGIN
      SELECT * INTO later FROM reported_figures WHERE id = NEW.figure_id;
      SELECT * INTO earlier FROM reported_figures WHERE id = NEW.superseded_id;
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
    """
    CREATE TRIGGER supersession_rules AFTER INSERT ON supersessions
    FOR EACH ROW EXECUTE FUNCTION check_supersession()
    """,
    # The shares of a program's countries are all there and add up to 1, or none is there; a country program has one.
    """
    CREATE FUNCTION check_program_countries() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE checked uuid; countries integer; given integer; total numeric; program_kind text;
    BEGIN
      IF TG_TABLE_NAME = 'programs' THEN checked := NEW.id;
      ELSIF TG_OP = 'DELETE' THEN checked := OLD.program_id;
      ELSE checked := NEW.program_id;
      END IF;
      SELECT kind INTO program_kind FROM programs WHERE id = checked;
      SELECT count(*), count(share), sum(share) INTO countries, given, total
      FROM program_countries WHERE program_id = checked;
      IF program_kind = 'country' AND countries <> 1 THEN
        RAISE EXCEPTION 'a country program has exactly one country'
          USING ERRCODE = '23514', CONSTRAINT = 'country_program_has_one_country';
      END IF;
      IF given > 0 AND (given <> countries OR total <> 1) THEN
        RAISE EXCEPTION 'shares are all given and add up to 1, or none is given'
          USING ERRCODE = '23514', CONSTRAINT = 'country_shares_add_up';
      END IF;
      RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER countries_add_up AFTER INSERT OR DELETE ON program_countries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_program_countries()
    """,
    """
    CREATE CONSTRAINT TRIGGER program_has_countries AFTER INSERT OR UPDATE OF kind ON programs
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_program_countries()
    """,
]
