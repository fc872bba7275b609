"""Questions to the trainings tables, by noun. Nothing here changes anything, nothing here counts people."""

from trainings.queries.cascade import list_leads, list_led, list_taught, records_of
from trainings.queries.certifications import certifications, find_open_suspension, leading_certifications
from trainings.queries.courses import course_versions, courses, find_course
from trainings.queries.identity import (
    duplicate_candidates,
    find_addresses,
    find_agencies,
    find_alike,
    find_documents,
    find_holders,
    find_proposed,
    find_records,
    find_roots,
    find_told_apart,
    identity_documents,
    merges,
)
from trainings.queries.marks import find_marked, find_named, rank_marked
from trainings.queries.people import is_dormant_instructor, people, units
from trainings.queries.rosters import attendances, attended_hours, completions, enrollments, instructor_assignments
from trainings.queries.trainings import find_agency, training_sessions, trainings
from trainings.queries.vetting import may_be_vetted_by, seats_at_risk, vetting_records
from trainings.queries.visibility import (
    AboutPerson,
    about_people,
    find_about_person,
    get_about_person,
    visible_to,
)

__all__ = [
    "AboutPerson",
    "about_people",
    "attendances",
    "attended_hours",
    "certifications",
    "completions",
    "course_versions",
    "courses",
    "duplicate_candidates",
    "enrollments",
    "find_about_person",
    "find_addresses",
    "find_agencies",
    "find_agency",
    "find_alike",
    "find_course",
    "find_documents",
    "find_holders",
    "find_marked",
    "find_named",
    "find_open_suspension",
    "find_proposed",
    "find_records",
    "find_roots",
    "find_told_apart",
    "get_about_person",
    "identity_documents",
    "instructor_assignments",
    "is_dormant_instructor",
    "leading_certifications",
    "list_leads",
    "list_led",
    "list_taught",
    "may_be_vetted_by",
    "merges",
    "people",
    "rank_marked",
    "records_of",
    "seats_at_risk",
    "training_sessions",
    "trainings",
    "units",
    "vetting_records",
    "visible_to",
]
