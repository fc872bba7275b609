"""This service's own settings."""

from pathlib import Path
from typing import ClassVar, Final

from chassis.settings import Settings
from pydantic import Field

MIGRATIONS: Final = Path(__file__).parents[2] / "migrations"


class FundingSettings(Settings):
    """Where the programs and trainings services are, and which rates apply."""

    large_bodies: ClassVar = {"/v1/ledger-imports": 4 * 1_048_576}

    programs_url: str = Field(
        pattern="^(https?://|unix:/).+", description="http://host:port, or unix:/path of the programs service's socket."
    )
    programs_timeout_seconds: float = Field(default=2, gt=0, description="For one look-up at the programs service.")
    trainings_url: str = Field(
        pattern="^(https?://|unix:/).+",
        description="http://host:port, or unix:/path of the trainings service's socket.",
    )
    trainings_timeout_seconds: float = Field(default=2, gt=0, description="For one look-up at the trainings service.")
    reference_fresh_seconds: int = Field(
        default=86_400, ge=0, description="How long a reference is used before it is asked for again."
    )
    rate_max_age_days: int = Field(
        default=100, ge=0, le=3660, description="How old a rate may be on the day of an amount that it converts."
    )
    ledger_import_most_rows: int = Field(
        default=2000,
        ge=1,
        le=10_000,
        description="How many rows an import of ledger entries may have.",
    )
