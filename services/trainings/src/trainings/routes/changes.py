"""What changed in this service, over HTTP: of people, to their office; and nothing of what is personal."""

import uuid
from typing import Final

from chassis.changes import Find, Kind, changes_router
from chassis.errors import NotFound
from chassis.tokens import Caller
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import queries
from trainings.models import (
    Attendance,
    Certification,
    CertificationSuspension,
    Completion,
    DuplicateCandidate,
    Enrollment,
    IdentityDocument,
    InstructorAssignment,
    Merge,
    Person,
    RosterImport,
    Unit,
    VettingRecord,
    metadata,
)
from trainings.service import roster_imports

_STORED: Final = ("id", "version", "created_at", "updated_at")
_VOID: Final = ("voided_at", "voided_by")
_UNIT: Final = ("code", "name", "country_code", "agency_code", "parent_id", "commander_person_id", "is_security_force")
_SEAT: Final = (*_STORED, "training_id", "person_id", "role")


def finder(kind: type[queries.AboutPerson]) -> Find:
    """Finds a record of `kind` by the text of its id, where the caller may see it."""

    async def find(session: AsyncSession, caller: Caller, record_id: str) -> queries.AboutPerson | None:
        try:
            return await queries.find_about_person(session, caller, kind, uuid.UUID(record_id))
        except ValueError:
            return None

    return find


def about_people(kind: type[queries.AboutPerson], *clear: str) -> Kind:
    """A table of or about people, of which the columns `clear` are shown."""
    table = metadata.tables[str(kind.__tablename__)]
    return Kind(table, clear=clear, roles=frozenset({"officer"}), find=finder(kind))


async def _find_import(session: AsyncSession, caller: Caller, record_id: str) -> RosterImport | None:
    """An import, where the caller may see it."""
    try:
        return await roster_imports.get_import(session, caller, uuid.UUID(record_id))
    except (ValueError, NotFound):
        return None


KINDS: Final = (
    Kind(metadata.tables["courses"]),
    Kind(metadata.tables["course_versions"]),
    Kind(metadata.tables["trainings"]),
    Kind(metadata.tables["training_sessions"]),
    about_people(
        Person,
        *_STORED,
        "country_code",
        "nationality_code",
        "person_type",
        "sex",
        "birth_precision",
        "unit_id",
        "erased_at",
    ),
    about_people(Unit, *_STORED, *_UNIT),
    about_people(IdentityDocument, *_STORED, *_VOID, "person_id", "type", "issuer_country_code"),
    about_people(Merge, *_STORED, *_VOID, "person_id", "canonical_person_id", "basis", "decided_by"),
    about_people(DuplicateCandidate, *_STORED, "person_id", "other_person_id", "score", "band", "status"),
    about_people(
        VettingRecord,
        *_STORED,
        *_VOID,
        "person_id",
        "unit_id",
        "requested_on",
        "result",
        "result_on",
        "valid_until",
    ),
    about_people(Enrollment, *_SEAT, *_VOID, "status", "level", "unit_id", "vetting_basis", "hours_attended"),
    about_people(Attendance, *_STORED, "training_id", "enrollment_id", "session_id", "hours"),
    about_people(Completion, *_STORED, *_VOID, "enrollment_id", "completed_on"),
    about_people(InstructorAssignment, *_SEAT, *_VOID),
    about_people(
        Certification,
        *_STORED,
        *_VOID,
        "person_id",
        "kind",
        "course_code",
        "training_id",
        "issuer_agency_code",
        "issued_on",
        "expires_on",
        "is_provisional",
        "renews_certification_id",
        "revoked_on",
    ),
    about_people(CertificationSuspension, *_STORED, "certification_id", "starts_on", "ends_on"),
    Kind(
        metadata.tables["roster_imports"],
        clear=(
            *_STORED,
            "training_id",
            "country_code",
            "size_bytes",
            "stage",
            "task",
            "status",
            "committed_at",
            "undone_at",
        ),
        roles=frozenset({"officer"}),
        find=_find_import,
    ),
    # The programs service's own records, as they were when last looked up.
    Kind(metadata.tables["agency_refs"], is_part=True),
    Kind(metadata.tables["program_refs"], is_part=True),
)
router: Final = changes_router(KINDS)
