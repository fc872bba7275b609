"""HTTP: paths, codes, who may call. No SQL, no rules."""

from typing import Final

from trainings.routes import (
    attendances,
    cascades,
    certifications,
    changes,
    completions,
    course_versions,
    courses,
    duplicate_candidates,
    enrollments,
    identity_documents,
    instructor_assignments,
    merges,
    people,
    recorded_figures,
    training_counts,
    training_sessions,
    trainings,
    units,
    vetting_records,
)

ROUTERS: Final = [
    courses.router,
    course_versions.router,
    trainings.router,
    training_sessions.router,
    people.router,
    identity_documents.router,
    duplicate_candidates.router,
    merges.router,
    units.router,
    vetting_records.router,
    enrollments.router,
    attendances.router,
    completions.router,
    instructor_assignments.router,
    certifications.router,
    recorded_figures.router,
    training_counts.router,
    cascades.router,
    cascades.personal,
    changes.router,
]
