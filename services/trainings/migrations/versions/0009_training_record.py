"""The full training record: versions, sessions, attendance, headcounts, certifications, units, vetting, identity."""

import sqlalchemy as sa
from alembic import op
from chassis.feed import Captured, capture_table
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

STORED = ("id", "version", "created_at", "updated_at")
VOID = ("voided_at", "voided_by")
VOIDABLE = [
    "certifications",
    "identity_documents",
    "instructor_assignments",
    "merges",
    "training_sessions",
    "vetting_records",
]
OFFICE = "(SELECT ARRAY[p.country_code] FROM people p WHERE p.id = r.person_id)"
SEAT_OFFICE = (
    "(SELECT ARRAY[p.country_code] FROM enrollments e JOIN people p ON p.id = e.person_id WHERE e.id = r.enrollment_id)"
)


def both_offices(other: str) -> str:
    return (
        "(SELECT array_agg(DISTINCT p.country_code ORDER BY p.country_code) "
        f"FROM people p WHERE p.id IN (r.person_id, r.{other}))"
    )


CAPTURED = (
    Captured("course_versions"),
    Captured("trainings"),
    Captured("training_sessions"),
    Captured("units", about="ARRAY[r.country_code]"),
    Captured(
        "people",
        clear=(
            *STORED,
            "country_code",
            "nationality_code",
            "person_type",
            "sex",
            "birth_precision",
            "unit_id",
            "erased_at",
        ),
        about="ARRAY[r.country_code]",
    ),
    Captured("identity_documents", clear=(*STORED, *VOID, "person_id", "type", "issuer_country_code"), about=OFFICE),
    # What is said as evidence or as a reason may say anything of anybody.
    Captured(
        "merges",
        clear=(*STORED, *VOID, "person_id", "canonical_person_id", "basis", "decided_by"),
        about=both_offices("canonical_person_id"),
    ),
    Captured(
        "duplicate_candidates",
        clear=(*STORED, "person_id", "other_person_id", "score", "band", "status"),
        about=both_offices("other_person_id"),
    ),
    Captured(
        "vetting_records",
        clear=(*STORED, *VOID, "person_id", "unit_id", "requested_on", "result", "result_on", "valid_until"),
        about=(
            "coalesce((SELECT ARRAY[p.country_code] FROM people p WHERE p.id = r.person_id), "
            "(SELECT ARRAY[u.country_code] FROM units u WHERE u.id = r.unit_id))"
        ),
    ),
    Captured(
        "enrollments",
        clear=(
            *STORED,
            "training_id",
            "person_id",
            "role",
            "status",
            "level",
            "unit_id",
            "vetting_basis",
            "hours_attended",
        ),
        about=OFFICE,
    ),
    Captured("attendances", clear=(*STORED, "training_id", "enrollment_id", "session_id", "hours"), about=SEAT_OFFICE),
    Captured("instructor_assignments", clear=(*STORED, *VOID, "training_id", "person_id", "role"), about=OFFICE),
    Captured(
        "certifications",
        clear=(
            *STORED,
            *VOID,
            "person_id",
            "kind",
            "course_code",
            "training_id",
            "issuer_agency_code",
            "issued_on",
            "expires_on",
            "is_provisional",
            "renews_certification_id",
            "revoked_on",
        ),
        about=OFFICE,
    ),
    Captured(
        "certification_suspensions",
        clear=(*STORED, "certification_id", "starts_on", "ends_on"),
        about=(
            "(SELECT ARRAY[p.country_code] FROM certifications c JOIN people p ON p.id = c.person_id "
            "WHERE c.id = r.certification_id)"
        ),
    ),
)
# Nothing takes a DELETE; who is in which training, and who was taken for whom, never changes.
RIGHTS = {
    "SELECT, INSERT, UPDATE": ["course_versions", "training_sessions", "units", "duplicate_candidates"],
    "SELECT, INSERT, UPDATE (hours, version, updated_at)": ["attendances"],
    "SELECT, INSERT, UPDATE (ends_on, version, updated_at)": ["certification_suspensions"],
    "SELECT, INSERT, UPDATE (number_mark, last_characters, voided_at, voided_by, void_reason, version, updated_at)": [
        "identity_documents"
    ],
    "SELECT, INSERT, UPDATE (voided_at, voided_by, void_reason, version, updated_at)": ["merges"],
    "SELECT, INSERT, UPDATE (result, result_on, valid_until, case_reference, voided_at, voided_by, void_reason, version, "
    "updated_at)": ["vetting_records"],
    "SELECT, INSERT, UPDATE (revoked_on, revoke_reason, is_provisional, voided_at, voided_by, void_reason, version, "
    "updated_at)": ["certifications"],
    "UPDATE (voided_at, voided_by, void_reason)": ["instructor_assignments"],
    "UPDATE (status, level, unit_id, vetting_basis, vetting_reason, pre_score, post_score, hours_attended)": [
        "enrollments"
    ],
}
CHECKS = [
    (
        "enrollments",
        "status_known",
        "status IN ('nominated', 'vetting', 'cleared', 'enrolled', 'attending', 'completed', 'rejected', 'withdrawn', 'no_show', 'failed', 'incomplete')",
    ),
    (
        "enrollments",
        "level_known",
        "level IN ('line', 'mid', 'senior', 'academy_instructor')",
    ),
    (
        "enrollments",
        "vetting_basis_known",
        "vetting_basis IN ('required', 'not_required', 'not_recorded')",
    ),
    (
        "enrollments",
        "not_vetted_has_reason",
        "vetting_basis <> 'not_required' OR vetting_reason IS NOT NULL",
    ),
    (
        "enrollments",
        "score_range",
        "pre_score BETWEEN 0 AND 100 AND post_score BETWEEN 0 AND 100",
    ),
    (
        "enrollments",
        "hours_attended_counts",
        "hours_attended >= 0",
    ),
    (
        "people",
        "person_type_known",
        "person_type IN ('foreign_participant', 'partner_instructor')",
    ),
    (
        "people",
        "birth_precision_fits",
        "CASE WHEN erased_at IS NULL THEN (birth_date IS NULL) = (birth_precision = 'not_recorded') ELSE birth_date IS NULL END",
    ),
    (
        "people",
        "has_name",
        "CASE WHEN erased_at IS NULL THEN num_nonnulls(given_name, surname_1, surname_2, full_name_original) > 0 AND data_key IS NOT NULL ELSE num_nonnulls(given_name, surname_1, surname_2, full_name_original, data_key, position) = 0 AND cardinality(name_marks) + cardinality(match_marks) = 0 END",
    ),
    (
        "instructor_assignments",
        "role_known",
        "role IN ('lead', 'co_instructor', 'observer', 'interpreter')",
    ),
    (
        "instructor_assignments",
        "void_is_whole",
        "num_nonnulls(voided_at, voided_by, void_reason) IN (0, 3)",
    ),
    (
        "trainings",
        "delivery_mode_known",
        "delivery_mode IN ('in_person', 'online', 'blended')",
    ),
    (
        "trainings",
        "status_known",
        "status IN ('planned', 'confirmed', 'in_progress', 'completed', 'reported', 'postponed', 'canceled')",
    ),
    (
        "trainings",
        "capacity_positive",
        "capacity > 0",
    ),
    (
        "trainings",
        "headcount_whole",
        "num_nonnulls(headcount_female, headcount_male, headcount_not_recorded) IN (0, 3)",
    ),
    (
        "trainings",
        "headcount_counts",
        "headcount_female >= 0 AND headcount_male >= 0 AND headcount_not_recorded >= 0",
    ),
]
GRANTED = "(SELECT granted_countries())::text[]"
EVERYWHERE = f"'*' = ANY ({GRANTED})"
PERSON = "EXISTS (SELECT FROM people p WHERE p.id = person_id)"
# As in 0007: as visible as the person, by the policies of the inner tables.
POLICIES = {
    "units": f"{EVERYWHERE} OR country_code = ANY ({GRANTED})",
    "identity_documents": f"{EVERYWHERE} OR {PERSON}",
    "merges": f"{EVERYWHERE} OR ({PERSON} AND EXISTS (SELECT FROM people p WHERE p.id = canonical_person_id))",
    "duplicate_candidates": f"{EVERYWHERE} OR ({PERSON} AND EXISTS (SELECT FROM people p WHERE p.id = other_person_id))",
    "vetting_records": f"{EVERYWHERE} OR {PERSON} OR EXISTS (SELECT FROM units u WHERE u.id = unit_id)",
    "attendances": f"{EVERYWHERE} OR EXISTS (SELECT FROM enrollments e WHERE e.id = enrollment_id)",
    "certifications": f"{EVERYWHERE} OR {PERSON}",
    "certification_suspensions": (
        f"{EVERYWHERE} OR EXISTS (SELECT FROM certifications c WHERE c.id = certification_id)"
    ),
}
ABOUT_PEOPLE = ["people", "enrollments", "instructor_assignments", "completions", *POLICIES]
FEED_POLICY = (
    f"country_codes IS NULL OR {EVERYWHERE} OR country_codes <@ {GRANTED} OR CASE entity "
    + " ".join(
        f"WHEN '{table}' THEN EXISTS (SELECT FROM {table} x WHERE x.id = entity_id::uuid)" for table in ABOUT_PEOPLE
    )
    + " ELSE false END"
)


def upgrade() -> None:
    op.create_unique_constraint(op.f("uq_enrollments_id_training_id"), "enrollments", ["id", "training_id"])
    make_tables_of_people()
    make_tables_of_rosters()
    add_columns()
    for table, name, rule in CHECKS:
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, rule)
    op.alter_column("enrollments", "status", server_default="nominated")
    op.alter_column("enrollments", "vetting_basis", server_default="required")
    connection = op.get_bind()
    for rights, tables in RIGHTS.items():
        op.execute(f"GRANT {rights} ON {', '.join(tables)} TO trainings_app")
    for captured in CAPTURED:
        capture_table(connection, captured)
    for table in VOIDABLE:
        op.execute(
            f"CREATE TRIGGER voided_record_stays BEFORE UPDATE ON {table} "
            "FOR EACH ROW WHEN (OLD.voided_at IS NOT NULL) EXECUTE FUNCTION keep_voided()"
        )
    for table, rule in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY about_people ON {table} FOR ALL TO trainings_app USING ({rule})")
    op.execute(f"ALTER POLICY about_people ON feed USING ({FEED_POLICY})")
    for statement in WHAT_STOOD:
        op.execute(statement)


def make_tables_of_people() -> None:
    op.create_table(
        "course_versions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("course_code", sa.Text(collation="C"), nullable=False),
        sa.Column("label", sa.Text(collation="C"), nullable=False),
        sa.Column("introduced_on", sa.Date(), nullable=False),
        sa.Column("designed_hours", sa.Integer(), nullable=True),
        sa.Column("pass_mark", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("required_share", sa.Numeric(precision=4, scale=3), nullable=True),
        sa.Column("language_code", sa.String(), nullable=True),
        sa.Column("objectives", sa.String(), nullable=True),
        sa.CheckConstraint("designed_hours > 0", name=op.f("ck_course_versions_designed_hours_positive")),
        sa.CheckConstraint("pass_mark BETWEEN 0 AND 100", name=op.f("ck_course_versions_pass_mark_range")),
        sa.CheckConstraint(
            "required_share > 0 AND required_share <= 1", name=op.f("ck_course_versions_required_share_range")
        ),
        sa.ForeignKeyConstraint(["course_code"], ["courses.code"], name=op.f("fk_course_versions_course_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_versions")),
        sa.UniqueConstraint("course_code", "label", name=op.f("uq_course_versions_course_code_label")),
        sa.UniqueConstraint("id", "course_code", name=op.f("uq_course_versions_id_course_code")),
    )
    op.create_table(
        "units",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=True),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("country_code", sa.String(), nullable=False),
        sa.Column("agency_code", sa.Text(collation="C"), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("commander_person_id", sa.Uuid(), nullable=True),
        sa.Column("is_security_force", sa.Boolean(), nullable=False),
        sa.CheckConstraint("country_code ~ '^[A-Z]{2}$'", name=op.f("ck_units_country_code_form")),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_units_not_its_own_parent")),
        sa.ForeignKeyConstraint(["agency_code"], ["agency_refs.code"], name=op.f("fk_units_agency_code")),
        sa.ForeignKeyConstraint(["commander_person_id"], ["people.id"], name="fk_units_commander_person_id"),
        sa.ForeignKeyConstraint(["parent_id"], ["units.id"], name=op.f("fk_units_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("code", name=op.f("uq_units_code")),
    )
    op.create_index(op.f("ix_units_agency_code"), "units", ["agency_code"], unique=False)
    op.create_index(op.f("ix_units_commander_person_id"), "units", ["commander_person_id"], unique=False)
    op.create_index(op.f("ix_units_country_code"), "units", ["country_code"], unique=False)
    op.create_index(op.f("ix_units_parent_id"), "units", ["parent_id"], unique=False)


def make_tables_of_rosters() -> None:
    op.create_table(
        "certifications",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Text(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("course_code", sa.Text(collation="C"), nullable=False),
        sa.Column("training_id", sa.Uuid(), nullable=True),
        sa.Column("issuer_agency_code", sa.Text(collation="C"), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("is_provisional", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("renews_certification_id", sa.Uuid(), nullable=True),
        sa.Column("revoked_on", sa.Date(), nullable=True),
        sa.Column("revoke_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('instructor', 'master_trainer', 'completion')", name=op.f("ck_certifications_kind_known")
        ),
        sa.CheckConstraint(
            "(revoked_on IS NULL) = (revoke_reason IS NULL)", name=op.f("ck_certifications_revocation_has_reason")
        ),
        sa.CheckConstraint("expires_on > issued_on", name=op.f("ck_certifications_expires_after_issue")),
        sa.CheckConstraint(
            "num_nonnulls(voided_at, voided_by, void_reason) IN (0, 3)", name=op.f("ck_certifications_void_is_whole")
        ),
        sa.CheckConstraint("renews_certification_id <> id", name=op.f("ck_certifications_not_its_own_renewal")),
        sa.CheckConstraint("revoked_on >= issued_on", name=op.f("ck_certifications_revoked_after_issue")),
        sa.ForeignKeyConstraint(["course_code"], ["courses.code"], name=op.f("fk_certifications_course_code")),
        sa.ForeignKeyConstraint(
            ["issuer_agency_code"], ["agency_refs.code"], name=op.f("fk_certifications_issuer_agency_code")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_certifications_person_id")),
        sa.ForeignKeyConstraint(
            ["renews_certification_id"], ["certifications.id"], name=op.f("fk_certifications_renews_certification_id")
        ),
        sa.ForeignKeyConstraint(["training_id"], ["trainings.id"], name=op.f("fk_certifications_training_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certifications")),
    )
    op.create_index(op.f("ix_certifications_course_code"), "certifications", ["course_code"], unique=False)
    op.create_index(
        op.f("ix_certifications_issuer_agency_code"), "certifications", ["issuer_agency_code"], unique=False
    )
    op.create_index(op.f("ix_certifications_person_id"), "certifications", ["person_id"], unique=False)
    op.create_index(op.f("ix_certifications_training_id"), "certifications", ["training_id"], unique=False)
    op.create_index(
        "uq_certifications_renews_certification_id",
        "certifications",
        ["renews_certification_id"],
        unique=True,
        postgresql_where=sa.text("voided_at IS NULL"),
    )
    op.create_table(
        "duplicate_candidates",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("other_person_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("band", sa.String(), nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.String(), server_default="open", nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.CheckConstraint("band IN ('likely_same', 'possible')", name=op.f("ck_duplicate_candidates_band_known")),
        sa.CheckConstraint(
            "status IN ('open', 'merged', 'dismissed')", name=op.f("ck_duplicate_candidates_status_known")
        ),
        sa.CheckConstraint("person_id < other_person_id", name=op.f("ck_duplicate_candidates_in_order")),
        sa.ForeignKeyConstraint(
            ["other_person_id"], ["people.id"], name=op.f("fk_duplicate_candidates_other_person_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_duplicate_candidates_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_candidates")),
        sa.UniqueConstraint(
            "person_id", "other_person_id", name=op.f("uq_duplicate_candidates_person_id_other_person_id")
        ),
    )
    op.create_index(
        op.f("ix_duplicate_candidates_other_person_id"), "duplicate_candidates", ["other_person_id"], unique=False
    )
    op.create_index(
        op.f("ix_duplicate_candidates_status_score"), "duplicate_candidates", ["status", "score"], unique=False
    )
    op.create_table(
        "identity_documents",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Text(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("issuer_country_code", sa.String(), nullable=False),
        sa.Column("number_mark", sa.LargeBinary(), nullable=True),
        sa.Column("last_characters", sa.String(), nullable=True),
        sa.CheckConstraint(
            "issuer_country_code ~ '^[A-Z]{2}$'", name=op.f("ck_identity_documents_issuer_country_code_form")
        ),
        sa.CheckConstraint(
            "type IN ('mx_curp', 'pk_cnic', 'national_id', 'passport', 'service_number')",
            name=op.f("ck_identity_documents_type_known"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(voided_at, voided_by, void_reason) IN (0, 3)",
            name=op.f("ck_identity_documents_void_is_whole"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_identity_documents_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_documents")),
    )
    op.create_index(
        op.f("ix_identity_documents_issuer_country_code_type_number_mark"),
        "identity_documents",
        ["issuer_country_code", "type", "number_mark"],
        unique=False,
    )
    op.create_index(op.f("ix_identity_documents_person_id"), "identity_documents", ["person_id"], unique=False)
    op.create_table(
        "merges",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Text(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("canonical_person_id", sa.Uuid(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.CheckConstraint("basis IN ('decision', 'same_identity_document')", name=op.f("ck_merges_basis_known")),
        sa.CheckConstraint(
            "num_nonnulls(voided_at, voided_by, void_reason) IN (0, 3)", name=op.f("ck_merges_void_is_whole")
        ),
        sa.CheckConstraint("person_id <> canonical_person_id", name=op.f("ck_merges_two_records")),
        sa.ForeignKeyConstraint(["canonical_person_id"], ["people.id"], name=op.f("fk_merges_canonical_person_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_merges_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    op.create_index(op.f("ix_merges_canonical_person_id"), "merges", ["canonical_person_id"], unique=False)
    op.create_index(op.f("ix_merges_person_id"), "merges", ["person_id"], unique=False)
    op.create_index(
        "uq_merges_person_id", "merges", ["person_id"], unique=True, postgresql_where=sa.text("voided_at IS NULL")
    )
    op.create_table(
        "training_sessions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Text(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("training_id", sa.Uuid(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("hours", sa.Numeric(precision=4, scale=2), nullable=False),
        sa.Column("topic", sa.String(), nullable=True),
        sa.CheckConstraint("hours > 0 AND hours <= 24", name=op.f("ck_training_sessions_hours_range")),
        sa.CheckConstraint(
            "num_nonnulls(voided_at, voided_by, void_reason) IN (0, 3)", name=op.f("ck_training_sessions_void_is_whole")
        ),
        sa.ForeignKeyConstraint(["training_id"], ["trainings.id"], name=op.f("fk_training_sessions_training_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_sessions")),
        sa.UniqueConstraint("id", "training_id", name=op.f("uq_training_sessions_id_training_id")),
    )
    op.create_index(op.f("ix_training_sessions_training_id"), "training_sessions", ["training_id"], unique=False)
    op.create_table(
        "vetting_records",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Text(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("result_on", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("case_reference", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(result = 'approved') = (valid_until IS NOT NULL)", name=op.f("ck_vetting_records_only_approved_is_valid")
        ),
        sa.CheckConstraint(
            "(result = 'pending') = (result_on IS NULL)", name=op.f("ck_vetting_records_result_has_day")
        ),
        sa.CheckConstraint(
            "result IN ('pending', 'approved', 'rejected', 'suspended', 'canceled')",
            name=op.f("ck_vetting_records_result_known"),
        ),
        sa.CheckConstraint("num_nonnulls(person_id, unit_id) = 1", name=op.f("ck_vetting_records_one_subject")),
        sa.CheckConstraint(
            "num_nonnulls(voided_at, voided_by, void_reason) IN (0, 3)", name=op.f("ck_vetting_records_void_is_whole")
        ),
        sa.CheckConstraint("result_on >= requested_on", name=op.f("ck_vetting_records_result_after_request")),
        sa.CheckConstraint("valid_until >= result_on", name=op.f("ck_vetting_records_valid_after_result")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_vetting_records_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_vetting_records_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vetting_records")),
    )
    op.create_index(op.f("ix_vetting_records_person_id"), "vetting_records", ["person_id"], unique=False)
    op.create_index(op.f("ix_vetting_records_unit_id"), "vetting_records", ["unit_id"], unique=False)
    op.create_table(
        "attendances",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("training_id", sa.Uuid(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("hours", sa.Numeric(precision=4, scale=2), nullable=False),
        sa.CheckConstraint("hours >= 0", name=op.f("ck_attendances_hours_count")),
        sa.ForeignKeyConstraint(
            ["enrollment_id", "training_id"],
            ["enrollments.id", "enrollments.training_id"],
            name=op.f("fk_attendances_enrollment_id_training_id"),
        ),
        sa.ForeignKeyConstraint(
            ["session_id", "training_id"],
            ["training_sessions.id", "training_sessions.training_id"],
            name=op.f("fk_attendances_session_id_training_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendances")),
        sa.UniqueConstraint("enrollment_id", "session_id", name=op.f("uq_attendances_enrollment_id_session_id")),
    )
    op.create_index(op.f("ix_attendances_session_id"), "attendances", ["session_id"], unique=False)
    op.create_index(op.f("ix_attendances_training_id"), "attendances", ["training_id"], unique=False)
    op.create_table(
        "certification_suspensions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("certification_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_certification_suspensions_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["certification_id"], ["certifications.id"], name=op.f("fk_certification_suspensions_certification_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certification_suspensions")),
    )
    op.create_index(
        op.f("ix_certification_suspensions_certification_id"),
        "certification_suspensions",
        ["certification_id"],
        unique=False,
    )
    op.create_index(
        "uq_certification_suspensions_certification_id",
        "certification_suspensions",
        ["certification_id"],
        unique=True,
        postgresql_where=sa.text("ends_on IS NULL"),
    )


def add_columns() -> None:
    op.add_column("enrollments", sa.Column("status", sa.String(), server_default="enrolled", nullable=False))
    op.add_column("enrollments", sa.Column("level", sa.String(), nullable=True))
    op.add_column("enrollments", sa.Column("unit_id", sa.Uuid(), nullable=True))
    op.add_column("enrollments", sa.Column("vetting_basis", sa.String(), server_default="not_recorded", nullable=False))
    op.add_column("enrollments", sa.Column("vetting_reason", sa.String(), nullable=True))
    op.add_column("enrollments", sa.Column("pre_score", sa.Numeric(precision=5, scale=2), nullable=True))
    op.add_column("enrollments", sa.Column("post_score", sa.Numeric(precision=5, scale=2), nullable=True))
    op.add_column("enrollments", sa.Column("hours_attended", sa.Numeric(precision=6, scale=2), nullable=True))
    op.create_index(op.f("ix_enrollments_unit_id"), "enrollments", ["unit_id"], unique=False)
    op.create_foreign_key(op.f("fk_enrollments_unit_id"), "enrollments", "units", ["unit_id"], ["id"])
    op.add_column("instructor_assignments", sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("instructor_assignments", sa.Column("voided_by", sa.Text(), nullable=True))
    op.add_column("instructor_assignments", sa.Column("void_reason", sa.Text(), nullable=True))
    op.drop_constraint(
        op.f("uq_instructor_assignments_training_id_person_id_role"), "instructor_assignments", type_="unique"
    )
    op.create_index(
        "uq_instructor_assignments_training_id_person_id_role",
        "instructor_assignments",
        ["training_id", "person_id", "role"],
        unique=True,
        postgresql_where=sa.text("voided_at IS NULL"),
    )
    op.add_column("people", sa.Column("person_type", sa.String(), server_default="foreign_participant", nullable=False))
    op.add_column("people", sa.Column("unit_id", sa.Uuid(), nullable=True))
    op.add_column("people", sa.Column("position", sa.LargeBinary(), nullable=True))
    op.add_column(
        "people",
        sa.Column("name_marks", postgresql.ARRAY(sa.LargeBinary()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column(
        "people",
        sa.Column("match_marks", postgresql.ARRAY(sa.LargeBinary()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("people", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("people", "data_key", existing_type=postgresql.BYTEA(), nullable=True)
    op.create_index("ix_people_match_marks", "people", ["match_marks"], unique=False, postgresql_using="gin")
    op.create_index("ix_people_name_marks", "people", ["name_marks"], unique=False, postgresql_using="gin")
    op.create_index(op.f("ix_people_unit_id"), "people", ["unit_id"], unique=False)
    op.create_foreign_key(op.f("fk_people_unit_id"), "people", "units", ["unit_id"], ["id"])
    op.add_column("trainings", sa.Column("course_version_id", sa.Uuid(), nullable=True))
    op.add_column("trainings", sa.Column("cohort", sa.String(), nullable=True))
    op.add_column(
        "trainings",
        sa.Column(
            "co_provider_agency_codes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
    )
    op.add_column(
        "trainings",
        sa.Column("funder_agency_codes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("trainings", sa.Column("language_code", sa.String(), nullable=True))
    op.add_column("trainings", sa.Column("delivery_mode", sa.String(), nullable=True))
    op.add_column("trainings", sa.Column("capacity", sa.Integer(), nullable=True))
    op.add_column("trainings", sa.Column("status", sa.String(), server_default="planned", nullable=False))
    op.add_column("trainings", sa.Column("headcount_female", sa.Integer(), nullable=True))
    op.add_column("trainings", sa.Column("headcount_male", sa.Integer(), nullable=True))
    op.add_column("trainings", sa.Column("headcount_not_recorded", sa.Integer(), nullable=True))
    op.add_column(
        "trainings",
        sa.Column(
            "headcount_total",
            sa.Integer(),
            sa.Computed("headcount_female + headcount_male + headcount_not_recorded", persisted=True),
            nullable=True,
        ),
    )
    op.create_foreign_key(
        op.f("fk_trainings_course_version_id_course_code"),
        "trainings",
        "course_versions",
        ["course_version_id", "course_code"],
        ["id", "course_code"],
    )
    op.drop_constraint(op.f("ck_instructor_assignments_role_known"), "instructor_assignments")
    op.drop_constraint(op.f("ck_people_birth_precision_fits"), "people")
    op.drop_constraint(op.f("ck_people_has_name"), "people")


# Of what stood before: who completed was there, and a training with completions took place.
WHAT_STOOD = [
    """
    SELECT set_config('app.subject', 'migration 0009', true), set_config('app.role', 'officer', true),
           set_config('app.countries', '*', true), set_config('app.request_id', gen_random_uuid()::text, true)
    """,
    """
    UPDATE enrollments e SET status = 'completed', version = version + 1, updated_at = now()
    WHERE EXISTS (SELECT FROM completions c WHERE c.enrollment_id = e.id AND c.voided_at IS NULL)
    """,
    """
    UPDATE trainings t SET status = 'completed', version = version + 1, updated_at = now()
    WHERE t.voided_at IS NULL AND EXISTS (
      SELECT FROM completions c JOIN enrollments e ON e.id = c.enrollment_id
      WHERE e.training_id = t.id AND c.voided_at IS NULL
    )
    """,
]
