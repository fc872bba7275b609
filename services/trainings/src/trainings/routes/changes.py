"""What changed in this service, over HTTP: of people, to their office; and nothing of what is personal."""

import uuid
from typing import Final

from chassis.changes import Find, Kind, changes_router
from chassis.tokens import Caller
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import queries
from trainings.models import Completion, Enrollment, InstructorAssignment, Person, metadata

_STORED: Final = ("id", "version", "created_at", "updated_at")
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


KINDS: Final = (
    Kind(metadata.tables["courses"]),
    Kind(metadata.tables["trainings"]),
    about_people(Person, *_STORED, "country_code", "nationality_code", "sex", "birth_precision"),
    about_people(Enrollment, *_SEAT),
    about_people(Completion, *_STORED, "enrollment_id", "completed_on", "voided_at", "voided_by"),
    about_people(InstructorAssignment, *_SEAT),
    # The programs service's own records, as they were when last looked up.
    Kind(metadata.tables["agency_refs"], is_part=True),
    Kind(metadata.tables["program_refs"], is_part=True),
)
router: Final = changes_router(KINDS)
