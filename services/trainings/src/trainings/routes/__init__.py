"""HTTP: paths, codes, who may call. No SQL, no rules."""

from typing import Final

from trainings.routes import (
    cascades,
    changes,
    completions,
    courses,
    enrollments,
    instructor_assignments,
    people,
    recorded_figures,
    training_counts,
    trainings,
)

ROUTERS: Final = [
    courses.router,
    trainings.router,
    people.router,
    enrollments.router,
    completions.router,
    instructor_assignments.router,
    recorded_figures.router,
    training_counts.router,
    cascades.router,
    changes.router,
]
