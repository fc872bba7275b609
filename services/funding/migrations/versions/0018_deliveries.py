"""By which trainings a promise of an agreement is delivered."""

import sqlalchemy as sa
from alembic import op
from chassis.known import show_known

revision = "0018"
down_revision = "0014"

RULES = {
    "delivered_in_order": "delivered_to >= delivered_from",
    "delivered_by_something": (
        "num_nonnulls(course_code, program_code) > 0 OR "
        "num_nonnulls(provider_agency_code, delivered_from, delivered_to) = 0"
    ),
    "delivered_by_trainings": "kind IN ('seats', 'courses') OR num_nonnulls(course_code, program_code) = 0",
}


def upgrade() -> None:
    for name in ("course_code", "program_code", "provider_agency_code"):
        op.add_column("agreement_deliverables", sa.Column(name, sa.Text(collation="C"), nullable=True))
    for name in ("delivered_from", "delivered_to"):
        op.add_column("agreement_deliverables", sa.Column(name, sa.Date(), nullable=True))
    for name, rule in RULES.items():
        op.create_check_constraint(op.f(f"ck_agreement_deliverables_{name}"), "agreement_deliverables", rule)
    columns = "course_code, program_code, provider_agency_code, delivered_from, delivered_to"
    op.execute(f"GRANT UPDATE ({columns}) ON agreement_deliverables TO funding_app")
    show_known(op.get_bind(), "agreement_deliverables")
