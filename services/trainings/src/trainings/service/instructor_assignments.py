"""What may be done to instructor assignments."""

import uuid

from chassis.resources import change_row, new_row, write_row
from chassis.tokens import Caller
from chassis.voids import VoidCreate, check_not_voided, void_row
from sqlmodel.ext.asyncio.session import AsyncSession

from trainings import domain, queries
from trainings.models import InstructorAssignment
from trainings.schemas.instructor_assignments import InstructorAssignmentCreate, InstructorAssignmentUpdate
from trainings.service.loading import WRITER, require_person, require_training


async def create_instructor_assignment(
    session: AsyncSession, caller: Caller, body: InstructorAssignmentCreate
) -> InstructorAssignment:
    """Let a person lead a training, or help to. Who was certified for the course leads it while that holds."""
    caller.require_role(WRITER)
    training = await require_training(session, body.training_id)
    await require_person(session, caller, body.person_id)
    if body.role is domain.InstructorRole.lead:
        found = await queries.leading_certifications(session, caller, body.person_id, training.course_code)
        domain.check_leader([one.term for one in found], training.starts_on)
    return await write_row(session, new_row(InstructorAssignment, body))


async def update_instructor_assignment(
    session: AsyncSession, caller: Caller, assignment_id: uuid.UUID, version: int, body: InstructorAssignmentUpdate
) -> InstructorAssignment:
    """Change the note of an instructor assignment."""
    caller.require_role(WRITER)
    assignment = await queries.get_about_person(session, caller, InstructorAssignment, assignment_id, lock=True)
    check_not_voided(assignment)
    return await change_row(session, assignment, version, body)


async def void_instructor_assignment(
    session: AsyncSession, caller: Caller, assignment_id: uuid.UUID, version: int, body: VoidCreate
) -> InstructorAssignment:
    """Void an instructor assignment that the caller has read at `version`."""
    caller.require_role(WRITER)
    assignment = await queries.get_about_person(session, caller, InstructorAssignment, assignment_id, lock=True)
    return await void_row(session, caller, assignment, version, body)
