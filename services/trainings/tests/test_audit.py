"""Erasing a person leaves the feed whole: it never held anything but digests of what is personal."""

from typing import Any

from chassis.anchors import KeptAnchors
from chassis.audit import audit_database
from chassis.testing import ACTING, Database
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from trainings.privacy import SEALED

# Everything that is sealed goes, with its key; a name there must be, so an empty one stays.
ERASURE = (
    "UPDATE people SET data_key = '', birth_precision = 'not_recorded', "
    + ", ".join(f"{name} = {'NULL' if name != 'surname_1' else chr(39) * 2}" for name in SEALED)
    + " WHERE id = :id"
)


async def test_chain_still_verifies_after_a_person_is_erased(
    office: Any, database: Database, superuser_engine: AsyncEngine
) -> None:
    person, other = await office.person(), await office.person()
    await office.completed(await office.training(), person)
    before = await audit_database(database.superuser_url, "trainings", KeptAnchors())
    assert before.faults == []
    async with superuser_engine.begin() as connection:
        await connection.execute(text(ACTING))
        await connection.execute(text(ERASURE), {"id": person["id"]})
    after = await audit_database(database.superuser_url, "trainings", KeptAnchors())
    assert (after.faults, after.transactions) == ([], before.transactions + 1)
    assert after.records == before.records
    # Past the feed it is a tampering like any other.
    async with superuser_engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text(ERASURE), {"id": other["id"]})
    (fault,) = (await audit_database(database.superuser_url, "trainings", KeptAnchors())).faults
    assert f"the record people {other['id']} is not what its last change left (" in fault.what
