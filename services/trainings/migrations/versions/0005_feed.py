"""The feed: every change of every table, numbered and chained; of what is personal it takes digests."""

from alembic import op
from chassis.feed import Captured, capture_table, create_feed, record_existing

revision = "0005"
down_revision = "0003"

STORED = ("id", "version", "created_at", "updated_at")
OFFICE = "(SELECT ARRAY[p.country_code] FROM people p WHERE p.id = r.person_id)"
# A note may say anything of anybody, so it is personal; what counts and what an erasure keeps is not.
CAPTURED = (
    Captured("agency_refs"),
    Captured("program_refs"),
    Captured("courses"),
    Captured("trainings"),
    Captured(
        "people",
        clear=(*STORED, "country_code", "nationality_code", "sex", "birth_precision"),
        about="ARRAY[r.country_code]",
    ),
    Captured("enrollments", clear=(*STORED, "training_id", "person_id", "role"), about=OFFICE),
    Captured("instructor_assignments", clear=(*STORED, "training_id", "person_id", "role"), about=OFFICE),
    Captured(
        "completions",
        clear=(*STORED, "enrollment_id", "completed_on"),
        about=(
            "(SELECT ARRAY[p.country_code] FROM enrollments e JOIN people p ON p.id = e.person_id "
            "WHERE e.id = r.enrollment_id)"
        ),
    ),
)


def upgrade() -> None:
    connection = op.get_bind()
    create_feed(connection)
    for captured in CAPTURED:
        capture_table(connection, captured)
        record_existing(connection, captured, "0005")
