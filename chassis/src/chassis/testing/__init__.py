"""The tools that services test themselves with: a real PostgreSQL, callers with real tokens, a catalog to compare."""

from chassis.testing.api import ACTING, Api, caller
from chassis.testing.catalog import check_catalog, describe_catalog, schema_drift
from chassis.testing.databases import Database, Databases

__all__ = ["ACTING", "Api", "Database", "Databases", "caller", "check_catalog", "describe_catalog", "schema_drift"]
