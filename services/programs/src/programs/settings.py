"""This service's own settings."""

from pathlib import Path
from typing import Final

from chassis.settings import Settings

MIGRATIONS: Final = Path(__file__).parents[2] / "migrations"


class ProgramsSettings(Settings):
    """Nothing beyond what every service needs."""
