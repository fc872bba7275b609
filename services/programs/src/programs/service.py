"""What may be done to programs: load, decide, write. No HTTP, no commit."""

import uuid
from typing import Final

from chassis.resources import change_row, get_row, new_row, write_row
from chassis.tokens import Caller
from sqlmodel.ext.asyncio.session import AsyncSession

from programs.models import Agency
from programs.schemas.agencies import AgencyCreate, AgencyUpdate

CONSTRAINT_WORDS: Final = {
    "pk_agencies": ("#/id", "This id is taken."),
    "uq_agencies_code": ("#/code", "There is an agency with this code already."),
    "fk_agencies_parent_code": ("#/parent_code", "There is no agency with this code; record it first."),
    "ck_agencies_not_its_own_parent": ("#/parent_code", "An agency is not its own parent."),
}
WRITERS: Final = ("analyst", "officer")


async def create_agency(session: AsyncSession, caller: Caller, body: AgencyCreate) -> Agency:
    """Record an agency."""
    caller.require_role(*WRITERS)
    return await write_row(session, new_row(Agency, body))


async def update_agency(
    session: AsyncSession, caller: Caller, agency_id: uuid.UUID, version: int, body: AgencyUpdate
) -> Agency:
    """Change an agency that the caller has read at `version`."""
    caller.require_role(*WRITERS)
    agency = await get_row(session, Agency, agency_id, lock=True)
    return await change_row(session, agency, version, body)
