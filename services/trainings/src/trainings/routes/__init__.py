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
    enrollments,
    instructor_assignments,
    people,
    recorded_figures,
    training_counts,
    training_sessions,
    trainings,
)

ROUTERS: Final = [
    courses.router,
    course_versions.router,
    trainings.router,
    training_sessions.router,
    people.router,
    enrollments.router,
    attendances.router,
    completions.router,
    instructor_assignments.router,
    certifications.router,
    recorded_figures.router,
    training_counts.router,
    cascades.router,
    changes.router,
]
