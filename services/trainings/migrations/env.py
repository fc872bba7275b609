"""Run by Alembic."""

from chassis.migrate import run_env
from trainings.models import metadata

run_env(metadata)
