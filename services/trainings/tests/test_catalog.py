"""The migrated database: what the models say, and what the committed catalog says."""

from chassis.testing import Database, check_catalog, describe_catalog, schema_drift
from trainings.models import metadata
from trainings.settings import MIGRATIONS


async def test_migrations_make_the_tables_of_the_models(database: Database) -> None:
    assert await schema_drift(database.owner_url, metadata) == []


async def test_constraints_grants_and_rules_are_the_committed_ones(database: Database) -> None:
    check_catalog(await describe_catalog(database.superuser_url), MIGRATIONS / "catalog.txt")
