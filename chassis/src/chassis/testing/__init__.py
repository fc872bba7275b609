"""The tools that services test themselves with: a real PostgreSQL, callers with real tokens, a catalog to compare."""

from chassis.testing.api import Api, caller
from chassis.testing.catalog import describe_catalog
from chassis.testing.databases import Database, Databases

__all__ = ["Api", "Database", "Databases", "caller", "describe_catalog"]
