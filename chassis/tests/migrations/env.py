"""Run by Alembic."""

from chassis.migrate import run_env
from sqlalchemy import MetaData

run_env(MetaData())
