"""Run by Alembic."""

from chassis.migrate import run_env
from programs.models import metadata

run_env(metadata)
