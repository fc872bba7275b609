"""Identities of people, grants that are revoked and stay, tokens for less than their user may do."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("users", sa.Column("issuer", sa.Text(collation="C"), nullable=True))
    op.add_column("users", sa.Column("subject", sa.Text(collation="C"), nullable=True))
    op.create_unique_constraint(op.f("uq_users_issuer_subject"), "users", ["issuer", "subject"])
    op.create_check_constraint(op.f("ck_users_identity_whole"), "users", "(issuer IS NULL) = (subject IS NULL)")
    op.create_check_constraint(op.f("ck_users_identity_of_person"), "users", "kind = 'person' OR issuer IS NULL")
    op.add_column("grants", sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint(op.f("uq_grants_user_id_country_code"), "grants")
    op.create_index(
        "uq_grants_user_id_country_code",
        "grants",
        ["user_id", "country_code"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.add_column("api_tokens", sa.Column("role", sa.String(), nullable=True))
    op.add_column("api_tokens", sa.Column("country_codes", postgresql.ARRAY(sa.Text()), nullable=True))
    op.create_check_constraint(
        op.f("ck_api_tokens_role_known"), "api_tokens", "role IN ('viewer', 'analyst', 'officer', 'admin')"
    )
