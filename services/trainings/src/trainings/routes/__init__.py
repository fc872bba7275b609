"""HTTP: paths, codes, who may call. No SQL, no rules."""

from typing import Final

from trainings.routes import (
    changes,
    completions,
    courses,
    duplicate_candidates,
    enrollments,
    identity_documents,
    instructor_assignments,
    merges,
    people,
    recorded_figures,
    trainings,
    units,
    vetting_records,
)

ROUTERS: Final = [
    courses.router,
    trainings.router,
    people.router,
    identity_documents.router,
    duplicate_candidates.router,
    merges.router,
    units.router,
    vetting_records.router,
    enrollments.router,
    completions.router,
    instructor_assignments.router,
    recorded_figures.router,
    changes.router,
]
