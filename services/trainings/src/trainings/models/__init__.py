"""Tables of the trainings service. What a table promises is a constraint here or in the migration's rules."""

from trainings.models.base import Base, Stored, metadata
from trainings.models.courses import Course, CourseVersion
from trainings.models.imports import RosterImport, RosterImportFile, RosterImportPlan, RosterImportRow
from trainings.models.people import (
    DuplicateCandidate,
    IdentityDocument,
    Merge,
    Person,
    Unit,
    VettingRecord,
)
from trainings.models.rosters import (
    Attendance,
    Certification,
    CertificationSuspension,
    Completion,
    Enrollment,
    InstructorAssignment,
)
from trainings.models.trainings import AgencyRef, ProgramRef, Training, TrainingSession

__all__ = [
    "AgencyRef",
    "Attendance",
    "Base",
    "Certification",
    "CertificationSuspension",
    "Completion",
    "Course",
    "CourseVersion",
    "DuplicateCandidate",
    "Enrollment",
    "IdentityDocument",
    "InstructorAssignment",
    "Merge",
    "Person",
    "ProgramRef",
    "RosterImport",
    "RosterImportFile",
    "RosterImportPlan",
    "RosterImportRow",
    "Stored",
    "Training",
    "TrainingSession",
    "Unit",
    "VettingRecord",
    "metadata",
]
