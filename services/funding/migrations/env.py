"""Run by Alembic."""

from chassis.migrate import run_env
from funding.models import metadata

run_env(metadata)
