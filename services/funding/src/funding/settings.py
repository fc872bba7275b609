"""This service's own settings."""

from pathlib import Path
from typing import Final

from chassis.settings import Settings

MIGRATIONS: Final = Path(__file__).parents[2] / "migrations"


class FundingSettings(Settings):
    """Nothing beyond what every service needs."""
