"""What may be done to courses, trainings and people's parts in them: load, decide, write. No HTTP, no commit."""

from trainings.service.certifications import (
    confirm_certification,
    create_certification,
    reinstate_certification,
    revoke_certification,
    suspend_certification,
    void_certification,
)
from trainings.service.courses import (
    create_course,
    create_course_version,
    update_course,
    update_course_version,
)
from trainings.service.enrollments import (
    advance_enrollment,
    create_attendance,
    create_completion,
    create_enrollment,
    update_attendance,
    update_enrollment,
    void_completion,
    void_enrollment,
)
from trainings.service.instructor_assignments import (
    create_instructor_assignment,
    update_instructor_assignment,
    void_instructor_assignment,
)
from trainings.service.trainings import (
    advance_training,
    create_training,
    create_training_session,
    update_training,
    update_training_session,
    void_training,
    void_training_session,
)
from trainings.service.words import CONSTRAINT_WORDS

__all__ = [
    "CONSTRAINT_WORDS",
    "advance_enrollment",
    "advance_training",
    "confirm_certification",
    "create_attendance",
    "create_certification",
    "create_completion",
    "create_course",
    "create_course_version",
    "create_enrollment",
    "create_instructor_assignment",
    "create_training",
    "create_training_session",
    "reinstate_certification",
    "revoke_certification",
    "suspend_certification",
    "update_attendance",
    "update_course",
    "update_course_version",
    "update_enrollment",
    "update_instructor_assignment",
    "update_training",
    "update_training_session",
    "void_certification",
    "void_completion",
    "void_enrollment",
    "void_instructor_assignment",
    "void_training",
    "void_training_session",
]
